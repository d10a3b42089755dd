"""Which routes are attached to which listeners: parents, namespaces, kinds, hostnames. Rule L3."""

from __future__ import annotations

from typing import Any

import pytest

from gwdeployer import Object
from tests.gateway.scenarios import HTTP, listener, listener_set, namespace
from tests.gateway.status.certificates import https
from tests.gateway.status.world import conditions, kinds_of, listener_of, routes_of, running, web


def route(
    name: str = "route",
    *,
    kind: str = "HTTPRoute",
    namespace: str = "shop",
    parents: Any = ({"name": "web"},),
    hostnames: Any = None,
) -> Object:
    spec: dict[str, Any] = {"parentRefs": [*parents] if isinstance(parents, tuple) else parents}
    if hostnames is not None:
        spec["hostnames"] = hostnames
    return {
        "apiVersion": "gateway.networking.k8s.io/v1",
        "kind": kind,
        "metadata": {"name": name, "namespace": namespace},
        "spec": spec,
    }


def attached(*routes: Object, listeners: Any = (HTTP,), others: Any = ()) -> dict[str, int]:
    """Return how many routes are attached to each listener."""
    return routes_of(web(*routes, *others, listeners=[*listeners]))


def allowing(origin: str | None, **selector: Any) -> dict[str, Any]:
    rule: dict[str, Any] = {} if origin is None else {"from": origin}
    return {**HTTP, "allowedRoutes": {"namespaces": {**rule, **selector}}}


def test_l3_routes_that_name_the_gateway_are_counted() -> None:
    assert attached() == {"http": 0}
    assert attached(route("a"), route("b")) == {"http": 2}


@pytest.mark.parametrize(
    "parent",
    [
        {"name": "web"},
        {"name": "web", "namespace": "shop", "kind": "Gateway", "group": "gateway.networking.k8s.io"},
        {"name": "web", "namespace": None, "kind": None, "group": None},
        {"name": "web", "sectionName": "http"},
        {"name": "web", "port": 80},
        {"name": "web", "sectionName": "http", "port": 80},
    ],
)
def test_a_parent_is_a_gateway_of_the_same_namespace_unless_it_says_otherwise(parent: dict[str, Any]) -> None:
    assert attached(route(parents=(parent,))) == {"http": 1}


@pytest.mark.parametrize(
    "parent",
    [
        {"name": "other"},
        {"name": "web", "namespace": "other"},
        {"name": "web", "kind": "Service", "group": ""},
        {"name": "web", "kind": "ListenerSet"},
        {"name": "web", "sectionName": "other"},
        {"name": "web", "port": 81},
        {"name": "web", "sectionName": "http", "port": 81},
        {},
        "web",
        {"name": ["web"]},
    ],
)
def test_other_parents_are_other_peoples(parent: Any) -> None:
    assert attached(route(parents=(parent,))) == {"http": 0}


@pytest.mark.parametrize("parents", [None, "web", {"name": "web"}, 7])
def test_a_route_of_no_form_names_no_parent(parents: Any) -> None:
    assert attached(route(parents=parents), {**route("b"), "spec": None}) == {"http": 0}


def test_l3_a_route_may_choose_its_listeners_by_name_and_by_port() -> None:
    listeners = [HTTP, listener(8080, name="more")]
    assert attached(route(), listeners=listeners) == {"http": 1, "more": 1}
    assert attached(route(parents=({"name": "web", "sectionName": "more"},)), listeners=listeners) == {
        "http": 0,
        "more": 1,
    }
    assert attached(route(parents=({"name": "web", "port": 80},)), listeners=listeners) == {
        "http": 1,
        "more": 0,
    }


def test_a_route_counts_once_for_a_listener_however_often_it_names_it() -> None:
    parents = ({"name": "web"}, {"name": "web", "sectionName": "http"})
    assert attached(route(parents=parents)) == {"http": 1}


@pytest.mark.parametrize(
    ("rule", "count"),
    [
        (HTTP, 1),
        (allowing(None), 1),
        (allowing("Same"), 1),
        (allowing("All"), 2),
        (allowing("None"), 0),
        (allowing("Selector", selector={"matchLabels": {"team": "till"}}), 1),
        (allowing("Selector", selector={"matchLabels": {"kubernetes.io/metadata.name": "shop"}}), 1),
        (allowing("Selector", selector={}), 2),
        (allowing("Selector"), 0),
    ],
)
def test_l3_listeners_say_from_which_namespaces_routes_may_attach(rule: dict[str, Any], count: int) -> None:
    abroad = route(namespace="till", parents=({"name": "web", "namespace": "shop"},))
    assert attached(route(), abroad, listeners=[rule], others=[namespace("till", team="till")]) == {
        "http": count
    }


