"""What is there: from a caller's cache, corrected by the answers to our own writes, or from the server."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence, Set
from typing import NamedTuple

from gwdeployer.cluster.port import Cluster
from gwdeployer.errors import KindNotInstalled
from gwdeployer.objects import KindRef, Object, ObjectRef, metadata_of
from gwdeployer.objects.states import Place, Version, is_same, place_of, resource_version, version_of
from gwdeployer.store import Index, Lookup, ObjectStore

#: Seconds for which our answer counts more than a cache that has not caught up. A cache later than that is
#: right: what we wrote may have come and gone unseen.
TRUSTED_FOR = 30.0
_REMEMBERED = 4096
#: Own writes to one object that a cache may be behind.
_EARLIER = 8


def _controllers(obj: Object) -> Iterable[Hashable]:
    references = metadata_of(obj).get("ownerReferences") or ()
    return [reference.get("uid") for reference in references if reference.get("controller")]


#: Finds what an owner controls, by its UID. Caches keep it; a ClusterStore looks through the list.
CONTROLLED_BY = Index("controlled by", _controllers)


class ClusterStore(ObjectStore):
    """A store that asks the server each time: for callers without a cache (kopf, ``gwdeployer apply``).

    A kind that is not installed has no objects. Raises ApiErrors, which are never mistaken for "there is
    none". An object that has not changed since it was last seen is the very same one again.
    """

    def __init__(self, cluster: Cluster) -> None:
        """Ask ``cluster``."""
        self._cluster = cluster
        self._seen: OrderedDict[tuple[tuple[str, str], str, str], Object] = OrderedDict()

    def get(self, kind: KindRef, namespace: str, name: str) -> Object | None:
        """See :class:`~gwdeployer.ObjectStore`. One request."""
        try:
            found = self._cluster.get(kind, namespace, name)
        except KindNotInstalled:
            if self._cluster.supports(kind):
                raise  # it is served, after all: nothing is known of its objects
            return None
        return self._same(kind, found) if found is not None else None

    def list(
        self,
        kind: KindRef,
        namespace: str | None = None,
        selector: Mapping[str, str] | None = None,
        lookup: Lookup | None = None,
    ) -> Sequence[Object]:
        """See :class:`~gwdeployer.ObjectStore`. One request for each page of the kind in the namespace."""
        try:
            found = self._cluster.list(kind, namespace or None, labels=selector).items
        except KindNotInstalled:
            if self._cluster.supports(kind):
                raise
            return []
        if lookup is not None:
            found = [obj for obj in found if lookup.key in lookup.by.keys_of(obj)]
        return sorted((self._same(kind, obj) for obj in found), key=place_of)

    def _same(self, kind: KindRef, obj: Object) -> Object:
        key = kind.group_kind, *place_of(obj)
        before = self._seen.get(key)
        if before is not None and is_same(before, obj):
            return before
        self._seen[key] = obj
        while len(self._seen) > _REMEMBERED:
            self._seen.popitem(last=False)
        return obj


class _Answer(NamedTuple):
    """An answer; ``stored`` is what the cache had, ``earlier`` what of ours it may still come past."""

    stored: Object | None
    earlier: tuple[Version, ...]
    answered: Object | None
    at: float

    def is_newer_than(self, stored: Object | None) -> bool:
        """Return whether a cache that has ``stored`` has yet to catch up."""
        return is_same(self.stored, stored) or (stored is not None and version_of(stored) in self.earlier)

    def has_gone(self, ref: ObjectRef, cache: ObjectStore) -> bool:
        """Return whether a cache that does not have the object is past the answer."""
        version = resource_version(self.answered or {})
        return bool(version) and cache.is_past(ref.kind, ref.namespace, version)


class Answers:
    """The server's answers to our writes, each until the caller's cache shows something newer.

    Thread-safe.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """Know nothing yet."""
        self._clock = clock
        self._lock = threading.Lock()
        self._known: OrderedDict[ObjectRef, _Answer] = OrderedDict()

    def learn(self, ref: ObjectRef, stored: Object | None, answered: Object | None) -> None:
        """Note what a write made of an object of which the cache still has ``stored``. None: it is gone."""
        with self._lock:
            before = self._known.pop(ref, None)
            earlier = (
                (*before.earlier, version_of(before.answered))
                if before is not None and before.answered
                else ()
            )
            self._known[ref] = _Answer(stored, earlier[-_EARLIER:], answered, self._clock())
            while len(self._known) > _REMEMBERED:
                self._known.popitem(last=False)

    def over(self, ref: ObjectRef, stored: Object | None, cache: ObjectStore | None = None) -> Object | None:
        """Return the newer of what the cache has and what we were answered.

        A ``cache`` may know that what it lacks has come and gone.
        """
        known = self._known.get(ref)
        if known is None:
            return stored
        believed = known.is_newer_than(stored) and self._clock() - known.at < TRUSTED_FOR
        if believed and not (stored is None and cache is not None and known.has_gone(ref, cache)):
            return known.answered
        with self._lock:
            self._known.pop(ref, None)
        return stored


