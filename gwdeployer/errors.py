"""Every error gwdeployer raises, in one tree, split by what a caller can do about it.

::

    GwdeployerError                 .owner, .faults (all that is wrong, at once)
    ├── TerminalError               retrying cannot help until an input changes
    │   ├── DocumentError           a file is not YAML, or not YAML we accept
    │   ├── InputsError             what the embedding controller was told is wrong
    │   ├── ParametersError         the owner or one of its parameters objects is wrong
    │   ├── ChartError              a chart is wrong, or refuses its values
    │   ├── PlanError               rendered objects may not be deployed (a guard refused them)
    │   ├── PluginError             a plugin cannot be loaded, or two contradict each other
    │   └── InvalidObject  (A)      the API server refuses an object as it is (400, 422)
    │       └── ImmutableField (A)  ... because a field of the stored object cannot change
    └── RetryableError              .delay: trying again later may help
        ├── NotSynced               a store does not yet know whether an object exists
        ├── ForeignObject           a name is taken by an object that is not ours
        ├── Contested               somebody else keeps changing what we apply
        ├── Interrupted             the deadline passed, or the caller cancelled
        ├── Conflict       (A)      somebody else wrote in between (409)
        ├── NotFound       (A)      the object or its namespace is not there (404)
        ├── KindNotInstalled (A)    the API server does not know the kind (404)
        ├── Forbidden      (A)      RBAC does not allow the request (403)
        ├── Denied         (A)      an admission webhook, a policy or a quota refused
        ├── Unauthorized   (A)      the credentials are not accepted, any more (401)
        ├── Expired        (A)      a resourceVersion or page is too old (410)
        ├── Throttled      (A)      too many requests (429); .delay is the server's
        ├── ServerFailure  (A)      the API server failed (5xx, an answer that is none)
        └── Unreachable    (A)      no answer: connection refused, lost, timed out

    ApiError (A)                    .status, .causes: what an API server answered, or 0 where it did not

Errors carry data; their text is made in ``__str__``, one line per fault, so that a host can show it
in a condition, an event or on a terminal.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import NamedTuple

#: Foreign text (a value somebody wrote, a server's answer) is cut to this many characters in messages.
MAX_FOREIGN_TEXT = 256
_LISTED_NAMES = 12
#: Control characters, line and paragraph separators, marks that reorder text, halves of surrogate pairs.
_UNSHOWN = "[\x00-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]"


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong, and what to do about it.

    ``subject`` names the object or file at fault (``GatewayParameters default/gw``), ``path`` the field in
    it (``spec.kube.service.ports[0].port``), ``layer`` the layer it came in by (``GatewayClass kgateway``),
    ``hint`` what to write instead. Each may be empty.
    """

    message: str
    path: str = ""
    subject: str = ""
    layer: str = ""
    hint: str = ""

    def without(self, subject: str) -> Fault:
        """Return the fault as it is said where ``subject`` stands before it already."""
        return replace(self, subject="") if self.subject == subject else self

    def __str__(self) -> str:
        """Return the fault on one line: subject, path, message, layer, hint."""
        place = " ".join(part for part in (self.subject, self.path) if part)
        text = f"{place}: {self.message}" if place else self.message
        if self.layer and self.layer != self.subject:
            text += f" (from {self.layer})"
        if self.hint:
            text += f"; {self.hint}"
        return one_line(text)


class GwdeployerError(Exception):
    """The root of the tree. ``faults`` is never empty; ``owner`` is set once it is known."""

    def __init__(self, faults: str | Fault | Iterable[Fault], *, owner: str = "") -> None:
        """Collect the faults; a plain string stands for one fault without a place."""
        if isinstance(faults, str):
            faults = [Fault(faults)]
        elif isinstance(faults, Fault):
            faults = [faults]
        self.faults: tuple[Fault, ...] = tuple(faults)
        self.owner = owner
        super().__init__(self.faults, owner)

    def __str__(self) -> str:
        """Return one line per fault."""
        return "\n".join(str(fault) for fault in self.faults)

    def __reduce__(self) -> tuple[object, ...]:
        """Pickle and copy with all data (an ``Exception`` alone would lose keyword arguments)."""
        return _rebuild, (type(self), self.args, dict(self.__dict__))

    def about(self, *, owner: str = "", subject: str = "", layer: str = "") -> GwdeployerError:
        """Fill in what the raiser could not know; what is already said is kept. Return self."""
        self.owner = self.owner or owner
        self.faults = tuple(
            replace(fault, subject=fault.subject or subject, layer=fault.layer or layer)
            for fault in self.faults
        )
        return self


def _rebuild(
    cls: type[GwdeployerError], arguments: tuple[object, ...], state: dict[str, object]
) -> GwdeployerError:
    error = cls.__new__(cls)
    Exception.__init__(error, *arguments)
    error.__dict__.update(state)
    return error


class TerminalError(GwdeployerError):
    """Retrying cannot help until an input changes (kopf: ``PermanentError``)."""


