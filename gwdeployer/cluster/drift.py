"""Is an object already as planned? Decided from what the API server stored, without asking it. Pure.

It is where two things hold. Our entry of managedFields names exactly the planned fields: so a field that we
have given up, or that somebody else took over, is noticed. And the live object holds the value of each
planned leaf, as the API writes it. Which lists are merged by key, and which values are owned whole, the
entry itself says, for kinds that nobody has told us about too. Fields that are not in the plan are nobody's
business here.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from gwdeployer.cluster.field_sets import ITSELF, Fields, applied_by, fields_of, is_list_map, pairings
from gwdeployer.objects import Object
from gwdeployer.objects.quantities import is_same_amount
from gwdeployer.objects.type_data import ANYTHING, FieldInfo, fields_of_kind, fields_of_value, type_info

Path = tuple[str, ...]
#: What an object is found by is never owned (structured-merge-diff strips it).
_UNOWNED = {"apiVersion", "kind"}
_SCALARS = frozenset({str, int, bool, float})
_UNOWNED_METADATA = {"name", "namespace", "uid", "resourceVersion", "generation", "creationTimestamp"}

#: Which fields the API gives defaults, of the structs that lie in values owned whole. One that is missing
#: here costs a request that changes nothing, once in the life of a process.
_DEFAULTED_IN_ATOMS = {
    "DownwardAPIVolumeFile": frozenset({"mode"}),
    "NetworkPolicyPort": frozenset({"protocol"}),
    "ObjectFieldSelector": frozenset({"apiVersion"}),
    "PersistentVolumeClaim": frozenset({"apiVersion", "kind", "spec", "status"}),
    "PersistentVolumeClaimSpec": frozenset({"volumeMode"}),
    "ResourceFieldSelector": frozenset({"divisor"}),
    "RoleRef": frozenset({"apiGroup"}),
    "ServiceAccountTokenProjection": frozenset({"expirationSeconds"}),
    "Subject": frozenset({"apiGroup"}),
}


class _OwnedNames(dict[str, str]):
    """How managedFields names a field, ``f:NAME``. Most are asked for again and again."""

    def __missing__(self, name: str) -> str:
        if len(self) >= _NAMES:
            self.clear()
        owned = self[name] = f"f:{name}"
        return owned


_NAMES = 8192
_OWNED_AS = _OwnedNames()


class Difference(NamedTuple):
    """A field that is not as planned; ``planned`` is None for one that we own and the plan no longer has."""

    path: Path
    planned: Any
    live: Any

    def __str__(self) -> str:
        """Return the field's path; never values, which may be secret."""
        return ".".join(self.path)


def differences(live: Object, planned: Object, manager: str) -> Sequence[Difference]:
    """Return what differs between a live object and what ``manager`` would apply; nothing: it is as planned.

    ``planned`` is what would be sent (see ``sending``). Cost: one walk over the plan.
    """
    entry = applied_by(live, manager)
    if entry is None or entry.get("apiVersion") != planned["apiVersion"]:
        return (Difference(("metadata", "managedFields"), manager, None),)
    info = fields_of_kind(planned["apiVersion"], planned["kind"])
    metadata = {name: value for name, value in planned["metadata"].items() if name not in _UNOWNED_METADATA}
    content = {name: value for name, value in planned.items() if name not in _UNOWNED}
    if metadata:
        content["metadata"] = metadata
    else:
        content.pop("metadata")
    return _in_map(live, content, fields_of(entry), info)


# Paths are made from the inside outwards: where nothing differs, which is most often so, there are none.


class _Place(str):
    """Which item of a list it is, the first part of a path below the list: ``[web]``."""

    __slots__ = ()


def _below(name: str, found: Iterable[Difference]) -> Iterator[Difference]:
    for path, planned, live in found:
        joined = (f"{name}{path[0]}", *path[1:]) if path and path[0].__class__ is _Place else (name, *path)
        yield Difference(joined, planned, live)


def _in(live: Any, planned: Any, fields: Fields, info: FieldInfo) -> Sequence[Difference]:
    if fields and planned.__class__ is dict:
        return _in_map(live, planned, fields, info)
    if fields and planned.__class__ is list and is_list_map(fields):
        return _in_list(live, planned, fields, info.items or ANYTHING)
    if (_is_bare(planned, info) and isinstance(live, Mapping)) or holds(live, planned, info):
        return ()
    return (Difference((), planned, live),)


