"""One pass over one owner: route, reconcile, report."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from functools import partial
from weakref import WeakSet

from gwdeployer.cluster.outcomes import Action, Outcome, ReconcileResult
from gwdeployer.controller.answered import AnsweredStore
from gwdeployer.controller.observing import Handled, unexpected
from gwdeployer.controller.owner_kinds import OwnerKind
from gwdeployer.controller.shared import Shared
from gwdeployer.controller.status_keeper import Basis
from gwdeployer.deployer import Deployer
from gwdeployer.errors import GwdeployerError, NotSynced, TerminalError
from gwdeployer.generator import Skip
from gwdeployer.objects import Object, ObjectRef, metadata_of
from gwdeployer.objects.owners import Owner
from gwdeployer.objects.states import Version, is_ordered, is_same, resource_version, version_of
from gwdeployer.plan import Plan
from gwdeployer.store import ObjectStore, Read, RecordingStore, unchanged

_ELSEWHERE = Skip("is in a namespace that is not looked after")


class OwnerHandler:
    """Handles the owners of one kind. One owner is handled by one thread at a time."""

    def __init__(self, owner_kind: OwnerKind, shared: Shared) -> None:
        """Plans are made from the shared cache."""
        self.name = owner_kind.name
        self._owner_kind = owner_kind
        self._shared = shared
        self._cache = shared.cache
        self._statuses = shared.statuses(owner_kind.controller_name)
        self._used: dict[ObjectRef, Deployer] = {}
        self._done: dict[ObjectRef, Plan] = {}
        self._deployers: WeakSet[Deployer] = WeakSet()

    def handle(self, key: ObjectRef, cancel: threading.Event) -> Handled:
        """Bring what is deployed for an owner, and the owner's status, to what they should be.

        Raises NotSynced where not even the owner is known yet. What goes wrong else is in the answer.
        """
        cached = self._cache.get(*key)
        owner = self._statuses.latest(key, cached)
        if owner is None or cached is None:
            return self._gone(key)
        dependents = self._shared.dependents
        changes = dependents.changes
        planning = RecordingStore(self._cache)
        result = self._reconciled(key, owner, planning, cancel)
        answered = AnsweredStore(self._cache, result)
        reporting = RecordingStore(answered)
        repaired = self._repaired(key, result)
        written, error = False, None
        if not (cancel.is_set() or isinstance(result.planning, NotSynced)):
            written, error = self._reported(key, owner, cached, result, reporting)
        # What was read first and subscribed to later may have changed in between.
        obstacles = _obstacles(result)
        news = dependents.record(key, planning.reads, reporting.reads, obstacles, since=changes)
        stale = news and not (unchanged(planning.reads, self._cache) and unchanged(reporting.reads, answered))
        reads = planning.reads, reporting.reads
        seen = frozenset if error else partial(self._seen, key, cached, result, *reads)
        ahead = self._is_ahead(result)
        return Handled(key, self.name, owner, result, repaired, written, error, stale, seen, ahead)

    def _is_ahead(self, result: ReconcileResult) -> bool:
        """Return whether the cache does not show all objects as the server has answered.

        Nor anything where something is in the way: that may be gone by now, and nobody would tell.
        """
        try:
            return not all(map(self._is_shown, result.deployed.outcomes if result.deployed else ()))
        except NotSynced:
            return True

    def _is_shown(self, outcome: Outcome) -> bool:
        if outcome.action is Action.REFUSED:
            return self._cache.get(*outcome.ref) is not None
        return outcome.live is None or is_same(self._cache.get(*outcome.ref), outcome.live)

    def _seen(
        self,
        key: ObjectRef,
        cached: Object,
        result: ReconcileResult,
        planning: Iterable[Read],
        reporting: Iterable[Read],
    ) -> frozenset[Version]:
        """Return the states that need no other pass: the owner's, and those of what is deployed.

        Plans and lists have read the cache, which may not have had them: so those of kinds read there do. And
        where versions are no numbers nobody can tell an answer from what a cache has had before.
        """
        if result.errors:
            return frozenset()
        from_cache = {read.kind.group_kind for read in planning} | self._shared.dependents.status_counts
        from_cache |= {read.kind.group_kind for read in reporting if read.verb == "list"}
        outcomes = result.deployed.outcomes if result.deployed else ()
        states = [(one.ref, one.live) for one in outcomes if one.ref != key]
        states.append((key, self._statuses.latest(key, cached)))
        return frozenset(
            version_of(obj)
            for ref, obj in states
            if obj and ref.kind.group_kind not in from_cache and is_ordered(resource_version(obj))
        )

    def close(self) -> None:
        """End the threads of the deployers that were used."""
        for deployer in list(self._deployers):
            deployer.close()

    def _gone(self, key: ObjectRef) -> Handled:
        deployer = self._used.pop(key, None)
        if deployer is not None:
            deployer.forget({"metadata": {"namespace": key.namespace, "name": key.name}})
        self._done.pop(key, None)
        self._statuses.forget(key)
        self._shared.dependents.forget(key)
        return Handled(key, self.name)

    def _reconciled(
        self, key: ObjectRef, owner: Object, store: ObjectStore, cancel: threading.Event
    ) -> ReconcileResult:
        try:
            if not self._shared.scope.includes(key.namespace, store):
                return ReconcileResult(key, Plan(key, skip=_ELSEWHERE))
            routed = self._routed(owner, store)
            if isinstance(routed, Skip):
                return self._left_alone(key, owner, routed, cancel)
            self._use(key, routed)
            return self._reconcile(routed, owner, store, cancel)
        except GwdeployerError as error:
            return ReconcileResult(key, planning=error.about(owner=str(key)))
        except BaseException as error:  # noqa: BLE001 - said on the next line
            # A third party's generator or plugin: its fault must be seen on its owner, and stop nobody else,
            # even where it calls sys.exit.
            return ReconcileResult(key, planning=unexpected(error, key))

    def _routed(self, owner: Object, store: ObjectStore) -> Deployer | Skip:
        """Return who deploys for an owner. What is wrong with one that is being deleted does not keep it."""
        try:
            return self._owner_kind.route(owner, store)
        except TerminalError as error:
            if not metadata_of(owner).get("deletionTimestamp"):
                raise
            return Skip(f"is being deleted; {error}")

    def _reconcile(
        self, deployer: Deployer, owner: Object, store: ObjectStore, cancel: threading.Event
    ) -> ReconcileResult:
        return deployer.reconcile(
            owner, store, live=self._shared.live, timeout=self._shared.timeout, cancel=cancel
        )

    def _use(self, key: ObjectRef, deployer: Deployer) -> None:
        before = self._used.get(key)
        if before is not None and before is not deployer:
            before.forget({"metadata": {"namespace": key.namespace, "name": key.name}})
        self._used[key] = deployer
        self._deployers.add(deployer)

    def _left_alone(
        self, key: ObjectRef, owner: Object, skip: Skip, cancel: threading.Event
    ) -> ReconcileResult:
        """Remove what an owner that is ours no longer was left, and release one that is being deleted."""
        plan = Plan(key, skip=skip)
        cleaner = self._owner_kind.cleaner()
        if cleaner is None:
            return ReconcileResult(key, plan)
        self._deployers.add(cleaner)
        claim = Owner.of(owner, self._owner_kind.kind)
        if claim.deleting and claim.finalized:
            return self._reconcile(cleaner, owner, self._cache, cancel)
        if not skip.cleanup:
            return ReconcileResult(key, plan)
        pruned = cleaner.release(owner, live=self._shared.live, timeout=self._shared.timeout, cancel=cancel)
        return ReconcileResult(key, plan, pruned=pruned)

    def _repaired(self, key: ObjectRef, result: ReconcileResult) -> tuple[ObjectRef, ...]:
        """Return what had to be put right although nothing that it was planned from had changed."""
        before = self._done.get(key)
        if result.plan is not None and not result.errors:
            self._done[key] = result.plan
        if before is None or before is not result.plan:
            return ()
        return tuple(outcome.ref for outcome in result.written)

    def _reported(
        self, key: ObjectRef, owner: Object, cached: Object, result: ReconcileResult, store: RecordingStore
    ) -> tuple[bool, GwdeployerError | None]:
        """Keep the owner's status. Return whether it was written, and what went wrong."""
        report = self._owner_kind.status
        if report is None or (result.plan is not None and result.plan.skip is _ELSEWHERE):
            return False, None
        # A status says what is: what was done is told by Events.
        at_rest = result.at_rest
        return self._statuses.kept(
            key,
            owner,
            cached,
            Basis(_about(at_rest), store),
            lambda reads, now: report(owner, at_rest, reads, now),
        )


def _about(result: ReconcileResult) -> tuple[object, ...]:
    """Return what tells a result from others, by identity: at rest its plan, and the objects as they are.

    Where anything was deleted or is amiss, every result is another one: its words may be.
    """
    outcomes = result.deployed.outcomes if result.deployed else ()
    deleted = result.pruned.deleted if result.pruned else ()
    if result.errors or result.pending or deleted or (result.deployed and result.deployed.notable):
        return (result,)
    return (result.plan, *(outcome.live for outcome in outcomes))


def _obstacles(result: ReconcileResult) -> list[ObjectRef]:
    """Return the objects that stand in the way: when they change, it may be worth another try."""
    return [outcome.ref for outcome in (result.deployed.notable if result.deployed else ()) if outcome.error]
