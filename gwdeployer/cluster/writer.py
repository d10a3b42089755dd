"""Deploys and prunes the objects of owners, remembering what the server answered."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Sequence, Set
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import groupby

from gwdeployer.cluster.adoption import is_applied_by_alone
from gwdeployer.cluster.applying import Applier
from gwdeployer.cluster.contention import Contention
from gwdeployer.cluster.finalizing import Finalizer, is_held_by_others, remove_finalizer
from gwdeployer.cluster.live import Answers, LiveView
from gwdeployer.cluster.outcomes import Action, DeployResult, Outcome, PruneResult
from gwdeployer.cluster.patience import Patience, PatientCluster
from gwdeployer.cluster.port import Cluster
from gwdeployer.cluster.pruning import Pruner
from gwdeployer.cluster.settled import Settled
from gwdeployer.errors import GwdeployerError
from gwdeployer.objects import KindRef, Object, ObjectRef, is_namespaced, tier
from gwdeployer.objects.owners import Owner
from gwdeployer.plan import Plan
from gwdeployer.store import ObjectStore

#: How many objects of one tier are applied at once.
PARALLEL = 4


class Writer:
    """Writes to a cluster as one field manager. Thread-safe; one owner is written by one thread at a time."""

    def __init__(self, cluster: Cluster, manager: str) -> None:
        """``manager`` is the field manager of everything that is applied."""
        self.cluster = cluster
        self.manager = manager
        self._answers = Answers()
        self._contention = Contention()
        self._settled = Settled()
        self._lock = threading.Lock()
        self._pool: ThreadPoolExecutor | None = None

    def close(self) -> None:
        """Wait for the threads and end them; the next deploy starts others."""
        with self._lock:
            pool, self._pool = self._pool, None
        if pool is not None:
            pool.shutdown()

    def forget(self, refs: Iterable[ObjectRef]) -> None:
        """Drop what is remembered of objects whose owner is gone."""
        for ref in refs:
            self._settled.forget(ref)

    def deploy(self, owner: Owner, plan: Plan, live: ObjectStore | None, patience: Patience) -> DeployResult:
        """Bring every object to its plan, tier by tier; what fails does not keep the rest from going on.

        What takes no request is seen first: only the others wait for each other, and are worth threads.
        """
        cluster = PatientCluster(self.cluster, patience)
        view = LiveView(cluster, live, self._answers)
        finalizer = Finalizer(cluster, owner, self.manager)
        memory = self._contention, self._settled
        applier = Applier(cluster, self.manager, owner, view, *memory, finalizer, plan.optional)
        objects = dict(zip(plan.refs, plan.objects, strict=True))
        refused = self._finalize(finalizer, owner, objects)
        outcomes: dict[ObjectRef, Outcome] = {}
        left: dict[ObjectRef, Object] = {}
        for ref, obj in objects.items():
            if refused is not None and not is_namespaced(ref.kind):
                outcomes[ref] = Outcome(ref, Action.FAILED, refused)
            elif unchanged := applier.unchanged(ref, obj, create_only=ref in plan.create_only):
                outcomes[ref] = unchanged
            else:
                left[ref] = obj
        for _, group in groupby(sorted(left.values(), key=tier), key=tier):
            outcomes |= {one.ref: one for one in self._tier(applier, list(group), plan.create_only)}
        return DeployResult(owner.ref, tuple(outcomes[ref] for ref in objects))

    def _finalize(
        self, finalizer: Finalizer, owner: Owner, refs: Iterable[ObjectRef]
    ) -> GwdeployerError | None:
        """See that cluster-scoped objects will be found again; return why they must not be created."""
        if owner.finalized or all(is_namespaced(ref.kind) for ref in refs):
            return None
        try:
            finalizer.hold()
        except GwdeployerError as error:
            return error
        return None

    def _tier(
        self, applier: Applier, objects: Sequence[Object], create_only: Set[ObjectRef]
    ) -> Iterable[Outcome]:
        def bring(obj: Object) -> Outcome:
            return applier.bring(obj, create_only=ObjectRef.of(obj) in create_only)

        return (self._threads().map if len(objects) > 1 else map)(bring, objects)

    def _threads(self) -> ThreadPoolExecutor:
        with self._lock:
            if self._pool is None:
                self._pool = ThreadPoolExecutor(PARALLEL, thread_name_prefix="gwdeployer-apply")
            return self._pool

    def prune(
        self,
        owner: Owner,
        planned: Sequence[ObjectRef],
        kinds: Iterable[KindRef],
        live: ObjectStore | None,
        patience: Patience,
    ) -> PruneResult:
        """Delete what is the owner's and not planned: see :class:`Pruner`; then release the owner.

        The finalizer goes once nothing cluster-scoped is planned and all of that kind that was there has been
        deleted. Where the owner is deleted alone, what it has stays, and the finalizer goes at once.
        """
        return self._pruned(owner, planned, kinds, live, patience)

    def release(
        self,
        owner: Owner,
        held: Object,
        kinds: Iterable[KindRef],
        live: ObjectStore | None,
        patience: Patience,
    ) -> PruneResult:
        """Delete what is the owner's and nobody but us has applied; then release the owner, if it is ours to.

        ``held`` is the owner's object: another deployer may hold its finalizer by now.
        """
        if is_held_by_others(held, self.manager):
            owner = owner._replace(finalized=False)
        may_go = partial(is_applied_by_alone, manager=self.manager)
        return self._pruned(owner, (), kinds, live, patience, may_go)

    def _pruned(
        self,
        owner: Owner,
        planned: Sequence[ObjectRef],
        kinds: Iterable[KindRef],
        live: ObjectStore | None,
        patience: Patience,
        may_go: Callable[[Object], bool] = lambda _: True,
    ) -> PruneResult:
        if owner.deleting and owner.orphans:
            kinds = ()
        cluster = PatientCluster(self.cluster, patience)
        last = owner.finalized and all(is_namespaced(ref.kind) for ref in planned)
        view = LiveView(cluster, live, self._answers)
        result = Pruner(cluster, owner, view, last=last, may_go=may_go).prune(planned, kinds)
        self.forget(result.deleted)
        waits = any(not is_namespaced(waiting.ref.kind) for waiting in result.pending)
        if not last or waits or result.errors:
            return result
        try:
            remove_finalizer(cluster, owner, self.manager)
        except GwdeployerError as error:
            return PruneResult(
                owner.ref, result.deleted, result.pending, (error,), requeue_after=result.requeue_after
            )
        return result
