"""Fills in what is not set, over all of an object: a walk along its type that applies the tables of defaults.

A type's own defaults come before those of the values within it, as in Kubernetes' generated code, so that a
default may itself get defaults.
"""

from __future__ import annotations

import copy
from functools import cache
from typing import Any

from gwdeployer.objects.types import FieldInfo, type_info
from gwdeployer.testing.apiserver.kinds.defaults import TABLE
from gwdeployer.testing.apiserver.kinds.defaults_when import WHEN, round_to_milli


def defaulted(type_name: str, value: Any) -> Any:
    """Return a copy of a decoded value of that type with its defaults."""
    result = copy.deepcopy(value)
    _default_struct(type_info(type_name).name, result)
    return result


def _default_struct(name: str, value: dict[str, Any]) -> None:
    short = _short(name)
    if short in WHEN:
        WHEN[short](value)
    for field, default in TABLE.get(short, {}).items():
        if value.get(field) in (None, ""):
            value[field] = copy.deepcopy(default)
    for field in _walked(name):
        if value.get(field):
            value[field] = _default_value(_fields(name)[field], value[field])
        elif field in value and isinstance(value[field], dict):
            _default_value(_fields(name)[field], value[field])


def _default_value(kind: FieldInfo, value: Any) -> Any:
    """Return the value with its defaults; structs are changed in place."""
    if kind.ref:
        _default_struct(kind.ref, value)
    elif kind.items:
        for item in value:
            _default_value(kind.items, item)
    elif kind.values and kind.values.ref.endswith(".Quantity"):
        return round_to_milli(value)
    elif kind.values:
        for item in value.values():
            _default_value(kind.values, item)
    return value


@cache
def _short(name: str) -> str:
    return ".".join(name.rsplit(".", 3)[1:])


@cache
def _walked(name: str) -> tuple[str, ...]:
    """Return the fields of a type below which there may be a default."""
    return tuple(field for field, kind in _fields(name).items() if _leads(kind, (name,)))


@cache
def _fields(name: str) -> dict[str, FieldInfo]:
    return dict(type_info(name).fields or {})


def _leads(kind: FieldInfo, above: tuple[str, ...]) -> bool:
    inner = kind.items or kind.values
    if inner is not None:
        return inner.ref.endswith(".Quantity") or _leads(inner, above)
    if not kind.ref or kind.ref in above:
        return False
    short = _short(kind.ref)
    return (
        short in TABLE
        or short in WHEN
        or any(_leads(field, (*above, kind.ref)) for field in _fields(kind.ref).values())
    )
