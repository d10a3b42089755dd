"""What differs between two values of one schema: paths added, modified and removed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from gwdeployer.testing.apiserver.fields.field_set import FieldSet
from gwdeployer.testing.apiserver.fields.list_items import element_of
from gwdeployer.testing.apiserver.fields.path_elements import Element, Path
from gwdeployer.testing.apiserver.fields.schema import Atom, ListType, MapType
from gwdeployer.testing.apiserver.fields.values import ABSENT, equal


@dataclass
class Comparison:
    """The differences; no path is in two of the sets."""

    added: FieldSet = field(default_factory=FieldSet)
    modified: FieldSet = field(default_factory=FieldSet)
    removed: FieldSet = field(default_factory=FieldSet)

    def without(self, fields: FieldSet) -> Comparison:
        """Return the differences outside these paths and what is below them."""
        return Comparison(
            self.added.without(fields), self.modified.without(fields), self.removed.without(fields)
        )


def compared(atom: Atom, old: Any, new: Any) -> Comparison:
    """Return what differs between two valid values."""
    result = Comparison()
    _Comparer(result).compare(atom, old, new, ())
    return result


class _Comparer:
    """Walks both values at once. Each visit answers whether it took the value as a leaf."""

    def __init__(self, result: Comparison) -> None:
        self.result = result

    def compare(self, atom: Atom, old: Any, new: Any, path: Path) -> None:
        if old is new:
            return
        leaf = False
        for part in _parts(atom, old, new):
            leaf = self.compare_as(part, old, new, path)
        if not leaf and old is ABSENT:
            self.result.added.add(path)
        elif not leaf and new is ABSENT:
            self.result.removed.add(path)

    def compare_as(self, atom: Atom, old: Any, new: Any, path: Path) -> bool:
        if atom.map:
            return self.compare_maps(atom.map, old, new, path)
        if atom.list and not atom.scalar:
            return self.compare_lists(atom.list, old, new, path)
        return self.leaf(old, new, path)

    def leaf(self, old: Any, new: Any, path: Path) -> bool:
        if old is ABSENT:
            self.result.added.add(path)
        elif new is ABSENT:
            self.result.removed.add(path)
        elif not equal(old, new):
            self.result.modified.add(path)
        return True

    def compare_maps(self, map_type: MapType, old: Any, new: Any, path: Path) -> bool:
        left = old if isinstance(old, dict) else {}
        right = new if isinstance(new, dict) else {}
        if map_type.atomic or not (left or right):
            return self.leaf(old, new, path)
        for name in [*left, *(name for name in right if name not in left)]:
            atom = map_type.entry(name)
            if atom:
                self.compare(atom, left.get(name, ABSENT), right.get(name, ABSENT), (*path, f"f:{name}"))
        return False

    def compare_lists(self, list_type: ListType, old: Any, new: Any, path: Path) -> bool:
        left = old if isinstance(old, list) else []
        right = new if isinstance(new, list) else []
        if list_type.atomic or not (left or right):
            return self.leaf(old, new, path)
        before, after = _by_element(list_type, left), _by_element(list_type, right)
        for element in before | after:
            here = (*path, element)
            self.compare_items(list_type, before.get(element, []), after.get(element, []), here)
        return False

    def compare_items(self, list_type: ListType, old: list[Any], new: list[Any], path: Path) -> None:
        """Compare the items of one element. Duplicates of an item count as one value."""
        several_before, several_after = len(old) > 1, len(new) > 1
        if several_before and several_after:
            if not equal(old, new):
                self.result.modified.add(path)
            return
        left = ABSENT if several_before else _first(old)
        right = ABSENT if several_after else _first(new)
        self.compare(list_type.element, left, right, path)
        if several_before:
            self.result.removed.add(path)
        elif several_after:
            self.result.added.add(path)


def _parts(atom: Atom, old: Any, new: Any) -> Iterable[Atom]:
    """Return as what the values are to be compared; as both, where each is of another kind."""
    if new is ABSENT:
        return (atom.of(old),)
    before, after = atom.of(old), atom.of(new)
    return (after,) if old is ABSENT or before is after else (before, after)


def _by_element(list_type: ListType, items: list[Any]) -> dict[Element, list[Any]]:
    found: dict[Element, list[Any]] = {}
    for item in items:
        found.setdefault(element_of(list_type, item), []).append(item)
    return found


def _first(items: list[Any]) -> Any:
    return items[0] if items else ABSENT
