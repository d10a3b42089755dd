"""The Deployer: plans what an owner needs, and sees that a cluster has it.

Plans of owners that have not changed are remembered. The cluster half is loaded when it is first used: who
only plans does not pay for it.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

from gwdeployer.chart import Chart
from gwdeployer.errors import Fault, GwdeployerError, PlanError
from gwdeployer.generator import Context, HelmValuesGenerator, Skip
from gwdeployer.guards import guard
from gwdeployer.objects import (
    KindRef,
    Object,
    all_owned,
    metadata_of,
    name_of,
    namespace_of,
    plain,
    same_but_for_status,
)
from gwdeployer.objects.owners import Owner, owner_of
from gwdeployer.plan import Plan, Recipe, plan, render
from gwdeployer.store import ObjectStore, Read, RecordingStore, unchanged

if TYPE_CHECKING:
    from gwdeployer.cluster.outcomes import DeployResult, PruneResult, ReconcileResult
    from gwdeployer.cluster.port import Cluster
    from gwdeployer.cluster.writer import Writer


class _Planned(NamedTuple):
    """A plan, and all that it was made of."""

    owner: Object
    reads: Mapping[Read, tuple[Object | None, ...] | None]
    plan: Plan


class Deployer:
    """Deploys a chart for owners of one kind, with values from a generator. Thread-safe and synchronous.

    ::

        deployer = Deployer(KindRef("example.com", "v1", "Site"), controller_name="example.com/sites",
                            chart=Chart.load("charts/site"), generator=SiteValues())
        plan = deployer.plan(site, store)                           # pure: needs no cluster
        result = deployer.reconcile(site, store)                    # plan, apply, prune: needs cluster=
    """

    def __init__(
        self,
        owner: KindRef,
        *,
        controller_name: str,
        chart: Chart,
        generator: HelmValuesGenerator,
        cluster: Cluster | None = None,
        managed_by: str = "gwdeployer",
        prunes: Iterable[KindRef] = (),
    ) -> None:
        """``controller_name`` is the field manager of what is applied; ``managed_by`` the label's value.

        ``cluster`` is where to apply; without it only plans can be made. ``prunes`` are further kinds that
        owners may have objects of, deployed for them by another Deployer before.
        """
        self.owner = owner
        self.controller_name = controller_name
        self.managed_by = managed_by
        self._recipe = Recipe(owner, chart, generator)
        self._prunes = tuple(prunes)
        self._cluster = cluster
        self._writing: Writer | None = None
        self._starting = threading.Lock()
        self._planned: dict[tuple[str, str], _Planned] = {}

    def __repr__(self) -> str:
        """Return what is deployed for whom."""
        return f"Deployer({self.owner}, {self._recipe.chart!r})"

    @property
    def chart(self) -> Chart:
        """The chart that is rendered."""
        return self._recipe.chart

    @property
    def generator(self) -> HelmValuesGenerator:
        """The generator that makes the values."""
        return self._recipe.generator

    @property
    def kinds(self) -> tuple[KindRef, ...]:
        """Every kind that may be produced."""
        return self._recipe.kinds

    @property
    def prunable(self) -> tuple[KindRef, ...]:
        """Every kind that owners may have objects of: what may be produced, and what was before."""
        return (*self.kinds, *self._prunes)

    @property
    def can_write(self) -> bool:
        """Whether there is a cluster to deploy to."""
        return self._cluster is not None

    def get_objs_to_deploy(self, owner: Mapping[str, Any], store: ObjectStore) -> list[Object]:
        """Return the objects rendered and post-processed for ``owner``; empty where nothing is deployed.

        Without namespace, ownerReferences, order or guards: see :meth:`plan`. Pure. The objects are the
        caller's own. Raises ParametersError and ChartError with all faults at once.
        """
        _, objects = render(self._recipe, self._as_object(owner), Context(store))
        return objects

    def plan(
        self, owner: Mapping[str, Any], store: ObjectStore, *, trace: bool = False, remember: bool = True
    ) -> Plan:
        """Return what is to be deployed for ``owner``: objects owned, ordered and guarded. Pure.

        Where neither the owner nor anything the last plan read has changed, that plan is returned again
        (microseconds); otherwise a plan costs about 0.2 ms. Objects are compared by identity, the owner also
        by UID and resourceVersion, and then by content without its status (unless the generator watches
        that). With ``trace`` the plan has its ``provenance``, which costs a few plans. ``remember=False`` is
        for who only looks, and will not :meth:`forget` an owner that is gone.
        Raises TerminalErrors with all faults at once, and NotSynced.
        """
        obj = self._as_object(owner)
        made = self._remembered(obj, store, is_to_last=remember)
        if not trace:
            return made
        from gwdeployer.explain import explain  # noqa: PLC0415 - few ask

        return replace(made, provenance=explain(self._recipe, obj, store, made))

    def _remembered(self, obj: Object, store: ObjectStore, *, is_to_last: bool) -> Plan:
        key = namespace_of(obj), name_of(obj)
        last = self._planned.get(key)
        if last is not None and self._same_owner(last.owner, obj) and unchanged(last.reads, store):
            if last.owner is not obj:
                self._planned[key] = last._replace(owner=obj)  # the next look is by identity again
            return last.plan
        recording = RecordingStore(store)
        made = plan(self._recipe, obj, recording)
        if not is_to_last:
            return made
        self._planned[key] = _Planned(obj, recording.reads, made)
        if last is not None:
            self._forget_objects(last.plan, kept=made)
        return made

    def _same_owner(self, before: Object, now: Object) -> bool:
        """Return whether a plan of ``before`` is one of ``now``: they differ in nothing that plans read."""
        if before is now:
            return True
        old, new = metadata_of(before), metadata_of(now)
        version = old.get("resourceVersion")
        if not (version and new.get("resourceVersion") and old.get("uid") == new.get("uid")):
            return False
        if version == new["resourceVersion"]:
            return True
        return not self._recipe.reads_status and same_but_for_status(before, now)

    def deploy_objs(
        self,
        plan_or_objects: Plan | Sequence[Object],
        *,
        owner: Mapping[str, Any] | None = None,
        live: ObjectStore | None = None,
        timeout: float | None = None,
        cancel: threading.Event | None = None,
    ) -> DeployResult:
        """Apply a plan, or objects, server-side; return what became of each. Deletes nothing.

        Plain objects are the ``owner``'s, or that of their controller ownerReference. ``live`` is a cache of
        what the cluster has: where it shows an object as planned, no request is made; without it each object
        is read first. ``timeout`` (seconds) and ``cancel`` end the work between two requests. Raises
        PlanError for objects without an owner that has a UID; what goes wrong with objects is in the result.
        """
        from gwdeployer.cluster.patience import Patience  # noqa: PLC0415 - who plans does not pay for it

        made = plan_or_objects if isinstance(plan_or_objects, Plan) else self._claimed(plan_or_objects, owner)
        patience = Patience(timeout, cancel)
        return self._writer().deploy(_claim(made), made, live, patience)

    def _claimed(self, objects: Sequence[Object], owner: Mapping[str, Any] | None) -> Plan:
        """Return a plan of plain objects, guarded as any plan is."""
        # The caller's own may change; what is planned never does.
        objects = [*map(plain, objects)]
        if owner is not None:
            holder = self._as_object(owner)
            claim = Owner.of(holder, self.owner)
            objects = all_owned(objects, holder, self.owner)
        else:
            claim = owner_of(objects, self.owner)
        guard(objects, claim.namespace, self.kinds, str(claim.ref))
        return Plan(claim.ref, tuple(objects), kinds=self.kinds, claim=claim)

    def prune(
        self,
        plan: Plan,
        *,
        live: ObjectStore | None = None,
        timeout: float | None = None,
        cancel: threading.Event | None = None,
    ) -> PruneResult:
        """Delete what is the owner's, of a kind that could have been planned, and not in the plan.

        Each object's owner is proven, and the deletion bound to its UID and resourceVersion. A workload stays
        until the one that replaces it is available (``pending``). A plan that skips its owner deletes
        nothing, unless the skip says ``cleanup``. Raises PlanError for an owner without UID.
        """
        from gwdeployer.cluster.outcomes import PruneResult  # noqa: PLC0415 - who plans does not pay for it
        from gwdeployer.cluster.patience import Patience  # noqa: PLC0415

        if plan.skip and not plan.skip.cleanup:
            return PruneResult(plan.owner)
        kinds = (*plan.kinds, *self._prunes)
        return self._writer().prune(_claim(plan), plan.refs, kinds, live, Patience(timeout, cancel))

    def release(
        self,
        owner: Mapping[str, Any],
        *,
        live: ObjectStore | None = None,
        timeout: float | None = None,
        cancel: threading.Event | None = None,
    ) -> PruneResult:
        """Delete what was deployed for an owner that somebody else deploys for from now on.

        Only what is the owner's and nobody but us has applied: what another field manager has applied, too,
        has been taken over, and stays as it is. Plans nothing. Raises PlanError for an owner without UID.
        """
        from gwdeployer.cluster.patience import Patience  # noqa: PLC0415 - who plans does not pay for it

        obj = self._as_object(owner)
        claim = Owner.of(obj, self.owner)
        made = Plan(claim.ref, kinds=self.kinds, claim=claim)
        kinds = (*made.kinds, *self._prunes)
        return self._writer().release(_claim(made), obj, kinds, live, Patience(timeout, cancel))

    def reconcile(
        self,
        owner: Mapping[str, Any],
        store: ObjectStore,
        *,
        live: ObjectStore | None = None,
        timeout: float | None = None,
        cancel: threading.Event | None = None,
    ) -> ReconcileResult:
        """Plan, deploy, and (after a deploy without errors) prune; an owner being deleted is only cleaned up.

        Level-based: calling it again is always right, and costs no request where all is as planned and
        ``live`` shows it. Planning errors are in the result too, and change nothing in the cluster:
        ``raise_for_errors()`` raises whatever went wrong.
        """
        from gwdeployer.cluster.outcomes import ReconcileResult  # noqa: PLC0415 - who plans does not pay for it
        from gwdeployer.cluster.patience import Patience  # noqa: PLC0415

        obj = self._as_object(owner)
        patience, began = Patience(timeout, cancel), time.perf_counter()
        try:
            made = self._wanted(obj, store)
            claim = _claim(made)
        except GwdeployerError as error:
            ref, seconds = Owner.of(obj, self.owner).ref, time.perf_counter() - began
            return ReconcileResult(ref, planning=error, plan_seconds=seconds)
        seconds = time.perf_counter() - began
        if made.skip and not made.skip.cleanup:
            return ReconcileResult(made.owner, made, plan_seconds=seconds)
        writer, kinds = self._writer(), (*made.kinds, *self._prunes)
        deployed = writer.deploy(claim, made, live, patience)
        pruned = None if deployed.errors else writer.prune(claim, made.refs, kinds, live, patience)
        return ReconcileResult(made.owner, made, deployed, pruned, plan_seconds=seconds)

    def _wanted(self, owner: Object, store: ObjectStore) -> Plan:
        if not metadata_of(owner).get("deletionTimestamp"):
            return self.plan(owner, store)
        claim = Owner.of(owner, self.owner)
        return Plan(claim.ref, skip=Skip("is being deleted", cleanup=True), kinds=self.kinds, claim=claim)

    def _writer(self) -> Writer:
        from gwdeployer.cluster.writer import Writer  # noqa: PLC0415 - who plans does not pay for it

        if self._cluster is None:
            raise PlanError(Fault("no cluster to deploy to", subject=repr(self), hint="give cluster="))
        with self._starting:
            if self._writing is None:
                self._writing = Writer(self._cluster, self.controller_name)
            return self._writing

    def forget(self, owner: Mapping[str, Any]) -> None:
        """Drop what is remembered of an owner; call it when the owner is gone."""
        last = self._planned.pop((namespace_of(owner), name_of(owner)), None)
        if last is not None:
            self._forget_objects(last.plan)

    def _forget_objects(self, last: Plan, kept: Plan | None = None) -> None:
        """Drop what is remembered of the objects of a plan, but for those of another one."""
        if self._writing is not None:
            self._writing.forget({*last.refs}.difference(kept.refs if kept else ()))

    def close(self) -> None:
        """Drop everything that is remembered and end the threads. The deployer can still be used."""
        self._planned.clear()
        if self._writing is not None:
            self._writing.close()

    def _as_object(self, owner: Mapping[str, Any]) -> Object:
        """Accept any mapping (kopf's bodies are read-only views), with or without its kind."""
        obj = owner if isinstance(owner, dict) else plain(owner)
        if "kind" in obj and "apiVersion" in obj:
            return obj
        return {"apiVersion": self.owner.api_version, "kind": self.owner.kind, **obj}


def _claim(made: Plan) -> Owner:
    """Return the plan's owner as the cluster knows it. Raises PlanError where only a file does."""
    if made.claim is None or not made.claim.uid:
        hint = "read the owner from the API server, and plan with that"
        raise PlanError(
            Fault("has no UID, so nothing can be owned by it", "metadata.uid", str(made.owner), hint=hint)
        )
    return made.claim
