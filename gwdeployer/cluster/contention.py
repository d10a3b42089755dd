"""Two writers that undo each other's work would go on for ever; this one steps back, and says so.

So would one whose work the server itself undoes: an empty value that it takes for "use the default", a
webhook that has the last word. What the server makes of an apply of the plan is accepted.
"""

from __future__ import annotations

import hashlib
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from gwdeployer.cluster.drift import Difference
from gwdeployer.cluster.encoding import encoded
from gwdeployer.cluster.field_sets import managers_of
from gwdeployer.errors import Contested, Fault
from gwdeployer.objects import Object, ObjectRef

#: So many repairs of one object within ``WINDOW`` seconds are a dispute, not an accident.
TOLERATED = 5
WINDOW = 600.0
_FIRST_PAUSE = 30.0
_REMEMBERED = 4096


@dataclass(slots=True)
class _Repairs:
    plan: str
    at: list[float] = field(default_factory=list)
    left: Sequence[Difference] = ()


class Contention:
    """Counts how often each object had to be repaired though its plan was the same. Thread-safe."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """Count nothing yet."""
        self._clock = clock
        self._lock = threading.Lock()
        self._known: OrderedDict[ObjectRef, _Repairs] = OrderedDict()

    def repairable(self, ref: ObjectRef, planned: Object, found: Iterable[Difference]) -> list[Difference]:
        """Return the differences that another apply may mend: the last one has not left them behind."""
        differing = list(found)
        repairs = self._known.get(ref)
        if not differing or repairs is None or not repairs.left or repairs.plan != _digest(planned):
            return differing
        return [difference for difference in differing if difference not in repairs.left]

    def check(
        self, ref: ObjectRef, planned: Object, live: Object | None, found: Sequence[Difference], manager: str
    ) -> None:
        """Raise Contested where the object has been repaired (or created anew) too often, too recently."""
        repairs = self._known.get(ref)
        if repairs is None or repairs.plan != _digest(planned):
            return
        now = self._clock()
        recent = [at for at in repairs.at if now - at < WINDOW]
        if len(recent) < TOLERATED:
            return
        pause = min(WINDOW, _FIRST_PAUSE * 2 ** (len(recent) - TOLERATED))
        left = recent[-1] + pause - now
        if left > 0:
            raise Contested(_fault(ref, live, found, manager, len(recent), left), delay=left)

    def wrote(self, ref: ObjectRef, planned: Object, left: Sequence[Difference] = ()) -> None:
        """Note that the plan was applied, and what is different all the same."""
        plan = _digest(planned)
        with self._lock:
            repairs = self._known.pop(ref, None)
            if repairs is None or repairs.plan != plan:
                repairs = _Repairs(plan)
            else:
                now = self._clock()
                repairs.at = [at for at in repairs.at if now - at < WINDOW] + [now]
            repairs.left = left
            self._known[ref] = repairs
            while len(self._known) > _REMEMBERED:
                self._known.popitem(last=False)


def _digest(planned: Object) -> str:
    """Return what tells a plan from another; the plan itself, with its secrets, is not kept."""
    return hashlib.sha256(encoded(planned, ordered=True)).hexdigest()


def _fault(
    ref: ObjectRef, live: Object | None, found: Sequence[Difference], manager: str, times: int, left: float
) -> Fault:
    path = found[0].path if found else ()
    others = sorted({other.name for other in managers_of(live or {}, path) if other.name != manager})
    who = ", ".join(others) or "somebody"
    what = "changed" if live else "deleted"
    message = f"repaired {times} times in {WINDOW:.0f} s, and {what} again by {who}; next try in {left:.0f} s"
    hint = "let only one of the two manage this field"
    return Fault(message, ".".join(path), str(ref), hint=hint)
