"""Kubernetes' own types, from their published schemas, for those who embed them or patch them.

Parameters carry affinities, probes and volumes that belong to Kubernetes. Modelling them by hand would be
wrong with its next release, so one data file, made by ``scripts/make_kubernetes_types.py``, answers three
questions: is a value of that type (``faults_of``, ``KubernetesType``), how is it patched (``type_info``),
and what does it look like in a CustomResourceDefinition (``schema_of``).

It is no JSON Schema validator: structure only, no rule that spans two fields. What it answers is what the
API server's strict decoding answers, and that server-side apply takes no two entries of one key; in messages
for people, and fast enough for each plan.

A type is named by the last three parts of its published name, which are unique: ``core.v1.Affinity`` for
``io.k8s.api.core.v1.Affinity``, ``meta.v1.LabelSelector``, ``util.intstr.IntOrString``. The full name will
do too.
"""
# Over 400 lines: loading, checking and writing a schema all walk the same two dataclasses and nothing else.

from __future__ import annotations

import binascii
import json
import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from pydantic_core import PydanticCustomError, core_schema

from gwdeployer.errors import Fault, nearest, one_line, shown

if TYPE_CHECKING:
    from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler

    Check = Callable[["FieldInfo", Any, str, list[Fault]], None]

_DATA = Path(__file__).with_name("kubernetes_types.json")
_RANGES = {"int32": (-(2**31), 2**31 - 1), "int64": (-(2**63), 2**63 - 1)}
#: As CustomResourceDefinitions publish it, and what is meant: Kubernetes' parser takes whole exponents only.
_PUBLISHED_QUANTITY = (
    r"^(\+|-)?(([0-9]+(\.[0-9]*)?)|(\.[0-9]+))"
    r"(([KMGTPE]i)|[numkMGTPE]|([eE](\+|-)?(([0-9]+(\.[0-9]*)?)|(\.[0-9]+))))?$"
)
_QUANTITY = re.compile(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([KMGTPE]i|[numkMGTPE]|[eE][+-]?[0-9]+)?")
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)", re.ASCII)
_PLAIN_KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_-]{0,255}")
_MAX_INTEGER_BITS = 1000  # beyond this an int is nobody's number, and Python may refuse to print it


@dataclass(frozen=True, slots=True)
class FieldInfo:
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


@dataclass(frozen=True, slots=True)
class TypeInfo:
    """One published type. ``name`` is its full name.

    ``fields`` is ``None`` for a type that is not made of fields (a quantity, a time, free-form JSON); then
    ``itself`` says what its values look like.
    """

    name: str
    fields: Mapping[str, FieldInfo] | None
    required: tuple[str, ...]
    map_type: str
    itself: FieldInfo


