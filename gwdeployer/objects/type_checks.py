"""Is a value of a Kubernetes type? Every fault at once, in words for whoever wrote the YAML."""

from __future__ import annotations

import binascii
import math
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from gwdeployer.errors import Fault, nearest, one_line, shown
from gwdeployer.objects.type_data import FieldInfo, TypeInfo, list_keywords, type_info

Check = Callable[[FieldInfo, Any, str, list[Fault]], None]

RANGES = {"int32": (-(2**31), 2**31 - 1), "int64": (-(2**63), 2**63 - 1)}
_QUANTITY = re.compile(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([KMGTPE]i|[numkMGTPE]|[eE][+-]?[0-9]+)?")
_TIME = r"(?a)\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)"
_PLAIN_KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_-]{0,255}")
_MAX_INTEGER_BITS = 1000  # beyond this an int is nobody's number, and Python may refuse to print it


def faults_of(type_name: str, value: object, path: str = "") -> list[Fault]:
    """Return everything wrong with ``value`` as a value of that type, in its order; nothing means it is one.

    A field that is null is one that is not set; a null list item, or ``value`` itself being null, is a fault.
    ``path`` is where the value stands and begins each fault's path. Text that may be secret is never quoted.
    """
    faults: list[Fault] = []
    _check_type(type_info(type_name), value, path, faults)
    return faults


def _check_type(info: TypeInfo, value: Any, path: str, faults: list[Fault]) -> None:
    if info.fields is None:
        _check(info.itself, value, path, faults)
    elif isinstance(value, Mapping):
        _check_fields(info, info.fields, value, path, faults)
    else:
        faults.append(_wrong("a mapping", value, path))


def _check_fields(
    info: TypeInfo, fields: Mapping[str, FieldInfo], value: Mapping[Any, Any], path: str, faults: list[Fault]
) -> None:
    for key, item in value.items():
        field = fields.get(key)
        if field is None:
            faults.append(_unknown(key, fields, path))
        elif item is not None:
            _check(field, item, f"{path}.{key}" if path else key, faults)
    missing = [name for name in info.required if value.get(name) is None]
    faults += [Fault("required field is missing", _at(path, name)) for name in missing]


def _check(field: FieldInfo, value: Any, path: str, faults: list[Fault]) -> None:
    if field.ref:
        _check_type(type_info(field.ref), value, path, faults)
    else:
        CHECKS[field.format or field.type](field, value, path, faults)


def _check_list(field: FieldInfo, value: Any, path: str, faults: list[Fault]) -> None:
    if not isinstance(value, (list, tuple)):
        faults.append(_wrong("a list", value, path, "begin each item with '- '"))
    elif field.items:
        for index, item in enumerate(value):
            _check(field.items, item, f"{path}[{index}]", faults)
        if field.list_map_keys and len(value) > 1:
            _check_keys(field, value, path, faults)


def _check_keys(field: FieldInfo, value: Sequence[Any], path: str, faults: list[Fault]) -> None:
    """Two entries of one key: server-side apply refuses them, built-in kinds and custom ones alike."""
    published = list_keywords(field).get("x-kubernetes-list-map-keys", ())
    if not published or not all(isinstance(item, Mapping) for item in value):
        return
    fields = type_info(field.items.ref if field.items else "").fields or {}
    keys = [tuple(str(item.get(key) or fields[key].default) for key in published) for item in value]
    for index, key in enumerate(keys):
        if key in keys[:index]:
            named = ", ".join(f"{name} {shown(part)}" for name, part in zip(published, key, strict=True))
            faults.append(
                Fault(f"{named} is there already", f"{path}[{index}]", hint="remove one of the two")
            )


def _check_map(field: FieldInfo, value: Any, path: str, faults: list[Fault]) -> None:
    if not isinstance(value, Mapping):
        faults.append(_wrong("a mapping", value, path))
    elif field.values:
        for key, item in value.items():
            _check_entry(field.values, key, item, _at(path, key), faults)


def _check_entry(field: FieldInfo, key: Any, value: Any, path: str, faults: list[Fault]) -> None:
    if not isinstance(key, str):
        faults.append(Fault(f"the key must be a string, not {_kind(key)}", path, hint="write it in quotes"))
    if value is not None:
        _check(field, value, path, faults)


def _check_string(field: FieldInfo, value: Any, path: str, faults: list[Fault]) -> None:
    if not isinstance(value, str):
        scalar = isinstance(value, (bool, int, float))
        faults.append(_wrong("a string", value, path, "write it in quotes" if scalar else ""))
    elif field.enum and value not in field.enum:
        wanted = " or ".join(map(repr, field.enum))
        faults.append(Fault(f"must be {wanted}, not {shown(value)}", path, hint=nearest(value, field.enum)))


def _check_boolean(_field: FieldInfo, value: Any, path: str, faults: list[Fault]) -> None:
    if not isinstance(value, bool):
        faults.append(_wrong("a boolean", value, path, "write true or false, without quotes", quote=True))


