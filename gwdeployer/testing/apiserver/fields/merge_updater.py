"""What applies and updates make of an object and its owners (``merge.Updater`` of structured-merge-diff).

Owners may have recorded their fields in other versions of the kind. All versions are taken to have one
structure, as those of a CustomResourceDefinition without conversion webhook mostly do.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from gwdeployer.testing.apiserver.fields import path_elements
from gwdeployer.testing.apiserver.fields.comparison import Comparison, compared
from gwdeployer.testing.apiserver.fields.errors import ApplyConflict, Conflict
from gwdeployer.testing.apiserver.fields.field_set import EMPTY, FieldSet
from gwdeployer.testing.apiserver.fields.managers import Manager, Owned, Owners
from gwdeployer.testing.apiserver.fields.merging import merged
from gwdeployer.testing.apiserver.fields.ownership import fields_of
from gwdeployer.testing.apiserver.fields.pruning import Pruning, is_covered
from gwdeployer.testing.apiserver.fields.schema import Atom
from gwdeployer.testing.apiserver.fields.schema_changes import reconciled
from gwdeployer.testing.apiserver.fields.values import equal


class Writer(NamedTuple):
    """Who writes, in which version, and the fields such a write never owns."""

    manager: Manager
    api_version: str
    reset: FieldSet = EMPTY


class UpdateConflicts(Exception):  # noqa: N818 - not an error yet: force may follow
    """An apply would change fields of others; ``fields`` has them by owner."""

    def __init__(self, fields: Mapping[Manager, FieldSet]) -> None:
        """Keep the fields."""
        self.fields = fields
        super().__init__()

    def without(self, allowed: FieldSet) -> UpdateConflicts | None:
        """Return the conflicts about other fields, or ``None`` if there are no others."""
        left = {manager: fields - allowed for manager, fields in self.fields.items()}
        left = {manager: fields for manager, fields in left.items() if fields}
        return UpdateConflicts(left) if left else None

    def as_error(self) -> ApplyConflict:
        """Return the conflicts as the API server tells them."""
        return ApplyConflict(
            Conflict(str(manager), path_elements.path_text(path))
            for manager in sorted(self.fields, key=lambda manager: manager.identifier)
            for path in self.fields[manager]
        )


class Updater:
    """Applies to, and updates, values of one type."""

    def __init__(self, atom: Atom) -> None:
        """Keep the type."""
        self.atom = atom

    def update(self, live: Any, new: Any, owners: Owners, reset: FieldSet) -> tuple[Owners, FieldSet]:
        """Return the owners after ``new`` was written in place of ``live``, and what the write makes its own.

        The latter nobody else owns any more.
        """
        comparison = compared(self.atom, live, new).without(reset)
        left = self._taken(self._reconciled(owners), comparison, None, force=True)
        return _filled(left), comparison.modified | comparison.added

    def apply(
        self, live: Any, applied: Any, owners: Owners, writer: Writer, *, force: bool
    ) -> tuple[Any, Owners]:
        """Return the object after ``applied`` was merged into ``live``, and the owners.

        The object is ``None`` if nothing changes. The writer owns what it applied; what it applied before,
        does not apply now and nobody else owns, is gone. Raises ``UpdateConflicts``.
        """
        owners = self._reconciled(owners)
        new = merged(self.atom, live, applied)
        before = owners.get(writer.manager)
        fields = fields_of(self.atom, applied).without(writer.reset)
        owners = {**owners, writer.manager: Owned(fields, writer.api_version, applied=True)}
        if before and not is_covered(before.fields, fields, self.atom):
            new = Pruning(self.atom, new, before).pruned(owners)
        comparison = compared(self.atom, live, new).without(writer.reset)
        left = _filled(self._taken(owners, comparison, writer.manager, force=force))
        return None if equal(live, new) else new, left

    def _reconciled(self, owners: Owners) -> Owners:
        return {
            manager: owned.with_fields(reconciled(owned.fields, self.atom))
            for manager, owned in owners.items()
        }

    @staticmethod
    def _taken(
        owners: Owners, comparison: Comparison, writer: Manager | None, *, force: bool
    ) -> dict[Manager, Owned]:
        """Return the owners without what the write changes of others; raises ``UpdateConflicts``."""
        changed = comparison.modified | comparison.added
        left = dict(owners)
        conflicts: dict[Manager, FieldSet] = {}
        for manager, owned in owners.items():
            if manager != writer:
                if taken := owned.fields & changed:
                    conflicts[manager] = taken
                left[manager] = owned.with_fields(owned.fields - (taken | comparison.removed))
        if conflicts and not force:
            raise UpdateConflicts(conflicts)
        return left


def _filled(owners: Owners) -> Owners:
    return {manager: owned for manager, owned in owners.items() if owned.fields}
