"""What an API server's answer means: one function from HTTP to our tree of errors. Pure.

Rules: the API conventions (HTTP status codes, the Status object), and what a kube-apiserver really says where
one code has several meanings.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from gwdeployer.errors import (
    ApiError,
    Cause,
    Conflict,
    Denied,
    Expired,
    Fault,
    Forbidden,
    ImmutableField,
    InvalidObject,
    KindNotInstalled,
    NotFound,
    RetryableError,
    ServerFailure,
    Throttled,
    Unauthorized,
    one_line,
)
from gwdeployer.objects import KindRef, ObjectRef

#: An admission webhook's explanation is worth more than the usual cut.
_MAX_WORDS = 1024
_OK = range(200, 300)

_RBAC = re.compile(
    r'cannot (?P<verb>\w+) resource "(?P<resource>[^"]+)" in API group "(?P<group>[^"]*)"'
    r"(?P<scope> in the namespace| at the cluster scope)?"
)
_ADMISSION = re.compile(r"denied (the )?request|exceeded quota|violates PodSecurity|being terminated")
_IMMUTABLE = re.compile(
    r"immutable|may not change once set|cannot change roleRef|for fields other than|may not be modified"
)

#: Seconds until what is nobody's fault here may have been mended; nothing will tell us.
_SOON, _LATER = 2.0, 60.0


@dataclass(frozen=True, slots=True)
class Request:
    """What was asked, for messages."""

    verb: str
    kind: KindRef
    namespace: str = ""
    name: str = ""

    def __str__(self) -> str:
        """Return ``Deployment shop/web``, or the kind where no one object is meant."""
        return str(ObjectRef(self.kind, self.namespace, self.name)) if self.name else str(self.kind)


class Answer(NamedTuple):
    """What came back: HTTP status, headers, body."""

    status: int
    headers: Mapping[str, str]
    body: bytes


def content_of(answer: Answer, request: Request) -> dict[str, Any]:
    """Return the object in an answer, or raise the error that the answer means."""
    if answer.status not in _OK:
        raise error_of(answer, request)
    try:
        content = json.loads(answer.body)
    except ValueError:
        content = None
    if not isinstance(content, dict):
        raise _made(ServerFailure, answer, request, [Fault("the answer is not JSON")], _SOON)
    return content


def error_of(answer: Answer, request: Request) -> ApiError:
    """Return the error that an answer other than 2xx means, with the server's words."""
    status = _status_of(answer.body)
    words = one_line(str(status.get("message") or _text(answer.body)), _MAX_WORDS)
    details = status.get("details") or {}
    causes = tuple(_causes(details))
    error = _meaning(answer, request, words, status, causes)
    error.causes = causes
    return error


def _meaning(
    answer: Answer, request: Request, words: str, status: Mapping[str, Any], causes: tuple[Cause, ...]
) -> ApiError:
    code = answer.status
    if 400 <= code < 500 and code != 429 and _ADMISSION.search(words):  # noqa: PLR2004 - HTTP's own numbers
        return _made(Denied, answer, request, [Fault(words)], _LATER)
    if code in (400, 405, 406, 413, 415, 422):
        return _refusal(answer, request, words, causes)
    if code == 403:  # noqa: PLR2004
        return _forbidden(answer, request, words)
    if code == 404:  # noqa: PLR2004
        return _not_found(answer, request, words, status)
    if code == 429:  # noqa: PLR2004
        return _made(Throttled, answer, request, [Fault(words)], _retry_after(answer, status))
    plain: dict[int, tuple[type[ApiError], float]] = {
        401: (Unauthorized, _SOON),
        409: (Conflict, 0.1),
        410: (Expired, 0.0),
    }
    cls, delay = plain.get(code, (ServerFailure, max(_SOON, _retry_after(answer, status))))
    return _made(cls, answer, request, [Fault(words or f"HTTP status {code}")], delay)


def _made(
    cls: type[ApiError], answer: Answer, request: Request, faults: list[Fault], delay: float
) -> ApiError:
    error = cls(faults)
    error.status = answer.status
    if isinstance(error, RetryableError):
        error.delay = delay
    error.about(subject=str(request))
    return error


def _refusal(answer: Answer, request: Request, words: str, causes: tuple[Cause, ...]) -> ApiError:
    """Tell a refused object from one whose stored fields cannot change, and from one that was recreated."""
    if any(cause.field == "metadata.uid" for cause in causes):
        # The object of this name is another one by now. That the UID "is immutable" is beside the point.
        return _made(Conflict, answer, request, [Fault("was recreated in between")], 0.1)
    faults = [Fault(one_line(cause.message, _MAX_WORDS), cause.field) for cause in causes] or [Fault(words)]
    immutable = any(_IMMUTABLE.search(cause.message) for cause in causes) or (
        not causes and _IMMUTABLE.search(words) is not None
    )
    return _made(ImmutableField if immutable else InvalidObject, answer, request, faults, 0.0)


def _forbidden(answer: Answer, request: Request, words: str) -> ApiError:
    found = _RBAC.search(words)
    if found is None:
        return _made(Denied, answer, request, [Fault(words)], _LATER)
    where = "ClusterRole" if found["scope"] == " at the cluster scope" else "Role"
    rule = (
        f'{{apiGroups: ["{found["group"]}"], resources: ["{found["resource"]}"], verbs: ["{found["verb"]}"]}}'
    )
    return _made(Forbidden, answer, request, [Fault(words, hint=f"allow it in a {where}: {rule}")], _LATER)


def _not_found(answer: Answer, request: Request, words: str, status: Mapping[str, Any]) -> ApiError:
    """A Status that names no object, or an answer that is no Status, means that the path is not served."""
    if (status.get("details") or {}).get("name"):
        return _made(NotFound, answer, request, [Fault(words)], _SOON)
    return kind_not_installed(request, answer)


def kind_not_installed(request: Request, answer: Answer | None = None) -> ApiError:
    """Return the error for a kind that the API server does not serve."""
    kind = request.kind
    message = f"the API server does not serve {kind.kind} in {kind.api_version}"
    fault = Fault(message, hint="install its CustomResourceDefinition" if "." in kind.group else "")
    return _made(KindNotInstalled, answer or Answer(404, {}, b""), request, [fault], _LATER)


def _retry_after(answer: Answer, status: Mapping[str, Any]) -> float:
    """Return the seconds that the server asks to wait: its header, its Status, or one."""
    header = next((value for name, value in answer.headers.items() if name.lower() == "retry-after"), None)
    for given in (header, (status.get("details") or {}).get("retryAfterSeconds")):
        try:
            return max(0.0, float(given))  # type: ignore[arg-type]
        except (TypeError, ValueError):
            continue
    return 1.0


def _status_of(body: bytes) -> Mapping[str, Any]:
    try:
        status = json.loads(body)
    except ValueError:
        return {}
    return status if isinstance(status, dict) else {}


def _text(body: bytes) -> str:
    return body.decode("utf-8", "replace").strip()


def _causes(details: Mapping[str, Any]) -> Iterator[Cause]:
    for cause in details.get("causes") or ():
        yield Cause(
            str(cause.get("field") or ""), str(cause.get("reason") or ""), str(cause.get("message") or "")
        )
