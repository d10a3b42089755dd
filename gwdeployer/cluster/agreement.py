"""Is an object as planned? A quick look, for the usual case that it is. Pure.

``drift`` finds what differs, ``sending`` what of a plan is sent; both walk over all there is. Most objects
are at rest, and then there is nothing to find: our entry of managedFields names exactly the planned fields,
and each has the planned value. That is looked at here, many fields at a time. A no says nothing but that a
closer look is needed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from operator import itemgetter
from typing import Any, NamedTuple

from gwdeployer.cluster.drift import holds
from gwdeployer.cluster.field_sets import ITSELF, Fields, applied_by, fields_of, keys_in, pairings
from gwdeployer.objects import Object
from gwdeployer.objects.type_data import ANYTHING, FieldInfo, fields_of_kind, fields_of_value

#: What an object is found by is never owned (structured-merge-diff strips it).
_FOUND_BY = ("apiVersion", "kind", "metadata")
#: Where the owner's UID is: no two owners' objects have these parts of a set alike.
_ITS_OWN = frozenset({"f:metadata", "f:ownerReferences"})
_FOUND_BY_METADATA = frozenset({"name", "namespace"})


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
    content = {name: value for name, value in planned.items() if name not in _FOUND_BY}
    metadata = {name: value for name, value in planned["metadata"].items() if name not in _FOUND_BY_METADATA}
    if metadata:
        content["metadata"] = metadata
    fields = fields_of(entry)
    try:
        owned = _of_map(tuple(fields), tuple(map(bool, fields.values())))
        return _map_agrees(live, content, fields, info, owned)
    except (AttributeError, LookupError, TypeError, ValueError):
        return False  # something is not of the form that it has where all is well


class _Map(NamedTuple):
    """What a set owns of a map: its names, the values owned whole, and the names of those owned in part."""

    names: frozenset[str]
    wholes: tuple[str, ...]
    values: Callable[[Mapping[str, Any]], Any]
    parts: tuple[tuple[str, str], ...]


class _List(NamedTuple):
    """What a set owns of a list's items: their keys, and the name that each has in the set."""

    keys: Callable[[Mapping[str, Any]], Any]
    names: Mapping[Any, str]


class _Set:
    """A part of a set, what it says, and the last two values that were seen to agree in what it owns."""

    __slots__ = ("fields", "last", "owned")

    def __init__(self, fields: Fields) -> None:
        self.fields = fields
        self.owned = _owned(fields)
        self.last: tuple[Any, Any, FieldInfo] = (None, None, ANYTHING)


#: By the identity of the part, which objects that are managed alike share, and nobody changes: what was
#: looked at for one of them need not be looked at for the next, where both are alike.
_sets: dict[int, _Set] = {}
_REMEMBERED = 4096


def _set_of(fields: Fields) -> _Set:
    known = _sets.get(id(fields))
    if known is None or known.fields is not fields:
        if len(_sets) >= _REMEMBERED:
            _sets.clear()
        known = _sets[id(fields)] = _Set(fields)
    return known


def _agrees(live: Any, planned: Any, fields: Fields, info: FieldInfo) -> bool:
    if not fields:
        return live == planned or holds(live, planned, info)
    known = _set_of(fields)
    # In a tuple, what is one and the same is not looked into. One set may stand for fields of two types.
    if known.last == (live, planned, info):
        return True
    if not _owned_agrees(live, planned, fields, info, known.owned):
        return False
    known.last = live, planned, info
    return True


def _owned_agrees(live: Any, planned: Any, fields: Fields, info: FieldInfo, owned: _Map | _List) -> bool:
    if isinstance(owned, _Map):
        return _map_agrees(live, planned, fields, info, owned)
    return _list_agrees(live, planned, fields, info.items or ANYTHING, owned)


def _map_agrees(
    live: Mapping[str, Any],
    planned: Mapping[str, Any],
    fields: Fields,
    info: FieldInfo,
    owned: _Map,
) -> bool:
    if planned.keys() != owned.names:
        return False
    known, others = fields_of_value(info), info.values or ANYTHING
    if owned.values(planned) != owned.values(live):
        for name in owned.wholes:
            if not holds(live.get(name), planned[name], known.get(name) or others):
                return False
    for name, part in owned.parts:
        inner, value_info = fields[part], known.get(name) or others
        if part in _ITS_OWN:
            found = _owned_agrees(live[name], planned[name], inner, value_info, _owned(inner))
        else:
            found = _agrees(live[name], planned[name], inner, value_info)
        if not found:
            return False
    return True


def _list_agrees(
    live: Sequence[Any], planned: Sequence[Any], fields: Fields, info: FieldInfo, owned: _List
) -> bool:
    there = {owned.keys(item): item for item in live}
    if len(planned) != len(owned.names) or len(there) != len(live):
        return False
    paired = _paired(planned, fields, owned)
    if len({keys for _, keys, _ in paired}) != len(planned):
        return False
    return all(_agrees(there[keys], item, inner, info) for item, keys, inner in paired)


def _paired(planned: Sequence[Any], fields: Fields, owned: _List) -> list[tuple[Any, Any, Fields]]:
    """Return each planned item with its keys and what is owned of it."""
    try:
        return [(item, keys, fields[owned.names[keys]]) for item in planned for keys in [owned.keys(item)]]
    except KeyError:  # a key that the plan leaves to the API
        pairs = pairings(planned, fields)
        return [(item, owned.keys(keys or {}), inner or {}) for item, keys, inner in pairs]


def _owned(fields: Fields) -> _Map | _List:
    """Return what a set owns. Raises LookupError where it is of no plain map, nor of items with keys."""
    if any(name[:2] == "k:" for name in fields):
        return _of_list(tuple(fields))
    return _of_map(tuple(fields), tuple(map(bool, fields.values())))


@lru_cache(maxsize=4096)
def _of_map(names: tuple[str, ...], are_parts: tuple[bool, ...]) -> _Map:
    """Return what a set with these names owns of a map. Raises LookupError where that is no plain map."""
    wholes, parts = [], []
    for name, is_part in zip(names, are_parts, strict=True):
        if name[:2] == "f:":
            (parts.append((name[2:], name)) if is_part else wholes.append(name[2:]))
        elif name != ITSELF:
            raise LookupError(name)
    owned = frozenset([*wholes, *(name for name, _ in parts)])
    return _Map(owned, tuple(wholes), itemgetter(*wholes) if wholes else _nothing, tuple(parts))


@lru_cache(maxsize=4096)
def _of_list(names: tuple[str, ...]) -> _List:
    """Return what a set with these names owns of a list. Raises LookupError where its items have no keys."""
    items = [(name, keys_in(name)) for name in names if name != ITSELF]
    [by] = {tuple(keys) for _, keys in items}
    if by == ("",):
        raise LookupError("the items are values")
    return _List(itemgetter(*by), {itemgetter(*by)(keys): name for name, keys in items})


def _nothing(_: Mapping[str, Any]) -> None:
    return None
