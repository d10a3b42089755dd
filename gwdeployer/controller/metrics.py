"""What a controller tells Prometheus.

Names, labels and buckets of what every controller has are those of controller-runtime, so that dashboards and
alerts made for it fit; what only this one has begins with ``gwdeployer_``. The registry is one of its own: an
embedder's own metrics are neither in it nor disturbed by it. The one module that imports
``prometheus_client``.
"""

from __future__ import annotations

import threading
from collections import Counter as Tally
from collections.abc import Callable, Iterable, Mapping
from typing import Protocol

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector
from prometheus_client.exposition import choose_encoder
from prometheus_client.metrics_core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from gwdeployer._version import __version__
from gwdeployer.cluster.outcomes import ReconcileResult
from gwdeployer.controller.observing import Handled, Observer
from gwdeployer.controller.work_queue import Running
from gwdeployer.objects import KindRef, ObjectRef

_RECONCILE_BUCKETS = (
    *(0.005, 0.01, 0.025, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0),
    *(1.25, 1.5, 1.75, 2.0, 2.5, 3.0, 3.5, 4.0, 4.5, 5, 6, 7, 8, 9, 10, 15, 20, 25, 30, 40, 50, 60),
)
_QUEUE_BUCKETS = tuple(10.0**power for power in range(-8, 4))
_PLAN_BUCKETS = (0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0)


class Queue(Protocol):
    """What is asked of a work queue."""

    def __len__(self) -> int:
        """Return how many keys are due."""

    def running(self) -> Running:
        """Return what is being worked on, and since when."""


class Elector(Protocol):
    """What is asked of a leader elector."""

    name: str

    @property
    def is_leader(self) -> bool:
        """Whether this one leads."""


class Metrics(Observer):
    """Counts what a controller does. Thread-safe.

    What is a state rather than an event (queues, caches, leadership) is asked for when somebody looks.
    """

    def __init__(self, registry: CollectorRegistry | None = None) -> None:
        """Register everything in a registry of its own, or in ``registry``, once."""
        self.registry = registry if registry is not None else CollectorRegistry()
        self._loop = _Loop(self.registry)
        self._deploying = _Deploying(self.registry)
        self._owners = _Owners()
        self.registry.register(self._owners)
        self._queues = _Queues(self.registry)
        self._queue_states = _QueueStates(self.registry)
        self._leading = Gauge(
            "leader_election_master_status",
            "Whether this process holds the lease: 1 for the leader, 0 for those that wait.",
            ["name"],
            registry=self.registry,
        )
        self._requests = Counter(
            "rest_client_requests_total",
            "Number of HTTP requests to the API server, by status code and method.",
            ["code", "method"],
            registry=self.registry,
        )
        build = Gauge("gwdeployer_build_info", "The version that runs.", ["version"], registry=self.registry)
        build.labels(__version__).set(1)
        ProcessCollector(registry=self.registry)

    def handled(self, handled: Handled, seconds: float) -> None:
        """Count one pass over one key, which took ``seconds``."""
        self._loop.count(handled, seconds)
        self._deploying.count(handled)
        self._owners.note(handled)

    def term_ended(self) -> None:
        """Forget the owners' states: another process looks after them now, or none does."""
        self._owners.clear()

    def requested(self, method: str, status: int) -> None:
        """Count a request to the API server; status 0 is for those without an answer."""
        self._requests.labels(str(status or "<error>"), method.upper()).inc()

    def queue_observer(self, name: str) -> QueueMetrics:
        """Return what counts for a work queue, its ``observer``."""
        return QueueMetrics(self._queues, name)

    def watch_queue(self, name: str, queue: Callable[[], Queue], workers: int) -> None:
        """Show the state of a work queue that a number of workers share."""
        self._queue_states.watch(name, queue, workers)

    def watch_leader(self, elector: Elector) -> None:
        """Show whether this process leads."""
        self._leading.labels(elector.name).set_function(lambda: elector.is_leader)

    def watch_cache(self, sizes: Callable[[], Mapping[KindRef, int]]) -> None:
        """Show how many objects of which kinds are held in memory."""
        self.registry.register(_Sizes(sizes))

    def exposition(self, accept: str = "") -> tuple[str, bytes]:
        """Return the media type and the text of all metrics, for a scraper with this ``Accept`` header."""
        encode, media_type = choose_encoder(accept)
        return media_type, encode(self.registry)


