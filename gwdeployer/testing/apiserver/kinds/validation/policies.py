"""PodDisruptionBudgets and NetworkPolicies (``pkg/apis/policy`` and ``pkg/apis/networking``)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from gwdeployer.objects import Object
from gwdeployer.testing.apiserver.kinds.causes import Cause, at, forbidden, invalid, required
from gwdeployer.testing.apiserver.kinds.validation.common import (
    check_count_or_percent,
    check_network,
    check_one_of,
    check_port_number_or_name,
    check_selector,
)

Value = dict[str, Any]


def validate_budget(budget: Object, _old: Object | None) -> Iterator[Cause]:
    """Yield what is wrong with a PodDisruptionBudget."""
    spec = budget["spec"]
    if "minAvailable" in spec and "maxUnavailable" in spec:
        yield invalid("spec", _budget_in_go(spec), "minAvailable and maxUnavailable cannot be both set")
    for name in ("minAvailable", "maxUnavailable"):
        yield from check_count_or_percent(spec.get(name), at("spec", name))
    known = ("AlwaysAllow", "IfHealthyBudget")
    policy = spec.get("unhealthyPodEvictionPolicy")
    yield from check_one_of(known, policy, "spec.unhealthyPodEvictionPolicy")
    yield from check_selector(spec.get("selector"), "spec.selector")


def _budget_in_go(spec: Value) -> Value:
    names = ("minAvailable", "selector", "maxUnavailable", "unhealthyPodEvictionPolicy")
    return {name[0].upper() + name[1:]: spec.get(name) for name in names}


def validate_network_policy(policy: Object, _old: Object | None) -> Iterator[Cause]:
    """Yield what is wrong with a NetworkPolicy."""
    spec = policy["spec"]
    yield from check_selector(spec.get("podSelector"), "spec.podSelector")
    for direction, peers in (("ingress", "from"), ("egress", "to")):
        for index, rule in enumerate(spec.get(direction, ())):
            path = at("spec", direction, index)
            for number, port in enumerate(rule.get("ports", ())):
                yield from _check_port(port, at(path, "ports", number))
            for number, peer in enumerate(rule.get(peers, ())):
                yield from _check_peer(peer, at(path, peers, number))
    for index, kind in enumerate(spec.get("policyTypes", ())):
        yield from check_one_of(("Ingress", "Egress"), kind, at("spec.policyTypes", index))


def _check_port(port: Value, path: str) -> Iterator[Cause]:
    yield from check_one_of(("TCP", "UDP", "SCTP"), port.get("protocol"), at(path, "protocol"))
    number, end = port.get("port"), port.get("endPort")
    if number is not None:
        yield from check_port_number_or_name(number, at(path, "port"))
    elif end is not None:
        yield required(at(path, "port"), "must be specified when `endPort` is specified")
    if end is not None and isinstance(number, int) and end < number:
        yield invalid(at(path, "endPort"), number, "must be greater than or equal to `port`")


def _check_peer(peer: Value, path: str) -> Iterator[Cause]:
    for name in ("podSelector", "namespaceSelector"):
        yield from check_selector(peer.get(name), at(path, name))
    block = peer.get("ipBlock")
    if block is not None:
        yield from check_network(block["cidr"], at(path, "ipBlock", "cidr"))
        for index, excluded in enumerate(block.get("except", ())):
            yield from check_network(excluded, at(path, "ipBlock", "except", index))
    if not peer:
        yield required(path, "must specify a peer")
    elif block is not None and len(peer) > 1:
        yield forbidden(path, "may not specify both ipBlock and another peer")
