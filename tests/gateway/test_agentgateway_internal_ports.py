"""Listeners that take no traffic from outside: which ports the Service does not open."""

from __future__ import annotations

from typing import Any

import pytest

from tests.gateway.agentgateway_scenarios import agentgateway
from tests.gateway.scenarios import listener, listener_set, proxy

ANNOTATION = "agentgateway.dev/internal-ports"
PLACE = f"Gateway shop/web metadata.annotations[{ANNOTATION}]"
ALL = {"namespaces": {"from": "All"}}


def internal(ports: str) -> dict[str, str]:
    return {ANNOTATION: ports}


def annotated(made: dict[str, Any], ports: str, created: str = "") -> dict[str, Any]:
    made["metadata"] |= {"annotations": internal(ports), "creationTimestamp": created}
    return made


@pytest.mark.parametrize(
    ("ports", "served"), [("80", [443]), (" 80 , 443,", []), ("", [80, 443]), (",", [80, 443])]
)
def test_the_gateways_own_ports(ports: str, served: list[int]) -> None:
    listeners = [listener(80), listener(443), listener(8080)]
    made = agentgateway(listeners=listeners, annotations=internal(ports))
    assert made.ports == [*served, 8080]
    assert not made.warnings


@pytest.mark.parametrize(
    ("ports", "fault"),
    [
        ("80,http", "'http' is not a port"),
        ("80,0", "'0' is not a port"),
        ("80,65536", "'65536' is not a port"),
        ("80,-1", "'-1' is not a port"),
        ("80,٨٠", "'٨٠' is not a port"),
        ("80,81", "no listener here has port 81"),
        ("80,1" + "0" * 5000, "is not a port"),
    ],
)
def test_one_wrong_word_rejects_the_whole_annotation(ports: str, fault: str) -> None:
    made = agentgateway(listeners=[listener(80), listener(443)], annotations=internal(ports))
    assert made.ports == [80, 443]
    [warning] = made.warnings
    assert warning.startswith(f"{PLACE}: ")
    assert fault in warning
    assert len(warning) < 1000


def test_a_gateway_all_of_whose_ports_are_internal_has_no_service_to_offer() -> None:
    made = agentgateway(listeners=[listener(80)], annotations=internal("80"))
    assert made.skip.reason == "no listener has a port that can be served"


def test_a_listener_set_speaks_for_its_own_ports_only() -> None:
    mine = annotated(listener_set(listener(8443)), "8443")
    theirs = annotated(listener_set(listener(9443), name="other"), "80")
    made = agentgateway(allowedListeners=ALL, others=[mine, theirs])
    assert made.ports == [80, 9443]
    [warning] = made.warnings
    assert warning.startswith("ListenerSet shop/other ")


def test_where_several_have_a_port_the_gateway_decides_and_then_the_oldest() -> None:
    young = annotated(listener_set(listener(8443), name="a"), "8443", "2026-02-01T00:00:00Z")
    old = listener_set(listener(8443), name="b")
    old["metadata"]["creationTimestamp"] = "2026-01-01T00:00:00Z"
    same = annotated(listener_set(listener(80), name="c"), "80")
    assert agentgateway(allowedListeners=ALL, others=[young, old, same]).ports == [80, 8443]
    assert agentgateway(allowedListeners=ALL, others=[young]).ports == [80]


def test_without_a_date_names_decide() -> None:
    first = annotated(listener_set(listener(8443), name="a"), "8443")
    second = listener_set(listener(8443), name="b")
    assert agentgateway(allowedListeners=ALL, others=[second, first]).ports == [80]


def test_envoy_knows_no_internal_ports() -> None:
    marked = annotated(listener_set(listener(8443)), "8443")
    assert proxy(allowedListeners=ALL, others=[marked]).ports == [80, 8443]
