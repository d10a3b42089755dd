"""Does a workload serve? Asked before the one it replaces is deleted. Pure."""

from __future__ import annotations

from typing import NamedTuple

from gwdeployer.objects import KindRef, Object, metadata_of

#: Workloads whose pods serve: one of them is not deleted before what replaces it is available.
WORKLOADS = frozenset({("apps", "Deployment"), ("apps", "DaemonSet"), ("apps", "StatefulSet")})


class Pods(NamedTuple):
    """How many pods are available, of how many that are wanted."""

    available: int
    wanted: int

    def __str__(self) -> str:
        """Return ``1/2``."""
        return f"{self.available}/{self.wanted}"


def is_workload(obj: Object) -> bool:
    """Return whether an object runs pods that serve."""
    return KindRef.of_object(obj).group_kind in WORKLOADS


def is_available(workload: Object | None) -> bool:
    """Return whether a workload, as last seen, has all the available pods that it wants.

    A DaemonSet that no node has taken up yet has none to show; a Deployment of no replicas wants none.
    """
    if workload is None:
        return False
    status = workload.get("status") or {}
    generation = metadata_of(workload).get("generation") or 0
    if (status.get("observedGeneration") or 0) < generation:
        return False
    pods = pods_of(workload)
    return pods.wanted <= pods.available and (pods.wanted > 0 or workload.get("kind") != "DaemonSet")


def pods_of(workload: Object) -> Pods:
    """Return how many pods a workload has available, as last seen, and how many it wants."""
    status = workload.get("status") or {}
    if workload.get("kind") == "DaemonSet":
        return Pods(status.get("numberAvailable") or 0, status.get("desiredNumberScheduled") or 0)
    wanted = (workload.get("spec") or {}).get("replicas")
    return Pods(status.get("availableReplicas") or 0, 1 if wanted is None else wanted)
