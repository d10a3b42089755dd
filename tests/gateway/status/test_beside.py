"""Mode ``deploy``: what is said beside a control plane that writes the same status."""

from __future__ import annotations

from typing import Any

import pytest

from gwdeployer import Denied
from gwdeployer_gateway import LISTENER_SET
from tests.gateway.scenarios import gateway, ref
from tests.gateway.status.world import BEFORE, World, conditions, message, running


def said(
    type_: str, status: str, reason: str, message: str = "theirs", generation: int = 1
) -> dict[str, Any]:
    return {
        "type": type_,
        "status": status,
        "reason": reason,
        "message": message,
        "observedGeneration": generation,
        "lastTransitionTime": BEFORE,
    }


def beside(*conditions_before: dict[str, Any], **status: Any) -> World:
    """Return a world whose Gateway runs, and whose control plane has said this."""
    world = running(mode="deploy")
    world.add({**world.gateway(), "status": {"conditions": [*conditions_before], **status}})
    return world


ACCEPTED = said("Accepted", "True", "Accepted")
PROGRAMMED = said("Programmed", "True", "Programmed")


def test_l3_listeners_and_attached_listener_sets_are_left_alone() -> None:
    listeners = [{"name": "http", "attachedRoutes": 7, "supportedKinds": [], "conditions": []}]
    status = beside(listeners=listeners, attachedListenerSets=3).status()
    assert status["listeners"] == listeners
    assert status["attachedListenerSets"] == 3
    assert {one["type"] for one in status["conditions"]} == {"Accepted", "Programmed"}


def test_nothing_is_said_of_listener_sets() -> None:
    plugin = running(mode="deploy").plugin
    assert LISTENER_SET not in [one.kind for one in plugin.reporters()]
    assert not {"HTTPRoute", "ReferenceGrant"} & {kind.kind for kind in plugin.observes}


def test_what_is_good_in_their_words_stays_in_their_words() -> None:
    assert beside(ACCEPTED, PROGRAMMED).status()["conditions"] == [ACCEPTED, PROGRAMMED]


@pytest.mark.parametrize(
    "theirs",
    [
        said("Accepted", "False", "ListenersNotValid"),
        said("Accepted", "False", "ListenersNotValid", generation=0),
        said("Accepted", "True", "ListenersNotValid"),
        said("Programmed", "False", "Invalid"),
    ],
)
def test_what_they_find_bad_stays_bad(theirs: dict[str, Any]) -> None:
    status = beside(theirs).status()
    assert theirs in status["conditions"]


@pytest.mark.parametrize("type_", ["Accepted", "Programmed"])
def test_a_good_word_for_an_older_generation_is_renewed(type_: str) -> None:
    status = beside(said(type_, "True", type_, generation=0)).status()
    [found] = [one for one in status["conditions"] if one["type"] == type_]
    assert (found["status"], found["observedGeneration"], found["lastTransitionTime"]) == ("True", 1, BEFORE)


def test_that_deploying_failed_is_always_said() -> None:
    world = beside(ACCEPTED, PROGRAMMED)
    status = world.status("web", Denied("quota"))
    assert conditions(status)["Programmed"] == ("False", "DeploymentFailed")
    assert conditions(status)["Accepted"] == ("True", "Accepted")
    assert conditions(world.status())["Programmed"] == ("True", "Programmed")


def test_parameters_that_are_wrong_are_always_told_of_and_clear_by_themselves() -> None:
    world = beside(ACCEPTED, PROGRAMMED)
    world.edit(infrastructure={"parametersRef": ref("gone")})
    status = world.status()
    assert conditions(status)["Accepted"] == ("False", "InvalidParameters")
    assert conditions(status)["Programmed"] == ("False", "Invalid")
    world.edit(infrastructure={})
    world.deploy(world.gateway())
    status = world.status()
    assert conditions(status)["Accepted"] == ("True", "Accepted")
    assert conditions(status)["Programmed"] == ("True", "Programmed")


def test_how_many_replicas_are_available_is_kept_up_to_date() -> None:
    world = beside()
    world.deploy(world.gateway(), available=1, wanted=2)
    assert message(world.status(), "Programmed") == "1/2 available"
    world.deploy(world.gateway(), available=2, wanted=2)
    assert message(world.status(), "Programmed") == "2/2 available"


def test_two_writers_come_to_rest() -> None:
    """Whatever a control plane writes over ours, what we then say is what it wrote."""
    world = beside()
    world.status()
    world.add({**world.gateway(), "status": {"conditions": [ACCEPTED, PROGRAMMED]}})
    assert world.status()["conditions"] == [ACCEPTED, PROGRAMMED]


def test_addresses_are_what_deploying_knows() -> None:
    assert World(gateway(), mode="deploy").status().get("addresses") is None
    assert beside(addresses=[]).status()["addresses"] == [{"type": "IPAddress", "value": "192.0.2.1"}]
