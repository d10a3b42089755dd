"""Is a Gateway accepted? Rules A1 to A3 (listeners, parameters, addresses) and P1, P2."""

from __future__ import annotations

from typing import Any

import pytest

from gwdeployer import RecordingStore
from gwdeployer_gateway import GATEWAY_CLASS
from tests.gateway.scenarios import gateway, listener, parameters, ref
from tests.gateway.status.world import NOW, World, conditions, message, running, web

BAD = {"name": "bad", "protocol": "example.com/odd", "port": 9000}
GOOD = listener(80, name="good")


def refused(*objects: dict[str, Any], mode: str = "gateway", **spec: Any) -> dict[str, Any]:
    """Return the status of a Gateway that cannot be planned."""
    return World(gateway(**spec), *objects, mode=mode).status()


@pytest.mark.parametrize("mode", ["deploy", "gateway"])
def test_a1_a_gateway_with_nothing_wrong_is_accepted(mode: str) -> None:
    assert conditions(web(mode=mode))["Accepted"] == ("True", "Accepted")


def test_a1_a2_without_a_good_listener_a_gateway_is_not_accepted() -> None:
    status = web(listeners=[BAD])
    assert conditions(status)["Accepted"] == ("False", "ListenersNotValid")
    assert message(status, "Accepted") == "not valid: bad (UnsupportedProtocol)"
    assert conditions(status)["Programmed"] == ("False", "Invalid")


def test_a1_a2_with_a_good_listener_a_gateway_is_accepted_and_says_which_are_not() -> None:
    status = web(listeners=[GOOD, BAD])
    assert conditions(status)["Accepted"] == ("True", "ListenersNotValid")
    assert message(status, "Accepted") == "not valid: bad (UnsupportedProtocol); valid: good"
    assert conditions(status)["Programmed"] == ("True", "Programmed")


@pytest.mark.parametrize("mode", ["deploy", "gateway"])
def test_a3_an_address_of_an_unsupported_type_is_not_accepted(mode: str) -> None:
    status = web(mode=mode, addresses=[{"type": "test/fake", "value": "x"}, {"value": "192.0.2.1"}])
    assert conditions(status)["Accepted"] == ("False", "UnsupportedAddress")
    assert (
        message(status, "Accepted") == "spec.addresses[0]: type 'test/fake' is not supported; use IPAddress"
    )
    assert conditions(status)["Programmed"] == ("False", "AddressNotUsable")


def test_a3_a_hostname_can_only_be_asked_for_without_a_value() -> None:
    status = web(addresses=[{"type": "Hostname", "value": "gw.example.com"}])
    assert conditions(status)["Accepted"] == ("False", "UnsupportedAddress")
    assert message(status, "Accepted").endswith(
        "'Hostname' is not supported with a value; leave the value out"
    )


@pytest.mark.parametrize("mode", ["deploy", "gateway"])
def test_p1_parameters_of_an_unknown_kind_are_invalid(mode: str) -> None:
    unknown = {"group": "example.com", "kind": "Odd", "name": "x"}
    status = refused(mode=mode, infrastructure={"parametersRef": unknown})
    assert conditions(status)["Accepted"] == ("False", "InvalidParameters")
    assert "no parameters of kind Odd.example.com" in message(status, "Accepted")
    assert conditions(status)["Programmed"] == ("False", "Invalid")
    assert {one["observedGeneration"] for one in status["conditions"]} == {1}


def test_p2_parameters_that_are_not_there_are_invalid() -> None:
    status = refused(infrastructure={"parametersRef": ref("gone")})
    assert conditions(status)["Accepted"] == ("False", "InvalidParameters")
    assert "GatewayParameters shop/gone does not exist" in message(status, "Accepted")


def test_p2_all_faults_of_parameters_are_told() -> None:
    wrong = parameters({"kube": {"deployment": {"replicas": "two"}, "service": {"typ": "NodePort"}}})
    status = refused(wrong, infrastructure={"parametersRef": ref()})
    assert conditions(status)["Accepted"] == ("False", "InvalidParameters")
    assert "replicas" in message(status, "Accepted")
    assert "unknown field 'typ'" in message(status, "Accepted")


def test_a1_a_gateway_that_is_wrong_itself_is_invalid() -> None:
    status = refused(listeners=[{"name": "x", "protocol": "HTTP", "port": "eighty"}])
    assert conditions(status)["Accepted"] == ("False", "Invalid")
    assert "spec.listeners[0].port" in message(status, "Accepted")


def test_a1_a_gateway_whose_plan_is_sound_may_still_be_invalid() -> None:
    """Statuses look at more of a Gateway than plans do."""
    status = web(listeners=[{**GOOD, "hostname": 7}])
    assert conditions(status)["Accepted"] == ("False", "Invalid")
    assert "spec.listeners[0].hostname" in message(status, "Accepted")


def test_parameters_that_become_right_are_accepted_again() -> None:
    world = World(gateway(infrastructure={"parametersRef": ref()}))
    assert conditions(world.status())["Accepted"] == ("False", "InvalidParameters")
    world.add(parameters({"kube": {}}))
    world.deploy(world.gateway())
    assert conditions(world.status())["Accepted"] == ("True", "Accepted")
    assert conditions(world.status())["Programmed"] == ("True", "Programmed")


def test_what_runs_keeps_its_addresses_while_the_parameters_are_wrong() -> None:
    world = running()
    before = world.status()["addresses"]
    world.edit(infrastructure={"parametersRef": ref("gone")})
    status = world.status()
    assert conditions(status)["Accepted"] == ("False", "InvalidParameters")
    assert status["addresses"] == before


def test_a_gateway_that_is_not_ours_is_left_alone() -> None:
    world = World(gateway(class_name="istio"))
    owner = world.gateway()
    assert world.plugin.status(owner, world.reconcile(owner), world.store, "now") is None


def test_a_gateway_without_a_class_is_nobodys() -> None:
    world = running()
    owner = {**world.gateway(), "spec": {}}
    assert world.plugin.status(owner, world.reconcile(owner), world.store, "now") is None


def test_the_class_of_a_gateway_is_not_asked_for_its_status() -> None:
    world = running()
    owner = world.gateway()
    recording = RecordingStore(world.store)
    world.plugin.status(owner, world.reconcile(owner), recording, NOW)
    assert GATEWAY_CLASS not in {read.kind for read in recording.reads}


def test_a_gateway_that_is_being_deleted_is_left_alone() -> None:
    world = running()
    outcome = world.reconcile(world.gateway())
    metadata = {**world.gateway()["metadata"], "deletionTimestamp": "2026-11-21T00:00:00Z"}
    assert world.plugin.status({**world.gateway(), "metadata": metadata}, outcome, world.store, "now") is None
