"""The status of a Gateway, computed from the Gateway, its reconcile and what the store shows. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from gwdeployer.cluster import ReconcileResult
from gwdeployer.errors import Fault, Interrupted, NotSynced, ParametersError, TerminalError
from gwdeployer.objects import Object, describe, metadata_of
from gwdeployer.status import Condition, condition
from gwdeployer.store import ObjectStore
from gwdeployer_gateway.api import spec_of
from gwdeployer_gateway.status.addresses import UNSUPPORTED, unsupported_address
from gwdeployer_gateway.status.api import FullGatewaySpec
from gwdeployer_gateway.status.beside import beside_others
from gwdeployer_gateway.status.client_validation import client_certificate_problem, is_insecure
from gwdeployer_gateway.status.conditions import (
    ACCEPTED,
    PROGRAMMED,
    Reason,
    conditions_before,
    merged,
    status_before,
    with_stated,
)
from gwdeployer_gateway.status.infrastructure import Infrastructure, infrastructure_of, words_of
from gwdeployer_gateway.status.listener_table import ListenerTable, listener_table
from gwdeployer_gateway.status.listeners import Judgement, listener_statuses, resolved_refs

INVALID = "Invalid"
INVALID_PARAMETERS = "InvalidParameters"
LISTENERS_NOT_VALID = "ListenersNotValid"
_INSECURE = "InsecureFrontendValidationMode"


class _Findings(NamedTuple):
    """What was found out about a Gateway; ``spec`` is None where it cannot be read."""

    spec: FullGatewaySpec | None
    refusal: Reason | None
    infrastructure: Infrastructure


def gateway_status(
    gateway: Object, outcome: ReconcileResult, store: ObjectStore, now: str, *, whole: bool
) -> dict[str, Any] | None:
    """Return the status that a Gateway of ours should have, or None to leave it as it is.

    ``whole``: we are its only writer; else only what deploying knows is said. Nothing is said of a Gateway
    that is being deleted, or of a reconcile that was cut short. Raises NotSynced.
    """
    if metadata_of(gateway).get("deletionTimestamp") or _is_cut_short(outcome):
        return None
    found = _find_out(gateway, outcome, store)
    before = status_before(gateway)
    if whole and found.spec is not None:
        stated = _whole(gateway, found, found.spec, outcome, store, now)
    else:
        summary = _summary(found, ())
        summary = summary if whole else beside_others(conditions_before(before), summary, gateway)
        stated = {"conditions": merged(conditions_before(before), summary, gateway, now)}
    if found.infrastructure.addresses is not None:
        stated["addresses"] = found.infrastructure.addresses
    return with_stated(before, stated)


def _is_cut_short(outcome: ReconcileResult) -> bool:
    """Return whether there is nothing to tell yet: caches are filling, or the controller is stopping."""
    errors = outcome.errors
    return bool(errors) and all(isinstance(error, (NotSynced, Interrupted)) for error in errors)


def _find_out(gateway: Object, outcome: ReconcileResult, store: ObjectStore) -> _Findings:
    planning = outcome.planning
    refusal = _refusal(gateway, planning.faults) if isinstance(planning, TerminalError) else None
    try:
        spec = spec_of(gateway, FullGatewaySpec)
    except ParametersError as error:
        refusal = refusal or Reason(INVALID, words_of([error]))
        return _Findings(None, refusal, infrastructure_of(outcome, (), store))
    wanted = spec.addresses or ()
    refusal = refusal or unsupported_address(wanted)
    return _Findings(spec, refusal, infrastructure_of(outcome, wanted, store))


def _refusal(gateway: Object, faults: Sequence[Fault]) -> Reason:
    """Return why no plan could be made: the Gateway itself is wrong, or what customises it."""
    own = describe(gateway)
    is_own = all(fault.subject == own and "parametersRef" not in fault.path for fault in faults)
    return Reason(INVALID if is_own else INVALID_PARAMETERS, "; ".join(map(str, faults)))


def _whole(
    gateway: Object,
    found: _Findings,
    spec: FullGatewaySpec,
    outcome: ReconcileResult,
    store: ObjectStore,
    now: str,
) -> dict[str, Any]:
    """Return all of the status but its addresses."""
    before = status_before(gateway)
    warnings = outcome.plan.warnings if outcome.plan else ()
    table = listener_table(gateway, spec, warnings, store)
    own = table.gateway.judgements
    summary = _summary(found, own)
    stated = [*summary, _resolved_refs(gateway, spec, own, store), *_insecure(spec)]
    is_accepted = summary[0]["status"] == "True"
    not_running = found.infrastructure.not_running if is_accepted else "the Gateway is not accepted"
    return {
        "conditions": merged(conditions_before(before), stated, gateway, now, when_true=[_INSECURE]),
        "listeners": listener_statuses(own, before, not_running, gateway, now),
        "attachedListenerSets": _attached_sets(table, before)
        if is_accepted
        else _attached_sets(None, before),
    }


def _attached_sets(table: ListenerTable | None, before: Mapping[str, Any]) -> int | None:
    """Return how many ListenerSets are accepted; none is only said where some were.

    An API server of an older Gateway API does not know the field, nor has it any ListenerSets.
    """
    count = sum(holder.has_good for holder in table.listener_sets) if table else 0
    return count if count or "attachedListenerSets" in before else None


def _summary(found: _Findings, listeners: Sequence[Judgement]) -> list[Condition]:
    accepted = _accepted(found.refusal, listeners)
    if accepted["status"] == "True" or accepted["reason"] == UNSUPPORTED:
        return [accepted, found.infrastructure.programmed]
    message = f"not accepted: {accepted['message']}"
    return [accepted, condition(PROGRAMMED, False, INVALID, message)]


def _accepted(refusal: Reason | None, listeners: Sequence[Judgement]) -> Condition:
    """Return Accepted: the Gateway's own listeners count, those of ListenerSets do not (GEP-1713)."""
    if refusal is not None:
        return condition(ACCEPTED, False, *refusal)
    bad = [one for one in listeners if not one.is_good]
    if not bad:
        return condition(ACCEPTED, True, "Accepted", "accepted")
    good = [one for one in listeners if one.is_good]
    message = f"not valid: {', '.join(map(_named, bad))}"
    if good:
        message += f"; valid: {', '.join(map(_named, good))}"
    return condition(ACCEPTED, bool(good), LISTENERS_NOT_VALID, message)


def _named(one: Judgement) -> str:
    why = one.refused or next(iter(one.unresolved), None)
    return f"{one.listener.name} ({why.reason})" if why and not one.is_good else one.listener.name


def _resolved_refs(
    gateway: Object, spec: FullGatewaySpec, listeners: Iterable[Judgement], store: ObjectStore
) -> Condition:
    """Return ResolvedRefs: the Gateway's own references, and a summary of its listeners'."""
    problem = client_certificate_problem(gateway, spec, store)
    unresolved = [one.listener.name for one in listeners if one.unresolved]
    problems = [problem] if problem else []
    if unresolved:
        message = f"references of listeners cannot be resolved: {', '.join(unresolved)}"
        problems.append(Reason("ListenersNotResolved", message))
    return resolved_refs(problems)


def _insecure(spec: FullGatewaySpec) -> list[Condition]:
    if not is_insecure(spec):
        return []
    message = "clients without a valid certificate are let in (AllowInsecureFallback)"
    return [condition(_INSECURE, True, "ConfigurationChanged", message)]
