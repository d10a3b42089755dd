"""What a control plane lacks to be a cluster: a node that runs pods, and a giver of load balancer addresses.

Both watch one kind and write what the real ones would write; nothing runs and no packet moves.
"""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from collections.abc import Iterable
from datetime import UTC, datetime
from ipaddress import ip_address, ip_network
from typing import ClassVar, Self

from gwdeployer.objects import Object
from tests.servers.http_client import STRATEGIC_MERGE_PATCH, Client, Endpoint, Watch

NODE = "node-0"
#: What the node is selected by.
NODE_LABELS = {"kubernetes.io/hostname": NODE, "kubernetes.io/os": "linux"}
#: Addresses for tests of networks (RFC 2544): no packet leads there.
LOAD_BALANCER_RANGE = ip_network("198.18.0.0/15")


class ClusterPart(ABC):
    """A thread that sees every object of one kind and acts on it; a context manager.

    A part acts on what an object says now, so an event seen twice, or a write refused, does no harm: the
    next event brings it again.
    """

    #: The collection that is watched, in all namespaces.
    path: ClassVar[str]

    def __init__(self, endpoint: Endpoint) -> None:
        """Not yet started."""
        self._endpoint = endpoint
        self._stopping = threading.Event()
        self._lock = threading.Lock()
        self._watch: Watch | None = None
        self._thread = threading.Thread(target=self._run, name=type(self).__name__)

    def __enter__(self) -> Self:
        """Start."""
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop, and wait until the thread has ended."""
        with self._lock:
            self._stopping.set()
            if self._watch:
                self._watch.cancel()
        self._thread.join()

    @abstractmethod
    def act(self, client: Client, live: Object) -> None:
        """Do for an object what is due."""

    def prepare(self, client: Client) -> None:  # noqa: B027  most parts have nothing to prepare
        """Do what comes before the first event."""

    def _run(self) -> None:
        with Client(self._endpoint) as client:
            self.prepare(client)
        while watch := self._new_watch():
            self._follow(watch)

    def _new_watch(self) -> Watch | None:
        with self._lock:  # a watch is either seen by __exit__ or not opened
            if self._stopping.is_set():
                return None
            # Without a resourceVersion, a watch begins with all objects that are there.
            self._watch = Watch(self._endpoint, self.path)
            return self._watch

    def _follow(self, watch: Watch) -> None:
        try:
            for event, live in watch:
                if event in {"ADDED", "MODIFIED"}:
                    # A connection of its own: a server closes one on which nothing came for a while.
                    with Client(self._endpoint) as client:
                        self.act(client, live)
        finally:
            watch.close()


class FakeKubelet(ClusterPart):
    """A node named ``NODE`` and its scheduler: binds pods, makes them ready, lets deleted ones go.

    A pod whose nodeSelector is not the node's stays pending, as on any cluster: that is how a test keeps a
    workload from becoming available.
    """

    path = "/api/v1/pods"

    def prepare(self, client: Client) -> None:
        """Make the node, ready."""
        node = {
            "apiVersion": "v1",
            "kind": "Node",
            "metadata": {"name": NODE, "labels": NODE_LABELS},
            "spec": {},
        }
        client.post("/api/v1/nodes", node)
        resources = {"cpu": "64", "memory": "256Gi", "pods": "10000"}
        status = {"capacity": resources, "allocatable": resources, "conditions": _conditions(("Ready",))}
        client.patch(f"/api/v1/nodes/{NODE}/status", {"status": status}, STRATEGIC_MERGE_PATCH)
        # Admission taints a new node as not ready; a controller that is not running would take that back.
        client.patch(f"/api/v1/nodes/{NODE}", {"spec": {"taints": None}})

    def act(self, client: Client, live: Object) -> None:
        """Take a pod one step on: away, onto the node, or ready."""
        path = f"/api/v1/namespaces/{live['metadata']['namespace']}/pods/{live['metadata']['name']}"
        if "deletionTimestamp" in live["metadata"]:
            if _is_ours(live):
                client.delete(path, {"gracePeriodSeconds": 0})
        elif not live["spec"].get("nodeName"):
            self._bind(client, live, path)
        elif _is_ours(live) and live["status"]["phase"] == "Pending":
            client.patch(f"{path}/status", {"status": _running(live)}, STRATEGIC_MERGE_PATCH)

    @staticmethod
    def _bind(client: Client, pod: Object, path: str) -> None:
        if pod["spec"].get("nodeSelector", {}).items() <= NODE_LABELS.items():
            target = {"apiVersion": "v1", "kind": "Node", "name": NODE}
            metadata = {"name": pod["metadata"]["name"]}
            client.post(
                f"{path}/binding",
                {"apiVersion": "v1", "kind": "Binding", "metadata": metadata, "target": target},
            )


class LoadBalancers(ClusterPart):
    """Gives each Service of type LoadBalancer an address of its own out of ``LOAD_BALANCER_RANGE``.

    A Service may ask for an address of the range (``spec.loadBalancerIP``), also later: it is moved. One that
    asks for any other address has none while it asks.
    """

    path = "/api/v1/services"

    def __init__(self, endpoint: Endpoint) -> None:
        """Not yet started, nothing given."""
        super().__init__(endpoint)
        self._free = LOAD_BALANCER_RANGE.hosts()
        self._given: dict[str, str] = {}

    def act(self, client: Client, live: Object) -> None:
        """Give a Service the address it is due; take away one that it is not."""
        if live["spec"].get("type") != "LoadBalancer":
            return
        address = self._address(live)
        ingress = [{"ip": address}] if address else None
        if ingress != live["status"]["loadBalancer"].get("ingress"):
            namespace, name = live["metadata"]["namespace"], live["metadata"]["name"]
            status = {"status": {"loadBalancer": {"ingress": ingress}}}
            client.patch(f"/api/v1/namespaces/{namespace}/services/{name}/status", status)

    def _address(self, service: Object) -> str | None:
        if wanted := service["spec"].get("loadBalancerIP"):
            return wanted if ip_address(wanted) in LOAD_BALANCER_RANGE else None
        uid = service["metadata"]["uid"]
        if uid not in self._given:
            self._given[uid] = str(next(self._free))
        return self._given[uid]


def _is_ours(pod: Object) -> bool:
    return bool(pod["spec"].get("nodeName") == NODE)


def _running(pod: Object) -> Object:
    return {
        "phase": "Running",
        "podIP": "192.0.2.254",
        "startTime": _now(),
        "conditions": _conditions(("Initialized", "Ready", "ContainersReady", "PodScheduled")),
        "containerStatuses": [_container_status(container) for container in pod["spec"]["containers"]],
    }


def _container_status(container: Object) -> Object:
    return {
        "name": container["name"],
        "image": container.get("image", ""),
        "imageID": "",
        "ready": True,
        "started": True,
        "restartCount": 0,
        "state": {"running": {"startedAt": _now()}},
    }


def _conditions(types: Iterable[str]) -> list[Object]:
    return [{"type": name, "status": "True", "lastTransitionTime": _now()} for name in types]


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
