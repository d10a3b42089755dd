"""Who has to be looked at again when an object changes: those who read it, and nobody else.

What a plan or a status was made of is known from the store that recorded it (``RecordingStore.reads``),
absent objects and lists included. So no table says which kinds trigger what: reading is subscribing.
"""

from __future__ import annotations

import threading
from collections.abc import Collection, Hashable, Iterable, Iterator, Mapping
from typing import Literal, NamedTuple, TypeAlias

from gwdeployer.controller.changes import Change, status_only
from gwdeployer.controller.kind_cache import keys_of
from gwdeployer.objects import KindRef, Object, ObjectRef, metadata_of, name_of, namespace_of
from gwdeployer.store import Index, Read

_GroupKind: TypeAlias = tuple[str, str]


#: How objects are found that are read: one by its name, all, those with a label, those that an index files.
_By: TypeAlias = Literal["name", "all", "label"] | Index


class _Topic(NamedTuple):
    """What can be subscribed to: the objects of a kind that are found by something under a key."""

    kind: _GroupKind
    by: _By
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
        #: How many changes there were, as far as anybody was told of them.
        self.changes = 0
        self._topics: dict[ObjectRef, Mapping[_Topic, bool]] = {}
        #: The subscribers of each topic, by its kind, what objects are found by, and the key.
        self._subscribers: dict[_GroupKind, dict[_By, dict[Hashable, _Subscribers]]] = {}

    def record(
        self,
        key: ObjectRef,
        planning: Iterable[Read],
        reporting: Iterable[Read] = (),
        objects: Iterable[ObjectRef] = (),
        *,
        since: int | None = None,
    ) -> bool:
        """Note all that ``key`` has read: for its plan, for its status, and further ``objects``.

        What it read before and not now is forgotten. Of what was read for a plan, changes of a status alone
        do not count. Return whether there is anything of which it would not have been told before, and
        which may have changed since :attr:`changes` was ``since``.
        """
        topics = {_topic(read): read.kind.group_kind in self.status_counts for read in planning}
        topics |= {_topic(read): True for read in reporting}
        topics |= {_Topic(ref.kind.group_kind, "name", (ref.namespace, ref.name)): True for ref in objects}
        with self._lock:
            before = self._topics.get(key)
            if before == topics:
                return False
            before = before or {}
            self._replace(key, before, topics)
            if self.changes == since:
                return False
            return any(topic not in before or counts > before[topic] for topic, counts in topics.items())

    def forget(self, key: ObjectRef) -> None:
        """Drop all subscriptions of a key that is gone."""
        with self._lock:
            self._replace(key, self._topics.get(key, {}), {})
            self._topics.pop(key, None)

    def keys(self) -> list[ObjectRef]:
        """Return all keys on record, those that have read nothing, too, until they are forgotten."""
        with self._lock:
            return list(self._topics)

    def of(self, change: Change) -> set[ObjectRef]:
        """Return the keys that have read what has changed: where it was, or where it is."""
        unseen = status_only(change)
        with self._lock:
            self.changes += 1
            return {
                key
                for subscribers in self._touched(change)
                for key, counts in subscribers.items()
                if counts or not unseen
            }

    def readers(self, kind: KindRef) -> set[ObjectRef]:
        """Return the keys that have read anything of a kind, which is known only now."""
        with self._lock:
            self.changes += 1
            files = self._subscribers.get(kind.group_kind, {}).values()
            return {key for file in files for subscribers in file.values() for key in subscribers}

    def _replace(self, key: ObjectRef, before: Mapping[_Topic, bool], now: Mapping[_Topic, bool]) -> None:
        for topic in before.keys() - now.keys():
            self._drop(key, topic)
        for topic, counts in now.items():
            file = self._subscribers.setdefault(topic.kind, {}).setdefault(topic.by, {})
            file.setdefault(topic.key, {})[key] = counts
        self._topics[key] = now

    def _drop(self, key: ObjectRef, topic: _Topic) -> None:
        """End a subscription. What nobody is left to read is looked for no more."""
        files = self._subscribers[topic.kind]
        file = files[topic.by]
        del file[topic.key][key]
        if not file[topic.key]:
            del file[topic.key]
        if not file:
            del files[topic.by]
        if not files:
            del self._subscribers[topic.kind]

    def _touched(self, change: Change) -> Iterator[_Subscribers]:
        for by, file in self._subscribers.get(change.kind.group_kind, {}).items():
            for obj in (change.before, change.after):
                if obj is not None:
                    yield from (file[key] for key in _keys(by, obj) if key in file)


def _keys(by: _By, obj: Object) -> Iterable[Hashable]:
    """Return the keys under which an object is found."""
    if isinstance(by, Index):
        return keys_of(by, obj)
    namespace = namespace_of(obj)
    if by == "name":
        return ((namespace, name_of(obj)),)
    if by == "all":
        return (None, namespace)
    labels = (metadata_of(obj).get("labels") or {}).items()
    return [(where, label) for label in labels for where in (None, namespace)]


def _topic(read: Read) -> _Topic:
    """Return the topic of a question; of several labels, the first is enough: too much is never wrong."""
    kind = read.kind.group_kind
    if read.verb == "get":
        return _Topic(kind, "name", (read.namespace or "", read.name))
    if read.lookup is not None:
        return _Topic(kind, read.lookup.by, read.lookup.key)
    if read.selector:
        return _Topic(kind, "label", (read.namespace or None, read.selector[0]))
    return _Topic(kind, "all", read.namespace or None)
