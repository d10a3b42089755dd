"""A controller of Sites as a process of its own.

``python -m tests.controller.site_process KUBECONFIG NAMESPACE`` stands for the lead of its namespace, and
works until it is killed.
"""

from __future__ import annotations

import sys
import threading

from gwdeployer.cluster import KubernetesCluster
from gwdeployer.controller import Controller, LeaderElector, Scope, Settings
from tests.controller.loop import Sites
from tests.controller.world import LEASE, QUICK


def main(kubeconfig: str, namespace: str) -> None:
    """Look after the Sites of a namespace."""
    cluster = KubernetesCluster.connect(kubeconfig)
    elector = LeaderElector(cluster, namespace, LEASE, timing=QUICK)
    settings, scope = Settings(workers=2), Scope({namespace})
    controller = Controller([Sites(cluster)], cluster, scope=scope, elector=elector, settings=settings)
    controller.run(threading.Event())


if __name__ == "__main__":
    main(*sys.argv[1:])
