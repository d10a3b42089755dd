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

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from pydantic_core import PydanticCustomError, core_schema

from gwdeployer.objects.type_checks import faults_of
from gwdeployer.objects.type_data import (
    FieldInfo,
    TypeInfo,
    list_keywords,
    type_info,
    type_of_kind,
)

if TYPE_CHECKING:
    from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler

__all__ = [
    "FieldInfo",
    "KubernetesType",
    "TypeInfo",
    "faults_of",
    "schema_of",
    "type_info",
    "type_of_kind",
    "without_nulls",
]

#: As CustomResourceDefinitions publish it, and what is meant: Kubernetes' parser takes whole exponents only.
_PUBLISHED_QUANTITY = (
    r"^(\+|-)?(([0-9]+(\.[0-9]*)?)|(\.[0-9]+))"
    r"(([KMGTPE]i)|[numkMGTPE]|([eE](\+|-)?(([0-9]+(\.[0-9]*)?)|(\.[0-9]+))))?$"
)


class KubernetesType(NamedTuple):
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
        enum=list(field.enum), **list_keywords(field), **{"x-kubernetes-map-type": field.map_type}
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


def _set(**keywords: Any) -> dict[str, Any]:
    return {name: value for name, value in keywords.items() if value}
