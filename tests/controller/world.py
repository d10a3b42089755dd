"""Sites in a world that goes wrong: what is done there, and how it has to end.

Sites are created, changed and deleted while something is wrong. In the end, what is there must be what a
fresh deployer would make of the Sites: it finds nothing to write.
"""

from __future__ import annotations

import threading
from contextlib import ExitStack
from functools import partial
from typing import Any

from gwdeployer import MemoryStore
from gwdeployer.cluster import DryRunCluster, KubernetesCluster
from gwdeployer.controller import LeaderElector, Timing
from gwdeployer.errors import Fault, Unreachable
from gwdeployer.objects import name_of
from tests.cluster.recording import Hook, RecordingCluster, Sent, nothing
from tests.cluster.scene import CONFIG_MAP, SITE
from tests.controller.loop import Loop, Sites
from tests.servers.servers import Server, eventually

#: What controllers of a world stand for.
LEASE = "sites"
#: Times of an election that is soon over.
QUICK = Timing(lease_duration=1, renew_deadline=0.6, retry_period=0.1)
SITES = 5
#: Writes for one Site that is created, changed and gets its status: five objects, two changes, statuses, and
#: as many again for answers that were lost.
WRITES_FOR_ONE = 24


class World:
    """A namespace of a server, with a foreign object among what the Sites in there would like to have."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.namespace = server.namespace()

    def loop(self, **arguments: Any) -> Loop:
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
        for name in (f"site-{number}" for number in range(1, SITES - 1)):
            eventually(f"{name} is as planned", partial(self._has_second, loop, name), 60)
        eventually("site-0 says that it is refused", lambda: loop.says("site-0", "Deployed", "False"), 60)
        loop.at_rest()
        assert loop.text("site-0") == "foreign"
        # Whose owner is gone is for the cluster's garbage collector, which takes its time.
        gone = f"site-{SITES - 1}"
        eventually(f"nothing is left of {gone}", lambda: loop.live(CONFIG_MAP, gone) is None, 120)
        # A server that has asked for a pause lets what is left to do look like rest.
        eventually("everything is as planned", partial(self._is_as_planned, loop), 60)
        assert len(loop.writes()) <= SITES * WRITES_FOR_ONE

    @staticmethod
    def _has_second(loop: Loop, name: str) -> bool:
        return loop.text(name) == "second"

    def _is_as_planned(self, loop: Loop) -> bool:
        """Return whether a deployer that remembers nothing would find nothing to write."""
        rehearsal = DryRunCluster(loop.direct)
        fresh = Sites(rehearsal)
        sites = [site for site in loop.direct.list(SITE, self.namespace).items if name_of(site) != "site-0"]
        results = [fresh.deployer.reconcile(site, MemoryStore()) for site in sites]
        fresh.deployer.close()
        return not rehearsal.changes and not any(result.errors for result in results)

    def elector(self, stack: ExitStack, process: Hook = nothing) -> LeaderElector:
        """Return who stands for the lead of the world's controllers; ``stack`` ends its connections."""
        own = KubernetesCluster.connect(self.server.kubeconfig)
        stack.callback(own.close)
        cluster = RecordingCluster(own)
        cluster.before = process
        return LeaderElector(cluster, self.namespace, LEASE, timing=QUICK)


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


def two_at_once(world: World) -> None:
    """Have two controllers look after the same Sites, and see that they come to rest."""
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
