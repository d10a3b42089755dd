"""Does a workload serve? Asked before the one it replaces is deleted. Pure."""

from __future__ import annotations

from gwdeployer.objects import KindRef, Object, metadata_of

#: Workloads whose pods serve: one of them is not deleted before what replaces it is available.
WORKLOADS = frozenset({("apps", "Deployment"), ("apps", "DaemonSet"), ("apps", "StatefulSet")})


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
    if workload.get("kind") == "DaemonSet":
        return 0 < (status.get("desiredNumberScheduled") or 0) <= (status.get("numberAvailable") or 0)
    wanted = (workload.get("spec") or {}).get("replicas", 1)
    return bool(wanted <= (status.get("availableReplicas") or 0))
