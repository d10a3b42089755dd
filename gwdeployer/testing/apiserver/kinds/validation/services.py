"""Services: ports, addresses, what each type may have, and what may not change.

The rules of ``ValidateService`` and ``ValidateServiceUpdate`` in ``pkg/apis/core/validation``.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from gwdeployer.objects import Object
from gwdeployer.testing.apiserver.kinds import syntax
from gwdeployer.testing.apiserver.kinds.causes import Cause, at, duplicate, forbidden, invalid, required
from gwdeployer.testing.apiserver.kinds.metadata import validate_labels
from gwdeployer.testing.apiserver.kinds.validation.common import (
    PROTOCOLS,
    check_address,
    check_name,
    check_network,
    check_not_special,
    check_one_of,
    check_port_number_or_name,
    check_syntax,
)

Value = dict[str, Any]

_TYPES = ("ClusterIP", "ExternalName", "LoadBalancer", "NodePort")
_POLICIES = ("Cluster", "Local")
_HEADLESS = "None"
_BALANCER_ONLY = "may only be used when `type` is 'LoadBalancer'"
_SET_ONCE = "may not change once set"
_LONGEST_AFFINITY = 86400


def validate_service(service: Object, old: Object | None) -> Iterator[Cause]:
    """Yield what is wrong with a Service."""
    spec = service["spec"]
    yield from check_one_of(_TYPES, spec["type"], "spec.type")
    yield from validate_labels(spec.get("selector"), "spec.selector")
    yield from _check_affinity(spec)
    yield from _check_ports(spec)
    yield from _check_addresses(spec)
    yield from _check_traffic(spec)
    yield from _check_balancer(spec)
    if spec["type"] == "ExternalName":
        yield from check_name(syntax.dns_subdomain, spec.get("externalName", ""), "spec.externalName")
    if old is not None:
        yield from _check_change(spec, old["spec"])


def _check_affinity(spec: Value) -> Iterator[Cause]:
    affinity = spec.get("sessionAffinity", "")
    if not affinity:
        yield required("spec.sessionAffinity")
    yield from check_one_of(("ClientIP", "None"), affinity or None, "spec.sessionAffinity")
    seconds = spec.get("sessionAffinityConfig", {}).get("clientIP", {}).get("timeoutSeconds")
    if seconds is not None and not 0 < seconds <= _LONGEST_AFFINITY:
        path = "spec.sessionAffinityConfig.clientIP.timeoutSeconds"
        yield invalid(path, seconds, f"must be greater than 0 and less than {_LONGEST_AFFINITY}")


def _check_ports(spec: Value) -> Iterator[Cause]:
    ports = spec.get("ports", [])
    headless = spec.get("clusterIP") == _HEADLESS
    if not ports and not headless and spec["type"] != "ExternalName":
        yield required("spec.ports")
    names: set[str] = set()
    for index, port in enumerate(ports):
        path = at("spec.ports", index)
        yield from _check_port(port, path, named=len(ports) > 1)
        name = port.get("name", "")
        if name and name in names:
            yield duplicate(at(path, "name"), name)
        names.add(name)
        if "nodePort" in port and spec["type"] == "ClusterIP":
            yield forbidden(at(path, "nodePort"), "may not be used when `type` is 'ClusterIP'")
        if _same(port, ports[:index], "port"):
            yield duplicate(path, _port_in_go(port, "Port"))
        if port.get("nodePort") and _same(port, ports[:index], "nodePort"):
            yield duplicate(at(path, "nodePort"), _port_in_go(port, "NodePort"))


def _check_port(port: Value, path: str, *, named: bool) -> Iterator[Cause]:
    name = port.get("name", "")
    if name or named:
        yield from check_name(syntax.dns_label, name, at(path, "name"))
    yield from check_syntax(syntax.port_number, port["port"], at(path, "port"))
    if not port["protocol"]:
        yield required(at(path, "protocol"))
    yield from check_one_of(PROTOCOLS, port["protocol"] or None, at(path, "protocol"))
    yield from check_port_number_or_name(port["targetPort"], at(path, "targetPort"))
    if port.get("appProtocol"):
        yield from check_syntax(syntax.qualified_name, port["appProtocol"], at(path, "appProtocol"))


def _same(port: Value, others: list[Value], name: str) -> bool:
    return any(
        other["protocol"] == port["protocol"] and other.get(name) == port.get(name) for other in others
    )


def _port_in_go(port: Value, kept: str) -> Value:
    """Return a port as the server's own type prints it, with nothing but its number and its protocol."""
    empty: Value = {"Name": "", "Protocol": port["protocol"], "AppProtocol": None}
    empty |= {"Port": 0, "TargetPort": 0, "NodePort": 0}
    return {**empty, kept: port[kept[0].lower() + kept[1:]]}


