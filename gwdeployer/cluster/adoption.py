"""Whose an object is, and how one that is nobody's becomes ours when the owner asks for it. Pure.

Ownership is proven, for every kind, before every write and every delete: by the controller ownerReference
with the owner's UID, or for cluster-scoped objects by the label with it.
"""

from __future__ import annotations

from typing import Any

from gwdeployer.cluster.field_sets import Manager, entries_of, fields_of, size, union
from gwdeployer.cluster.handover import heir
from gwdeployer.cluster.port import Operation
from gwdeployer.errors import Fault, ForeignObject
from gwdeployer.objects import Object, ObjectRef, is_owned_by, metadata_of
from gwdeployer.objects.owners import Owner
from gwdeployer.objects.ownership import ADOPT

#: Seconds until a foreign object is looked at again by callers that nothing tells when it goes.
_RETRY = 60.0


def is_ours(live: Object, ref: ObjectRef, owner: Owner) -> bool:
    """Return whether a live object is the owner's; False where it is to be adopted. Raises ForeignObject."""
    if is_owned_by(live, owner.uid):
        return True
    controller = _controller(live)
    if controller is None and owner.adopts(ref):
        return False
    raise ForeignObject(_refusal(ref, controller, owner), delay=_RETRY)


def is_applied_by_alone(live: Object, manager: str) -> bool:
    """Return whether ``manager``, and nobody else, has applied a live object.

    A controller that takes an object over applies it as its own field manager. What was updated (a status, an
    edit by hand) makes nobody its owner.
    """
    managers = map(Manager.of, entries_of(live))
    appliers = {one.name for one in managers if one.operation == "Apply" and not one.subresource}
    return appliers - {heir(manager)} == {manager}


def _controller(live: Object) -> dict[str, Any] | None:
    references = metadata_of(live).get("ownerReferences") or ()
    return next((reference for reference in references if reference.get("controller")), None)


def _refusal(ref: ObjectRef, controller: dict[str, Any] | None, owner: Owner) -> Fault:
    if controller is not None:
        whose = f"is controlled by {controller.get('kind')} {controller.get('name')}"
        hint = "delete it, or rename one of the two"
    else:
        whose = "is nobody's that we know of"
        hint = f'delete it, or adopt it: {ADOPT}: "{ref.kind.kind}/{ref.name}" on {owner.ref}'
    return Fault(f"exists and is not ours: it {whose}", subject=str(ref), hint=hint)


def former_manager(live: Object, ours: str) -> str:
    """Return the manager whose object it was: the one that owns most of it; "" where that is nobody or us.

    What others wrote through subresources (a status, a scale) is not what makes an object theirs.
    """
    owned: dict[str, int] = {}
    for entry in entries_of(live):
        manager = Manager.of(entry)
        if not manager.subresource:
            owned[manager.name] = owned.get(manager.name, 0) + size(fields_of(entry))
    former = max(owned, key=lambda name: owned[name], default="")
    return former if former != ours else ""


def renaming(live: Object, former: str, ours: str) -> list[Operation]:
    """Return the JSON patch that makes the former manager's fields ours, if the object is still this one.

    What it owned and our next apply does not name is then removed, as it would be had we applied it before.
    Other managers keep what is theirs.
    """
    theirs = {Manager(former, "Apply"), Manager(former, "Update"), Manager(ours, "Apply")}
    moved = [entry for entry in entries_of(live) if Manager.of(entry) in theirs]
    kept = [entry for entry in entries_of(live) if Manager.of(entry) not in theirs]
    fields: dict[str, Any] = {}
    for entry in moved:
        fields = union(fields, fields_of(entry))
    entry = {**moved[0], "manager": ours, "operation": "Apply", "fieldsV1": fields}
    return [
        {"op": "replace", "path": "/metadata/managedFields", "value": [entry, *kept]},
        {"op": "replace", "path": "/metadata/resourceVersion", "value": live["metadata"]["resourceVersion"]},
    ]


def owned_twice(live: Object, manager: str) -> list[Operation]:
    """Return the JSON patch that makes what we own by an update ours by apply alone; empty: there is none.

    What is owned in both ways would stay when the plan drops it.
    """
    managers = {Manager.of(entry) for entry in entries_of(live)}
    if not {Manager(manager, "Apply"), Manager(manager, "Update")} <= managers:
        return []
    return renaming(live, manager, manager)
