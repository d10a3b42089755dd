"""Schemas of CustomResourceDefinitions: known keywords, structural form, defaults that are valid.

The rules of ``ValidateCustomResourceDefinitionOpenAPISchema`` and of
``apiextensions-apiserver/pkg/apiserver/schema``. Rules in CEL are not compiled.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from gwdeployer.testing.apiserver.kinds.causes import (
    Cause,
    at,
    forbidden,
    invalid,
    keyed,
    not_supported,
    required,
)
from gwdeployer.testing.apiserver.kinds.schema_checks import INT_OR_STRING, LIST_KEYS, LIST_TYPE, check
from gwdeployer.testing.apiserver.kinds.structural import EMBEDDED, PRESERVE, pruned
from gwdeployer.testing.apiserver.kinds.validation.common import check_one_of

Schema = dict[str, Any]

_MAP_TYPE = "x-kubernetes-map-type"
_TYPES = ("array", "boolean", "integer", "number", "object", "string")
_LIST_TYPES = ("atomic", "set", "map")
_JUNCTORS = ("allOf", "anyOf", "oneOf")
#: What only the schema itself may say, and not a junctor within it, in the words of the refusal.
_OUTSIDE_JUNCTORS = {
    "type": "must be empty to be structural",
    "additionalProperties": "must be undefined to be structural",
    "default": "must be undefined to be structural",
    "title": "must be empty to be structural",
    "description": "must be empty to be structural",
    "nullable": "must be false to be structural",
    PRESERVE: "must be false to be structural",
    EMBEDDED: "must be false to be structural",
    INT_OR_STRING: "must be false to be structural",
    LIST_KEYS: "must be empty to be structural",
    LIST_TYPE: "must be undefined to be structural",
    _MAP_TYPE: "must be undefined to be structural",
    "x-kubernetes-validations": "must be empty to be structural",
}


def check_schema(schema: Schema, path: str) -> Iterator[Cause]:
    """Yield what is wrong with the schema of one version."""
    if schema.get("nullable"):
        yield forbidden(f"{path}.nullable", "nullable cannot be true at the root")
    inner = list(_inner(schema, path))
    if not any(one.get(PRESERVE) is False for one, _place, _level in inner):
        faults = [fault for one, place, level in inner for fault in _check_structure(one, place, level)]
        faults += _check_completeness(schema, schema, path, path)
        yield from faults or _check_defaults(inner)
    for one, place, _level in inner:
        yield from _check_keywords(one, place)


def _inner(schema: Schema, path: str, level: str = "root") -> Iterator[tuple[Schema, str, str]]:
    """Yield a schema and all those within it, each with its path and what it describes."""
    yield schema, path, level
    for name, field in schema.get("properties", {}).items():
        yield from _inner(field, keyed(at(path, "properties"), name), "field")
    if isinstance(schema.get("items"), dict):
        yield from _inner(schema["items"], at(path, "items"), "item")
    if isinstance(schema.get("additionalProperties"), dict):
        yield from _inner(schema["additionalProperties"], at(path, "additionalProperties"), "field")


# Keywords


def _check_keywords(schema: Schema, path: str) -> Iterator[Cause]:
    if schema.get("uniqueItems"):
        detail = "uniqueItems cannot be set to true since the runtime complexity becomes quadratic"
        yield forbidden(at(path, "uniqueItems"), detail)
    if "additionalProperties" in schema and schema.get("properties"):
        detail = "additionalProperties and properties are mutual exclusive"
        yield forbidden(at(path, "additionalProperties"), detail)
    if schema.get(PRESERVE) is False:
        yield invalid(at(path, PRESERVE), False, "must be true or undefined")
    yield from check_one_of(_TYPES, schema.get("type") or None, at(path, "type"))
    yield from _check_kind_of(schema, _MAP_TYPE, ("atomic", "granular"), "object", path)
    yield from _check_kind_of(schema, LIST_TYPE, _LIST_TYPES, "array", path)
    if schema.get(LIST_TYPE) == "map":
        yield from _check_map_keys(schema, path)


def _check_kind_of(
    schema: Schema, keyword: str, known: tuple[str, ...], kind: str, path: str
) -> Iterator[Cause]:
    if keyword not in schema:
        return
    detail = f"must be {kind} if {keyword} is specified"
    if not schema.get("type"):
        yield required(at(path, "type"), detail)
    elif schema["type"] != kind:
        yield invalid(at(path, "type"), schema["type"], detail)
    if schema[keyword] not in known:
        yield not_supported(at(path, keyword), schema[keyword], known)


def _check_map_keys(schema: Schema, path: str) -> Iterator[Cause]:
    keys, items = schema.get(LIST_KEYS, []), schema.get("items")
    if not keys:
        yield required(at(path, LIST_KEYS), "must not be empty if x-kubernetes-list-type is map")
    if not items:
        yield required(at(path, "items"), "must have a schema if x-kubernetes-list-type is map")
        return
    if items.get("type") != "object":
        detail = "must be object if parent array's x-kubernetes-list-type is map"
        yield invalid(at(path, "items", "type"), items.get("type", ""), detail)
    if items.get("nullable"):
        yield forbidden(
            at(path, "items", "nullable"), "cannot be nullable when x-kubernetes-list-type is map"
        )
    for key in keys:
        place = keyed(at(path, "items", "properties"), key)
        yield from _check_key(items.get("properties", {}).get(key), key in items.get("required", ()), place)
        if key not in items.get("properties", {}):
            yield invalid(at(path, LIST_KEYS), keys, "entries must all be names of item properties")


def _check_key(field: Schema | None, is_required: bool, path: str) -> Iterator[Cause]:
    said = "this property is in x-kubernetes-list-map-keys, so it"
    if field is not None and "default" not in field and not is_required:
        yield required(at(path, "default"), f"{said} must have a default or be a required property")
    if field is not None and field.get("nullable"):
        yield forbidden(at(path, "nullable"), f"{said} cannot be nullable")


# Structure


def _check_structure(schema: Schema, path: str, level: str) -> Iterator[Cause]:
    kind = schema.get("type", "")
    if kind == "array" and not schema.get("items"):
        yield required(at(path, "items"), "must be specified")
    if level == "root":
        yield from _check_root(schema, path)
    elif not kind and not schema.get(INT_OR_STRING) and not schema.get(PRESERVE):
        what = "array items" if level == "item" else "object fields"
        yield required(at(path, "type"), f"must not be empty for specified {what}")
    if schema.get(EMBEDDED):
        yield from _check_embedded(schema, path)
    yield from _check_pattern(schema, path)
    for junctor in _JUNCTORS:
        for index, branch in enumerate(schema.get(junctor, ())):
            allowed = bool(schema.get(INT_OR_STRING))
            yield from _check_junctor(branch, at(path, junctor, index), types_allowed=allowed)
    if "not" in schema:
        yield from _check_junctor(schema["not"], at(path, "not"), types_allowed=False)


def _check_root(schema: Schema, path: str) -> Iterator[Cause]:
    if not schema.get("type"):
        yield required(at(path, "type"), "must not be empty at the root")
    elif schema["type"] != "object":
        yield invalid(at(path, "type"), schema["type"], "must be object at the root")
    if "additionalProperties" in schema:
        yield forbidden(at(path, "additionalProperties"), "must not be used at the root")
    metadata = schema.get("properties", {}).get("metadata", {})
    named = {key: value for key, value in metadata.items() if key not in ("type", "description")}
    if set(named) - {"properties"} or set(named.get("properties", {})) - {"name", "generateName"}:
        detail = (
            "must not specify anything other than name and generateName, but metadata is implicitly specified"
        )
        yield forbidden(keyed(at(path, "properties"), "metadata"), detail)


def _check_embedded(schema: Schema, path: str) -> Iterator[Cause]:
    detail = "must be object if x-kubernetes-embedded-resource is true"
    kind = schema.get("type", "")
    if not kind:
        yield required(at(path, "type"), detail)
    elif kind != "object":
        yield invalid(at(path, "type"), kind, detail)
    if not schema.get("properties") and not schema.get(PRESERVE):
        said = "must not be empty if x-kubernetes-embedded-resource is true without"
        yield required(at(path, "properties"), f"{said} x-kubernetes-preserve-unknown-fields")


def _check_pattern(schema: Schema, path: str) -> Iterator[Cause]:
    pattern = schema.get("pattern", "")
    try:
        re.compile(pattern)
    except re.error as error:
        fault = f"missing closing ): `{pattern}`" if "missing )" in str(error) else f"{error}: `{pattern}`"
        detail = f"must be a valid regular expression, but isn't: error parsing regexp: {fault}"
        yield invalid(at(path, "pattern"), pattern, detail)


def _check_junctor(schema: Schema, path: str, *, types_allowed: bool) -> Iterator[Cause]:
    for keyword, detail in _OUTSIDE_JUNCTORS.items():
        if schema.get(keyword) and not (keyword == "type" and types_allowed):
            yield forbidden(at(path, keyword), detail)
    yield from _check_pattern(schema, path)
    for place, inner in _parts(schema, path):
        yield from _check_junctor(inner, place, types_allowed=types_allowed)


def _parts(schema: Schema, path: str) -> Iterator[tuple[str, Schema]]:
    """Yield the schemas within one that stands in a junctor."""
    for name, field in schema.get("properties", {}).items():
        yield keyed(at(path, "properties"), name), field
    if isinstance(schema.get("items"), dict):
        yield at(path, "items"), schema["items"]
    for junctor in _JUNCTORS:
        for index, branch in enumerate(schema.get(junctor, ())):
            yield at(path, junctor, index), branch
    if "not" in schema:
        yield at(path, "not"), schema["not"]


def _check_completeness(schema: Schema, said: Schema, path: str, where: str) -> Iterator[Cause]:
    """Yield a cause for each field that a junctor of the root names and the schema itself does not."""
    for junctor in _JUNCTORS:
        for index, branch in enumerate(said.get(junctor, ())):
            yield from _check_named(schema, branch, path, at(where, junctor, index))
    if "not" in said:
        yield from _check_named(schema, said["not"], path, at(where, "not"))


def _check_named(schema: Schema, branch: Schema, path: str, where: str) -> Iterator[Cause]:
    for name, field in branch.get("properties", {}).items():
        known = schema.get("properties", {}).get(name)
        place, named = keyed(at(path, "properties"), name), keyed(at(where, "properties"), name)
        if known is None:
            yield required(place, f"because it is defined in {named}")
        else:
            yield from _check_named(known, field, place, named)
    yield from _check_completeness(schema, branch, path, where)


# Defaults


def _check_defaults(schemas: list[tuple[Schema, str, str]]) -> Iterator[Cause]:
    for schema, path, _level in schemas:
        if schema.get("default") is not None:
            yield from _check_default(schema, at(path, "default"))


def _check_default(schema: Schema, path: str) -> Iterator[Cause]:
    default = copy.deepcopy(schema["default"])
    for cause in check(schema, default):
        yield replace(cause, field=f"{path}.{cause.field}" if cause.field else path)
    if isinstance(default, dict) and not schema.get(EMBEDDED):
        within = {"properties": {"default": schema}}
        if pruned({"default": default}, within):
            yield invalid(path, schema["default"], "must not have unknown fields")
