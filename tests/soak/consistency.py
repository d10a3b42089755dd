"""Whether a cluster at rest is as it should be: a controller that begins now finds no work.

It looks at a snapshot, and rehearses what it would write: what the server would refuse is no work.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from gwdeployer import MemoryStore, ObjectRef
from gwdeployer.cluster import DryRunCluster
from gwdeployer.controller.dependents import Dependents
from gwdeployer.controller.observing import Handled
from gwdeployer.controller.owner_handler import OwnerHandler
from gwdeployer.controller.owner_kinds import kept_kinds, owner_kinds, reported_kinds
from gwdeployer.controller.report_handler import ReportHandler
from gwdeployer.controller.scope import Scope
from gwdeployer.controller.shared import Shared
from gwdeployer.errors import ForeignObject, TerminalError
from gwdeployer.objects import Object, metadata_of
from gwdeployer.objects.ownership import OWNER_UID
from tests.soak.town import CRD, Town, close, plugins

_OWNERS = ("Gateway", "Site")
#: Fields that others than the maker of an object write.
_VOLATILE = ("resourceVersion", "managedFields")


def problems(town: Town, foreign: Mapping[ObjectRef, Object]) -> list[str]:
    """Return what is not as it should be, in words."""
    found = [f"foreign {ref} was touched" for ref, made in foreign.items() if _touched(town, ref, made)]
    return [*found, *_left_over(town), *_work(town)]


def _touched(town: Town, ref: ObjectRef, made: Object) -> bool:
    live = town.api.get(*ref)
    return live is None or _content(live) != _content(made)


def _content(obj: Object) -> dict[str, Any]:
    metadata = {key: value for key, value in metadata_of(obj).items() if key not in _VOLATILE}
    return {**obj, "metadata": metadata, "status": None}


def _snapshot(town: Town, kinds: Iterable[Any]) -> MemoryStore:
    store = MemoryStore()
    for kind in kinds:
        try:
            objects = town.api.list(kind)
        except LookupError:
            continue  # not installed now
        for obj in objects:
            store.add(obj)
    return store


def _left_over(town: Town) -> Iterator[str]:
    """Yield what belongs to owners that are gone."""
    kinds = kept_kinds(plugins(town.direct))
    store = _snapshot(town, kinds)
    objects = [obj for kind in kinds for obj in store.list(kind)]
    living = {metadata_of(obj)["uid"] for obj in objects if obj["kind"] in _OWNERS}
    for obj in objects:
        metadata = metadata_of(obj)
        owners = [one for one in metadata.get("ownerReferences") or () if one["kind"] in _OWNERS]
        uids = [*(one["uid"] for one in owners), (metadata.get("labels") or {}).get(OWNER_UID)]
        if any(uid and uid not in living for uid in uids):
            yield f"{ObjectRef.of(obj)} is left of an owner that is gone"


def _work(town: Town) -> list[str]:
    """Return what a controller that begins now would do, or could not do for no good reason."""
    rehearsal = DryRunCluster(town.direct)
    parts = plugins(rehearsal)
    store = _snapshot(town, [*kept_kinds(parts), CRD])
    shared = Shared(rehearsal, store, Dependents(), Scope(), 10.0, dry_run=False)
    handlers = {one.kind: OwnerHandler(one, shared) for one in owner_kinds(parts)}
    reporters = {one.kind: ReportHandler(one, shared) for one in reported_kinds(parts)}
    handled = [
        handler.handle(ObjectRef(kind, *ObjectRef.of(obj)[1:]), threading.Event())
        for kind, handler in (handlers | reporters).items()
        for obj in store.list(kind)
    ]
    for part in parts:
        close(part)
    writes = [f"{change.ref} would be written" for change in rehearsal.changes]
    return [*writes, *(text for one in handled for text in _trouble(one))]


def _trouble(handled: Handled) -> Iterator[str]:
    for error in handled.errors:
        if not isinstance(error, TerminalError | ForeignObject):
            yield f"{handled.key}: {type(error).__name__}: {error}"
    if handled.result is not None and handled.result.pending:
        yield f"{handled.key}: {handled.result.pending} is pending"
