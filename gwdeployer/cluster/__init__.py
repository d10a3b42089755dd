"""The cluster half: apply, own, keep right, prune.

The only room that imports ``kubernetes``, when it is used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from gwdeployer._lazy import lazy_exports

if TYPE_CHECKING:
    from gwdeployer.cluster.dry_run import Change, DryRunCluster
    from gwdeployer.cluster.kubernetes_cluster import KubernetesCluster
    from gwdeployer.cluster.live import CONTROLLED_BY, ClusterStore
    from gwdeployer.cluster.outcomes import (
        Action,
        DeployResult,
        Outcome,
        Pending,
        PruneResult,
        ReconcileResult,
    )
    from gwdeployer.cluster.port import Cluster, Event, Listing, Operation, WatchStream

_HOMES = {
    "dry_run": ("Change", "DryRunCluster"),
    "kubernetes_cluster": ("KubernetesCluster",),
    "live": ("CONTROLLED_BY", "ClusterStore"),
    "outcomes": ("Action", "DeployResult", "Outcome", "Pending", "PruneResult", "ReconcileResult"),
    "port": ("Cluster", "Event", "Listing", "Operation", "WatchStream"),
}
__all__ = [
    "CONTROLLED_BY",
    "Action",
    "Change",
    "Cluster",
    "ClusterStore",
    "DeployResult",
    "DryRunCluster",
    "Event",
    "KubernetesCluster",
    "Listing",
    "Operation",
    "Outcome",
    "Pending",
    "PruneResult",
    "ReconcileResult",
    "WatchStream",
]

__getattr__, __dir__ = lazy_exports(__name__, _HOMES)
