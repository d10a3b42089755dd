"""ListenerSets: which attach to a Gateway, in which order, what is said of them. Rules L4 to L7 and L9."""

from __future__ import annotations

from typing import Any

import pytest

from gwdeployer import Object
from tests.gateway.scenarios import HTTP, gateway, listener, listener_set, namespace
from tests.gateway.status.certificates import grant, https, secret
from tests.gateway.status.world import (
    World,
    conditions,
    kinds_of,
    listener_of,
    message,
    names_of,
    running,
    stored,
)

ALL = {"namespaces": {"from": "All"}}


def named(name: str, hostname: str = "", port: int = 80, protocol: str = "HTTP") -> dict[str, Any]:
    return {**listener(port, protocol, name), "hostname": hostname or f"{name}.example.com"}


def attaching(*sets: Object, allowed: Any = ALL, listeners: Any = (HTTP,)) -> World:
    """Return a world with a Gateway that runs, says so, and these ListenerSets."""
    world = running(*sets, allowedListeners=allowed, listeners=[*listeners])
    world.status()
    return world


def said_of(world: World, name: str = "team", home: str = "shop") -> dict[str, Any]:
    status = world.listener_set_status(name, home)
    assert status is not None
    return status


def attached(world: World) -> int:
    return int(world.status().get("attachedListenerSets", 0))


@pytest.mark.parametrize("allowed", [None, {}, {"namespaces": {"from": "None"}}])
def test_l4_l5_without_leave_no_listener_set_attaches(allowed: Any) -> None:
    world = attaching(listener_set(named("a")), allowed=allowed)
    status = said_of(world)
    assert conditions(status) == {"Accepted": ("False", "NotAllowed"), "Programmed": ("False", "NotAllowed")}
    assert "listeners" not in status
    assert attached(world) == 0
    assert [port["port"] for port in service_of(world)["spec"]["ports"]] == [80]
    assert conditions(world.status())["Accepted"] == ("True", "Accepted")


def service_of(world: World) -> Object:
    [found] = [obj for obj in world.plan(world.gateway()).objects if obj["kind"] == "Service"]
    return found


@pytest.mark.parametrize(
    ("rule", "homes"),
    [
        ({"from": "All"}, {"shop", "till"}),
        ({"from": "Same"}, {"shop"}),
        ({"from": "Selector", "selector": {"matchLabels": {"team": "till"}}}, {"till"}),
        ({"from": "Selector"}, set()),
    ],
)
def test_l5_namespaces_that_are_let_in_attach_and_are_counted(rule: Any, homes: set[str]) -> None:
    sets = [listener_set(named(home), namespace=home) for home in ("shop", "till")]
    world = attaching(*sets, namespace("till", team="till"), allowed={"namespaces": rule})
    accepted = {
        home for home in ("shop", "till") if conditions(said_of(world, home=home))["Accepted"][0] == "True"
    }
    assert accepted == homes
    assert attached(world) == len(homes)


def test_l5_an_attached_listener_set_and_its_listeners_are_programmed() -> None:
    world = attaching(listener_set(named("a")))
    status = said_of(world)
    assert conditions(status) == {"Accepted": ("True", "Accepted"), "Programmed": ("True", "Programmed")}
    found = listener_of(status, "a")
    assert kinds_of(found) == ["HTTPRoute", "GRPCRoute"]
    assert conditions(found) == {
        "Accepted": ("True", "Accepted"),
        "Programmed": ("True", "Programmed"),
        "ResolvedRefs": ("True", "ResolvedRefs"),
        "Conflicted": ("False", "NoConflicts"),
    }
    assert {one["observedGeneration"] for one in (*status["conditions"], *found["conditions"])} == {1}


def test_l5_a_count_that_falls_to_none_is_told() -> None:
    world = attaching(listener_set(named("a")))
    assert world.gateway()["status"]["attachedListenerSets"] == 1
    world.edit(allowedListeners=None)
    assert world.status()["attachedListenerSets"] == 0


def lost(reason: str) -> dict[str, tuple[str, str]]:
    return {
        "Accepted": ("False", reason),
        "Programmed": ("False", reason),
        "Conflicted": ("True", reason),
        "ResolvedRefs": ("True", "ResolvedRefs"),
    }


