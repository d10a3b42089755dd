"""Listeners that cannot be told apart, and those that share a TLS port. Rule L2."""

from __future__ import annotations

from typing import Any

import pytest

from tests.gateway.scenarios import listener, listener_set
from tests.gateway.status.certificates import https, secret
from tests.gateway.status.world import conditions, listener_of, message, running, web

PASSTHROUGH = {"mode": "Passthrough"}
OVERLAPPING = "OverlappingTLSConfig"


def on(protocol: str, port: int, name: str, hostname: str | None = None) -> dict[str, Any]:
    made = {**listener(port, protocol, name), "hostname": hostname}
    if protocol == "TLS":
        return {**made, "tls": PASSTHROUGH}
    return https(port=port, name=name, hostname=hostname) if protocol == "HTTPS" else made


def conflicted(*listeners: dict[str, Any]) -> dict[str, tuple[str, str]]:
    """Return status and reason of Conflicted for each listener of a Gateway."""
    status = web(secret(), listeners=[*listeners])
    return {one["name"]: conditions(one)["Conflicted"] for one in status["listeners"]}


FREE = ("False", "NoConflicts")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (on("HTTP", 80, "a"), on("HTTP", 81, "b")),
        (on("HTTP", 80, "a"), on("HTTP", 80, "b", "b.example.com")),
        (on("HTTP", 80, "a", "*.example.com"), on("HTTP", 80, "b", "b.example.com")),
        (on("HTTPS", 443, "a", "a.example.com"), on("TLS", 443, "b", "b.example.com")),
        (on("TCP", 80, "a"), on("UDP", 80, "b")),
        (on("HTTP", 80, "a"), on("UDP", 80, "b")),
        (on("HTTP", 80, "a"), {"name": "b", "protocol": "ODD", "port": 80}),
    ],
)
def test_l2_listeners_that_can_be_told_apart_are_served(one: dict[str, Any], other: dict[str, Any]) -> None:
    assert conflicted(one, other) == {"a": FREE, "b": FREE}


@pytest.mark.parametrize(
    ("one", "other", "reason"),
    [
        (on("HTTP", 80, "a"), on("HTTP", 80, "b"), "HostnameConflict"),
        (on("HTTP", 80, "a"), on("HTTP", 80, "b", ""), "HostnameConflict"),
        (on("HTTP", 80, "a", "x.example.com"), on("HTTP", 80, "b", "X.example.com"), "HostnameConflict"),
        (
            on("HTTPS", 443, "a", "x.example.com"),
            on("TLS", 443, "b", "x.example.com"),
            "HostnameConflict",
        ),
        (on("HTTP", 80, "a", "a.example.com"), on("HTTPS", 80, "b", "b.example.com"), "ProtocolConflict"),
        (on("HTTP", 80, "a"), on("TCP", 80, "b"), "ProtocolConflict"),
        (on("TLS", 80, "a"), on("TCP", 80, "b"), "ProtocolConflict"),
        (on("TCP", 80, "a"), on("TCP", 80, "b"), "ProtocolConflict"),
        (on("UDP", 80, "a"), on("UDP", 80, "b"), "ProtocolConflict"),
    ],
)
def test_l2_within_a_gateway_nobody_wins(one: dict[str, Any], other: dict[str, Any], reason: str) -> None:
    assert conflicted(one, other) == {"a": ("True", reason), "b": ("True", reason)}


def test_l2_conflicted_listeners_are_neither_accepted_nor_programmed() -> None:
    status = web(listeners=[on("HTTP", 80, "a"), on("TCP", 80, "b"), on("HTTP", 81, "c")])
    for name, other in (("a", "'b'"), ("b", "'a'")):
        found = listener_of(status, name)
        assert conditions(found)["Accepted"] == ("False", "ProtocolConflict")
        assert conditions(found)["Programmed"] == ("False", "ProtocolConflict")
        words = f"cannot be told apart from {other} on port 80: none of them is served"
        assert message(found, "Conflicted") == message(found, "Accepted") == words
    assert conditions(listener_of(status, "c"))["Programmed"] == ("True", "Programmed")
    assert conditions(status)["Accepted"] == ("True", "ListenersNotValid")
    assert message(status, "Accepted") == "not valid: a (ProtocolConflict), b (ProtocolConflict); valid: c"


def test_l2_a_tcp_listener_takes_all_others_of_its_port_down_with_it() -> None:
    listeners = [
        on("HTTP", 80, "a", "a.example.com"),
        on("HTTP", 80, "b", "b.example.com"),
        on("TCP", 80, "c"),
    ]
    assert {truth for truth, _ in conflicted(*listeners).values()} == {"True"}


def overlapping(*listeners: dict[str, Any]) -> set[str]:
    status = web(secret(), listeners=[*listeners])
    return {one["name"] for one in status["listeners"] if OVERLAPPING in conditions(one)}


def test_tls_listeners_with_common_names_on_one_port_overlap() -> None:
    """The example of the API's own documentation: A and C overlap, B does not."""
    found = overlapping(
        on("HTTPS", 443, "a", "foo.example.com"),
        on("HTTPS", 443, "b", "foo.example.org"),
        on("HTTPS", 443, "c", "*.example.com"),
    )
    assert found == {"a", "c"}


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (on("HTTPS", 443, "a", "*.example.com"), on("HTTPS", 8443, "b", "b.example.com")),
        (on("HTTP", 80, "a", "*.example.com"), on("HTTP", 80, "b", "b.example.com")),
        (on("TLS", 443, "a", "*.example.com"), on("HTTPS", 443, "b", "b.example.com")),
        (on("HTTPS", 443, "a"), on("TCP", 443, "b")),
    ],
)
def test_other_listeners_do_not_overlap(one: dict[str, Any], other: dict[str, Any]) -> None:
    assert overlapping(one, other) == set()


def test_a_listener_for_all_names_overlaps_with_every_other() -> None:
    assert overlapping(on("HTTPS", 443, "a"), on("HTTPS", 443, "b", "b.example.com")) == {"a", "b"}


def test_overlapping_listeners_are_served_all_the_same() -> None:
    listeners = [on("HTTPS", 443, "a"), on("HTTPS", 443, "b", "b.example.com")]
    found = listener_of(web(secret(), listeners=listeners), "a")
    assert conditions(found)[OVERLAPPING] == ("True", "OverlappingHostnames")
    assert conditions(found)["Programmed"] == ("True", "Programmed")


def test_what_is_conflicted_does_not_overlap_with_what_is_served() -> None:
    theirs = listener_set(on("HTTPS", 443, "a", "*.example.com"))
    world = running(
        secret(),
        theirs,
        listeners=[on("HTTPS", 443, "a", "*.example.com"), on("HTTPS", 443, "b", "b.example.com")],
        allowedListeners={"namespaces": {"from": "Same"}},
    )
    assert OVERLAPPING in conditions(listener_of(world.status(), "a"))
    status = world.listener_set_status()
    assert status is not None
    assert conditions(listener_of(status, "a"))["Conflicted"] == ("True", "HostnameConflict")
    assert OVERLAPPING not in conditions(listener_of(status, "a"))
