"""A server that says "later" is asked again, within the caller's deadline."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest

from gwdeployer.cluster import patience as module
from gwdeployer.cluster.patience import ATTEMPTS, Patience, PatientCluster
from gwdeployer.errors import (
    ApiError,
    Conflict,
    Denied,
    Expired,
    Forbidden,
    Interrupted,
    InvalidObject,
    KindNotInstalled,
    NotFound,
    ServerFailure,
    Throttled,
    Unauthorized,
    Unreachable,
)
from gwdeployer.objects import ObjectRef
from tests.cluster_unit.clock import Clock
from tests.cluster_unit.fake import CONFIG_MAP, FakeCluster, thing

REF = ObjectRef(CONFIG_MAP, "shop", "web")


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """Time passes by sleeping only."""
    clock = Clock()

    def sleep(seconds: float) -> None:
        clock.now += seconds

    monkeypatch.setattr(module.time, "sleep", sleep)
    return clock


def failing(cluster: FakeCluster, *errors: ApiError) -> list[ApiError]:
    left = list(errors)

    def fail(_request: str) -> None:
        if left:
            raise left.pop(0)

    cluster.fail = fail
    return left


@pytest.mark.parametrize("cls", [Throttled, ServerFailure, Unreachable])
def test_a_request_that_failed_for_a_moment_is_sent_again(clock: Clock, cls: type[ApiError]) -> None:
    cluster = FakeCluster(thing(CONFIG_MAP))
    failing(cluster, cls("no"), cls("no"))
    assert PatientCluster(cluster, Patience(clock=clock)).get(*REF) is not None
    assert len(cluster.requests) == 3
    assert clock.now > 1000


@pytest.mark.parametrize("cls", [Throttled, ServerFailure, Unreachable])
def test_it_is_not_sent_for_ever(clock: Clock, cls: type[ApiError]) -> None:
    cluster = FakeCluster()
    failing(cluster, *[cls("no")] * 9)
    with pytest.raises(cls):
        PatientCluster(cluster, Patience(clock=clock)).get(*REF)
    assert len(cluster.requests) == ATTEMPTS


@pytest.mark.parametrize(
    "cls",
    [Conflict, Denied, Expired, Forbidden, InvalidObject, KindNotInstalled, NotFound, Unauthorized],
)
def test_an_answer_that_asking_again_would_not_change_is_final(clock: Clock, cls: type[ApiError]) -> None:
    cluster = FakeCluster()
    failing(cluster, cls("no"))
    with pytest.raises(cls):
        PatientCluster(cluster, Patience(clock=clock)).get(*REF)
    assert len(cluster.requests) == 1
    assert clock.now == 1000


def test_a_throttled_request_waits_as_long_as_the_server_says(clock: Clock) -> None:
    cluster = FakeCluster()
    failing(cluster, Throttled("no", delay=4))
    PatientCluster(cluster, Patience(clock=clock)).get(*REF)
    assert clock.now == 1004


@pytest.mark.parametrize(("delay", "timeout"), [(11, None), (4, 3), (4, 4)])
def test_a_wait_longer_than_the_deadline_or_than_is_decent_is_the_callers(
    clock: Clock, delay: float, timeout: float | None
) -> None:
    cluster = FakeCluster()
    failing(cluster, Throttled("no", delay=delay))
    with pytest.raises(Throttled) as raised:
        PatientCluster(cluster, Patience(timeout, clock=clock)).get(*REF)
    assert raised.value.delay == delay
    assert clock.now == 1000


def test_after_the_deadline_nothing_is_sent(clock: Clock) -> None:
    cluster = FakeCluster()
    patience = Patience(5, clock=clock)
    assert patience.left == 5
    clock.now += 5
    with pytest.raises(Interrupted, match="not done within 5 s"):
        PatientCluster(cluster, patience).get(*REF)
    assert cluster.requests == []


def test_without_a_deadline_there_is_no_end(clock: Clock) -> None:
    assert Patience(clock=clock).left is None


def test_who_cancels_is_heard_before_each_request(clock: Clock) -> None:
    cluster, cancel = FakeCluster(), threading.Event()
    patient = PatientCluster(cluster, Patience(cancel=cancel, clock=clock))
    patient.get(*REF)
    cancel.set()
    with pytest.raises(Interrupted, match="cancelled"):
        patient.get(*REF)
    assert len(cluster.requests) == 1


def test_who_cancels_is_heard_during_a_wait() -> None:
    cluster, cancel = FakeCluster(), threading.Event()

    def fail(_request: str) -> None:
        threading.Timer(0.02, cancel.set).start()
        raise Throttled("no", delay=9)

    cluster.fail = fail
    with pytest.raises(Interrupted, match="cancelled"):
        PatientCluster(cluster, Patience(cancel=cancel)).get(*REF)


class Limits(FakeCluster):
    """Notes the time limit of each request."""

    def __init__(self) -> None:
        super().__init__()
        self.limits: list[float | None] = []

    def get(self, *arguments: Any, timeout: float | None = None) -> None:
        self.limits.append(timeout)


@pytest.mark.parametrize(
    ("deadline", "asked", "limit"), [(None, None, None), (5, None, 5), (None, 2, 2), (5, 2, 2), (5, 9, 5)]
)
def test_a_request_may_take_until_the_deadline_or_its_own_limit(
    clock: Clock, deadline: float | None, asked: float | None, limit: float | None
) -> None:
    cluster = Limits()
    PatientCluster(cluster, Patience(deadline, clock=clock)).get(*REF, timeout=asked)
    assert cluster.limits == [limit]


CALLS: dict[str, Callable[[PatientCluster], Any]] = {
    "supports": lambda c: c.supports(CONFIG_MAP),
    "get": lambda c: c.get(*REF),
    "list": lambda c: c.list(CONFIG_MAP),
    "create": lambda c: c.create(thing(CONFIG_MAP, "new"), manager="m"),
    "apply": lambda c: c.apply(thing(CONFIG_MAP), manager="m", force=True),
    "json_patch": lambda c: c.json_patch(REF, [], manager="m"),
    "delete": lambda c: c.delete(REF),
}


@pytest.mark.parametrize("verb", CALLS)
def test_every_request_is_passed_on_and_retried(clock: Clock, verb: str) -> None:
    cluster = FakeCluster(thing(CONFIG_MAP))
    failing(cluster, ServerFailure("no"))
    CALLS[verb](PatientCluster(cluster, Patience(clock=clock)))
    assert [request.split()[0] for request in cluster.requests] == [verb, verb]


def test_a_watch_is_the_watchers() -> None:
    patient = PatientCluster(FakeCluster(), Patience())
    assert [event.type for event in patient.watch(CONFIG_MAP, resource_version="1", timeout=1)] == [
        "BOOKMARK"
    ]
