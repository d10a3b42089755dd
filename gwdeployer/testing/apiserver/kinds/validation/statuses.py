"""What controllers write: the statuses of Services, PodDisruptionBudgets and autoscalers.

The rules of ``ValidateLoadBalancerStatus``, ``ValidatePodDisruptionBudgetStatusUpdate``,
``ValidateHorizontalPodAutoscalerStatusUpdate`` and, for conditions, ``ValidateConditions``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from ipaddress import ip_address

from gwdeployer.objects import Object
from gwdeployer.testing.apiserver.kinds import syntax
from gwdeployer.testing.apiserver.kinds.causes import (
    Cause,
    at,
    duplicate,
    forbidden,
    invalid,
    not_supported,
    required,
    too_long,
)
from gwdeployer.testing.apiserver.kinds.validation.common import (
    Value,
    check_address,
    check_counts,
    check_syntax,
)

_CONDITION_STATUSES = ("False", "True", "Unknown")
_LONGEST_REASON, _LONGEST_MESSAGE = 1024, 32 * 1024
_IP_MODES = ("Proxy", "VIP")


def validate_service_status(service: Object, old: Object | None) -> Iterator[Cause]:
    """Yield what is wrong with the addresses that a Service's load balancer is said to have."""
    path, ingress = "status.loadBalancer.ingress", _ingress(service)
    if ingress and service["spec"]["type"] != "LoadBalancer":
        yield forbidden(path, "may only be used when `spec.type` is 'LoadBalancer'")
        return
    known = {one.get("ip") for one in _ingress(old or {})}
    for index, one in enumerate(ingress):
        yield from _check_ingress(one, at(path, index), is_known=one.get("ip") in known)


def validate_budget_status(budget: Object, _old: Object | None) -> Iterator[Cause]:
    """Yield what is wrong with a PodDisruptionBudget's status."""
    status = budget["status"]
    yield from check_conditions(status.get("conditions", ()), "status.conditions")
    counts = ("disruptionsAllowed", "currentHealthy", "desiredHealthy", "expectedPods")
    yield from check_counts(status, "status", *counts)


def validate_autoscaler_status(autoscaler: Object, _old: Object | None) -> Iterator[Cause]:
    """Yield what is wrong with a HorizontalPodAutoscaler's status."""
    yield from check_counts(autoscaler["status"], "status", "currentReplicas", "desiredReplicas")


def check_conditions(conditions: Iterable[Value], path: str) -> Iterator[Cause]:
    """Yield what is wrong with conditions of the common kind (``metav1.Condition``)."""
    known: set[str] = set()
    for index, condition in enumerate(conditions):
        if condition["type"] in known:
            yield duplicate(at(path, index, "type"), condition["type"])
        known.add(condition["type"])
        yield from _check_condition(condition, at(path, index))


def _check_condition(condition: Value, path: str) -> Iterator[Cause]:
    yield from check_syntax(syntax.qualified_name, condition["type"], at(path, "type"))
    if condition["status"] not in _CONDITION_STATUSES:
        yield not_supported(at(path, "status"), condition["status"], _CONDITION_STATUSES)
    if condition.get("observedGeneration", 0) < 0:
        detail = "must be greater than or equal to zero"
        yield invalid(at(path, "observedGeneration"), condition["observedGeneration"], detail)
    if not condition["lastTransitionTime"]:
        yield required(at(path, "lastTransitionTime"))
    yield from _check_reason(condition["reason"], at(path, "reason"))
    if len(condition["message"].encode()) > _LONGEST_MESSAGE:
        yield too_long(at(path, "message"), _LONGEST_MESSAGE)


def _check_reason(reason: str, path: str) -> Iterator[Cause]:
    if not reason:
        yield required(path)
        return
    yield from check_syntax(syntax.condition_reason, reason, path)
    if len(reason.encode()) > _LONGEST_REASON:
        yield too_long(path, _LONGEST_REASON)


def _ingress(service: Object) -> list[Value]:
    found: list[Value] = service.get("status", {}).get("loadBalancer", {}).get("ingress", [])
    return found


def _check_ingress(ingress: Value, path: str, *, is_known: bool) -> Iterator[Cause]:
    address, mode, host = (ingress.get(name) for name in ("ip", "ipMode", "hostname"))
    if address and not is_known:
        yield from check_address(address, at(path, "ip"))
    if address and mode is None:
        yield required(at(path, "ipMode"), "must be specified when `ip` is set")
    elif mode is not None and not address:
        yield forbidden(at(path, "ipMode"), "may not be specified when `ip` is not set")
    elif mode is not None and mode not in _IP_MODES:
        yield not_supported(at(path, "ipMode"), mode, _IP_MODES)
    if host:
        yield from check_syntax(syntax.dns_subdomain, host, at(path, "hostname"))
        if _is_address(host):
            yield invalid(at(path, "hostname"), host, "must be a DNS name, not an IP address")


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True