@pytest.mark.parametrize(
    ("rival", "reason"),
    [
        (named("x", "taken.example.com"), "HostnameConflict"),
        (listener(80, "TCP", "x"), "ProtocolConflict"),
    ],
)
def test_l6_the_gateway_wins_over_its_listener_sets(rival: dict[str, Any], reason: str) -> None:
    both = listener_set(named("mine"), rival, name="both")
    alone = listener_set(rival, name="alone")
    world = attaching(both, alone, listeners=[named("g", "taken.example.com")])
    status = said_of(world, "both")
    assert conditions(status) == {
        "Accepted": ("True", "ListenersNotValid"),
        "Programmed": ("True", "Programmed"),
    }
    assert message(status, "Accepted") == "not valid: x; valid: mine"
    assert conditions(listener_of(status, "x")) == lost(reason)
    assert conditions(listener_of(status, "mine"))["Programmed"] == ("True", "Programmed")
    status = said_of(world, "alone")
    assert conditions(status) == {
        "Accepted": ("False", "ListenersNotValid"),
        "Programmed": ("False", "ListenersNotValid"),
    }
    assert attached(world) == 1
    [own] = world.status()["listeners"]
    assert conditions(own)["Conflicted"] == ("False", "NoConflicts")


def test_l6_nothing_is_told_of_whose_the_taken_hostname_is() -> None:
    world = attaching(
        listener_set(named("x", "a.example.com")), listeners=[named("secretive", "a.example.com")]
    )
    words = message(listener_of(said_of(world), "x"), "Conflicted")
    assert words == "hostname a.example.com on port 80 is taken: a listener that comes first has it"


def test_l6_the_oldest_listener_set_wins_then_the_first_by_namespace_and_name() -> None:
    def made(name: str, home: str, day: int) -> Object:
        obj = listener_set(named("x", "a.example.com"), name=name, namespace=home)
        return stored(obj, creationTimestamp=f"2026-11-{day:02}T00:00:00Z")

    sets = [made("a", "a", 3), made("z", "z", 1), made("b", "a", 1), made("a", "b", 1)]
    world = attaching(*sets)

    def winners() -> list[str]:
        return [
            f"{obj['metadata']['namespace']}/{obj['metadata']['name']}"
            for obj in sets
            if conditions(said_of(world, obj["metadata"]["name"], obj["metadata"]["namespace"]))["Accepted"][
                0
            ]
            == "True"
        ]

    assert winners() == ["a/b"]
    world.store.remove(sets.pop(2))
    assert winners() == ["b/a"]
    world.store.remove(sets.pop(2))
    assert winners() == ["z/z"]


def test_l6_who_lost_stands_in_nobodys_way() -> None:
    first = stored(listener_set(listener(80, "TCP", "x"), name="a"), creationTimestamp="2026-11-01T00:00:00Z")
    second = stored(listener_set(named("y"), name="b"), creationTimestamp="2026-11-02T00:00:00Z")
    world = attaching(first, second, listeners=[named("g")])
    assert conditions(said_of(world, "a"))["Accepted"] == ("False", "ListenersNotValid")
    assert conditions(said_of(world, "b"))["Accepted"] == ("True", "Accepted")


def test_l6_within_a_listener_set_nobody_wins() -> None:
    world = attaching(listener_set(named("x", "a.example.com"), named("y", "a.example.com"), named("z")))
    status = said_of(world)
    truth = {one["name"]: conditions(one)["Conflicted"][0] for one in status["listeners"]}
    assert truth == {"x": "True", "y": "True", "z": "False"}
    assert conditions(status)["Accepted"] == ("True", "ListenersNotValid")


def test_l6_a_gateway_in_conflict_with_itself_keeps_its_port_all_the_same() -> None:
    """Else a ListenerSet would be served until the Gateway is put right, and then no longer."""
    world = attaching(
        listener_set(named("x")), listeners=[named("a"), listener(80, "TCP", "b"), listener(81)]
    )
    assert conditions(listener_of(said_of(world), "x")) == lost("ProtocolConflict")


def test_l7_a_good_listener_set_does_not_rescue_a_gateway() -> None:
    world = attaching(listener_set(named("a")), listeners=[{"name": "odd", "protocol": "ODD", "port": 81}])
    status = world.status()
    assert conditions(status)["Accepted"] == ("False", "ListenersNotValid")
    assert conditions(status)["Programmed"] == ("False", "Invalid")
    assert attached(world) == 0
    status = said_of(world)
    assert conditions(status) == {
        "Accepted": ("False", "ParentNotAccepted"),
        "Programmed": ("False", "ParentNotProgrammed"),
    }
    assert conditions(listener_of(status, "a"))["Programmed"] == ("False", "Pending")


def test_l7_a_bad_listener_set_does_not_harm_its_gateway() -> None:
    world = attaching(listener_set({"name": "odd", "protocol": "ODD", "port": 81}))
    assert conditions(world.status())["Accepted"] == ("True", "Accepted")
    assert conditions(said_of(world))["Accepted"] == ("False", "ListenersNotValid")


def test_a_listener_set_is_programmed_when_its_gateway_is() -> None:
    world = attaching(listener_set(named("a")))
    world.deploy(world.gateway(), available=0)
    world.status()
    status = said_of(world)
    assert conditions(status)["Accepted"] == ("True", "Accepted")
    assert conditions(status)["Programmed"] == ("False", "ParentNotProgrammed")
    assert message(status, "Programmed") == "its Gateway is not programmed: 0/1 available"
    assert conditions(listener_of(status, "a"))["Programmed"] == ("False", "Pending")


