"""Which objects name which owners: looked up by the owner's UID, kept up with every change."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from gwdeployer.objects import Object
from gwdeployer.testing.apiserver.state import State
from gwdeployer.testing.apiserver.statuses import ResourceName
from gwdeployer.testing.apiserver.storage import Change, Key


class Dependents:
    """An index of the ownerReferences of all objects."""

    def __init__(self, state: State) -> None:
        """Index the objects of this state."""
        self._state = state
        self._by_uid: dict[str, set[Key]] = defaultdict(set)

    def note(self, key: Key, change: Change) -> None:
        """Take a change in: the references before it, and those that the object has now."""
        for uid in map(uid_of, references(change.before)):
            self._by_uid[uid].discard(key)
            if not self._by_uid[uid]:
                del self._by_uid[uid]
        for uid in map(uid_of, references(self._state.storage.get(key))):
            self._by_uid[uid].add(key)

    def of(self, owner: Object) -> list[Key]:
        """Return what names an object as its owner, in order."""
        return sorted(self._by_uid.get(owner["metadata"]["uid"], ()))

    def controlled(self, owner: Object, resource: ResourceName) -> dict[Key, Object]:
        """Return the objects of a resource whose controller an object is, in order."""
        found = {key: self._state.storage.get(key) for key in self.of(owner) if key.resource == resource}
        uid = owner["metadata"]["uid"]
        return {key: obj for key, obj in found.items() if obj and uid_of(controller_of(obj) or {}) == uid}


def references(obj: Object | None) -> list[dict[str, Any]]:
    """Return the ownerReferences of an object, which need not be there."""
    return (obj["metadata"].get("ownerReferences") or []) if obj else []


def controller_of(obj: Object | None) -> dict[str, Any] | None:
    """Return the reference to the object's controller, or None."""
    return next((one for one in references(obj) if one.get("controller")), None)


def uid_of(reference: dict[str, Any]) -> str:
    """Return the UID that a reference means."""
    return str(reference.get("uid", ""))
