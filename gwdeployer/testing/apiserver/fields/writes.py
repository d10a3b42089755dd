"""Applies and updates: what becomes of an object and of its ``metadata.managedFields``.

The steps are those of the API server (``k8s.io/apimachinery/pkg/util/managedfields``), around what
structured-merge-diff does: who writes, which metadata nobody owns, owners of objects that were never applied,
times, the cap on updaters, and the annotation of ``kubectl apply``.
"""

from __future__ import annotations

from collections.abc import Iterable
from copy import deepcopy
from dataclasses import dataclass, replace
from functools import cache
from typing import Any, Final

from gwdeployer.objects import KindRef, Object, metadata_of, name_of, namespace_of
from gwdeployer.testing.apiserver.fields import last_applied
from gwdeployer.testing.apiserver.fields.capping import capped
from gwdeployer.testing.apiserver.fields.errors import FieldsError
from gwdeployer.testing.apiserver.fields.field_set import EMPTY, FieldSet
from gwdeployer.testing.apiserver.fields.list_items import ItemError
from gwdeployer.testing.apiserver.fields.managers import (
    APPLY,
    UPDATE,
    Managed,
    Manager,
    Owned,
    managed_of,
    with_managed,
    without_managed,
)
from gwdeployer.testing.apiserver.fields.merge_updater import UpdateConflicts, Updater, Writer
from gwdeployer.testing.apiserver.fields.schema import Schema
from gwdeployer.testing.apiserver.fields.validation import faults, message_of

#: Paths of fields, by their names: ``frozenset({("status",), ("metadata", "labels")})``.
FieldPaths = frozenset[tuple[str, ...]]

#: Owns all that an object had before it was first applied to, if nobody else is known to.
BEFORE_FIRST_APPLY: Final = "before-first-apply"

#: What nobody owns: the identity of an object, and what only the server writes.
_STRIPPED = FieldSet(
    {"f:apiVersion", "f:kind", "f:metadata"},
    {
        "f:metadata": FieldSet(
            f"f:{name}"
            for name in (
                "name",
                "namespace",
                "creationTimestamp",
                "selfLink",
                "uid",
                "clusterName",
                "generation",
                "managedFields",
                "resourceVersion",
            )
        )
    },
)


def apply(  # noqa: PLR0913 - what a request says
    live: Object | None,
    applied: Object,
    schema: Schema,
    *,
    manager: str,
    now: str,
    force: bool = False,
    subresource: str = "",
    reset: FieldPaths = frozenset(),
    empty: Object | None = None,
) -> Object:
    """Return the object after a server-side apply, as it is before decoding and defaulting.

    ``live`` is the stored object in the version that is applied, canonical; ``None`` if there is none.
    ``applied`` is the body of the request as it came: the server merges first and decodes then. ``empty`` is
    what an object of the kind is printed as before anything is set, by default ``apiVersion`` and ``kind``
    alone; Go types print some fields always, which counts when all of an object is new. ``now`` is the time
    of the request, ``2026-01-02T03:04:05Z``. Where nothing changes, the result is the live object with the
    owners brought up to date, and no time is. Nothing is mutated, and the result shares nothing with the
    inputs.

    Raises ``ApplyConflict`` unless ``force``, and ``FieldsError`` for what does not fit the schema.
    """
    _refuse_managed(applied)
    writing = _Writing.of(applied, schema, manager, subresource, reset, now)
    empty = _empty(applied) if empty is None else empty
    live = empty if live is None else live
    managed = managed_of(metadata_of(live).get("managedFields") or ())
    live = without_managed(live)
    if not managed.owners:
        managed = writing.adopted(empty, live)
    return deepcopy(with_managed(*writing.applied(live, applied, managed, force=force)))


def update(  # noqa: PLR0913 - what a request says
    live: Object | None,
    new: Object,
    schema: Schema,
    *,
    manager: str,
    now: str,
    subresource: str = "",
    reset: FieldPaths = frozenset(),
    empty: Object | None = None,
) -> Object:
    """Return the object of a create, update or patch with its ``managedFields``.

    ``new`` is the object as it is to be stored, canonical; ``managedFields`` it brings replace the live ones,
    and an empty list (or one empty entry) gives up all ownership. Through a subresource neither counts. The
    other arguments are those of ``apply``; ``live`` is ``None`` for a create. An object that does not fit the
    schema has no managedFields; this never raises.
    """
    writing = _Writing.of(new, schema, manager, subresource, reset, now)
    empty = _empty(new) if empty is None else empty
    live = empty if live is None else live
    managed = _known(live, new, subresource)
    bare_live, new = without_managed(live), without_managed(new)
    if managed.owners or not metadata_of(live).get("uid"):
        try:
            managed = writing.updated(bare_live, new, managed)
        except (FieldsError, ItemError):
            managed = Managed()
    return deepcopy(with_managed(new, managed))


def _empty(obj: Object) -> Object:
    return {"apiVersion": obj.get("apiVersion"), "kind": obj.get("kind")}


def _refuse_managed(applied: Object) -> None:
    if metadata_of(applied).get("managedFields") is not None:
        raise FieldsError("metadata.managedFields must be nil", code=400)


def _known(live: Object, new: Object, subresource: str) -> Managed:
    """Return the owners that an update starts from. Entries that cannot be understood count as none."""
    stored = metadata_of(live).get("managedFields") or ()
    sent = metadata_of(new).get("managedFields")
    if subresource or sent is None:
        return _understood(stored)
    if sent in ([], [{}]):
        return Managed()
    managed = _understood(sent)
    return managed if managed.owners else _understood(stored)


def _understood(entries: Iterable[Any]) -> Managed:
    try:
        return managed_of(entries)
    except FieldsError:
        return Managed()


@cache
def _set_of(paths: FieldPaths) -> FieldSet:
    return FieldSet.of(tuple(f"f:{name}" for name in path) for path in paths)


@dataclass(frozen=True)
class _Writing:
    """One request: who writes what kind of object, in which version, when."""

    schema: Schema
    api_version: str
    manager: str
    subresource: str
    reset: FieldSet
    now: str

    @classmethod
    def of(
        cls, obj: Object, schema: Schema, manager: str, subresource: str, reset: FieldPaths, now: str
    ) -> _Writing:
        version = str(obj.get("apiVersion") or "")
        return cls(schema, version, manager or "unknown", subresource, _set_of(reset), now)

    @property
    def updater(self) -> Updater:
        return Updater(self.schema.root)

    def owner(self, operation: str) -> Manager:
        return Manager.of(self.manager, operation, self.api_version, self.subresource)

    def updated(self, live: Object, new: Object, managed: Managed) -> Managed:
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
