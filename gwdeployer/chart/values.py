"""Values of a chart: laid over the chart's defaults, and checked against its schema."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from gwdeployer.errors import MAX_FOREIGN_TEXT, ChartError, Fault, nearest, one_line


def coalesce(defaults: Mapping[str, Any], values: Mapping[str, Any]) -> dict[str, Any]:
    """Return ``values`` over ``defaults`` by Helm's rules: mappings merge, all else replaces, null removes.

    Neither argument is changed; what only one of them has is shared with the result, not copied.
    """
    result = dict(defaults)
    for key, value in values.items():
        default = defaults.get(key)
        if value is None and default is not None:
            del result[key]
        elif isinstance(value, Mapping) and isinstance(default, Mapping):
            result[key] = coalesce(default, value)
        else:
            result[key] = value
    return result


class Schema:
    """A chart's ``values.schema.json``; without one, all values are welcome."""

    def __init__(self, chart: str, schema: Mapping[str, Any] | None) -> None:
        """Compile the schema. Raises ChartError where it is not a JSON Schema."""
        self._subject = f"chart {chart}"
        self._validator = None if schema is None else _validator(self._subject, schema)

    def faults(self, values: Mapping[str, Any]) -> list[Fault]:
        """Return one fault for each value the schema refuses; empty where all is well."""
        if self._validator is None or self._validator.is_valid(values):
            return []
        return [self._fault(error) for error in self._validator.iter_errors(values)]

    def _fault(self, error: Any) -> Fault:
        hint = ""
        if error.kind.name == "additionalProperties":
            known = _properties(self._validator, error)
            hint = nearest(error.kind.unexpected[0], known)
        return Fault(one_line(error.message, MAX_FOREIGN_TEXT), _path(error.instance_path), self._subject, hint=hint)


def _validator(subject: str, schema: Mapping[str, Any]) -> Any:
    import jsonschema_rs

    try:
        return jsonschema_rs.validator_for(json.dumps(schema))
    except (ValueError, jsonschema_rs.ValidationError, jsonschema_rs.ReferencingError) as error:
        message = f"values.schema.json is not a JSON Schema: {one_line(str(error), MAX_FOREIGN_TEXT)}"
        raise ChartError(Fault(message, subject=subject)) from error


def _properties(_: Any, error: Any) -> Iterable[str]:
    return [key for key in error.instance if key not in error.kind.unexpected]


def _path(parts: Iterable[str | int]) -> str:
    return "Values" + "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in parts)
