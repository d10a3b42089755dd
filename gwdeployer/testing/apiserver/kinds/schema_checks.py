"""Is a custom object valid for its schema? Every fault, in the words of the API server.

The rules of ``kube-openapi/pkg/validation/validate`` and ``apiextensions-apiserver``'s listtype validation.
Rules in CEL (``x-kubernetes-validations``) are not evaluated.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from datetime import date
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_network
from typing import Any
from uuid import UUID

from gwdeployer.testing.apiserver.kinds.causes import (
    Cause,
    at,
    duplicate,
    invalid,
    not_supported,
    required,
    too_long,
    too_many,
    type_invalid,
)
from gwdeployer.testing.apiserver.kinds.structural import inner_schema
from gwdeployer.testing.apiserver.kinds.times import canonical_time

Schema = Mapping[str, Any]
Check = Callable[[Schema, Any, str], Iterator[Cause]]

INT_OR_STRING = "x-kubernetes-int-or-string"
LIST_TYPE = "x-kubernetes-list-type"
LIST_KEYS = "x-kubernetes-list-map-keys"

#: No value at all, which a null is not.
_ABSENT: Any = object()
#: The field of a cause that the server tells without one.
NOWHERE = "<nil>"
_INTEGERS = {"int32": 2**31, "int64": 2**63}
_JSON_TYPES = {str: "string", bool: "boolean", int: "integer", float: "number", list: "array", dict: "object"}


def check(schema: Schema, value: Any, path: str = "", old: Any = _ABSENT) -> Iterator[Cause]:
    """Yield what is wrong with ``value``.

    A part that is as it was in ``old`` is not wrong (ratcheting, KEP-4008): lists are compared as a whole
    unless they are list maps.
    """
    if old is not _ABSENT and old == value:
        return
    fault = _type_fault(schema, value, path)
    yield from _check_junctors(schema, value, path)
    yield from (fault,) if fault else ()
    yield from _check_enum(schema, value, path)
    if fault:
        return
    checks: tuple[Check, ...] = _CHECKS.get(type(value), ())
    for one in checks:
        yield from one(schema, value, path)
    yield from _check_within(schema, value, path, old)


def _check_within(schema: Schema, value: Any, path: str, old: Any) -> Iterator[Cause]:
    if isinstance(value, dict):
        before = old if isinstance(old, dict) else {}
        for key, item in value.items():
            inner = inner_schema(schema, key)
            if inner is not None:
                yield from check(inner, item, at(path, key), before.get(key, _ABSENT))
    elif isinstance(value, list) and "items" in schema:
        for index, item in enumerate(value):
            before = _counterpart(schema, item, old)
            yield from check(schema["items"], item, at(path, index), before)


def _counterpart(schema: Schema, item: Any, old: Any) -> Any:
    """Return the entry of an old list map that has the keys of ``item``."""
    keys = schema.get(LIST_KEYS, ())
    if not keys or not isinstance(old, list) or not isinstance(item, dict):
        return _ABSENT
    wanted = [item.get(key) for key in keys]
    found = [other for other in old if isinstance(other, dict) and [other.get(key) for key in keys] == wanted]
    return found[0] if found else _ABSENT


# Types


def _type_fault(schema: Schema, value: Any, path: str) -> Cause | None:
    wanted = _types(schema)
    if not wanted or (value is None and schema.get("nullable")):
        return None
    kind = "null" if value is None else _JSON_TYPES[type(value)]
    if kind in wanted or _fits(value, kind, wanted):
        return None
    return type_invalid(path, kind, f'{path} in body must be of type {",".join(wanted)}: "{kind}"')


def _types(schema: Schema) -> tuple[str, ...]:
    if schema.get(INT_OR_STRING):
        return ("integer", "string")
    return (schema["type"],) if schema.get("type") else ()


def _fits(value: Any, kind: str, wanted: tuple[str, ...]) -> bool:
    whole = kind == "number" and float(value).is_integer() and "integer" in wanted
    return whole or (kind == "integer" and "number" in wanted)


def _check_enum(schema: Schema, value: Any, path: str) -> Iterator[Cause]:
    allowed = schema.get("enum")
    if allowed is not None and value is not None and not any(_equal(value, one) for one in allowed):
        yield not_supported(
            path, value, [one if isinstance(one, str) else json.dumps(one) for one in allowed]
        )


def _equal(left: Any, right: Any) -> bool:
    return bool(left == right) and isinstance(left, bool) == isinstance(right, bool)


# Scalars


def _check_string(schema: Schema, value: str, path: str) -> Iterator[Cause]:
    length, pattern = len(value), schema.get("pattern")
    if length > schema.get("maxLength", length):
        yield too_long(path, schema["maxLength"])
    elif length < schema.get("minLength", length):
        yield invalid(path, value, f"{path} in body should be at least {schema['minLength']} chars long")
    elif pattern and not _compiled(pattern).search(value):
        yield invalid(path, value, f"{path} in body should match '{pattern}'")
    known = _FORMATS.get(schema.get("format", ""))
    if known and not _is_of_format(known, value):
        yield type_invalid(path, value, f'{path} in body must be of type {schema["format"]}: "{value}"')


def _is_of_format(parse: Callable[[str], object], value: str) -> bool:
    try:
        parse(value)
    except ValueError:
        return False
    return True


@lru_cache(maxsize=1024)
def _compiled(pattern: str) -> re.Pattern[str]:
    """Compile one of Go's patterns; what Python writes differently is translated."""
    translated = re.sub(r"\\z", r"\\Z", pattern)
    return re.compile(re.sub(r"(?<!\\)\$$", r"\\Z", translated))


