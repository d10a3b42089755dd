"""What a Service takes from the cluster: addresses and node ports.

The rules of ``pkg/registry/core/service/storage``: a Service gets an address unless it is headless or an
alias, one with an outside gets ports of the nodes, and each keeps what it has as long as its type needs it.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from ipaddress import AddressValueError, IPv4Address, IPv4Network
from itertools import cycle
from typing import Any

from gwdeployer.objects import Object
from gwdeployer.testing.apiserver.kinds.causes import Cause, Invalid, at, invalid
from gwdeployer.testing.apiserver.kinds.validation.common import check_address

HEADLESS = "None"
#: The first address is the API server's own Service.
_NETWORK = IPv4Network("10.0.0.0/16")
_RESERVED = 2
_NODE_PORTS = range(30000, 32768)
_FAMILIES = ("IPv4", "IPv6")
_WITH_ADDRESS = ("ClusterIP", "NodePort", "LoadBalancer")


class ServiceAddresses:
    """The addresses and node ports that Services of one server have. Safe to share between threads."""

    def __init__(self) -> None:
        """Begin with all of them free."""
        self._lock = threading.Lock()
        self._addresses: set[str] = set()
        self._ports: set[int] = set()
        # In turn, so that what is given back does not come again at once.
        self._next_number = cycle(range(_RESERVED, _NETWORK.num_addresses - 1))
        self._next_port = cycle(_NODE_PORTS)

    def create(self, service: Object) -> None:
        """Give a new Service what it needs; ``Invalid`` if an address or port it asks for is taken."""
        spec = service["spec"]
        _hide_traffic_policy(spec)
        with self._lock:
            self._allocate(spec, share_ports=True)

    def update(self, new: Object, old: Object) -> None:
        """Give ``new`` what ``old`` had and it still needs, and free the rest."""
        spec, before = new["spec"], old["spec"]
        _follow_address(spec, before)
        _keep(spec, before)
        _release_second_family(spec, before)
        _drop(spec, before)
        _hide_traffic_policy(spec)
        if spec["type"] != "LoadBalancer":
            new["status"]["loadBalancer"] = {}
        _check_syntax(spec)
        if _moves(spec, before):
            return  # Validation refuses it: nothing is taken, nothing freed.
        with self._lock:
            self._free(before)
            try:
                self._allocate(spec, has_families=_keeps_families(spec, before))
            except Invalid:
                self._take(before)
                raise

    def revert(self, new: Object, old: Object) -> None:
        """Let ``old`` hold again what it held before an update to ``new`` that was not stored."""
        if not _moves(new["spec"], old["spec"]):
            with self._lock:
                self._free(new["spec"])
                self._take(old["spec"])

    def release(self, service: Object) -> None:
        """Free what a Service has."""
        with self._lock:
            self._free(service["spec"])

    def _allocate(
        self, spec: dict[str, Any], *, share_ports: bool = False, has_families: bool = False
    ) -> None:
        if spec.get("clusterIP"):
            spec.setdefault("clusterIPs", [spec["clusterIP"]])
        if spec["type"] in _WITH_ADDRESS:
            if not has_families:
                _set_families(spec)
            self._allocate_address(spec)
        self._allocate_node_ports(spec, share_ports=share_ports)
        self._take(spec)

    def _allocate_address(self, spec: dict[str, Any]) -> None:
        asked = spec.get("clusterIP") or next(iter(spec.get("clusterIPs", ())), "")
        if asked not in ("", HEADLESS):
            self._check_address(asked)
        address = asked or next(self._free_addresses())
        spec["clusterIP"] = address
        spec["clusterIPs"] = [address, *spec.get("clusterIPs", ())[1:]]

    def _check_address(self, address: str) -> None:
        """Refuse one that is taken or of another network; one that is none is a matter of validation."""
        try:
            known = IPv4Address(address) in _NETWORK
        except AddressValueError:
            return
        detail = f"failed to allocate IP {address}: provided IP is already allocated"
        if not known:
            detail = f"failed to allocate IP {address}: the provided network does not match the current range"
        if not known or address in self._addresses:
            raise Invalid([invalid("spec.clusterIPs", [address], detail)])

    def _free_addresses(self) -> Iterator[str]:
        for _ in range(_NETWORK.num_addresses):
            if (address := str(_NETWORK[next(self._next_number)])) not in self._addresses:
                yield address
        raise Invalid([invalid("spec.clusterIPs", [], "failed to allocate a serviceIP: range is full")])

    def _allocate_node_ports(self, spec: dict[str, Any], *, share_ports: bool) -> None:
        if _has_node_ports(spec):
            for index, port in enumerate(spec.get("ports", ())):
                self._check_node_port(port.get("nodePort"), at("spec.ports", index, "nodePort"))
            for port in spec.get("ports", ()):
                if "nodePort" not in port:
                    twin = _port_of_twin(port, spec) if share_ports else None
                    port["nodePort"] = twin or self._free_port(spec)
        if _has_health_check(spec) and "healthCheckNodePort" not in spec:
            spec["healthCheckNodePort"] = self._free_port(spec)

    def _check_node_port(self, number: int | None, path: str) -> None:
        if number is not None and number not in _NODE_PORTS:
            detail = "provided port is not in the valid range. The range of valid ports is 30000-32767"
            raise Invalid([invalid(path, number, detail)])
        if number in self._ports:
            raise Invalid([invalid(path, number, "provided port is already allocated")])

    def _free_port(self, spec: dict[str, Any]) -> int:
        taken = self._ports | _ports_of(spec)
        free = (next(self._next_port) for _ in _NODE_PORTS)
        return next(number for number in free if number not in taken)

    def _take(self, spec: dict[str, Any]) -> None:
        self._addresses |= {address for address in spec.get("clusterIPs", ()) if address != HEADLESS}
        self._ports |= _ports_of(spec)

    def _free(self, spec: dict[str, Any]) -> None:
        self._addresses -= set(spec.get("clusterIPs", ()))
        self._ports -= _ports_of(spec)


def _moves(spec: dict[str, Any], before: dict[str, Any]) -> bool:
    had, has = before.get("clusterIP"), spec.get("clusterIP")
    return bool(had and has and had != has)


def _ports_of(spec: dict[str, Any]) -> set[int]:
    numbers = {port["nodePort"] for port in spec.get("ports", ()) if "nodePort" in port}
    return numbers | ({spec["healthCheckNodePort"]} if "healthCheckNodePort" in spec else set())


def _port_of_twin(port: dict[str, Any], spec: dict[str, Any]) -> int | None:
    """Return the node port of the same port of another protocol, which the two share."""
    twins = (other.get("nodePort") for other in spec["ports"] if other["port"] == port["port"])
    return next((number for number in twins if number), None)


def _needs_node_ports(spec: dict[str, Any]) -> bool:
    return spec["type"] in ("NodePort", "LoadBalancer")


def _has_node_ports(spec: dict[str, Any]) -> bool:
    return _needs_node_ports(spec) and (
        spec["type"] == "NodePort" or spec.get("allocateLoadBalancerNodePorts", True)
    )


def _has_health_check(spec: dict[str, Any]) -> bool:
    return spec["type"] == "LoadBalancer" and spec.get("externalTrafficPolicy") == "Local"


def _is_external(spec: dict[str, Any]) -> bool:
    return _needs_node_ports(spec) or (spec["type"] == "ClusterIP" and bool(spec.get("externalIPs")))


def _set_families(spec: dict[str, Any]) -> None:
    """Families of a cluster that has IPv4; who finds the endpoints of a Service alone may use both.

    Raises ``Invalid`` for what this cluster has not (``initIPFamilyFields``).
    """
    finds_alone = spec.get("clusterIP") == HEADLESS and not spec.get("selector")
    policy = spec.setdefault("ipFamilyPolicy", "RequireDualStack" if finds_alone else "SingleStack")
    families = spec.setdefault("ipFamilies", ["IPv4"])
    if not finds_alone:
        if causes := list(_missing_families(policy, families)):
            raise Invalid(causes)
    elif len(families) == 1 and policy != "SingleStack":
        spec["ipFamilies"] = families + [family for family in _FAMILIES if family not in families]


def _keeps_families(spec: dict[str, Any], before: dict[str, Any]) -> bool:
    """Tell whether a Service that prefers both families stays as the cluster once let it be."""
    return spec.get("ipFamilyPolicy") == "PreferDualStack" and all(
        spec.get(name) == before.get(name) for name in ("ipFamilyPolicy", "ipFamilies", "clusterIPs")
    )


def _missing_families(policy: str, families: list[str]) -> Iterator[Cause]:
    if policy == "RequireDualStack":
        detail = "this cluster is not configured for dual-stack services"
        yield invalid("spec.ipFamilyPolicy", policy, detail)
    for index, family in enumerate(families):
        if family != "IPv4":
            yield invalid(at("spec.ipFamilies", index), family, "not configured on this cluster")


def _check_syntax(spec: dict[str, Any]) -> None:
    """Raise ``Invalid`` for an address that is none: before anything else is said of it."""
    for index, address in enumerate(spec.get("clusterIPs", ())):
        if address != HEADLESS and (causes := list(check_address(address, at("spec.clusterIPs", index)))):
            raise Invalid(causes)


def _release_second_family(spec: dict[str, Any], before: dict[str, Any]) -> None:
    """Take a change to a single stack for what it means, where the rest of it was left as it was."""
    if spec.get("ipFamilyPolicy") == "SingleStack":
        for name in ("clusterIPs", "ipFamilies"):
            if spec.get(name) == before.get(name) and len(spec.get(name, ())) > 1:
                spec[name] = spec[name][:1]


def _follow_address(spec: dict[str, Any], before: dict[str, Any]) -> None:
    """Let the list of addresses follow the one that was changed alone (``NormalizeClusterIPs``)."""
    if spec.get("clusterIP") == before.get("clusterIP"):
        return
    if spec.get("clusterIPs", before.get("clusterIPs")) == before.get("clusterIPs"):
        spec["clusterIPs"] = [spec["clusterIP"]] if spec.get("clusterIP") else []


def _keep(spec: dict[str, Any], before: dict[str, Any]) -> None:
    """Carry over what a client that writes only what it means would lose (``patchAllocatedValues``)."""
    if spec["type"] in _WITH_ADDRESS and before["type"] in _WITH_ADDRESS:
        if not spec.get("clusterIP"):
            spec["clusterIP"] = before.get("clusterIP")
        if not spec.get("clusterIPs") and spec["clusterIP"] == before.get("clusterIP"):
            spec["clusterIPs"] = before.get("clusterIPs")
        for name in ("ipFamilies", "ipFamilyPolicy"):
            if name in before:
                spec.setdefault(name, before[name])
    if _needs_node_ports(spec) and _needs_node_ports(before):
        _keep_node_ports(spec, before)
    if _has_health_check(spec) and _has_health_check(before):
        spec.setdefault("healthCheckNodePort", before.get("healthCheckNodePort"))


def _hide_traffic_policy(spec: dict[str, Any]) -> None:
    """An alias has no endpoints of its own; a real server shows no policy for them, whichever was sent."""
    if spec["type"] == "ExternalName" and spec.get("internalTrafficPolicy") in ("Cluster", "Local"):
        del spec["internalTrafficPolicy"]


def _drop(spec: dict[str, Any], before: dict[str, Any]) -> None:
    """Drop what a new type cannot have, unless the client changed it too (``dropTypeDependentFields``)."""
    for name in _lost(spec, before):
        if spec.get(name) == before.get(name):
            spec.pop(name, None)
    if _needs_node_ports(before) and not _needs_node_ports(spec) and _ports_of(spec) <= _ports_of(before):
        for port in spec.get("ports", ()):
            port.pop("nodePort", None)


def _lost(spec: dict[str, Any], before: dict[str, Any]) -> Iterator[str]:
    if spec["type"] not in _WITH_ADDRESS and before["type"] in _WITH_ADDRESS:
        yield from ("ipFamilies", "ipFamilyPolicy", "internalTrafficPolicy")
        if all(spec.get(name) == before.get(name) for name in ("clusterIP", "clusterIPs")):
            yield from ("clusterIP", "clusterIPs")
    if _has_health_check(before) and not _has_health_check(spec):
        yield "healthCheckNodePort"
    if before["type"] == "LoadBalancer" != spec["type"]:
        yield from ("allocateLoadBalancerNodePorts", "loadBalancerClass")
    if _is_external(before) and not _is_external(spec):
        yield "externalTrafficPolicy"


def _keep_node_ports(spec: dict[str, Any], before: dict[str, Any]) -> None:
    """Give ports without a number the one that a port of their name had."""
    had = {port.get("name", ""): port.get("nodePort") for port in before.get("ports", ())}
    used = _ports_of(spec) & _ports_of(before)
    for port in spec.get("ports", ()):
        number = had.get(port.get("name", ""))
        if "nodePort" not in port and number and number not in used:
            port["nodePort"] = number
            used.add(number)
