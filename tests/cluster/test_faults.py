"""Whatever goes wrong with any request, or between two: one more reconcile reaches the plan, nothing is hurt.

A table of situations times faults. Each situation is run once without a fault, to see how many requests it
makes; then once for each request with that request at fault, and after it once more, by a deployer that
remembers nothing, without faults. Then everything is as planned, and a further reconcile writes nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
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
from tests.cluster.scene import CONFIG_MAP, Scene


class Crash(BaseException):
    """The process ends here."""


@dataclass(frozen=True)
class Situation:
    """What a reconcile meets: a Site as it was when last reconciled (None: never), and as it is now."""

    now: Mapping[str, Any]
    before: Mapping[str, Any] | None = None
    deleted: bool = False
    annotations: Mapping[str, str] = field(default_factory=dict)
    foreign: str = ""
    #: What the reconcile after the fault is left with, by class name.
    errors: tuple[str, ...] = ()


EVERYTHING = {"autoscaled": True, "secret": "s", "cluster": True}
SITUATIONS = {
    "create": Situation(EVERYTHING),
    "change": Situation({"text": "new", "replicas": 3}, before={}),
    "hand over": Situation({"autoscaled": True}, before={"replicas": 4}),
    "prune": Situation({}, before=EVERYTHING),
    "default in the way": Situation({"strategy": "Recreate"}, before={}),
    "recreate": Situation({"app": "other"}, before={}, annotations={"gwdeployer.dev/recreate": "immutable"}),
    "adopt": Situation({}, annotations={"gwdeployer.dev/adopt": "ConfigMap/{name}"}, foreign="{name}"),
    "refuse": Situation({}, foreign="{name}", errors=("ForeignObject",)),
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


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patience, "_FIRST_PAUSE", 0.0)


class Play:
    """One run of a situation."""

    def __init__(self, scene: Scene, situation: Situation) -> None:
        self.scene = scene
        self.situation = situation
        scene.cluster.before = scene.cluster.after = nothing
        scene.deployer.close()
        scene.deployer = scene.restarted()
        site = scene.site(**(situation.before if situation.before is not None else situation.now))
        self.name: str = site["metadata"]["name"]
        self.bystander = scene.put(_config_map("bystander"))
        if situation.before is not None:
            scene.reconciled(self.owner())
        if situation.foreign:
            scene.put(_config_map(situation.foreign.format(name=self.name)))
        annotations = {key: text.format(name=self.name) for key, text in situation.annotations.items()}
        scene.changed({**site, "spec": {}}, annotations=annotations, **situation.now)
        if situation.deleted:
            scene.direct.delete(ObjectRef.of(site))
        self.site = site

    def owner(self) -> Object:
        found = self.scene.direct.get(*ObjectRef.of({**SITE_TYPE, "metadata": self.metadata}))
        assert found is not None
        return found

    @property
    def metadata(self) -> Object:
        return {"name": self.name, "namespace": self.scene.namespace}

    def reconcile(self) -> ReconcileResult | None:
        """Reconcile the owner as it is now; None where it is gone, or the process crashed."""
        owner = self.scene.direct.get(*ObjectRef.of({**SITE_TYPE, "metadata": self.metadata}))
        if owner is None:
            return None
        try:
            return self.scene.reconcile(owner)
        except Crash:
            return None

    def check_reached(self, result: ReconcileResult | None) -> None:
        errors = tuple(type(error).__name__ for error in result.errors) if result else ()
        assert errors == self.situation.errors, result and [str(error) for error in result.errors]
        there = self.scene.snapshot()
        assert self.owned(there) == self.planned(there)
        self.reconcile()
        assert [*map(str, self.scene.cluster.writes)] == []

    def planned(self, there: MemoryStore) -> set[str]:
        if self.situation.deleted or self.situation.now.get("unmanaged"):
            return set()
        plan = self.scene.deployer.plan(self.owner(), there)
        refused = {f"ConfigMap {self.name}"} if self.situation.errors else set()
        return {f"{obj['kind']} {obj['metadata']['name']}" for obj in plan.objects} - refused

    def owned(self, there: MemoryStore) -> set[str]:
        uid = self.site["metadata"]["uid"]
        kinds = self.scene.deployer.kinds
        found = [obj for kind in kinds for obj in there.list(kind)]
        return {f"{obj['kind']} {obj['metadata']['name']}" for obj in found if is_owned_by(obj, uid)}

    def check_others(self) -> None:
        """Nothing foreign was touched."""
        assert self.scene.there(CONFIG_MAP, "bystander") == self.bystander
        if self.situation.errors:
            assert self.scene.there(CONFIG_MAP, self.name)["data"] == {"theirs": "1"}

    def clean_up(self) -> None:
        self.scene.direct.delete(ObjectRef(CONFIG_MAP, self.scene.namespace, "bystander"))


SITE_TYPE = {"apiVersion": "example.com/v1", "kind": "Site"}


def nothing(_number: int, _sent: Sent) -> None:
    """No fault."""


def _config_map(name: str) -> Object:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": {"theirs": "1"}}


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("situation", SITUATIONS)
def test_one_more_reconcile_reaches_the_plan(
    scene: Scene, situation: str, fault: str, record_property: Callable[[str, object], None]
) -> None:
    play = Play(scene, SITUATIONS[situation])
    play.check_others()
    result = play.reconcile()
    requests = len(scene.cluster.requests)
    play.check_reached(result)
    record_property("faults", requests)
    for number in range(requests):
        play = Play(scene, SITUATIONS[situation])
        hooks = FAULTS[fault](number)
        scene.cluster.before, scene.cluster.after = hooks[0] or nothing, hooks[1] or nothing
        play.reconcile()
        scene.cluster.before = scene.cluster.after = nothing
        play.check_others()
        scene.deployer = scene.restarted()
        play.check_reached(play.reconcile())
