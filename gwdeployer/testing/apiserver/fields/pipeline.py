"""One write through the steps of the API server (``k8s.io/apimachinery/pkg/util/managedfields``).

Around what structured-merge-diff does: who writes, which metadata nobody owns, owners of objects that were
never applied, times, the cap on updaters, and the annotation of ``kubectl apply``.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from gwdeployer.objects import KindRef, Object, name_of, namespace_of
from gwdeployer.testing.apiserver.fields import last_applied
from gwdeployer.testing.apiserver.fields.capping import capped
from gwdeployer.testing.apiserver.fields.errors import FieldsError
from gwdeployer.testing.apiserver.fields.field_set import EMPTY, FieldSet
from gwdeployer.testing.apiserver.fields.list_items import ItemError
from gwdeployer.testing.apiserver.fields.managers import APPLY, UPDATE, Managed, Manager, Owned
from gwdeployer.testing.apiserver.fields.merge_updater import UpdateConflicts, Updater, Writer
from gwdeployer.testing.apiserver.fields.schema import Schema
from gwdeployer.testing.apiserver.fields.validation import faults, message_of

#: Owns all that an object had before it was first applied to, if nobody else is known to.
BEFORE_FIRST_APPLY: Final = "before-first-apply"

#: What nobody owns: the identity of an object, and what only the server writes.
_STRIPPED = FieldSet.of(
    [
        ("f:apiVersion",),
        ("f:kind",),
        ("f:metadata",),
        ("f:metadata", "f:name"),
        ("f:metadata", "f:namespace"),
        ("f:metadata", "f:creationTimestamp"),
        ("f:metadata", "f:selfLink"),
        ("f:metadata", "f:uid"),
        ("f:metadata", "f:clusterName"),
        ("f:metadata", "f:generation"),
        ("f:metadata", "f:managedFields"),
        ("f:metadata", "f:resourceVersion"),
    ]
)


@dataclass(frozen=True)
class Write:
    """One request: who writes what kind of object, in which version, when; ``reset``: what it never owns.

    Objects are without ``managedFields`` here. Nothing is mutated; results share parts with the arguments.
    """

    schema: Schema
    api_version: str
    manager: str
    subresource: str
    reset: FieldSet
    now: str

    @property
    def updater(self) -> Updater:
        """What merges and compares values of the kind."""
        return Updater(self.schema.root)

    def owner(self, operation: str) -> Manager:
        """Return the entry that this write is recorded in."""
        return Manager.of(self.manager, operation, self.api_version, self.subresource)

    def updated(self, live: Object, new: Object, managed: Managed) -> Managed:
        """Return the owners after ``new`` was written in place of ``live``; may raise ``FieldsError``."""
        self.check(new, "failed to convert new object", " to smd typed")
        self.check(live, "failed to convert live object", " to smd typed")
        self.check_convertible(managed, live, new)
        owners, fields = self.updater.update(live, new, managed.owners, self.reset)
        fields -= _STRIPPED
        managed = replace(managed, owners=owners)
        return capped(self.with_own(managed, fields) if fields else managed)

    def adopted(self, empty: Object, live: Object) -> Managed:
        """Return the owner of all that an object has that nobody is known to own."""
        try:
            return replace(self, manager=BEFORE_FIRST_APPLY).updated(empty, live, Managed())
        except FieldsError as error:
            message = f"failed to create manager for existing fields: {error}"
            raise FieldsError(message, error.causes) from None

    def with_own(self, managed: Managed, fields: FieldSet) -> Managed:
        """Return the owners with fields added to the entry of this writer."""
        owner = self.owner(UPDATE)
        before = managed.owners[owner].fields if owner in managed.owners else EMPTY
        owned = Owned(fields | before, self.api_version, applied=False)
        return replace(managed, owners={**managed.owners, owner: owned}).timed(owner, self.now)

    def applied(
        self, live: Object, applied: Object, managed: Managed, *, force: bool
    ) -> tuple[Object, Managed]:
        """Return object and owners after an apply; may raise ``FieldsError`` and ``ApplyConflict``."""
        self.check(applied, "failed to create typed patch object", duplicates=False)
        self.check(live, "failed to create typed live object")
        self.check_convertible(managed, live)
        try:
            result, managed = self.merged(live, applied, managed, force=force)
        except UpdateConflicts as conflicts:
            self.refuse(conflicts, live)
            result, managed = self.merged(live, applied, managed, force=True)
        if self.manager == last_applied.KUBECTL:
            result = last_applied.with_last_applied(result, applied)
        return result, managed

    def merged(
        self, live: Object, applied: Object, managed: Managed, *, force: bool
    ) -> tuple[Object, Managed]:
        """Return the object and its owners after an apply; may raise ``UpdateConflicts``."""
        owner = self.owner(APPLY)
        writer = Writer(owner, self.api_version, self.reset)
        try:
            new, owners = self.updater.apply(live, applied, managed.owners, writer, force=force)
        except ItemError as error:
            raise FieldsError(f"failed to compare objects: {error}") from None
        left = dict(owners)
        if owner in left:
            left[owner] = left[owner].with_fields(left[owner].fields - _STRIPPED)
        owners = {manager: owned for manager, owned in left.items() if owned.fields}
        managed = replace(managed, owners=owners)
        return (live, managed) if new is None else (new, managed.timed(owner, self.now))

    def refuse(self, conflicts: UpdateConflicts, live: Object) -> None:
        """Raise ``ApplyConflict``, unless the writer is kubectl and set all of these fields before."""
        if self.manager == last_applied.KUBECTL:
            allowed = last_applied.unchanged_since(live, self.schema.root)
            left = conflicts.without(allowed)
        else:
            left = conflicts
        if left:
            raise left.as_error() from None

    def check(self, obj: Object, message: str, suffix: str = "", *, duplicates: bool = True) -> None:
        """Raise ``FieldsError`` if an object does not fit the schema."""
        if found := faults(self.schema.root, obj, duplicates=duplicates):
            kind = KindRef.of_object(obj)
            group_version = f"{kind.group}/{kind.version}, Kind={kind.kind}"
            place = f"{namespace_of(obj)}/{name_of(obj)}; {group_version}"
            raise FieldsError(f"{message} ({place}){suffix}: {message_of(found)}", found)

    def check_convertible(self, managed: Managed, *objects: Object) -> None:
        """Raise ``FieldsError`` if fields are owned in another version, and an object has duplicate items.

        Conversions to other versions do not take those.
        """
        if any(owned.api_version != self.api_version for owned in managed.owners.values()):
            for obj in objects:
                if found := faults(self.schema.root, obj, duplicates=False):
                    raise FieldsError(message_of(found), found)
