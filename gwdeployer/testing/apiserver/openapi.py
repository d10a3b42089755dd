"""OpenAPI documents of the served kinds: as much as kubectl reads of them.

``kubectl explain`` looks for the kind of a path and for its schema, ``--validate`` and server-side apply
for the query parameters of a PATCH. Descriptions are left out: kubectl prints ``<empty>`` for them. A
document is made when it is first asked for and kept as long as the kinds of its group version are the same.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator
from functools import cache, lru_cache
from typing import Any

from gwdeployer.objects.types import FieldInfo, TypeInfo, type_info
from gwdeployer.testing.apiserver.kinds import Kind
from gwdeployer.testing.apiserver.kinds.go_types import go_type

Json = dict[str, Any]

_INFO = {"title": "Kubernetes", "version": "1.36"}
_REFERENCE = "#/components/schemas/"
_WRITES = ("dryRun", "fieldManager", "fieldValidation")
#: The operations on one object and on all, the action that each is called, and its query parameters.
_ON_ONE = {
    "get": ("get", ()),
    "put": ("put", _WRITES),
    "patch": ("patch", (*_WRITES, "force")),
    "delete": ("delete", ("dryRun", "gracePeriodSeconds", "propagationPolicy")),
}
_ON_ALL = {
    "get": ("list", ("labelSelector", "fieldSelector", "limit", "continue", "watch")),
    "post": ("post", _WRITES),
    "delete": ("deletecollection", ("dryRun", "labelSelector", "fieldSelector")),
}
_VERBS = {
    "get": "get",
    "put": "update",
    "patch": "patch",
    "delete": "delete",
    "post": "create",
    "list": "list",
}


def openapi_v3_index(kinds: Iterable[Kind]) -> Json:
    """Return where the document of each group version is; its hash changes with the kinds."""
    found: dict[str, list[Kind]] = {}
    for kind in kinds:
        found.setdefault(kind.resource.kind.api_version, []).append(kind)
    return {"paths": {_root(version): _entry(version, tuple(group)) for version, group in found.items()}}


def openapi_v3(kinds: Iterable[Kind], group_version: str) -> Json:
    """Return the document of one group version (``apps/v1``, ``v1``); the caller must not change it."""
    served = tuple(kind for kind in kinds if kind.resource.kind.api_version == group_version)
    return _document(served)


def openapi_v2(kinds: Iterable[Kind]) -> Json:
    """Return one document of all kinds in OpenAPI v2, as JSON."""
    merged: Json = {"paths": {}, "definitions": {}}
    for group in _by_version(kinds):
        document = _document(group)
        merged["paths"] |= document["paths"]
        merged["definitions"] |= document["components"]["schemas"]
    text = json.dumps(merged).replace(_REFERENCE, "#/definitions/")
    return {"swagger": "2.0", "info": _INFO, **json.loads(text)}


def _by_version(kinds: Iterable[Kind]) -> Iterator[tuple[Kind, ...]]:
    found: dict[str, list[Kind]] = {}
    for kind in kinds:
        found.setdefault(kind.resource.kind.api_version, []).append(kind)
    yield from map(tuple, found.values())


def _root(api_version: str) -> str:
    return f"{'apis' if '/' in api_version else 'api'}/{api_version}"


def _entry(api_version: str, kinds: tuple[Kind, ...]) -> Json:
    told = json.dumps([[kind.resource.plural, kind.open_api()] for kind in kinds], sort_keys=True)
    digest = hashlib.sha256(told.encode()).hexdigest().upper()
    return {"serverRelativeURL": f"/openapi/v3/{_root(api_version)}?hash={digest}"}


@lru_cache(maxsize=64)
def _document(kinds: tuple[Kind, ...]) -> Json:
    schemas = {_schema_name(kind): _kind_schema(kind) for kind in kinds}
    for name in _referred(schemas.values()):
        schemas.setdefault(name, _type_schema(name))
    paths = {path: item for kind in kinds for path, item in _paths(kind)}
    return {"openapi": "3.0.0", "info": _INFO, "paths": paths, "components": {"schemas": schemas}}


# Schemas


def _schema_name(kind: Kind) -> str:
    """Return the name of a kind's schema: that of its type, else such as ``com.example.v1.Widget``."""
    schema = kind.open_api()
    if "$ref" in schema:
        return str(schema["$ref"]).removeprefix(_REFERENCE)
    group, version, name = kind.resource.kind
    return ".".join([*reversed(group.split(".")), version, name])


