"""What holds for the statuses of any Gateway and ListenerSets, however their listeners are mixed."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.gateway.scenarios import gateway, listener_set
from tests.gateway.status.certificates import secret
from tests.gateway.status.world import NOW, World, conditions, names_of

#: Of the API: ``metav1.Condition``.
REASON = re.compile(r"[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?")
FAMILIES = {"HTTP": "http", "HTTPS": "tls", "TLS": "tls", "TCP": "tcp", "UDP": "udp"}

listeners = st.fixed_dictionaries(
    {
        "protocol": st.sampled_from(["HTTP", "HTTPS", "TLS", "TCP", "UDP", "ODD"]),
        "port": st.sampled_from([80, 443, 9091]),
        "hostname": st.sampled_from([None, "", "a.example.com", "*.example.com"]),
        "tls": st.sampled_from(
            [
                None,
                {"mode": "Passthrough"},
                {"certificateRefs": [{"name": "cert"}]},
                {"certificateRefs": [{"name": "gone"}]},
            ]
        ),
        "allowedRoutes": st.sampled_from([None, {"kinds": [{"kind": "HTTPRoute"}]}]),
    }
)


def several(fewest: int) -> st.SearchStrategy[list[dict[str, Any]]]:
    found = st.lists(listeners, min_size=fewest, max_size=4)
    return found.map(lambda made: [{"name": f"l{i}", **one} for i, one in enumerate(made)])


def world_of(own: list[dict[str, Any]], sets: Sequence[list[dict[str, Any]]]) -> World:
    others = [listener_set(*made, name=f"set{i}") for i, made in enumerate(sets)]
    world = World(gateway(listeners=own, allowedListeners={"namespaces": {"from": "All"}}), secret(), *others)
    world.deploy(world.gateway())
    return world


@settings(max_examples=150, deadline=None)
@given(several(0), st.lists(several(1), max_size=3))
def test_statuses_of_any_listeners_are_sound(own: list[Any], sets: list[list[Any]]) -> None:
    world = world_of(own, sets)
    status = world.status()
    told = [(own, status)]
    for i, made in enumerate(sets):
        found = world.listener_set_status(f"set{i}")
        assert found is not None
        told.append((made, found))
    for said, found in told:
        assert names_of(found.get("listeners", ())) == names_of(said)
        for part in (found, *found.get("listeners", ())):
            assert_conditions_are_sound(part)
    assert_served_can_be_told_apart([pair for said, found in told for pair in served(said, found)])
    accepted = sum(conditions(found)["Accepted"][0] == "True" for _, found in told[1:])
    assert status.get("attachedListenerSets", 0) == accepted


@settings(max_examples=50, deadline=None)
@given(several(0), st.lists(several(1), max_size=2))
def test_a_status_once_written_is_not_written_again(own: list[Any], sets: list[list[Any]]) -> None:
    world = world_of(own, sets)
    assert world.status() == world.status(now="2030-01-01T00:00:00Z")


def assert_conditions_are_sound(part: Mapping[str, Any]) -> None:
    types = [one["type"] for one in part["conditions"]]
    assert len(types) == len(set(types)) <= 8
    for one in part["conditions"]:
        assert REASON.fullmatch(one["reason"])
        assert len(one["message"]) <= 32768
        assert one["status"] in {"True", "False", "Unknown"}
        assert one["observedGeneration"] == 1
        assert one["lastTransitionTime"] == NOW


def served(said: Sequence[Mapping[str, Any]], found: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return the listeners that are accepted."""
    told = found.get("listeners", ())
    return [one for one, part in zip(said, told, strict=True) if conditions(part)["Accepted"][0] == "True"]


def assert_served_can_be_told_apart(found: Sequence[Mapping[str, Any]]) -> None:
    """Of two listeners on one port, both are of one family, which has hostnames, and theirs differ."""
    for one, other in combinations(found, 2):
        families = {FAMILIES[one["protocol"]], FAMILIES[other["protocol"]]}
        if one["port"] == other["port"] and (families == {"udp"} or "udp" not in families):
            assert families in ({"http"}, {"tls"})
            assert (one["hostname"] or "") != (other["hostname"] or "")
