"""Is an object as planned? A quick look, for the usual case that it is. Pure.

``drift`` finds what differs, ``sending`` what of a plan is sent; both walk over all there is. Most objects
are at rest, and then there is nothing to find: our entry of managedFields names exactly the planned fields,
and each has the planned value. That is looked at here, many fields at a time. A no says nothing but that a
closer look is needed.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from operator import itemgetter
from typing import Any, NamedTuple, TypeVar

from gwdeployer.cluster.drift import holds
from gwdeployer.cluster.field_sets import ITSELF, Fields, applied_by, fields_of, keys_in, pairings
from gwdeployer.objects import Object
from gwdeployer.objects.type_data import ANYTHING, FieldInfo, fields_of_kind, fields_of_value

K = TypeVar("K")
V = TypeVar("V")

#: What an object is found by is never owned (structured-merge-diff strips it).
_FOUND_BY = ("apiVersion", "kind", "metadata")
_BESIDE_METADATA = ("name", "namespace", "ownerReferences")
_METADATA, _OWNERS = "f:metadata", "f:ownerReferences"


def agrees(live: Object, planned: Object, manager: str) -> bool:
    """Return whether a live object is seen at once to be what ``manager`` would apply for ``planned``.

    False says nothing. Of kinds that nobody has published nothing is seen. Cost: some 20 µs.
    """
    info = fields_of_kind(planned["apiVersion"], planned["kind"])
    if info is ANYTHING:
        return False  # of published kinds, 1 and true are no two values of one field: equal is the same
    entry = applied_by(live, manager)
    if entry is None or entry.get("apiVersion") != planned["apiVersion"]:
        return False
    fields = fields_of(entry)
    try:
        return _agrees_in_metadata(
            fields.get(_METADATA, {}), live["metadata"], planned["metadata"], _info_of("metadata", info)
        ) and _map_of(_without(fields, _METADATA), info).agrees(live, _without(planned, *_FOUND_BY))
    except (AttributeError, LookupError, TypeError, ValueError):
        return False  # something is not of the form that it has where all is well


def _agrees_in_metadata(fields: Fields, live: Object, planned: Object, info: FieldInfo) -> bool:
    # What is owned of metadata names the owner: that part no two owners' objects share, all others they do.
    owners = planned.get("ownerReferences")
    if (owners is None) != (_OWNERS not in fields):
        return False
    if owners is not None and not _has_owners(fields[_OWNERS], live["ownerReferences"], owners):
        return False
    return _map_of(_without(fields, _OWNERS), info).agrees(live, _without(planned, *_BESIDE_METADATA))


#: The last three that were seen to agree: one owner's objects have them in common.
_last_owners: tuple[Any, Any, Any] = (None, None, None)


def _has_owners(fields: Fields, live: Sequence[Object], planned: Sequence[Object]) -> bool:
    global _last_owners  # noqa: PLW0603 - it is replaced as one: who reads it sees three that belong together
    last_fields, last_live, last_planned = _last_owners
    if fields is last_fields and live is last_live and planned is last_planned:
        return True
    if not _names_owners(fields, live, planned):
        return False
    _last_owners = fields, live, planned
    return True


def _names_owners(fields: Fields, live: Sequence[Object], planned: Sequence[Object]) -> bool:
    keys = {f'k:{{"uid":"{owner["uid"]}"}}' for owner in planned}
    if len(keys) != len(planned) or keys != fields.keys() - {ITSELF} or any(fields.values()):
        return False
    return all(owner in live for owner in planned)


def _without(values: Mapping[str, V], *names: str) -> dict[str, V]:
    left = dict(values)
    for name in names:
        left.pop(name, None)
    return left


class _Part:
    """A part of a set, what it owns, and the last two values that were seen to agree in that."""

    __slots__ = ("_last", "_owned", "fields", "info")

    def __init__(self, fields: Fields, info: FieldInfo) -> None:
        """``info`` is published of the values.

        Raises LookupError where something that is owned is no plain map, and has no items with keys.
        """
        self.fields, self.info = fields, info  # as long as they are held, nothing else has their identity
        is_list = any(name[:2] == "k:" for name in fields)
        self._owned = _List(fields, info) if is_list else _Map(fields, info)
        self._last: tuple[Any, Any] = (None, None)

    def agrees(self, live: Any, planned: Any) -> bool:
        """Return whether two values agree in what is owned of them."""
        last_live, last_planned = self._last
        # Objects out of a cache have equal parts in common: others are looked into in vain.
        if live is last_live and planned == last_planned:
            return True
        if not self._owned.agrees(live, planned):
            return False
        self._last = live, planned
        return True


#: By the identity of part and info. Objects that are managed alike share a part, and nobody changes it: what
#: was looked at for one of them need not be looked at for the next, where both are alike.
_known: dict[tuple[int, int], _Part] = {}
#: Maps by their names, and the identity of info and of the parts.
_known_maps: dict[tuple[Any, ...], _Map] = {}
_REMEMBERED = 512
_remembering = threading.Lock()


def _part_of(fields: Fields, info: FieldInfo) -> _Part:
    key = id(fields), id(info)
    known = _known.get(key)
    return _remembered(_known, key, _Part(fields, info)) if known is None else known


def _map_of(fields: Fields, info: FieldInfo) -> _Map:
    """Return a map's part whose own dict is nobody else's, as that of a whole object is."""
    key = (id(info), *fields, *map(id, fields.values()))
    known = _known_maps.get(key)
    return _remembered(_known_maps, key, _Map(fields, info)) if known is None else known


def _remembered(known: dict[K, V], key: K, made: V) -> V:
    with _remembering:
        if len(known) >= _REMEMBERED:
            del known[next(iter(known))]  # the oldest
        known[key] = made
    return made


class _Map:
    """What a set owns of a map: some values whole, and some in part."""

    __slots__ = ("_fields", "_info", "_parts", "_shape")

    def __init__(self, fields: Fields, info: FieldInfo) -> None:
        self._fields = fields  # as long as they are held, nothing else has their identity
        self._info = info
        self._shape = _map_shape(tuple(fields), tuple(map(bool, fields.values())))
        self._parts = [
            (name, _part_of(fields[part], _info_of(name, info))) for name, part in self._shape.parts
        ]

    def agrees(self, live: Any, planned: Any) -> bool:
        shape = self._shape
        if planned.keys() != shape.names:
            return False
        wholes = shape.values
        if wholes and wholes(planned) != wholes(live) and not self._has_wholes(live, planned):
            return False
        for name, part in self._parts:  # noqa: SIM110 - a generator for each map costs as much again
            if not part.agrees(live[name], planned[name]):
                return False
        return True

    def _has_wholes(self, live: Mapping[str, Any], planned: Mapping[str, Any]) -> bool:
        return all(
            holds(live.get(name), planned[name], _info_of(name, self._info)) for name in self._shape.wholes
        )


class _List:
    """What a set owns of a list's items, each of which has keys."""

    __slots__ = ("_fields", "_info", "_order", "_shape")

    def __init__(self, fields: Fields, info: FieldInfo) -> None:
        self._fields = fields
        self._info = info.items or ANYTHING
        self._shape = _list_shape(tuple(fields))
        #: The keys of the items that were seen to agree last, and what is owned of each (None: all of it).
        self._order: tuple[list[Any], list[_Part | None]] | None = None

    def agrees(self, live: Any, planned: Any) -> bool:
        # Most lists are in the order of the plan, as those of the last owner were.
        parts = self._parts_in_order(live, planned)
        if parts is not None:
            return all(map(self._has, live, planned, parts))
        keys_of, names = self._shape
        there = {keys_of(item): item for item in live}
        if len(planned) != len(names) or len(there) != len(live):
            return False
        paired = self._paired(planned)
        keys = [keys for _, keys, _ in paired]
        parts = [_part_of(inner, self._info) if inner else None for _, _, inner in paired]
        if len(set(keys)) != len(planned):
            return False
        items = [item for item, _, _ in paired]
        if not all(map(self._has, [there[key] for key in keys], items, parts)):
            return False
        self._order = keys, parts
        return True

    def _parts_in_order(self, live: Any, planned: Any) -> list[_Part | None] | None:
        if self._order is None:
            return None
        keys, parts = self._order
        try:
            same = [*map(self._shape.keys, planned)] == keys == [*map(self._shape.keys, live)]
        except KeyError:  # the plan leaves a key to the API
            return None
        return parts if same else None

    def _paired(self, planned: Sequence[Any]) -> list[tuple[Any, Any, Fields]]:
        """Return each planned item with its keys and what is owned of it."""
        fields, (keys_of, names) = self._fields, self._shape
        try:
            return [(item, keys, fields[names[keys]]) for item in planned for keys in [keys_of(item)]]
        except KeyError:  # a key that the plan leaves to the API
            pairs = pairings(planned, fields)
            return [(item, keys_of(keys or {}), inner or {}) for item, keys, inner in pairs]

    def _has(self, live: Any, planned: Any, part: _Part | None) -> bool:
        if part is not None:
            return part.agrees(live, planned)
        return live == planned or holds(live, planned, self._info)


