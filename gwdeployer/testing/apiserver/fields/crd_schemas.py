"""Schemas of custom resources, from the structural schema of one version of their definition."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gwdeployer.testing.apiserver.fields.published_schemas import atom_of_type
from gwdeployer.testing.apiserver.fields.schema import DEDUCED, UNTYPED, Atom, Key, ListType, MapType, Scalar
from gwdeployer.testing.apiserver.fields.schema import Schema as FieldsSchema
from gwdeployer.testing.apiserver.fields.values import ABSENT

#: A JSON schema as it stands in a CustomResourceDefinition.
OpenAPI = Mapping[str, Any]

_OBJECT_META = "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta"
_STRING: OpenAPI = {"type": "string"}
_SCALARS: Mapping[str, Scalar] = {"integer": "numeric", "number": "numeric", "boolean": "boolean"}


def schema_of_crd(open_api_v3_schema: OpenAPI) -> FieldsSchema:
    """Return the schema of one version's ``openAPIV3Schema``; its metadata is that of every object."""
    root = {**open_api_v3_schema, "type": "object"} | {"x-kubernetes-embedded-resource": True}
    return FieldsSchema(_atom(root, free=False))


def _atom(schema: OpenAPI, *, free: bool) -> Atom:
    """Return the atom of one schema; ``free``: one around it preserves unknown fields."""
    free = free or bool(schema.get("x-kubernetes-preserve-unknown-fields"))
    match schema.get("type") or "":
        case "":
            return Atom("untyped", _list(schema, free=free), _map(schema, free=free))
        case "object":
            return Atom(map=_map(schema, free=free))
        case "array":
            return Atom(list=_list(schema, free=free))
        case "string":
            return Atom("untyped" if schema.get("format", "") not in ("", "byte") else "string")
        case scalar:
            return Atom(_SCALARS[scalar])


def _map(schema: OpenAPI, *, free: bool) -> MapType:
    fields = {name: _atom(inner, free=free) for name, inner in _properties(schema).items()}
    if schema.get("x-kubernetes-embedded-resource"):
        fields["metadata"] = atom_of_type(_OBJECT_META)
    element = _element(schema, free=free, declared=bool(fields))
    return MapType(lambda: fields, element, atomic=schema.get("x-kubernetes-map-type") == "atomic")


def _properties(schema: OpenAPI) -> dict[str, OpenAPI]:
    properties = dict(schema.get("properties") or {})
    if schema.get("x-kubernetes-embedded-resource"):
        properties |= {"apiVersion": _STRING, "kind": _STRING}
        properties.pop("metadata", None)
    return properties


def _element(schema: OpenAPI, *, free: bool, declared: bool) -> Atom | None:
    """Return the type of entries that are no declared field; an object that declares none may have any."""
    additional = schema.get("additionalProperties")
    if isinstance(additional, Mapping):
        return _atom(additional, free=free)
    open_ended = free or not declared if additional is None else additional
    return DEDUCED if open_ended else None


def _list(schema: OpenAPI, *, free: bool) -> ListType:
    items: OpenAPI | None = schema.get("items")
    element = UNTYPED if items is None else _atom(items, free=free)
    kind = schema.get("x-kubernetes-list-type")
    if kind not in ("map", "set"):
        return ListType(element)
    names = sorted(schema.get("x-kubernetes-list-map-keys") or ()) if kind == "map" else ()
    defaults = {name: inner.get("default") for name, inner in _properties(items or {}).items()}
    keys = (Key(name, ABSENT if defaults.get(name) is None else defaults[name]) for name in names)
    return ListType(element, atomic=False, keys=tuple(keys))
