"""Sets of field paths: what a manager owns, what a write changed.

A set is a tree. A path is in the set if its last element is a *member* of the node its parents lead to; being
on the way to a member does not make a path a member. Sets are values: operations share what they keep, and
only the code that builds a new set calls ``add``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from gwdeployer.testing.apiserver.fields import path_elements
from gwdeployer.testing.apiserver.fields.path_elements import Element, Path


class FieldSet:
    """A set of field paths."""

    __slots__ = ("children", "members")

    def __init__(
        self, members: Iterable[Element] = (), children: Mapping[Element, FieldSet] | None = None
    ) -> None:
        """Make a set from the members at its root and the sets below its elements."""
        self.members = set(members)
        self.children = dict(children) if children else {}

    @classmethod
    def of(cls, paths: Iterable[Path]) -> FieldSet:
        """Return the set of these paths."""
        result = cls()
        for path in paths:
            result.add(path)
        return result

    def add(self, path: Path) -> None:
        """Add a path. The path of the whole object is in no set."""
        node = self
        for element in path[:-1]:
            node = node.children.setdefault(element, FieldSet())
        node.members.update(path[-1:])

    def __bool__(self) -> bool:
        """Return whether any path is in the set."""
        return bool(self.members) or any(self.children.values())

    def __contains__(self, path: Path) -> bool:
        """Return whether the path is in the set."""
        node = self
        for element in path[:-1]:
            if element not in node.children:
                return False
            node = node.children[element]
        return bool(path) and path[-1] in node.members

    def __iter__(self) -> Iterator[Path]:
        """Yield the paths in order: at each node its members, then what is below its elements."""
        for element in sorted(self.members, key=path_elements.order):
            yield (element,)
        for element in sorted(self.children, key=path_elements.order):
            for rest in self.children[element]:
                yield (element, *rest)

    def below(self, element: Element) -> FieldSet:
        """Return the paths that begin with the element, without it."""
        return self.children.get(element) or EMPTY

    def __or__(self, other: FieldSet) -> FieldSet:
        """Return the paths of either set."""
        children = {**self.children, **other.children}
        for element in self.children.keys() & other.children.keys():
            children[element] = self.children[element] | other.children[element]
        return FieldSet(self.members | other.members, children)

    def __and__(self, other: FieldSet) -> FieldSet:
        """Return the paths of both sets."""
        shared = self.children.keys() & other.children.keys()
        nodes = {element: self.children[element] & other.children[element] for element in shared}
        return FieldSet(self.members & other.members, _filled(nodes))

    def __sub__(self, other: FieldSet) -> FieldSet:
        """Return the paths of this set that are not in the other; their children stay."""
        children = dict(self.children)
        for element in self.children.keys() & other.children.keys():
            children[element] = self.children[element] - other.children[element]
        return FieldSet(self.members - other.members, _filled(children))

    def without(self, other: FieldSet) -> FieldSet:
        """Return the paths of this set that are not in the other, nor below one of its paths."""
        if not other.members and not other.children:
            return self
        children = {
            element: node.without(other.below(element))
            for element, node in self.children.items()
            if element not in other.members
        }
        return FieldSet(self.members - other.members, _filled(children))


def _filled(children: dict[Element, FieldSet]) -> dict[Element, FieldSet]:
    return {element: node for element, node in children.items() if node}


EMPTY = FieldSet()


# FieldsV1, the form that managedFields has (meta/v1, FieldsV1).


def encoded(fields: FieldSet, *, member: bool = False) -> dict[str, Any]:
    """Return a set as FieldsV1, in the server's order; ``member``: the node itself is in the set too."""
    result: dict[str, Any] = {".": {}} if member else {}
    for element in sorted(fields.members | fields.children.keys(), key=path_elements.order):
        node = fields.children.get(element)
        result[element] = encoded(node, member=element in fields.members) if node else {}
    return result


def decoded(fields: Any) -> FieldSet:
    """Return the set that FieldsV1 describes; raises ``PathElementError``."""
    return _decoded(fields)[0] or FieldSet()


def _decoded(fields: Any) -> tuple[FieldSet | None, bool]:
    if not isinstance(fields, dict | None):
        raise path_elements.PathElementError("expect { or n")
    result = FieldSet()
    for text, below in (fields or {}).items():
        if text != ".":
            _read(result, text, below)
    found = result if result.members or result.children else None
    return found, found is None or "." in (fields or {})


def _read(into: FieldSet, text: str, below: Any) -> None:
    try:
        element = path_elements.parsed(text)
    except path_elements.UnknownElementError:
        return
    node, member = _decoded(below)
    if member:
        into.members.add(element)
    if node:
        into.children[element] = node
