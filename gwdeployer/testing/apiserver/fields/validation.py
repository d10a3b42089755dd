"""Whether a value fits its schema, as far as server-side apply asks: structure and identity of list items."""

from __future__ import annotations

from typing import Any

from gwdeployer.testing.apiserver.fields import path_elements
from gwdeployer.testing.apiserver.fields.list_items import ItemError, element_of
from gwdeployer.testing.apiserver.fields.path_elements import Element, Path
from gwdeployer.testing.apiserver.fields.schema import Atom, ListType, MapType, Scalar
from gwdeployer.testing.apiserver.fields.values import go_syntax, go_text, go_type


def faults(atom: Atom, value: Any, *, duplicates: bool) -> list[str]:
    """Return all that is wrong with a value, each as ``.spec.path: message``.

    ``duplicates``: items of one key are let pass. The server lets them pass in objects it has, as they may be
    older than its schema, and refuses them in what is applied.
    """
    return [_fault(path, message) for path, message in _Checker(duplicates).check(atom, value)]


def message_of(found: list[str]) -> str:
    """Return faults as one message."""
    return found[0] if len(found) == 1 else "\n".join(["errors:", *(f"  {fault}" for fault in found)])


def _fault(path: Path, message: str) -> str:
    return f"{path_elements.path_text(path[::-1])}: {message}" if path else message


#: Faults with their paths, the last element first. Paths are only made of what is wrong.
_Faults = list[tuple[Path, str]]


def _below(element: Element, found: _Faults) -> _Faults:
    return [((*path, element), message) for path, message in found]


class _Checker:
    def __init__(self, duplicates: bool) -> None:
        self.duplicates = duplicates

    def check(self, atom: Atom, value: Any) -> _Faults:
        if value is None:
            return []
        atom = atom.of(value)
        if atom.map:
            return self.check_map(atom.map, value)
        if atom.scalar:
            return [] if value.__class__ in _CLASSES[atom.scalar] else [((), _misfit(atom.scalar, value))]
        return self.check_list(atom.list, value) if atom.list else []

    def check_map(self, map_type: MapType, value: Any) -> _Faults:
        if not isinstance(value, dict):
            return [((), f"expected map, got &{{{go_text(value)}}}")]
        faults: _Faults = []
        for name, entry in value.items():
            atom = map_type.entry(name)
            if atom is None:
                return [*faults, ((path_elements.field(name),), "field not declared in schema")]
            if found := self.check(atom, entry):
                faults += _below(path_elements.field(name), found)
        return faults

    def check_list(self, list_type: ListType, value: Any) -> _Faults:
        if not isinstance(value, list):
            return [((), f"expected list, got &{{{go_text(value)}}}")]
        if not list_type.atomic:
            return self.check_items(list_type, value)
        faults: _Faults = []
        for index, item in enumerate(value):
            if found := self.check(list_type.element, item):
                faults += _below(f"i:{index}", found)
        return faults

    def check_items(self, list_type: ListType, items: list[Any]) -> _Faults:
        faults: _Faults = []
        seen: set[Element] = set()
        for index, item in enumerate(items):
            try:
                element = element_of(list_type, item)
            except ItemError as error:
                return [*faults, ((), f"element {index}: {error}")]
            if element in seen and not self.duplicates:
                faults.append(((), f"duplicate entries for key {path_elements.text(element)}"))
            seen.add(element)
            if found := self.check(list_type.element, item):
                faults += _below(element, found)
        return faults


_CLASSES: dict[Scalar, tuple[type, ...]] = {
    "string": (str,),
    "numeric": (int, float),
    "boolean": (bool,),
    "untyped": (str, int, float, bool),
}


def _misfit(scalar: Scalar, value: Any) -> str:
    if scalar == "numeric":
        return f"expected numeric (int or float), got {go_type(value)}"
    if scalar == "string":
        return f"expected string, got &value.valueUnstructured{{Value:{go_syntax(value)}}}"
    expected = "boolean" if scalar == "boolean" else "any scalar"
    return f"expected {expected}, got &{{{go_text(value)}}}"