def _info_of(name: str, info: FieldInfo) -> FieldInfo:
    return fields_of_value(info).get(name) or info.values or ANYTHING


class _MapShape(NamedTuple):
    """What a set owns of a map: its names, the values owned whole, and the names of those owned in part.

    ``values`` returns the former, if there are any.
    """

    names: frozenset[str]
    wholes: tuple[str, ...]
    values: Callable[[Mapping[str, Any]], Any] | None
    parts: tuple[tuple[str, str], ...]


class _ListShape(NamedTuple):
    """What a set owns of a list's items: their keys, and the name that each has in the set."""

    keys: Callable[[Mapping[str, Any]], Any]
    names: Mapping[Any, str]


@lru_cache(maxsize=4096)
def _map_shape(names: tuple[str, ...], are_parts: tuple[bool, ...]) -> _MapShape:
    """Return what a set with these names owns of a map. Raises LookupError where that is no plain map."""
    wholes, parts = [], []
    for name, is_part in zip(names, are_parts, strict=True):
        if name[:2] == "f:":
            (parts.append((name[2:], name)) if is_part else wholes.append(name[2:]))
        elif name != ITSELF:
            raise LookupError(name)
    owned = frozenset([*wholes, *(name for name, _ in parts)])
    return _MapShape(owned, tuple(wholes), itemgetter(*wholes) if wholes else None, tuple(parts))


@lru_cache(maxsize=4096)
def _list_shape(names: tuple[str, ...]) -> _ListShape:
    """Return what a set with these names owns of a list. Raises LookupError where its items have no keys."""
    items = [(name, keys_in(name)) for name in names if name != ITSELF]
    [by] = {tuple(keys) for _, keys in items}
    if by == ("",):
        raise LookupError("the items are values")
    return _ListShape(itemgetter(*by), {itemgetter(*by)(keys): name for name, keys in items})
