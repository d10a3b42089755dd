"""CustomResourceDefinitions to kinds: one for each version that is served.

The rules of ``apiextensions-apiserver/pkg/registry/customresource``. Rules in CEL are not evaluated;
between versions only ``apiVersion`` changes (conversion ``None``).
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from gwdeployer.objects import KindRef, Object
from gwdeployer.objects.types import type_info
from gwdeployer.testing.apiserver.go_json import go_text
from gwdeployer.testing.apiserver.kinds.causes import Cause, invalid, required
from gwdeployer.testing.apiserver.kinds.metadata import validate_metadata
from gwdeployer.testing.apiserver.kinds.model import FieldPath, Kind, Resource
from gwdeployer.testing.apiserver.kinds.schema_checks import NOWHERE, check, check_lists
from gwdeployer.testing.apiserver.kinds.structural import (
    EMBEDDED,
    coerce_embedded,
    coerce_metadata,
    drop_nulls,
    fill_defaults,
    inner_schema,
    pruned,
)

if TYPE_CHECKING:
    from gwdeployer.testing.apiserver.fields import Schema

#: Faults after which an API server does not look at the rules in CEL, and says so.
_BLOCKING = {
    "FieldValueNotSupported",
    "FieldValueRequired",
    "FieldValueTooLong",
    "FieldValueTooMany",
    "FieldValueTypeInvalid",
}
_MOST_REPLICAS = 2**31 - 1
_UNCHECKED = (
    "some validation rules were not checked because the object was invalid; "
    "correct the existing errors to complete validation"
)


def crd_kinds(crd: Object) -> list[Kind]:
    """Return a kind for each served version of a CustomResourceDefinition."""
    return [CustomKind(crd, version) for version in crd["spec"]["versions"] if version.get("served")]


class CustomKind(Kind):
    """A kind whose objects are JSON that a structural schema describes."""

    def __init__(self, crd: Object, version: Mapping[str, Any]) -> None:
        """Take what is needed from the definition; nothing of it is changed."""
        super().__init__(_resource(crd, version))
        self.version = version
        self.structure: dict[str, Any] = version.get("schema", {}).get("openAPIV3Schema", {})
        self.has_status = "status" in self.resource.subresources

    @cached_property
    def schema(self) -> Schema:
        """Return the schema of the version."""
        from gwdeployer.testing.apiserver.fields import schema_of_crd  # noqa: PLC0415 - only where it is applied

        return schema_of_crd(self.structure)

    def reset_fields(self, subresource: str = "") -> frozenset[FieldPath]:
        """Return the status for the object, everything else for the status."""
        if subresource == "status":
            return frozenset({("metadata",), ("spec",)})
        return frozenset({("status",)} if self.has_status else ())

    def parsed(self, obj: Object) -> tuple[Object, list[str]]:
        """Prune and put metadata into form; types of other values are a matter of validation."""
        result = copy.deepcopy(obj)
        unknown = coerce_metadata(result)
        unknown += [f'unknown field "{path}"' for path in pruned(result, self.structure)]
        drop_nulls(result, self.structure)
        unknown += coerce_embedded(result, self.structure)
        return result, unknown

    def applied(self, obj: Object) -> Object:
        """Return a copy as it is: an apply knows fields and types by the schema, and nulls are values."""
        result = copy.deepcopy(obj)
        # It need not be a time: the server puts its own in its place.
        result.get("metadata", {}).pop("creationTimestamp", None)
        coerce_metadata(result)
        return result

    def default(self, obj: Object) -> Object:
        """Return a copy with the defaults of the schema."""
        result = copy.deepcopy(obj)
        fill_defaults(result, self.structure)
        return result

    def open_api(self) -> dict[str, Any]:
        """Return the schema of the version, with the metadata's own schema."""
        root = copy.deepcopy(self.structure)
        properties = root.setdefault("properties", {})
        properties["apiVersion"] = properties["kind"] = {"type": "string"}
        properties["metadata"] = {"$ref": f"#/components/schemas/{type_info('meta.v1.ObjectMeta').name}"}
        return root

    def prepare_create(self, obj: Object) -> Object:
        """Return the object as generation 1, without a status if that is written apart."""
        result = copy.deepcopy(obj)
        if self.has_status:
            result.pop("status", None)
        result.setdefault("metadata", {})["generation"] = 1
        return result

    def prepare_update(self, new: Object, old: Object, subresource: str = "") -> Object:
        """Return ``new``, or ``old`` with the status of ``new``; generation counts all but metadata."""
        if subresource == "status":
            return _with_status(old, new)
        result = copy.deepcopy(new)
        if self.has_status:
            result.pop("status", None)
            if "status" in old:
                result["status"] = copy.deepcopy(old["status"])
        generation = old["metadata"].get("generation", 0)
        result["metadata"]["generation"] = generation + (_content(result) != _content(old))
        return result

    def validate(self, obj: Object, old: Object | None = None, subresource: str = "") -> list[Cause]:
        """Return what is wrong by the metadata's rules and by the schema."""
        if causes := list(self._validate_type(obj)):
            return causes
        causes += validate_metadata(obj, self.resource, old, builtin=False)
        if subresource == "status":
            causes += self._validate_status(obj, old or {})
        else:
            causes += check(self.structure, obj, "", *(() if old is None else (old,)))
        causes += _validate_embedded(self.structure, obj)
        if old is None or not any(check_lists(self.structure, old)):
            causes += check_lists(self.structure, obj)
        causes += self._validate_scale(obj, subresource)
        if self._has_rules and any(cause.reason in _BLOCKING for cause in causes):
            causes.append(invalid(NOWHERE, None, _UNCHECKED))
        return causes

    def _validate_scale(self, obj: Object, subresource: str) -> Iterator[Cause]:
        scale = self.version.get("subresources", {}).get("scale")
        if scale is not None:
            if subresource != "status":
                yield from _check_replicas(obj, scale["specReplicasPath"])
            yield from _check_replicas(obj, scale["statusReplicasPath"])

    def _validate_status(self, obj: Object, old: Object) -> Iterator[Cause]:
        schema = self.structure.get("properties", {}).get("status")
        if schema is not None and "status" in obj:
            before = (old["status"],) if "status" in old else ()
            for cause in check(schema, obj["status"], "", *before):
                yield replace(cause, field="status" if cause.field == NOWHERE else f"status.{cause.field}")

    def _validate_type(self, obj: Object) -> Iterator[Cause]:
        kind = self.resource.kind
        for field, wanted in (("kind", kind.kind), ("apiVersion", kind.api_version)):
            if obj.get(field) != wanted:
                yield invalid(field, obj.get(field), f"must be {wanted}")

    @cached_property
    def _has_rules(self) -> bool:
        return any("x-kubernetes-validations" in schema for schema in _schemas(self.structure))


