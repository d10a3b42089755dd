"""Addresses of a Gateway: those its Service has, and what is wrong with those that were asked for.

An address that was asked for is usable if the Service shows it: nobody else knows which addresses a load
balancer owns. Source: ``GatewaySpec.addresses``, ``GatewayReasonAddressNotUsable``, GEP-1867.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from ipaddress import ip_address
from typing import Any

from gwdeployer.errors import shown
from gwdeployer.objects import Object, mapping_of
from gwdeployer_gateway.addresses import is_ip
from gwdeployer_gateway.api import Address
from gwdeployer_gateway.status.conditions import Reason

IP = "IPAddress"
HOSTNAME = "Hostname"
UNSUPPORTED = "UnsupportedAddress"
NOT_USABLE = "AddressNotUsable"
NOT_ASSIGNED = "AddressNotAssigned"

#: One entry of ``status.addresses``.
StatusAddress = dict[str, str]

#: The API's bound on ``status.addresses``.
_MOST = 16


def asked_for(addresses: Sequence[Address]) -> list[StatusAddress]:
    """Return addresses that are asked for by value, as a status shows them."""
    return [_typed(one.value, one.type) for one in addresses if one.value]


def given_by(service: Object, wanted: Collection[str] = ()) -> list[StatusAddress]:
    """Return the addresses at which a Service can be reached from outside, each once.

    Of a load balancer's ingress its hostname counts more than its IP (which may change behind the name),
    unless the IP is ``wanted``. While a load balancer has none, a Service has no other.
    """
    spec = mapping_of(service.get("spec"))
    values = dict.fromkeys([*_values(service, spec, wanted), *(spec.get("externalIPs") or ())])
    return [_typed(value) for value in values][:_MOST]


def _values(service: Object, spec: Mapping[str, Any], wanted: Collection[str]) -> Iterator[str]:
    if spec.get("type") != "LoadBalancer":
        single = spec.get("clusterIP")
        yield from (ip for ip in spec.get("clusterIPs") or [single] if ip and ip != "None")
        return
    balancer = mapping_of(mapping_of(service.get("status")).get("loadBalancer"))
    for ingress in balancer.get("ingress") or ():
        ip, hostname = ingress.get("ip") or "", ingress.get("hostname") or ""
        value = ip if ip and hostname and _same_form(ip) in wanted else hostname or ip
        if value:
            yield value


def unsupported_address(addresses: Sequence[Address]) -> Reason | None:
    """Return why addresses are of a type that cannot be asked of a Service, if any is."""
    found = [
        f"spec.addresses[{position}]: type {shown(one.type)} is not supported{_what_instead(one)}"
        for position, one in enumerate(addresses)
        if not _is_supported(one)
    ]
    return Reason(UNSUPPORTED, "; ".join(found)) if found else None


def _is_supported(address: Address) -> bool:
    """Return whether a Service can be asked for an address; a hostname only whichever there is."""
    return address.type in (None, IP) or (address.type == HOSTNAME and not address.value)


def _what_instead(address: Address) -> str:
    return " with a value; leave the value out" if address.type == HOSTNAME else f"; use {IP}"


def wanted_values(addresses: Sequence[Address]) -> frozenset[str]:
    """Return the IP addresses that are asked for by value, each in its shortest form."""
    return frozenset(_same_form(one.value) for one in addresses if one.value and one.type in (None, IP))


def address_problems(
    addresses: Sequence[Address], given: Sequence[StatusAddress], service: Object
) -> Iterator[Reason]:
    """Yield what keeps a Gateway from being reached at the addresses it asks for, or at any."""
    if not addresses:
        if not given:
            yield Reason(NOT_ASSIGNED, _waiting(service))
        return
    values = {_same_form(one["value"]) for one in given}
    wanted = wanted_values(addresses)
    types = {one["type"] for one in given}
    for position, one in enumerate(addresses):
        path = f"spec.addresses[{position}]"
        if one.value and _same_form(one.value) not in values:
            yield _not_given(one, f"{path}.value", len(wanted), given, service)
        elif not one.value and (one.type or IP) not in types:
            yield Reason(NOT_ASSIGNED, f"{path}: no address of type {one.type or IP} has been assigned yet")


def _not_given(
    address: Address, path: str, asked: int, given: Sequence[StatusAddress], service: Object
) -> Reason:
    """Return why an address that is asked for by value is not there, and what to do."""
    value = str(address.value)
    if not _is_supported(address):
        return Reason(NOT_USABLE, f"{path}: addresses of type {shown(address.type)} cannot be used")
    if not is_ip(value):
        return Reason(NOT_USABLE, f"{path}: {shown(value)} is not an IP address; correct it")
    if asked > 1:
        return Reason(NOT_USABLE, f"{path}: {value} is not used: a Service takes one address; keep one")
    type_ = mapping_of(service.get("spec")).get("type")
    if type_ != "LoadBalancer":
        return Reason(NOT_USABLE, f"{path}: {value} cannot be asked of a Service of type {type_}; remove it")
    if not given:
        hint = "if it never does, choose an address that it owns"
        return Reason(NOT_ASSIGNED, f"{path}: waiting for load balancer to assign {value}; {hint}")
    there = ", ".join(one["value"] for one in given)
    hint = "choose one that it owns and that is free"
    return Reason(NOT_USABLE, f"{path}: the load balancer has assigned {there}, not {value}; {hint}")


def _waiting(service: Object) -> str:
    type_ = mapping_of(service.get("spec")).get("type")
    return "waiting for load balancer" if type_ == "LoadBalancer" else "the Service has no address"


def _typed(value: str, type_: str | None = None) -> StatusAddress:
    return {"type": type_ or (IP if is_ip(value) else HOSTNAME), "value": value}


def _same_form(value: str) -> str:
    """Return an IP address in the form that is the same for all spellings of it."""
    return str(ip_address(value)) if is_ip(value) else value
