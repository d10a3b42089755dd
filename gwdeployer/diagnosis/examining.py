"""Why does an owner not work? Everything that can be found out about it, each finding with what to do.

What its plugin knows comes first, then the plan, then what a rehearsal of it on the server says, then what
became of what was deployed. Nothing is written.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import NamedTuple

from gwdeployer.cluster.availability import is_workload
from gwdeployer.cluster.dry_run import DryRunCluster
from gwdeployer.cluster.outcomes import Action, Outcome, ReconcileResult
from gwdeployer.deployer import Deployer
from gwdeployer.diagnosis.access import denied
from gwdeployer.diagnosis.infrastructure import Notes, notes_of, service_faults, workload_faults
from gwdeployer.diagnosis.leadership import controller_faults, holder_of
from gwdeployer.diagnosis.verdicts import Verdict, verdict_of
from gwdeployer.errors import Fault, Forbidden, GwdeployerError, KindNotInstalled
from gwdeployer.generator import Skip
from gwdeployer.installation.accounts import Account
from gwdeployer.installation.rights import EVENT, Rights
from gwdeployer.objects import KindRef, Object, ObjectRef, is_owned_by, metadata_of
from gwdeployer.plan import Plan
from gwdeployer.plugins import Plugin
from gwdeployer.store import ObjectStore

logger = logging.getLogger(__name__)

POD = KindRef("", "v1", "Pod")
_SERVICE = ("", "Service")
_NOT_DONE = {Action.CREATED: "is not there", Action.WAITING: "is being deleted, and will be made anew"}
_DIFFERENT = frozenset({Action.CONFIGURED, Action.RECREATED})
_LOG = "the controller has not seen to it: see its log"
_NOBODY = "nobody holds {}: is a controller at work?"


class Examined(NamedTuple):
    """What was found out about one owner.

    ``left_alone`` is why nothing is deployed for it; ``warnings`` are what does not keep it from working.
    """

    owner: ObjectRef
    verdict: Verdict
    faults: tuple[Fault, ...] = ()
    warnings: tuple[Fault, ...] = ()
    left_alone: str = ""

    @property
    def is_well(self) -> bool:
        """Whether there is nothing to do."""
        return not self.faults


@dataclass(slots=True)
class Examiner:
    """Examines owners.

    ``store`` has what plans read and what is deployed; ``rehearsal`` is what the plugins deploy to. Whether a
    controller is at work is told from ``lease``, and its ``rights`` are those of ``account``.
    """

    store: ObjectStore
    rehearsal: DryRunCluster
    lease: ObjectRef
    account: Account
    rights: Rights
    now: Callable[[], datetime]
    _notes: dict[str, Notes] = field(default_factory=dict)
    _denied: dict[str, tuple[Fault, ...]] = field(default_factory=dict)

    def examine(self, plugin: Plugin, kind: KindRef, owner: Object) -> Examined:
        """Return what was found out about an owner of a plugin. Raises ApiErrors where nothing can be."""
        case = _Case(ObjectRef(kind, *ObjectRef.of(owner)[1:]), owner, verdict_of(owner))
        with case.taking(f"{type(plugin).__name__} failed"):
            case.faults += plugin.diagnose(owner, self.store)
        if metadata_of(owner).get("deletionTimestamp"):
            held = ", ".join(metadata_of(owner).get("finalizers") or ()) or "nothing"
            case.add(Fault(f"is being deleted, and held by: {held}"))
            return case.examined()
        with case.taking(f"{type(plugin).__name__} failed"):
            routed = plugin.route(owner, self.store)
            if isinstance(routed, Skip):
                case.left_alone = routed.reason
            else:
                self._rehearse(case, routed)
        return case.examined()

    def _rehearse(self, case: _Case, deployer: Deployer) -> None:
        try:
            result = deployer.reconcile(case.owner, self.store)
        finally:
            self.rehearsal.forget()
        if result.planning is not None:
            raise result.planning
        if result.plan is None or result.plan.skip is not None:
            case.left_alone = result.plan.skip.reason if result.plan and result.plan.skip else ""
            return
        case.warnings += result.plan.warnings
        lease = self.rehearsal.get(*self.lease)
        absent = list(controller_faults(case.verdict, lease, self.lease, self.now()))
        case.add(*absent)
        hint = _LOG if holder_of(lease, self.now()) else _NOBODY.format(self.lease)
        case.add(*_obstacles(case, result), *(() if absent else _differences(result, hint)))
        case.add(*self._deployed(case, result.plan))
        if not case.verdict.ready:
            case.add(*self._lacking(case))

    def _deployed(self, case: _Case, plan: Plan) -> Iterator[Fault]:
        """Yield why what is there does not serve."""
        uid = str(metadata_of(case.owner).get("uid") or "")
        for planned in plan.objects:
            live = self.store.get(*ObjectRef.of(planned))
            if live is None or not is_owned_by(live, uid):
                continue
            notes = self._notes_in(ObjectRef.of(live).namespace)
            if is_workload(live):
                yield from workload_faults(live, self._pods_of(live), notes)
            elif KindRef.of_object(live).group_kind == _SERVICE:
                yield from service_faults(live, notes)

    def _pods_of(self, workload: Object) -> Sequence[Object]:
        labels = ((workload.get("spec") or {}).get("selector") or {}).get("matchLabels") or {}
        return self.rehearsal.list(POD, ObjectRef.of(workload).namespace, labels=labels).items

    def _notes_in(self, namespace: str) -> Notes:
        if namespace not in self._notes:
            self._notes[namespace] = notes_of(self.rehearsal.list(EVENT, namespace).items)
        return self._notes[namespace]

    def _lacking(self, case: _Case) -> tuple[Fault, ...]:
        """Return which rights the controller lacks; nothing where that cannot be asked."""
        namespace = case.ref.namespace
        if namespace not in self._denied:
            self._denied[namespace] = self._ask(case, namespace)
        return self._denied[namespace]

    def _ask(self, case: _Case, namespace: str) -> tuple[Fault, ...]:
        kind = KindRef("", "v1", "ServiceAccount")
        try:
            if self.rehearsal.get(kind, self.account.namespace, self.account.name) is None:
                return ()  # it runs as somebody else: nobody knows whose rights to ask for
            return tuple(denied(self.rehearsal.reality, self.rights, self.account, namespace))
        except KindNotInstalled:
            return ()
        except Forbidden as error:
            case.warn("the controller's rights cannot be looked at", error)
            return ()


@dataclass(slots=True)
class _Case:
    """One owner under examination."""

    ref: ObjectRef
    owner: Object
    verdict: Verdict
    faults: list[Fault] = field(default_factory=list)
    warnings: list[Fault] = field(default_factory=list)
    left_alone: str = ""

    def add(self, *faults: Fault) -> None:
        self.faults += faults

    def warn(self, what: str, error: GwdeployerError) -> None:
        """Note what could not be found out, because whoever asks may not."""
        self.warnings += (replace(fault, message=f"{what}: {fault.message}") for fault in error.faults)

    @contextmanager
    def taking(self, failed: str) -> Iterator[None]:
        """Take what is raised as a finding."""
        try:
            yield
        except Forbidden as error:
            self.warn("cannot be looked at", error)
        except GwdeployerError as error:
            self.add(*error.about(subject=str(self.ref)).faults)
        except Exception as error:
            # A plugin's mistake is a finding, too.
            logger.info("%s: %s", self.ref, failed, exc_info=True)
            self.add(Fault(f"{failed}: {type(error).__name__}: {error}", hint="-v shows where"))

    def examined(self) -> Examined:
        """Return the findings, each once; what the status says is one where nothing else was found."""
        found = list(dict.fromkeys(self.faults))
        if self.left_alone and not found:
            found = [Fault(f"is left alone: {self.left_alone}")]
        if not (found or self.verdict.ready):
            found = [Fault(self.verdict.why, "status")]
        named = (replace(one, subject=one.subject or str(self.ref)) for one in self.warnings)
        return Examined(self.ref, self.verdict, tuple(found), tuple(dict.fromkeys(named)), self.left_alone)


def _obstacles(case: _Case, result: ReconcileResult) -> Iterator[Fault]:
    """Yield what keeps objects from being as planned."""
    for outcome in result.deployed.outcomes if result.deployed else ():
        if isinstance(outcome.error, Forbidden):
            case.warn(f"{outcome.ref} cannot be rehearsed with your rights", outcome.error)
        elif outcome.error is not None:
            yield from outcome.error.about(subject=str(outcome.ref)).faults


def _differences(result: ReconcileResult, hint: str) -> Iterator[Fault]:
    """Yield where the cluster is not as planned though nothing stands in the way, with what to do."""
    for outcome in _outcomes(result):
        if outcome.action in _DIFFERENT:
            paths = ", ".join(outcome.changed) or "something"
            yield Fault(f"is not as planned: {paths}", subject=str(outcome.ref), hint=hint)
        elif outcome.action in _NOT_DONE:
            yield Fault(_NOT_DONE[outcome.action], subject=str(outcome.ref), hint=hint)


def _outcomes(result: ReconcileResult) -> Iterable[Outcome]:
    return (one for one in (result.deployed.outcomes if result.deployed else ()) if one.error is None)
