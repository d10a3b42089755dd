"""The least rights a controller needs, derived from what its deployers and plugins say of themselves. Pure.

What each verb is for:

* What is read is got, listed and watched; ``status`` is patched where one is written.
* What is deployed is applied server-side: a PATCH, which also needs ``create`` where it creates, and deleted
  when it is no longer planned. Nothing is ever updated by PUT.
* What is installed, such as a class, is created where it is missing.
* An owner is patched itself only to set the finalizer that cluster-scoped objects need. Our ownerReferences
  do not block the owner's deletion, so no right to its ``finalizers`` is needed, whatever admission says.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any, NamedTuple, TypeAlias

from gwdeployer.crd import CrdDefinition
from gwdeployer.deployer import Deployer
from gwdeployer.installation.resources import Resource, Resources
from gwdeployer.objects import KindRef
from gwdeployer.plugins import Plugin

#: One rule of a Role, as the API has it.
Rule: TypeAlias = dict[str, Any]

EVENT = KindRef("events.k8s.io", "v1", "Event")
LEASE = KindRef("coordination.k8s.io", "v1", "Lease")
_READ = ("get", "list", "watch")
_APPLY = ("create", "patch")
_DEPLOY = (*_READ, *_APPLY, "delete")
_EVENTS: Rule = {"apiGroups": [EVENT.group], "resources": ["events"], "verbs": list(_APPLY)}
_ORDER = {verb: place for place, verb in enumerate(_DEPLOY)}


class Rights(NamedTuple):
    """What a controller may do.

    ``cluster`` holds everywhere, ``namespaced`` where there are owners, ``home`` where the controller runs,
    and ``default`` in the namespace of that name: the API keeps events about cluster-scoped objects there.
    """

    cluster: Sequence[Rule]
    namespaced: Sequence[Rule]
    home: Sequence[Rule]
    default: Sequence[Rule] = ()


@dataclass(slots=True)
class _Needs:
    """What one part of a controller does with which kinds."""

    owners: Sequence[KindRef] = ()
    reads: Iterable[KindRef] = ()
    deploys: Sequence[KindRef] = ()
    reports: Sequence[KindRef] = ()
    installs: Sequence[KindRef] = ()
    permissions: Iterable[Mapping[str, Any]] = ()
    definitions: Sequence[CrdDefinition] = ()
    cluster_scoped: Sequence[KindRef] = ()


def rights_of(parts: Iterable[Deployer | Plugin], *, lease: str) -> Rights:
    """Return the rights that a controller of these parts needs, and no more.

    ``lease`` is the name of the Lease that replicas elect their leader by.
    """
    needs = [_needs_of(part) for part in parts]
    definitions = [definition for need in needs for definition in need.definitions]
    cluster_scoped = [kind for need in needs for kind in need.cluster_scoped]
    resources = Resources(definitions, cluster_scoped)
    grants = _Grants(resources)
    for need in needs:
        grants.add_all(need)
    grants.add(EVENT, _APPLY)
    reported = [resources.of(kind) for need in needs for kind in need.reports]
    given = [dict(rule) for need in needs for rule in need.permissions]
    wide = [rule for rule in given if resources.is_for_whole_cluster(rule)]
    return Rights(
        (*grants.rules(namespaced=False), *_distinct(wide)),
        (*grants.rules(namespaced=True), *_distinct(rule for rule in given if rule not in wide)),
        _lease_rules(lease),
        [] if all(resource.namespaced for resource in reported) else [_EVENTS],
    )


def _needs_of(part: Deployer | Plugin) -> _Needs:
    if isinstance(part, Deployer):
        watched = [watch.kind for watch in part.generator.watches()]
        return _Needs(owners=(part.owner,), reads=watched, deploys=part.prunable)
    reported = [reporter.kind for reporter in part.reporters()]
    return _Needs(
        owners=part.owners,
        reads=(*part.reads, *part.observes, *(known.kind for known in part.parameters)),
        deploys=part.deploys(),
        reports=(*reported, *(part.owners if part.writes_status else ())),
        installs=[KindRef.of_object(obj) for obj in part.installs()],
        permissions=part.permissions(),
        definitions=part.crds(),
        cluster_scoped=part.cluster_scoped,
    )


@dataclass(slots=True)
class _Grants:
    """Verbs by resource; a status counts as a resource of its own."""

    resources: Resources
    verbs: dict[Resource, set[str]] = field(default_factory=dict)

    def add(self, kind: KindRef, verbs: Iterable[str], subresource: str = "") -> None:
        resource = self.resources.of(kind)
        if subresource:
            resource = resource._replace(plural=f"{resource.plural}/{subresource}")
        self.verbs.setdefault(resource, set()).update(verbs)

    def add_all(self, need: _Needs) -> None:
        for kind in (*need.owners, *need.reads, *need.reports):
            self.add(kind, _READ)
        for kind in need.deploys:
            self.add(kind, _DEPLOY)
        for kind in need.installs:
            self.add(kind, ("create",))
        for kind in need.reports:
            self.add(kind, ("patch",), "status")
        if any(not self.resources.of(kind).namespaced for kind in need.deploys):
            for kind in need.owners:
                self.add(kind, ("patch",))

    def rules(self, *, namespaced: bool) -> Iterator[Rule]:
        """Yield rules by group, those resources together that allow the same."""
        rows = sorted(
            (resource.group, sorted(verbs, key=_ORDER.__getitem__), resource.plural)
            for resource, verbs in self.verbs.items()
            if resource.namespaced is namespaced
        )
        for (group, verbs), found in groupby(rows, key=lambda row: row[:2]):
            yield {"apiGroups": [group], "resources": [row[2] for row in found], "verbs": verbs}


def _lease_rules(name: str) -> Sequence[Rule]:
    """Return the rules for one Lease. A name cannot narrow ``create``: there is none yet."""
    lease = {"apiGroups": [LEASE.group], "resources": ["leases"]}
    return (
        {**lease, "verbs": ["create"]},
        {**lease, "resourceNames": [name], "verbs": ["get", "patch"]},
    )


def _distinct(rules: Iterable[Rule]) -> Iterator[Rule]:
    seen: list[Rule] = []
    for rule in rules:
        if rule not in seen:
            seen.append(rule)
            yield rule
