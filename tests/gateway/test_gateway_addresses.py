"""The address a Gateway asks for, and what a Service can do about it."""

from __future__ import annotations

from typing import Any

import pytest

from tests.gateway.scenarios import Outcome, proxy


def addressed(*addresses: dict[str, Any], **kube: Any) -> Outcome:
    return proxy(addresses=list(addresses), kube=kube)


def asked_for(outcome: Outcome) -> Any:
    return outcome.service["spec"].get("loadBalancerIP")


def ip(value: str | None, **more: Any) -> dict[str, Any]:
    return {"value": value, **more} if value is not None else more


@pytest.mark.parametrize("address", ["203.0.113.7", "2001:db8::7"])
@pytest.mark.parametrize("kind", [{}, {"type": None}, {"type": "IPAddress"}])
def test_one_ip_address_is_asked_of_the_load_balancer(address: str, kind: dict[str, Any]) -> None:
    outcome = addressed(ip(address, **kind))
    assert asked_for(outcome) == address
    assert outcome.warnings == []


@pytest.mark.parametrize("addresses", [None, []])
def test_no_address_asks_for_none(addresses: Any) -> None:
    outcome = proxy(addresses=addresses)
    assert asked_for(outcome) is None
    assert outcome.warnings == []


@pytest.mark.parametrize("kind", ["Hostname", "NamedAddress", "example.com/Custom"])
def test_other_types_of_address_are_not_for_us(kind: str) -> None:
    outcome = addressed(ip("gw.example.com", type=kind))
    assert asked_for(outcome) is None
    assert outcome.warnings == ["spec.addresses: none is an IP address: the load balancer chooses one"]


def test_one_ip_address_among_hostnames_is_taken() -> None:
    outcome = addressed(ip("gw.example.com", type="Hostname"), ip("203.0.113.7"))
    assert asked_for(outcome) == "203.0.113.7"
    assert outcome.warnings == []


def test_of_two_ip_addresses_none_is_taken() -> None:
    outcome = addressed(ip("203.0.113.7"), ip("203.0.113.8", type="IPAddress"))
    assert asked_for(outcome) is None
    assert outcome.warnings == [
        "spec.addresses: 2 IP addresses, but a Service takes one: none is used; keep one"
    ]


@pytest.mark.parametrize("value", ["localhost", "203.0.113.300", "203.0.113.07", "fe80::1%eth0", "1", " "])
def test_text_that_is_no_ip_address_is_not_used(value: str) -> None:
    outcome = addressed(ip("gw.example.com", type="Hostname"), ip(value))
    assert asked_for(outcome) is None
    assert outcome.warnings == [f"spec.addresses[1].value: {value!r} is not an IP address: it is not used"]


@pytest.mark.parametrize("value", [None, ""])
def test_an_address_without_a_value_asks_for_any(value: str | None) -> None:
    outcome = addressed(ip(value, type="IPAddress"))
    assert asked_for(outcome) is None
    assert outcome.warnings == []


@pytest.mark.parametrize("service_type", ["ClusterIP", "NodePort"])
def test_a_service_without_a_load_balancer_asks_for_no_address(service_type: str) -> None:
    outcome = addressed(ip("203.0.113.7"), ip("203.0.113.8"), service={"type": service_type})
    assert asked_for(outcome) is None
    assert outcome.warnings == []