def _resource(crd: Object, version: Mapping[str, Any]) -> Resource:
    spec = crd["spec"]
    names = spec["names"]
    return Resource(
        kind=KindRef(spec["group"], version["name"], names["kind"]),
        plural=names["plural"],
        singular=names.get("singular") or names["kind"].lower(),
        namespaced=spec["scope"] == "Namespaced",
        short_names=tuple(names.get("shortNames", ())),
        categories=tuple(names.get("categories", ())),
        subresources=frozenset(version.get("subresources", {})),
    )


def _with_status(old: Object, new: Object) -> Object:
    """Return a copy of ``old`` with the status, and the record of who wrote what, of ``new``."""
    result = copy.deepcopy(old)
    managed = new["metadata"].get("managedFields")
    if managed is not None:
        result["metadata"]["managedFields"] = copy.deepcopy(managed)
    result.pop("status", None)
    if new.get("status") is not None:
        result["status"] = copy.deepcopy(new["status"])
    return result


def _check_replicas(obj: Object, path: str) -> Iterator[Cause]:
    """Yield what is wrong with the number that a path leads to, such as ``.spec.replicas``."""
    value: Any = obj
    for name in path.split(".")[1:]:
        if value is not None and not isinstance(value, dict):
            said = f"{go_text(value)} is of the type {_go_type(value)}, expected map[string]interface{{}}"
            yield invalid(path, 0, f"{path} accessor error: {said}")
        if not isinstance(value, dict) or name not in value:
            return
        value = value[name]
    if isinstance(value, bool) or not isinstance(value, int):
        said = f"{go_text(value)} is of the type {_go_type(value)}, expected int64"
        yield invalid(path, 0, f"{path} accessor error: {said}")
    elif value < 0:
        yield invalid(path, value, "should be a non-negative integer")
    elif value > _MOST_REPLICAS:
        yield invalid(path, value, f"should be less than or equal to {_MOST_REPLICAS}")


def _go_type(value: Any) -> str:
    names = {
        dict: "map[string]interface {}",
        list: "[]interface {}",
        str: "string",
        bool: "bool",
        float: "float64",
    }
    return names.get(type(value), "<nil>")


def _content(obj: Object) -> Object:
    return {key: value for key, value in obj.items() if key != "metadata"}


def _schemas(schema: Any) -> Iterator[Mapping[str, Any]]:
    """Yield a schema and all those within it."""
    if isinstance(schema, Mapping):
        yield schema
        for inner in (*schema.get("properties", {}).values(), schema.get("items")):
            yield from _schemas(inner)
        yield from _schemas(schema.get("additionalProperties"))


def _validate_embedded(schema: Mapping[str, Any], value: Any, path: str = "") -> Iterator[Cause]:
    """Yield a cause for each embedded resource that does not say what it is."""
    if isinstance(value, dict):
        if schema.get(EMBEDDED) and path:
            for field in ("apiVersion", "kind"):
                if not value.get(field):
                    yield required(f"{path}.{field}")
        for key, item in value.items():
            inner = inner_schema(schema, key)
            if inner is not None:
                yield from _validate_embedded(inner, item, f"{path}.{key}" if path else key)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _validate_embedded(schema.get("items", {}), item, f"{path}[{index}]")
