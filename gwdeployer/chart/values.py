"""Values of a chart: laid over the chart's defaults, and checked against its schema."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from gwdeployer.chart.data import TemplateFailure, adopt
from gwdeployer.errors import MAX_FOREIGN_TEXT, ChartError, Fault, nearest, one_line
from gwdeployer.objects import is_mapping

_LEAVES = frozenset((str, bool, int, list))


def coalesce(defaults: Mapping[str, Any], values: Mapping[str, Any]) -> dict[str, Any]:
    """Return ``values`` over ``defaults`` by Helm's rules: mappings merge, all else replaces, null removes.

    Neither argument is changed; what only one of them has is shared with the result, not copied.
    """
    result = dict(defaults)
    for key, value in values.items():
        default = defaults.get(key)
        if default is None:
            result[key] = value
        elif value is None:
            del result[key]
        elif default.__class__ not in _LEAVES and is_mapping(default) and is_mapping(value):
            result[key] = coalesce(default, value)
        else:
            result[key] = value
    return result


class Schema:
    """A chart's ``values.schema.json``; without one, all values are welcome."""

    def __init__(self, chart: str, schema: Mapping[str, Any] | None) -> None:
        """Compile the schema. Raises ChartError where it is not a JSON Schema."""
        self._subject = f"chart {chart}"
        self._schema = schema or {}
        self._validator = None if schema is None else _validator(self._subject, schema)

    def faults(self, values: Mapping[str, Any]) -> list[Fault]:
        """Return one fault for each value the schema refuses; empty where all is well."""
        if self._validator is None:
            return []
        try:
            if self._validator.is_valid(values):
                return []
        except ValueError:  # a type the validator does not know, such as a Mapping that is no dict
            return self._faults_of_copy(values, self._validator)
        return self._faults_of(self._validator.iter_errors(values))

    def _faults_of_copy(self, values: Mapping[str, Any], validator: Any) -> list[Fault]:
        try:
            return self._faults_of(validator.iter_errors(adopt(values)))
        except (TemplateFailure, ValueError) as error:
            return [Fault(one_line(str(error), MAX_FOREIGN_TEXT), "Values", self._subject)]

    def _faults_of(self, errors: Iterable[Any]) -> list[Fault]:
        return [fault for error in errors for fault in self._explained(error)]

    def _explained(self, error: Any) -> Iterator[Fault]:
        """Yield a fault for each key or value that an error of the validator is about."""
        path, kind = _path(error.instance_path), error.kind
        if kind.name in ("additionalProperties", "unevaluatedProperties"):
            known = _properties(self._schema, error.evaluation_path)
            for key in kind.unexpected:
                yield Fault(
                    "is not a value of this chart", f"{path}.{key}", self._subject, hint=nearest(key, known)
                )
        elif kind.name == "required":
            yield Fault("is required", f"{path}.{kind.property}", self._subject)
        elif kind.name in ("anyOf", "oneOf") and (branch := _branch_meant(error)):
            yield from self._faults_of(branch)
        else:
            yield Fault(one_line(error.message, MAX_FOREIGN_TEXT), path, self._subject)


def _branch_meant(error: Any) -> list[Any]:
    """Return the errors of the one alternative whose type fits the value; nothing where that is unclear."""
    branches = [
        branch
        for branch in getattr(error.kind, "context", ())
        if not any(e.kind.name in _SHAPES and e.instance_path == error.instance_path for e in branch)
    ]
    return branches[0] if len(branches) == 1 else []


_SHAPES = ("type", "const", "enum")


def _properties(schema: Any, path: Iterable[str | int]) -> list[str]:
    """Return the properties named beside the keyword at ``path`` of the schema; references are followed."""
    *parents, _ = path
    place: Any = schema
    try:
        for part in parents:
            place = _referenced(schema, place["$ref"]) if part == "$ref" else place[part]
        return list(place.get("properties", ()))
    except (AttributeError, IndexError, KeyError, TypeError):
        return []


def _referenced(schema: Any, reference: str) -> Any:
    for part in reference.removeprefix("#/").split("/"):
        schema = schema[part.replace("~1", "/").replace("~0", "~")]
    return schema


def _validator(subject: str, schema: Mapping[str, Any]) -> Any:
    import jsonschema_rs  # noqa: PLC0415 - a chart without a schema does not need it

    try:
        return jsonschema_rs.validator_for(json.dumps(schema))
    except (ValueError, jsonschema_rs.ValidationError, jsonschema_rs.ReferencingError) as error:
        message = f"values.schema.json is not a JSON Schema: {one_line(str(error), MAX_FOREIGN_TEXT)}"
        raise ChartError(Fault(message, subject=subject)) from error


def _path(parts: Iterable[str | int]) -> str:
    return "Values" + "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in parts)
