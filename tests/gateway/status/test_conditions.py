"""How conditions are written, whoever states them. Rules S1 to S4; and in which status nothing changes."""

from __future__ import annotations

from typing import Any

import pytest

from tests.gateway.scenarios import gateway
from tests.gateway.status.world import BEFORE, NOW, World, conditions, listener_of, running

FOREIGN = {
    "type": "special.io/Ready",
    "status": "True",
    "reason": "Fine",
    "message": "ours",
    "lastTransitionTime": BEFORE,
    "observedGeneration": 1,
}
DEFAULTS = [
    {
        "type": type_,
        "status": "Unknown",
        "reason": "Pending",
        "message": "Waiting for controller",
        "lastTransitionTime": "1970-01-01T00:00:00Z",
    }
    for type_ in ("Accepted", "Programmed")
]


def with_status(world: World, **status: Any) -> World:
    world.add({**world.gateway(), "status": status})
    return world


@pytest.mark.parametrize("mode", ["deploy", "gateway"])
def test_s1_conditions_of_others_stay_as_and_where_they_are(mode: str) -> None:
    world = with_status(running(mode=mode), conditions=[DEFAULTS[0], FOREIGN, DEFAULTS[1]])
    status = world.status()
    assert [one["type"] for one in status["conditions"]][:3] == ["Accepted", FOREIGN["type"], "Programmed"]
    assert status["conditions"][1] == FOREIGN


def test_s1_conditions_of_others_on_listeners_stay() -> None:
    listeners = [{"name": "http", "attachedRoutes": 0, "supportedKinds": [], "conditions": [FOREIGN]}]
    status = with_status(running(), listeners=listeners).status()
    assert listener_of(status, "http")["conditions"][0] == FOREIGN


def test_s1_a_condition_that_was_stated_for_a_later_generation_is_kept() -> None:
    later = {**DEFAULTS[0], "status": "False", "reason": "Invalid", "observedGeneration": 9}
    status = with_status(running(), conditions=[later]).status()
    assert status["conditions"][0] == later


@pytest.mark.parametrize("mode", ["deploy", "gateway"])
def test_s1_s3_every_condition_says_of_which_generation_it_is(mode: str) -> None:
    world = with_status(running(mode=mode), conditions=DEFAULTS)
    world.status()
    world.edit(listeners=[*gateway()["spec"]["listeners"], {"name": "b", "protocol": "HTTP", "port": 81}])
    world.deploy(world.gateway())
    status = world.status()
    assert {one["observedGeneration"] for one in status["conditions"]} == {2}
    for listener in status.get("listeners", ()):
        assert {one["observedGeneration"] for one in listener["conditions"]} == {2}


def test_s2_a_status_has_at_most_eight_conditions() -> None:
    others = [{**FOREIGN, "type": f"special.io/{i}"} for i in range(6)]
    status = with_status(running(), conditions=[*DEFAULTS, *others]).status()
    assert len(status["conditions"]) == 8
    assert conditions(status)["Programmed"] == ("True", "Programmed")


def test_s4_the_time_of_a_condition_is_that_of_its_status() -> None:
    world = with_status(running(), conditions=DEFAULTS)
    first = {one["type"]: one["lastTransitionTime"] for one in world.status(now=BEFORE)["conditions"]}
    assert set(first.values()) == {BEFORE}
    world.deploy(world.gateway(), available=0)
    second = {one["type"]: one["lastTransitionTime"] for one in world.status()["conditions"]}
    assert second == {**first, "Programmed": NOW}
    world.deploy(world.gateway(), available=0, wanted=3)  # another message, the same status
    assert {one["type"]: one["lastTransitionTime"] for one in world.status()["conditions"]} == second


@pytest.mark.parametrize("mode", ["deploy", "gateway"])
def test_a_status_that_was_written_is_the_same_when_computed_again(mode: str) -> None:
    world = with_status(running(mode=mode), conditions=DEFAULTS)
    assert world.status(now=BEFORE) == world.status(now=NOW)


def test_what_is_not_ours_in_a_status_stays() -> None:
    status = with_status(running(), special={"a": 1}, empty=[]).status()
    assert (status["special"], status["empty"]) == ({"a": 1}, [])


def test_n8_a_gateway_of_the_longest_name_has_conditions_of_its_generation() -> None:
    name = "a" * 253
    world = World(gateway(name))
    world.deploy(world.gateway(name))
    status = world.status(name)
    assert conditions(status)["Programmed"] == ("True", "Programmed")
    assert {one["observedGeneration"] for one in status["conditions"]} == {1}


@pytest.mark.parametrize("status", [None, "text", []])
def test_a_status_of_no_form_counts_as_none(status: Any) -> None:
    world = running()
    world.add({**world.gateway(), "status": status})
    assert conditions(world.status())["Accepted"] == ("True", "Accepted")
