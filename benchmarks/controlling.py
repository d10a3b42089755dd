"""New Gateways by a controller, on a real kube-apiserver, from "they are ours" to a current status of each.

The Gateways wait for their class. Once it is there, all are due at once. A bare loop sends the same: the
applies of each, and as many status patches as the controller has written, with as many connections. Both take
turns in rounds; the bare loop's Gateways are of a class that does not come.
"""

from __future__ import annotations

import gc
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from typing import NamedTuple

from benchmarks.cluster import CONNECTIONS, Sender, bodies
from gwdeployer import MemoryStore, Object, ObjectRef
from gwdeployer.cluster import KubernetesCluster
from gwdeployer.controller import Controller, Handled, Observer, Settings
from gwdeployer.deployer import Deployer
from gwdeployer.plugins import configure
from gwdeployer_gateway import GATEWAY, GATEWAY_CLASS, GATEWAY_PARAMETERS, GatewayPlugin
from tests.controller.gateways import crds
from tests.servers.control_plane import ControlPlane
from tests.servers.servers import eventually

GATEWAYS = 1000
ROUNDS = 4
_INPUTS = {"controllerName": "example.com/new", "mode": "gateway"}
_DEADLINE = 300.0


class Times(NamedTuple):
    """Seconds for all Gateways, and how many statuses the controller has written."""

    bare: float
    controlled: float
    statuses: int

    @property
    def ratio(self) -> float:
        return self.controlled / self.bare


class Progress(Observer):
    """Which Gateways have their objects and a status, and when the last of them came to it."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._reported: set[ObjectRef] = set()
        self._passes = 0
        self.statuses = 0
        self.last = 0.0

    def handled(self, handled: Handled, seconds: float) -> None:
        with self._changed:
            self._passes += 1
            if handled.key.kind == GATEWAY and handled.status_written:
                self.statuses += 1
                self._reported.add(handled.key)
                self.last = time.perf_counter()
            self._changed.notify()

    def wait_for(self, count: int, controller: Controller) -> None:
        """Wait until so many have a status, and nothing is left to do."""
        deadline = time.monotonic() + _DEADLINE
        while not (self._is_idle(controller) and len(self._reported) == count):
            if time.monotonic() > deadline:
                raise AssertionError(f"{len(self._reported)} of {count} Gateways have a status")

    def _is_idle(self, controller: Controller) -> bool:
        """Look for half a second whether the controller knows everything, and has nothing to do."""
        passes = self._passes
        time.sleep(0.5)
        at_rest = passes == self._passes and not len(controller.queue)
        return at_rest and controller.is_leading and not controller.cache.unsynced()


def new_gateways(control_plane: ControlPlane) -> Times:
    """Return how long a controller and a bare loop take for as many new Gateways."""
    _install(control_plane)
    bare = controlled = 0.0
    statuses = 0
    each = GATEWAYS // ROUNDS
    for number in range(ROUNDS):
        seconds, written = _by_controller(control_plane, f"ours-{number}", each)
        controlled += seconds
        statuses += written
        bare += _by_loop(control_plane, f"bare-{number}", f"ours-{number}", each, written)
    return Times(bare, controlled, statuses)


def _by_controller(control_plane: ControlPlane, name: str, count: int) -> tuple[float, int]:
    cluster = KubernetesCluster.connect(control_plane.kubeconfig)
    _create(cluster, name, count)
    progress = Progress()
    parts = configure([GatewayPlugin], _INPUTS, cluster=cluster)
    controller = Controller(parts, cluster, observers=[progress], settings=Settings(workers=CONNECTIONS))
    with _running(controller):
        progress.wait_for(0, controller)
        gc.collect()  # what the start has left behind is not what new Gateways cost
        began = time.perf_counter()
        cluster.apply(_class(name), manager="user")
        progress.wait_for(count, controller)
    cluster.close()
    return progress.last - began, progress.statuses


@contextmanager
def _running(controller: Controller) -> Iterator[None]:
    stop = threading.Event()
    thread = threading.Thread(target=controller.run, args=(stop,))
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def _by_loop(control_plane: ControlPlane, name: str, model: str, count: int, statuses: int) -> float:
    """Send what the controller has sent for another fleet of as many."""
    cluster = KubernetesCluster.connect(control_plane.kubeconfig)
    owners = _create(cluster, name, count)
    status = (cluster.get(GATEWAY, "default", f"{model}-0") or {})["status"]
    [plugin] = configure([GatewayPlugin], _INPUTS)
    store = MemoryStore([_class(name)])
    deployer = plugin.route(owners[0], store)
    assert isinstance(deployer, Deployer)
    ready = [bodies(deployer, owner, store) for owner in owners]
    sender = Sender(control_plane, cluster)

    def deploy(number: int) -> None:
        sender.create_all(ready[number])
        for again in range(number, statuses, count):
            sender.set_status(ObjectRef.of(owners[number]), {**status, "written": again})

    gc.collect()
    with ThreadPoolExecutor(CONNECTIONS) as threads:
        began = time.perf_counter()
        list(threads.map(deploy, range(count)))
        seconds = time.perf_counter() - began
    cluster.close()
    return seconds


def _install(control_plane: ControlPlane) -> None:
    cluster = KubernetesCluster.connect(control_plane.kubeconfig)
    for crd in crds():
        cluster.apply(crd, manager="tests", force=True)
    for kind in (GATEWAY_CLASS, GATEWAY, GATEWAY_PARAMETERS):
        eventually(f"{kind} is served", partial(cluster.supports, kind))
    cluster.close()


def _create(cluster: KubernetesCluster, class_name: str, count: int) -> list[Object]:
    """Create Gateways of a class; return them as stored."""
    with ThreadPoolExecutor(CONNECTIONS) as threads:
        wanted = (_gateway(class_name, number) for number in range(count))
        return list(threads.map(lambda obj: cluster.create(obj, manager="user"), wanted))


def _gateway(class_name: str, number: int) -> Object:
    return {
        "apiVersion": GATEWAY.api_version,
        "kind": GATEWAY.kind,
        "metadata": {"name": f"{class_name}-{number}", "namespace": "default"},
        "spec": {
            "gatewayClassName": class_name,
            "listeners": [{"name": "http", "port": 8080, "protocol": "HTTP"}],
        },
    }


def _class(name: str) -> Object:
    return {
        "apiVersion": GATEWAY_CLASS.api_version,
        "kind": GATEWAY_CLASS.kind,
        "metadata": {"name": name},
        "spec": {"controllerName": _INPUTS["controllerName"]},
    }
