"""Where objects are kept: one revision for all, and a bounded memory of what changed.

Objects are plain dicts that are never changed once stored, so that a snapshot is a list of references, and
what was stored at an older revision is found by taking changes back.
"""

from __future__ import annotations

import threading
from bisect import bisect_right
from collections.abc import Callable, Iterator
from typing import NamedTuple, TypeAlias
from weakref import WeakSet

from gwdeployer.objects import Object, name_of, namespace_of
from gwdeployer.testing.apiserver.statuses import ResourceName

#: How many changes of one resource are remembered unless told otherwise.
HISTORY = 2000

Place: TypeAlias = str


class Key(NamedTuple):
    """Where one object is kept."""

    resource: ResourceName
    namespace: str
    name: str

    @property
    def place(self) -> Place:
        """The key among those of its resource; lists are ordered by it."""
        return f"{self.namespace}/{self.name}" if self.namespace else self.name


def key_of(resource: ResourceName, obj: Object) -> Key:
    """Return where an object of a resource is kept."""
    return Key(resource, namespace_of(obj), name_of(obj))


class Change(NamedTuple):
    """One write: the object before and after it (None: there was none, there is none any more)."""

    revision: int
    place: Place
    before: Object | None
    after: Object | None


class Snapshot(NamedTuple):
    """The objects of a resource at one revision, by place, in the order of lists."""

    revision: int
    objects: dict[Place, Object]


class Forgotten(Exception):  # noqa: N818 - a state, which the caller words
    """The changes since a revision are no longer remembered; ``oldest`` is where memory begins."""

    def __init__(self, revision: int, oldest: int) -> None:
        """Keep both revisions."""
        super().__init__(revision, oldest)
        self.revision = revision
        self.oldest = oldest


class _Shelf:
    """All objects of one resource, and the last changes to them."""

    def __init__(self, lock: threading.RLock, since: int) -> None:
        self.objects: dict[Place, Object] = {}
        self.changes: list[Change] = []
        self.changed = threading.Condition(lock)
        self.cursors: WeakSet[Cursor] = WeakSet()
        self.oldest = since


