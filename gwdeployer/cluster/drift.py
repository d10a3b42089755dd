"""Is an object already as planned? Decided from what the API server stored, without asking it. Pure.

It is where two things hold. Our entry of managedFields names exactly the planned fields: so a field that we
have given up, or that somebody else took over, is noticed. And the live object holds the value of each
planned leaf, as the API writes it. Which lists are merged by key, and which values are owned whole, the
entry itself says, for kinds that nobody has told us about too. Fields that are not in the plan are nobody's
business here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
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


class Difference(NamedTuple):
    """A field that is not as planned; ``planned`` is None for one that we own and the plan no longer has."""

    path: Path
    planned: Any
    live: Any

    def __str__(self) -> str:
        """Return the field's path; never values, which may be secret."""
        return ".".join(self.path)


def differences(live: Object, planned: Object, manager: str) -> Iterator[Difference]:
    """Yield what differs between a live object and what ``manager`` would apply; nothing: it is as planned.

    ``planned`` is what would be sent (see ``sending``). Lazy: asking only whether there is any costs a walk
    over the plan where there is none, and less where there is one.
    """
    entry = applied_by(live, manager)
    if entry is None or entry.get("apiVersion") != planned["apiVersion"]:
        yield Difference(("metadata", "managedFields"), manager, None)
        return
    fields = fields_of(entry)
    info = fields_of_kind(planned["apiVersion"], planned["kind"])
    metadata = {name: value for name, value in planned["metadata"].items() if name not in _UNOWNED_METADATA}
    content = {name: value for name, value in planned.items() if name not in _UNOWNED}
    if metadata:
        content["metadata"] = metadata
    else:
        content.pop("metadata")
    yield from _in_map(live, content, fields, info, ())


def _in(live: Any, planned: Any, fields: Fields, info: FieldInfo, path: Path) -> Iterator[Difference]:
    if fields and planned.__class__ is dict:
        yield from _in_map(live, planned, fields, info, path)
    elif fields and planned.__class__ is list and is_list_map(fields):
        yield from _in_list(live, planned, fields, info.items or ANYTHING, path)
    elif not (_is_bare(planned, info) and isinstance(live, Mapping)) and not _holds(live, planned, info):
        yield Difference(path, planned, live)


def _is_bare(planned: Any, info: FieldInfo) -> bool:
    """Return whether we own that something is there (``emptyDir: {}``), and others may own what is in it."""
    atomic = info.map_type == "atomic" or (info.ref and type_info(info.ref).map_type == "atomic")
    return planned == {} and not atomic


def _in_map(live: Any, planned: Object, fields: Fields, info: FieldInfo, path: Path) -> Iterator[Difference]:
    known = fields_of_value(info)
    live = live if isinstance(live, Mapping) else {}
    found = 0
    for name, value in planned.items():
        inner, there = fields.get(f"f:{name}"), live.get(name)
        if inner == {} and there == value and there.__class__ is value.__class__ in _SCALARS:
            found += 1
            continue  # most of an object: worth a way of its own
        field = known.get(name) or info.values or ANYTHING
        if inner is None:
            yield Difference((*path, name), value, there)
        else:
            found += 1
            yield from _in(there, value, inner, field, (*path, name))
    if found == len(fields) - (ITSELF in fields):
        return  # nothing is owned but what is planned
    for owned in fields:
        if owned[:2] == "f:" and owned[2:] not in planned:
            yield Difference((*path, owned[2:]), None, live.get(owned[2:]))


def _in_list(
    live: Any, planned: Sequence[Any], fields: Fields, info: FieldInfo, path: Path
) -> Iterator[Difference]:
    items = live if isinstance(live, list) else []
    by_keys: dict[tuple[str, ...], dict[tuple[Any, ...], Any]] = {}
    for pair in pairings(planned, fields):
        place = (*path[:-1], f"{path[-1]}[{_shown(pair.keys)}]")
        if pair.inner is None or pair.planned is None or pair.keys is None:
            yield Difference(place, pair.planned, None)
        elif "" in pair.keys:
            if pair.planned not in items:
                yield Difference(place, pair.planned, None)
        else:
            names = tuple(pair.keys)
            if names not in by_keys:
                by_keys[names] = _filed(items, names)
            there = by_keys[names].get(tuple(pair.keys.values()))
            yield from _in(there, pair.planned, pair.inner, info, place)


def _filed(items: Sequence[Any], names: Sequence[str]) -> dict[tuple[Any, ...], Any]:
    """Return the live items by their keys, which the API server has seen to be scalars."""
    # Of several with the same keys, the first is the one that an apply goes by.
    return {tuple(map(item.get, names)): item for item in reversed(items) if isinstance(item, Mapping)}


def _shown(keys: Mapping[str, Any] | None) -> str:
    return ",".join(str(value) for value in (keys or {}).values())


def _holds(live: Any, planned: Any, info: FieldInfo) -> bool:
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
            _holds(a, b, info.items or ANYTHING) for a, b in zip(live, planned, strict=True)
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
        _holds(live.get(name), value, known.get(name) or info.values or ANYTHING)
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
