"""From manifests to the plans of all owners in them: what every previewing command begins with."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from gwdeployer.cli.report import Report
from gwdeployer.errors import Fault, GwdeployerError
from gwdeployer.generator import Skip
from gwdeployer.manifests import Manifests
from gwdeployer.objects import KindRef, Object, ObjectRef, describe
from gwdeployer.plan import Plan
from gwdeployer.plugins import Plugin
from gwdeployer.store import MemoryStore


@dataclass(frozen=True, slots=True)
class Planned:
    """An owner and its plan."""

    owner: Object
    plan: Plan


def plans_of(manifests: Manifests, plugins: Sequence[Plugin], report: Report) -> Iterator[Planned]:
    """Yield the plan of every owner that is ours, ordered by kind, namespace and name.

    Faults of one owner do not disturb the others: they go to ``report``, as do warnings and the reasons why
    owners are left alone. Kinds that no plugin owns or reads are ignored.
    """
    report.faults += manifests.faults
    store = MemoryStore(_wanted(manifests.objects, plugins, report))
    for plugin in plugins:
        for kind in plugin.owners:
            for owner in store.list(kind):
                planned = _planned(plugin, owner, store, report)
                if planned is not None:
                    yield planned


def _wanted(objects: Iterable[Object], plugins: Sequence[Plugin], report: Report) -> Iterator[Object]:
    kinds = {kind.group_kind for plugin in plugins for kind in (*plugin.owners, *plugin.reads)}
    seen: dict[ObjectRef, Object] = {}
    for obj in objects:
        if KindRef.of_object(obj).group_kind not in kinds:
            continue
        reference = ObjectRef.of(obj)
        if not reference.name:
            report.faults.append(Fault("has no name", "metadata.name", obj["kind"], hint="give it one"))
            continue
        if reference in seen and seen[reference] != obj:
            report.warnings.append(Fault("is given twice; the later one counts", subject=str(reference)))
        seen[reference] = obj
        yield obj


def _planned(plugin: Plugin, owner: Object, store: MemoryStore, report: Report) -> Planned | None:
    try:
        deployer = plugin.route(owner, store)
        if isinstance(deployer, Skip):
            report.notes.append(f"{describe(owner)} is left alone: {deployer.reason}")
            return None
        plan = deployer.plan(owner, store)
    except GwdeployerError as error:
        report.faults += error.about(owner=describe(owner), subject=describe(owner)).faults
        return None
    report.warnings += [_placed(warning, owner) for warning in plan.warnings]
    if plan.skip:
        report.notes.append(f"{describe(owner)} is left alone: {plan.skip.reason}")
        return None
    return Planned(owner, plan)


def _placed(warning: Fault, owner: Object) -> Fault:
    subject = warning.subject or describe(owner)
    return Fault(warning.message, warning.path, subject, warning.layer, warning.hint)