def test_a_listener_set_waits_for_a_gateway_of_which_nothing_is_said_yet() -> None:
    status = said_of(running(listener_set(named("a")), allowedListeners=ALL))
    assert conditions(status) == {"Accepted": ("Unknown", "Pending"), "Programmed": ("Unknown", "Pending")}


def test_l9_one_name_in_two_places_is_two_listeners() -> None:
    world = attaching(listener_set({**HTTP, "port": 8080}))
    assert names_of(world.status()["listeners"]) == ["http"]
    assert conditions(listener_of(said_of(world), "http"))["Programmed"] == ("True", "Programmed")
    assert [port["port"] for port in service_of(world)["spec"]["ports"]] == [80, 8080]


def test_references_of_a_listener_set_are_granted_to_listener_sets_of_its_namespace() -> None:
    abroad = {"name": "cert", "namespace": "vault"}
    sets = [
        listener_set(https(abroad, hostname=f"{home}.example.com"), namespace=home)
        for home in ("shop", "till")
    ]
    granted = grant(namespace="vault", from_kind="ListenerSet")
    world = attaching(*sets, secret(namespace="vault"), granted)
    assert conditions(said_of(world))["Accepted"] == ("True", "Accepted")
    status = said_of(world, home="till")
    assert conditions(status)["Accepted"] == ("False", "ListenersNotValid")
    assert conditions(listener_of(status, "https"))["ResolvedRefs"] == ("False", "RefNotPermitted")
    words = "a ReferenceGrant in namespace vault for ListenerSets of namespace till would permit it"
    assert words in message(listener_of(status, "https"), "ResolvedRefs")


def test_a_kind_of_route_that_a_listener_does_not_take_is_told() -> None:
    passthrough = {**named("tls", port=443, protocol="TLS"), "tls": {"mode": "Passthrough"}}
    passthrough["allowedRoutes"] = {"kinds": [{"kind": "HTTPRoute"}]}
    status = said_of(attaching(listener_set(passthrough)))
    assert conditions(listener_of(status, "tls"))["ResolvedRefs"] == ("False", "InvalidRouteKinds")


def test_a_port_that_the_proxy_needs_itself_is_unavailable() -> None:
    status = said_of(attaching(listener_set(named("a"), listener(9091, name="metrics"))))
    assert conditions(listener_of(status, "metrics"))["Accepted"] == ("False", "PortUnavailable")


def test_port_0_is_the_protocols_own() -> None:
    world = attaching(
        listener_set({**named("a", "taken.example.com"), "port": 0}), listeners=[named("taken")]
    )
    assert conditions(listener_of(said_of(world), "a"))["Conflicted"] == ("True", "HostnameConflict")


def test_a_listener_set_that_cannot_be_read_is_invalid() -> None:
    world = attaching(listener_set({"name": "x", "protocol": "HTTP", "port": 80, "hostname": 7}))
    status = said_of(world)
    assert conditions(status) == {"Accepted": ("False", "Invalid"), "Programmed": ("False", "Invalid")}
    assert "spec.listeners[0].hostname" in message(status, "Accepted")
    assert attached(world) == 0


def test_a_listener_set_of_a_gateway_that_cannot_be_read_is_not_accepted() -> None:
    world = attaching(listener_set(named("a")), listeners=[{**HTTP, "hostname": 7}])
    assert conditions(said_of(world))["Accepted"] == ("False", "ParentNotAccepted")


@pytest.mark.parametrize(
    "parent", [{"name": "gone"}, {"name": "theirs"}, {"name": "web", "kind": "Service", "group": ""}, "web"]
)
def test_listener_sets_of_others_are_left_alone(parent: Any) -> None:
    theirs = gateway("theirs", class_name="istio")
    world = attaching(listener_set(named("a"), parent=parent), theirs)
    assert world.listener_set_status() is None


def test_conditions_of_others_on_a_listener_set_stay() -> None:
    world = attaching()
    foreign = {"type": "special.io/Ready", "status": "True", "reason": "Fine", "message": ""}
    world.add(stored({**listener_set(named("a")), "status": {"conditions": [foreign], "special": 1}}))
    status = said_of(world)
    assert status["conditions"][0] == foreign
    assert status["special"] == 1


def test_stale_listeners_of_a_listener_set_are_dropped() -> None:
    world = attaching()
    old = {"name": "old", "attachedRoutes": 1, "supportedKinds": [], "conditions": []}
    world.add(stored({**listener_set(named("a")), "status": {"listeners": [old]}}))
    assert names_of(said_of(world)["listeners"]) == ["a"]