@pytest.mark.parametrize(
    ("said", "kind", "count"),
    [
        (HTTP, "HTTPRoute", 1),
        (HTTP, "GRPCRoute", 1),
        (HTTP, "TLSRoute", 0),
        (HTTP, "TCPRoute", 0),
        ({**HTTP, "allowedRoutes": {"kinds": [{"kind": "HTTPRoute"}]}}, "GRPCRoute", 0),
        ({**listener(443, "TLS", "http"), "tls": {"mode": "Passthrough"}}, "TLSRoute", 1),
        ({**listener(443, "TLS", "http"), "tls": {"mode": "Passthrough"}}, "HTTPRoute", 0),
        (listener(5000, "TCP", "http"), "TCPRoute", 1),
        (listener(53, "UDP", "http"), "UDPRoute", 1),
        (listener(53, "UDP", "http"), "TCPRoute", 0),
        (listener(80, "ODD", "http"), "HTTPRoute", 0),
    ],
)
def test_l3_only_kinds_that_a_listener_takes_attach(said: dict[str, Any], kind: str, count: int) -> None:
    assert attached(route(kind=kind), listeners=[said]) == {"http": count}


@pytest.mark.parametrize(
    ("listens", "hostnames", "count"),
    [
        (None, ["a.example.com"], 1),
        ("", ["a.example.com"], 1),
        ("a.example.com", None, 1),
        ("a.example.com", [], 1),
        ("a.example.com", ["a.example.com"], 1),
        ("a.example.com", ["A.Example.com"], 1),
        ("a.example.com", ["b.example.com"], 0),
        ("a.example.com", ["b.example.com", "a.example.com"], 1),
        ("*.example.com", ["a.example.com"], 1),
        ("*.example.com", ["a.b.example.com"], 1),
        ("*.example.com", ["example.com"], 0),
        ("*.example.com", ["*.example.com"], 1),
        ("*.example.com", ["*.b.example.com"], 1),
        ("*.b.example.com", ["*.example.com"], 1),
        ("*.b.example.com", ["*.c.example.com"], 0),
        ("a.example.com", ["*.example.com"], 1),
        ("example.com", ["*.example.com"], 0),
        ("a.example.com", [7], 0),
        ("a.example.com", "a.example.com", 1),  # no list: as if unset
    ],
)
def test_l3_route_and_listener_must_have_a_hostname_in_common(
    listens: Any, hostnames: Any, count: int
) -> None:
    said = {**HTTP, "hostname": listens}
    assert attached(route(hostnames=hostnames), listeners=[said]) == {"http": count}


def test_l3_routes_are_counted_for_listeners_that_are_not_well() -> None:
    status = web(route(), listeners=[https({"name": "gone"})])
    found = listener_of(status, "https")
    assert conditions(found)["Programmed"] == ("False", "Invalid")
    assert conditions(found)["ResolvedRefs"] == ("False", "InvalidCertificateRef")
    assert kinds_of(found) == ["HTTPRoute", "GRPCRoute"]
    assert found["attachedRoutes"] == 1


def test_routes_of_a_gateway_are_not_those_of_its_listener_sets() -> None:
    theirs = ({"name": "team", "kind": "ListenerSet"},)
    world = running(
        listener_set(listener(8080, name="more"), listener(8081, name="most")),
        route("of-gateway"),
        route("of-set", parents=theirs),
        route("of-section", parents=({**theirs[0], "sectionName": "most"},)),
        allowedListeners={"namespaces": {"from": "Same"}},
    )
    assert routes_of(world.status()) == {"http": 1}
    status = world.listener_set_status()
    assert status is not None
    assert routes_of(status) == {"more": 1, "most": 2}


def test_same_means_the_namespace_of_the_listener_set() -> None:
    parent = {"name": "team", "namespace": "till", "kind": "ListenerSet"}
    world = running(
        listener_set(listener(8080, name="more"), namespace="till"),
        route(namespace="till", parents=(parent,)),
        route(namespace="shop", parents=(parent,)),
        allowedListeners={"namespaces": {"from": "All"}},
    )
    world.status()
    status = world.listener_set_status(namespace="till")
    assert status is not None
    assert routes_of(status) == {"more": 1}