def _is_bare(planned: Any, info: FieldInfo) -> bool:
    """Return whether we own that something is there (``emptyDir: {}``), and others may own what is in it."""
    if planned or planned.__class__ is not dict:
        return False
    return not (info.map_type == "atomic" or (info.ref and type_info(info.ref).map_type == "atomic"))


def _in_map(live: Any, planned: Object, fields: Fields, info: FieldInfo) -> list[Difference]:
    known = fields_of_value(info)
    live = live if isinstance(live, dict) else {}
    found: list[Difference] = []
    owned = 0
    for name, value in planned.items():
        inner, there = fields.get(_OWNED_AS[name]), live.get(name)
        if inner is None:
            found.append(Difference((name,), value, there))
            continue
        owned += 1
        if not inner and there == value and there.__class__ is value.__class__ in _SCALARS:
            continue  # most of an object: worth a way of its own
        if differing := _in(there, value, inner, known.get(name) or info.values or ANYTHING):
            found += _below(name, differing)
    if owned < len(fields) - (ITSELF in fields):
        given_up = (field[2:] for field in fields if field[:2] == "f:" and field[2:] not in planned)
        found += [Difference((name,), None, live.get(name)) for name in given_up]
    return found


def _in_list(live: Any, planned: Sequence[Any], fields: Fields, info: FieldInfo) -> list[Difference]:
    items = live if isinstance(live, list) else []
    by_keys: dict[tuple[str, ...], dict[tuple[Any, ...], Any]] = {}
    found: list[Difference] = []
    for item, keys, inner in pairings(planned, fields):
        if inner is None or item is None or keys is None or ("" in keys and item not in items):
            found.append(Difference((_place(keys),), item, None))
        elif "" not in keys:
            names = tuple(keys)
            if names not in by_keys:
                by_keys[names] = _filed(items, names)
            there = by_keys[names].get(tuple(keys.values()))
            if differing := _in(there, item, inner, info):
                found += _below(_place(keys), differing)
    return found


def _place(keys: Mapping[str, Any] | None) -> _Place:
    return _Place(f"[{','.join(str(value) for value in (keys or {}).values())}]")


def _filed(items: Sequence[Any], names: Sequence[str]) -> dict[tuple[Any, ...], Any]:
    """Return the live items by their keys, which the API server has seen to be scalars."""
    # Of several with the same keys, the first is the one that an apply goes by.
    return {tuple(map(item.get, names)): item for item in reversed(items) if isinstance(item, Mapping)}


def holds(live: Any, planned: Any, info: FieldInfo) -> bool:
    """Return whether a live value has all that is planned: it may have defaults beside it.

    An absent value holds an empty one (0, false, "", a map of such): most fields of the API are not stored
    where they are empty, and one that is and was taken away is not ours any more.
    """
    if planned.__class__ is dict:
        return _map_holds(live, planned, info)
    if live is None:
        return not planned
    if planned.__class__ is list:
        return (isinstance(live, list) and len(live) == len(planned)) and all(
            holds(a, b, info.items or ANYTHING) for a, b in zip(live, planned, strict=True)
        )
    if live == planned:
        return (live.__class__ is bool) == (planned.__class__ is bool)
    return _is_quantity(info) and is_same_amount(live, planned)


def _map_holds(live: Any, planned: Object, info: FieldInfo) -> bool:
    live = {} if live is None else live
    if not isinstance(live, Mapping) or _given_up(live, planned, info):
        return False
    known = fields_of_value(info)
    return all(
        holds(live.get(name), value, known.get(name) or info.values or ANYTHING)
        for name, value in planned.items()
    )


def _given_up(live: Mapping[str, Any], planned: Object, info: FieldInfo) -> bool:
    """Return whether a value that is owned whole has something that the plan has no more.

    A free map (a Service's selector) is given no defaults, and a published struct only those we know of. Of
    other structs nothing is known: what is there beside the plan may be their defaults.
    """
    beside = [name for name in live if name not in planned and _is_set(live[name])]
    if not beside or (info.values is None and not info.ref):
        return False
    defaulted = _DEFAULTED_IN_ATOMS.get(info.ref.rpartition(".")[2], frozenset())
    return any(name not in defaulted for name in beside)


def _is_set(value: Any) -> bool:
    """Return whether a value is more than what Go prints of fields that nobody has set."""
    return any(_is_set(inner) for inner in value.values()) if isinstance(value, Mapping) else bool(value)


def _is_quantity(info: FieldInfo) -> bool:
    return info.format == "quantity" or (bool(info.ref) and type_info(info.ref).itself.format == "quantity")
