"""Applies and updates: what becomes of an object and of its ``metadata.managedFields``."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from typing import Any, Final

from gwdeployer.objects import Object, metadata_of, plain
from gwdeployer.testing.apiserver.fields.errors import FieldsError
from gwdeployer.testing.apiserver.fields.field_set import FieldSet
from gwdeployer.testing.apiserver.fields.list_items import ItemError
from gwdeployer.testing.apiserver.fields.managers import Managed, managed_of, with_managed, without_managed
from gwdeployer.testing.apiserver.fields.pipeline import Write
from gwdeployer.testing.apiserver.fields.schema import Schema

#: Paths of fields, by their names: ``frozenset({("status",), ("metadata", "labels")})``.
FieldPaths = frozenset[tuple[str, ...]]
#: Who writes without saying who it is.
UNKNOWN: Final = "unknown"


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
    write = Write(schema, _version(applied), manager or UNKNOWN, subresource, _set_of(reset), now)
    empty = _empty(applied) if empty is None else empty
    live = empty if live is None else live
    managed = managed_of(metadata_of(live).get("managedFields") or ())
    live = without_managed(live)
    if not managed.owners:
        managed = write.adopted(empty, live)
    result: Object = plain(with_managed(*write.applied(live, applied, managed, force=force)))
    return result


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
    write = Write(schema, _version(new), manager or UNKNOWN, subresource, _set_of(reset), now)
    empty = _empty(new) if empty is None else empty
    live = empty if live is None else live
    managed = _known(live, new, subresource)
    bare_live, new = without_managed(live), without_managed(new)
    if managed.owners or not metadata_of(live).get("uid"):
        try:
            managed = write.updated(bare_live, new, managed)
        except (FieldsError, ItemError):
            managed = Managed()
    result: Object = plain(with_managed(new, managed))
    return result


def _version(obj: Object) -> str:
    return str(obj.get("apiVersion") or "")


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
