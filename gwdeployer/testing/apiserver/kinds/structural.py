"""Custom objects along their structural schema: dropping what it does not know, filling in what it knows.

The rules of ``apiextensions-apiserver/pkg/apiserver/schema`` (pruning, defaulting, objectmeta). A schema is
a plain ``openAPIV3Schema``; objects are changed in place, so callers hand over copies.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from typing import Any

from gwdeployer.testing.apiserver.kinds.causes import BadRequest
from gwdeployer.testing.apiserver.kinds.decoding import decoded

Json = dict[str, Any]

PRESERVE = "x-kubernetes-preserve-unknown-fields"
EMBEDDED = "x-kubernetes-embedded-resource"
_TYPE_META = ("apiVersion", "kind", "metadata")


def pruned(obj: Json, schema: Mapping[str, Any]) -> list[str]:
    """Drop unknown fields of a whole object, in place; return their paths, sorted."""
    return sorted(_prune_map(obj, schema, "", is_resource=True))


def _prune(value: Any, schema: Mapping[str, Any], path: str) -> Iterator[str]:
    if isinstance(value, dict):
        yield from _prune_map(value, schema, path, is_resource=schema.get(EMBEDDED, False))
    elif isinstance(value, list) and "items" in schema:
        for index, item in enumerate(value):
            yield from _prune(item, schema["items"], f"{path}[{index}]")
    elif isinstance(value, list) and not schema.get(PRESERVE):
        for index, item in enumerate(value):
            yield from _prune(item, {}, f"{path}[{index}]")


def _prune_map(value: Json, schema: Mapping[str, Any], path: str, *, is_resource: bool) -> Iterator[str]:
    keeps_unknown = schema.get(PRESERVE, False)
    for key in list(value):
        inner = inner_schema(schema, key)
        place = f"{path}.{key}" if path else key
        if is_resource and key in _TYPE_META:
            continue
        if inner is not None:
            yield from _prune(value[key], inner, place)
        elif not keeps_unknown and not _takes_anything(schema):
            del value[key]
            yield place


def _takes_anything(schema: Mapping[str, Any]) -> bool:
    return schema.get("additionalProperties") is True


def inner_schema(schema: Mapping[str, Any], key: str) -> Mapping[str, Any] | None:
    """Return the schema of a field of an object, or ``None`` where the schema knows no such field."""
    properties: Mapping[str, Any] = schema.get("properties", {})
    if key in properties:
        known: Mapping[str, Any] = properties[key]
        return known
    further = schema.get("additionalProperties")
    return further if isinstance(further, Mapping) else None


def drop_nulls(value: Any, schema: Mapping[str, Any] | None) -> None:
    """Drop the fields that are null, may not be, and have no default."""
    if isinstance(value, dict):
        for key in list(value):
            inner = inner_schema(schema, key) if schema is not None else None
            if (
                value[key] is None
                and inner is not None
                and not inner.get("nullable")
                and "default" not in inner
            ):
                del value[key]
            else:
                drop_nulls(value[key], inner)
    elif isinstance(value, list):
        for item in value:
            drop_nulls(item, schema.get("items") if schema is not None else None)


def fill_defaults(value: Any, schema: Mapping[str, Any] | None) -> None:
    """Fill in defaults, also in place of a null that may not be one."""
    if schema is None:
        return
    if isinstance(value, dict):
        for key, inner in schema.get("properties", {}).items():
            if inner.get("default") is not None and _is_missing(value, key, inner):
                value[key] = copy.deepcopy(inner["default"])
        for key in value:
            _fill_item(value, key, inner_schema(schema, key))
    elif isinstance(value, list):
        for index in range(len(value)):
            _fill_item(value, index, schema.get("items"))


def _fill_item(container: Any, key: Any, schema: Mapping[str, Any] | None) -> None:
    if schema is not None and container[key] is None and not schema.get("nullable"):
        container[key] = copy.deepcopy(schema.get("default"))
    fill_defaults(container[key], schema)


def _is_missing(value: Json, key: str, schema: Mapping[str, Any]) -> bool:
    return key not in value or (value[key] is None and not schema.get("nullable"))


def coerce_metadata(obj: Json, path: str = "") -> list[str]:
    """Put an object's metadata into the form of the server's own type; return the unknown fields in it.

    Raises ``BadRequest`` if a value of the metadata has a wrong type.
    """
    if "metadata" not in obj:
        return []
    result = decoded("meta.v1.ObjectMeta", obj["metadata"] or {}, keep_empty=False)
    if result.mismatch:
        raise BadRequest(result.mismatch)
    obj["metadata"] = result.value
    place = f"{path}.metadata" if path else "metadata"
    return [fault.replace('"', f'"{place}.', 1) for fault in result.unknown]


def coerce_embedded(value: Any, schema: Mapping[str, Any], path: str = "") -> Iterator[str]:
    """Coerce the metadata of each embedded resource below ``value``; yield the unknown fields in them."""
    if isinstance(value, dict):
        if schema.get(EMBEDDED) and path:
            yield from coerce_metadata(value, path)
        for key, item in value.items():
            inner = inner_schema(schema, key)
            if inner is not None and not (schema.get(EMBEDDED) and key == "metadata"):
                yield from coerce_embedded(item, inner, f"{path}.{key}" if path else key)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from coerce_embedded(item, schema.get("items", {}), f"{path}[{index}]")
