"""What of a planned object is sent: what the API would store, and nothing that it would drop. Did it? Pure.

A null, an empty map or list that the API drops would be owned though not stored, and look like a difference
ever after. ``stringData`` of a Secret is never stored: its content is sent as the ``data`` that it becomes.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any

from gwdeployer.objects import Object, is_mapping
from gwdeployer.objects.type_data import ANYTHING, FieldInfo, fields_of_kind, fields_of_value

_SCALARS = frozenset({str, int, bool, float})


def as_sent(planned: Object) -> Object:
    """Return what is applied for a planned object; ``planned`` is not changed. Cost: one walk over it."""
    if planned.get("kind") == "Secret" and planned.get("apiVersion") == "v1" and "stringData" in planned:
        planned = _with_data(planned)
    kept: Object = _kept(planned, fields_of_kind(str(planned["apiVersion"]), str(planned["kind"])))
    return kept


def is_stored(answered: Object, sent: Object) -> bool:
    """Return whether it is seen at once that an apply, which was answered so, has left nothing to be done.

    All that was sent is there, each value as it was sent. False says nothing. Of kinds that nobody has
    published nothing is seen. Cost: a few µs.
    """
    if fields_of_kind(str(sent["apiVersion"]), str(sent["kind"])) is ANYTHING:
        return False  # of published kinds, 1 and true are no two values of one field: equal is the same
    return _is_within(sent, answered)


def _is_within(sent: Any, there: Any) -> bool:
    """Return whether all of a value is there, at the same place; what is equal is seen without a walk."""
    if sent == there:
        return True
    if sent.__class__ is not there.__class__:
        return False
    if sent.__class__ is dict:
        return all(name in there and _is_within(value, there[name]) for name, value in sent.items())
    return sent.__class__ is list and len(sent) == len(there) and all(map(_is_within, sent, there))


def _with_data(secret: Object) -> Object:
    plain = secret.get("stringData") or {}
    encoded = {key: base64.b64encode(str(text).encode()).decode() for key, text in plain.items()}
    rest = {key: value for key, value in secret.items() if key != "stringData"}
    return {**rest, "data": {**(secret.get("data") or {}), **encoded}}


def _kept(value: Any, info: FieldInfo) -> Any:
    if is_mapping(value):
        return _kept_map(value, info)
    if value.__class__ is list or isinstance(value, (list, tuple)):
        items = info.items or ANYTHING
        return [item if item.__class__ in _SCALARS else _kept(item, items) for item in value]
    return value


def _kept_map(value: Mapping[str, Any], info: FieldInfo) -> Object:
    kept, fields = dict(value), fields_of_value(info)
    for key, item in value.items():
        if item.__class__ in _SCALARS:  # most of an object: worth a way of its own
            continue
        field = fields.get(key) or info.values or ANYTHING
        inner = kept[key] = _kept(item, field)
        if not inner and _dropped(inner, field):
            del kept[key]
    return kept


def _dropped(value: Any, info: FieldInfo) -> bool:
    """Return whether the API stores nothing for a value: an empty struct (``emptyDir: {}``) it does store."""
    if value is None:
        return True
    return (value == {} and info.values is not None) or (value == [] and info.items is not None)
