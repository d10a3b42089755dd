"""The kinds of owners that a controller looks after, and who deploys for each: a plugin, or one Deployer."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple, TypeAlias

from gwdeployer.cluster.outcomes import ReconcileResult
from gwdeployer.controller.report_handler import Reported
from gwdeployer.deployer import Deployer
from gwdeployer.errors import Fault, PluginError
from gwdeployer.generator import Skip
from gwdeployer.objects import KindRef, Object, ObjectRef
from gwdeployer.plugins import Plugin
from gwdeployer.store import ObjectStore

#: See ``Plugin.route`` and ``Plugin.status``.
Route: TypeAlias = Callable[[Object, ObjectStore], Deployer | Skip]
Status: TypeAlias = Callable[[Object, ReconcileResult, ObjectStore, str], Mapping[str, Any] | None]


class OwnerKind(NamedTuple):
    """One kind of owner: who deploys for each, and what their status should be.

    ``name`` is what metrics and logs call it. ``status`` is None where nobody reports any.
    """

    kind: KindRef
    name: str
    controller_name: str
    route: Route
    status: Status | None
    #: Who removes what owners were left for whom nobody deploys any more.
    cleaner: Callable[[], Deployer | None]


def owner_kinds(parts: Iterable[Deployer | Plugin]) -> list[OwnerKind]:
    """Return the kinds of owners of deployers and plugins. Raises PluginError where two have the same."""
    found: dict[tuple[str, str], OwnerKind] = {}
    for owner_kind in _all(parts):
        known = found.setdefault(owner_kind.kind.group_kind, owner_kind)
        if known is not owner_kind:
            message = f"owners of kind {owner_kind.kind} are looked after by {known.name!r} already"
            hint = "give the controller one of the two"
            raise PluginError(Fault(message, subject=owner_kind.name, hint=hint))
    return list(found.values())


def _all(parts: Iterable[Deployer | Plugin]) -> Iterator[OwnerKind]:
    for part in parts:
        if isinstance(part, Deployer):
            always = partial(_always, part)
            yield OwnerKind(part.owner, part.owner.kind.lower(), part.controller_name, always, None, always)
        else:
            for kind in part.owners:
                name, cleaner = part.inputs.controller_name, partial(part.cleaner, kind)
                yield OwnerKind(kind, part.name, name, part.route, part.status, cleaner)


def _always(deployer: Deployer, *_: object) -> Deployer:
    return deployer


def kept_kinds(parts: Iterable[Deployer | Plugin]) -> list[KindRef]:
    """Return every kind that caches have to keep, as far as it is known before the first plan."""
    found: dict[tuple[str, str], KindRef] = {}
    for part in parts:
        for kind in _deployers_kinds(part) if isinstance(part, Deployer) else _plugins_kinds(part):
            found.setdefault(kind.group_kind, kind)
    return list(found.values())


def _deployers_kinds(deployer: Deployer) -> Sequence[KindRef]:
    watched = (watch.kind for watch in deployer.generator.watches())
    return [deployer.owner, *deployer.prunable, *watched]


def _plugins_kinds(plugin: Plugin) -> Sequence[KindRef]:
    reported = (reporter.kind for reporter in plugin.reporters())
    installed = (KindRef.of_object(obj) for obj in plugin.installs())
    return [*plugin.owners, *plugin.reads, *plugin.observes, *plugin.deploys(), *reported, *installed]


def status_kinds(parts: Iterable[Deployer | Plugin]) -> set[tuple[str, str]]:
    """Return the kinds of which plans read the status, too."""
    return {kind.group_kind for part in parts for kind in _status_kinds(part)}


def _status_kinds(part: Deployer | Plugin) -> Sequence[KindRef]:
    if isinstance(part, Deployer):
        return [watch.kind for watch in part.generator.watches() if watch.status]
    return part.reads_status_of


def reported_kinds(parts: Iterable[Deployer | Plugin]) -> list[Reported]:
    """Return the kinds that are handled though nothing is deployed for them."""
    found: dict[tuple[str, str], Reported] = {}
    for plugin in (part for part in parts if isinstance(part, Plugin)):
        installs = {ObjectRef.of(obj): obj for obj in plugin.installs()}
        reporters = {reporter.kind.group_kind: reporter for reporter in plugin.reporters()}
        kinds = [*(reporter.kind for reporter in reporters.values()), *(ref.kind for ref in installs)]
        for kind in kinds:
            own = {ref: obj for ref, obj in installs.items() if ref.kind.group_kind == kind.group_kind}
            reporter = reporters.get(kind.group_kind)
            found.setdefault(kind.group_kind, Reported(kind, plugin.inputs.controller_name, reporter, own))
    return list(found.values())
