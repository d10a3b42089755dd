"""What is wrong with an object, as an API server words it in the causes of a 422.

The constructors are those of ``k8s.io/apimachinery/pkg/util/validation/field``: a reason, a field path and a
message that begins with what the reason means.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Cause:
    """One cause of a 422: where, why (``FieldValueRequired`` ...), and the message without the path."""

    field: str
    reason: str
    message: str

    def __str__(self) -> str:
        """Return the cause as the message of the status lists it."""
        return f"{self.field}: {self.message}"


class Invalid(Exception):  # noqa: N818 - named after the reason of its status
    """The object is decodable and not valid: a 422 with these causes."""

    def __init__(self, causes: Iterable[Cause]) -> None:
        """Keep the causes, of which there is at least one."""
        self.causes = list(causes)
        super().__init__("; ".join(map(str, self.causes)))


class BadRequest(Exception):  # noqa: N818 - named after the reason of its status
    """The body is no object of the kind: a 400 with this message."""


def invalid(field: str, value: object, detail: str) -> Cause:
    """Return ``Invalid value: VALUE: detail``."""
    return Cause(field, "FieldValueInvalid", _worded("Invalid value", value, detail))


def type_invalid(field: str, value: object, detail: str) -> Cause:
    """Return the cause for a value of a wrong type, which a schema found."""
    return Cause(field, "FieldValueTypeInvalid", _worded("Invalid value", value, detail))


def required(field: str, detail: str = "") -> Cause:
    """Return ``Required value: detail``."""
    return Cause(field, "FieldValueRequired", "Required value" + (f": {detail}" if detail else ""))


def forbidden(field: str, detail: str) -> Cause:
    """Return ``Forbidden: detail``."""
    return Cause(field, "FieldValueForbidden", f"Forbidden: {detail}")


def duplicate(field: str, value: object) -> Cause:
    """Return ``Duplicate value: VALUE``."""
    return Cause(field, "FieldValueDuplicate", f"Duplicate value: {shown(value)}")


def not_found(field: str, value: object) -> Cause:
    """Return ``Not found: VALUE``."""
    return Cause(field, "FieldValueNotFound", f"Not found: {shown(value)}")


def not_supported(field: str, value: object, known: Iterable[str]) -> Cause:
    """Return ``Unsupported value: VALUE: supported values: ...``, the known ones in their order."""
    listed = ", ".join(json.dumps(name) for name in known)
    return Cause(
        field, "FieldValueNotSupported", f"Unsupported value: {shown(value)}: supported values: {listed}"
    )


def too_long(field: str, limit: int) -> Cause:
    """Return the cause for a text of more than ``limit`` bytes; the text itself is not told."""
    return Cause(
        field, "FieldValueTooLong", f"Too long: may not be more than {limit} byte{'' if limit == 1 else 's'}"
    )


def too_many(field: str, count: int, limit: int) -> Cause:
    """Return the cause for a list of more than ``limit`` items."""
    items = "item" if limit == 1 else "items"
    return Cause(field, "FieldValueTooMany", f"Too many: {count}: must have at most {limit} {items}")


def shown(value: object) -> str:
    """Return a value as Go prints it in a cause: strings in quotes, structs and maps as JSON."""
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (Mapping, Sequence)):
        return json.dumps(value, separators=(",", ":"), ensure_ascii=False)
    return str(value)


def at(path: str, *parts: str | int) -> str:
    """Return ``path`` extended by field names and list indices."""
    for part in parts:
        path = f"{path}[{part}]" if isinstance(part, int) else f"{path}.{part}" if path else part
    return path


def keyed(path: str, key: object) -> str:
    """Return the path of a map's entry."""
    return f"{path}[{key}]"


def _worded(said: str, value: object, detail: str) -> str:
    text = f"{said}: {shown(value)}"
    return f"{text}: {detail}" if detail else text
