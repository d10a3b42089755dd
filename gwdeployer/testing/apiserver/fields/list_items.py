"""Which path element an item of a list is: by its keys in a list map, by itself in a set."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Final

from gwdeployer.testing.apiserver.fields.path_elements import Element
from gwdeployer.testing.apiserver.fields.schema import Key, ListType
from gwdeployer.testing.apiserver.fields.values import ABSENT, json_text

#: In place of the element of an item that has none.
UNIDENTIFIED: Final[Element] = ""


class ItemError(ValueError):
    """An item has no identity in its list."""


def element_of(list_type: ListType, item: Any) -> Element:
    """Return the path element of an item of a list that is not atomic; raises ``ItemError``.

    A key that the item leaves out has its default; one without default is no part of the element.
    """
    return _of_keyed(list_type.keys, item) if list_type.keys else _of_member(item)


def identified(list_type: ListType, items: Iterable[Any]) -> Iterator[tuple[Element, Any]]:
    """Yield the items of a list that is not atomic with their elements, ``UNIDENTIFIED`` for want of one.

    Pruning takes fields out of items, even those that identify them.
    """
    for item in items:
        try:
            yield element_of(list_type, item), item
        except ItemError:
            yield UNIDENTIFIED, item


def _of_keyed(keys: tuple[Key, ...], item: Any) -> Element:
    if item is None:
        raise ItemError("associative list with keys may not have a null element")
    if not isinstance(item, dict):
        raise ItemError("associative list with keys may not have non-map elements")
    labelled = [(key.label, item.get(key.name, key.default)) for key in keys]
    parts = [label + json_text(value) for label, value in labelled if value is not ABSENT]
    if not parts:
        names = " ".join(json_text(key.name) for key in keys)
        raise ItemError(
            f"associative list with keys has an element that omits all key fields [{names}] "
            "(and doesn't have default values for any key fields)"
        )
    return "k:{" + ",".join(parts) + "}"


def _of_member(item: Any) -> Element:
    if isinstance(item, dict):
        raise ItemError("associative list without keys has an element that's a map type")
    if isinstance(item, list):
        raise ItemError("not supported: associative list with lists as elements")
    if item is None:
        raise ItemError("associative list without keys has an element that's an explicit null")
    return "v:" + json_text(item)
