"""Who has to be looked at again when an object changes: those who read it, and nobody else.

What a plan or a status was made of is known from the store that recorded it (``RecordingStore.reads``),
absent objects and lists included. So no table says which kinds trigger what: reading is subscribing.
"""

from __future__ import annotations

import threading
from collections.abc import Collection, Hashable, Iterable, Iterator, Mapping
from typing import NamedTuple, TypeAlias

from gwdeployer.controller.changes import Change, status_only
from gwdeployer.controller.kind_cache import keys_of
from gwdeployer.objects import KindRef, Object, ObjectRef, metadata_of, name_of, namespace_of
from gwdeployer.store import Index, Read

_GroupKind: TypeAlias = tuple[str, str]


class _Topic(NamedTuple):
    """What can be subscribed to: one object, the objects an index files under a key, or a whole list."""

    kind: _GroupKind
    by: str | Index
    key: Hashable


#: Who subscribes to a topic, and whether changes of a status alone count.
_Subscribers: TypeAlias = dict[ObjectRef, bool]


class Dependents:
    """Subscriptions of keys (owners, and objects whose status is reported) to what they have read.

    Thread-safe. A change costs a few look-ups, however many keys there are.
    """

    def __init__(self, status_counts: Collection[_GroupKind] = ()) -> None:
        """``status_counts`` are kinds of which plans read the status, too."""
        self.status_counts = frozenset(status_counts)
        self._lock = threading.Lock()
        self._topics: dict[ObjectRef, Mapping[_Topic, bool]] = {}
        self._subscribers: dict[_Topic, _Subscribers] = {}
        self._indexes: dict[_GroupKind, dict[Index, int]] = {}

    def record(
        self,
        key: ObjectRef,
        planning: Iterable[Read],
        reporting: Iterable[Read] = (),
        objects: Iterable[ObjectRef] = (),
    ) -> bool:
        """Note all that ``key`` has read: for its plan, for its status, and further ``objects``.

        What it read before and not now is forgotten. Of what was read for a plan, changes of a status alone
        do not count. Return whether there is anything of which it would not have been told before.
        """
        topics = {_topic(read): read.kind.group_kind in self.status_counts for read in planning}
        topics |= {_topic(read): True for read in reporting}
        topics |= {_Topic(ref.kind.group_kind, "object", (ref.namespace, ref.name)): True for ref in objects}
        with self._lock:
            before = self._topics.get(key, {})
            if before == topics:
                return False
            self._replace(key, before, topics)
            return any(topic not in before or counts > before[topic] for topic, counts in topics.items())

    def forget(self, key: ObjectRef) -> None:
        """Drop all subscriptions of a key that is gone."""
        with self._lock:
            self._replace(key, self._topics.get(key, {}), {})
            self._topics.pop(key, None)

    def keys(self) -> list[ObjectRef]:
        """Return all keys that have read anything and are not forgotten."""
        with self._lock:
            return list(self._topics)

    def of(self, change: Change) -> set[ObjectRef]:
        """Return the keys that have read what has changed."""
        unseen = status_only(change)
        with self._lock:
            found = (self._subscribers.get(topic, {}) for topic in self._touched(change))
            return {key for keys in found for key, counts in keys.items() if counts or not unseen}

    def readers(self, kind: KindRef) -> set[ObjectRef]:
        """Return the keys that have read anything of a kind. Cost: a look at every subscription."""
        with self._lock:
            return {
                key
                for topic, keys in self._subscribers.items()
                if topic.kind == kind.group_kind
                for key in keys
            }

    def _replace(self, key: ObjectRef, before: Mapping[_Topic, bool], now: Mapping[_Topic, bool]) -> None:
        for topic in before.keys() - now.keys():
            subscribers = self._subscribers[topic]
            del subscribers[key]
            if not subscribers:
                self._close(topic)
        for topic, counts in now.items():
            if topic not in self._subscribers:
                self._open(topic)
            self._subscribers[topic][key] = counts
        self._topics[key] = now

    def _open(self, topic: _Topic) -> None:
        self._subscribers[topic] = {}
        if isinstance(topic.by, Index):
            counts = self._indexes.setdefault(topic.kind, {})
            counts[topic.by] = counts.get(topic.by, 0) + 1

    def _close(self, topic: _Topic) -> None:
        del self._subscribers[topic]
        if isinstance(topic.by, Index):
            counts = self._indexes[topic.kind]
            counts[topic.by] -= 1
            if not counts[topic.by]:
                del counts[topic.by]

    def _touched(self, change: Change) -> Iterator[_Topic]:
        """Yield every topic that the change is about: where the object was, and where it is."""
        kind = change.kind.group_kind
        for obj in (change.before, change.after):
            if obj is not None:
                yield from self._topics_of(kind, obj)

    def _topics_of(self, kind: _GroupKind, obj: Object) -> Iterator[_Topic]:
        namespace = namespace_of(obj)
        yield _Topic(kind, "object", (namespace, name_of(obj)))
        yield _Topic(kind, "list", (None, None))
        yield _Topic(kind, "list", (namespace, None))
        for label in (metadata_of(obj).get("labels") or {}).items():
            yield _Topic(kind, "list", (None, label))
            yield _Topic(kind, "list", (namespace, label))
        for index in self._indexes.get(kind, ()):
            for key in keys_of(index, obj):
                yield _Topic(kind, index, key)


def _topic(read: Read) -> _Topic:
    """Return the topic of a question; of several labels, the first is enough: too much is never wrong."""
    kind = read.kind.group_kind
    if read.verb == "get":
        return _Topic(kind, "object", (read.namespace or "", read.name))
    if read.lookup is not None:
        return _Topic(kind, read.lookup.by, read.lookup.key)
    label = read.selector[0] if read.selector else None
    return _Topic(kind, "list", (read.namespace or None, label))
