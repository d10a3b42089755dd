"""What many objects say alike is held once: equal parts become one and the same part. Pure.

A thousand objects of one kind differ in few places. Parts that are shared take no memory of their own, and
what was found out about one of them holds for all: identity says so, without a comparison.
"""

from __future__ import annotations

import marshal
from itertools import chain, repeat
from typing import Any

#: So many different names of fields are held at once.
_NAMES = 16384
_names: dict[str, str] = {}
_NOTHING: dict[str, Any] = {}


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


def shared(value: Any, model: Any) -> Any:
    """Return a value equal to ``value`` whose parts are those of ``model`` wherever both have the same.

    Names of fields are shared with all values. Thread-safe. Cost: a comparison where the two are equal, and a
    copy of what differs (some 0.3 µs for each field).
    """
    kind = value.__class__
    if model.__class__ is kind and is_equal(value, model):
        return model
    if kind is dict:
        return _shared_map(value, model if model.__class__ is dict else _NOTHING)
    if kind is list:
        models = chain(model if model.__class__ is list else (), repeat(None))
        return [shared(inner, other) for inner, other in zip(value, models, strict=False)]
    return value


def _shared_map(value: dict[str, Any], model: dict[str, Any]) -> dict[str, Any]:
    if len(_names) > _NAMES:
        _names.clear()
    once, models = _names.setdefault, model.get
    made = {}
    for name, inner in value.items():
        other = models(name)
        if inner.__class__ is str:  # most of an object: worth a way of its own
            made[once(name, name)] = other if other == inner else inner
        else:
            made[once(name, name)] = shared(inner, other)
    return made
