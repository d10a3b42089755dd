"""Values as structured-merge-diff sees them: equality, order, and how Go's tools write them.

Booleans are no numbers, and ``1`` and ``1.0`` are one number. Written forms matter because they are part of
what clients see: list-map keys inside ``managedFields``, and field paths inside messages.
"""

from __future__ import annotations

import re
from decimal import Decimal
from enum import Enum
from typing import Any, Final


class Absent(Enum):
    """The type of ``ABSENT``: no value at all, which is not the value null."""

    ABSENT = "absent"


ABSENT: Final = Absent.ABSENT


def equal(left: Any, right: Any) -> bool:
    """Return whether two values are one value. A boolean never equals a number."""
    if left is right:
        return True
    if isinstance(left, dict):
        return isinstance(right, dict) and _equal_maps(left, right)
    if isinstance(left, list):
        return isinstance(right, list) and len(left) == len(right) and all(map(equal, left, right))
    if isinstance(left, bool) or isinstance(right, bool):
        return False
    return bool(left == right)


def _equal_maps(left: dict[str, Any], right: dict[str, Any]) -> bool:
    if len(left) != len(right):
        return False
    return all(key in right and equal(value, right[key]) for key, value in left.items())


def order(value: Any) -> tuple[Any, ...]:
    """Return a sort key: numbers, strings, booleans, lists, maps, null, each kind in its own order."""
    if isinstance(value, bool):
        return (2, value)
    if isinstance(value, (int, float)):
        return (0, value)
    if isinstance(value, str):
        return (1, value)
    if isinstance(value, list):
        return (3, [order(item) for item in value])
    if isinstance(value, dict):
        return (4, [(key, order(value[key])) for key in sorted(value)])
    return (5,)


# JSON as json-iterator and encoding/json write it, which browsers may read as part of a page.

_ESCAPED = re.compile('["\\\\<>&\x00-\x1f\u2028\u2029]')
_SHORT_ESCAPES = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t"}


def json_string(text: str) -> str:
    """Return a string as Go's JSON encoders write it: ``<``, ``>``, ``&`` and line separators escaped."""
    return f'"{_ESCAPED.sub(_escape, text)}"'


def _escape(found: re.Match[str]) -> str:
    character = found[0]
    return _SHORT_ESCAPES.get(character) or f"\\u{ord(character):04x}"


def json_text(value: Any) -> str:
    """Return a value as compact JSON, keys sorted, the way Go's JSON encoders write it."""
    if isinstance(value, str):
        return json_string(value)
    if isinstance(value, dict):
        return "{" + ",".join(f"{json_string(key)}:{json_text(value[key])}" for key in sorted(value)) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(json_text, value)) + "]"
    return "null" if value is None else scalar_text(value)


#: Between these, Go writes floats without exponent.
_MIN_PLAIN, _MAX_PLAIN = 1e-6, 1e21


def scalar_text(value: Any) -> str:
    """Return a number or boolean as Go writes it: an exponent only if it is tiny or huge."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if not isinstance(value, float):
        return str(value)
    if value.is_integer() and abs(value) < _MAX_PLAIN:
        return str(int(value))
    return format(Decimal(repr(value)), "f") if _MIN_PLAIN <= abs(value) < _MAX_PLAIN else repr(value)


def path_text(value: Any) -> str:
    """Return a value as field paths in messages show it: strings quoted, nothing escaped for HTML."""
    if isinstance(value, str):
        return quoted(value)
    if isinstance(value, list):
        return "[" + ",".join(map(path_text, value)) + "]"
    if isinstance(value, dict):
        return "".join(f"{key}={path_text(item)}" for key, item in value.items())
    return "null" if value is None else scalar_text(value)


_UNQUOTABLE = re.compile('["\\\\\x00-\x1f\x7f]')
_GO_ESCAPES = _SHORT_ESCAPES | {"\a": "\\a", "\b": "\\b", "\f": "\\f", "\v": "\\v"}


def quoted(text: str) -> str:
    """Return a string as Go's ``%q`` does, for text that is printable but for control characters."""
    return f'"{_UNQUOTABLE.sub(_go_escape, text)}"'


def _go_escape(found: re.Match[str]) -> str:
    return _GO_ESCAPES.get(found[0]) or f"\\x{ord(found[0]):02x}"


def go_text(value: Any) -> str:
    """Return a value as Go's ``%v`` prints it: ``map[a:1]``, ``[a b]``, ``<nil>``."""
    if isinstance(value, dict):
        return "map[" + " ".join(f"{key}:{go_text(value[key])}" for key in sorted(value)) + "]"
    if isinstance(value, list):
        return "[" + " ".join(map(go_text, value)) + "]"
    if isinstance(value, str):
        return value
    return "<nil>" if value is None else scalar_text(value)


def go_syntax(value: Any) -> str:
    """Return a value as Go's ``%#v`` prints it: ``map[string]interface {}{"a":1}``."""
    if isinstance(value, dict):
        items = ", ".join(f"{quoted(key)}:{go_syntax(value[key])}" for key in sorted(value))
        return f"map[string]interface {{}}{{{items}}}"
    if isinstance(value, list):
        return f"[]interface {{}}{{{', '.join(map(go_syntax, value))}}}"
    if isinstance(value, str):
        return quoted(value)
    return "interface {}(nil)" if value is None else scalar_text(value)


def go_type(value: Any) -> str:
    """Return the name of the Go type that decoded JSON has: ``string``, ``map[string]interface {}``."""
    names = {str: "string", bool: "bool", int: "int64", float: "float64"}
    names |= {list: "[]interface {}", dict: "map[string]interface {}"}
    return names.get(type(value), "<nil>")
