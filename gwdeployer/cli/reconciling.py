"""From manifests to what became of each owner in a cluster: what ``apply`` does and ``diff`` rehearses."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from gwdeployer.cli.planning import notice, owner_kinds, reporting, store_of
from gwdeployer.cli.progress import Progress
from gwdeployer.cli.report import Report
from gwdeployer.cluster.answers import Request, kind_not_installed
from gwdeployer.cluster.live import ClusterStore
from gwdeployer.cluster.outcomes import Action, ReconcileResult
from gwdeployer.cluster.patience import Patience, PatientCluster
from gwdeployer.cluster.port import Cluster
from gwdeployer.errors import Fault, GwdeployerError, PlanError
from gwdeployer.generator import Skip
from gwdeployer.manifests import Manifests
from gwdeployer.objects import KindRef, Object, describe, metadata_of, name_of, namespace_of
from gwdeployer.plugins import Plugin
from gwdeployer.store import LayeredStore, ObjectStore

#: What only the cluster knows of an owner; a file that says it has it from an earlier look.
_OF_THE_CLUSTER = frozenset({"namespace", "uid", "deletionTimestamp", "finalizers"})
_STALE = _OF_THE_CLUSTER | {"resourceVersion"}


class _Owner(NamedTuple):
    """An owner in the files, its kind, and the plugin that deploys for it."""

    plugin: Plugin
    kind: KindRef
    object: Object


class Reconciling(NamedTuple):
    """One run. The plugins deploy to ``cluster``; ``timeout`` (seconds) is for each owner."""

    plugins: Sequence[Plugin]
    cluster: Cluster
    report: Report
    timeout: float

    def reconciled(self, manifests: Manifests, progress: Progress) -> Iterator[ReconcileResult]:
        """Yield what became of every owner in the files that is ours and in the cluster.

        Owners are independent of each other: what goes wrong with one goes to the report. Plans read the
        files first, and what these do not have from the cluster.
        """
        files = store_of(manifests, self.plugins, self.report)
        owners = [
            _Owner(plugin, kind, owner)
            for plugin, kind in owner_kinds(self.plugins)
            if (found := files.list(kind)) and self._is_served(kind)
            for owner in found
        ]
        for number, owner in enumerate(owners, 1):
            progress.show(f"[{number}/{len(owners)}] {describe(owner.object)}")
            result = None
            with reporting(owner.plugin, owner.object, self.report):
                result = self._reconciled(owner, files)
            if result is not None:
                yield result
        progress.clear()

    def _is_served(self, kind: KindRef) -> bool:
        """Return whether there can be such owners; if not, it is said once for all of them."""
        try:
            served = PatientCluster(self.cluster, Patience(self.timeout)).supports(kind)
        except GwdeployerError as error:
            self.report.blame(error)
            return False
        if not served:
            self.report.blame(kind_not_installed(Request("get", kind)))
        return served

    def _reconciled(self, owner: _Owner, files: ObjectStore) -> ReconcileResult | None:
        patience = Patience(self.timeout)
        cluster = PatientCluster(self.cluster, patience)
        store = LayeredStore(files, ClusterStore(cluster))
        deployer = owner.plugin.route(owner.object, store)
        if isinstance(deployer, Skip):
            self.report.leave_alone(describe(owner.object), deployer)
            return None
        live = cluster.get(owner.kind, namespace_of(owner.object), name_of(owner.object))
        if live is None:
            raise PlanError(Fault("is not in the cluster", hint="kubectl apply it first"))
        result = deployer.reconcile(_as_in_cluster(owner.object, live), store, timeout=patience.left)
        if result.planning is not None:
            raise result.planning
        self._take(result)
        return result

    def _take(self, result: ReconcileResult) -> None:
        """Take what went wrong, and what is to be said besides, into the report."""
        if result.plan is not None:
            notice(result.plan, self.report)
        for outcome in result.deployed.outcomes if result.deployed else ():
            if outcome.warning is not None:
                self.report.warnings += outcome.warning.about(subject=str(outcome.ref)).faults
            if outcome.error is not None:
                self.report.blame(outcome.error.about(subject=str(outcome.ref)))
            elif outcome.action is Action.WAITING:
                hint = "once it is gone, do the same again"
                self.report.failures.append(Fault("is being deleted", subject=str(outcome.ref), hint=hint))
        for error in result.pruned.errors if result.pruned else ():
            self.report.blame(error.about(subject=str(result.owner)))


def _as_in_cluster(owner: Object, live: Mapping[str, Any]) -> Object:
    """Return an owner as its file has it, being the one in the cluster."""
    said = {name: value for name, value in metadata_of(owner).items() if name not in _STALE}
    known = {name: value for name, value in metadata_of(live).items() if name in _OF_THE_CLUSTER}
    return {**owner, "metadata": {**said, **known}}