def _kind_schema(kind: Kind) -> Json:
    schema = kind.open_api()
    group, version, name = kind.resource.kind
    body = _type_schema(_schema_name(kind)) if "$ref" in schema else schema
    identity = {"group": group, "kind": name, "version": version}
    return {**body, "x-kubernetes-group-version-kind": [identity]}


def _referred(schemas: Iterable[Json]) -> set[str]:
    """Return the names of all types that schemas refer to, through any number of others."""
    found: set[str] = set()
    waiting = [name for schema in schemas for name in _references(schema)]
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting += _references(_type_schema(name))
    return found


def _references(schema: Any) -> list[str]:
    if isinstance(schema, dict):
        own = [schema["$ref"].removeprefix(_REFERENCE)] if isinstance(schema.get("$ref"), str) else []
        return own + [name for inner in schema.values() for name in _references(inner)]
    return [name for inner in schema for name in _references(inner)] if isinstance(schema, list) else []


@cache
def _type_schema(name: str) -> Json:
    info = type_info(name)
    if info.fields is None:
        return _scalar(info)
    known = go_type(name).fields
    properties = {key: _field_schema(field) for key, field in info.fields.items() if key in known}
    schema = {"type": "object", "properties": properties}
    return schema | _set(required=list(info.required), **{"x-kubernetes-map-type": info.map_type})


def _scalar(info: TypeInfo) -> Json:
    match info.itself.format:
        case "int-or-string":
            return {"format": "int-or-string", "oneOf": [{"type": "integer"}, {"type": "string"}]}
        case "quantity":
            return {"oneOf": [{"type": "string"}, {"type": "number"}]}
    return _set(type=info.itself.type, format=info.itself.format)


def _field_schema(field: FieldInfo) -> Json:
    return _content(field) | _set(
        **{
            "x-kubernetes-list-map-keys": list(field.list_map_keys),
            "x-kubernetes-list-type": field.list_type,
            "x-kubernetes-map-type": field.map_type,
            "x-kubernetes-patch-merge-key": field.merge_key,
            "x-kubernetes-patch-strategy": ",".join(field.patch_strategy),
        }
    )


def _content(field: FieldInfo) -> Json:
    if field.ref:
        return {"allOf": [{"$ref": f"{_REFERENCE}{field.ref}"}]}
    schema = _set(type=field.type, format=field.format, default=field.default)
    if field.items:
        schema["items"] = _field_schema(field.items)
    if field.values:
        schema["additionalProperties"] = _field_schema(field.values)
    return schema


def _set(**keywords: Any) -> Json:
    return {name: value for name, value in keywords.items() if value}


# Paths


def _paths(kind: Kind) -> Iterator[tuple[str, Json]]:
    resource = kind.resource
    root = f"/{_root(resource.kind.api_version)}"
    if resource.namespaced:
        yield f"{root}/{resource.plural}", _item(kind, {"get": _ON_ALL["get"]})
        root = f"{root}/namespaces/{{namespace}}"
    yield f"{root}/{resource.plural}", _item(kind, _ON_ALL)
    yield f"{root}/{resource.plural}/{{name}}", _item(kind, _ON_ONE)
    if "status" in resource.subresources:
        written = {method: told for method, told in _ON_ONE.items() if method != "delete"}
        yield f"{root}/{resource.plural}/{{name}}/status", _item(kind, written)


def _item(kind: Kind, operations: dict[str, tuple[str, tuple[str, ...]]]) -> Json:
    return {
        method: _operation(kind, action, parameters)
        for method, (action, parameters) in operations.items()
        if _VERBS.get(action, action) in kind.resource.verbs or action in kind.resource.verbs
    }


def _operation(kind: Kind, action: str, parameters: tuple[str, ...]) -> Json:
    group, version, name = kind.resource.kind
    schema = {"$ref": f"{_REFERENCE}{_schema_name(kind)}"}
    return {
        "operationId": f"{action}{name}",
        "parameters": [{"name": name, "in": "query", "schema": {"type": "string"}} for name in parameters],
        "responses": {"200": {"description": "OK", "content": {"application/json": {"schema": schema}}}},
        "x-kubernetes-action": action,
        "x-kubernetes-group-version-kind": {"group": group, "kind": name, "version": version},
    }
