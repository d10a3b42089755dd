"""Whatever goes wrong around the loop, it ends at the plan, touches nothing foreign, and comes to rest.

Each test disturbs a controller while Sites are created, changed and deleted. Then the disturbance ends, and
what is there must be what a fresh deployer would make of the Sites: it finds nothing to write.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from gwdeployer import MemoryStore, ObjectRef
from gwdeployer.cluster import KubernetesCluster
from gwdeployer.controller.cache import Cache
from gwdeployer.controller.leader import LeaderElector
from gwdeployer.controller.lease import Timing
from gwdeployer.errors import Fault, Unreachable
from gwdeployer.objects import name_of
from gwdeployer.testing import APIServer
from tests.cluster.recording import Hook, RecordingCluster, Sent, nothing
from tests.cluster.scene import CONFIG_MAP, SITE, site_crd
from tests.controller.loop import Loop, Sites
from tests.servers.http_client import Endpoint
from tests.servers.servers import InProcessServer, Server, eventually

SITES = 5
#: Writes for one Site that is created, changed and gets its status: five objects, two changes, statuses, and
#: as many again for answers that were lost.
WRITES_FOR_ONE = 24


class World:
    """A server of its own, with a foreign object among what the Sites would like to have."""

    def __init__(self, api: APIServer, folder: Path) -> None:
        self.api = api
        self.server: Server = InProcessServer(Endpoint(api.url), api.write_kubeconfig(folder / "kubeconfig"))
        self.namespace = self.server.namespace()

    def loop(self, **arguments: object) -> Loop:
        """Return a controller of the world's namespace, not yet running."""
        return Loop(self.server, self.namespace, **arguments)

    def fill(self, loop: Loop) -> None:
        """Create Sites, one of which cannot have all it wants."""
        loop.config("site-0", "foreign")
        for number in range(SITES):
            loop.site(f"site-{number}", text="first", replicas=1)

    def change(self, loop: Loop) -> None:
        """Change all Sites but the last one, which is deleted."""
        for number in range(SITES - 1):
            loop.site(f"site-{number}", text="second", replicas=2)
        loop.delete(SITE, f"site-{SITES - 1}")

    def settled(self, loop: Loop) -> None:
        """Wait until all is as planned, and see that it is, with few writes and nothing foreign touched."""
        for number in range(1, SITES - 1):
            eventually(
                f"site {number} is as planned", lambda name=f"site-{number}": loop.text(name) == "second", 60
            )  # type: ignore[misc]
        loop.at_rest()
        assert loop.text("site-0") == "foreign"
        assert loop.says("site-0", "Deployed", "False")
        assert loop.live(CONFIG_MAP, f"site-{SITES - 1}") is None
        self._is_as_planned(loop)
        assert len(loop.writes()) <= SITES * WRITES_FOR_ONE

    def _is_as_planned(self, loop: Loop) -> None:
        """See that a deployer that remembers nothing finds nothing to write."""
        recording = RecordingCluster(loop.direct)
        fresh = Sites(recording)
        for site in loop.direct.list(SITE, self.namespace).items:
            if name_of(site) != "site-0":
                result = fresh.deployer.reconcile(site, MemoryStore())
                assert [str(error) for error in result.errors] == []
        assert [str(sent) for sent in recording.writes] == []
        fresh.deployer.close()


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with APIServer(crds=[site_crd()]) as api:
        yield World(api, tmp_path)


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
    api.faults.cut_body(100, verb="watch", times=20)
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
def test_the_loop_ends_at_the_plan(world: World, disturb: Callable[[APIServer], None]) -> None:
    with world.loop() as loop:
        world.fill(loop)
        disturb(world.api)
        loop.until("something is deployed", lambda: loop.text("site-1"))
        world.change(loop)
        disturb(world.api)
        world.settled(loop)


class Process:
    """A cluster as one process reaches it, which may end between any two requests."""

    def __init__(self, lives_for: int) -> None:
        self._left = lives_for
        self.ended = threading.Event()
        self._lock = threading.Lock()

    def __call__(self, number: int, sent: Sent) -> None:
        """Let a request pass, or none any more."""
        with self._lock:
            self._left -= 1
            if self._left < 0:
                self.ended.set()
        if self.ended.is_set():
            raise Unreachable(Fault("this process has ended"), delay=60)


@pytest.mark.parametrize("requests", [*range(0, 40, 3), 60, 90])
def test_another_leader_goes_on_where_one_was_killed(world: World, requests: int) -> None:
    process = Process(requests)
    with ExitStack() as stack:
        killed = stack.enter_context(world.loop(elector=_elector(world, stack, process)))
        killed.cluster.before = process
        world.fill(killed)
        process.ended.wait(2)
        heir = stack.enter_context(world.loop(elector=_elector(world, stack)))
        world.change(heir)
        killed.stop.set()
        world.settled(heir)


def _elector(world: World, stack: ExitStack, process: Hook = nothing) -> LeaderElector:
    own = KubernetesCluster.connect(world.server.kubeconfig)
    stack.callback(own.close)
    cluster = RecordingCluster(own)
    cluster.before = process
    timing = Timing(lease_duration=1, renew_deadline=0.6, retry_period=0.1)
    return LeaderElector(cluster, world.namespace, "sites", timing=timing)


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


def test_two_at_once_end_at_the_plan_and_at_rest(world: World) -> None:
    with world.loop() as one, world.loop() as other:
        world.fill(one)
        world.change(one)
        world.settled(one)
        world.settled(other)
        before = len(one.writes()) + len(other.writes())
        one.controller.resync()
        other.controller.resync()
        one.at_rest()
        other.at_rest()
        assert len(one.writes()) + len(other.writes()) == before


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
