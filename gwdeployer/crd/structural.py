"""From a pydantic model to a structural schema: the JSON schema an API server installs and prunes by.

Pydantic's JSON schema says more than that (references, unions with null, titles, defaults) and less (integer
formats, how lists merge, rules in CEL). What it cannot say, models say beside it: ``Constraint``, ``Rule``
and ``ByKey`` of ``gwdeployer.parameters``, ``KubernetesType`` of ``gwdeployer.objects``. Where a type has no
structural form, the schema is looser than the model, never stricter.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue

from gwdeployer.parameters.constraints import KEY_DEFAULTS, PUBLISHED, published

if TYPE_CHECKING:
    from pydantic import BaseModel
    from pydantic_core import core_schema

Schema = dict[str, Any]

_FREE = "x-kubernetes-preserve-unknown-fields"
_INT_OR_STRING = "x-kubernetes-int-or-string"
_LIST_TYPE = "x-kubernetes-list-type"
_LIST_KEYS = "x-kubernetes-list-map-keys"
_INT32 = (-(2**31), 2**31 - 1)
_INT64 = (-(2**63), 2**63 - 1)
#: What API servers check and pydantic means alike. ``duration`` is ISO 8601 to the one, Go's to the other.
_FORMATS = {
    "byte",
    "date",
    "date-time",
    "double",
    "email",
    "float",
    "ipv4",
    "ipv6",
    "password",
    "uri",
    "uuid",
}
_DEFINITIONS = "#/$defs/"


def structural_schema(model: type[BaseModel], *, descriptions: bool = True) -> Schema:
    """Return the structural schema of a pydantic model, by alias, references written out.

    * A field that may be ``None`` is optional, not nullable: an API server drops such a null, and merging
      takes it for unset. Items of lists and maps that may be ``None`` are ``nullable``.
    * Defaults of fields are left out, see ``Published``. Where a model contains itself, the inner one is
      free-form, and so is a union other than of a type and null, or of integer and string.
    * A list merges by ``ByKey`` if the API server can tell its entries apart (each key is required or has a
      default), as a set if its items are distinct, else it is atomic.
    * ``descriptions``: the first paragraph of docstrings and of pydantic's field descriptions.
    """
    raw = model.model_json_schema(by_alias=True, schema_generator=_Generator)
    return _Writer(raw.get("$defs", {}), descriptions).node(raw)


class _Generator(GenerateJsonSchema):
    """Pydantic's own, without the defaults of fields; a Kubernetes type keeps those it publishes."""

    def default_schema(self, schema: core_schema.WithDefaultSchema) -> JsonSchemaValue:
        return self.generate_inner(schema["schema"])


