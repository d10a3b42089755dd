"""Which objects were last seen as planned: what has been compared once need not be compared again."""

from __future__ import annotations

from typing import NamedTuple

from gwdeployer.objects import Object, ObjectRef


class _Pair(NamedTuple):
    planned: Object
    live: Object


class Settled:
    """Remembers, for each object, the plan and the live object that agreed. Thread-safe.

    Objects are never changed once handed on, and a cache gives the same object for the same resourceVersion:
    so identity is enough. It holds one pair for each object, whose content cache and plan hold anyway.
    """

    def __init__(self) -> None:
        """Nothing is settled."""
        self._pairs: dict[ObjectRef, _Pair] = {}

    def has(self, ref: ObjectRef, planned: Object, live: Object) -> bool:
        """Return whether these very two have been found to agree."""
        pair = self._pairs.get(ref)
        return pair is not None and pair.planned is planned and pair.live is live

    def add(self, ref: ObjectRef, planned: Object, live: Object) -> None:
        """Note that the two agree."""
        self._pairs[ref] = _Pair(planned, live)

    def forget(self, ref: ObjectRef) -> None:
        """Drop what is known of an object that is gone."""
        self._pairs.pop(ref, None)
