"""Whether a value fits its schema, as far as server-side apply asks: structure and identity of list items."""

from __future__ import annotations

from collections.abc import Iterator
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
    return [_fault(path, message) for path, message in _Checker(duplicates).check(atom, value, ())]


def message_of(found: list[str]) -> str:
    """Return faults as one message."""
    return found[0] if len(found) == 1 else "\n".join(["errors:", *(f"  {fault}" for fault in found)])


def _fault(path: Path, message: str) -> str:
    return f"{path_elements.path_text(path)}: {message}" if path else message


_Faults = Iterator[tuple[Path, str]]


class _Checker:
    def __init__(self, duplicates: bool) -> None:
        self.duplicates = duplicates

    def check(self, atom: Atom, value: Any, path: Path) -> _Faults:
        if value is None:
            return
        atom = atom.of(value)
        if atom.map:
            yield from self.check_map(atom.map, value, path)
        elif atom.scalar:
            yield from ((path, message) for message in _scalar_faults(atom.scalar, value))
        elif atom.list:
            yield from self.check_list(atom.list, value, path)

    def check_map(self, map_type: MapType, value: Any, path: Path) -> _Faults:
        if not isinstance(value, dict):
            yield path, f"expected map, got &{{{go_text(value)}}}"
            return
        for name, entry in value.items():
            below = (*path, path_elements.field(name))
            atom = map_type.entry(name)
            if atom is None:
                yield below, "field not declared in schema"
                return
            yield from self.check(atom, entry, below)

    def check_list(self, list_type: ListType, value: Any, path: Path) -> _Faults:
        if not isinstance(value, list):
            yield path, f"expected list, got &{{{go_text(value)}}}"
        elif list_type.atomic:
            for index, item in enumerate(value):
                yield from self.check(list_type.element, item, (*path, f"i:{index}"))
        else:
            yield from self.check_items(list_type, value, path)

    def check_items(self, list_type: ListType, items: list[Any], path: Path) -> _Faults:
        seen: set[Element] = set()
        for index, item in enumerate(items):
            try:
                element = element_of(list_type, item)
            except ItemError as error:
                yield path, f"element {index}: {error}"
                return
            if element in seen and not self.duplicates:
                yield path, f"duplicate entries for key {path_elements.text(element)}"
            seen.add(element)
            yield from self.check(list_type.element, item, (*path, element))


_CLASSES: dict[Scalar, tuple[type, ...]] = {
    "string": (str,),
    "numeric": (int, float),
    "boolean": (bool,),
    "untyped": (str, int, float, bool),
}


def _scalar_faults(scalar: Scalar, value: Any) -> Iterator[str]:
    if value.__class__ in _CLASSES[scalar]:
        return
    if scalar == "numeric":
        yield f"expected numeric (int or float), got {go_type(value)}"
    elif scalar == "string":
        yield f"expected string, got &value.valueUnstructured{{Value:{go_syntax(value)}}}"
    else:
        expected = "boolean" if scalar == "boolean" else "any scalar"
        yield f"expected {expected}, got &{{{go_text(value)}}}"
