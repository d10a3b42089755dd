"""What many objects say alike is held once: equal parts become one and the same part.

A thousand objects of one kind differ in few places. Parts that are shared take no memory of their own, and
what was found out about one of them holds for all: identity says so, without a comparison.
"""

from __future__ import annotations

import marshal
from typing import Any


def is_equal(one: Any, other: Any) -> bool:
    """Return whether two JSON values are equal, types included: 1 is neither ``true`` nor 1.0.

    False where a value is not plain JSON.
    """
    if one is other:
        return True
    try:
        return bool(one == other) and marshal.dumps(one, 2) == marshal.dumps(other, 2)
    except ValueError:
        return False


def share(value: dict[str, Any], model: dict[str, Any]) -> None:
    """Put the model's parts into ``value`` wherever both have the same there; it stays what it says.

    Cost: a comparison of what is equal, and some 0.2 µs for each field of a map that is not.
    """
    held = model.get
    for name, inner in value.items():
        kind = inner.__class__
        if kind is str:  # most of an object: worth a way of its own
            other = held(name)
            if inner == other:
                value[name] = other
        elif kind is dict or kind is list:
            value[name] = _shared(inner, held(name))


def _shared(value: Any, model: Any) -> Any:
    """Return the model where it is equal to a map or list, which else shares what is equal in it."""
    kind = value.__class__
    if model.__class__ is not kind or model is value:
        return value
    if is_equal(value, model):
        return model
    if kind is dict:
        share(value, model)
    else:
        _share_items(value, model)
    return value


def _share_items(value: list[Any], model: list[Any]) -> None:
    for at, (inner, other) in enumerate(zip(value, model, strict=False)):
        if inner.__class__ in (dict, list):
            value[at] = _shared(inner, other)
