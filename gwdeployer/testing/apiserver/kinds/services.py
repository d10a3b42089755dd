"""What a Service takes from the cluster: addresses and node ports.

The rules of ``pkg/registry/core/service/storage``: a Service gets an address unless it is headless or an
alias, one with an outside gets ports of the nodes, and each keeps what it has as long as its type needs it.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from ipaddress import IPv4Network
from typing import Any

from gwdeployer.objects import Object
from gwdeployer.testing.apiserver.kinds.causes import Invalid, at, invalid

HEADLESS = "None"
#: The first address is the API server's own Service.
_NETWORK = IPv4Network("10.0.0.0/24")
_RESERVED = 2
_NODE_PORTS = range(30000, 32768)
_WITH_ADDRESS = ("ClusterIP", "NodePort", "LoadBalancer")


class ServiceAddresses:
    """The addresses and node ports that Services of one server have. Safe to share between threads."""

    def __init__(self) -> None:
        """Begin with all of them free."""
        self._lock = threading.Lock()
        self._addresses: set[str] = set()
        self._ports: set[int] = set()

    def create(self, service: Object) -> None:
        """Give a new Service what it needs; ``Invalid`` if an address or port it asks for is taken."""
        with self._lock:
            self._allocate(service["spec"], {})

    def update(self, new: Object, old: Object) -> None:
        """Give ``new`` what ``old`` had and it still needs, and free the rest."""
        spec, before = new["spec"], old["spec"]
        _keep(spec, before)
        with self._lock:
            self._free(before)
            try:
                self._allocate(spec, before)
            except Invalid:
                self._take(before)
                raise

    def release(self, service: Object) -> None:
        """Free what a Service has."""
        with self._lock:
            self._free(service["spec"])

    def _allocate(self, spec: dict[str, Any], before: dict[str, Any]) -> None:
        if spec["type"] in _WITH_ADDRESS:
            self._allocate_address(spec)
            _set_families(spec)
        else:
            for name in ("clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy"):
                if before or spec.get(name) != before.get(name):
                    spec.pop(name, None)
        self._allocate_node_ports(spec)
        self._take(spec)

    def _allocate_address(self, spec: dict[str, Any]) -> None:
        asked = spec.get("clusterIP") or next(iter(spec.get("clusterIPs", ())), "")
        if asked != HEADLESS and asked in self._addresses:
            detail = f"failed to allocate IP {asked}: provided IP is already allocated"
            raise Invalid([invalid("spec.clusterIPs", [asked], detail)])
        address = asked or next(self._free_addresses())
        spec["clusterIP"] = address
        spec["clusterIPs"] = [address, *spec.get("clusterIPs", ())[1:]]

    def _free_addresses(self) -> Iterator[str]:
        for number in range(_RESERVED, _NETWORK.num_addresses - 1):
            if (address := str(_NETWORK[number])) not in self._addresses:
                yield address
        detail = "failed to allocate a serviceIP: range is full"
        raise Invalid([invalid("spec.clusterIPs", [], detail)])

    def _allocate_node_ports(self, spec: dict[str, Any]) -> None:
        if not _has_node_ports(spec):
            return
        free = (port for port in _NODE_PORTS if port not in self._ports)
        own: dict[int, set[str]] = {}
        for index, port in enumerate(spec.get("ports", ())):
            asked = port.get("nodePort")
            if asked in self._ports:
                path = at("spec.ports", index, "nodePort")
                raise Invalid([invalid(path, asked, "provided port is already allocated")])
            if asked is None:
                taken = {other.get("nodePort") for other in spec["ports"]}
                port["nodePort"] = next(number for number in free if number not in taken)
            own.setdefault(port["nodePort"], set()).add(port["protocol"])

    def _take(self, spec: dict[str, Any]) -> None:
        self._addresses |= {address for address in spec.get("clusterIPs", ()) if address != HEADLESS}
        self._ports |= {port["nodePort"] for port in spec.get("ports", ()) if "nodePort" in port}

    def _free(self, spec: dict[str, Any]) -> None:
        self._addresses -= set(spec.get("clusterIPs", ()))
        self._ports -= {port["nodePort"] for port in spec.get("ports", ()) if "nodePort" in port}


def _has_node_ports(spec: dict[str, Any]) -> bool:
    wanted = spec["type"] == "LoadBalancer" and spec.get("allocateLoadBalancerNodePorts", True)
    return bool(wanted or spec["type"] == "NodePort")


def _set_families(spec: dict[str, Any]) -> None:
    spec.setdefault("ipFamilies", ["IPv4"])
    headless_without_selector = spec["clusterIP"] == HEADLESS and not spec.get("selector")
    spec.setdefault("ipFamilyPolicy", "RequireDualStack" if headless_without_selector else "SingleStack")


def _keep(spec: dict[str, Any], before: dict[str, Any]) -> None:
    """Carry over what a client that writes only what it means would lose (``patchAllocatedValues``)."""
    if spec["type"] in _WITH_ADDRESS and before["type"] in _WITH_ADDRESS:
        for name in ("clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy"):
            if name in before:
                spec.setdefault(name, before[name])
    if not _has_node_ports(spec):
        _drop_node_ports(spec, before)
    elif _has_node_ports(before):
        _keep_node_ports(spec, before)


def _drop_node_ports(spec: dict[str, Any], before: dict[str, Any]) -> None:
    had = {port.get("nodePort") for port in before.get("ports", ())}
    for port in spec.get("ports", ()):
        if port.get("nodePort") in had:
            port.pop("nodePort", None)


def _keep_node_ports(spec: dict[str, Any], before: dict[str, Any]) -> None:
    had = {(port["protocol"], port["port"]): port.get("nodePort") for port in before.get("ports", ())}
    used = {port.get("nodePort") for port in spec.get("ports", ())}
    for port in spec.get("ports", ()):
        number = had.get((port["protocol"], port["port"]))
        if "nodePort" not in port and number and number not in used:
            port["nodePort"] = number
            used.add(number)
