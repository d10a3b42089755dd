"""Events that are repeated are counted, and new ones are bounded."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from gwdeployer.controller.event_series import EventSeries, Happening, Reporter
from gwdeployer.errors import Forbidden, Interrupted
from gwdeployer.objects import Object
from gwdeployer.objects.names import is_dns_subdomain
from tests.cluster_unit.clock import Clock
from tests.cluster_unit.fake import FakeCluster

AT = "2026-01-01T00:00:00.000000Z"
LATER = "2026-01-01T00:01:00.000000Z"


class EventServer(FakeCluster):
    """Keeps events, and the series that are written into them."""

    def __init__(self) -> None:
        super().__init__()
        self.patched = lambda event, patch: {**event, "series": patch[0]["value"]}

    @property
    def verbs(self) -> list[str]:
        return [request.split()[0] for request in self.requests]

    @property
    def only(self) -> Object:
        (event,) = self.objects.values()
        return event


class Scene:
    def __init__(self) -> None:
        self.clock = Clock()
        self.server = EventServer()
        self.cancel = threading.Event()
        reporter = Reporter("example.com/sites", "pod-1")
        self.series = EventSeries(self.server, reporter, self.cancel, self.clock)

    def note(self, at: str = AT, **changes: Any) -> None:
        self.series.note(happening(**changes), at)


@pytest.fixture
def scene() -> Scene:
    return Scene()


def happening(name: str = "web", **changes: Any) -> Happening:
    reference = (("kind", "Site"), ("namespace", "shop"), ("name", name))
    return Happening(reference, (), "Normal", "Created", "Apply", "Service shop/web")._replace(**changes)


def test_the_first_time_an_event_is_created(scene: Scene) -> None:
    scene.note()
    event = scene.server.only
    name = event["metadata"]["name"]
    assert name.startswith("web.")
    assert event["metadata"]["namespace"] == "shop"
    content = {key: value for key, value in event.items() if key != "metadata"}
    assert content == {
        "apiVersion": "events.k8s.io/v1",
        "kind": "Event",
        "eventTime": AT,
        "type": "Normal",
        "reason": "Created",
        "action": "Apply",
        "note": "Service shop/web",
        "regarding": {"kind": "Site", "namespace": "shop", "name": "web"},
        "reportingController": "example.com/sites",
        "reportingInstance": "pod-1",
    }


def test_the_second_time_makes_a_series_and_the_next_ones_are_only_counted(scene: Scene) -> None:
    scene.note()
    for _ in range(9):
        scene.clock.now += 60
        scene.note(LATER)
        scene.series.tidy()
    assert scene.server.verbs == ["create", "json_patch"]
    assert scene.server.only["series"] == {"count": 2, "lastObservedTime": LATER}


def test_a_series_that_goes_on_is_written_every_half_hour(scene: Scene) -> None:
    scene.note()
    for _ in range(60):
        scene.clock.now += 60
        scene.note(LATER)
        scene.series.tidy()
    assert scene.server.verbs == ["create", "json_patch", "json_patch"]
    assert scene.server.only["series"]["count"] == 32


def test_when_a_series_is_over_its_count_is_written_and_the_next_event_is_a_new_one(scene: Scene) -> None:
    for _ in range(3):
        scene.note(LATER)
    scene.clock.now += 360
    scene.series.tidy()
    scene.series.tidy()
    assert scene.server.verbs == ["create", "json_patch", "json_patch"]
    assert scene.server.only["series"]["count"] == 3
    scene.note()
    assert len(scene.server.objects) == 2


def test_an_event_that_was_not_repeated_is_forgotten_without_a_request(scene: Scene) -> None:
    scene.note()
    scene.clock.now += 360
    scene.note()
    scene.clock.now += 360
    scene.series.tidy()
    assert scene.server.verbs == ["create", "create"]
    assert not scene.series._series


def test_all_counts_can_be_written_at_once(scene: Scene) -> None:
    for _ in range(3):
        scene.note()
    scene.series.tidy(everything=True)
    assert scene.server.only["series"]["count"] == 3


@pytest.mark.parametrize(
    "change",
    [
        {"type": "Warning"},
        {"reason": "Deleted"},
        {"action": "Delete"},
        {"note": "Service shop/other"},
        {"name": "other"},
        {"related": (("kind", "Service"),)},
    ],
)
def test_events_that_differ_in_anything_but_time_are_different(scene: Scene, change: dict[str, Any]) -> None:
    scene.note()
    scene.note(**change)
    assert scene.server.verbs == ["create", "create"]


def test_an_event_that_has_expired_is_created_again_with_its_series(scene: Scene) -> None:
    scene.note()
    name = scene.server.only["metadata"]["name"]
    scene.server.objects.clear()
    scene.note(LATER)
    assert scene.server.only["metadata"]["name"] == name
    assert scene.server.only["series"] == {"count": 2, "lastObservedTime": LATER}


def test_new_events_about_one_object_are_bounded_and_others_are_not_affected(scene: Scene) -> None:
    for number in range(100):
        scene.note(note=f"attempt {number}")
    assert len(scene.server.objects) == 25
    scene.note(name="other")
    assert len(scene.server.objects) == 26
    scene.clock.now += 300
    for number in range(100, 110):
        scene.note(note=f"attempt {number}")
    assert len(scene.server.objects) == 27


def test_an_event_that_was_refused_is_tried_when_it_happens_again(scene: Scene) -> None:
    def forbid(request: str) -> None:
        raise Forbidden("no")

    scene.server.fail = forbid
    with pytest.raises(Forbidden):
        scene.note()
    scene.server.fail = lambda _: None
    scene.note()
    assert "series" not in scene.server.only


def test_nothing_is_written_once_it_is_cancelled(scene: Scene) -> None:
    scene.cancel.set()
    with pytest.raises(Interrupted):
        scene.note()
    assert not scene.server.requests


def test_what_is_remembered_is_bounded(scene: Scene) -> None:
    for number in range(5000):
        scene.note(name=f"site-{number}")
    assert len(scene.series._series) == 4096
    assert len(scene.series._bound._left) == 4096


@pytest.mark.parametrize("name", ["web", "system:node", "Web", "a" * 250, ""])
def test_the_name_of_an_event_is_legal_whatever_it_is_about(scene: Scene, name: str) -> None:
    scene.note(name=name)
    assert is_dns_subdomain(scene.server.only["metadata"]["name"])


def test_events_about_cluster_scoped_objects_are_in_default(scene: Scene) -> None:
    scene.note(regarding=(("kind", "GatewayClass"), ("name", "web")))
    assert scene.server.only["metadata"]["namespace"] == "default"