class _Loop:
    """The passes of the loop, as controller-runtime counts them."""

    def __init__(self, registry: CollectorRegistry) -> None:
        labels = ["controller"]
        self._passes = Counter(
            "controller_runtime_reconcile_total",
            "Total number of reconciliations per controller",
            ["controller", "result"],
            registry=registry,
        )
        self._errors = Counter(
            "controller_runtime_reconcile_errors_total",
            "Total number of reconciliation errors per controller",
            labels,
            registry=registry,
        )
        self._terminal = Counter(
            "controller_runtime_terminal_reconcile_errors_total",
            "Total number of terminal reconciliation errors per controller",
            labels,
            registry=registry,
        )
        self._seconds = Histogram(
            "controller_runtime_reconcile_time_seconds",
            "Length of time per reconciliation per controller",
            labels,
            registry=registry,
            buckets=_RECONCILE_BUCKETS,
        )

    def count(self, handled: Handled, seconds: float) -> None:
        self._passes.labels(handled.name, _result(handled)).inc()
        self._seconds.labels(handled.name).observe(seconds)
        if handled.errors:
            self._errors.labels(handled.name).inc()
            if handled.retry_after is None:
                self._terminal.labels(handled.name).inc()


def _result(handled: Handled) -> str:
    """Return how a pass ended, in controller-runtime's words."""
    if handled.errors:
        return "error"
    if handled.stale:
        return "requeue"
    return "success" if handled.requeue_after is None else "requeue_after"


class _Deploying:
    """What became of objects, how long planning takes, and what else was written."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._objects = Counter(
            "gwdeployer_objects_total",
            "Planned objects by what was done with them: created, configured, recreated, unchanged, waiting, "
            "refused (somebody else's), failed, pruned (no longer planned)",
            ["kind", "result"],
            registry=registry,
        )
        self._repairs = Counter(
            "gwdeployer_drift_repaired_total",
            "Objects put right that somebody else had changed or deleted",
            ["kind"],
            registry=registry,
        )
        self._statuses = Counter(
            "gwdeployer_status_writes_total", "Statuses written", ["kind"], registry=registry
        )
        self._planning = Histogram(
            "gwdeployer_plan_duration_seconds",
            "Length of time to make the plan for an owner, or to see that it is the one before",
            ["controller"],
            registry=registry,
            buckets=_PLAN_BUCKETS,
        )

    def count(self, handled: Handled) -> None:
        if handled.result is not None:
            for (kind, result), number in _done(handled.result).items():
                self._objects.labels(str(kind), result).inc(number)
            self._planning.labels(handled.name).observe(handled.result.plan_seconds)
        for ref in handled.repaired:
            self._repairs.labels(str(ref.kind)).inc()
        if handled.status_written:
            self._statuses.labels(str(handled.key.kind)).inc()


def _done(result: ReconcileResult) -> Tally[tuple[KindRef, str]]:
    """Return what was done with how many objects of which kinds."""
    outcomes = result.deployed.outcomes if result.deployed else ()
    deleted = result.pruned.deleted if result.pruned else ()
    done = Tally((outcome.ref.kind, str(outcome.action)) for outcome in outcomes)
    done.update((ref.kind, "pruned") for ref in deleted)
    return done


class _Owners(Collector):
    """In which state the owners are, by their last pass."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._states: dict[ObjectRef, str] = {}

    def note(self, handled: Handled) -> None:
        with self._lock:
            if handled.object is None:
                self._states.pop(handled.key, None)
            elif handled.result is not None:
                self._states[handled.key] = _state(handled.result)

    def clear(self) -> None:
        with self._lock:
            self._states.clear()

    def collect(self) -> Iterable[Metric]:
        """Yield the number of owners by kind and state."""
        family = GaugeMetricFamily(
            "gwdeployer_owners",
            "Owners by their state: deployed, pending (something has to go or come first), failed, skipped "
            "(not ours, or to be left alone)",
            labels=["kind", "state"],
        )
        with self._lock:
            tally = Tally((ref.kind, state) for ref, state in self._states.items())
        for (kind, state), number in tally.items():
            family.add_metric([str(kind), state], number)
        yield family


