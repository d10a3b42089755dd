"""The recorder of events: what API servers accept, and that nobody waits for it."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from gwdeployer.cluster import KubernetesCluster
from gwdeployer.controller.event_series import EVENT
from gwdeployer.controller.events import MOST_WAITING, EventRecorder
from gwdeployer.objects import KindRef, Object
from gwdeployer.testing import APIServer
from tests.cluster_unit.fake import FakeCluster
from tests.servers.servers import Server, eventually

CONFIG_MAP = KindRef("", "v1", "ConfigMap")
NODE: Object = {"apiVersion": "v1", "kind": "Node", "metadata": {"name": "n", "uid": "u"}}


def site(name: str = "web") -> Object:
    return {"apiVersion": "example.com/v1", "kind": "Site", "metadata": {"namespace": "shop", "name": name}}


def config_map(namespace: str) -> Object:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"namespace": namespace, "name": "c"}}


class Hanging(FakeCluster):
    """Answers nothing until it is told to."""

    def __init__(self) -> None:
        super().__init__()
        self.go_on = threading.Event()
        self.fail = self._hang

    def _hang(self, _: str) -> None:
        self.go_on.wait(30)


def recorder(cluster: Any) -> EventRecorder:
    return EventRecorder(cluster, "example.com/sites", "pod-1")


# --- on each API server ------------------------------------------------------------------------------------


@pytest.fixture
def cluster(server: Server) -> Iterator[KubernetesCluster]:
    made = KubernetesCluster.connect(server.kubeconfig)
    yield made
    made.close()


def test_events_and_their_series_are_accepted(server: Server, cluster: KubernetesCluster) -> None:
    namespace = server.namespace()
    config: Object = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"namespace": namespace, "name": "c"},
    }
    config = cluster.create(config, manager="tests")
    with recorder(cluster) as events:
        for _ in range(3):
            events.record(config, "Warning", "DeploymentFailed", "Reconcile", "no room", related=NODE)
    (event,) = cluster.list(EVENT, namespace).items
    assert event["series"]["count"] == 3
    assert event["regarding"] == {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "namespace": namespace,
        "name": "c",
        "uid": config["metadata"]["uid"],
    }
    assert event["related"] == {"apiVersion": "v1", "kind": "Node", "name": "n", "uid": "u"}
    assert event["reportingController"] == "example.com/sites"
    assert (event["type"], event["reason"], event["note"]) == ("Warning", "DeploymentFailed", "no room")


def test_events_about_cluster_scoped_objects_are_accepted(cluster: KubernetesCluster) -> None:
    with recorder(cluster) as events:
        events.record(NODE, "Normal", "Accepted", "Reconcile", "unique to this test")
    notes = [event["note"] for event in cluster.list(EVENT, "default").items if "note" in event]
    assert "unique to this test" in notes


@pytest.mark.parametrize("letter", ["x", "ü", "🚀", "\ud800", "\x00", "\n"])
def test_texts_of_any_length_and_letters_are_accepted(
    server: Server, cluster: KubernetesCluster, letter: str
) -> None:
    namespace = server.namespace()
    with EventRecorder(cluster, "example.com/sites", "i" * 300) as events:
        events.record(config_map(namespace), "Normal", "R" * 300, "A" * 300, letter * 3000)
    (event,) = cluster.list(EVENT, namespace).items
    assert len(event["note"].encode()) <= 1024
    assert event["note"].endswith("…")


# --- whatever goes wrong -----------------------------------------------------------------------------------


def test_nobody_waits_for_a_server_that_hangs_and_what_is_too_much_is_dropped() -> None:
    fake = Hanging()
    events = recorder(fake)
    events.record(site(), "Normal", "Created", "Apply", "first")
    eventually("the first is being written", lambda: fake.requests)
    for number in range(2 * MOST_WAITING):
        events.record(site(f"s-{number}"), "Normal", "Created", "Apply", "more")
    assert len(events._waiting) == MOST_WAITING
    fake.go_on.set()
    events.close(30)
    assert len(fake.objects) == MOST_WAITING + 1


def test_failures_are_logged_once_and_nothing_is_raised(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    with APIServer() as server:
        cluster = KubernetesCluster.connect(server.write_kubeconfig(tmp_path / "kubeconfig"))
        with (
            server.faults.answer(403, "events are forbidden", kind="Event") as fault,
            recorder(cluster) as events,
        ):
            for number in range(5):
                events.record(NODE, "Normal", "Created", "Apply", f"{number}")
            eventually("all were tried", lambda: fault.hits == 5)
        cluster.close()
    assert [record.message for record in caplog.records] == [
        "events cannot be written: Event default/" + caplog.records[0].message.split("/")[1]
    ]


def test_a_server_that_fails_for_a_moment_gets_the_event_all_the_same(tmp_path: Path) -> None:
    with APIServer() as server:
        cluster = KubernetesCluster.connect(server.write_kubeconfig(tmp_path / "kubeconfig"))
        with server.faults.answer(503, kind="Event", times=2), recorder(cluster) as events:
            events.record(NODE, "Normal", "Created", "Apply", "in the end")
        (event,) = cluster.list(EVENT, "default").items
        cluster.close()
    assert event["note"] == "in the end"


def test_close_returns_in_time_although_the_server_hangs() -> None:
    fake = Hanging()
    events = recorder(fake)
    for name in ("a", "b"):
        events.record(site(name), "Normal", "Created", "Apply", "hangs")
    events.close(0.1)
    fake.go_on.set()
    eventually("the thread has ended", lambda: not events._thread.is_alive())
    assert len(fake.requests) == 1


def test_what_is_recorded_after_close_is_dropped() -> None:
    fake = FakeCluster()
    events = recorder(fake)
    events.close()
    events.record(site(), "Normal", "Created", "Apply", "late")
    events.close()
    assert not fake.requests


def test_a_fault_of_our_own_ends_no_recorder(caplog: pytest.LogCaptureFixture) -> None:
    fake = FakeCluster()
    faults: list[Exception] = [ZeroDivisionError("one")]

    def fail(_: str) -> None:
        if faults:
            raise faults.pop()

    fake.fail = fail
    with recorder(fake) as events:
        events.record(site("a"), "Normal", "Created", "Apply", "lost")
        events.record(site("b"), "Normal", "Created", "Apply", "written")
    assert "an event could not be written" in caplog.text
    assert [event["note"] for event in fake.objects.values()] == ["written"]


def test_an_object_that_says_nothing_of_itself_raises_nothing() -> None:
    with recorder(FakeCluster()) as events:
        events.record({}, "Normal", "Created", "Apply", "about nothing")
