"""From manifests to the plans of all owners in them: what every previewing command begins with."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import NamedTuple

from gwdeployer.cli.logger import Logger
from gwdeployer.cli.report import Report
from gwdeployer.deployer import Deployer
from gwdeployer.errors import ChartError, Fault, GwdeployerError, PlanError, one_line, shown
from gwdeployer.generator import Skip
from gwdeployer.manifests import Manifests
from gwdeployer.objects import KindRef, Object, ObjectRef, describe, is_dns_subdomain
from gwdeployer.plan import Plan
from gwdeployer.plugins import Plugin
from gwdeployer.store import DEFAULT_NAMESPACE, MemoryStore, ObjectStore

logger = Logger(__name__)


class Planned(NamedTuple):
    """An owner, its plan, and the deployer that made it."""

    owner: Object
    store: ObjectStore
    deployer: Deployer
    plan: Plan


def plans_of(manifests: Manifests, plugins: Sequence[Plugin], report: Report) -> Iterator[Plan]:
    """Yield the plan of every owner: see :func:`planned_of`."""
    return (planned.plan for planned in planned_of(manifests, plugins, report))


def planned_of(manifests: Manifests, plugins: Sequence[Plugin], report: Report) -> Iterator[Planned]:
    """Yield the plan of every owner that is ours, ordered by kind, namespace and name.

    Faults of one owner do not disturb the others: they go to ``report``, as do warnings and the reasons why
    owners are left alone. Kinds that no plugin owns or reads are ignored.
    """
    store = store_of(manifests, plugins, report)
    for plugin, kind in owner_kinds(plugins):
        for owner in store.list(kind):
            planned = None
            with reporting(plugin, owner, report):
                planned = _planned(plugin, owner, store, report)
            if planned is not None:
                yield planned


def store_of(manifests: Manifests, plugins: Sequence[Plugin], report: Report) -> MemoryStore:
    """Return what plans can read of the manifests; what is wrong with them goes to ``report``.

    So does that there is no owner among them.
    """
    report.faults += manifests.faults
    objects = list(_wanted(manifests.objects, plugins, report))
    owners = {kind.group_kind for _, kind in owner_kinds(plugins)}
    if not (report.faults or any(KindRef.of_object(obj).group_kind in owners for obj in objects)):
        kinds = ", ".join(sorted({kind.kind for _, kind in owner_kinds(plugins)}))
        report.warnings.append(Fault(f"nothing to deploy for is in these files: no {kinds}"))
    return MemoryStore(objects)


def owner_kinds(plugins: Iterable[Plugin]) -> Iterator[tuple[Plugin, KindRef]]:
    """Yield each plugin with each kind of its owners."""
    return ((plugin, kind) for plugin in plugins for kind in plugin.owners)


@contextmanager
def reporting(plugin: Plugin, owner: Object, report: Report) -> Iterator[None]:
    """Take what is raised for one owner into ``report``, so that the other owners go on."""
    name = describe(owner)
    try:
        yield
    except GwdeployerError as error:
        # A chart's fault says where in the chart; for whom it was rendered is the other half.
        layer = name if isinstance(error, (ChartError, PlanError)) else ""
        report.blame(error.about(owner=name, subject=name, layer=layer))
    except Exception as error:
        logger.info("%s cannot be planned", name, exc_info=True)
        message = f"{type(plugin).__name__} failed: {type(error).__name__}: {one_line(str(error), 256)}"
        report.faults.append(Fault(message, subject=name, hint="-v shows where"))


def _wanted(objects: Iterable[Object], plugins: Sequence[Plugin], report: Report) -> Iterator[Object]:
    kinds = {kind.group_kind for plugin in plugins for kind in _kinds_of(plugin)}
    seen: dict[tuple[tuple[str, str], str, str], Object] = {}
    for obj in objects:
        if KindRef.of_object(obj).group_kind not in kinds:
            logger.debug("%s is ignored: no plugin reads this kind", describe(obj))
            continue
        reference = ObjectRef.of(obj)
        if fault := _name_fault(reference):
            report.faults.append(fault)
            continue
        place = reference.kind.group_kind, reference.namespace or DEFAULT_NAMESPACE, reference.name
        if place in seen and seen[place] != obj:
            report.warnings.append(Fault("is given twice; the later one counts", subject=str(reference)))
        seen[place] = obj
        yield obj


def _kinds_of(plugin: Plugin) -> Iterator[KindRef]:
    yield from plugin.owners
    yield from plugin.reads
    yield from (registered.kind for registered in plugin.parameters)


def _name_fault(reference: ObjectRef) -> Fault | None:
    """Return what is wrong with an object's name; it goes into names and comments of what we print."""
    kind = reference.kind.kind
    if not reference.name:
        return Fault("has no name", "metadata.name", kind, hint="give it one")
    for field, name in (("name", reference.name), ("namespace", reference.namespace)):
        if name and not is_dns_subdomain(name):
            hint = "use lower-case letters, digits, - and . (at most 253)"
            message = f"{shown(name)} is not a name Kubernetes accepts"
            return Fault(message, f"metadata.{field}", kind, hint=hint)
    return None


def _planned(plugin: Plugin, owner: Object, store: ObjectStore, report: Report) -> Planned | None:
    name = describe(owner)
    deployer = plugin.route(owner, store)
    if isinstance(deployer, Skip):
        report.leave_alone(name, deployer)
        return None
    plan = deployer.plan(owner, store)
    if not notice(plan, report):
        return None
    logger.info("%s: %d objects", name, len(plan.objects), extra={"owner": name})
    return Planned(owner, store, deployer, plan)


def notice(plan: Plan, report: Report) -> bool:
    """Take a plan's warnings, and why its owner is left alone, into ``report``; return whether it is not."""
    name = str(plan.owner)
    report.warnings += [replace(fault, subject=fault.subject or name) for fault in plan.warnings]
    if plan.skip:
        report.leave_alone(name, plan.skip)
    return plan.skip is None