def _state(result: ReconcileResult) -> str:
    if result.errors:
        return "failed"
    if result.plan is not None and result.plan.skip:
        return "skipped"
    waiting = result.deployed is not None and result.deployed.waiting
    return "pending" if waiting or result.pending else "deployed"


class _Sizes(Collector):
    """How many objects a cache holds."""

    def __init__(self, sizes: Callable[[], Mapping[KindRef, int]]) -> None:
        self._sizes = sizes

    def collect(self) -> Iterable[Metric]:
        """Yield the number of objects by kind."""
        family = GaugeMetricFamily("gwdeployer_cache_objects", "Objects held in memory", labels=["kind"])
        for kind, number in self._sizes().items():
            family.add_metric([str(kind)], number)
        yield family


class _Queues:
    """What happens in work queues, as controller-runtime counts it."""

    def __init__(self, registry: CollectorRegistry) -> None:
        labels = ["name", "controller"]
        self.adds = Counter(
            "workqueue_adds_total", "Total number of adds handled by workqueue", labels, registry=registry
        )
        self.retries = Counter(
            "workqueue_retries_total",
            "Total number of retries handled by workqueue",
            labels,
            registry=registry,
        )
        self.waited = Histogram(
            "workqueue_queue_duration_seconds",
            "How long in seconds an item stays in workqueue before being requested",
            labels,
            registry=registry,
            buckets=_QUEUE_BUCKETS,
        )
        self.worked = Histogram(
            "workqueue_work_duration_seconds",
            "How long in seconds processing an item from workqueue takes.",
            labels,
            registry=registry,
            buckets=_QUEUE_BUCKETS,
        )


class _QueueStates:
    """What queues and their workers are doing at the moment, as controller-runtime shows it."""

    def __init__(self, registry: CollectorRegistry) -> None:
        labels = ["name", "controller"]
        self._depth = Gauge("workqueue_depth", "Current depth of workqueue", labels, registry=registry)
        self._unfinished = Gauge(
            "workqueue_unfinished_work_seconds",
            "How many seconds of work is in progress and hasn't been observed by work_duration. Large values "
            "indicate stuck threads.",
            labels,
            registry=registry,
        )
        self._longest = Gauge(
            "workqueue_longest_running_processor_seconds",
            "How many seconds has the longest running processor for workqueue been running.",
            labels,
            registry=registry,
        )
        self._active = Gauge(
            "controller_runtime_active_workers",
            "Number of currently used workers per controller",
            ["controller"],
            registry=registry,
        )
        self._workers = Gauge(
            "controller_runtime_max_concurrent_reconciles",
            "Maximum number of concurrent reconciles per controller",
            ["controller"],
            registry=registry,
        )

    def watch(self, name: str, queue: Callable[[], Queue], workers: int) -> None:
        self._depth.labels(name, name).set_function(lambda: len(queue()))
        self._unfinished.labels(name, name).set_function(lambda: queue().running().total)
        self._longest.labels(name, name).set_function(lambda: queue().running().longest)
        self._active.labels(name).set_function(lambda: queue().running().number)
        self._workers.labels(name).set(workers)


class QueueMetrics:
    """Counts what a work queue does: its ``QueueObserver``."""

    def __init__(self, queues: _Queues, name: str) -> None:
        """Count for the queue of this name."""
        self._adds = queues.adds.labels(name, name)
        self._retries = queues.retries.labels(name, name)
        self._waited = queues.waited.labels(name, name)
        self._worked = queues.worked.labels(name, name)

    def added(self) -> None:
        """See :class:`~gwdeployer.controller.work_queue.QueueObserver`."""
        self._adds.inc()

    def handed_out(self, waited: float) -> None:
        """See :class:`~gwdeployer.controller.work_queue.QueueObserver`."""
        self._waited.observe(waited)

    def finished(self, worked: float) -> None:
        """See :class:`~gwdeployer.controller.work_queue.QueueObserver`."""
        self._worked.observe(worked)

    def retried(self) -> None:
        """See :class:`~gwdeployer.controller.work_queue.QueueObserver`."""
        self._retries.inc()
