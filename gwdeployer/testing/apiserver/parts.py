"""What a control plane alone lacks to be a cluster, simulated: nodes that run Pods, and load balancers.

Nothing runs and no packet moves: they write what a scheduler, a kubelet and a cloud would write.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from ipaddress import IPv4Address, IPv4Network
from itertools import cycle
from time import monotonic
from typing import Protocol

from gwdeployer.objects import Object
from gwdeployer.testing.apiserver.acting import edit_status, erase, make
from gwdeployer.testing.apiserver.later import Later
from gwdeployer.testing.apiserver.options import DeleteOptions
from gwdeployer.testing.apiserver.state import State
from gwdeployer.testing.apiserver.statuses import ResourceName
from gwdeployer.testing.apiserver.storage import Change, Key
from gwdeployer.testing.apiserver.subresources import bound
from gwdeployer.testing.apiserver.workloads.pods import NODES, PODS, fits

KUBELET, SCHEDULER, CLOUD = "kubelet", "kube-scheduler", "cloud-controller-manager"
SERVICES = ResourceName("", "services")
#: Reserved for documentation (RFC 5737): no machine has such an address.
NETWORK = "192.0.2.0/24"
_POD_ADDRESS = "198.51.100.1"


class Part(Protocol):
    """Something beside the API server that acts on changes, at once or after a while."""

    def begin(self, state: State, later: Later) -> None:
        """Take up work in a server. The caller holds the lock, here and below."""

    def act(self, key: Key, change: Change) -> None:
        """Do what follows from one change."""


class SimulatedNode(Part):
    """A node with its scheduler: Pods that fit are bound to it and become ready, deleted ones go.

    A Pod whose nodeSelector or required affinity no node has stays pending and says so. Resources and taints
    are not looked at.
    """

    def __init__(
        self,
        name: str = "node-0",
        *,
        labels: Mapping[str, str] | None = None,
        pod_start: float = 0.0,
        missing_images: Collection[str] = (),
    ) -> None:
        """``pod_start`` is how many seconds a Pod takes to become ready; Pods start one after the other.

        With none, Pods are ready before the write that made them is answered. ``labels`` come on top of
        hostname and operating system. Pods with one of the ``missing_images`` wait for it for ever.
        """
        self.name = name
        self._labels = {"kubernetes.io/hostname": name, "kubernetes.io/os": "linux", **(labels or {})}
        self._pod_start = pod_start
        self._missing = frozenset(missing_images)
        self._starting: set[str] = set()
        self._free_at = 0.0

    def begin(self, state: State, later: Later) -> None:
        """Register the node, ready."""
        self._state, self._later = state, later
        key = Key(NODES, "", self.name)
        make(state, key, {"metadata": {"name": self.name, "labels": self._labels}}, KUBELET)
        status = {"conditions": [_condition("Ready", "KubeletReady", state.now())]}
        edit_status(state, key, lambda before: before | status, manager=KUBELET)

    def act(self, key: Key, change: Change) -> None:
        """Take a Pod one step on: away, onto the node, or towards ready."""
        pod = self._state.storage.get(key) if key.resource == PODS else None
        if pod is None:
            return
        uid, node = pod["metadata"]["uid"], pod["spec"].get("nodeName")
        if pod["metadata"].get("deletionTimestamp"):
            if node == self.name:
                erase(self._state, key, DeleteOptions(grace=0))
        elif not node:
            self._schedule(key, pod)
        elif node == self.name and pod["status"]["phase"] == "Pending" and uid not in self._starting:
            self._starting.add(uid)
            self._later.do(lambda: self._start(key, uid), self._turn())

    def _schedule(self, key: Key, pod: Object) -> None:
        nodes = self._state.storage.snapshot(NODES).objects
        if fits(pod["spec"], nodes[self.name]):
            self._state.storage.put(key, bound(pod, self.name, self._state.now()))
        elif not any(fits(pod["spec"], node) for node in nodes.values()):
            told = (
                f"0/{len(nodes)} nodes are available: {len(nodes)} node(s) didn't match Pod's node selector."
            )
            waits = _condition("PodScheduled", "Unschedulable", self._state.now(), told)
            edit_status(
                self._state,
                key,
                lambda status: status | {"conditions": _with(status, waits)},
                manager=SCHEDULER,
            )

    def _turn(self) -> float:
        """Return in how many seconds the next Pod will have started."""
        now = monotonic()
        self._free_at = max(now, self._free_at) + self._pod_start
        return self._free_at - now

    def _start(self, key: Key, uid: str) -> None:
        self._starting.discard(uid)
        pod = self._state.storage.get(key)
        if pod is not None and pod["metadata"]["uid"] == uid and not pod["metadata"].get("deletionTimestamp"):
            images = {container["image"] for container in pod["spec"]["containers"]}
            now = self._state.now()
            began = _waiting(pod, self._missing, now) if images & self._missing else _running(pod, now)
            edit_status(self._state, key, lambda status: status | began, manager=KUBELET)


class SimulatedLoadBalancer(Part):
    """A cloud that gives each Service of type LoadBalancer an address, its ``loadBalancerIP`` if it has one.

    A Service that asks for an address which is taken, or of another network, gets none. Services with a
    ``loadBalancerClass`` are somebody else's.
    """

    def __init__(self, network: str = NETWORK, *, provision: float = 0.0) -> None:
        """Give addresses of a network, after ``provision`` seconds or at once."""
        self._network = IPv4Network(network)
        self._provision = provision
        self._next = cycle(self._network.hosts())
        self._given: dict[Key, str] = {}
        self._asked: set[Key] = set()

    def begin(self, state: State, later: Later) -> None:
        """Take up work."""
        self._state, self._later = state, later

    def act(self, key: Key, change: Change) -> None:
        """Give a Service what it lacks, or take back what it needs no longer."""
        if key.resource != SERVICES:
            return
        service = self._state.storage.get(key)
        if service is None or not self._serves(service):
            self._given.pop(key, None)
        elif key not in self._asked and self._lacks(key, service):
            self._asked.add(key)
            self._later.do(lambda: self._give(key), self._provision)

    @staticmethod
    def _serves(service: Object) -> bool:
        spec = service["spec"]
        return spec.get("type") == "LoadBalancer" and not spec.get("loadBalancerClass")

    def _lacks(self, key: Key, service: Object) -> bool:
        has = self._given.get(key)
        return has != (service["spec"].get("loadBalancerIP") or has) or not _ingress(service)

    def _give(self, key: Key) -> None:
        self._asked.discard(key)
        service = self._state.storage.get(key)
        if service is None or not self._serves(service) or not self._lacks(key, service):
            return
        self._given.pop(key, None)
        address = self._choose(service["spec"].get("loadBalancerIP"))
        if address:
            self._given[key] = address
        ingress = {"ingress": [{"ip": address, "ipMode": "VIP"}]} if address else {}
        edit_status(self._state, key, lambda status: status | {"loadBalancer": ingress}, manager=CLOUD)

    def _choose(self, asked: str | None) -> str:
        """Return a free address, the one that is asked for if any; "" where there is none."""
        taken = set(self._given.values())
        if asked:
            return asked if asked not in taken and IPv4Address(asked) in self._network else ""
        several = (str(next(self._next)) for _ in range(self._network.num_addresses))
        return next((address for address in several if address not in taken), "")


def _ingress(service: Object) -> list[Object]:
    return ((service.get("status") or {}).get("loadBalancer") or {}).get("ingress") or []


def _condition(type_: str, reason: str, now: str, message: str = "") -> Object:
    """Return a condition of a node or Pod: true, or false with a message that says why."""
    said = {"status": "False" if message else "True", "lastTransitionTime": now}
    more = {"reason": reason, "message": message}
    return {"type": type_, **said, **{name: text for name, text in more.items() if text}}


def _with(status: Object, condition: Object) -> list[Object]:
    """Return the conditions of a status with one in its place; one that says the same stays as it is."""
    before = status.get("conditions") or []
    others = [one for one in before if one["type"] != condition["type"]]
    same = [one for one in before if (one["type"], one["status"]) == (condition["type"], condition["status"])]
    return [*others, *(same or [condition])]


def _running(pod: Object, now: str) -> Object:
    """Return what the kubelet says of a Pod whose containers run and are ready."""
    types = ("PodReadyToStartContainers", "Initialized", "Ready", "ContainersReady", "PodScheduled")
    return {
        "phase": "Running",
        "podIP": _POD_ADDRESS,
        "podIPs": [{"ip": _POD_ADDRESS}],
        "startTime": now,
        "conditions": [_condition(type_, "", now) for type_ in types],
        "containerStatuses": [
            _container(one, {"running": {"startedAt": now}}, ready=True) for one in pod["spec"]["containers"]
        ],
    }


def _waiting(pod: Object, missing: Collection[str], now: str) -> Object:
    """Return what the kubelet says of a Pod with images that cannot be had."""
    containers = pod["spec"]["containers"]
    lacking = [one["name"] for one in containers if one["image"] in missing]
    told = f"containers with unready status: [{' '.join(lacking)}]"
    unready = [_condition(type_, "ContainersNotReady", now, told) for type_ in ("Ready", "ContainersReady")]
    fine = [_condition(type_, "", now) for type_ in ("Initialized", "PodScheduled")]
    return {
        "startTime": now,
        "conditions": [*fine, *unready],
        "containerStatuses": [_unpulled(one) for one in containers if one["name"] in lacking],
    }


def _unpulled(container: Object) -> Object:
    told = f'Back-off pulling image "{container["image"]}"'
    return _container(container, {"waiting": {"reason": "ImagePullBackOff", "message": told}}, ready=False)


def _container(container: Object, state: Object, *, ready: bool) -> Object:
    status = {"name": container["name"], "image": container["image"], "imageID": "", "restartCount": 0}
    return {**status, "ready": ready, "started": ready, "state": state}
