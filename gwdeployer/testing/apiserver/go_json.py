"""JSON as Go's decoder reads it: what it says where it can't. Clients see these words in a 400."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

#: The map that a patch is decoded into.
ANY_MAP = "map[string]interface {}"

#: What Go says of a wrong character, by what Python's decoder says.
_WORDS = {
    "Expecting value": "looking for beginning of value",
    "Expecting property name enclosed in double quotes": "looking for beginning of object key string",
    "Expecting ':' delimiter": "after object key",
    "Expecting ',' delimiter": "after object key:value pair",
    "Extra data": "after top-level value",
}


def loads(text: bytes) -> Any:
    """Return the value that a text is. Raises ValueError in Go's words."""
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        raise ValueError(_said(error)) from None


def cannot_unmarshal(value: Any, into: str) -> str:
    """Return what is said of a value of another type than wanted."""
    return f"json: cannot unmarshal {_kind(value)} into {into}"


def go_text(value: Any) -> str:
    """Return a value as Go's ``%v`` prints it."""
    if isinstance(value, Mapping):
        return f"map[{' '.join(f'{key}:{go_text(value[key])}' for key in sorted(value))}]"
    if isinstance(value, list):
        return f"[{' '.join(map(go_text, value))}]"
    if isinstance(value, bool):
        return "true" if value else "false"
    return "<nil>" if value is None else str(value)


def _said(error: json.JSONDecodeError) -> str:
    rest = error.doc[error.pos :].lstrip()
    if not rest or error.msg.startswith("Unterminated"):
        return "unexpected end of JSON input"
    context = _WORDS.get(error.msg, "looking for beginning of value")
    return f"invalid character '{rest[0]}' {context}"


def _kind(value: Any) -> str:
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, (int, float)):
        return "number"
    if isinstance(value, str):
        return "string"
    return "object" if isinstance(value, Mapping) else "array"
