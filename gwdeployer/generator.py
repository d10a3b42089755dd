"""What a third party subclasses: the generator that turns an owner into a chart's values."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, TypeVar
from weakref import WeakSet

from gwdeployer.errors import Fault
from gwdeployer.objects import KindRef, Object, ObjectRef
from gwdeployer.provenance import Origin
from gwdeployer.store import ObjectStore

_Method = TypeVar("_Method", bound=Callable[..., Any])
_only_reading: WeakSet[Callable[..., Any]] = WeakSet()


def reads_only(method: _Method) -> _Method:
    """Mark a ``post_process`` that changes nothing in the objects it is given, however deep.

    Where it has to change one it returns another, which may have parts of the first. Plans are then made in
    less time, and take less memory: their objects have those parts in common in which no value has a say.
    The mark is the method's own: one that overrides it, or wraps it, has to be marked again.
    """
    _only_reading.add(method)
    return method


class Skip(NamedTuple):
    """Why nothing is deployed for an owner: not ours, opted out, self-managed.

    ``reason`` is shown to people. ``cleanup`` removes what was ours before; without it what is there stays.
    """

    reason: str
    cleanup: bool = False


class Watch(NamedTuple):
    """A kind whose changes can change the values of an owner.

    Changes of a status alone count only where ``status`` says so, for the owner's own kind too.
    """

    kind: KindRef
    status: bool = False


class Patch(NamedTuple):
    """What a post-processor laid over an object (apiVersion, kind, name), and where that came from."""

    object: tuple[str, str, str]
    content: Mapping[str, Any]
    origin: Origin


@dataclass(slots=True)
class Context:
    """One planning run: what a generator may use, and where it says what it noticed.

    ``state`` carries what ``get_values`` found out over to ``post_process``. ``create_only`` names objects
    that are made once and then left alone, ``optional`` kinds that the plan can do without: where the API
    server does not serve them, their objects are skipped with a warning, and tried again later.

    ``trace`` is true where somebody asked for provenance. Then ``get_values`` may return values whose leaves
    know where they came from and set ``parameters`` to the effective ones, likewise, and ``post_process`` may
    note its ``patches``. A generator that does none of this is named as the source of its values.
    """

    store: ObjectStore
    trace: bool = False
    state: dict[str, Any] = field(default_factory=dict)
    warnings: list[Fault] = field(default_factory=list)
    create_only: set[ObjectRef] = field(default_factory=set)
    optional: set[KindRef] = field(default_factory=set)
    parameters: Mapping[str, Any] = field(default_factory=dict)
    patches: list[Patch] = field(default_factory=list)

    def warn(self, message: str, field: str | None = None, *, subject: str = "", hint: str = "") -> None:
        """Note something the user should know that does not stop the plan; ``field`` is its path."""
        self.warnings.append(Fault(message, field or "", subject, hint=hint))


class HelmValuesGenerator(ABC):
    """Turns an owner object into the values of a chart. Only :meth:`get_values` is needed.

    A generator is pure: it reads the owner and what ``context.store`` answers, and changes neither. It is
    called once for each plan, possibly by several threads at once.
    """

    @abstractmethod
    def get_values(self, owner: Object, context: Context) -> Mapping[str, Any] | Skip:
        """Return the values for the owner's chart, or why there are none.

        The mapping is the plan's from then on: it may share parts with others, and nobody changes it.
        Raises ParametersError with everything that is wrong at once, in ``.faults``.
        """

    @reads_only
    def post_process(self, owner: Object, objects: list[Object], context: Context) -> list[Object]:
        """Return the objects to deploy in place of the rendered ones (overlays, extra objects).

        ``objects`` are the method's own: it may change them, unless it is marked with :func:`reads_only`.
        The default returns them as rendered.
        """
        return objects

    @property
    def only_reads(self) -> bool:
        """Whether :meth:`post_process` leaves the objects it is given as they are."""
        return getattr(self.post_process, "__func__", self.post_process) in _only_reading

    def kinds(self) -> Sequence[KindRef] | None:
        """Return every kind that may be produced: prune, watches and RBAC are derived from it.

        None, the default, means the kinds that the chart's templates name literally.
        """
        return None

    def watches(self) -> Sequence[Watch]:
        """Return further kinds whose change can change the values.

        The default is none: what a plan reads through the store is recorded anyway.
        """
        return ()
