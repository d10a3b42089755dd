"""What is said on an object's status: conditions, and who computes them. Pure.

A status is computed whole from the object as it was read: what others have written into it is kept, so that
whoever writes it need only compare and bind the write to the resourceVersion that was read.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, ClassVar

from gwdeployer.errors import one_line
from gwdeployer.objects import KindRef, Object
from gwdeployer.store import ObjectStore

#: One condition, as the API has it (``metav1.Condition``).
Condition = dict[str, Any]

#: The API's bound on a condition's message, in characters.
MAX_MESSAGE = 32768
#: What a status that is known, or not, is called.
_WORDS = {True: "True", False: "False", None: "Unknown"}


class Reporter(ABC):
    """Computes the status of objects of one kind, such as GatewayClasses.

    Whatever it reads through the store is remembered: a change to it, and nothing else, makes a new status.
    """

    kind: ClassVar[KindRef]

    @abstractmethod
    def status(self, obj: Object, store: ObjectStore, now: str) -> Mapping[str, Any] | None:
        """Return the status that ``obj`` should have, whole, or None to leave it alone. Pure.

        ``now`` is the time of a transition (RFC 3339). Raises NotSynced.
        """


def condition(type_: str, status: bool | None, reason: str, message: str = "") -> Condition:
    """Return a condition that :func:`with_conditions` completes; None is ``Unknown``."""
    return {
        "type": type_,
        "status": _WORDS[status],
        "reason": reason,
        "message": one_line(message, MAX_MESSAGE - 64),
    }


def with_conditions(
    before: Iterable[Mapping[str, Any]], stated: Sequence[Condition], generation: int, now: str
) -> list[Condition]:
    """Return ``before`` with the stated conditions in their places, new ones at the end; others' are kept.

    ``lastTransitionTime`` changes only with the status. A condition that was stated for a later generation
    than ``generation`` is kept: whoever wrote it has seen more (Gateway API, ``metav1.Condition``).
    """
    wanted = {one["type"]: one for one in stated}
    kept = [
        _completed(wanted.pop(one["type"]), one, generation, now) if one.get("type") in wanted else dict(one)
        for one in before
    ]
    return [*kept, *(_completed(one, {}, generation, now) for one in wanted.values())]


def _completed(stated: Condition, before: Mapping[str, Any], generation: int, now: str) -> Condition:
    if (before.get("observedGeneration") or 0) > generation:
        return dict(before)
    since = before.get("lastTransitionTime") if before.get("status") == stated["status"] else None
    return {**stated, "observedGeneration": generation, "lastTransitionTime": since or now}
