"""What goes from an object because its applier does not apply it any more."""

from __future__ import annotations

from typing import Any

from gwdeployer.testing.apiserver.fields.field_set import EMPTY, FieldSet
from gwdeployer.testing.apiserver.fields.managers import Owned, Owners
from gwdeployer.testing.apiserver.fields.ownership import fields_of
from gwdeployer.testing.apiserver.fields.removal import removed
from gwdeployer.testing.apiserver.fields.schema import Atom
from gwdeployer.testing.apiserver.fields.schema_changes import type_below, with_named_fields


def is_covered(before: FieldSet, fields: FieldSet, atom: Atom) -> bool:
    """Return whether there is nothing to prune, as all fields from before are still applied.

    It has to be found out where items are applied without any field: their defaults do not hold them.
    """
    return not before - fields and not _has_bare_items(fields, atom)


def _has_bare_items(fields: FieldSet, atom: Atom | None) -> bool:
    """Return whether an item of a list map, other than an atomic one, is in the set without any field."""
    items = atom.list.element.map if atom and atom.list else None
    if items and not items.atomic and any(element not in fields.children for element in fields.members):
        return True
    return any(
        _has_bare_items(below, type_below(atom, element)) for element, below in fields.children.items()
    )


class Pruning:
    """Removes from a merged object what its applier owned, does not apply any more, and nobody else owns.

    ``before`` is what the applier owned until now.
    """

    def __init__(self, atom: Atom, value: Any, before: Owned) -> None:
        """Look at all that the object has."""
        self.atom = atom
        self.value = value
        self.before = before
        self.last = with_named_fields(before.fields, atom)
        self.all = self._named(value)

    def _named(self, value: Any) -> FieldSet:
        return with_named_fields(fields_of(self.atom, value), self.atom)

    def pruned(self, owners: Owners) -> Any:
        """Return what is left; ``owners`` has what the applier owns now, in place of ``before``."""
        value = removed(self.atom, self.value, self.last)
        for kept in self._owned_by_version(owners):
            value = self._keeping(self._named(value) | with_named_fields(kept, self.atom))
        # What is gone but was not the applier's (defaults, parts that updates set) comes back.
        gone = (self.all - self._named(value)) & self.last
        return removed(self.atom, self.value, gone)

    def _keeping(self, kept: FieldSet) -> Any:
        return removed(self.atom, self.value, self.all - kept)

    def _owned_by_version(self, owners: Owners) -> list[FieldSet]:
        """Return what is owned now, the fields of each version together, those of the last apply's first."""
        found: dict[str, FieldSet] = {}
        for owned in owners.values():
            found[owned.api_version] = found.get(owned.api_version, EMPTY) | owned.fields
        first = found.pop(self.before.api_version, None)
        return [first, *found.values()] if first else list(found.values())
