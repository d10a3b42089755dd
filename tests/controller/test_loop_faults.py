"""Whatever goes wrong around the loop, it ends at the plan, touches nothing foreign, and comes to rest."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from gwdeployer import MemoryStore, ObjectRef
from gwdeployer.cluster import KubernetesCluster, live
from gwdeployer.controller.cache import Cache
from gwdeployer.controller.leader import LeaderElector
from gwdeployer.testing import APIServer
from tests.cluster.scene import CONFIG_MAP, SITE, site_crd
from tests.controller.loop import Loop, Sites
from tests.controller.world import Process, World, two_at_once
from tests.servers.http_client import Endpoint
from tests.servers.servers import InProcessServer, eventually

#: What a leader asks to deploy the Sites, without watches; the gate kills it before each of these requests, a
#: desk before each tenth.
REQUESTS = 36
STRIDE = 1 if os.environ.get("CI") else 10


@pytest.fixture
def api() -> Iterator[APIServer]:
    with APIServer(crds=[site_crd()]) as running:
        yield running


@pytest.fixture
def world(api: APIServer, tmp_path: Path) -> World:
    kubeconfig = api.write_kubeconfig(tmp_path / "kubeconfig")
    return World(InProcessServer(Endpoint(api.url), kubeconfig))


def drop_watches(api: APIServer) -> None:
    api.faults.drop_watches()


def expire_watches(api: APIServer) -> None:
    api.compact()
    api.faults.expire_watches(times=20)


def disconnect(api: APIServer) -> None:
    api.disconnect()


def answer_from_the_past(api: APIServer) -> None:
    api.faults.stale(verb="list", times=40)
    api.faults.drop_watches()


def throttle(api: APIServer) -> None:
    api.faults.answer(429, retry_after=1, times=30)


def fail(api: APIServer) -> None:
    api.faults.answer(500, times=30)


def lose_answers(api: APIServer) -> None:
    api.faults.lose_answer(verb="patch", times=10)


def cut_watches(api: APIServer) -> None:
    # Few: all may be one kind's, whose next watch waits twice as long each time.
    api.faults.cut_body(100, verb="watch", times=5)
    api.faults.drop_watches()


DISTURBANCES = [
    drop_watches,
    expire_watches,
    disconnect,
    answer_from_the_past,
    throttle,
    fail,
    lose_answers,
    cut_watches,
]


@pytest.mark.parametrize("disturb", DISTURBANCES, ids=lambda disturb: disturb.__name__)
def test_the_loop_ends_at_the_plan(
    api: APIServer, world: World, disturb: Callable[[APIServer], None]
) -> None:
    with world.loop() as loop:
        world.fill(loop)
        disturb(api)
        loop.until("something is deployed", lambda: loop.text("site-1"))
        world.change(loop)
        disturb(api)
        world.settled(loop)


@pytest.mark.parametrize("requests", [*range(0, REQUESTS, STRIDE), 2 * REQUESTS])
def test_another_leader_goes_on_where_one_was_killed(world: World, requests: int) -> None:
    process = Process(requests)
    with ExitStack() as stack:
        killed = stack.enter_context(world.loop(elector=world.elector(stack, process)))
        killed.cluster.before = process
        world.fill(killed)
        process.ended.wait(2)
        heir = stack.enter_context(world.loop(elector=world.elector(stack)))
        world.change(heir)
        killed.stop.set()
        world.settled(heir)


def test_what_came_and_went_between_two_looks_is_made_again(world: World) -> None:
    cluster = KubernetesCluster.connect(world.server.kubeconfig)
    sites = Sites(cluster)
    put = {"apiVersion": "example.com/v1", "kind": "Site", "spec": {}}
    site = cluster.apply(
        {**put, "metadata": {"name": "web", "namespace": world.namespace}}, manager="tests", force=True
    )
    with closing(cluster), closing(sites.deployer), Cache(cluster) as cache:
        cache.keep(*sites.deployer.kinds)
        assert cache.wait_for_sync(timeout=30)
        sites.deployer.reconcile(site, MemoryStore(), live=MemoryStore())  # a cache that is late
        place = CONFIG_MAP, world.namespace, "web"
        eventually("the cache has what was made", lambda: cache.get(*place))
        cluster.delete(ObjectRef(*place))
        eventually("the cache knows that it is gone", lambda: cache.get(*place) is None)
        sites.deployer.reconcile(site, MemoryStore(), live=cache)
        assert cluster.get(*place) is not None


class Terms(LeaderElector):
    """Leads for two terms; in between, nobody does."""

    def __init__(self) -> None:
        self.first_over, self.second_begins = threading.Event(), threading.Event()
        self.between = threading.Event()

    def run(self, stop: threading.Event, lead: Callable[[threading.Event], None]) -> None:
        lead(self.first_over)
        self.between.set()
        self.second_begins.wait(30)
        lead(stop)


def test_what_goes_while_another_leads_is_forgotten_in_the_next_term(world: World) -> None:
    terms = Terms()
    with world.loop(elector=terms) as loop:
        site = ObjectRef(SITE, loop.namespace, loop.site("web", replicas=1))
        loop.until("the site is deployed", lambda: loop.says("web", "Deployed", "True"))
        loop.at_rest()
        assert site in _remembered(loop)
        terms.first_over.set()
        assert terms.between.wait(30)
        loop.delete(SITE, "web")
        loop.until("the cache knows", lambda: loop.controller.cache.get(*site) is None)
        terms.second_begins.set()
        loop.until("the site is forgotten", lambda: site not in _remembered(loop))


def _remembered(loop: Loop) -> set[ObjectRef]:
    """Return for whom a plan is remembered."""
    return {ObjectRef(SITE, *place) for place in loop.plugin.deployer._planned}


def test_what_is_gone_before_a_watch_has_told_of_it_comes_back(
    api: APIServer, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "TRUSTED_FOR", 1.0)
    with world.loop() as loop:
        loop.until("everything is known", lambda: not loop.controller.unready())
        with (
            api.faults.answer(500, verb="list", kind="ConfigMap"),
            api.faults.answer(500, verb="watch", kind="ConfigMap"),
        ):
            api.faults.drop_watches(kind="ConfigMap")
            loop.site("web", replicas=1)
            loop.until("it has its ConfigMap", lambda: loop.text("web"))
            loop.delete(CONFIG_MAP, "web")
        loop.until("it has it again", lambda: loop.text("web"))


def test_two_at_once_end_at_the_plan_and_at_rest(world: World) -> None:
    two_at_once(world)


@pytest.mark.parametrize("seconds", [-86400.0, 86400.0])
def test_a_clock_that_jumps_changes_nothing(
    world: World, seconds: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    with world.loop() as loop:
        world.fill(loop)
        world.change(loop)
        world.settled(loop)
        loop.cluster.clear()
        now = time.time
        monkeypatch.setattr(time, "time", lambda: now() + seconds)
        loop.controller.resync()
        loop.at_rest()
        assert loop.writes() == []
