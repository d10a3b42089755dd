"""One line for each owner: whether it is ready, what is there of it, where it is reached. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

from gwdeployer.cluster.availability import Pods, is_workload, pods_of
from gwdeployer.deployer import Deployer
from gwdeployer.diagnosis.verdicts import addresses_of, verdict_of
from gwdeployer.errors import Fault, GwdeployerError
from gwdeployer.objects import KindRef, Object, ObjectRef, is_owned_by, metadata_of
from gwdeployer.plan import Plan
from gwdeployer.plugins import Plugin
from gwdeployer.store import ObjectStore

_SERVICE = ("", "Service")


class Row(NamedTuple):
    """What is known of one owner.

    ``ready`` is None where it is not known; ``why`` says why it is not ready, or why it is left alone
    (``skipped``). ``planned`` is the number of objects that it should have, of which ``there`` are; these and
    ``pods`` are None where nothing is planned.
    """

    owner: ObjectRef
    class_name: str
    created: str
    ready: bool | None = None
    why: str = ""
    skipped: bool = False
    planned: int | None = None
    there: int | None = None
    pods: Pods | None = None
    addresses: tuple[str, ...] = ()


def row_of(plugin: Plugin, kind: KindRef, owner: Object, store: ObjectStore) -> Row:
    """Return the row of an owner, of which ``store`` knows all that is planned from and all that is there."""
    ref = ObjectRef(kind, *ObjectRef.of(owner)[1:])
    row = Row(ref, _class_of(owner), str(metadata_of(owner).get("creationTimestamp") or ""))
    try:
        plan = _planned(plugin, owner, store)
    except GwdeployerError as error:
        return row._replace(why="; ".join(str(_without(fault, ref)) for fault in error.faults))
    except Exception as error:  # noqa: BLE001 - a plugin's mistake hides no other owner
        return row._replace(why=f"{type(plugin).__name__} failed: {type(error).__name__}: {error}")
    if plan.skip is not None:
        return row._replace(skipped=True, why=plan.skip.reason)
    verdict, live = verdict_of(owner), [_live(obj, owner, store) for obj in plan.objects]
    there = [obj for obj in live if obj is not None]
    services = [obj for obj in there if KindRef.of_object(obj).group_kind == _SERVICE]
    return row._replace(
        ready=verdict.ready,
        why=verdict.why,
        planned=len(plan.objects),
        there=len(there),
        pods=_pods([found or planned for found, planned in zip(live, plan.objects, strict=True)]),
        addresses=addresses_of(owner, services),
    )


def _without(fault: Fault, owner: ObjectRef) -> Fault:
    """Return a fault that does not name the owner again."""
    return replace(fault, subject="") if fault.subject == str(owner) else fault


def _planned(plugin: Plugin, owner: Object, store: ObjectStore) -> Plan:
    deployer = plugin.route(owner, store)
    if isinstance(deployer, Deployer):
        return deployer.plan(owner, store)
    return Plan(ObjectRef.of(owner), skip=deployer)


def _live(planned: Object, owner: Object, store: ObjectStore) -> Object | None:
    """Return the object that is there, if it is the owner's."""
    found = store.get(*ObjectRef.of(planned))
    uid = str(metadata_of(owner).get("uid") or "")
    return found if found is not None and is_owned_by(found, uid) else None


def _pods(objects: Sequence[Object]) -> Pods:
    counts = [pods_of(obj) for obj in objects if is_workload(obj)]
    return Pods(sum(count.available for count in counts), sum(count.wanted for count in counts))


def _class_of(owner: Object) -> str:
    """Return the class that an owner names, in a field that is called as all APIs call it."""
    spec = owner.get("spec") or {}
    return next((str(value) for name, value in spec.items() if name.endswith("ClassName")), "")
