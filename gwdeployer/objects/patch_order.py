"""Where the items of a merged list go, as Kubernetes has it.

The rule, from ``normalizeElementOrder`` in k8s.io/apimachinery ``pkg/util/strategicpatch/patch.go``: items
the patch names keep the order of the patch (with ``$setElementOrder``: of that list), items only the object
has keep the object's, and the two are woven together: an item only the object has goes ahead of the next item
of the patch if it stood ahead of it in the object too. An item new to the object stands nowhere in it, so
nothing goes ahead of it: new items come first, or directly behind the item the patch names before them.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

#: An item with what tells it apart: its key's value, or itself.
Pair = tuple[Hashable, Any]


class Live:
    """The keys of the object's list in the state Kubernetes' own merge sees them in while it orders.

    Its merge works inside the list's array: a deleted item lets the others move up, and new ones are appended
    in the place that became free. Ordering by ``$setElementOrder`` afterwards still looks at the whole array,
    where a new item then stands behind the old ones (``everything``); otherwise only at what was left of the
    list before anything was appended (``left``). An accident of Go's slices, and what kubectl's users see.
    """

    __slots__ = ("_size", "everything", "left")

    def __init__(self, keys: list[Hashable]) -> None:
        """Begin with the keys of the object's list, which is not changed."""
        self.everything = self.left = keys
        self._size = len(keys)

    def delete(self, key: Hashable) -> None:
        """Take out each item of that key."""
        keys = self.everything = self.everything.copy()
        while key in keys[: self._size]:
            place = keys.index(key)
            keys[place : self._size - 1] = keys[place + 1 : self._size]
            self._size -= 1
        self.left = keys[: self._size]

    def append(self, key: Hashable) -> None:
        """Add an item at the end; past the array's end it is in another array, and not seen."""
        if self._size < len(self.everything):
            self.everything[self._size] = key
            self._size += 1


def identity(value: Any) -> Hashable:
    """Return what makes two single values one: in JSON, unlike Python, ``1``, ``1.0`` and ``true`` differ."""
    if isinstance(value, str):
        return value
    return (type(value).__name__, value if isinstance(value, (int, float)) else id(value))


def by_themselves(items: Iterable[Any]) -> list[Pair]:
    """Return single values as pairs."""
    return [(identity(item), item) for item in items]


def positions(keys: Iterable[Hashable]) -> dict[Hashable, int]:
    """Return where each key stands first."""
    found: dict[Hashable, int] = {}
    for index, key in enumerate(keys):
        if key not in found:
            found[key] = index
    return found


def woven(pairs: list[Pair], wanted: Mapping[Hashable, int], live: Mapping[Hashable, int]) -> list[Pair]:
    """Return merged items in order: ``wanted`` is that of the patch, ``live`` that of the object."""
    named = _sorted([pair for pair in pairs if pair[0] in wanted], wanted)
    others = _sorted([pair for pair in pairs if pair[0] not in wanted], live)
    result: list[Pair] = []
    taken = 0
    for pair in named:
        limit = live.get(pair[0], -1)
        while taken < len(others) and live.get(others[taken][0], limit) < limit:
            result.append(others[taken])
            taken += 1
        result.append(pair)
    return result + others[taken:]


@dataclass(slots=True)
class Merged:
    """A merged list that is not yet in order. ``wanted`` is the patch's order; ``None``: as the pairs are."""

    pairs: list[Pair]
    live: Live
    wanted: Mapping[Hashable, int] | None = None

    def in_order(self) -> list[Pair]:
        """Return the items in the order they have without ``$setElementOrder``."""
        if self.wanted is None:
            return self.pairs
        live = positions(self.live.left)
        places = [live.get(key, -1) for key in self.wanted]
        if len(live) == len(self.pairs) and -1 not in places and places == sorted(places):
            return self.pairs  # none new, no key twice, in the object's own sequence: the usual overlay
        return woven(self.pairs, self.wanted, live)


def _sorted(pairs: list[Pair], order: Mapping[Hashable, int]) -> list[Pair]:
    """Sort as Kubernetes does: by insertion, an item without a place being less than all, and all than it.

    Items without a place occur with an empty ``$setElementOrder`` only. Go sorts more than 20 items in
    blocks, so that their order differs there: nobody's order anyway.
    """
    if len(pairs) < 2:  # noqa: PLR2004 - nothing to sort
        return pairs
    if all(key in order for key, _ in pairs):
        return sorted(pairs, key=lambda pair: order[pair[0]])
    result: list[Pair] = []
    for pair in pairs:
        at = len(result)
        while at and order.get(pair[0], -1) < order.get(result[at - 1][0], len(order)):
            at -= 1
        result.insert(at, pair)
    return result
