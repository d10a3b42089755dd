"""How values of one kind are structured for server-side apply.

The vocabulary is that of structured-merge-diff. An ``Atom`` says which kinds of value a place may hold: a
scalar, a list, a map, or several of them where nothing narrower is known. A map or list is *atomic* when one
manager owns it whole, like a scalar; otherwise its parts are owned one by one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final, Literal

from gwdeployer.testing.apiserver.fields.values import ABSENT, json_string

Scalar = Literal["string", "numeric", "boolean", "untyped"]


class MapType:
    """A map or struct. ``element`` is the type of entries that are no declared field; ``None``: it has none.

    Fields are asked for when the first one is wanted: types may contain themselves.
    """

    def __init__(
        self,
        fields: Callable[[], Mapping[str, Atom]] = dict,
        element: Atom | None = None,
        *,
        atomic: bool = False,
    ) -> None:
        """Make a map of these fields."""
        self._fields = fields
        self.element = element
        self.atomic = atomic

    @cached_property
    def fields(self) -> Mapping[str, Atom]:
        """The declared fields."""
        return self._fields()

    def entry(self, name: str) -> Atom | None:
        """Return the type of one entry, or ``None`` if the map may not have it."""
        return self.fields.get(name, self.element)

    def related(self, *, atomic: bool) -> MapType:
        """Return this map with another relationship between its entries."""
        return MapType(lambda: self.fields, self.element, atomic=atomic)


@dataclass(frozen=True, slots=True)
class Key:
    """One field that identifies the items of a list map, and its default: ``ABSENT``, if it has none.

    ``label`` is the name as it is written inside a path element.
    """

    name: str
    default: Any = ABSENT
    label: str = field(init=False)

    def __post_init__(self) -> None:
        """Write the label once: items are identified far more often than types are made."""
        object.__setattr__(self, "label", f"{json_string(self.name)}:")


@dataclass(frozen=True, slots=True)
class ListType:
    """A list: atomic, or a list map if it has ``keys`` (sorted by name), or else a set of scalars."""

    element: Atom
    atomic: bool = True
    keys: tuple[Key, ...] = ()


@dataclass(eq=False)
class Atom:
    """What one place may hold. Compared by identity: a schema makes each of its atoms once."""

    scalar: Scalar | None = None
    list: ListType | None = None
    map: MapType | None = None

    def of(self, value: Any) -> Atom:
        """Return the part of this atom that can hold the value; the whole atom for null or no value."""
        return self._parts.get(value.__class__, self)

    @cached_property
    def _parts(self) -> Mapping[type, Atom]:
        """For each class of JSON value the part that holds it; empty where there is no choice."""
        parts: dict[type, Atom] = {}
        if sum(kind is not None for kind in (self.scalar, self.list, self.map)) > 1:
            if self.scalar:
                parts |= dict.fromkeys((str, int, float, bool), Atom(scalar=self.scalar))
            if self.list:
                parts[list] = Atom(list=self.list)
            if self.map:
                parts[dict] = Atom(map=self.map)
        return parts

    def related(self, *, atomic: bool) -> Atom:
        """Return this atom with another relationship between the entries of its map."""
        return Atom(self.scalar, self.list, self.map.related(atomic=atomic)) if self.map else self


def _without_schema(*, atomic: bool) -> Atom:
    atom = Atom("untyped")
    atom.list = ListType(atom if atomic else UNTYPED)
    atom.map = MapType(element=atom, atomic=atomic)
    return atom


#: A value without a schema that is owned as a whole.
UNTYPED: Final = _without_schema(atomic=True)
#: A value without a schema: maps are owned entry by entry, lists as a whole.
DEDUCED: Final = _without_schema(atomic=False)


@dataclass(frozen=True, slots=True)
class Schema:
    """How values of one kind are structured."""

    root: Atom
