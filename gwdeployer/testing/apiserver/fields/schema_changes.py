"""Sets of fields seen in the light of a schema: what was recorded under another one, and what is named."""

from __future__ import annotations

from gwdeployer.testing.apiserver.fields.field_set import FieldSet
from gwdeployer.testing.apiserver.fields.path_elements import Element, Path
from gwdeployer.testing.apiserver.fields.schema import DEDUCED, Atom, ListType, MapType


def reconciled(fields: FieldSet, atom: Atom) -> FieldSet:
    """Return a recorded set as the schema has it now.

    Who owned parts of a map or list that has become atomic owns the whole of it (KEP-555, schema changes).
    """
    atomic = FieldSet()
    _find_atomic(fields, False, atom, (), atomic)
    return fields.without(atomic) | atomic if atomic else fields


def _find_atomic(fields: FieldSet | None, leaf: bool, atom: Atom | None, path: Path, found: FieldSet) -> None:
    """Collect the atomic places that the set has parts of; ``leaf``: the place itself is owned, no part."""
    if atom is None:
        return
    if atom.map:
        if not _is_free_form(atom.map):
            _find_in_map(fields, leaf, atom.map, path, found)
    elif atom.list and not atom.scalar:
        _find_in_list(fields, leaf, atom.list, path, found)


def _find_in_map(fields: FieldSet | None, leaf: bool, map_type: MapType, path: Path, found: FieldSet) -> None:
    if not fields:
        return
    if map_type.atomic and not leaf:
        found.add(path)
        return
    for element in fields.members | fields.children.keys():
        _descend(fields, element, _entry(map_type, element), path, found)


def _find_in_list(
    fields: FieldSet | None, leaf: bool, list_type: ListType, path: Path, found: FieldSet
) -> None:
    if list_type.atomic and not leaf:
        found.add(path)
    elif fields:
        for element in fields.members | fields.children.keys():
            _descend(fields, element, list_type.element, path, found)


def _descend(fields: FieldSet, element: Element, atom: Atom | None, path: Path, found: FieldSet) -> None:
    below = fields.children.get(element)
    leaf = element in fields.members and below is None
    _find_atomic(below, leaf, atom, (*path, element), found)


def _is_free_form(map_type: MapType) -> bool:
    return map_type.element is DEDUCED and not map_type.fields


def _entry(map_type: MapType, element: Element) -> Atom | None:
    return map_type.entry(element[2:]) if element.startswith("f:") else map_type.element


def with_named_fields(fields: FieldSet, atom: Atom | None) -> FieldSet:
    """Return the set with the declared fields on the way to its members, which as such are in no set."""
    map_type = atom.map if atom else None
    named = map_type.fields if map_type else {}
    members = {element for element in fields.children if element.startswith("f:") and element[2:] in named}
    children = {
        element: with_named_fields(below, type_below(atom, element))
        for element, below in fields.children.items()
    }
    return FieldSet(fields.members | members, children)


def type_below(atom: Atom | None, element: Element) -> Atom | None:
    """Return the type of what an element of a path leads to; ``None`` where none is declared."""
    if atom and atom.map and element.startswith("f:"):
        return atom.map.entry(element[2:])
    return atom.list.element if atom and atom.list and element.startswith("k:") else None
