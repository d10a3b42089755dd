"""Where the demo plays: an API server and a controller in this process, and a simulated node and cloud."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from textwrap import shorten
from typing import Any, NamedTuple, Self

import yaml

from examples.demo.view import Row, View
from gwdeployer import KindRef, KubernetesCluster, Object, ObjectRef, configure
from gwdeployer.controller import Controller, EventRecorder, EventReporter
from gwdeployer.crd import crd_of
from gwdeployer.testing import ALL_CONTROLLERS, APIServer, SimulatedLoadBalancer, SimulatedNode
from gwdeployer_gateway import GATEWAY, GatewayPlugin

EXAMPLES = Path(__file__).parents[1]
DEPLOYMENT = KindRef("apps", "v1", "Deployment")
EVENT = KindRef("events.k8s.io", "v1", "Event")
SERVICE = KindRef("", "v1", "Service")
#: Seconds that anything may take.
LONGEST = 20.0
_LOOK_EVERY = 0.05
#: Characters of a condition's message that fit into a table.
_MESSAGE = 80
#: Who the demo says it is when it writes.
_MANAGER = "kubectl"


class Pace(NamedTuple):
    """How long things take, in seconds: a Pod to start, an address to be given, people to read."""

    pod_start: float
    provision: float
    pause: float


#: For programs, and for people.
QUICK, READABLE = Pace(0.2, 0.3, 0.0), Pace(1.0, 1.5, 2.0)


class Failed(Exception):  # noqa: N818 - it is what the demo has done
    """Something did not happen that should have."""


class Stage:
    """A cluster with a controller, seen through a view; made for a ``with`` block."""

    def __init__(self, view: View, pace: Pace = QUICK) -> None:
        """Nothing is started yet."""
        self.view = view
        self._pace = pace
        self._stop = threading.Event()
        self._after = ExitStack()

    def __enter__(self) -> Self:
        """Start all of it."""
        with ExitStack() as begun:
            self._folder = Path(begun.enter_context(TemporaryDirectory(prefix="gwdeployer-demo-")))
            _log_to(self._folder / "controller.log", begun)
            self.server = begun.enter_context(_cluster(self._pace))
            self.kubeconfig = self.server.write_kubeconfig(self._folder / "kubeconfig", namespace="shop")
            self.cluster = KubernetesCluster.connect(self.kubeconfig)
            begun.callback(self.cluster.close)
            self._start(begun)
            self._after = begun.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop all of it."""
        self._after.close()

    def _start(self, begun: ExitStack) -> None:
        """Start the controller: these lines are all that a program needs to embed it."""
        plugins = configure([GatewayPlugin], {"mode": "gateway"}, cluster=self.cluster)
        events = begun.enter_context(EventRecorder(self.cluster, plugins[0].inputs.controller_name))
        controller = Controller(plugins, self.cluster, observers=[EventReporter(events)])
        self._thread = threading.Thread(target=controller.run, args=(self._stop,), name="controller")
        self._thread.start()
        begun.callback(self._thread.join)
        begun.callback(self._stop.set)

    def log(self) -> str:
        """Return the last that the controller logged."""
        return "\n".join((self._folder / "controller.log").read_text("utf-8").splitlines()[-20:])

    def put(self, *objects: Object) -> None:
        """Apply objects, as kubectl would."""
        for obj in objects:
            self.cluster.apply(obj, manager=_MANAGER, force=True)

    def replace(self, kind: KindRef, namespace: str, name: str, path: str, value: Any) -> None:
        """Change one field of an object, as kubectl would."""
        patch = [{"op": "replace", "path": path, "value": value}]
        self.cluster.json_patch(ObjectRef(kind, namespace, name), patch, manager=_MANAGER)

    def delete(self, kind: KindRef, namespace: str, name: str) -> None:
        """Delete an object."""
        self.cluster.delete(ObjectRef(kind, namespace, name))

    def get(self, kind: KindRef, name: str) -> Object:
        """Return an object of the shop as it is now; {} where there is none."""
        return self.server.get(kind, "shop", name) or {}

    def condition(self, gateway: str, type_: str) -> Object:
        """Return a condition that was stated for a Gateway as it is now; {} where there is none."""
        live = self.get(GATEWAY, gateway)
        found = {one["type"]: one for one in live.get("status", {}).get("conditions", ())}.get(type_, {})
        is_current = found and found.get("observedGeneration") == live["metadata"]["generation"]
        return found if is_current else {}

    def until(self, what: str, holds: Callable[[], Any]) -> None:
        """Wait until something holds, and say so. Raises Failed where it does not in time."""
        deadline = time.monotonic() + LONGEST
        while not holds():
            if time.monotonic() > deadline or not self._thread.is_alive():
                raise Failed(f"not within {LONGEST:.0f} s: {what}")
            self.look()
        self.look()
        self.view.say(what)

    def pause(self) -> None:
        """Leave people time to read."""
        time.sleep(self._pace.pause)

    def look(self) -> None:
        """Show what there is now."""
        self.view.show([self._row(gateway) for gateway in self.server.list(GATEWAY)])
        time.sleep(_LOOK_EVERY)

    def _row(self, gateway: Object) -> Row:
        metadata, status = gateway["metadata"], gateway.get("status", {})
        name = metadata["name"]
        stated = {one["type"]: one for one in status.get("conditions", ())}.get("Programmed", {})
        addresses = [one["value"] for one in status.get("addresses", ())]
        workload = self.get(DEPLOYMENT, name)
        pods = f"{ready(workload)}/{workload['spec']['replicas']}" if workload else ""
        ports = ",".join(map(str, service_ports(self.get(SERVICE, name))))
        place = f"{metadata['namespace']}/{name}"
        message = shorten(stated.get("message", ""), _MESSAGE, placeholder=" …")
        return Row(place, stated.get("status", "-"), ",".join(addresses), pods, ports, message)


def _cluster(pace: Pace) -> APIServer:
    node, cloud = SimulatedNode(pod_start=pace.pod_start), SimulatedLoadBalancer(provision=pace.provision)
    crds = [*documents("demo/gateway_api.yaml"), *map(crd_of, GatewayPlugin.crds())]
    return APIServer(crds=crds, controllers=ALL_CONTROLLERS, parts=[node, cloud])


def documents(*names: str) -> Iterator[Object]:
    """Yield what is in files of the examples."""
    for name in names:
        yield from yaml.safe_load_all((EXAMPLES / name).read_text("utf-8"))


def ready(workload: Object) -> int:
    """Return how many Pods of a Deployment are available."""
    count: int = workload.get("status", {}).get("availableReplicas", 0)
    return count


def service_ports(service: Object) -> list[int]:
    """Return the ports of a Service."""
    return [port["port"] for port in service.get("spec", {}).get("ports", ())]


def _log_to(path: Path, begun: ExitStack) -> None:
    """Let the controller log into a file: the terminal is the view's."""
    logger, handler = logging.getLogger("gwdeployer"), logging.FileHandler(path, encoding="utf-8")
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
    logger.addHandler(handler)
    propagated, level = logger.propagate, logger.level
    logger.propagate = False
    logger.setLevel(logging.INFO)

    def undo() -> None:
        logger.removeHandler(handler)
        logger.propagate = propagated
        logger.setLevel(level)
        handler.close()

    begun.callback(undo)