def _duration(text: str) -> None:
    if not re.fullmatch(r"[+-]?((\d+\.?\d*|\.\d+)(ns|us|µs|ms|s|m|h))+|0", text):
        raise ValueError(text)


def _byte(text: str) -> None:
    if not re.fullmatch(r"(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?", text):
        raise ValueError(text)


_FORMATS: dict[str, Callable[[str], object]] = {
    "byte": _byte,
    "cidr": ip_network,
    "date": date.fromisoformat,
    "date-time": canonical_time,
    "duration": _duration,
    "ipv4": IPv4Address,
    "ipv6": IPv6Address,
    "uuid": UUID,
}


def _check_number(schema: Schema, value: float, path: str) -> Iterator[Cause]:
    limit = _INTEGERS.get(schema.get("format", ""))
    if limit and not -limit <= value < limit:
        wanted = f"integer with format {schema['format']}"
        yield invalid(NOWHERE, "", f"Checked value must be of type {wanted} in {path}")
    if "multipleOf" in schema:
        yield from _check_multiple(schema["multipleOf"], value, path)
    if "maximum" in schema:
        limit, strictly = schema["maximum"], schema.get("exclusiveMaximum", False)
        if value > limit or (strictly and value == limit):
            yield invalid(path, value, f"{path} in body should be less than {_bound(limit, strictly)}")
    if "minimum" in schema:
        limit, strictly = schema["minimum"], schema.get("exclusiveMinimum", False)
        if value < limit or (strictly and value == limit):
            yield invalid(path, value, f"{path} in body should be greater than {_bound(limit, strictly)}")


def _check_multiple(step: float, value: float, path: str) -> Iterator[Cause]:
    """Check a number as the server does: an integer against the whole part of the factor."""
    factor = int(step) if isinstance(value, int) else step
    if factor <= 0:
        yield invalid(path, factor, f"factor MultipleOf declared for {path} must be positive: {factor}")
    elif not (value / factor).is_integer():
        yield invalid(path, value, f"{path} in body should be a multiple of {_plain(step)}")


