"""The garbage collector: objects go when the last of their owners is gone.

Source: ``k8s.io/kubernetes``, ``pkg/controller/garbagecollector/garbagecollector.go``. An owner is looked up
by the kind, name and UID of the reference, in the dependent's namespace or among cluster-scoped objects;
owners of kinds that are not served count as alive.
"""

from __future__ import annotations

from typing import Any

from gwdeployer.objects import KindRef, Object
from gwdeployer.testing.apiserver.acting import edit, erase
from gwdeployer.testing.apiserver.dependents import Dependents, references, uid_of
from gwdeployer.testing.apiserver.metadata import FOREGROUND, ORPHAN, with_metadata
from gwdeployer.testing.apiserver.options import DeleteOptions
from gwdeployer.testing.apiserver.state import State
from gwdeployer.testing.apiserver.statuses import ResourceName
from gwdeployer.testing.apiserver.storage import Change, Key

_SOLID, _DANGLING, _WAITING = "solid", "dangling", "waiting"


class GarbageCollector:
    """Acts on changes to owners and to what depends on them."""

    def __init__(self, state: State, dependents: Dependents) -> None:
        """Collect in this state, by an index that somebody else keeps up."""
        self._state = state
        self._of = dependents.of

    def act(self, key: Key, change: Change) -> None:
        """Do what follows from one change."""
        obj = self._state.storage.get(key)
        if obj is not None:
            self._attend(key, obj)
        before = change.before
        if change.after is None and before is not None:
            for dependent in self._of(before):
                self._attend_to(dependent)
            for reference in references(before):
                owner = self._owner(key, reference)
                if owner is not None:
                    self._attend_to(owner)

    def _attend_to(self, key: Key) -> None:
        obj = self._state.storage.get(key)
        if obj is not None:
            self._attend(key, obj)

    def _attend(self, key: Key, obj: Object) -> None:
        finalizers = obj["metadata"].get("finalizers") or ()
        if obj["metadata"].get("deletionTimestamp"):
            if FOREGROUND in finalizers:
                self._delete_dependents(key, obj)
                return
            if ORPHAN in finalizers:
                self._orphan(key, obj)
                return
        if references(obj):
            self._judge(key, obj)

    def _judge(self, key: Key, obj: Object) -> None:
        """Delete an object that no owner holds; a held one loses its references to owners that are gone."""
        states: dict[str, list[dict[str, Any]]] = {_SOLID: [], _DANGLING: [], _WAITING: []}
        for reference in references(obj):
            states[self._state_of(key, reference)].append(reference)
        gone = states[_DANGLING] + states[_WAITING]
        if not gone:
            return
        if states[_SOLID]:
            edit(self._state, key, lambda live: _without_owners(live, set(map(uid_of, gone))))
        elif states[_WAITING] and self._of(obj):
            erase(self._state, key, DeleteOptions(propagation="Foreground", uid=obj["metadata"]["uid"]))
        elif not obj["metadata"].get("deletionTimestamp"):
            erase(self._state, key, DeleteOptions(propagation=_policy(obj), uid=obj["metadata"]["uid"]))

    def _state_of(self, key: Key, reference: dict[str, Any]) -> str:
        """Return whether the owner is there, gone, or waits for its dependents to go."""
        place = self._owner(key, reference)
        if place is None:
            return _SOLID
        owner = self._state.storage.get(place)
        if owner is None or owner["metadata"]["uid"] != reference["uid"]:
            return _DANGLING
        meta = owner["metadata"]
        waits = meta.get("deletionTimestamp") and FOREGROUND in (meta.get("finalizers") or ())
        return _WAITING if waits else _SOLID

    def _delete_dependents(self, key: Key, obj: Object) -> None:
        """Delete what depends on an object that goes last; let it go once nothing stands in its way."""
        uid = obj["metadata"]["uid"]
        for dependent in self._of(obj):
            self._attend_to(dependent)
        if not any(_blocks(self._state.storage.get(dependent), uid) for dependent in self._of(obj)):
            edit(self._state, key, lambda live: _without_finalizer(live, FOREGROUND))

    def _orphan(self, key: Key, obj: Object) -> None:
        uid = obj["metadata"]["uid"]
        for dependent in self._of(obj):
            edit(self._state, dependent, lambda live: _without_owners(live, {uid}))
        edit(self._state, key, lambda live: _without_finalizer(live, ORPHAN))

    def _owner(self, dependent: Key, reference: dict[str, Any]) -> Key | None:
        """Return where the owner that a reference means is kept; None where that cannot be said."""
        kind = self._state.catalogue.of(KindRef.of(reference["apiVersion"], reference["kind"]))
        if kind is None or (kind.resource.namespaced and not dependent.namespace):
            return None
        namespace = dependent.namespace if kind.resource.namespaced else ""
        return Key(ResourceName(*kind.storage), namespace, reference["name"])


def _blocks(dependent: Object | None, uid: str) -> bool:
    return any(uid_of(one) == uid and one.get("blockOwnerDeletion") for one in references(dependent))


def _policy(obj: Object) -> str:
    finalizers = obj["metadata"].get("finalizers") or ()
    if ORPHAN in finalizers:
        return "Orphan"
    return "Foreground" if FOREGROUND in finalizers else "Background"


def _without_owners(obj: Object, uids: set[str]) -> Object:
    kept = [one for one in references(obj) if uid_of(one) not in uids]
    return with_metadata(obj, obj["metadata"] | {"ownerReferences": kept or None})


def _without_finalizer(obj: Object, finalizer: str) -> Object:
    kept = [one for one in obj["metadata"].get("finalizers") or () if one != finalizer]
    return with_metadata(obj, obj["metadata"] | {"finalizers": kept or None})
