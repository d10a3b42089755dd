"""A rehearsal: every write is sent to the server as a dry run, and remembered as though it had been done.

A server's dry run forgets at once what it answered, while a reconcile may write to one object in several
steps, each of which builds on the one before. So what is read here is what the steps so far have made of an
object, and a later step is merged with them here and sent as a whole.
"""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NamedTuple, TypeAlias

from gwdeployer.cluster.drift import Path, differences
from gwdeployer.cluster.field_sets import entries_of, fields_of, managers_of, owns_whole
from gwdeployer.cluster.places import at, without
from gwdeployer.cluster.port import Cluster, Listing, Operation, WatchStream
from gwdeployer.objects import KindRef, Object, ObjectRef, metadata_of, strategic_merge

_Key: TypeAlias = tuple[tuple[str, str], str, str]
_SUFFIX_BYTES = 4
_PRECONDITIONS = frozenset({"uid", "resourceVersion"})
_METADATA = ("labels", "annotations", "ownerReferences", "finalizers")
_UNCHANGED = frozenset({"apiVersion", "kind", "metadata", "status"})


class Change(NamedTuple):
    """What became of an object in a rehearsal: as it is, and as it would be. None: there is none."""

    ref: ObjectRef
    before: Object | None
    after: Object | None

    def __repr__(self) -> str:
        """Return which object it is and what would be there; never its content, which may be secret."""
        there, left = ("an object" if one is not None else "nothing" for one in (self.before, self.after))
        return f"<Change of {self.ref}: from {there} to {left}>"


class DryRunCluster:
    """A :class:`~gwdeployer.cluster.Cluster` over another one, to which no write is ever sent in earnest.

    ``changes`` says what the writes would have changed; objects have the server's defaults, and what
    admission made of them. Thread-safe. Costs one more read for each object that is written.

    What no dry run can tell: list items that an adopted object's former manager gives up are still shown,
    ``managedFields`` are those of the last step alone, and an object that would be deleted and created is
    checked under another name.
    """

    def __init__(self, cluster: Cluster) -> None:
        """Rehearse on ``cluster``."""
        self._cluster = cluster
        self._lock = threading.Lock()
        self._changes: dict[_Key, Change] = {}

    @property
    def changes(self) -> tuple[Change, ...]:
        """What would have changed, each object once, in the order of the first writes."""
        with self._lock:
            return tuple(self._changes.values())

    @property
    def reality(self) -> Cluster:
        """The cluster that is rehearsed on, where writes are in earnest."""
        return self._cluster

    def forget(self) -> None:
        """Begin anew with what there is."""
        with self._lock:
            self._changes.clear()

    def supports(self, kind: KindRef) -> bool:
        """See :class:`~gwdeployer.cluster.Cluster`."""
        return self._cluster.supports(kind)

    def get(self, kind: KindRef, namespace: str, name: str, *, timeout: float | None = None) -> Object | None:
        """See :class:`~gwdeployer.cluster.Cluster`."""
        change = self._changes.get(_key(ObjectRef(kind, namespace, name)))
        return self._cluster.get(kind, namespace, name, timeout=timeout) if change is None else change.after

    def list(
        self,
        kind: KindRef,
        namespace: str | None = None,
        *,
        labels: Mapping[str, str] | None = None,
        timeout: float | None = None,
        keep: Callable[[Object], Object] | None = None,
    ) -> Listing:
        """See :class:`~gwdeployer.cluster.Cluster`."""
        listing = self._cluster.list(kind, namespace, labels=labels, timeout=timeout, keep=keep)
        items = {_key(ObjectRef.of(obj)): obj for obj in listing.items}
        for change in self.changes:
            if change.ref.kind.group_kind != kind.group_kind or namespace not in (None, change.ref.namespace):
                continue
            items.pop(_key(change.ref), None)
            if change.after is not None and _has_labels(change.after, labels or {}):
                items[_key(change.ref)] = change.after
        return Listing([*items.values()], listing.resource_version)

    def watch(
        self, kind: KindRef, namespace: str | None = None, *, resource_version: str, timeout: float
    ) -> WatchStream:
        """See :class:`~gwdeployer.cluster.Cluster`. Shows what is, not what is rehearsed."""
        return self._cluster.watch(kind, namespace, resource_version=resource_version, timeout=timeout)

    def create(
        self, obj: Object, *, manager: str, dry_run: bool = False, timeout: float | None = None
    ) -> Object:
        """See :class:`~gwdeployer.cluster.Cluster`."""
        change = self._change(ObjectRef.of(obj), timeout)
        sent = obj if change.after is change.before else _as_new(obj, change)
        return self._note(change, self._cluster.create(sent, manager=manager, dry_run=True, timeout=timeout))

    def apply(
        self,
        obj: Object,
        *,
        manager: str,
        force: bool = False,
        dry_run: bool = False,
        subresource: str = "",
        timeout: float | None = None,
    ) -> Object:
        """See :class:`~gwdeployer.cluster.Cluster`."""
        change = self._change(ObjectRef.of(obj), timeout)
        if change.before is not None and change.after not in (None, change.before):
            patch = [*_replacing(change.before, _applied(change.after, obj, manager))]
            answered = self._cluster.json_patch(
                change.ref, patch, manager=manager, dry_run=True, subresource=subresource, timeout=timeout
            )
        else:
            sent = obj if change.after is change.before else _as_new(obj, change)
            answered = self._cluster.apply(
                sent, manager=manager, force=force, dry_run=True, subresource=subresource, timeout=timeout
            )
        return self._note(change, answered)

    def json_patch(
        self,
        ref: ObjectRef,
        patch: Sequence[Operation],
        *,
        manager: str,
        dry_run: bool = False,
        subresource: str = "",
        timeout: float | None = None,
    ) -> Object:
        """See :class:`~gwdeployer.cluster.Cluster`. Patches the object as it is, whatever was rehearsed."""
        change = self._change(ref, timeout)
        answered = self._cluster.json_patch(
            ref, patch, manager=manager, dry_run=True, subresource=subresource, timeout=timeout
        )
        return self._note(change, answered)

    def delete(
        self,
        ref: ObjectRef,
        *,
        uid: str = "",
        resource_version: str = "",
        dry_run: bool = False,
        timeout: float | None = None,
    ) -> None:
        """See :class:`~gwdeployer.cluster.Cluster`."""
        change = self._change(ref, timeout)
        self._cluster.delete(ref, uid=uid, resource_version=resource_version, dry_run=True, timeout=timeout)
        with self._lock:
            self._changes[_key(ref)] = change._replace(after=None)

    def _change(self, ref: ObjectRef, timeout: float | None) -> Change:
        """Return what is rehearsed of an object; for its first write it is read as it is."""
        known = self._changes.get(_key(ref))
        if known is not None:
            return known
        before = self._cluster.get(*ref, timeout=timeout)
        return Change(ref, before, before)

    def _note(self, change: Change, answered: Object) -> Object:
        if _is_deleted(change):
            answered = {**answered, "metadata": {**answered["metadata"], "name": change.ref.name}}
        with self._lock:
            self._changes[_key(change.ref)] = change._replace(after=answered)
        return answered