@dataclass(frozen=True, slots=True)
class KubernetesType:
    """Marks a pydantic field as holding a value of a Kubernetes type.

    ::

        affinity: Annotated[dict[str, Any], KubernetesType("core.v1.Affinity")] | None = None
        volumes: list[Annotated[dict[str, Any], KubernetesType("core.v1.Volume")]] = []

    The field's value is a deep copy in plain dicts and lists, explicit nulls left out. A wrong value raises
    one error of type ``kubernetes_type`` whose ``ctx["faults"]`` lists every ``Fault``, paths relative to the
    field. The name is looked up when the first value is checked: declaring a model reads no file.
    """

    name: str

    def validated(self, value: object) -> Any:
        """Return ``value`` as the field keeps it, or raise ``PydanticCustomError``."""
        faults = faults_of(self.name, value)
        if not faults:
            return without_nulls(value)
        context = {"name": self.name, "summary": "; ".join(map(str, faults)), "faults": faults}
        raise PydanticCustomError("kubernetes_type", "not a {name}: {summary}", context)

    def __get_pydantic_core_schema__(
        self, source: object, handler: GetCoreSchemaHandler
    ) -> core_schema.CoreSchema:
        """Replace pydantic's own check of the annotated type."""
        return core_schema.no_info_plain_validator_function(self.validated)

    def __get_pydantic_json_schema__(
        self, core: core_schema.CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        """Return the type's structural schema."""
        return schema_of(self.name)


def type_info(name: str) -> TypeInfo:
    """Return one type by its short or full name; ``LookupError`` with the nearest name if there is none."""
    return _types.get(name) or _load(name)


def type_of_kind(api_version: str, kind: str) -> str | None:
    """Return the full type name of a kind (``"apps/v1", "Deployment"``), or ``None`` if it is not known."""
    name: str | None = _data()["kinds"].get(f"{api_version}/{kind}")
    return name


def faults_of(type_name: str, value: object, path: str = "") -> list[Fault]:
    """Return everything wrong with ``value`` as a value of that type, in its order; nothing means it is one.

    A field that is null is one that is not set; a null list item, or ``value`` itself being null, is a fault.
    ``path`` is where the value stands and begins each fault's path. Text that may be secret is never quoted.
    """
    faults: list[Fault] = []
    _check_type(type_info(type_name), value, path, faults)
    return faults


def without_nulls(value: Any) -> Any:
    """Return a deep copy of JSON data in plain dicts and lists, without the map entries that are null."""
    if isinstance(value, Mapping):
        return {key: without_nulls(item) for key, item in value.items() if item is not None}
    if isinstance(value, (list, tuple)):
        return [without_nulls(item) for item in value]
    return value


def schema_of(type_name: str) -> dict[str, Any]:
    """Return the type's schema as a CustomResourceDefinition wants it: structural, references written out.

    Where a type contains itself, the inner one is free-form. The caller owns the result.
    """
    return _type_schema(type_info(type_name), ())


# Loading: the file once, a type when it is first asked for.

_types: dict[str, TypeInfo] = {}


@cache
def _data() -> dict[str, Any]:
    data: dict[str, Any] = json.loads(_DATA.read_bytes())
    data["names"] = {_short(name): name for name in data["types"]}
    return data


def _short(name: str) -> str:
    return ".".join(name.rsplit(".", 3)[1:])


def _load(name: str) -> TypeInfo:
    data = _data()
    full = data["names"].get(name, name)
    if full not in data["types"]:
        raise LookupError(
            f"no Kubernetes type is named {name!r}; {nearest(name, data['names'])}".rstrip("; ")
        )
    return _types.setdefault(name, _built(full, data["types"][full]))


def _built(name: str, raw: dict[str, Any]) -> TypeInfo:
    required = tuple(raw.get("required", ()))
    fields = {
        field: _field(inner, required=field in required) for field, inner in raw.get("fields", {}).items()
    }
    known = MappingProxyType(fields) if "fields" in raw else None
    itself = FieldInfo(type="object") if "fields" in raw else _field(raw)
    return TypeInfo(name, known, required, raw.get("mapType", ""), itself)


def _field(raw: dict[str, Any], *, required: bool = False) -> FieldInfo:
    strategy = raw.get("patchStrategy")
    return FieldInfo(
        type=raw.get("type", ""),
        ref=raw.get("ref", ""),
        format=raw.get("format", ""),
        required=required,
        enum=tuple(raw.get("enum", ())),
        items=_field(raw["items"]) if "items" in raw else None,
        values=_field(raw["additionalProperties"]) if "additionalProperties" in raw else None,
        patch_strategy=tuple(strategy.split(",")) if strategy else (),
        merge_key=raw.get("patchMergeKey", ""),
        list_type=raw.get("listType", ""),
        list_map_keys=tuple(raw.get("listMapKeys", ())),
        map_type=raw.get("mapType", ""),
        default=raw.get("default"),
    )


# Checking: each check appends what is wrong and goes on.


def _check_type(info: TypeInfo, value: Any, path: str, faults: list[Fault]) -> None:
    if info.fields is None:
        _check(info.itself, value, path, faults)
    elif isinstance(value, Mapping):
        _check_fields(info, info.fields, value, path, faults)
    else:
        faults.append(_wrong("a mapping", value, path))


def _check_fields(
    info: TypeInfo, fields: Mapping[str, FieldInfo], value: Mapping[Any, Any], path: str, faults: list[Fault]
) -> None:
    for key, item in value.items():
        field = fields.get(key)
        if field is None:
            faults.append(_unknown(key, fields, path))
        elif item is not None:
            _check(field, item, f"{path}.{key}" if path else key, faults)
    missing = [name for name in info.required if value.get(name) is None]
    faults += [Fault("required field is missing", _at(path, name)) for name in missing]


def _check(field: FieldInfo, value: Any, path: str, faults: list[Fault]) -> None:
    if field.ref:
        _check_type(type_info(field.ref), value, path, faults)
    else:
        _CHECKS[field.format or field.type](field, value, path, faults)


def _check_list(field: FieldInfo, value: Any, path: str, faults: list[Fault]) -> None:
    if not isinstance(value, (list, tuple)):
        faults.append(_wrong("a list", value, path, "begin each item with '- '"))
    elif field.items:
        for index, item in enumerate(value):
            _check(field.items, item, f"{path}[{index}]", faults)
        if field.list_map_keys and len(value) > 1:
            _check_keys(field, value, path, faults)


def _check_keys(field: FieldInfo, value: Sequence[Any], path: str, faults: list[Fault]) -> None:
    """Two entries of one key: server-side apply refuses them, built-in kinds and custom ones alike."""
    published = _list_keywords(field).get("x-kubernetes-list-map-keys", ())
    if not published or not all(isinstance(item, Mapping) for item in value):
        return
    fields = type_info(field.items.ref if field.items else "").fields or {}
    keys = [tuple(str(item.get(key) or fields[key].default) for key in published) for item in value]
    for index, key in enumerate(keys):
        if key in keys[:index]:
            named = ", ".join(f"{name} {shown(part)}" for name, part in zip(published, key, strict=True))
            faults.append(
                Fault(f"{named} is there already", f"{path}[{index}]", hint="remove one of the two")
            )


def _check_map(field: FieldInfo, value: Any, path: str, faults: list[Fault]) -> None:
    if not isinstance(value, Mapping):
        faults.append(_wrong("a mapping", value, path))
    elif field.values:
        for key, item in value.items():
            _check_entry(field.values, key, item, _at(path, key), faults)


def _check_entry(field: FieldInfo, key: Any, value: Any, path: str, faults: list[Fault]) -> None:
    if not isinstance(key, str):
        faults.append(Fault(f"the key must be a string, not {_kind(key)}", path, hint="write it in quotes"))
    if value is not None:
        _check(field, value, path, faults)


def _check_string(field: FieldInfo, value: Any, path: str, faults: list[Fault]) -> None:
    if not isinstance(value, str):
        scalar = isinstance(value, (bool, int, float))
        faults.append(_wrong("a string", value, path, "write it in quotes" if scalar else ""))
    elif field.enum and value not in field.enum:
        wanted = " or ".join(map(repr, field.enum))
        faults.append(Fault(f"must be {wanted}, not {shown(value)}", path, hint=nearest(value, field.enum)))


def _check_boolean(_field: FieldInfo, value: Any, path: str, faults: list[Fault]) -> None:
    if not isinstance(value, bool):
        faults.append(_wrong("a boolean", value, path, "write true or false, without quotes", quote=True))


def _check_integer(field: FieldInfo, value: Any, path: str, faults: list[Fault]) -> None:
    low, high = _RANGES[field.format or "int64"]
    if isinstance(value, bool) or not isinstance(value, int):
        faults.append(_wrong("an integer", value, path, _integer_hint(value), quote=True))
    elif not low <= value <= high:
        faults.append(Fault(f"must be between {low} and {high}, not {_quoted(value)}", path))


def _integer_hint(value: Any) -> str:
    if isinstance(value, float) and value.is_integer():
        return f"write {value:.0f}"
    plain = isinstance(value, str) and len(value) < 20 and re.fullmatch(r"[+-]?[0-9]+", value)  # noqa: PLR2004
    return f"write {value} without quotes" if plain else ""


def _check_number(_field: FieldInfo, value: Any, path: str, faults: list[Fault]) -> None:
    if not _is_number(value):
        faults.append(_wrong("a number", value, path, quote=True))


def _check_int_or_string(_field: FieldInfo, value: Any, path: str, faults: list[Fault]) -> None:
    if isinstance(value, int) and not isinstance(value, bool):
        # The schema gives no range, but Kubernetes' Go type holds an int32 and decodes nothing else.
        _check_integer(_INT32, value, path, faults)
    elif not isinstance(value, str):
        faults.append(_wrong("an integer or a string", value, path, _integer_hint(value)))


def _check_quantity(_field: FieldInfo, value: Any, path: str, faults: list[Fault]) -> None:
    if not (_QUANTITY.fullmatch(value) if isinstance(value, str) else _is_number(value)):
        faults.append(_wrong("a quantity", value, path, "write one such as 100m, 2 or 1.5Gi", quote=True))


def _check_time(_field: FieldInfo, value: Any, path: str, faults: list[Fault]) -> None:
    if not (isinstance(value, str) and _is_time(value)):
        faults.append(
            _wrong("an RFC 3339 time", value, path, "write it as '2006-01-02T15:04:05Z'", quote=True)
        )


def _check_base64(field: FieldInfo, value: Any, path: str, faults: list[Fault]) -> None:
    if not isinstance(value, str):
        _check_string(field, value, path, faults)
    elif not _is_base64(value):
        faults.append(Fault("must be base64", path, hint="encode it, padding included"))


def _check_nothing(_field: FieldInfo, _value: Any, _path: str, _faults: list[Fault]) -> None:
    """Accept free-form data."""


_INT32 = FieldInfo(type="integer", format="int32")

_CHECKS: dict[str, Check] = {
    "": _check_nothing,
    "array": _check_list,
    "boolean": _check_boolean,
    "byte": _check_base64,
    "date-time": _check_time,
    "double": _check_number,
    "int-or-string": _check_int_or_string,
    "int32": _check_integer,
    "int64": _check_integer,
    "integer": _check_integer,
    "number": _check_number,
    "object": _check_map,
    "quantity": _check_quantity,
    "string": _check_string,
}


def _is_number(value: object) -> bool:
    try:
        return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)
    except OverflowError:
        return False


