"""Taking fields out of a value."""

from __future__ import annotations

from typing import Any

from gwdeployer.testing.apiserver.fields.field_set import EMPTY, FieldSet
from gwdeployer.testing.apiserver.fields.list_items import identified
from gwdeployer.testing.apiserver.fields.schema import Atom, ListType, MapType


def removed(atom: Atom, value: Any, fields: FieldSet) -> Any:
    """Return the value without these paths. Parts that stay are shared with it.

    A map or list that loses all it has becomes null, as does an atomic one that the paths lead into.
    """
    atom = atom.of(value)
    if atom.map:
        return _removed_entries(atom.map, value, fields)
    if atom.scalar:
        return value
    return _removed_items(atom.list, value, fields) if atom.list else None


def _removed_entries(map_type: MapType, value: Any, fields: FieldSet) -> Any:
    if not isinstance(value, dict) or map_type.atomic:
        return None
    result = {}
    for name, entry in value.items():
        element = f"f:{name}"
        if element not in fields.members:
            below = fields.children.get(element, EMPTY)
            atom = map_type.entry(name)
            result[name] = (removed(atom, entry, below) if atom else None) if below else entry
    return result or None


def _removed_items(list_type: ListType, value: Any, fields: FieldSet) -> Any:
    if not isinstance(value, list) or list_type.atomic:
        return None
    result = []
    for element, item in identified(list_type, value):
        if element not in fields.members:
            below = fields.children.get(element, EMPTY)
            result.append(removed(list_type.element, item, below) if below else item)
    return result or None
