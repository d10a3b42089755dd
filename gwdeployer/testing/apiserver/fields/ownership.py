"""Which fields an applied object claims: those it mentions, and the items and map entries they stand in."""

from __future__ import annotations

from collections import Counter
from typing import Any

from gwdeployer.testing.apiserver.fields.field_set import FieldSet
from gwdeployer.testing.apiserver.fields.list_items import identified
from gwdeployer.testing.apiserver.fields.path_elements import Element
from gwdeployer.testing.apiserver.fields.schema import Atom, ListType, MapType


def fields_of(atom: Atom, value: Any) -> FieldSet:
    """Return the paths of a valid value.

    A scalar, an atomic map or list, a null and an empty map are paths; so is each item of a list and each
    entry of a map that is no declared field. A struct, or a list of items, is none itself.
    """
    return _claimed(atom, value)[1]


def _claimed(atom: Atom, value: Any) -> tuple[bool, FieldSet]:
    """Return whether the value itself is a path, and the paths below it."""
    atom = atom.of(value)
    if atom.map:
        return _claimed_map(atom.map, value)
    if atom.scalar:
        return True, FieldSet()
    return _claimed_list(atom.list, value) if atom.list else (False, FieldSet())


def _claimed_map(map_type: MapType, value: Any) -> tuple[bool, FieldSet]:
    result = FieldSet()
    if map_type.atomic:
        return True, result
    for name, entry in value.items() if isinstance(value, dict) else ():
        atom = map_type.entry(name)
        member, below = _claimed(atom, entry) if atom else (False, FieldSet())
        _put(result, f"f:{name}", below, member or entry in (None, {}) or name not in map_type.fields)
    return False, result


def _claimed_list(list_type: ListType, value: Any) -> tuple[bool, FieldSet]:
    result = FieldSet()
    if list_type.atomic:
        return True, result
    items = list(identified(list_type, value or ()))
    times = Counter(element for element, _ in items)
    for element, item in items:
        below = _claimed(list_type.element, item)[1] if times[element] == 1 else FieldSet()
        _put(result, element, below, member=True)
    return False, result


def _put(into: FieldSet, element: Element, below: FieldSet, member: bool) -> None:
    if member:
        into.members.add(element)
    if below.members or below.children:
        into.children[element] = below
