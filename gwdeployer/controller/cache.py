"""What a cluster has, in memory and up to date: the store that a controller plans from and compares with."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import TypeAlias

from gwdeployer.cluster.port import Cluster
from gwdeployer.controller.changes import Change
from gwdeployer.controller.kept_kind import KeptKind
from gwdeployer.controller.reflector import Pace, Reflector
from gwdeployer.controller.scope import Scope
from gwdeployer.objects import KindRef, Object, is_namespaced
from gwdeployer.store import Lookup, ObjectStore

_GroupKind: TypeAlias = tuple[str, str]

#: Seconds that threads get to end in :meth:`Cache.close`; one whose request hangs ends when that does.
_FAREWELL = 2.0
#: Seconds between two looks at an event that was given to :meth:`Cache.wait_for_sync`.
_LOOK_AT_STOP = 0.1


def _nothing(_news: object) -> None:
    """Do nothing about it."""


class Cache(ObjectStore):
    """Keeps the objects of some kinds as the cluster has them. Thread-safe.

    ::

        with Cache(cluster, on_change=print) as cache:
            cache.keep(GATEWAY, SERVICE)
            cache.wait_for_sync(timeout=30)
            cache.get(GATEWAY, "shop", "web")

    A kind that is asked for is kept from then on. What is not yet known raises NotSynced; a kind that is not
    installed has no objects, and is looked for about every half minute. Objects are shared, never changed,
    and the same as long as their resourceVersion is. It takes a thread and a connection for each kind, or for
    each kind and namespace of a ``scope`` that names some: what is outside of them is absent.
    """

    def __init__(
        self,
        cluster: Cluster,
        *,
        on_change: Callable[[Change], None] = _nothing,
        on_synced: Callable[[KindRef], None] = _nothing,
        scope: Scope | None = None,
        cluster_scoped: Collection[KindRef] = (),
        pace: Pace | None = None,
    ) -> None:
        """Read from ``cluster``, once started.

        ``on_change`` is called for each change once it shows here: in order for each object, by several
        threads, without any lock held; a kind that is listed again yields only what differs. ``on_synced`` is
        called when a kind becomes known, or is installed after all, after its first changes.
        ``cluster_scoped`` are kinds that no namespace holds, beside Kubernetes' own.
        """
        self._cluster = cluster
        self._on_change = on_change
        self._on_synced = on_synced
        self._namespaces = (scope or Scope()).namespaces
        self._cluster_scoped = {kind.group_kind for kind in cluster_scoped}
        self._pace = pace
        self._progress = threading.Condition()
        self._kinds: dict[_GroupKind, KeptKind] = {}
        #: The same, by every reference that was asked for.
        self._known_as: dict[KindRef, KeptKind] = {}
        self._reflectors: list[Reflector] = []
        self._threads: list[threading.Thread] = []
        self._started = False
        self._closed = False

    def __repr__(self) -> str:
        """Return which kinds are kept."""
        return f"Cache({', '.join(sorted(str(kept.kind) for kept in list(self._kinds.values())))})"

    def __enter__(self) -> Cache:
        """Start."""
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Close."""
        self.close()

    def keep(self, *kinds: KindRef) -> None:
        """Keep these kinds from now on, each in the version in which it was first asked for."""
        for kind in kinds:
            self._kept(kind)

    def start(self) -> None:
        """Begin to read. May be called twice."""
        with self._progress:
            if not self._started:
                self._started = True
                self._launch(self._reflectors)

    def close(self) -> None:
        """End all threads, within about two seconds. What is known stays, and is not up to date any more."""
        with self._progress:
            self._closed = True
            self._progress.notify_all()
        for reflector in self._reflectors:
            reflector.close()
        deadline = time.monotonic() + _FAREWELL
        for thread in self._threads:
            if thread is not threading.current_thread():
                thread.join(max(0.0, deadline - time.monotonic()))

    def synced(self, kind: KindRef) -> bool:
        """Return whether the objects of a kind are known."""
        kept = self._kinds.get(kind.group_kind)
        return kept is not None and kept.synced

    def unsynced(self) -> tuple[KindRef, ...]:
        """Return the kinds that are kept and not known."""
        return tuple(kept.kind for kept in list(self._kinds.values()) if not kept.synced)

    def sizes(self) -> dict[KindRef, int]:
        """Return how many objects there are of each kind that is known."""
        return {kept.kind: kept.objects.count() for kept in list(self._kinds.values()) if kept.synced}

    def wait_for_sync(
        self,
        kinds: Collection[KindRef] | None = None,
        timeout: float | None = None,
        stop: threading.Event | None = None,
    ) -> bool:
        """Wait until kinds (None: all that are kept) are known. Return whether they are.

        Returns early when ``timeout`` seconds are over, ``stop`` is set, or the cache is closed.
        """
        self.keep(*(kinds or ()))
        deadline = None if timeout is None else time.monotonic() + timeout
        with self._progress:
            while not self._all_synced(kinds):
                left = _LOOK_AT_STOP if deadline is None else deadline - time.monotonic()
                if self._closed or left <= 0 or (stop is not None and stop.is_set()):
                    return False
                self._progress.wait(min(left, _LOOK_AT_STOP))
            return True

    def get(self, kind: KindRef, namespace: str, name: str) -> Object | None:
        """See :class:`~gwdeployer.ObjectStore`."""
        return self._kept(kind).known().get(namespace, name)

    def list(
        self,
        kind: KindRef,
        namespace: str | None = None,
        selector: Mapping[str, str] | None = None,
        lookup: Lookup | None = None,
    ) -> tuple[Object, ...]:
        """See :class:`~gwdeployer.ObjectStore`. A kind, or a namespace of it, is sorted once per change."""
        return self._kept(kind).known().select(namespace, selector, lookup)

    def is_past(self, kind: KindRef, namespace: str, resource_version: str) -> bool:
        """See :class:`~gwdeployer.ObjectStore`. It is known once a deletion was seen that came later."""
        return self._kept(kind).known().is_past(namespace, resource_version)

    def _all_synced(self, kinds: Collection[KindRef] | None) -> bool:
        return not self.unsynced() if kinds is None else all(self.synced(kind) for kind in kinds)

    def _kept(self, kind: KindRef) -> KeptKind:
        kept = self._known_as.get(kind)
        if kept is None:
            kept = self._known_as[kind] = self._begin(kind)
        return kept

    def _begin(self, kind: KindRef) -> KeptKind:
        with self._progress:
            kept = self._kinds.get(kind.group_kind)
            if kept is not None:
                return kept
            namespaces = self._namespaces_of(kind)
            kept = self._kinds[kind.group_kind] = KeptKind(kind, namespaces, self._on_change, self._synced)
            reflectors = [Reflector(self._cluster, kind, one, kept, self._pace) for one in namespaces]
            self._reflectors += reflectors
            if self._started and not self._closed:
                self._launch(reflectors)
            return kept

    def _namespaces_of(self, kind: KindRef) -> Collection[str | None]:
        everywhere = kind.group_kind in self._cluster_scoped or not is_namespaced(kind)
        return [None] if self._namespaces is None or everywhere else sorted(self._namespaces)

    def _launch(self, reflectors: Iterable[Reflector]) -> None:
        for reflector in reflectors:
            # Daemons: one that waits for an answer must not keep a program from ending.
            thread = threading.Thread(target=reflector.run, name=f"gwdeployer-cache {reflector}", daemon=True)
            self._threads.append(thread)
            thread.start()

    def _synced(self, kind: KindRef) -> None:
        # Told first: whoever has waited for this kind looks at everything anyway.
        self._on_synced(kind)
        with self._progress:
            self._progress.notify_all()
