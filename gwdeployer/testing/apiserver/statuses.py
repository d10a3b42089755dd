"""What an API server answers when it does not do what it was asked: Status objects, in its own words.

Clients read ``reason``, ``details.causes`` and ``details.retryAfterSeconds``; people read the message. The
constructors are those of ``k8s.io/apimachinery/pkg/api/errors``.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from http import HTTPStatus
from typing import Any, NamedTuple

from gwdeployer.objects import Object
from gwdeployer.testing.apiserver.kinds.causes import Cause


class ResourceName(NamedTuple):
    """A resource as messages name it: ``deployments.apps``, ``services``."""

    group: str
    resource: str

    def __str__(self) -> str:
        """Return the resource with its group behind it."""
        return f"{self.resource}.{self.group}" if self.group else self.resource


class StatusError(Exception):
    """A request is refused: an HTTP code, and the Status object that says why."""

    def __init__(self, code: int, reason: str, message: str, details: Object | None = None) -> None:
        """Make the Status of kind Failure; empty parts of it, and of ``details``, are left out."""
        self.code = code
        self.reason = reason
        self.message = message
        self.details = details and {
            key: value for key, value in details.items() if value not in ("", 0, None)
        }
        super().__init__(message)

    @property
    def status(self) -> Object:
        """The Status as it goes over the wire."""
        said: Object = {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure"}
        said |= {"message": self.message} if self.message else {}
        said |= {"reason": self.reason} if self.reason else {}
        said |= {} if self.details is None else {"details": self.details}
        return said | {"code": self.code}

    @property
    def retry_after(self) -> int:
        """Seconds after which the client may try again; 0 where the server does not say."""
        return int((self.details or {}).get("retryAfterSeconds", 0))


def from_status(status: Object) -> StatusError:
    """Return the error that a Status describes."""
    said = (status.get("reason", ""), status.get("message", ""), status.get("details"))
    return StatusError(status["code"], *said)


def success(details: Object | None = None) -> Object:
    """Return the Status of a request that was done and has no object to show."""
    said: Object = {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success"}
    return said | ({"details": details} if details else {})


def bad_request(message: str) -> StatusError:
    """Return a 400."""
    return StatusError(400, "BadRequest", message)


def unauthorized() -> StatusError:
    """Return the 401 for a missing or unknown token."""
    return StatusError(401, "Unauthorized", "Unauthorized")


def forbidden(resource: ResourceName, name: str, why: str, causes: Sequence[Object] = ()) -> StatusError:
    """Return a 403."""
    what = f'{resource} "{name}"' if name else str(resource)
    details = _about(resource, name) | ({"causes": list(causes)} if causes else {})
    return StatusError(403, "Forbidden", f"{what} is forbidden: {why}", details)


def not_found(resource: ResourceName, name: str) -> StatusError:
    """Return the 404 for an object that is not there."""
    return StatusError(404, "NotFound", f'{resource} "{name}" not found', _about(resource, name))


def no_such_path() -> StatusError:
    """Return the 404 for a resource that is not served."""
    message = "the server could not find the requested resource"
    return StatusError(404, "NotFound", message, {})


def method_not_allowed() -> StatusError:
    """Return the 405 for a method that a path does not have."""
    message = "the server does not allow this method on the requested resource"
    return StatusError(405, "MethodNotAllowed", message, {})


def not_acceptable(accepted: Iterable[str]) -> StatusError:
    """Return a 406 naming the media types there are."""
    message = f"406: Not Acceptable\n\nAvailable representations: {', '.join(accepted)}"
    return StatusError(406, "NotAcceptable", message, {})


def already_exists(resource: ResourceName, name: str) -> StatusError:
    """Return the 409 for an object that is there."""
    return StatusError(409, "AlreadyExists", f'{resource} "{name}" already exists', _about(resource, name))


def generated_name_taken(resource: ResourceName, name: str) -> StatusError:
    """Return the 409 for names that were made up and are all taken."""
    message = (
        f'{resource} "{name}" already exists, '
        "the server was not able to generate a unique name for the object"
    )
    return StatusError(409, "AlreadyExists", message, _about(resource, name) | {"retryAfterSeconds": 1})


def conflict(resource: ResourceName, name: str, why: str) -> StatusError:
    """Return the 409 for a precondition that does not hold."""
    message = f'Operation cannot be fulfilled on {resource} "{name}": {why}'
    return StatusError(409, "Conflict", message, _about(resource, name))


def expired(message: str) -> StatusError:
    """Return the 410 for a resourceVersion of which nothing is known any more."""
    return StatusError(410, "Expired", message)


def too_large(message: str) -> StatusError:
    """Return a 413."""
    return StatusError(413, "RequestEntityTooLarge", f"Request entity too large: {message}")


def unsupported_media_type(accepted: Iterable[str]) -> StatusError:
    """Return a 415 naming the media types there are."""
    listed = ", ".join(accepted)
    message = f"the body of the request was in an unknown format - accepted media types include: {listed}"
    return StatusError(415, "UnsupportedMediaType", message)


def unsupported_patch() -> StatusError:
    """Return the 415 for a patch of a kind there is not, or not for this object."""
    return StatusError(415, "UnsupportedMediaType", "415: Unsupported Media Type", {})


def invalid(group_kind: tuple[str, str], name: str, causes: Sequence[Cause]) -> StatusError:
    """Return the 422 for an object with these faults."""
    group, kind = group_kind
    listed = ", ".join(dict.fromkeys(map(str, causes)))
    message = f'{ResourceName(group, kind)} "{name}" is invalid'
    if causes:
        message += f": {listed}" if len(set(map(str, causes))) == 1 else f": [{listed}]"
    told = [_cause(cause) for cause in causes]
    details = {"name": name, "group": group, "kind": kind} | ({"causes": told} if told else {})
    return StatusError(422, "Invalid", message, details)


def unprocessable() -> StatusError:
    """Return the 422 for a patch that cannot be applied to what is there."""
    return StatusError(422, "Invalid", "the server rejected our request due to an error in our request", {})


def internal_error(message: str) -> StatusError:
    """Return the 500 for what the server did not foresee, and says so."""
    details = {"causes": [{"message": message}]}
    return StatusError(500, "InternalError", f"Internal error occurred: {message}", details)


def unknown_error(message: str) -> StatusError:
    """Return the 500 for an error that a real server passes on as it is."""
    return StatusError(500, "", message)


def too_large_resource_version(wanted: int, current: int) -> StatusError:
    """Return the 504 for a resourceVersion that has not been reached."""
    causes = [{"reason": "ResourceVersionTooLarge", "message": "Too large resource version"}]
    message = f"Timeout: Too large resource version: {wanted}, current: {current}"
    return StatusError(504, "Timeout", message, {"causes": causes, "retryAfterSeconds": 1})


def of_code(code: int, message: str = "", retry_after: int = 0) -> StatusError:
    """Return a Status for any code, with the reason clients expect for it."""
    reason = _REASONS.get(code, "InternalError" if code >= HTTPStatus.INTERNAL_SERVER_ERROR else "")
    phrase = HTTPStatus(code).phrase.lower() if code in set(HTTPStatus) else "an injected fault"
    return StatusError(code, reason, message or phrase, {"retryAfterSeconds": retry_after})


_REASONS = {
    400: "BadRequest",
    401: "Unauthorized",
    403: "Forbidden",
    404: "NotFound",
    405: "MethodNotAllowed",
    406: "NotAcceptable",
    409: "Conflict",
    410: "Expired",
    413: "RequestEntityTooLarge",
    415: "UnsupportedMediaType",
    422: "Invalid",
    429: "TooManyRequests",
    503: "ServiceUnavailable",
    504: "Timeout",
}


def _about(resource: ResourceName, name: str = "") -> dict[str, Any]:
    return {"name": name, "group": resource.group, "kind": resource.resource}


def _cause(cause: Cause) -> Object:
    return {"reason": cause.reason, "message": cause.message, "field": cause.field}