class LiveView:
    """The objects of one reconcile as they are, as far as is known."""

    def __init__(self, cluster: Cluster, live: ObjectStore | None, answers: Answers) -> None:
        """Look in ``live``, a cache; without one, ask the server."""
        self._cluster = cluster
        self._store = live if live is not None else ClusterStore(cluster)
        self._answers = answers if live is not None else None
        #: What the cache had when it was looked at: what was decided on, whatever it has by now.
        self._seen: dict[ObjectRef, Object | None] = {}

    @property
    def is_cached(self) -> bool:
        """Whether looking costs no request."""
        return self._answers is not None

    def get(self, ref: ObjectRef) -> Object | None:
        """Return what is believed to be there. Raises NotSynced and ApiErrors."""
        stored = self._seen[ref] = self._store.get(*ref)
        return self._answers.over(ref, stored, self._store) if self._answers is not None else stored

    def ask(self, ref: ObjectRef) -> Object | None:
        """Return what the server says is there, now. One request."""
        found = self._cluster.get(*ref)
        self.learn(ref, found)
        return found

    def learn(self, ref: ObjectRef, answered: Object | None) -> None:
        """Remember an answer until the cache shows something else than it did when it was looked at.

        Not than it does now: it may have caught up already, or be past the answer.
        """
        if self._answers is not None:
            stored = self._seen[ref] if ref in self._seen else self._store.get(*ref)
            self._answers.learn(ref, stored, answered)

    def controlled(
        self, kind: KindRef, namespace: str, by: Lookup, but: Set[Place] = frozenset()
    ) -> list[Object]:
        """Return the objects of a kind in a namespace that an owner controls, but for some.

        ``by`` looks its UID up in :data:`CONTROLLED_BY`.
        """
        found = self._store.list(kind, namespace, lookup=by)
        return self._corrected([obj for obj in found if place_of(obj) not in but]) if found else []

    def labelled(
        self,
        kind: KindRef,
        label: str,
        value: str,
        but: Set[Place] = frozenset(),
        *,
        certain: bool = False,
    ) -> list[Object]:
        """Return the cluster-scoped objects of a kind that have a label, but for some.

        ``certain``: as the server says.
        """
        store = ClusterStore(self._cluster) if certain else self._store
        found = [obj for obj in store.list(kind, None, {label: value}) if place_of(obj) not in but]
        return found if certain else self._corrected(found)

    def _corrected(self, stored: list[Object]) -> list[Object]:
        if self._answers is None or not stored:
            return stored
        seen = {ObjectRef.of(obj): obj for obj in stored}
        self._seen |= seen
        known = (self._answers.over(ref, obj) for ref, obj in seen.items())
        return [obj for obj in known if obj is not None]
