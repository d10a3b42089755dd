"""Where a Gateway can be reached, and the addresses it asks for. Rules D1 to D6 and R4."""

from __future__ import annotations

from typing import Any

import pytest

from gwdeployer import Object
from tests.gateway.scenarios import gateway, parameters, ref
from tests.gateway.status.world import World, conditions, listener_of, message, routes_of

USABLE, UNUSABLE = "192.0.2.9", "198.51.100.1"


def ip(value: str) -> dict[str, str]:
    return {"type": "IPAddress", "value": value}


def reached(*ingress: dict[str, str], addresses: Any = None, **kube: Any) -> dict[str, Any]:
    """Return the status of a Gateway whose load balancer has this ingress."""
    owner = gateway(addresses=addresses, infrastructure={"parametersRef": ref()})
    world = World(owner, parameters({"kube": kube}))
    world.deploy(world.gateway(), ingress=ingress)
    return world.status()


def programmed(status: dict[str, Any]) -> tuple[str, str, str]:
    return *conditions(status)["Programmed"], message(status, "Programmed")


@pytest.mark.parametrize(
    ("ingress", "shown"),
    [
        ([{"ip": "192.0.2.1"}], [ip("192.0.2.1")]),
        ([{"ip": "2001:db8::1"}], [ip("2001:db8::1")]),
        ([{"hostname": "lb.example.com"}], [{"type": "Hostname", "value": "lb.example.com"}]),
        (
            [{"ip": "192.0.2.1", "hostname": "lb.example.com"}],
            [{"type": "Hostname", "value": "lb.example.com"}],
        ),
        ([{"ip": "192.0.2.1"}, {"ip": "192.0.2.2"}, {"ip": "192.0.2.1"}], [ip("192.0.2.1"), ip("192.0.2.2")]),
        ([{"hostname": "192.0.2.1"}], [ip("192.0.2.1")]),
        ([{}, {"ip": "192.0.2.1"}], [ip("192.0.2.1")]),
    ],
)
def test_d4_d6_every_address_of_the_load_balancer_is_shown_once_with_its_type(
    ingress: Any, shown: Any
) -> None:
    status = reached(*ingress)
    assert status["addresses"] == shown
    assert conditions(status)["Programmed"] == ("True", "Programmed")


def test_s2_a_status_has_at_most_sixteen_addresses() -> None:
    assert len(reached(*({"ip": f"192.0.2.{i}"} for i in range(20)))["addresses"]) == 16


def test_d6_no_address_is_shown_while_a_load_balancer_has_none() -> None:
    """Not the clusterIP: nobody outside reaches it."""
    owner = gateway()
    world = World(owner)
    world.deploy(world.gateway(), ingress=[])
    add_cluster_ips(world, "10.0.0.7")
    status = world.status()
    assert "addresses" not in status
    assert programmed(status) == ("False", "AddressNotAssigned", "waiting for load balancer; 1/1 available")


def add_cluster_ips(world: World, *ips: str, **spec: Any) -> None:
    [planned] = [obj for obj in world.plan(world.gateway()).objects if obj["kind"] == "Service"]
    live: Object = {**planned, "spec": {**planned["spec"], "clusterIP": ips[0], "clusterIPs": [*ips], **spec}}
    world.add(live)


@pytest.mark.parametrize("service_type", ["ClusterIP", "NodePort"])
def test_d5_a_service_without_load_balancer_is_reached_at_its_cluster_ips(service_type: str) -> None:
    owner = gateway(infrastructure={"parametersRef": ref()})
    world = World(owner, parameters({"kube": {"service": {"type": service_type}}}))
    world.deploy(world.gateway())
    add_cluster_ips(world, "10.0.0.7", "fd00::7")
    status = world.status()
    assert status["addresses"] == [ip("10.0.0.7"), ip("fd00::7")]
    assert conditions(status)["Programmed"] == ("True", "Programmed")


def test_a_headless_service_has_no_address() -> None:
    world = World(gateway(infrastructure={"parametersRef": ref()}), parameters(cluster_ip_only()))
    world.deploy(world.gateway())
    add_cluster_ips(world, "None")
    assert programmed(world.status())[:2] == ("False", "AddressNotAssigned")


def cluster_ip_only() -> dict[str, Any]:
    return {"kube": {"service": {"type": "ClusterIP"}}}


def test_external_ips_of_a_service_are_addresses() -> None:
    world = World(gateway())
    world.deploy(world.gateway(), ingress=[])
    add_cluster_ips(world, "10.0.0.7", externalIPs=["203.0.113.5"])
    status = world.status()
    assert status["addresses"] == [ip("203.0.113.5")]
    assert conditions(status)["Programmed"] == ("True", "Programmed")


def test_d2_static_addresses_from_unsupported_over_unusable_to_usable() -> None:
    """The sequence of the conformance test GatewayStaticAddresses."""
    fake = {"type": "test/fake-invalid-type", "value": "x"}
    world = World(gateway(addresses=[fake, ip(UNUSABLE), ip(USABLE)]))
    world.deploy(world.gateway())
    status = world.status()
    assert conditions(status)["Accepted"] == ("False", "UnsupportedAddress")

    world.edit(addresses=[ip(UNUSABLE), ip(USABLE)])
    status = world.status()
    assert conditions(status)["Accepted"] == ("True", "Accepted")
    assert conditions(status)["Programmed"] == ("False", "AddressNotUsable")

    world.edit(addresses=[ip(USABLE)])
    world.deploy(world.gateway(), ingress=[{"ip": USABLE}])
    status = world.status()
    assert conditions(status)["Accepted"] == ("True", "Accepted")
    assert conditions(status)["Programmed"] == ("True", "Programmed")
    assert status["addresses"] == [ip(USABLE)]
    assert conditions(listener_of(status, "http"))["Accepted"] == ("True", "Accepted")
    assert conditions(listener_of(status, "http"))["ResolvedRefs"] == ("True", "ResolvedRefs")
    assert routes_of(status) == {"http": 0}


