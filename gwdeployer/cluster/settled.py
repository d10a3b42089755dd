"""Which objects were last seen as planned: what has been compared once need not be compared again."""

from __future__ import annotations

from typing import NamedTuple

from gwdeployer.objects import Object, ObjectRef
from gwdeployer.objects.states import resource_version, version_of


class _Pair(NamedTuple):
    planned: Object
    live: object


class Settled:
    """Remembers, for each object, the plan and the state of the live object that agreed. Thread-safe.

    Plans are never changed once handed on, so identity is enough. A live object is known by its UID and
    resourceVersion: what a write was answered with comes back from a watch as another object.
    """

    def __init__(self) -> None:
        """Nothing is settled."""
        self._pairs: dict[ObjectRef, _Pair] = {}

    def has(self, ref: ObjectRef, planned: Object, live: Object) -> bool:
        """Return whether these very two have been found to agree."""
        pair = self._pairs.get(ref)
        return pair is not None and pair.planned is planned and pair.live == _state(live)

    def add(self, ref: ObjectRef, planned: Object, live: Object) -> None:
        """Note that the two agree."""
        self._pairs[ref] = _Pair(planned, _state(live))

    def forget(self, ref: ObjectRef) -> None:
        """Drop what is known of an object that is gone."""
        self._pairs.pop(ref, None)


def _state(live: Object) -> object:
    """Return what no other state of any object has."""
    return version_of(live) if resource_version(live) else live
