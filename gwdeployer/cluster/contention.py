"""Two writers that undo each other's work would go on for ever; this one steps back, and says so."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from gwdeployer.cluster.drift import Difference
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
    planned: Object
    at: list[float] = field(default_factory=list)


class Contention:
    """Counts how often each object had to be repaired though its plan was the same. Thread-safe."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """Count nothing yet."""
        self._clock = clock
        self._lock = threading.Lock()
        self._known: OrderedDict[ObjectRef, _Repairs] = OrderedDict()

    def check(
        self, ref: ObjectRef, planned: Object, live: Object, found: Sequence[Difference], manager: str
    ) -> None:
        """Raise Contested where the object has been repaired too often, too recently."""
        repairs = self._known.get(ref)
        if repairs is None or repairs.planned != planned:
            return
        now = self._clock()
        recent = [at for at in repairs.at if now - at < WINDOW]
        if len(recent) < TOLERATED:
            return
        pause = min(WINDOW, _FIRST_PAUSE * 2 ** (len(recent) - TOLERATED))
        left = recent[-1] + pause - now
        if left > 0:
            raise Contested(_fault(ref, live, found, manager, len(recent), left), delay=left)

    def wrote(self, ref: ObjectRef, planned: Object) -> None:
        """Note that the object was brought to its plan."""
        with self._lock:
            repairs = self._known.pop(ref, None)
            if repairs is None or repairs.planned != planned:
                repairs = _Repairs(planned)
            else:
                now = self._clock()
                repairs.at = [at for at in repairs.at if now - at < WINDOW] + [now]
            self._known[ref] = repairs
            while len(self._known) > _REMEMBERED:
                self._known.popitem(last=False)


def _fault(
    ref: ObjectRef, live: Object, found: Sequence[Difference], manager: str, times: int, left: float
) -> Fault:
    path = found[0].path if found else ()
    others = sorted({other.name for other in managers_of(live, path) if other.name != manager})
    who = ", ".join(others) or "somebody"
    message = (
        f"repaired {times} times in {WINDOW:.0f} s, and changed again by {who}; next try in {left:.0f} s"
    )
    hint = "let only one of the two manage this field"
    return Fault(message, ".".join(path), str(ref), hint=hint)
