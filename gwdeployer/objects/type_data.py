"""What Kubernetes publishes of its types: fields, required ones, and how each is patched and applied.

Made by ``scripts/make_kubernetes_types.py``; read when the first type is asked for, a type at a time.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache, lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

from gwdeployer.errors import nearest

DATA = Path(__file__).with_name("kubernetes_types.json")


class FieldInfo(NamedTuple):
    """What Kubernetes publishes of one field, list item or map value.

    ``ref`` names the type of a value that has fields of its own. ``type`` is ``string``, ``integer``,
    ``number``, ``boolean``, ``array``, ``object``, or empty: anything. ``items`` describes a list's items,
    ``values`` a map's values. ``patch_strategy``, ``merge_key`` (strategic merge patch), ``list_type``,
    ``list_map_keys`` and ``map_type`` (server-side apply) are empty where nothing is published. ``default``
    is known only for fields that are keys of a list; ``None``: none.
    """

    type: str = ""
    ref: str = ""
    format: str = ""
    required: bool = False
    enum: tuple[str, ...] = ()
    items: FieldInfo | None = None
    values: FieldInfo | None = None
    patch_strategy: tuple[str, ...] = ()
    merge_key: str = ""
    list_type: str = ""
    list_map_keys: tuple[str, ...] = ()
    map_type: str = ""
    default: str | None = None


class TypeInfo(NamedTuple):
    """One published type. ``name`` is its full name.

    ``fields`` is ``None`` for a type that is not made of fields (a quantity, a time, free-form JSON); then
    ``itself`` says what its values look like.
    """

    name: str
    fields: Mapping[str, FieldInfo] | None
    required: tuple[str, ...]
    map_type: str
    itself: FieldInfo


def type_info(name: str) -> TypeInfo:
    """Return one type by its short or full name; ``LookupError`` with the nearest name if there is none."""
    return _types.get(name) or _load(name)


def type_of_kind(api_version: str, kind: str) -> str | None:
    """Return the full type name of a kind (``"apps/v1", "Deployment"``), or ``None`` if it is not known."""
    name: str | None = published()["kinds"].get(f"{api_version}/{kind}")
    return name


#: A value of which nothing is published.
ANYTHING = FieldInfo()
_NO_FIELDS: Mapping[str, FieldInfo] = MappingProxyType({})


@lru_cache(maxsize=1024)
def fields_of_kind(api_version: str, kind: str) -> FieldInfo:
    """Return what is published of a kind's objects; ``ANYTHING`` where the kind is not known."""
    name = type_of_kind(api_version, kind)
    return FieldInfo(ref=name) if name else ANYTHING


def fields_of_value(info: FieldInfo) -> Mapping[str, FieldInfo]:
    """Return the fields of a value; empty where it has none of its own, or they are not known."""
    if not info.ref:
        return _NO_FIELDS
    found = _types.get(info.ref) or _load(info.ref)
    return found.fields or _NO_FIELDS


# Loading: the file once, a type when it is first asked for.

_types: dict[str, TypeInfo] = {}


@cache
def published() -> dict[str, Any]:
    """Return the content of the data file."""
    head, *lines, _ = DATA.read_text(encoding="utf-8").splitlines()
    data: dict[str, Any] = json.loads(f"{head}}}}}")
    data["types"] = _Types(lines)
    return data


@cache
def _names() -> dict[str, str]:
    """Return the full name of each short one."""
    return {_short(name): name for name in published()["types"]}


class _Types(Mapping[str, dict[str, Any]]):
    """The types by name. The file has one on each line, and only those that are asked for are parsed."""

    def __init__(self, lines: Iterable[str]) -> None:
        pairs = (line.removesuffix(",").split(":", 1) for line in lines)
        self._texts = {name.strip('"'): text for name, text in pairs}

    def __getitem__(self, name: str) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self._texts[name])
        return found

    def __contains__(self, name: object) -> bool:
        return name in self._texts

    def __iter__(self) -> Iterator[str]:
        return iter(self._texts)

    def __len__(self) -> int:
        return len(self._texts)


def _short(name: str) -> str:
    return ".".join(name.rsplit(".", 3)[1:])


def _load(name: str) -> TypeInfo:
    types = published()["types"]
    full = name if name in types else _names().get(name)
    if full is None:
        raise LookupError(f"no Kubernetes type is named {name!r}; {nearest(name, _names())}".rstrip("; "))
    return _types.setdefault(name, _built(full, types[full]))


def _built(name: str, raw: dict[str, Any]) -> TypeInfo:
    required = tuple(raw.get("required", ()))
    fields = {
        field: _field(inner, required=field in required) for field, inner in raw.get("fields", {}).items()
    }
    known = MappingProxyType(fields) if "fields" in raw else None
    itself = FieldInfo(type="object") if "fields" in raw else _field(raw)
    return TypeInfo(name, known, required, raw.get("mapType", ""), itself)


def _field(raw: Mapping[str, Any], *, required: bool = False) -> FieldInfo:
    members = {_MEMBERS[keyword][0]: _MEMBERS[keyword][1](value) for keyword, value in raw.items()}
    return FieldInfo(**members, required=required)


#: What the file says of a field: where ``FieldInfo`` has it, and as what.
_MEMBERS: Mapping[str, tuple[str, Callable[[Any], Any]]] = {
    "type": ("type", str),
    "ref": ("ref", str),
    "format": ("format", str),
    "enum": ("enum", tuple),
    "items": ("items", _field),
    "additionalProperties": ("values", _field),
    "patchStrategy": ("patch_strategy", lambda text: tuple(text.split(","))),
    "patchMergeKey": ("merge_key", str),
    "listType": ("list_type", str),
    "listMapKeys": ("list_map_keys", tuple),
    "mapType": ("map_type", str),
    "default": ("default", str),
}


def list_keywords(field: FieldInfo) -> dict[str, Any]:
    """Return the list keywords, unless an item may lack a key: no API server installs such a CRD."""
    if field.list_map_keys and field.items:
        fields = type_info(field.items.ref).fields or {}
        if any(not fields[key].required and fields[key].default is None for key in field.list_map_keys):
            return {}
    return {
        "x-kubernetes-list-type": field.list_type,
        "x-kubernetes-list-map-keys": list(field.list_map_keys),
    }