def _check_addresses(spec: Value) -> Iterator[Cause]:
    for index, address in enumerate(spec.get("externalIPs", ())):
        path = at("spec.externalIPs", index)
        yield from list(check_address(address, path)) or check_not_special(address, path)
    addresses = spec.get("clusterIPs", [])
    if spec["type"] == "ExternalName":
        for name in ("clusterIPs", "ipFamilies", "ipFamilyPolicy"):
            if spec.get(name):
                yield forbidden(at("spec", name), "may not be set for ExternalName services")
        return
    for index, address in enumerate(addresses):
        if address != _HEADLESS:
            yield from check_address(address, at("spec.clusterIPs", index))
    if addresses[:1] == [_HEADLESS] and spec["type"] in ("NodePort", "LoadBalancer"):
        detail = f"may not be set to 'None' for {spec['type']} services"
        yield invalid("spec.clusterIPs[0]", _HEADLESS, detail)


def _check_traffic(spec: Value) -> Iterator[Cause]:
    policy = spec.get("externalTrafficPolicy")
    if policy and not is_external(spec):
        detail = "may only be set for externally-accessible services"
        yield invalid("spec.externalTrafficPolicy", policy, detail)
    else:
        yield from check_one_of(_POLICIES, policy, "spec.externalTrafficPolicy")
    if spec.get("healthCheckNodePort") and not (spec["type"] == "LoadBalancer" and policy == "Local"):
        detail = "may only be set when `type` is 'LoadBalancer' and `externalTrafficPolicy` is 'Local'"
        yield invalid("spec.healthCheckNodePort", spec["healthCheckNodePort"], detail)
    inner = spec.get("internalTrafficPolicy")
    if inner is None and spec["type"] in ("ClusterIP", "NodePort", "LoadBalancer"):
        yield required("spec.internalTrafficPolicy")
    yield from check_one_of(_POLICIES, inner, "spec.internalTrafficPolicy")


def is_external(spec: Value) -> bool:
    """Return whether a Service can be reached from outside the cluster."""
    kind = spec["type"]
    return kind in ("NodePort", "LoadBalancer") or (kind == "ClusterIP" and bool(spec.get("externalIPs")))


def _check_balancer(spec: Value) -> Iterator[Cause]:
    is_balancer = spec["type"] == "LoadBalancer"
    # The first is misspelt in Kubernetes' own messages.
    ranges, path = spec.get("loadBalancerSourceRanges", []), "spec.LoadBalancerSourceRanges"
    if ranges and not is_balancer:
        yield forbidden(path, _BALANCER_ONLY)
    for index, network in enumerate(ranges):
        yield from check_network(network.strip(), at(path, index))
    if "allocateLoadBalancerNodePorts" in spec and not is_balancer:
        yield forbidden("spec.allocateLoadBalancerNodePorts", _BALANCER_ONLY)
    balancer = spec.get("loadBalancerClass")
    if balancer is not None and not is_balancer:
        yield forbidden("spec.loadBalancerClass", _BALANCER_ONLY)
    elif balancer is not None:
        yield from check_syntax(syntax.qualified_name, balancer, "spec.loadBalancerClass")


def _check_change(spec: Value, before: Value) -> Iterator[Cause]:
    had, has = before.get("clusterIPs", []), spec.get("clusterIPs", [])
    both_have = {spec["type"], before["type"]} <= {"ClusterIP", "NodePort", "LoadBalancer"}
    if both_have and had and has[:1] != had[:1]:
        yield invalid("spec.clusterIPs[0]", has, _SET_ONCE)
    both_balance = spec["type"] == before["type"] == "LoadBalancer"
    if both_balance and spec.get("loadBalancerClass") != before.get("loadBalancerClass"):
        yield invalid("spec.loadBalancerClass", spec.get("loadBalancerClass"), _SET_ONCE)