class Storage:
    """Objects by resource, namespace and name. Safe for threads; hold ``lock`` to make several steps one."""

    def __init__(self, history: int = HISTORY) -> None:
        """Remember at least ``history`` changes of each resource."""
        self.lock = threading.RLock()
        self.revision = 1
        self.listeners: list[Callable[[Key, Change], None]] = []
        self._history = history
        self._shelves: dict[ResourceName, _Shelf] = {}
        self._closed = False

    def get(self, key: Key) -> Object | None:
        """Return one object, or None where there is none."""
        shelf = self._shelves.get(key.resource)
        return shelf.objects.get(key.place) if shelf else None

    def put(self, key: Key, obj: Object) -> Object:
        """Store an object under the next revision, which it gets as its resourceVersion; return it."""
        with self.lock:
            stored = self._stamped(obj)
            self._note(key, stored)
            return stored

    def remove(self, key: Key) -> Object | None:
        """Remove an object; return its last state with the revision of the removal. It need not be there."""
        with self.lock:
            before = self.get(key)
            if before is None:
                return None
            last = self._stamped(before)
            self._note(key, None)
            return last

    def drop(self, resource: ResourceName) -> None:
        """Remove all objects of a resource."""
        with self.lock:
            for obj in list(self._shelf(resource).objects.values()):
                self.remove(key_of(resource, obj))

    def snapshot(self, resource: ResourceName, revision: int = 0) -> Snapshot:
        """Return all objects of a resource now, or as they were at a revision. Raises Forgotten.

        Cost: of the resource; with a revision also of the changes since then.
        """
        with self.lock:
            shelf = self._shelf(resource)
            objects = dict(shelf.objects)
            if revision and revision < self.revision:
                for change in reversed(self.changes_since(resource, revision)):
                    if change.before is None:
                        objects.pop(change.place, None)
                    else:
                        objects[change.place] = change.before
            return Snapshot(revision or self.revision, dict(sorted(objects.items())))

    def changes_since(self, resource: ResourceName, revision: int) -> list[Change]:
        """Return the changes to a resource after a revision, oldest first. Raises Forgotten."""
        with self.lock:
            shelf = self._shelf(resource)
            if revision < shelf.oldest:
                raise Forgotten(revision, shelf.oldest)
            return shelf.changes[bisect_right(shelf.changes, revision, key=lambda change: change.revision) :]

    def cursor(self, resource: ResourceName, revision: int) -> Cursor:
        """Return a place in the history of a resource, from which its changes can be followed."""
        with self.lock:
            cursor = Cursor(self, resource, revision)
            self._shelf(resource).cursors.add(cursor)
            return cursor

    def wake(self) -> None:
        """Have all who wait look whether they still want to."""
        with self.lock:
            for shelf in self._shelves.values():
                shelf.changed.notify_all()

    def compact(self) -> None:
        """Forget all changes: whoever asks for those since before now has to list again.

        Cursors that have seen all there was go on.
        """
        with self.lock:
            for shelf in self._shelves.values():
                for cursor in shelf.cursors:
                    if cursor.revision >= max(_last(shelf), shelf.oldest):
                        cursor.revision = self.revision
                shelf.changes.clear()
                shelf.oldest = self.revision

    def close(self) -> None:
        """Wake whoever waits, for ever."""
        self._closed = True
        self.wake()

    @property
    def closed(self) -> bool:
        """Whether :meth:`close` was called."""
        return self._closed

    def keys(self, namespace: str | None = None) -> Iterator[Key]:
        """Yield the keys of all objects, or of those in one namespace."""
        for resource, shelf in list(self._shelves.items()):
            for obj in list(shelf.objects.values()):
                key = key_of(resource, obj)
                if namespace is None or key.namespace == namespace:
                    yield key

    def _stamped(self, obj: Object) -> Object:
        self.revision += 1
        return obj | {"metadata": obj["metadata"] | {"resourceVersion": str(self.revision)}}

    def _note(self, key: Key, after: Object | None) -> None:
        shelf = self._shelf(key.resource)
        before = shelf.objects.get(key.place)
        if after is None:
            del shelf.objects[key.place]
        else:
            shelf.objects[key.place] = after
        change = Change(self.revision, key.place, before, after)
        shelf.changes.append(change)
        if len(shelf.changes) > 2 * self._history:
            shelf.oldest = shelf.changes[-self._history - 1].revision
            del shelf.changes[: -self._history]
        shelf.changed.notify_all()
        for listener in self.listeners:
            listener(key, change)

    def _shelf(self, resource: ResourceName) -> _Shelf:
        shelf = self._shelves.get(resource)
        if shelf is None:
            with self.lock:
                shelf = self._shelves.setdefault(resource, _Shelf(self.lock, 0))
        return shelf


class Cursor:
    """A place in the history of one resource; ``revision`` is the last that was seen."""

    def __init__(self, storage: Storage, resource: ResourceName, revision: int) -> None:
        """See :meth:`Storage.cursor`."""
        self._storage = storage
        self._resource = resource
        self.revision = revision

    def wait(self, seconds: float, is_over: Callable[[], bool]) -> list[Change]:
        """Wait for changes and return them, or none after ``seconds``. Raises Forgotten.

        Returns at once when the storage is closed; ``is_over`` is asked after each :meth:`Storage.wake`.
        The cursor moves to the storage's latest revision; one that is ahead of it waits for what comes after.
        """
        storage = self._storage
        shelf = storage._shelf(self._resource)  # noqa: SLF001 - a cursor is part of its storage
        with storage.lock:
            shelf.changed.wait_for(lambda: storage.closed or is_over() or not self._is_last(shelf), seconds)
            changes = storage.changes_since(self._resource, self.revision)
            self.revision = max(self.revision, storage.revision)
            return changes

    def _is_last(self, shelf: _Shelf) -> bool:
        return shelf.oldest <= self.revision >= _last(shelf)


def _last(shelf: _Shelf) -> int:
    return shelf.changes[-1].revision if shelf.changes else 0
