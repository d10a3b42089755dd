"""Why does my Gateway not work? What the Gateway API knows of it: class, listeners, references. Pure.

Judged from the objects as they are now, not from what some controller has written on their statuses.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from gwdeployer.errors import Fault, nearest
from gwdeployer.objects import Object, describe, name_of
from gwdeployer.store import ObjectStore
from gwdeployer_gateway.api import GATEWAY_CLASS, ClassName, ControllerName, spec_of
from gwdeployer_gateway.status.api import FullGatewaySpec
from gwdeployer_gateway.status.conditions import ACCEPTED, conditions_before, status_before
from gwdeployer_gateway.status.listener_table import Holder, listener_table

_ALLOW = "let it in by spec.allowedListeners of the Gateway"


def class_faults(gateway: Object, controller_name: str, store: ObjectStore) -> Iterator[Fault]:
    """Yield what is wrong with a Gateway's class. Raises ParametersError for a Gateway that names none."""
    name = spec_of(gateway, ClassName).gateway_class_name
    gateway_class = store.get(GATEWAY_CLASS, "", name)
    path = "spec.gatewayClassName"
    if gateway_class is None:
        ours = [name_of(one) for one in store.list(GATEWAY_CLASS) if _controller(one) == controller_name]
        hint = nearest(name, ours) or f"create it, with controllerName: {controller_name}"
        yield Fault(f"GatewayClass {name} does not exist", path, hint=hint)
    elif (whose := _controller(gateway_class)) != controller_name:
        hint = f"ask that controller, or name a class of {controller_name}"
        yield Fault(f"GatewayClass {name} belongs to {whose or 'nobody'}", path, hint=hint)
    else:
        yield from _refusals(gateway_class)


def _controller(gateway_class: Object) -> str:
    return spec_of(gateway_class, ControllerName).controller_name


def _refusals(gateway_class: Object) -> Iterator[Fault]:
    for one in conditions_before(status_before(gateway_class)):
        if (one.get("type"), one.get("status")) == (ACCEPTED, "False"):
            words = f"is not accepted: {one.get('reason')}: {one.get('message')}"
            yield Fault(words, subject=describe(gateway_class))


def listener_faults(gateway: Object, warnings: Iterable[Fault], store: ObjectStore) -> Iterator[Fault]:
    """Yield what is wrong with a Gateway's listeners, and those of its ListenerSets.

    ``warnings`` are the plan's: see :func:`~gwdeployer_gateway.status.listener_table.listener_table`. Raises
    ParametersError for a Gateway that cannot be read.
    """
    table = listener_table(gateway, spec_of(gateway, FullGatewaySpec), warnings, store)
    for holder in (table.gateway, *table.listener_sets):
        yield from _faults_of(holder)


def _faults_of(holder: Holder) -> Iterator[Fault]:
    subject = describe(holder.obj)
    if not holder.is_allowed:
        yield Fault("is not let in by its Gateway", "spec.parentRef", subject, hint=_ALLOW)
    yield from holder.faults
    for one in holder.judgements:
        place = f"listener {one.listener.name}"
        if one.refused is not None:
            yield Fault(f"{one.refused.reason}: {one.refused.message}", place, subject)
        for problem in one.unresolved:
            yield Fault(f"{problem.reason}: {problem.message}", place, subject)
