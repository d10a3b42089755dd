"""The objects of one kind in memory: found by name, listed in order, filed by what indexes say of them."""

from __future__ import annotations

import logging
import threading
from collections.abc import Hashable, Iterable, Mapping, Set
from itertools import chain

from gwdeployer.controller.changes import Change
from gwdeployer.controller.reduction import reduced
from gwdeployer.objects import KindRef, Object, describe, metadata_of
from gwdeployer.objects.states import Place, is_older, is_same, place_of, resource_version
from gwdeployer.store import Index, Lookup

logger = logging.getLogger(__name__)

#: Namespaces of which it is remembered how far their deletions have got; they come and go.
_REMEMBERED = 1024


class KindCache:
    """All objects of a kind that are known. Thread-safe: one thread may change it while others read.

    Objects that have not changed stay the very same.
    """

    def __init__(self, kind: KindRef) -> None:
        """Know no object yet."""
        self._kind = kind
        self._lock = threading.Lock()
        self._objects: dict[str, dict[str, Object]] = {}
        self._ordered: dict[str | None, tuple[Object, ...]] = {}
        self._files: dict[Index, _Files] = {}
        #: By namespace, the resourceVersion of what was last seen to be gone.
        self._deletions: dict[str, str] = {}

    def get(self, namespace: str, name: str) -> Object | None:
        """Return one object, or None."""
        return self._objects.get(namespace, {}).get(name)

    def is_past(self, namespace: str, resource_version: str) -> bool:
        """Return whether something was seen to be gone that was there at a resourceVersion, or later."""
        last = self._deletions.get(namespace, "")
        return last == resource_version or is_older(resource_version, last)

    def count(self) -> int:
        """Return how many objects there are."""
        with self._lock:
            return sum(map(len, self._objects.values()))

    def select(
        self, namespace: str | None, selector: Mapping[str, str] | None, lookup: Lookup | None
    ) -> tuple[Object, ...]:
        """Return objects as :meth:`ObjectStore.list <gwdeployer.ObjectStore.list>` does.

        An index is made when it is first looked into, and kept from then on.
        """
        with self._lock:
            found = self._in_order(namespace) if lookup is None else self._filed(lookup, namespace)
        if selector is None:
            return found
        wanted = selector.items()
        return tuple(obj for obj in found if wanted <= (metadata_of(obj).get("labels") or {}).items())

    def put(self, obj: Object) -> Change | None:
        """Take an object as a watch tells it. None where it is not newer than the one held."""
        place = place_of(obj)
        with self._lock:
            held = self.get(*place)
            if held is not None and (is_same(held, obj) or _is_older(obj, held)):
                return None
            return self._set(place, held, reduced(obj))

    def remove(self, obj: Object) -> Change | None:
        """Drop an object of which ``obj`` is the last state. None where one that is newer is held."""
        place = place_of(obj)
        with self._lock:
            held = self.get(*place)
            if held is None or _is_older(obj, held):
                return None
            return self._gone(place, held, obj)

    def kept(self, obj: Object) -> Object:
        """Return what will be held of an object in a list: what is held already, where it has not changed."""
        held = self.get(*place_of(obj))
        return held if held is not None and is_same(held, obj) else reduced(obj)

    def replace(self, objects: Iterable[Object], namespace: str | None = None) -> list[Change]:
        """Hold what a list says, of a namespace or of all, and nothing else; return what that changes.

        Of each object what is :meth:`kept`.

        The list is right even where what is held is newer: the watch that follows it tells what has happened
        since.
        """
        with self._lock:
            left = {place_of(obj): obj for obj in self._in_order(namespace)}
            changes = []
            for obj in objects:
                place = place_of(obj)
                held = left.pop(place, None)
                if not is_same(held, obj):
                    changes.append(self._set(place, held, obj))
            return [*(self._gone(place, held, held) for place, held in left.items()), *changes]

    def _gone(self, place: Place, held: Object, last: Object) -> Change:
        """Drop an object. The last state of one that a watch tells of has the deletion's resourceVersion."""
        version, known = resource_version(last), self._deletions.pop(place[0], "")
        # A list tells of several at once, in no order of time.
        self._deletions[place[0]] = known if is_older(version, known) else version
        if len(self._deletions) > _REMEMBERED:
            del self._deletions[next(iter(self._deletions))]
        return self._set(place, held, None)

    def _set(self, place: Place, before: Object | None, after: Object | None) -> Change:
        namespace, name = place
        if after is None:
            del self._objects[namespace][name]
            if not self._objects[namespace]:
                del self._objects[namespace]
        else:
            self._objects.setdefault(namespace, {})[name] = after
        self._ordered.pop(None, None)
        self._ordered.pop(namespace, None)
        for files in self._files.values():
            files.refile(place, before, after)
        return Change(self._kind, before, after)

    def _in_order(self, namespace: str | None) -> tuple[Object, ...]:
        found = self._ordered.get(namespace)
        if found is None:
            names = sorted(self._objects) if namespace is None else [namespace]
            found = tuple(chain.from_iterable(_by_name(self._objects.get(name, {})) for name in names))
            self._ordered[namespace] = found
        return found

    def _filed(self, lookup: Lookup, namespace: str | None) -> tuple[Object, ...]:
        files = self._files.get(lookup.by)
        if files is None:
            files = self._files[lookup.by] = _Files(lookup.by)
            for obj in self._in_order(None):
                files.refile(place_of(obj), None, obj)
        return files.under(lookup.key, namespace)


def keys_of(index: Index, obj: Object) -> Set[Hashable]:
    """Return what an index finds an object by; nothing where the index fails on it."""
    try:
        return frozenset(index.keys_of(obj))
    except Exception:
        # Plugins bring indexes, and one object that one of them cannot read must not stop all others.
        logger.exception("index %r cannot read %s", index.name, describe(obj))
        return frozenset()


class _Files:
    """The objects by what one index finds them by. What the index fails on is found by nothing."""

    def __init__(self, index: Index) -> None:
        self._index = index
        self._files: dict[Hashable, dict[Place, Object]] = {}

    def under(self, key: Hashable, namespace: str | None) -> tuple[Object, ...]:
        """Return what is filed under a key, ordered by namespace and name."""
        found = self._files.get(key)
        if found is None:  # most often: of most kinds an owner has nothing
            return ()
        return tuple([found[place] for place in sorted(found) if namespace in (None, place[0])])

    def refile(self, place: Place, before: Object | None, after: Object | None) -> None:
        """File ``after`` instead of ``before``, which has been filed."""
        if before is not None:
            for key in keys_of(self._index, before):
                self._take_out(key, place)
        if after is not None:
            for key in keys_of(self._index, after):
                self._files.setdefault(key, {})[place] = after

    def _take_out(self, key: Hashable, place: Place) -> None:
        file = self._files[key]
        del file[place]
        if not file:
            del self._files[key]


def _by_name(objects: Mapping[str, Object]) -> Iterable[Object]:
    return (objects[name] for name in sorted(objects))


def _is_older(one: Object, other: Object) -> bool:
    return is_older(resource_version(one), resource_version(other))
