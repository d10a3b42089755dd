"""The controller of ReplicaSets: as many Pods as there are to be."""

from __future__ import annotations

from gwdeployer.objects import KindRef, Object, matches
from gwdeployer.testing.apiserver.acting import erase
from gwdeployer.testing.apiserver.options import DeleteOptions
from gwdeployer.testing.apiserver.statuses import ResourceName
from gwdeployer.testing.apiserver.storage import Key
from gwdeployer.testing.apiserver.workloads.pods import PODS, is_active, is_ready, is_terminating, make_pod
from gwdeployer.testing.apiserver.workloads.workload import WorkloadController, some

REPLICA_SETS = ResourceName("apps", "replicasets")


class ReplicaSetController(WorkloadController):
    """Makes Pods, deletes those that are too many (first what is not ready), and counts them."""

    resource = REPLICA_SETS
    kind = KindRef("apps", "v1", "ReplicaSet")
    part = PODS

    def attend(self, key: Key, workload: Object) -> None:
        """Make or delete Pods, and count them."""
        pods = self._active(workload)
        surplus = len(pods) - workload["spec"]["replicas"]
        for _ in range(-surplus):
            make_pod(self._state, workload, self.kind, labels={})
        for place in sorted(pods, key=lambda place: is_ready(pods[place]))[: max(surplus, 0)]:
            erase(self._state, place, DeleteOptions())
        self._count(key, workload, list(self._active(workload).values()))

    def _active(self, workload: Object) -> dict[Key, Object]:
        return {place: pod for place, pod in self.parts(workload).items() if is_active(pod)}

    def _count(self, key: Key, workload: Object, pods: list[Object]) -> None:
        template = {"matchLabels": workload["spec"]["template"]["metadata"].get("labels")}
        labelled = [pod for pod in pods if matches(template, pod["metadata"].get("labels"))]
        ready = some(sum(map(is_ready, pods)))
        counts = {
            "replicas": len(pods),
            "fullyLabeledReplicas": some(len(labelled)),
            "readyReplicas": ready,
            "availableReplicas": ready,
            "terminatingReplicas": sum(map(is_terminating, self.parts(workload).values())),
        }
        self.write_status(key, workload, counts)