def _is_time(text: str) -> bool:
    try:
        return bool(_TIME.fullmatch(text) and datetime.fromisoformat(text))
    except ValueError:
        return False


def _is_base64(text: str) -> bool:
    try:
        binascii.a2b_base64(re.sub(r"[\r\n]", "", text), strict_mode=True)
    except ValueError:
        return False
    return True


# Words.


def _unknown(key: object, fields: Mapping[str, FieldInfo], path: str) -> Fault:
    return Fault(f"unknown field {_quoted(key)}", _at(path, key), hint=nearest(str(key)[:256], fields))


def _wrong(wanted: str, value: object, path: str, hint: str = "", *, quote: bool = False) -> Fault:
    """Strings are quoted only where none belongs: elsewhere a wrong value may be a password."""
    found = (
        f"{_kind(value)} {_quoted(value)}" if quote and isinstance(value, (str, int, float)) else _kind(value)
    )
    return Fault(f"must be {wanted}, not {found}", path, hint=hint)


def _kind(value: object) -> str:
    if value is None:
        return "null"
    if isinstance(value, (Mapping, list, tuple)):
        return "a mapping" if isinstance(value, Mapping) else "a list"
    names = {bool: "a boolean", int: "an integer", float: "a number", str: "a string"}
    return names.get(type(value), f"a {type(value).__name__}")