def _key(ref: ObjectRef) -> _Key:
    return ref.kind.group_kind, ref.namespace, ref.name


def _is_deleted(change: Change) -> bool:
    """Return whether the server still has what the rehearsal has deleted."""
    return change.before is not None and change.after is None


def _has_labels(obj: Object, labels: Mapping[str, str]) -> bool:
    return labels.items() <= (metadata_of(obj).get("labels") or {}).items()


def _as_new(obj: Object, change: Change) -> Object:
    """Return an object as sent for one that is not there: where the server still has it, under another name.

    That name is as long, and nobody has it.
    """
    metadata = {name: value for name, value in obj["metadata"].items() if name not in _PRECONDITIONS}
    if _is_deleted(change):
        suffix = secrets.token_hex(_SUFFIX_BYTES)
        metadata["name"] = metadata["name"][: -len(suffix)] + suffix
    return {**obj, "metadata": metadata}


def _applied(rehearsed: Object, obj: Object, manager: str) -> Object:
    """Return what becomes of an object, as the steps so far left it, when ``manager`` applies ``obj``."""
    kept = rehearsed
    for path, planned, _ in differences(rehearsed, obj, manager):
        goes = _is_alone(rehearsed, path, manager) if planned is None else _is_whole(rehearsed, path)
        if goes and at(kept, path) is not None:
            kept = without(kept, path)
    return strategic_merge(kept, obj)


def _is_alone(rehearsed: Object, path: Path, manager: str) -> bool:
    """Return whether nobody but ``manager`` owns a field: it goes when the manager gives it up."""
    return all(other.name == manager for other in managers_of(rehearsed, path))


def _is_whole(rehearsed: Object, path: Path) -> bool:
    """Return whether a field is owned as a whole: it is replaced, not merged (a Service's selector)."""
    return any(owns_whole(fields_of(entry), path) for entry in entries_of(rehearsed))


def _replacing(before: Object, after: Object) -> Iterator[Operation]:
    """Yield the JSON patch that makes ``after`` of ``before``, leaving alone what only the server writes."""
    fields = [name for name in {**before, **after} if name not in _UNCHANGED]
    for path in [*(("metadata", name) for name in _METADATA), *((name,) for name in fields)]:
        old, new = at(before, path), at(after, path)
        pointer = "/" + "/".join(path)
        if new is not None and new != old:
            yield {"op": "add", "path": pointer, "value": new}
        elif new is None and old is not None:
            yield {"op": "remove", "path": pointer}
