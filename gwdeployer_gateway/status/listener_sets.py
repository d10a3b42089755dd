"""The statuses of ListenerSets whose Gateway is ours (GEP-1713)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, ClassVar, Protocol

from gwdeployer.errors import Fault, ParametersError
from gwdeployer.objects import KindRef, Object, ObjectRef
from gwdeployer.status import Condition, Reporter, condition
from gwdeployer.store import ObjectStore
from gwdeployer_gateway.api import GATEWAY, LISTENER_SET, spec_of
from gwdeployer_gateway.attachment import parent_of
from gwdeployer_gateway.status.api import FullGatewaySpec
from gwdeployer_gateway.status.conditions import (
    ACCEPTED,
    PROGRAMMED,
    Reason,
    conditions_before,
    merged,
    status_before,
    with_stated,
)
from gwdeployer_gateway.status.listener_table import Holder, listener_table
from gwdeployer_gateway.status.listeners import listener_statuses

_NOT_ALLOWED = "NotAllowed"


class Gateways(Protocol):
    """What is known of Gateways: which are ours, and what their plans warn of."""

    def is_ours(self, gateway: Object, store: ObjectStore) -> bool:
        """Return whether we deploy for a Gateway."""

    def warnings_of(self, gateway: Object, store: ObjectStore) -> Iterable[Fault]:
        """Return the warnings of a Gateway's plan; none where there is no plan."""


class ListenerSetReporter(Reporter):
    """Computes the statuses of ListenerSets; a ListenerSet whose Gateway is not ours is left alone."""

    kind: ClassVar[KindRef] = LISTENER_SET

    def __init__(self, gateways: Gateways) -> None:
        """Ask ``gateways`` whose they are."""
        self._gateways = gateways

    def status(self, obj: Object, store: ObjectStore, now: str) -> Mapping[str, Any] | None:
        """See :class:`Reporter`. Cost: of all listeners of the Gateway."""
        parent = parent_of(obj)
        gateway = store.get(GATEWAY, *parent) if parent else None
        if gateway is None or not self._gateways.is_ours(gateway, store):
            return None
        holder = self._judged(obj, gateway, store)
        if holder is None:
            return None
        before = status_before(obj)
        accepted, programmed = _summary(holder, gateway)
        not_running = "" if programmed["status"] == "True" else programmed["message"]
        stated = {
            "conditions": merged(conditions_before(before), [accepted, programmed], obj, now),
            "listeners": listener_statuses(holder.judgements, before, not_running, obj, now),
        }
        return with_stated(before, stated)

    def _judged(self, obj: Object, gateway: Object, store: ObjectStore) -> Holder | None:
        """Return what the Gateway's listeners and those of all its ListenerSets make of this one.

        None where the store has it no longer.
        """
        try:
            spec = spec_of(gateway, FullGatewaySpec)
        except ParametersError:
            return Holder(obj)
        table = listener_table(gateway, spec, self._gateways.warnings_of(gateway, store), store)
        ref = ObjectRef.of(obj)
        return next((holder for holder in table.listener_sets if ObjectRef.of(holder.obj) == ref), None)


def _summary(holder: Holder, gateway: Object) -> tuple[Condition, Condition]:
    """Return Accepted and Programmed of a ListenerSet."""
    if reason := _own_refusal(holder):
        return condition(ACCEPTED, False, *reason), condition(PROGRAMMED, False, *reason)
    said = {one.get("type"): one for one in conditions_before(status_before(gateway))}
    accepted, programmed = said.get(ACCEPTED, {}), said.get(PROGRAMMED, {})
    if accepted.get("status") == "False":
        message = f"its Gateway is not accepted: {accepted.get('message')}"
        return (
            condition(ACCEPTED, False, "ParentNotAccepted", message),
            condition(PROGRAMMED, False, "ParentNotProgrammed", message),
        )
    if accepted.get("status") != "True":
        message = "waiting for its Gateway"
        return condition(ACCEPTED, None, "Pending", message), condition(PROGRAMMED, None, "Pending", message)
    if programmed.get("status") == "True":
        return _accepted(holder), condition(PROGRAMMED, True, "Programmed", "programmed")
    message = f"its Gateway is not programmed: {programmed.get('message')}"
    return _accepted(holder), condition(PROGRAMMED, False, "ParentNotProgrammed", message)


def _own_refusal(holder: Holder) -> Reason | None:
    """Return why a ListenerSet is not accepted whatever its Gateway is like."""
    if not holder.is_allowed:
        return Reason(_NOT_ALLOWED, "the Gateway's spec.allowedListeners does not let this namespace in")
    if holder.faults:
        return Reason("Invalid", "; ".join(map(str, holder.faults)))
    if holder.judgements and not holder.has_good:
        return Reason("ListenersNotValid", f"not valid: {_names(holder, good=False)}")
    return None


def _accepted(holder: Holder) -> Condition:
    bad = _names(holder, good=False)
    if bad:
        message = f"not valid: {bad}; valid: {_names(holder, good=True)}"
        return condition(ACCEPTED, True, "ListenersNotValid", message)
    return condition(ACCEPTED, True, "Accepted", "accepted")


def _names(holder: Holder, *, good: bool) -> str:
    return ", ".join(one.listener.name for one in holder.judgements if one.is_good == good)
