"""What is said of each listener: protocols, kinds of routes, ports. Rules A2, L1."""

from __future__ import annotations

from typing import Any

import pytest

from tests.gateway.scenarios import HTTP, gateway, listener
from tests.gateway.status.certificates import https, secret
from tests.gateway.status.world import (
    World,
    conditions,
    kinds_of,
    listener_of,
    message,
    names_of,
    running,
    web,
)

PASSTHROUGH = {"tls": {"mode": "Passthrough"}}
TERMINATE = {"tls": {"mode": "Terminate", "certificateRefs": [{"name": "cert"}]}}


def one(said: dict[str, Any]) -> dict[str, Any]:
    """Return what is said of the only listener of a Gateway, beside the Secret ``cert``."""
    [found] = web(secret(), listeners=[said])["listeners"]
    return dict(found)


def allowing(said: dict[str, Any], *kinds: dict[str, str]) -> dict[str, Any]:
    return {**said, "allowedRoutes": {"kinds": [*kinds]}}


def test_a_good_listener_says_so_in_every_condition() -> None:
    assert conditions(one(HTTP)) == {
        "Accepted": ("True", "Accepted"),
        "Programmed": ("True", "Programmed"),
        "ResolvedRefs": ("True", "ResolvedRefs"),
        "Conflicted": ("False", "NoConflicts"),
    }


@pytest.mark.parametrize(
    ("said", "kinds"),
    [
        (listener(80, "HTTP"), ["HTTPRoute", "GRPCRoute"]),
        (https(), ["HTTPRoute", "GRPCRoute"]),
        ({**listener(443, "TLS"), **PASSTHROUGH}, ["TLSRoute"]),
        ({**listener(443, "TLS"), **TERMINATE}, ["TLSRoute", "TCPRoute"]),
        (listener(5000, "TCP"), ["TCPRoute"]),
        (listener(53, "UDP"), ["UDPRoute"]),
    ],
    ids=lambda said: f"{said['protocol']}" if isinstance(said, dict) else None,
)
def test_the_protocol_says_which_kinds_of_routes_a_listener_takes(said: Any, kinds: list[str]) -> None:
    found = one(said)
    assert kinds_of(found) == kinds
    assert {kind["group"] for kind in found["supportedKinds"]} == {"gateway.networking.k8s.io"}
    assert conditions(found)["Programmed"] == ("True", "Programmed")


@pytest.mark.parametrize("protocol", ["SCTP", "example.com/odd", "http", ""])
def test_a2_a_protocol_that_nobody_speaks_is_not_accepted_and_takes_no_routes(protocol: str) -> None:
    found = one({"name": "odd", "protocol": protocol, "port": 80})
    assert conditions(found)["Accepted"] == ("False", "UnsupportedProtocol")
    assert conditions(found)["Programmed"] == ("False", "Invalid")
    assert found["supportedKinds"] == []
    assert message(found, "Accepted").endswith("use one of HTTP, HTTPS, TLS, TCP, UDP")


def test_a_kind_of_route_that_the_protocol_does_not_take_is_not_supported() -> None:
    found = one(allowing(HTTP, {"kind": "OddRoute"}))
    assert conditions(found)["ResolvedRefs"] == ("False", "InvalidRouteKinds")
    assert found["supportedKinds"] == []
    assert conditions(found)["Programmed"] == ("False", "Invalid")


def test_of_several_kinds_of_routes_those_that_are_taken_are_supported() -> None:
    found = one(allowing(HTTP, {"kind": "OddRoute"}, {"kind": "HTTPRoute"}, {"kind": "TCPRoute"}))
    assert conditions(found)["ResolvedRefs"] == ("False", "InvalidRouteKinds")
    said = "spec.listeners[0].allowedRoutes.kinds: this protocol does not take "
    group = "gateway.networking.k8s.io"
    assert message(found, "ResolvedRefs") == f"{said}OddRoute.{group}, TCPRoute.{group}"
    assert kinds_of(found) == ["HTTPRoute"]
    assert conditions(found)["Programmed"] == ("True", "Programmed")


def test_kinds_of_routes_may_be_narrowed() -> None:
    found = one(allowing(HTTP, {"group": "gateway.networking.k8s.io", "kind": "GRPCRoute"}))
    assert kinds_of(found) == ["GRPCRoute"]
    assert conditions(found)["ResolvedRefs"] == ("True", "ResolvedRefs")


def test_a_kind_of_another_group_is_another_kind() -> None:
    found = one(allowing(HTTP, {"group": "example.com", "kind": "HTTPRoute"}))
    assert conditions(found)["ResolvedRefs"] == ("False", "InvalidRouteKinds")
    assert "HTTPRoute.example.com" in message(found, "ResolvedRefs")


def test_a_port_that_the_proxy_needs_itself_is_unavailable() -> None:
    status = web(listeners=[HTTP, listener(9091, name="metrics")])
    found = listener_of(status, "metrics")
    assert conditions(found)["Accepted"] == ("False", "PortUnavailable")
    assert conditions(found)["Programmed"] == ("False", "PortUnavailable")
    assert "port 9091 is the proxy's own (metrics)" in message(found, "Accepted")
    assert conditions(status)["Accepted"] == ("True", "ListenersNotValid")


def test_l1_status_lists_exactly_the_current_listeners() -> None:
    world = running()
    assert names_of(world.status()["listeners"]) == ["http"]
    world.edit(listeners=[HTTP, listener(8080, name="more")])
    world.deploy(world.gateway())
    assert names_of(world.status()["listeners"]) == ["http", "more"]
    world.edit(listeners=[listener(8080, name="more")])
    world.deploy(world.gateway())
    assert names_of(world.status()["listeners"]) == ["more"]


def test_listeners_of_a_gateway_that_is_not_accepted_are_judged_and_not_programmed() -> None:
    unknown = {"group": "example.com", "kind": "Odd", "name": "x"}
    status = World(gateway(infrastructure={"parametersRef": unknown})).status()
    [found] = status["listeners"]
    assert conditions(found)["Accepted"] == ("True", "Accepted")
    assert conditions(found)["Programmed"] == ("False", "Pending")
    assert message(found, "Programmed") == "the Gateway is not accepted"


def test_a_gateways_summary_of_references_names_the_listeners_whose_are_not_resolved() -> None:
    status = web(secret(), listeners=[HTTP, https(), https({"name": "gone"}, port=8443, name="broken")])
    assert conditions(status)["ResolvedRefs"] == ("False", "ListenersNotResolved")
    assert message(status, "ResolvedRefs") == "references of listeners cannot be resolved: broken"
    assert conditions(web())["ResolvedRefs"] == ("True", "ResolvedRefs")
