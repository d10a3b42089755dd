"""Which keys a change is about: the object itself, the owner of what was deployed, and whoever read it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

from gwdeployer.controller.changes import Change
from gwdeployer.controller.dependents import Dependents
from gwdeployer.objects import KindRef, Object, ObjectRef, metadata_of, name_of, namespace_of
from gwdeployer.objects.ownership import OWNER_NAME, OWNER_NAMESPACE, OWNER_UID


class Triggers:
    """Finds the keys to look at again. Thread-safe."""

    def __init__(
        self,
        owners: Iterable[KindRef],
        reported: Iterable[KindRef],
        dependents: Dependents,
        cluster_scoped: Collection[KindRef] = (),
    ) -> None:
        """``owners`` are the kinds that things are deployed for, ``reported`` those whose status is kept.

        ``cluster_scoped`` are those of them that no namespace holds.
        """
        self._owners: Mapping[tuple[str, str], KindRef] = {kind.group_kind: kind for kind in owners}
        self._handled = {**self._owners, **{kind.group_kind: kind for kind in reported}}
        self._dependents = dependents
        self._cluster_scoped = {kind.group_kind for kind in cluster_scoped}

    def of(self, change: Change) -> Sequence[ObjectRef]:
        """Return the keys that a change is about: the object's own first, as others read its status."""
        keys: dict[ObjectRef, None] = {}
        for obj in (change.before, change.after):
            if obj is not None:
                keys |= dict.fromkeys(self._keys_of(change.kind, obj))
        return [*keys, *(self._dependents.of(change) - keys.keys())]

    def _keys_of(self, kind: KindRef, obj: Object) -> Iterator[ObjectRef]:
        handled = self._handled.get(kind.group_kind)
        if handled is not None:
            yield ObjectRef(handled, namespace_of(obj), name_of(obj))
        yield from self._controllers(obj)
        yield from self._labelled_owners(obj)

    def _controllers(self, obj: Object) -> Iterator[ObjectRef]:
        for reference in metadata_of(obj).get("ownerReferences") or ():
            kind = KindRef.of(str(reference.get("apiVersion")), str(reference.get("kind")))
            owner = self._owners.get(kind.group_kind)
            if owner is not None and reference.get("controller"):
                namespace = "" if owner.group_kind in self._cluster_scoped else namespace_of(obj)
                yield ObjectRef(owner, namespace, str(reference.get("name")))

    def _labelled_owners(self, obj: Object) -> Iterator[ObjectRef]:
        """Yield who may be the owner of a cluster-scoped object: its marks do not tell the kind."""
        metadata = metadata_of(obj)
        if OWNER_UID in (metadata.get("labels") or {}):
            annotations = metadata.get("annotations") or {}
            namespace = str(annotations.get(OWNER_NAMESPACE) or "")
            name = str(annotations.get(OWNER_NAME) or "")
            yield from (ObjectRef(owner, namespace, name) for owner in self._owners.values())
