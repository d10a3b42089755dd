"""Sites: a kind of one's own, a chart of one's own, and a controller that keeps both together. No gateway."""

from __future__ import annotations

import logging
import signal
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from gwdeployer import (
    Chart,
    Cluster,
    Context,
    Deployer,
    Fault,
    HelmValuesGenerator,
    KindRef,
    KubernetesCluster,
    Object,
    ParametersError,
)
from gwdeployer.controller import Controller

SITE = KindRef("example.com", "v1", "Site")
CONFIG_MAP = KindRef("", "v1", "ConfigMap")


class SiteValues(HelmValuesGenerator):
    """Values of a Site: its pages come from the ConfigMap that it names."""

    def get_values(self, owner: Object, context: Context) -> Mapping[str, Any]:
        """Return what the chart is rendered with. Raises ParametersError where there are no pages."""
        spec = owner["spec"]
        pages = context.store.get(CONFIG_MAP, owner["metadata"]["namespace"], spec["pages"])
        if pages is None:
            fault = Fault(f"there is no ConfigMap {spec['pages']!r}", "spec.pages", hint="create it")
            raise ParametersError(fault)
        return {"replicas": spec.get("replicas", 1), "pages": pages.get("data") or {}}


def deployer(cluster: Cluster | None = None) -> Deployer:
    """Return what deploys Sites; without a cluster it only plans."""
    return Deployer(
        SITE,
        controller_name="example.com/sites",
        chart=Chart.load(Path(__file__).parent / "chart"),
        generator=SiteValues(),
        cluster=cluster,
    )


def main() -> None:
    """Keep all Sites of kubectl's cluster deployed until SIGTERM or Ctrl-C."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    cluster = KubernetesCluster.connect()
    Controller([deployer(cluster)], cluster).run(stop)
    cluster.close()


if __name__ == "__main__":
    main()
