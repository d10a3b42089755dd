"""What becomes of an object when another is applied to it: maps and lists of items merge part by part."""

from __future__ import annotations

from typing import Any

from gwdeployer.testing.apiserver.fields.list_items import element_of
from gwdeployer.testing.apiserver.fields.path_elements import Element
from gwdeployer.testing.apiserver.fields.schema import Atom, ListType, MapType
from gwdeployer.testing.apiserver.fields.values import ABSENT


def merged(atom: Atom, live: Any, applied: Any) -> Any:
    """Return the live value with the applied one merged into it. Parts are shared with both.

    Both are valid; ``applied`` has no duplicate items. A null applied to a map or a list of items changes
    nothing, an applied scalar or atomic value replaces what is there.
    """
    if applied is ABSENT:
        return live
    if live is ABSENT:
        return applied
    atom = atom.of(applied)
    if atom.map:
        return _merged_maps(atom.map, live, applied)
    if atom.list and not atom.scalar:
        return _merged_lists(atom.list, live, applied)
    return applied


def _merged_maps(map_type: MapType, live: Any, applied: Any) -> Any:
    left = live if isinstance(live, dict) else {}
    right = applied if isinstance(applied, dict) else {}
    if map_type.atomic or not (left or right):
        return applied
    result = dict(left)
    for name, value in right.items():
        atom = map_type.entry(name)
        result[name] = merged(atom, left.get(name, ABSENT), value) if atom else value
    return result


def _merged_lists(list_type: ListType, live: Any, applied: Any) -> Any:
    left = live if isinstance(live, list) else []
    right = applied if isinstance(applied, list) else []
    if list_type.atomic or not (left or right):
        return applied
    return _ListMerge(list_type, left, right).merged()


class _ListMerge:
    """Merges the items of two lists.

    Applied items come in the order they are applied in; live items that are not applied stay in front of the
    item they stood in front of.
    """

    def __init__(self, list_type: ListType, live: list[Any], applied: list[Any]) -> None:
        self.element = list_type.element
        self.live = [(element_of(list_type, item), item) for item in live]
        self.applied = [(element_of(list_type, item), item) for item in applied]
        self.applied_of = dict(self.applied)
        self.live_of: dict[Element, Any] = {}
        for element, item in self.live:
            self.live_of[element] = None if element in self.live_of else item
        self.shared = [element for element, _ in self.applied if element in self.live_of][::-1]
        self.done: set[Element] = set()
        self.left = self.right = 0
        self.result: list[Any] = []

    def merged(self) -> list[Any]:
        while self.left < len(self.live) or self.right < len(self.applied):
            self.step()
        return self.result

    def step(self) -> None:
        """Take one item from the live list, from the applied one, or one that is next in both."""
        element, item = self.live[self.left] if self.left < len(self.live) else ("", None)
        following = self.applied[self.right][0] if self.right < len(self.applied) else ""
        if element and element not in self.applied_of:
            self.result.append(item)
            self.left += 1
        elif following and element not in ("", following) and self.waits(element):
            self.left += 1
        else:
            self.left += element in self.done or (bool(element) and element == following)
            self.take(following)

    def waits(self, element: Element) -> bool:
        """Return whether a live item that is applied too has its place behind another such item."""
        return bool(self.shared) and self.shared[-1] != element

    def take(self, element: Element) -> None:
        """Merge the next applied item, if there is one."""
        if not element:
            return
        self.done.add(element)
        self.result.append(merged(self.element, self.live_of.get(element, ABSENT), self.applied_of[element]))
        self.right += 1
        if self.shared and self.shared[-1] == element:
            self.shared.pop()
