"""Schemas of the kinds that Kubernetes publishes types of."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

from gwdeployer.objects.type_data import FieldInfo, TypeInfo, type_info
from gwdeployer.testing.apiserver.fields.schema import (
    DEDUCED,
    UNTYPED,
    Atom,
    Key,
    ListType,
    MapType,
    Scalar,
    Schema,
)
from gwdeployer.testing.apiserver.fields.values import ABSENT

_SCALARS: Mapping[str, Scalar] = {
    "string": "string",
    "integer": "numeric",
    "number": "numeric",
    "boolean": "boolean",
}
_ZEROS: Mapping[str, Any] = {"string": "", "integer": 0, "number": 0, "boolean": False}
#: Published as an object, but one that is owned as a whole.
_RAW_EXTENSION = "io.k8s.apimachinery.pkg.runtime.RawExtension"
#: Types whose ``type`` has been required until Kubernetes 1.36 and is not published as such by later ones.
_CONDITIONS = frozenset(
    f"io.k8s.api.apps.v1.{kind}Condition" for kind in ("DaemonSet", "Deployment", "ReplicaSet", "StatefulSet")
)


def schema_of_type(type_name: str) -> Schema:
    """Return the schema of a published type, ``apps.v1.Deployment``; ``LookupError`` if there is none."""
    return Schema(atom_of_type(type_info(type_name).name))


@cache
def atom_of_type(name: str) -> Atom:
    """Return how values of one type are structured. What its fields hold is read when it is asked for."""
    info = type_info(name)
    if info.name == _RAW_EXTENSION:
        return UNTYPED
    if info.fields is None:
        return _atom(info.itself)
    return Atom(map=MapType(lambda: _fields(info), atomic=info.map_type == "atomic"))


def _fields(info: TypeInfo) -> dict[str, Atom]:
    return {name: _atom(field) for name, field in (info.fields or {}).items()}


def _atom(info: FieldInfo) -> Atom:
    if info.ref:
        atom = atom_of_type(type_info(info.ref).name)
        return atom.related(atomic=info.map_type == "atomic") if info.map_type else atom
    if info.items and info.type == "array":
        return Atom(list=_list(info, info.items))
    if info.type == "object":
        element = _atom(info.values) if info.values else DEDUCED
        return Atom(map=MapType(element=element, atomic=info.map_type == "atomic"))
    return _plain(info)


def _plain(info: FieldInfo) -> Atom:
    """Return the atom of a scalar. Strings of a format (times, quantities) may be written as numbers, too."""
    if not info.type or info.format == "int-or-string":
        return DEDUCED
    if info.type == "string" and info.format not in ("", "byte"):
        return _scalar("untyped")
    return _scalar(_SCALARS[info.type])


@cache
def _scalar(scalar: Scalar) -> Atom:
    return Atom(scalar)


def _list(info: FieldInfo, items: FieldInfo) -> ListType:
    element = _atom(items)
    if info.list_type in ("map", "set"):
        keys = tuple(_key(items, name) for name in sorted(info.list_map_keys))
        return ListType(element, atomic=False, keys=keys)
    merged = "merge" in info.patch_strategy and not info.list_type
    keys = (_key(items, info.merge_key),) if merged and info.merge_key else ()
    return ListType(element, atomic=not merged, keys=keys)


def _key(items: FieldInfo, name: str) -> Key:
    """Return a key of a list map. Required keys default to the zero value of their Go type."""
    info = type_info(items.ref)
    field = (info.fields or {})[name]
    if field.default is not None:
        return Key(name, field.default)
    required = field.required or info.name in _CONDITIONS
    return Key(name, _ZEROS.get(field.type, ABSENT) if required else ABSENT)
