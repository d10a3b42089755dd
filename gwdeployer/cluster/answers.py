"""What an API server's answer means: one function from HTTP to our tree of errors. Pure.

Rules: the API conventions (HTTP status codes, the Status object), and what a kube-apiserver really says where
one code has several meanings.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeVar

from gwdeployer.cluster.decoding import Unreadable
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
    Unreachable,
    one_line,
)
from gwdeployer.objects import KindRef, ObjectRef

T = TypeVar("T")

#: An admission webhook's explanation is worth more than the usual cut.
_MAX_WORDS = 1024
OK = range(200, 300)

_RBAC = re.compile(
    r'cannot (?P<verb>\w+) resource "(?P<resource>[^"]+)" in API group "(?P<group>[^"]*)"'
    r"(?P<scope> in the namespace| at the cluster scope)?"
)
_RBAC_PATH = re.compile(r'cannot (?P<verb>\w+) path "(?P<path>[^"]+)"')
_ESCALATION = "is attempting to grant RBAC permissions not currently held"
#: Said with whatever status an admission webhook chose.
_DENIED = re.compile(r"denied (the )?request")
_ADMISSION = re.compile(r"exceeded quota|violates PodSecurity|being terminated")
#: What is applied does not fit the kind: said with status 500, though nothing has failed.
_UNFIT = re.compile(
    r"failed to create typed patch object \([^)]*\): (errors:\s*)?(?P<faults>.*)"
    r"|failed to convert new object",
    re.DOTALL,
)
_IMMUTABLE = re.compile(
    r"immutable|may not change once set|cannot change roleRef|fields other than"
    r"|may not be (changed|modified|updated)|updates to \w+ are forbidden"
)
_INVALID_VALUE = "Invalid value: "
_TAG = re.compile(r"<[^>]*>")

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


def content_of(answer: Answer, request: Request, read: Callable[[bytes], T]) -> T:
    """Return what ``read`` makes of an answer's body, or raise the error that the answer means."""
    if answer.status not in OK:
        raise error_of(answer, request)
    try:
        return read(answer.body)
    except Unreadable as error:
        raise _made(ServerFailure, answer, request, [Fault("the answer is not JSON")], _SOON) from error


def error_of(answer: Answer, request: Request) -> ApiError:
    """Return the error that an answer other than 2xx means, with the server's words."""
    said = _Said.of(answer)
    error = _meaning(answer, request, said)
    error.causes = said.causes
    return error


class _Said(NamedTuple):
    """What a Status says, or a body that is none: all of its text, its details and their causes."""

    text: str
    details: Mapping[str, Any]
    causes: tuple[Cause, ...]

    @classmethod
    def of(cls, answer: Answer) -> _Said:
        try:
            status = json.loads(answer.body)
        except ValueError:
            status = None
        status = _mapping(status)
        details = _mapping(status.get("details"))
        text = str(status.get("message") or "") if status else _plain_text(answer.body)
        return cls(text or f"HTTP status {answer.status}", details, tuple(_causes(details)))

    @property
    def words(self) -> str:
        """The text for a message."""
        return one_line(self.text, _MAX_WORDS)


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _plain_text(body: bytes) -> str:
    """Return the text of a body; of a proxy's page without its tags."""
    text = body.decode("utf-8", "replace").strip()
    return " ".join(_TAG.sub(" ", text).split()) if text[:1] == "<" else text


def _causes(details: Mapping[str, Any]) -> Iterator[Cause]:
    given = details.get("causes")
    for cause in map(_mapping, given if isinstance(given, list) else ()):
        yield Cause(*(str(cause.get(name) or "") for name in Cause._fields))


def _meaning(answer: Answer, request: Request, said: _Said) -> ApiError:
    code = answer.status
    refused_by_others = _DENIED.search(said.text) or (code in _REFUSALS and _ADMISSION.search(said.text))
    if refused_by_others:
        return _made(Denied, answer, request, [Fault(said.words)], _LATER)
    if unfit := _UNFIT.match(said.text):
        return _made(InvalidObject, answer, request, _schema_faults(unfit, said), 0.0)
    if special := _SPECIAL.get(code):
        return special(answer, request, said)
    cls, delay = _PLAIN.get(code, (ServerFailure, max(_SOON, _retry_after(answer, said))))
    return _made(cls, answer, request, [Fault(said.words)], delay)


def _made(
    cls: type[ApiError], answer: Answer, request: Request, faults: list[Fault], delay: float
) -> ApiError:
    error = cls(faults)
    error.status = answer.status
    if isinstance(error, RetryableError):
        error.delay = delay
    error.about(subject=str(request))
    return error