@pytest.mark.parametrize("type_", [{}, {"type": None}, {"type": "IPAddress"}])
def test_d1_d2_the_type_of_an_address_is_ip_address_unless_it_says_otherwise(type_: dict[str, Any]) -> None:
    status = reached({"ip": USABLE}, addresses=[{**type_, "value": USABLE}])
    assert conditions(status)["Programmed"] == ("True", "Programmed")
    assert status["addresses"] == [ip(USABLE)]


def test_an_ip_address_that_was_asked_for_is_shown_where_there_is_a_hostname_too() -> None:
    status = reached({"ip": USABLE, "hostname": "lb.example.com"}, addresses=[ip(USABLE)])
    assert status["addresses"] == [ip(USABLE)]
    assert conditions(status)["Programmed"] == ("True", "Programmed")


def test_one_address_in_two_spellings_is_one() -> None:
    status = reached({"ip": "2001:db8::1"}, addresses=[ip("2001:0db8:0:0:0:0:0:1")])
    assert conditions(status)["Programmed"] == ("True", "Programmed")


def test_r4_of_several_addresses_a_service_takes_one() -> None:
    status = reached({"ip": "192.0.2.1"}, addresses=[ip(UNUSABLE), ip(USABLE)])
    truth, reason, words = programmed(status)
    assert (truth, reason) == ("False", "AddressNotUsable")
    for position, value in enumerate((UNUSABLE, USABLE)):
        said = f"spec.addresses[{position}].value: {value} is not used: a Service takes one address; keep one"
        assert said in words


def test_r4_an_address_that_the_load_balancer_did_not_assign_is_named() -> None:
    status = reached({"ip": "192.0.2.1"}, addresses=[ip(UNUSABLE)])
    assert programmed(status) == (
        "False",
        "AddressNotUsable",
        f"spec.addresses[0].value: the load balancer has assigned 192.0.2.1, not {UNUSABLE}; "
        "choose one that it owns and that is free; 1/1 available",
    )
    assert status["addresses"] == [ip("192.0.2.1")]


def test_r4_an_address_that_may_yet_be_assigned_is_waited_for() -> None:
    status = reached(addresses=[ip(UNUSABLE)])
    assert programmed(status) == (
        "False",
        "AddressNotAssigned",
        f"spec.addresses[0].value: waiting for load balancer to assign {UNUSABLE}; "
        "if it never does, choose an address that it owns; 1/1 available",
    )


def test_r4_text_that_is_no_ip_address_is_not_usable() -> None:
    status = reached({"ip": "192.0.2.1"}, addresses=[{"value": "my-address"}])
    assert programmed(status)[:2] == ("False", "AddressNotUsable")
    assert "'my-address' is not an IP address; correct it" in message(status, "Programmed")


def test_r4_a_service_without_load_balancer_can_be_given_no_address() -> None:
    status = reached(addresses=[ip(USABLE)], service={"type": "NodePort"})
    assert programmed(status)[:2] == ("False", "AddressNotUsable")
    assert "cannot be asked of a Service of type NodePort; remove it" in message(status, "Programmed")


def test_d3_an_address_without_a_value_is_any_of_its_type() -> None:
    status = reached({"ip": "192.0.2.1"}, addresses=[{"type": "IPAddress"}])
    assert conditions(status)["Accepted"] == ("True", "Accepted")
    assert conditions(status)["Programmed"] == ("True", "Programmed")
    assert status["addresses"] == [ip("192.0.2.1")]


@pytest.mark.parametrize(("type_", "given"), [("IPAddress", "lb.example.com"), ("Hostname", "192.0.2.1")])
def test_d3_an_address_of_another_type_does_not_do(type_: str, given: str) -> None:
    status = reached({"hostname": given}, addresses=[{"type": type_}])
    assert conditions(status)["Accepted"] == ("True", "Accepted")
    said = f"spec.addresses[0]: no address of type {type_} has been assigned yet; 1/1 available"
    assert programmed(status) == ("False", "AddressNotAssigned", said)


def test_d3_a_hostname_may_be_asked_for_without_a_value() -> None:
    status = reached({"hostname": "lb.example.com"}, addresses=[{"type": "Hostname"}])
    assert conditions(status)["Programmed"] == ("True", "Programmed")


def test_d3_any_address_of_an_unsupported_type_is_not_assigned() -> None:
    status = reached({"ip": "192.0.2.1"}, addresses=[{"type": "NamedAddress"}])
    assert conditions(status)["Accepted"] == ("False", "UnsupportedAddress")
    assert conditions(status)["Programmed"] == ("False", "AddressNotAssigned")


def test_r2_an_address_that_is_lost_is_no_longer_shown() -> None:
    world = World(gateway())
    world.deploy(world.gateway())
    assert world.status()["addresses"] == [ip("192.0.2.1")]
    world.deploy(world.gateway(), ingress=[])
    status = world.status()
    assert "addresses" not in status
    assert conditions(status)["Programmed"] == ("False", "AddressNotAssigned")
