"""The controller of DaemonSets: a Pod on each node that it is for."""

from __future__ import annotations

from collections.abc import Iterable

from gwdeployer.objects import KindRef, Object, name_of
from gwdeployer.testing.apiserver.acting import erase
from gwdeployer.testing.apiserver.options import DeleteOptions
from gwdeployer.testing.apiserver.statuses import ResourceName
from gwdeployer.testing.apiserver.storage import Change, Key
from gwdeployer.testing.apiserver.workloads.pods import (
    NODES,
    PODS,
    fits,
    is_active,
    is_ready,
    make_pod,
    template_hash,
)
from gwdeployer.testing.apiserver.workloads.rollouts import scaled
from gwdeployer.testing.apiserver.workloads.workload import WorkloadController, some

HASH = "controller-revision-hash"


class DaemonSetController(WorkloadController):
    """Makes the Pods, replaces those of an older template a few at a time, and counts them."""

    resource = ResourceName("apps", "daemonsets")
    kind = KindRef("apps", "v1", "DaemonSet")
    part = PODS

    def _concerned(self, key: Key, change: Change) -> Iterable[Key]:
        yield from super()._concerned(key, change)
        if key.resource == NODES:
            for obj in self._state.storage.snapshot(self.resource).objects.values():
                yield Key(self.resource, obj["metadata"]["namespace"], name_of(obj))

    def attend(self, key: Key, workload: Object) -> None:
        """Make, replace or delete Pods, and count them."""
        digest = template_hash(workload["spec"]["template"])
        everywhere = self._state.storage.snapshot(NODES).objects.values()
        nodes = [name_of(node) for node in everywhere if fits(workload["spec"]["template"]["spec"], node)]
        pods = self.parts(workload)
        taken = {pod["spec"].get("nodeName") for pod in pods.values()}
        missing = [node for node in nodes if node not in taken]
        for node in missing:
            make_pod(self._state, workload, self.kind, labels={HASH: digest}, node=node)
        allowed = _bound(workload, len(nodes)) - len(missing)
        for place in [*self._misplaced(pods, nodes), *self._outdated(workload, pods, digest, allowed)]:
            erase(self._state, place, DeleteOptions())
        self._count(key, workload, digest, len(nodes))

    @staticmethod
    def _misplaced(pods: dict[Key, Object], nodes: list[str]) -> list[Key]:
        return [
            place
            for place, pod in pods.items()
            if is_active(pod) and pod["spec"].get("nodeName") not in nodes
        ]

    @staticmethod
    def _outdated(workload: Object, pods: dict[Key, Object], digest: str, allowed: int) -> list[Key]:
        """Return the Pods that may be replaced now: broken ones, and others while few enough are missing."""
        if workload["spec"]["updateStrategy"]["type"] == "OnDelete":
            return []
        allowed -= sum(not (is_active(pod) and is_ready(pod)) for pod in pods.values())
        old = {place: pod for place, pod in pods.items() if is_active(pod) and _digest(pod) != digest}
        broken = [place for place, pod in old.items() if not is_ready(pod)]
        healthy = [place for place in old if place not in broken]
        return [*broken, *healthy[: max(0, allowed)]]

    def _count(self, key: Key, workload: Object, digest: str, nodes: int) -> None:
        pods = [pod for pod in self.parts(workload).values() if is_active(pod)]
        ready = sum(map(is_ready, pods))
        counts = {
            "desiredNumberScheduled": nodes,
            "currentNumberScheduled": len(pods),
            "numberMisscheduled": 0,
            "numberReady": ready,
            "updatedNumberScheduled": some(sum(_digest(pod) == digest for pod in pods)),
            "numberAvailable": some(ready),
            "numberUnavailable": some(nodes - ready),
        }
        self.write_status(key, workload, counts)


def _bound(workload: Object, nodes: int) -> int:
    """Return how many Pods may be missing while others replace them."""
    rolling = workload["spec"]["updateStrategy"].get("rollingUpdate") or {}
    return max(1, scaled(rolling.get("maxUnavailable", 1), nodes, up=True))


def _digest(pod: Object) -> str | None:
    digest: str | None = (pod["metadata"].get("labels") or {}).get(HASH)
    return digest
