"""What of a planned object is sent: what the API would store, and nothing that it would drop. Pure.

A null, an empty map or list that the API drops would be owned though not stored, and look like a difference
ever after. ``stringData`` of a Secret is never stored: its content is sent as the ``data`` that it becomes.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any

from gwdeployer.objects import Object
from gwdeployer.objects.type_data import ANYTHING, FieldInfo, fields_of_kind, fields_of_value

_SCALARS = frozenset({str, int, bool, float})


def as_sent(planned: Object) -> Object:
    """Return what is applied for a planned object; ``planned`` is not changed. Cost: one walk over it."""
    if planned.get("kind") == "Secret" and planned.get("apiVersion") == "v1" and "stringData" in planned:
        planned = _with_data(planned)
    kept: Object = _kept(planned, fields_of_kind(str(planned["apiVersion"]), str(planned["kind"])))
    return kept


def _with_data(secret: Object) -> Object:
    plain = secret.get("stringData") or {}
    encoded = {key: base64.b64encode(str(text).encode()).decode() for key, text in plain.items()}
    rest = {key: value for key, value in secret.items() if key != "stringData"}
    return {**rest, "data": {**(secret.get("data") or {}), **encoded}}


def _kept(value: Any, info: FieldInfo) -> Any:
    if value.__class__ is dict or isinstance(value, Mapping):
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
