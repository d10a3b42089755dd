"""Where a plan looks other objects up: the port ``ObjectStore``, one in memory, one over another,
and one that remembers.

What a plan read through its store is all it depends on, so :class:`RecordingStore` can tell later whether
anything that mattered has changed.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from operator import is_
from pathlib import Path
from typing import NamedTuple, TypeAlias

from gwdeployer.errors import DocumentError, NotSynced
from gwdeployer.manifests import read_manifests
from gwdeployer.objects import KindRef, Object, metadata_of, name_of, namespace_of

DEFAULT_NAMESPACE = "default"

#: What an index files, by key.
Files: TypeAlias = dict[Hashable, list[Object]]


class Index(NamedTuple):
    """A way to find objects by something they say: ``keys_of`` returns what one object is found by.

    Declare each index once, as a module constant: stores keep the lists per index.
    """

    name: str
    keys_of: Callable[[Object], Iterable[Hashable]]


class Lookup(NamedTuple):
    """The objects that an index files under ``key``."""

    by: Index
    key: Hashable


class ObjectStore(ABC):
    """Where other objects are looked up (files, a cache, a live cluster).

    Objects are handed out by reference and never changed; the same object for the same resourceVersion.
    A kind is found by group and kind, in whatever version the store holds it.
    """

    @abstractmethod
    def get(self, kind: KindRef, namespace: str, name: str) -> Object | None:
        """Return one object (``namespace`` is "" for cluster-scoped kinds), or None where there is none.

        Raises NotSynced where the store does not yet know.
        """

    @abstractmethod
    def list(
        self,
        kind: KindRef,
        namespace: str | None = None,
        selector: Mapping[str, str] | None = None,
        lookup: Lookup | None = None,
    ) -> Sequence[Object]:
        """Return the objects of a kind, ordered by namespace and name.

        Narrowed to a namespace, to those with all labels of ``selector``, to those an index files under a
        key. Cost: of the whole kind without ``lookup``, of the answer with it. Raises NotSynced.
        """

    def is_past(self, kind: KindRef, namespace: str, resource_version: str) -> bool:
        """Return whether a cache is known to be past a resourceVersion in a namespace.

        What was stored then and does not show is gone, rather than on its way. By default nothing is known.
        """
        return False


class MemoryStore(ObjectStore):
    """Objects held in memory; a later object of the same kind and name takes the place of the former."""

    def __init__(self, objects: Iterable[Object] = ()) -> None:
        """Hold ``objects``. Namespaced objects without a namespace are in ``default``."""
        self._kinds: dict[tuple[str, str], dict[tuple[str, str], Object]] = {}
        self._indexes: dict[tuple[tuple[str, str], Index], Files] = {}
        for obj in objects:
            self.add(obj)

    @classmethod
    def from_files(cls, *paths: str | Path) -> MemoryStore:
        """Hold the objects of YAML or JSON files and folders. Raises DocumentError with all faults."""
        manifests = read_manifests(paths)
        if manifests.faults:
            raise DocumentError(manifests.faults)
        return cls(manifests.objects)

    def __repr__(self) -> str:
        """Return how many objects of which kinds there are (never their content)."""
        counts = ", ".join(f"{kind}: {len(held)}" for (_, kind), held in sorted(self._kinds.items()))
        return f"MemoryStore({counts})"

    def add(self, obj: Object) -> None:
        """Add an object, or replace the one of the same kind, namespace and name."""
        kind = KindRef.of_object(obj)
        self._forget_indexes(kind)
        self._kinds.setdefault(kind.group_kind, {})[_place(obj)] = obj

    def remove(self, obj: Object) -> None:
        """Remove an object; it need not be there."""
        kind = KindRef.of_object(obj)
        self._forget_indexes(kind)
        self._kinds.get(kind.group_kind, {}).pop(_place(obj), None)

    def get(self, kind: KindRef, namespace: str, name: str) -> Object | None:
        """See :class:`ObjectStore`."""
        return self._kinds.get(kind.group_kind, {}).get((_namespace(namespace), name))

    def list(
        self,
        kind: KindRef,
        namespace: str | None = None,
        selector: Mapping[str, str] | None = None,
        lookup: Lookup | None = None,
    ) -> Sequence[Object]:
        """See :class:`ObjectStore`."""
        found = self._all(kind) if lookup is None else [*self._index(kind, lookup.by).get(lookup.key, ())]
        if namespace is None and selector is None:
            return found
        return [obj for obj in found if _selected(obj, namespace, selector)]

    def _all(self, kind: KindRef) -> Sequence[Object]:
        return [obj for _, obj in sorted(self._kinds.get(kind.group_kind, {}).items())]

    def _index(self, kind: KindRef, index: Index) -> Files:
        files = self._indexes.get((kind.group_kind, index))
        if files is None:
            files = {}
            for obj in self._all(kind):
                for key in index.keys_of(obj):
                    files.setdefault(key, []).append(obj)
            self._indexes[kind.group_kind, index] = files
        return files

    def _forget_indexes(self, kind: KindRef) -> None:
        for known in [known for known in self._indexes if known[0] == kind.group_kind]:
            del self._indexes[known]


def _place(obj: Object) -> tuple[str, str]:
    return _namespace(namespace_of(obj)), name_of(obj)


def _namespace(name: str) -> str:
    """File objects without a namespace under the default one, cluster-scoped ones too: asked for with ""."""
    return name or DEFAULT_NAMESPACE


def _selected(obj: Object, namespace: str | None, selector: Mapping[str, str] | None) -> bool:
    if namespace is not None and _place(obj)[0] != namespace:
        return False
    labels = metadata_of(obj).get("labels") or {}
    return all(labels.get(key) == value for key, value in (selector or {}).items())


class LayeredStore(ObjectStore):
    """One store over another: an object of the upper one takes the place of the same one of the lower."""

    def __init__(self, upper: ObjectStore, lower: ObjectStore) -> None:
        """Look in ``upper`` first."""
        self._upper = upper
        self._lower = lower

    def get(self, kind: KindRef, namespace: str, name: str) -> Object | None:
        """See :class:`ObjectStore`."""
        found = self._upper.get(kind, namespace, name)
        return found if found is not None else self._lower.get(kind, namespace, name)

    def list(
        self,
        kind: KindRef,
        namespace: str | None = None,
        selector: Mapping[str, str] | None = None,
        lookup: Lookup | None = None,
    ) -> Sequence[Object]:
        """See :class:`ObjectStore`. One ``get`` in the upper store for each object of the lower one."""
        below = self._lower.list(kind, namespace, selector, lookup)
        seen = [obj for obj in below if self._upper.get(kind, namespace_of(obj), name_of(obj)) is None]
        return sorted([*self._upper.list(kind, namespace, selector, lookup), *seen], key=_place)


class Read(NamedTuple):
    """One question put to a store."""

    verb: str
    kind: KindRef
    namespace: str | None
    name: str = ""
    selector: tuple[tuple[str, str], ...] | None = None
    lookup: Lookup | None = None


class RecordingStore(ObjectStore):
    """A store that notes every question and its answer: absent objects, lists, and if planning raised."""

    def __init__(self, store: ObjectStore) -> None:
        """Ask ``store`` and remember."""
        self._store = store
        self.reads: dict[Read, tuple[Object | None, ...] | None] = {}

    def get(self, kind: KindRef, namespace: str, name: str) -> Object | None:
        """See :class:`ObjectStore`."""
        read = Read("get", kind, namespace, name)
        try:
            found = self._store.get(kind, namespace, name)
        except BaseException:
            self.reads[read] = None
            raise
        self.reads[read] = (found,)
        return found

    def list(
        self,
        kind: KindRef,
        namespace: str | None = None,
        selector: Mapping[str, str] | None = None,
        lookup: Lookup | None = None,
    ) -> Sequence[Object]:
        """See :class:`ObjectStore`."""
        labels = tuple(sorted(selector.items())) if selector is not None else None
        read = Read("list", kind, namespace, "", labels, lookup)
        try:
            found = self._store.list(kind, namespace, selector, lookup)
            answer = tuple(found)
        except BaseException:
            self.reads[read] = None
            raise
        self.reads[read] = answer
        return found


def unchanged(reads: Mapping[Read, tuple[Object | None, ...] | None], store: ObjectStore) -> bool:
    """Return whether ``store`` gives every recorded question the recorded answer (the very same objects)."""
    try:
        return all(_same(answer, _ask(read, store)) for read, answer in reads.items())
    except NotSynced:
        return False


def _ask(read: Read, store: ObjectStore) -> Sequence[Object | None]:
    if read.verb == "get":
        return (store.get(read.kind, read.namespace or "", read.name),)
    selector = dict(read.selector) if read.selector is not None else None
    return store.list(read.kind, read.namespace, selector, read.lookup)


def _same(before: tuple[Object | None, ...] | None, now: Sequence[Object | None]) -> bool:
    return before is not None and len(before) == len(now) and all(map(is_, before, now))