def _schema_faults(unfit: re.Match[str], said: _Said) -> list[Fault]:
    """Return a fault for each line ``.spec.foo: field not declared in schema``."""
    lines = [line.strip() for line in (unfit["faults"] or "").splitlines() if line.strip()]
    pairs = [(path.removeprefix("."), what) for path, _, what in (line.partition(": ") for line in lines)]
    known = pairs and all(what for _, what in pairs)
    faults = [Fault(one_line(what, _MAX_WORDS), path) for path, what in pairs]
    return faults if known else [Fault(said.words)]


def _refusal(answer: Answer, request: Request, said: _Said) -> ApiError:
    """Tell a refused object from one whose stored fields cannot change, and from one that was recreated."""
    if any(cause.field == "metadata.uid" for cause in said.causes):
        # The object of this name is another one by now. That the UID "is immutable" is beside the point.
        return _made(Conflict, answer, request, [Fault("was recreated in between")], 0.1)
    faults = [Fault(one_line(cause.message, _MAX_WORDS), cause.field) for cause in said.causes]
    reasons = [_reason(cause.message) for cause in said.causes] or [said.text]
    immutable = any(_IMMUTABLE.search(reason) for reason in reasons)
    cls = ImmutableField if immutable else InvalidObject
    return _made(cls, answer, request, faults or [Fault(said.words)], 0.0)


def _reason(message: str) -> str:
    """Return a cause's message without the value that it shows, which may say anything."""
    if not message.startswith(_INVALID_VALUE):
        return message
    rest = message.removeprefix(_INVALID_VALUE)
    try:
        _, end = json.JSONDecoder().raw_decode(rest)
    except ValueError:
        return rest.rpartition(": ")[2]
    return rest[end:]


def _forbidden(answer: Answer, request: Request, said: _Said) -> ApiError:
    hint = _missing_rule(said.text)
    if not hint:
        return _made(Denied, answer, request, [Fault(said.words)], _LATER)
    return _made(Forbidden, answer, request, [Fault(said.words, hint=hint)], _LATER)


def _missing_rule(text: str) -> str:
    """Return what RBAC would have to allow; "" where it is not RBAC that refuses."""
    if found := _RBAC.search(text):
        where = "ClusterRole" if found["scope"] == " at the cluster scope" else "Role"
        group, resource, verb = found["group"], found["resource"], found["verb"]
        return (
            f'allow it in a {where}: {{apiGroups: ["{group}"], resources: ["{resource}"], verbs: ["{verb}"]}}'
        )
    if found := _RBAC_PATH.search(text):
        path, verb = found["path"], found["verb"]
        return f'allow it in a ClusterRole: {{nonResourceURLs: ["{path}"], verbs: ["{verb}"]}}'
    return "who grants rights must have them" if _ESCALATION in text else ""


def _not_found(answer: Answer, request: Request, said: _Said) -> ApiError:
    """A Status that names no object, or an answer that is no Status, means that the path is not served."""
    if said.details.get("name"):
        return _made(NotFound, answer, request, [Fault(said.words)], _SOON)
    return kind_not_installed(request, answer)


def kind_not_installed(request: Request, answer: Answer | None = None) -> ApiError:
    """Return the error for a kind that the API server does not serve."""
    kind = request.kind
    message = f"the API server does not serve {kind.kind} in {kind.api_version}"
    fault = Fault(message, hint="install its CustomResourceDefinition" if "." in kind.group else "")
    return _made(KindNotInstalled, answer or Answer(404, {}, b""), request, [fault], _LATER)


def no_answer(request: Request, why: object) -> Unreachable:
    """Return the error for a request that was not answered, or not to the end."""
    words = one_line(str(why), 256)
    return Unreachable(Fault(f"no answer to {request.verb}: {words}", subject=str(request)), delay=2.0)


def _unauthorized(answer: Answer, request: Request, said: _Said) -> ApiError:
    hint = "the credentials are wrong or have expired: log in again, or correct the kubeconfig"
    return _made(Unauthorized, answer, request, [Fault(said.words, hint=hint)], _SOON)


def _throttled(answer: Answer, request: Request, said: _Said) -> ApiError:
    return _made(Throttled, answer, request, [Fault(said.words)], _retry_after(answer, said))


def _retry_after(answer: Answer, said: _Said) -> float:
    """Return the seconds that the server asks to wait: its header, its Status, or one."""
    header = next((value for name, value in answer.headers.items() if name.lower() == "retry-after"), None)
    for given in (header, said.details.get("retryAfterSeconds")):
        try:
            return max(0.0, float(given))  # type: ignore[arg-type]
        except (TypeError, ValueError):
            continue
    return 1.0


_REFUSALS = range(400, 429)
_SPECIAL: Mapping[int, Callable[[Answer, Request, _Said], ApiError]] = {
    **dict.fromkeys((400, 405, 406, 413, 415, 422), _refusal),
    401: _unauthorized,
    403: _forbidden,
    404: _not_found,
    429: _throttled,
}
_PLAIN: Mapping[int, tuple[type[ApiError], float]] = {
    409: (Conflict, 0.1),
    410: (Expired, 0.0),
}