def _check_integer(field: FieldInfo, value: Any, path: str, faults: list[Fault]) -> None:
    low, high = RANGES[field.format or "int64"]
    if isinstance(value, bool) or not isinstance(value, int):
        faults.append(_wrong("an integer", value, path, _integer_hint(value), quote=True))
    elif not low <= value <= high:
        faults.append(Fault(f"must be between {low} and {high}, not {_quoted(value)}", path))


def _integer_hint(value: Any) -> str:
    if isinstance(value, float) and value.is_integer():
        return f"write {value:.0f}"
    plain = isinstance(value, str) and len(value) < 20 and re.fullmatch(r"[+-]?[0-9]+", value)  # noqa: PLR2004
    return f"write {value} without quotes" if plain else ""


def _check_number(_field: FieldInfo, value: Any, path: str, faults: list[Fault]) -> None:
    if not _is_number(value):
        faults.append(_wrong("a number", value, path, quote=True))


def _check_int_or_string(_field: FieldInfo, value: Any, path: str, faults: list[Fault]) -> None:
    if isinstance(value, int) and not isinstance(value, bool):
        # The schema gives no range, but Kubernetes' Go type holds an int32 and decodes nothing else.
        _check_integer(_INT32, value, path, faults)
    elif not isinstance(value, str):
        faults.append(_wrong("an integer or a string", value, path, _integer_hint(value)))


def _check_quantity(_field: FieldInfo, value: Any, path: str, faults: list[Fault]) -> None:
    if not (_QUANTITY.fullmatch(value) if isinstance(value, str) else _is_number(value)):
        faults.append(_wrong("a quantity", value, path, "write one such as 100m, 2 or 1.5Gi", quote=True))


def _check_time(_field: FieldInfo, value: Any, path: str, faults: list[Fault]) -> None:
    if not (isinstance(value, str) and _is_time(value)):
        faults.append(
            _wrong("an RFC 3339 time", value, path, "write it as '2006-01-02T15:04:05Z'", quote=True)
        )


def _check_base64(field: FieldInfo, value: Any, path: str, faults: list[Fault]) -> None:
    if not isinstance(value, str):
        _check_string(field, value, path, faults)
    elif not _is_base64(value):
        faults.append(Fault("must be base64", path, hint="encode it, padding included"))


def _check_nothing(_field: FieldInfo, _value: Any, _path: str, _faults: list[Fault]) -> None:
    """Accept free-form data."""


_INT32 = FieldInfo(type="integer", format="int32")

CHECKS: dict[str, Check] = {
    "": _check_nothing,
    "array": _check_list,
    "boolean": _check_boolean,
    "byte": _check_base64,
    "date-time": _check_time,
    "double": _check_number,
    "int-or-string": _check_int_or_string,
    "int32": _check_integer,
    "int64": _check_integer,
    "integer": _check_integer,
    "number": _check_number,
    "object": _check_map,
    "quantity": _check_quantity,
    "string": _check_string,
}


def _is_number(value: object) -> bool:
    try:
        return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)
    except OverflowError:
        return False


def _is_time(text: str) -> bool:
    try:
        return bool(re.fullmatch(_TIME, text) and datetime.fromisoformat(text))
    except ValueError:
        return False


def _is_base64(text: str) -> bool:
    try:
        binascii.a2b_base64(re.sub(r"[\r\n]", "", text), strict_mode=True)
    except ValueError:
        return False
    return True


# Words.


def _unknown(key: object, fields: Mapping[str, FieldInfo], path: str) -> Fault:
    return Fault(f"unknown field {_quoted(key)}", _at(path, key), hint=nearest(str(key)[:256], fields))


def _wrong(wanted: str, value: object, path: str, hint: str = "", *, quote: bool = False) -> Fault:
    """Strings are quoted only where none belongs: elsewhere a wrong value may be a password."""
    found = (
        f"{_kind(value)} {_quoted(value)}" if quote and isinstance(value, (str, int, float)) else _kind(value)
    )
    return Fault(f"must be {wanted}, not {found}", path, hint=hint)


def _kind(value: object) -> str:
    if value is None:
        return "null"
    if isinstance(value, (Mapping, list, tuple)):
        return "a mapping" if isinstance(value, Mapping) else "a list"
    names = {bool: "a boolean", int: "an integer", float: "a number", str: "a string"}
    return names.get(type(value), f"a {type(value).__name__}")


def _quoted(value: object) -> str:
    huge = isinstance(value, int) and value.bit_length() > _MAX_INTEGER_BITS
    return "an enormous number" if huge else shown(value)


def _at(path: str, key: object) -> str:
    if isinstance(key, str) and _PLAIN_KEY.fullmatch(key):
        return f"{path}.{key}" if path else key
    return f"{path}[{one_line(key, 256) if isinstance(key, str) else _quoted(key)}]"
