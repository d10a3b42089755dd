"""The controller with all that a program of it needs: election, metrics, probes, events, a rehearsal."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import click

from gwdeployer.cli.heap import settling_heap
from gwdeployer.cli.options import plugins_for
from gwdeployer.cli.pods import in_a_pod, pods_namespace
from gwdeployer.cli.rehearsing import Rehearsal
from gwdeployer.cluster.dry_run import DryRunCluster
from gwdeployer.cluster.kubernetes_cluster import KubernetesCluster
from gwdeployer.controller.controller import Controller, Settings
from gwdeployer.controller.event_reporting import EventReporter
from gwdeployer.controller.events import EventRecorder
from gwdeployer.controller.leader import LeaderElector
from gwdeployer.controller.metrics import Metrics
from gwdeployer.controller.observing import Observer
from gwdeployer.controller.probes import Probes
from gwdeployer.controller.scope import Scope
from gwdeployer.errors import Fault, InputsError
from gwdeployer.plugins import Plugin

logger = logging.getLogger(__name__)

#: What metrics call the queue.
_NAME = "gwdeployer"


class Options(NamedTuple):
    """What is given on the command line."""

    inputs_file: Path | None
    kubeconfig: Path | None
    context: str | None
    namespaces: tuple[str, ...]
    selector: Mapping[str, Any] | None
    leader_elect: bool | None
    lease_namespace: str | None
    lease_name: str
    address: tuple[str, int] | None
    workers: int
    timeout: float
    resync: float
    grace_period: float
    dry_run: bool
    log_format: str
    verbose: int


@contextmanager
def program(options: Options, cluster: KubernetesCluster) -> Iterator[Controller]:
    """Return the controller with all that goes with it. Raises InputsError and PluginError."""
    rehearsal = DryRunCluster(cluster) if options.dry_run else None
    plugins = plugins_for(options.inputs_file, {}, rehearsal or cluster)
    metrics = Metrics()
    cluster.on_answer = metrics.requested
    settings = Settings(1 if rehearsal else options.workers, options.timeout, options.resync)
    elector = _elector(options, cluster)
    with ExitStack() as parts:
        parts.enter_context(settling_heap())
        telling: Observer = Rehearsal(rehearsal) if rehearsal else _events(plugins, cluster, parts)
        controller = Controller(
            plugins,
            cluster,
            scope=Scope(options.namespaces or None, options.selector),
            elector=elector,
            observers=[metrics, telling],
            settings=settings,
            dry_run=options.dry_run,
        )
        _measure(controller, metrics, settings, elector)
        if options.address is not None:
            parts.enter_context(_serving(options.address, controller, metrics, elector))
        yield controller


def _elector(options: Options, cluster: KubernetesCluster) -> LeaderElector | None:
    """Return who decides whether to work; None where nobody else does. A rehearsal does not even do that."""
    wanted = in_a_pod() if options.leader_elect is None else options.leader_elect
    if not wanted or options.dry_run:
        return None
    namespace = options.lease_namespace or pods_namespace()
    if not namespace:
        raise click.UsageError("where is the Lease? Give --lease-namespace, or --no-leader-elect")
    return LeaderElector(cluster, namespace, options.lease_name)


def _events(plugins: Sequence[Plugin], cluster: KubernetesCluster, parts: ExitStack) -> EventReporter:
    name = plugins[0].inputs.controller_name if plugins else _NAME
    return EventReporter(parts.enter_context(EventRecorder(cluster, name)))


def _measure(
    controller: Controller, metrics: Metrics, settings: Settings, elector: LeaderElector | None
) -> None:
    controller.queue_observer = metrics.queue_observer(_NAME)
    metrics.watch_queue(_NAME, lambda: controller.queue, settings.workers)
    metrics.watch_cache(controller.cache.sizes)
    if elector is not None:
        metrics.watch_leader(elector)


@contextmanager
def _serving(
    address: tuple[str, int], controller: Controller, metrics: Metrics, elector: LeaderElector | None
) -> Iterator[None]:
    """Serve probes and metrics. Raises InputsError where the address cannot be had."""
    host, port = address
    healthy = {"leadership": elector.health} if elector is not None else {}
    probes = Probes(
        port, host, healthy=healthy, ready={"caches": controller.unready}, metrics=metrics.exposition
    )
    try:
        probes.start()
    except OSError as error:
        hint = "give another address, or off"
        raise InputsError(Fault(f"cannot be listened on: {error}", subject="--listen", hint=hint)) from error
    logger.info("metrics and probes: %s", probes.url)
    try:
        yield
    finally:
        probes.close()