def _quoted(value: object) -> str:
    huge = isinstance(value, int) and value.bit_length() > _MAX_INTEGER_BITS
    return "an enormous number" if huge else shown(value)


def _at(path: str, key: object) -> str:
    if isinstance(key, str) and _PLAIN_KEY.fullmatch(key):
        return f"{path}.{key}" if path else key
    return f"{path}[{one_line(key, 256) if isinstance(key, str) else _quoted(key)}]"


# Schemas. ``above`` names the types around the one being written, to end recursion.


def _type_schema(info: TypeInfo, above: tuple[str, ...]) -> dict[str, Any]:
    if info.fields is None or info.name in above:
        return _field_schema(info.itself, above)
    above = (*above, info.name)
    properties = {name: _field_schema(field, above) for name, field in info.fields.items()}
    schema: dict[str, Any] = {"type": "object", "properties": properties}
    return schema | _set(required=list(info.required), **{"x-kubernetes-map-type": info.map_type})


def _field_schema(field: FieldInfo, above: tuple[str, ...]) -> dict[str, Any]:
    schema = _type_schema(type_info(field.ref), above) if field.ref else _plain_schema(field, above)
    if field.default is not None:
        schema["default"] = field.default
    return schema | _set(
        enum=list(field.enum), **_list_keywords(field), **{"x-kubernetes-map-type": field.map_type}
    )


def _plain_schema(field: FieldInfo, above: tuple[str, ...]) -> dict[str, Any]:
    if field.format in {"int-or-string", "quantity"}:
        pattern = _PUBLISHED_QUANTITY if field.format == "quantity" else ""
        either = [{"type": "integer"}, {"type": "string"}]
        return {"anyOf": either, "x-kubernetes-int-or-string": True} | _set(pattern=pattern)
    if field.items:
        return {"type": "array", "items": _field_schema(field.items, above)}
    if field.values:
        return {"type": "object", "additionalProperties": _field_schema(field.values, above)}
    free = field.type in {"", "object"}
    return _set(type=field.type, format=field.format, **{"x-kubernetes-preserve-unknown-fields": free})


def _list_keywords(field: FieldInfo) -> dict[str, Any]:
    """Return the list keywords, unless an item may lack a key: no API server installs such a CRD."""
    if field.list_map_keys and field.items:
        fields = type_info(field.items.ref).fields or {}
        if any(not fields[key].required and fields[key].default is None for key in field.list_map_keys):
            return {}
    return {
        "x-kubernetes-list-type": field.list_type,
        "x-kubernetes-list-map-keys": list(field.list_map_keys),
    }


def _set(**keywords: Any) -> dict[str, Any]:
    return {name: value for name, value in keywords.items() if value}
