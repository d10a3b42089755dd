"""Whatever goes wrong with any request, or between two: one more reconcile reaches the plan, nothing is hurt.

A table of situations times faults. Each situation is run once without a fault, to see how many requests it
makes; then, for each fault, once for each request with that request at fault, and after it once more, by a
deployer that remembers nothing, without faults. Then everything is as planned, and a further reconcile sends
nothing. The gate tries every request; at a desk, every tenth, others for each fault.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from gwdeployer import MemoryStore, ObjectRef
from gwdeployer.cluster import ReconcileResult, patience
from gwdeployer.errors import (
    ApiError,
    Conflict,
    Denied,
    Expired,
    Forbidden,
    GwdeployerError,
    ImmutableField,
    Interrupted,
    InvalidObject,
    KindNotInstalled,
    NotFound,
    ServerFailure,
    Throttled,
    Unauthorized,
    Unreachable,
)
from gwdeployer.objects import Object, is_owned_by
from tests.cluster.recording import Hook, Sent
from tests.cluster.scene import CLUSTER_ROLE, CONFIG_MAP, Scene


class Crash(BaseException):
    """The process ends here."""


@dataclass(frozen=True)
class Situation:
    """What a reconcile meets: a Site as it was when last reconciled (None: never), and as it is now."""

    now: Mapping[str, Any]
    before: Mapping[str, Any] | None = None
    deleted: bool = False
    annotations: Mapping[str, str] = field(default_factory=dict)
    foreign: bool = False
    #: What the reconcile after the fault is left with, by class name.
    errors: tuple[str, ...] = ()


#: How many requests each situation takes, without a cache: docs/reliability.md has them too.
REQUESTS = {
    "create": 24,
    "change": 15,
    "hand over": 17,
    "prune": 18,
    "default in the way": 16,
    "recreate": 18,
    "adopt": 18,
    "refuse": 7,
    "no longer managed": 17,
    "delete": 17,
}
EVERYTHING = {"autoscaled": True, "secret": "s", "cluster": True}
SITUATIONS = {
    "create": Situation(EVERYTHING),
    "change": Situation({"text": "new", "replicas": 3}, before={}),
    "hand over": Situation({"autoscaled": True}, before={"replicas": 4}),
    "prune": Situation({}, before=EVERYTHING),
    "default in the way": Situation({"strategy": "Recreate"}, before={}),
    "recreate": Situation({"app": "other"}, before={}, annotations={"gwdeployer.dev/recreate": "immutable"}),
    "adopt": Situation({}, annotations={"gwdeployer.dev/adopt": "ConfigMap/{name}"}, foreign=True),
    "refuse": Situation({}, foreign=True, errors=("ForeignObject",)),
    "no longer managed": Situation({"unmanaged": True}, before=EVERYTHING),
    "delete": Situation({}, before=EVERYTHING, deleted=True),
}


def once(error: Callable[[], BaseException]) -> Callable[[int], tuple[Hook | None, Hook | None]]:
    """Fail the request before it is sent."""

    def at(number: int) -> tuple[Hook | None, Hook | None]:
        def hook(sent_number: int, _sent: Sent) -> None:
            if sent_number == number:
                raise error()

        return hook, None

    return at


def lost(error: Callable[[], BaseException]) -> Callable[[int], tuple[Hook | None, Hook | None]]:
    """Do what was asked, and lose the answer."""

    def at(number: int) -> tuple[Hook | None, Hook | None]:
        before, _ = once(error)(number)
        return None, before

    return at


def outage(error: Callable[[], BaseException]) -> Callable[[int], tuple[Hook | None, Hook | None]]:
    """Fail this request and all after it."""

    def at(number: int) -> tuple[Hook | None, Hook | None]:
        def hook(sent_number: int, _sent: Sent) -> None:
            if sent_number >= number:
                raise error()

        return hook, None

    return at


def answer(cls: type[ApiError], status: int) -> Callable[[], ApiError]:
    def made() -> ApiError:
        error = cls("as the test has it")
        error.status = status
        return error

    return made


def throttled(delay: float) -> Callable[[], Throttled]:
    return lambda: Throttled("slow down", delay=delay)


FAULTS = {
    "crash before": once(Crash),
    "crash after": lost(Crash),
    "409": once(answer(Conflict, 409)),
    "422": once(answer(InvalidObject, 422)),
    "422 immutable": once(answer(ImmutableField, 422)),
    "403": once(answer(Forbidden, 403)),
    "403 admission": once(answer(Denied, 403)),
    "404 kind": once(answer(KindNotInstalled, 404)),
    "404 object": once(answer(NotFound, 404)),
    "410": once(answer(Expired, 410)),
    "429": once(throttled(0)),
    "429 for long": once(throttled(60)),
    "5xx": once(answer(ServerFailure, 503)),
    "5xx for good": outage(answer(ServerFailure, 503)),
    "no answer": once(answer(Unreachable, 0)),
    "answer lost": lost(answer(Unreachable, 0)),
    "server gone": outage(answer(Unreachable, 0)),
    "token expired": outage(answer(Unauthorized, 401)),
    "deadline": outage(lambda: Interrupted("too late")),
}
#: What a real server answers differently from a fake, if anything: what was done though nobody heard of it.
ON_ANY_SERVER = ("crash before", "crash after", "answer lost", "5xx for good")
STRIDE = 1 if os.environ.get("CI") else 10


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patience, "_FIRST_PAUSE", 0.0)


class Play:
    """One run of a situation."""

    def __init__(self, scene: Scene, situation: Situation) -> None:
        self.scene = scene
        self.situation = situation
        # What former plays have left would be in every list.
        scene.move()
        self.restart()
        first = situation.now if situation.before is None else situation.before
        self.ref = ObjectRef.of(scene.site(**first))
        self.bystander = scene.put(_config_map("bystander"))
        if situation.before is not None:
            scene.reconciled(self.owner() or {}, live=MemoryStore())
            self.restart()
        if situation.foreign:
            scene.put(_config_map(self.ref.name))
        self.come_to_now()
        self.uid = (self.owner() or {})["metadata"]["uid"]
        if situation.deleted:
            scene.direct.delete(self.ref)

    def come_to_now(self) -> None:
        annotations = {
            key: text.format(name=self.ref.name) for key, text in self.situation.annotations.items()
        }
        self.scene.site(self.ref.name, annotations=annotations, **self.situation.now)

    def restart(self) -> None:
        """Go on with a deployer that remembers nothing, and no fault."""
        self.scene.cluster.before = self.scene.cluster.after = nothing
        self.scene.deployer.close()
        self.scene.deployer = self.scene.restarted()

    def owner(self) -> Object | None:
        return self.scene.direct.get(*self.ref)

    def reconcile(self, live: MemoryStore | None = None) -> ReconcileResult | None:
        """Reconcile the owner as it is now; None where it is gone, or the process crashed."""
        owner = self.owner()
        self.scene.cluster.clear()
        try:
            return self.scene.reconcile(owner, live=live) if owner is not None else None
        except Crash:
            return None

    def check_reached(self, result: ReconcileResult | None) -> None:
        errors = result.errors if result else ()
        assert tuple(type(error).__name__ for error in errors) == self.situation.errors, [*map(str, errors)]
        there = self.scene.snapshot()
        assert self.owned(there) == self.planned(there)
        self.reconcile(live=there)
        assert [*map(str, self.scene.cluster.requests)] == []

    def planned(self, there: MemoryStore) -> set[str]:
        owner = self.owner()
        if owner is None:
            return set()
        plan = self.scene.deployer.plan(owner, there)
        refused = {f"ConfigMap {self.ref.name}"} if self.situation.errors else set()
        return {f"{obj['kind']} {obj['metadata']['name']}" for obj in plan.objects} - refused

    def owned(self, there: MemoryStore) -> set[str]:
        found = [obj for kind in self.scene.deployer.kinds for obj in there.list(kind)]
        return {f"{obj['kind']} {obj['metadata']['name']}" for obj in found if is_owned_by(obj, self.uid)}

    def check_others(self) -> None:
        """Nothing foreign was touched."""
        assert self.scene.there(CONFIG_MAP, "bystander") == self.bystander
        if self.situation.errors:
            assert self.scene.there(CONFIG_MAP, self.ref.name)["data"] == {"theirs": "1"}

    def clean_up(self) -> None:
        """Delete what is in no namespace."""
        with suppress(NotFound):
            self.scene.direct.delete(ObjectRef(CLUSTER_ROLE, "", f"{self.ref.namespace}-{self.ref.name}"))

    def fail(self, fault: str, number: int) -> None:
        """Reconcile with a request at fault."""
        before, after = FAULTS[fault](number)
        self.scene.cluster.before, self.scene.cluster.after = before or nothing, after or nothing
        self.reconcile()
        self.restart()


def nothing(_number: int, _sent: Sent) -> None:
    """No fault."""


def _config_map(name: str) -> Object:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": {"theirs": "1"}}


@pytest.mark.parametrize("situation", SITUATIONS)
def test_one_more_reconcile_reaches_the_plan(scene: Scene, situation: str) -> None:
    play = Play(scene, SITUATIONS[situation])
    result = play.reconcile()
    requests = len(scene.cluster.requests)
    play.check_others()
    play.check_reached(result)
    alone = scene.server.name == "in-process"
    # Where controllers write statuses at the same time, a conflict may take another look.
    assert requests == REQUESTS[situation] or (not alone and requests > REQUESTS[situation])
    faults = FAULTS if alone else ON_ANY_SERVER
    for offset, fault in enumerate(faults):
        for number in range(offset % STRIDE, requests, STRIDE):
            play = Play(scene, SITUATIONS[situation])
            try:
                play.fail(fault, number)
                play.check_others()
                play.check_reached(play.reconcile())
                play.clean_up()
            except (AssertionError, GwdeployerError) as error:
                error.add_note(f"after {fault!r} at request {number} of {situation!r}")
                raise


def test_the_table_is_the_documented_one() -> None:
    text = (Path(__file__).parents[2] / "docs/reliability.md").read_text()
    for situation, requests in REQUESTS.items():
        assert f"| {situation} | {requests} |" in text
    total = sum(REQUESTS.values()) * len(FAULTS)
    assert f"{len(SITUATIONS)} situations, {len(FAULTS)} faults: {total:,} cases" in text
