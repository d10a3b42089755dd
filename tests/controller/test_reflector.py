"""How a reflector follows a cluster, step by step, on a cluster that does what a script says."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, TypeAlias, cast

import pytest

from gwdeployer.cluster import Cluster, Event, Listing
from gwdeployer.controller.backoff import Backoff
from gwdeployer.controller.reflector import Pace, Reflector
from gwdeployer.errors import (
    ApiError,
    Expired,
    Fault,
    Forbidden,
    KindNotInstalled,
    ServerFailure,
    Throttled,
    Unreachable,
)
from gwdeployer.objects import KindRef, Object
from tests.controller.caching import CONFIG_MAP, once

#: What a watch yields: events, and at last an error or nothing more.
_Watched: TypeAlias = list[Event | ApiError]


def obj(name: str, version: int, uid: str = "u") -> Object:
    return {"kind": "ConfigMap", "metadata": {"name": name, "uid": uid, "resourceVersion": str(version)}}


def listing(version: int, *objects: Object) -> Listing:
    return Listing(list(objects), str(version))


def added(name: str, version: int) -> Event:
    return Event("ADDED", obj(name, version))


def deleted(name: str, version: int) -> Event:
    return Event("DELETED", obj(name, version))


def bookmark(version: int) -> Event:
    return Event("BOOKMARK", obj("", version))


class Scripted:
    """Answers lists and watches from scripts; when they are played, ``close``s what it was given to."""

    def __init__(
        self,
        lists: Iterable[Listing | ApiError],
        watches: Iterable[_Watched] = (),
        *,
        stands: Iterable[int | ApiError] = (),
        served: Iterable[bool] = (),
    ) -> None:
        self._lists, self._watches, self._stands = iter(lists), iter(watches), iter(stands)
        self._served = iter(served)
        self.asked: list[str] = []
        self.close: Callable[[], None] = lambda: None

    def supports(self, kind: KindRef) -> bool:
        self.asked.append("supports")
        return next(self._served, False)

    def list(
        self,
        kind: KindRef,
        namespace: str | None = None,
        *,
        labels: Mapping[str, str] | None = None,
        timeout: float | None = None,
        keep: Callable[[Object], Object] | None = None,
    ) -> Listing:
        if labels:
            self.asked.append("where")
            stands = next(self._stands, 1000)
            return Listing([], str(stands)) if isinstance(stands, int) else _raised(stands)
        self.asked.append("list")
        answer = next(self._lists, None) or self._played(Unreachable("nobody there"))
        return answer if isinstance(answer, Listing) else _raised(answer)

    def watch(
        self, kind: KindRef, namespace: str | None = None, *, resource_version: str, timeout: float
    ) -> Generator[Event, None, None]:
        self.asked.append(f"watch {resource_version}")
        told = next(self._watches, None)
        for event in [self._played(Unreachable("nobody there"))] if told is None else told:
            yield event if isinstance(event, Event) else _raised(event)

    def _played(self, error: ApiError) -> ApiError:
        self.close()
        return error


def _raised(error: ApiError) -> Any:
    raise error


class Learned:
    """A sink that remembers."""

    def __init__(self) -> None:
        self.said: list[str] = []
        self.fail: Callable[[str], None] = lambda _: None

    def kept(self, obj: Object) -> Object:
        return obj

    def replace(self, objects: Iterable[Object], namespace: str | None) -> None:
        self._say("all: " + ", ".join(one["metadata"]["name"] for one in objects))

    def absent(self, namespace: str | None) -> None:
        self._say("not installed")

    def put(self, obj: Object) -> None:
        self._say(f"+{obj['metadata']['name']}")

    def remove(self, obj: Object) -> None:
        self._say(f"-{obj['metadata']['name']}")

    def failed(self, error: ApiError, namespace: str | None) -> None:
        self._say(f"failed: {type(error).__name__}")

    def _say(self, news: str) -> None:
        self.said.append(news)
        self.fail(news)


class Pauses:
    """Notes how long a reflector would wait, and does not let it."""

    def __init__(self, reflector: Reflector) -> None:
        self.seconds: list[float] = []
        self._stopped = reflector._stopped
        reflector._stopped = cast(threading.Event, self)

    def wait(self, seconds: float) -> bool:
        self.seconds.append(seconds)
        return self._stopped.is_set()

    def is_set(self) -> bool:
        return self._stopped.is_set()

    def set(self) -> None:
        self._stopped.set()


def reflected(
    cluster: Scripted, learned: Learned | None = None, *, clock: Iterator[float] | None = None
) -> Pauses:
    """Reflect until the script is played; return the pauses."""
    times = clock or iter(lambda: 0.0, 1.0)
    pace = Pace(backoff=lambda: Backoff(1.0, 8.0, jitter=lambda: 1.0), clock=lambda: next(times))
    reflector = Reflector(cast(Cluster, cluster), CONFIG_MAP, None, learned or Learned(), pace)
    pauses = Pauses(reflector)
    cluster.close = reflector.close
    reflector.run()
    return pauses


# --- going on ----------------------------------------------------------------------------------------------


def test_a_watch_begins_where_the_list_was_and_goes_on_where_the_last_one_ended() -> None:
    learned = Learned()
    cluster = Scripted(
        [listing(5, obj("a", 1))], [[added("b", 6), deleted("a", 7)], [bookmark(90)], [added("c", 91)]]
    )
    pauses = reflected(cluster, learned)
    assert learned.said[:4] == ["all: a", "+b", "-a", "+c"]
    assert cluster.asked[:7] == ["list", "watch 5", "where", "watch 7", "where", "watch 90", "where"]
    assert pauses.seconds[:3] == [0, 0, 0]


def test_what_has_expired_is_listed_again() -> None:
    learned = Learned()
    lists = [listing(5, obj("a", 1)), listing(50, obj("b", 40))]
    cluster = Scripted(lists, [[added("b", 6), Expired("too old")], [added("c", 51)]])
    pauses = reflected(cluster, learned)
    assert learned.said[:4] == ["all: a", "+b", "all: b", "+c"]
    assert cluster.asked[:4] == ["list", "watch 5", "list", "watch 50"]
    assert pauses.seconds[0] == 1.0


def test_a_server_that_expires_every_watch_is_asked_ever_more_seldom() -> None:
    cluster = Scripted([listing(5)] * 5, [[Expired("too old")]] * 5)
    assert reflected(cluster).seconds[:5] == [1, 2, 4, 8, 8]


def test_a_server_that_stands_before_what_it_has_told_is_another_one() -> None:
    learned = Learned()
    cluster = Scripted(
        [listing(500, obj("a", 1)), listing(20, obj("b", 2))],
        [[bookmark(501)], [added("c", 21)]],
        stands=[20],
    )
    reflected(cluster, learned)
    assert learned.said[:3] == ["all: a", "all: b", "+c"]
    assert cluster.asked[:5] == ["list", "watch 500", "where", "list", "watch 20"]


def test_a_server_that_was_away_is_listed_again() -> None:
    gone = Unreachable("refused")
    cluster = Scripted([listing(5), listing(9)], [[bookmark(6)], [bookmark(10)]], stands=[gone])
    reflected(cluster)
    assert cluster.asked[:5] == ["list", "watch 5", "where", "list", "watch 9"]


def test_a_watch_that_breaks_off_goes_on_after_a_pause() -> None:
    cluster = Scripted([listing(5)], [[bookmark(6), Unreachable("cut")], [bookmark(7)]])
    pauses = reflected(cluster)
    assert cluster.asked[:4] == ["list", "watch 5", "where", "watch 6"]
    assert pauses.seconds[:2] == [1, 0]


def test_watches_that_end_at_once_with_nothing_told_are_failures() -> None:
    cluster = Scripted([listing(5)], [[], [], [], [bookmark(6)], []])
    assert reflected(cluster).seconds[:5] == [1, 2, 4, 0, 1]


def test_a_watch_in_which_nothing_came_for_long_is_none() -> None:
    times = iter([0.0, 90.0, 90.0, 180.0, *([200.0] * 9)])
    cluster = Scripted([listing(5)], [[], []])
    assert reflected(cluster, clock=times).seconds[:2] == [0, 0]


# --- trouble -----------------------------------------------------------------------------------------------


def test_a_list_that_fails_is_tried_again_and_said_once(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    learned = Learned()
    failure = ServerFailure(Fault("is ill", subject="ConfigMap"))
    forbidden = Forbidden(Fault("configmaps is forbidden", hint="allow it in a ClusterRole"))
    cluster = Scripted([failure, failure, forbidden, forbidden, listing(5)], [[bookmark(6)]])
    pauses = reflected(cluster, learned)
    assert learned.said[:5] == ["failed: ServerFailure"] * 2 + ["failed: Forbidden"] * 2 + ["all: "]
    assert pauses.seconds[:5] == [1, 2, 4, 8, 0]
    assert [record.getMessage() for record in caplog.records][:3] == [
        "ConfigMap: no list, tried again until it works: ConfigMap: is ill",
        "ConfigMap: no list, tried again until it works: configmaps is forbidden; allow it in a ClusterRole",
        "ConfigMap: the list works again",
    ]


def test_a_server_that_wants_us_to_wait_is_given_that_time_and_the_place_is_kept() -> None:
    slow_down = Throttled("slow down", delay=7.0)
    cluster = Scripted([slow_down, listing(5)], [[slow_down], [bookmark(6)]], stands=[slow_down])
    pauses = reflected(cluster)
    assert pauses.seconds[:3] == [8, 9, 11]
    assert cluster.asked[:6] == ["list", "list", "watch 5", "where", "where", "watch 5"]


def test_what_cannot_be_watched_is_listed_again_and_said_once(caplog: pytest.LogCaptureFixture) -> None:
    learned = Learned()
    refused = Forbidden(Fault("no watch for you"))
    cluster = Scripted([listing(5), listing(6), listing(7)], [[refused], [refused], [bookmark(8)]])
    reflected(cluster, learned)
    assert learned.said[:3] == ["all: "] * 3
    watching = [record.getMessage() for record in caplog.records if "no watch" in record.getMessage()]
    assert watching == ["ConfigMap: no watch, tried again until it works: no watch for you"]


def test_a_kind_that_is_not_served_has_no_objects_and_is_listed_when_it_is() -> None:
    learned = Learned()
    absent = KindNotInstalled("no such kind", delay=60.0)
    cluster = Scripted(
        [absent, listing(5, obj("a", 1)), listing(9)],
        [[absent]],
        served=[False, False, False, True, False, True],
    )
    pauses = reflected(cluster, learned)
    assert learned.said[:4] == ["not installed", "all: a", "not installed", "all: "]
    assert cluster.asked[:4] == ["list", "supports", "supports", "supports"]
    assert cluster.asked[4:9] == ["supports", "list", "watch 5", "supports", "supports"]
    assert pauses.seconds[:4] == [1, 2, 4, 8]


def test_a_server_that_only_seems_not_to_serve_a_kind_deletes_nothing() -> None:
    learned = Learned()
    seemingly = KindNotInstalled("starting")
    lists = [listing(5, obj("a", 1)), listing(6, obj("a", 1))]
    cluster = Scripted(lists, [[seemingly]], served=[True])
    reflected(cluster, learned)
    assert learned.said[:3] == ["all: a", "failed: KindNotInstalled", "all: a"]


def test_what_could_not_be_kept_is_asked_for_again(caplog: pytest.LogCaptureFixture) -> None:
    learned = Learned()
    failures = iter([ValueError("who wrote this?")])

    def fail(news: str) -> None:
        if news == "+b" and (error := next(failures, None)):
            raise error

    learned.fail = fail
    cluster = Scripted([listing(5), listing(6, obj("b", 6))], [[added("b", 6), added("c", 7)]])
    reflected(cluster, learned)
    assert learned.said[:3] == ["all: ", "+b", "all: b"]
    assert "ConfigMap: what the cluster told could not be kept; it is asked again" in caplog.text


# --- the end -----------------------------------------------------------------------------------------------


class Waiting(Scripted):
    """Its watches wait for ever, until they are closed."""

    def __init__(self) -> None:
        super().__init__([listing(5)])
        self.closed = threading.Event()

    def watch(self, *_: object, **__: object) -> Any:
        self.asked.append("watch")
        return self

    def __iter__(self) -> Waiting:
        return self

    def __next__(self) -> Event:
        self.closed.wait()
        raise StopIteration


@contextmanager
def running(reflector: Reflector) -> Iterator[threading.Thread]:
    thread = threading.Thread(target=reflector.run)
    thread.start()
    yield thread
    thread.join(10)
    assert not thread.is_alive()


def test_closing_wakes_a_reflector_that_waits_for_events() -> None:
    cluster = Waiting()
    cluster.close = cluster.closed.set
    reflector = Reflector(cast(Cluster, cluster), CONFIG_MAP, None, Learned())
    with running(reflector):
        once("it watches", lambda: "watch" in cluster.asked)
        reflector.close()


def test_closing_wakes_a_reflector_that_pauses() -> None:
    reflector = Reflector(
        cast(Cluster, Scripted([])), CONFIG_MAP, None, Learned(), Pace(backoff=lambda: Backoff(600.0, 600.0))
    )
    with running(reflector):
        reflector.close()


def test_a_list_that_arrives_after_the_end_is_not_kept() -> None:
    cluster, learned = Scripted([listing(5, obj("a", 1))]), Learned()
    reflector = Reflector(cast(Cluster, cluster), CONFIG_MAP, "shop", learned)
    asked = cluster.list

    def closing(*arguments: Any, **named: Any) -> Listing:
        reflector.close()
        return asked(*arguments, **named)

    cluster.list = closing  # type: ignore[method-assign]
    reflector.run()
    assert learned.said == []
    assert str(reflector) == "ConfigMap in shop"


# --- pauses ------------------------------------------------------------------------------------------------


def test_pauses_double_up_to_a_bound_until_something_goes_well() -> None:
    backoff = Backoff(1.0, 5.0, jitter=lambda: 1.0)
    assert [backoff.next() for _ in range(5)] == [1, 2, 4, 5, 5]
    backoff.reset()
    assert backoff.next() == 1
    for _ in range(5000):
        backoff.next()
    assert backoff.next() == 5


def test_pauses_are_spread() -> None:
    assert Backoff(1.0, 5.0, jitter=lambda: 0.0).next() == 0.5
    assert len({Backoff().next() for _ in range(5)}) > 1