def _bound(limit: float, strictly: bool) -> str:
    return _plain(limit) if strictly else f"or equal to {_plain(limit)}"


def _plain(number: float) -> str:
    return str(int(number)) if float(number).is_integer() else str(number)


# Lists and maps


def _check_list(schema: Schema, value: list[Any], path: str) -> Iterator[Cause]:
    count = len(value)
    if count > schema.get("maxItems", count):
        yield too_many(path, count, schema["maxItems"])
    if count < schema.get("minItems", count):
        yield invalid(path, count, f"{path} in body should have at least {schema['minItems']} items")


def _check_map(schema: Schema, value: dict[str, Any], path: str) -> Iterator[Cause]:
    yield from (required(at(path, name)) for name in schema.get("required", ()) if name not in value)
    count = len(value)
    if count > schema.get("maxProperties", count):
        yield too_many(path, count, schema["maxProperties"])
    if count < schema.get("minProperties", count):
        yield invalid(
            path, count, f"{path} in body should have at least {schema['minProperties']} properties"
        )


_CHECKS: dict[type, tuple[Any, ...]] = {
    str: (_check_string,),
    int: (_check_number,),
    float: (_check_number,),
    list: (_check_list,),
    dict: (_check_map,),
}


# Junctors


def _check_junctors(schema: Schema, value: Any, path: str) -> Iterator[Cause]:
    for branch in schema.get("allOf", ()):
        yield from check(branch, value, path)
    if "anyOf" in schema:
        yield from _check_any(schema["anyOf"], value, path)
    if "oneOf" in schema:
        yield from _check_one(schema["oneOf"], value, path)
    if "not" in schema and not list(check(schema["not"], value, path)):
        yield invalid(NOWHERE, "", f'"{path}" must not validate the schema (not)')


def _check_any(branches: list[Schema], value: Any, path: str) -> Iterator[Cause]:
    faults = [list(check(branch, value, path)) for branch in branches]
    if all(faults):
        yield from min(faults, key=len)
        yield invalid(NOWHERE, "", f'"{path}" must validate at least one schema (anyOf)')


def _check_one(branches: list[Schema], value: Any, path: str) -> Iterator[Cause]:
    faults = [list(check(branch, value, path)) for branch in branches]
    count = sum(not found for found in faults)
    if count != 1:
        yield from [] if count else min(faults, key=len)
        found = f"Found {count} valid alternatives" if count else "Found none valid"
        yield invalid(NOWHERE, "", f'"{path}" must validate one and only one schema (oneOf). {found}')


# Sets and list maps


def check_lists(schema: Schema, value: Any, path: str = "") -> Iterator[Cause]:
    """Yield a cause for each entry of a set or list map that is there already."""
    if isinstance(value, dict):
        for key, item in value.items():
            inner = inner_schema(schema, key)
            if inner is not None:
                yield from check_lists(inner, item, at(path, key))
    elif isinstance(value, list):
        yield from _check_unique(schema, value, path)
        for index, item in enumerate(value):
            yield from check_lists(schema.get("items", {}), item, at(path, index))


def _check_unique(schema: Schema, value: list[Any], path: str) -> Iterator[Cause]:
    kind = schema.get(LIST_TYPE)
    if kind == "map":
        wrong = [index for index, item in enumerate(value) if not isinstance(item, (dict, type(None)))]
        if wrong:
            detail = "must be an object for an array of list-type map"
            yield invalid(at(path, wrong[0]), value[wrong[0]], detail)
            return
        value = [_keys_of(schema[LIST_KEYS], item or {}) for item in value]
    if kind in ("set", "map"):
        told = [json.dumps(item, sort_keys=True) for item in value]
        for index, text in enumerate(told):
            if told[:index].count(text) == 1:
                yield duplicate(at(path, index), value[index])


def _keys_of(keys: list[str], item: dict[str, Any]) -> dict[str, Any]:
    return {key: item[key] for key in keys if key in item}