class _Writer:
    """Walks one model's JSON schema; ``above`` names the definitions around a node, to end recursion."""

    def __init__(self, definitions: Mapping[str, Schema], descriptions: bool) -> None:
        self._definitions = definitions
        self._descriptions = descriptions
        self._types: dict[str, Callable[[Schema, tuple[str, ...]], Schema]] = {
            "array": self._array,
            "boolean": self._scalar,
            "integer": self._integer,
            "number": self._scalar,
            "object": self._object,
            "string": self._scalar,
        }

    def node(self, raw: Schema, above: tuple[str, ...] = ()) -> Schema:
        """Return the schema of one value, whose being null is the caller's business."""
        if "$ref" in raw:
            return self._referred(raw, above)
        if raw.get(_INT_OR_STRING):
            return self._finished(raw, {"anyOf": raw["anyOf"], **_kept(raw, "pattern")})
        branches = raw.get("anyOf") or raw.get("oneOf")
        if branches:
            return self._union(raw, [branch for branch in branches if not _is_null(branch)], above)
        write = self._types.get(raw.get("type") or _type_of_values(raw), self._free)
        return self._finished(raw, write(raw, above))

    def value(self, raw: Schema, above: tuple[str, ...]) -> Schema:
        """Return the schema of a list's or map's item, where null is a value."""
        schema = self.node(raw, above)
        if any(_is_null(branch) for branch in raw.get("anyOf", ())):
            schema["nullable"] = True
        return schema

    def _referred(self, raw: Schema, above: tuple[str, ...]) -> Schema:
        name = raw["$ref"].removeprefix(_DEFINITIONS)
        if name in above:
            return self._finished(_over({"type": "object"}, raw), {"type": "object", _FREE: True})
        return self.node(_over(self._definitions[name], raw), (*above, name))

    def _union(self, raw: Schema, branches: list[Schema], above: tuple[str, ...]) -> Schema:
        if len(branches) == 1:
            return self.node(_over(branches[0], raw), above)
        if {branch.get("type") for branch in branches} == {"integer", "string"}:
            either = [{"type": "integer"}, {"type": "string"}]
            return self._finished(raw, {"anyOf": either, _INT_OR_STRING: True})
        return self._finished(raw, self._free(raw, above))

    def _free(self, _raw: Schema, _above: tuple[str, ...]) -> Schema:
        return {_FREE: True}

    def _scalar(self, raw: Schema, _above: tuple[str, ...]) -> Schema:
        schema = {"type": raw.get("type") or _type_of_values(raw)}
        if raw.get("format") in _FORMATS:
            schema["format"] = raw["format"]
        schema |= _kept(raw, "pattern", "minLength", "maxLength", "multipleOf")
        for bound in ("minimum", "maximum"):
            schema |= {bound: _number(raw[bound])} if bound in raw else {}
            strict = f"exclusive{bound.capitalize()}"
            schema |= {bound: _number(raw[strict]), strict: True} if strict in raw else {}
        values = [raw["const"]] if "const" in raw else raw.get("enum", ())
        return schema | ({"enum": [value for value in values if value is not None]} if values else {})

    def _integer(self, raw: Schema, above: tuple[str, ...]) -> Schema:
        """A format of its own says the whole range, which need not be said again as bounds."""
        schema = self._scalar(raw, above)
        low, high = schema.get("minimum", _INT64[0]), schema.get("maximum", _INT64[1])
        fits = _INT32[0] <= low and high <= _INT32[1]
        kind = raw.get("format") or raw.get(PUBLISHED, {}).get("format") or ("int32" if fits else "int64")
        limits = _INT32 if kind == "int32" else _INT64
        for bound, limit in zip(("minimum", "maximum"), limits, strict=True):
            if schema.get(bound) == limit and f"exclusive{bound.capitalize()}" not in schema:
                del schema[bound]
        return schema | {"format": kind}

    def _array(self, raw: Schema, above: tuple[str, ...]) -> Schema:
        unique = "set" if raw.get("uniqueItems") else "atomic"
        schema = {"type": "array", "items": self.value(raw.get("items", {}), above), _LIST_TYPE: unique}
        return schema | _kept(raw, "minItems", "maxItems", _LIST_TYPE, _LIST_KEYS)

    def _object(self, raw: Schema, above: tuple[str, ...]) -> Schema:
        schema: Schema = {"type": "object"}
        if "properties" in raw:
            fields = raw["properties"].items()
            schema["properties"] = {name: self.node(field, above) for name, field in fields}
        schema |= _kept(raw, "required", "minProperties", "maxProperties")
        values = raw.get("additionalProperties", next(iter(raw.get("patternProperties", {}).values()), False))
        if values is True or values == {} or (values and "properties" in raw):
            schema[_FREE] = True
        elif values:
            schema["additionalProperties"] = self.value(values, above)
        return schema

    def _finished(self, raw: Schema, schema: Schema) -> Schema:
        """Add what every node may have: a description, a Kubernetes type's keywords, what models publish."""
        schema |= {name: value for name, value in raw.items() if name.startswith("x-kubernetes-")}
        schema |= _kept(raw, "default", "nullable")
        if self._descriptions and raw.get("description"):
            schema["description"] = _first_paragraph(raw["description"])
        said = dict(raw.get(PUBLISHED, {}))
        defaults = said.pop(KEY_DEFAULTS, {})
        schema |= said
        return _keyed(schema, defaults) if _LIST_KEYS in said else schema


def _over(schema: Schema, raw: Schema) -> Schema:
    """Return a schema with what stands beside the reference or union that led to it."""
    beside = {key: value for key, value in raw.items() if key not in {"$ref", "anyOf", "oneOf", PUBLISHED}}
    return published(schema | beside, raw.get(PUBLISHED, {}))


def _keyed(schema: Schema, defaults: Mapping[str, Any]) -> Schema:
    """Give a list map's items the defaults of its keys; make it atomic if an item may lack a key."""
    items = schema["items"]
    fields: Schema = items.get("properties", {})
    given = {*items.get("required", ()), *defaults, *(name for name in fields if "default" in fields[name])}
    if not all(key in fields and key in given for key in schema[_LIST_KEYS]):
        del schema[_LIST_KEYS]
        return schema | {_LIST_TYPE: "atomic"}
    for key, default in defaults.items():
        if key not in items.get("required", ()):
            fields[key]["default"] = default
    return schema


def _is_null(raw: Schema) -> bool:
    return raw.get("type") == "null"


_NAMES = {bool: "boolean", int: "integer", float: "number", str: "string"}


def _type_of_values(raw: Schema) -> str:
    """Return the type of an enumeration that names none; empty where its values are of several."""
    values = [raw["const"]] if "const" in raw else raw.get("enum", ())
    types = {_NAMES.get(type(value), "") for value in values if value is not None}
    return types.pop() if len(types) == 1 else ""


def _kept(raw: Schema, *names: str) -> Schema:
    return {name: raw[name] for name in names if name in raw}


def _number(value: float) -> float:
    """Write 0, not 0.0: pydantic knows the bounds of a float as floats."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _first_paragraph(text: str) -> str:
    paragraph = re.split(r"\n\s*\n", text.strip(), maxsplit=1)[0]
    return " ".join(paragraph.replace("``", "").split())