class RetryableError(GwdeployerError):
    """Trying again after ``delay`` seconds may help (kopf: ``TemporaryError``)."""

    def __init__(self, faults: str | Fault | Iterable[Fault], *, owner: str = "", delay: float = 1.0) -> None:
        """Like the root; ``delay`` is in seconds."""
        super().__init__(faults, owner=owner)
        self.delay = delay


class DocumentError(TerminalError):
    """A document is not YAML, or not YAML we accept (duplicate keys, excessive aliases, too deep)."""


class InputsError(TerminalError):
    """What the embedding controller was told (``--inputs``, environment, constructor) is wrong."""


class ParametersError(TerminalError):
    """The owner or one of its parameters objects is wrong; shown as ``InvalidParameters`` on a status."""


class ChartError(TerminalError):
    """A chart is wrong or refuses its values; faults name chart, file, line, expression and values path."""


class PlanError(TerminalError):
    """Rendered objects may not be deployed: no kind, illegal name, foreign namespace, a duplicate."""


class PluginError(TerminalError):
    """A plugin cannot be loaded, or two plugins claim the same thing."""


class NotSynced(RetryableError):  # noqa: N818 - a state to wait out, named as informers name it
    """A store does not yet know whether an object exists. Absent objects are ``None``, never this."""


class ForeignObject(RetryableError):  # noqa: N818 - named by what stands in the way
    """A name we need is taken by an object that is not ours. It is left alone until it is gone or adopted."""


class Contested(RetryableError):  # noqa: N818 - a state to wait out
    """Somebody else keeps changing what we apply; writing on would never end.

    ``delay``: until the next try.
    """


class Interrupted(RetryableError):  # noqa: N818 - a state to wait out
    """The deadline passed or the caller cancelled before this was done. What was sent has been reported."""


class Cause(NamedTuple):
    """One reason in an API server's answer: the field it names, a reason word, and its text."""

    field: str
    reason: str
    message: str


class ApiError(GwdeployerError):
    """An API server's refusal, or the lack of an answer. Mixed into the errors that say what that means.

    ``status`` is the HTTP status, 0 where there was no answer; ``causes`` are the server's, field by field.
    """

    status: int = 0
    causes: tuple[Cause, ...] = ()


class InvalidObject(ApiError, TerminalError):  # noqa: N818 - named as the API names it
    """The API server refuses an object as it is: its schema or its validation says no (400, 422)."""


class ImmutableField(InvalidObject):
    """A field of the stored object cannot change; only deleting and creating it anew would do."""


class _ApiAnswer(ApiError, RetryableError):  # noqa: N818 - never raised itself
    """What may go away without our doing."""


class Conflict(_ApiAnswer):
    """The object is not as it was when we looked: written, created or deleted in between (409)."""


class NotFound(_ApiAnswer):
    """The object, or the namespace it would be in, is not there (404)."""


class KindNotInstalled(_ApiAnswer):
    """The API server does not know the kind, in this version: its CRD may come later (404)."""


class Forbidden(_ApiAnswer):
    """RBAC does not allow the request (403); the hint is the rule that is missing."""


class Denied(_ApiAnswer):
    """An admission webhook, an admission policy or a quota refused the object; the message is theirs."""


class Unauthorized(_ApiAnswer):
    """The credentials are not accepted (401), perhaps because a token has expired."""


class Expired(_ApiAnswer):
    """A resourceVersion or a page of a list is too old (410); list again."""


class Throttled(_ApiAnswer):
    """The API server asks us to slow down (429); ``delay`` is what its Retry-After says."""


class ServerFailure(_ApiAnswer):
    """The API server failed (5xx), or what it answered is no answer of an API server."""


class Unreachable(_ApiAnswer):
    """There was no answer, or not all of it: connection refused or lost, time out. It may have been done."""


def one_line(text: str, limit: int = 0) -> str:
    """Return ``text`` on one line, cut to ``limit`` characters (0: not cut) with a mark.

    Line feeds become spaces. What else a terminal would obey rather than show (an escape sequence in
    somebody's annotation), or could not write, is escaped.
    """
    if not text.isprintable():
        text = re.sub(_UNSHOWN, lambda match: ascii(match[0])[1:-1], text.replace("\n", " "))
    return text if not limit or len(text) <= limit else f"{text[:limit]}… ({len(text)} characters)"


def shown(value: object) -> str:
    """Return a foreign value for a message: its ``repr`` on one line, cut to ``MAX_FOREIGN_TEXT``."""
    try:
        return one_line(repr(value), MAX_FOREIGN_TEXT)
    except ValueError:  # Python refuses to print integers of some thousand digits
        return "an enormous number"


def nearest(name: str, known: Iterable[str]) -> str:
    """Return a hint naming the known name closest to ``name``, or what there is, or nothing."""
    import difflib  # noqa: PLC0415 - only for error text

    names = sorted(known)
    close = difflib.get_close_matches(name, names, n=1)
    if close:
        return f"did you mean {close[0]!r}?"
    return f"known here: {', '.join(names)}" if 0 < len(names) <= _LISTED_NAMES else ""
