"""Every error gwdeployer raises, in one tree, split by what a caller can do about it.

::

    GwdeployerError                 .owner, .faults (all that is wrong, at once)
    ├── TerminalError               retrying cannot help until an input changes
    │   ├── DocumentError           a file is not YAML, or not YAML we accept
    │   ├── InputsError             what the embedding controller was told is wrong
    │   ├── ParametersError         the owner or one of its parameters objects is wrong
    │   ├── ChartError              a chart is wrong, or refuses its values
    │   ├── PlanError               rendered objects may not be deployed (a guard refused them)
    │   └── PluginError             a plugin cannot be loaded, or two contradict each other
    └── RetryableError              .delay: trying again later may help
        └── NotSynced               a store does not yet know whether an object exists

Errors carry data; their text is made in ``__str__``, one line per fault, so that a host can show it
in a condition, an event or on a terminal.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace

#: Foreign text (a value somebody wrote, a server's answer) is cut to this many characters in messages.
MAX_FOREIGN_TEXT = 256
_LISTED_NAMES = 12
#: Control characters, line and paragraph separators, marks that reorder text, halves of surrogate pairs.
_UNSHOWN = re.compile("[\x00-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")


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


def one_line(text: str, limit: int = 0) -> str:
    """Return ``text`` on one line, cut to ``limit`` characters (0: not cut) with a mark.

    Line feeds become spaces. What else a terminal would obey rather than show (an escape sequence in
    somebody's annotation), or could not write, is escaped.
    """
    if not text.isprintable():
        text = _UNSHOWN.sub(lambda match: ascii(match[0])[1:-1], text.replace("\n", " "))
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
