"""Where a soak takes place: a cluster in this process, and two replicas of a controller."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Self

import pytest

from gwdeployer import KindRef, Plugin
from gwdeployer.cluster import Cluster, KubernetesCluster, answers, contention
from gwdeployer.controller import LeaderElector, Scope, Settings, Timing, work_queue
from gwdeployer.controller.backoff import pause_after
from gwdeployer.crd import crd_of
from gwdeployer.errors import Fault, Unreachable
from gwdeployer.objects import Object
from gwdeployer.plugins import configure
from gwdeployer.testing import ALL_CONTROLLERS, APIServer, Recorded, SimulatedLoadBalancer, SimulatedNode
from gwdeployer_gateway import GatewayPlugin
from tests.cluster.recording import RecordingCluster, Sent
from tests.cluster.scene import MANAGER, site_crd
from tests.controller.caching import quick_pace
from tests.controller.gateways import GROUP, crds
from tests.controller.loop import Sites
from tests.controller.running import Running
from tests.servers.http_client import Endpoint
from tests.servers.servers import InProcessServer, Server

CONTROLLER = "example.com/gateways"
NAMESPACES = ("shop", "office")
CRD = KindRef("apiextensions.k8s.io", "v1", "CustomResourceDefinition")
#: Days are short here, and so is, in seconds, for how long a dispute about an object is remembered and is
#: stepped back from, when what was forbidden is tried again, and the longest pause before a retry.
_WINDOW, _PAUSE, _FORBIDDEN, _RETRY = 4.0, 0.5, 2.0, 3.0
_TIMING = Timing(lease_duration=2, renew_deadline=1.5, retry_period=0.25)
#: As whom it writes.
CONTROLLERS = (CONTROLLER, f"{CONTROLLER}-status", MANAGER, f"{MANAGER}-status")
#: What the controller writes besides what it deploys and reports.
_HOUSEKEEPING = ("Lease", "Event")


def plugins(cluster: Cluster) -> list[Plugin]:
    """Return what a controller here looks after: Gateways and Sites."""
    given = {"controllerName": CONTROLLER, "mode": "gateway"}
    return [*configure([GatewayPlugin], given, cluster=cluster), Sites(cluster)]


class Lifeline:
    """Lets the requests of one process pass, until the process is killed."""

    def __init__(self) -> None:
        self._cut = threading.Event()

    def cut(self) -> None:
        """Let nothing pass any more."""
        self._cut.set()

    def __call__(self, number: int, sent: Sent) -> None:
        """Stop the request of a killed process."""
        if self._cut.is_set():
            raise Unreachable(Fault("this process has ended"), delay=60)


class Replica(Running):
    """One of the controller's processes."""

    def __init__(self, server: Server) -> None:
        """Run nothing yet."""
        self.plugins: Sequence[Plugin] = ()
        self.lifeline = Lifeline()
        self._for_lease = KubernetesCluster.connect(server.kubeconfig)
        lease = RecordingCluster(self._for_lease)
        lease.before = self.lifeline

        def parts(cluster: Cluster) -> Sequence[Plugin]:
            self.plugins = plugins(cluster)
            return self.plugins

        elector = LeaderElector(lease, "kube-system", "gwdeployer", timing=_TIMING)
        settings = Settings(workers=2, timeout=10.0)
        super().__init__(server, parts, NAMESPACES[0], scope=Scope(), elector=elector, settings=settings)
        self._lease = lease
        self.cluster.before = self.lifeline
        self.controller.cache._pace = quick_pace()

    def end(self) -> None:
        super().end()
        for plugin in self.plugins:
            close(plugin)
        self._for_lease.close()

    def kill(self) -> None:
        """End as a process ends that is killed: nothing that it is about to ask is asked any more."""
        self.lifeline.cut()
        self.__exit__()

    def forget_requests(self) -> None:
        """Drop the records that grow with time."""
        self.cluster.clear()
        self._lease.clear()
        self.passes.clear()


def close(plugin: Plugin) -> None:
    """End the threads of a plugin's deployers."""
    for deployer in plugin._deployers.values() if isinstance(plugin, GatewayPlugin) else [plugin.deployer]:  # type: ignore[attr-defined]
        deployer.close()


class Town:
    """The cluster, and the replicas. Use it in a ``with`` block."""

    def __init__(self, folder: Path) -> None:
        parts = [SimulatedNode(), SimulatedLoadBalancer("198.18.0.0/16")]
        permissive = [crd for crd in crds() if crd["spec"]["group"] == GROUP]
        self.crds = [*permissive, site_crd(), *map(crd_of, GatewayPlugin.crds())]
        self.api = APIServer(crds=self.crds, controllers=ALL_CONTROLLERS, parts=parts)
        self._folder = folder
        self._opened = ExitStack()
        self.replicas: list[Replica] = []

    def __enter__(self) -> Self:
        with ExitStack() as opened:
            opened.enter_context(short_days())
            opened.enter_context(self.api)
            kubeconfig = self.api.write_kubeconfig(self._folder / "kubeconfig")
            self.server: Server = InProcessServer(Endpoint(self.api.url), kubeconfig)
            self.direct = KubernetesCluster.connect(kubeconfig)
            opened.callback(self.direct.close)
            for name in NAMESPACES:
                body: Object = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}
                self.direct.apply(body, manager="user", force=True)
            opened.callback(self._stop_all)
            self.replicas = [self._started(), self._started()]
            self._opened = opened.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self.api.faults.clear()
        self._opened.close()

    def kill(self, number: int) -> None:
        """Kill a replica, and start another one in its place."""
        self.replicas[number].kill()
        self.replicas[number] = self._started()

    def leader(self) -> Replica | None:
        """Return the replica that leads, if one does."""
        return next((replica for replica in self.replicas if replica.controller.is_leading), None)

    def look_at_everything(self) -> None:
        """Have the leader look at everything again, as it does from time to time."""
        leader = self.leader()
        if leader is not None:
            leader.controller.resync()

    def our_writes(self) -> list[Recorded]:
        """Return what replicas have written, since records were dropped, of what they deploy and report."""
        return [
            sent
            for sent in self.api.requests.writes
            if sent.kind not in _HOUSEKEEPING and (sent.manager in CONTROLLERS or sent.verb == "delete")
        ]

    def forget_requests(self) -> None:
        """Drop the records that grow with time."""
        self.api.requests.clear()
        for replica in self.replicas:
            replica.forget_requests()

    def _started(self) -> Replica:
        replica = Replica(self.server)
        replica.__enter__()
        return replica

    def _stop_all(self) -> None:
        for replica in self.replicas:
            replica.__exit__()


@contextmanager
def short_days() -> Iterator[None]:
    """Let nobody wait for long."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(answers, "_LATER", _FORBIDDEN)
        patched.setattr(work_queue, "pause_after", lambda *given: min(_RETRY, pause_after(*given)))
        patched.setattr(contention, "WINDOW", _WINDOW)
        patched.setattr(contention, "_FIRST_PAUSE", _PAUSE)
        yield
