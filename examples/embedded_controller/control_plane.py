"""A control plane that deploys its own proxies: gwdeployer's loop in a thread, beside what you serve."""

from __future__ import annotations

import signal
import threading

from gwdeployer import KubernetesCluster, configure
from gwdeployer.controller import Controller
from gwdeployer_gateway import GatewayPlugin

#: What proxies are told: where to find this control plane. Your own loop writes most of the Gateways' status.
INPUTS = {"mode": "deploy", "controlPlane": {"xdsHost": "control-plane.example.svc", "xdsPort": 9977}}


def main() -> None:
    """Deploy for all Gateways of kubectl's cluster, and serve, until SIGTERM or Ctrl-C."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())

    cluster = KubernetesCluster.connect()
    plugins = configure([GatewayPlugin], INPUTS, cluster=cluster)
    controller = Controller(plugins, cluster)
    deploying = threading.Thread(target=controller.run, args=(stop,), name="deploying")
    deploying.start()
    try:
        serve(stop)
    finally:
        stop.set()
        deploying.join()  # what was begun is ended: some milliseconds, unless the API server does not answer
        cluster.close()


def serve(stop: threading.Event) -> None:
    """Stand in for your own program: xDS, translation, whatever it is that you do."""
    stop.wait()


if __name__ == "__main__":
    main()
