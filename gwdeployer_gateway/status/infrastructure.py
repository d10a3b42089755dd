"""How what was deployed for a Gateway is: does a proxy run, where can it be reached, what went wrong?"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from gwdeployer.cluster import Action, ReconcileResult
from gwdeployer.cluster.availability import WORKLOADS
from gwdeployer.errors import Fault, GwdeployerError, Interrupted
from gwdeployer.generator import Skip
from gwdeployer.objects import Object, ObjectRef, is_owned_by
from gwdeployer.plan import Plan
from gwdeployer.status import Condition, condition
from gwdeployer.store import ObjectStore
from gwdeployer_gateway.api import Address
from gwdeployer_gateway.status.addresses import (
    NOT_USABLE,
    StatusAddress,
    address_problems,
    asked_for,
    given_by,
    wanted_values,
)
from gwdeployer_gateway.status.conditions import PROGRAMMED, Reason
from gwdeployer_gateway.status.workloads import Workload

#: agentgateway's word for what the API has none for.
DEPLOYMENT_FAILED = "DeploymentFailed"
NO_RESOURCES = "NoResources"
PENDING = "Pending"

_SERVICE = ("", "Service")


class Infrastructure(NamedTuple):
    """What is to be said of it: the condition Programmed, and the addresses (None: those said before stay).

    ``not_running`` is why no proxy serves what is wanted now; empty if one does.
    """

    programmed: Condition
    not_running: str = ""
    addresses: list[StatusAddress] | None = None


def infrastructure_of(
    outcome: ReconcileResult, wanted: Sequence[Address], store: ObjectStore
) -> Infrastructure:
    """Return how the infrastructure of a Gateway is, which asks for the addresses ``wanted``."""
    plan = outcome.plan
    if plan is None:
        why = words_of([outcome.planning]) if outcome.planning else "not planned yet"
        return Infrastructure(condition(PROGRAMMED, False, PENDING, why), why)
    if plan.skip is not None:
        return _skipped(outcome, plan.skip, plan.warnings, wanted)
    return _deployed(outcome, plan, wanted, store)


def _skipped(
    outcome: ReconcileResult, skip: Skip, warnings: Iterable[Fault], wanted: Sequence[Address]
) -> Infrastructure:
    """Tell of a Gateway for which nothing is deployed.

    Where what was there is removed, somebody else deploys: they know how it is, and the addresses are those
    that the Gateway asks for. Else what is there stays, and the plan's warnings say what is missing.
    """
    if skip.cleanup:
        why = "; ".join([skip.reason, *_leftovers(outcome)])
        return Infrastructure(condition(PROGRAMMED, None, PENDING, why), why, asked_for(wanted))
    message = "; ".join([skip.reason, *map(str, warnings)])
    return Infrastructure(condition(PROGRAMMED, False, PENDING, message), message)


def _deployed(
    outcome: ReconcileResult, plan: Plan, wanted: Sequence[Address], store: ObjectStore
) -> Infrastructure:
    workloads = [Workload.of(ref, _live(ref, plan, store)) for ref in _planned(plan, WORKLOADS)]
    failed = list(_failures(outcome))
    down = [_down(workload) for workload in workloads if not workload.is_available]
    addresses, unreachable = _reach(plan, wanted, store)
    problems = [*failed, *unreachable, *down]
    # What somebody has to do something about comes before what time will mend.
    problems.sort(key=lambda problem: problem.reason not in (DEPLOYMENT_FAILED, NOT_USABLE))
    numbers = [str(workload) for workload in workloads if workload.is_available]
    said = [*(problem.message for problem in problems), *numbers, *_leftovers(outcome)]
    reason = problems[0].reason if problems else "Programmed"
    programmed = condition(PROGRAMMED, not problems, reason, "; ".join(said) or "deployed")
    return Infrastructure(programmed, "; ".join(one.message for one in (*failed, *down)), addresses)


def _failures(outcome: ReconcileResult) -> Iterator[Reason]:
    """Yield what keeps the cluster from being as planned."""
    deployed = outcome.deployed
    errors = [error for error in deployed.errors if not isinstance(error, Interrupted)] if deployed else []
    if errors:
        yield Reason(DEPLOYMENT_FAILED, words_of(errors))
    for one in deployed.notable if deployed else ():
        if one.action is Action.WAITING:
            yield Reason(PENDING, f"{one.ref} is being deleted, and will be made anew")


def _leftovers(outcome: ReconcileResult) -> Iterator[str]:
    """Yield what should be gone and is not: nothing that is wanted suffers from it."""
    if outcome.pruned and outcome.pruned.errors:
        yield f"could not be removed: {words_of(outcome.pruned.errors)}"


def _down(workload: Workload) -> Reason:
    return Reason(NO_RESOURCES if workload.is_observed else PENDING, str(workload))


def _reach(
    plan: Plan, wanted: Sequence[Address], store: ObjectStore
) -> tuple[list[StatusAddress], list[Reason]]:
    """Return the addresses of the plan's first Service, and what is wrong with them."""
    ref = next(_planned(plan, {_SERVICE}), None)
    if ref is None:
        return [], []
    service = _live(ref, plan, store)
    if service is None:
        return [], [Reason(PENDING, f"waiting for {ref}")]
    addresses = given_by(service, wanted_values(wanted))
    return addresses, list(address_problems(wanted, addresses, service))


def _planned(plan: Plan, kinds: Iterable[tuple[str, str]]) -> Iterator[ObjectRef]:
    return (ref for ref in plan.refs if ref.kind.group_kind in kinds)


def _live(ref: ObjectRef, plan: Plan, store: ObjectStore) -> Object | None:
    """Return the live object of ours; one of the same name that is somebody else's says nothing of us."""
    live = store.get(*ref)
    uid = plan.claim.uid if plan.claim else ""
    return live if live is not None and is_owned_by(live, uid) else None


def words_of(errors: Iterable[GwdeployerError]) -> str:
    """Return everything that is wrong, each thing once."""
    return "; ".join(dict.fromkeys(str(fault) for error in errors for fault in error.faults))
