"""A controller as it is operated: elected, probed, measured, and telling events."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import ExitStack, closing
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest
from prometheus_client.parser import text_string_to_metric_families

from gwdeployer.cluster import KubernetesCluster
from gwdeployer.controller import (
    Controller,
    EventRecorder,
    EventReporter,
    LeaderElector,
    Metrics,
    Probes,
    Scope,
    Settings,
)
from gwdeployer.controller.event_series import EVENT
from gwdeployer.controller.lease import LEASE
from gwdeployer.objects import Object
from tests.cluster.scene import MANAGER, SITE
from tests.controller.loop import Sites
from tests.servers.servers import Server, eventually

SITE_KIND = "Site.example.com"


class Operated:
    """One process: what ``gwdeployer run`` is made of, in a namespace of its own."""

    def __init__(self, server: Server, stack: ExitStack) -> None:
        self.namespace = server.namespace()
        cluster = stack.enter_context(closing(KubernetesCluster.connect(server.kubeconfig)))
        self.direct = stack.enter_context(closing(KubernetesCluster.connect(server.kubeconfig)))
        plugin = Sites(cluster)
        stack.callback(plugin.deployer.close)
        self.metrics = Metrics()
        self.recorder = stack.enter_context(EventRecorder(cluster, MANAGER))
        elector = LeaderElector(cluster, self.namespace, "sites")
        self.controller = Controller(
            [plugin],
            cluster,
            scope=Scope({self.namespace}),
            elector=elector,
            observers=[self.metrics, EventReporter(self.recorder)],
            settings=Settings(workers=2),
        )
        self.controller.queue_observer = self.metrics.queue_observer("sites")
        self.metrics.watch_queue("sites", lambda: self.controller.queue, workers=2)
        self.metrics.watch_cache(self.controller.cache.sizes)
        self.metrics.watch_leader(elector)
        cluster.on_answer = self.metrics.requested
        self.probes = Probes(
            0,
            "127.0.0.1",
            healthy={"leading": elector.health},
            ready={"caches": self.controller.unready},
            metrics=self.metrics.exposition,
        )
        stack.enter_context(self.probes)
        self.stop = threading.Event()
        self._thread = threading.Thread(target=self.controller.run, args=(self.stop,))

    def start(self) -> None:
        self._thread.start()

    def end(self) -> None:
        self.stop.set()
        if self._thread.ident is not None:
            self._thread.join(30)
        assert not self._thread.is_alive()

    def site(self) -> None:
        metadata = {"name": "web", "namespace": self.namespace}
        site: Object = {"apiVersion": SITE.api_version, "kind": SITE.kind, "metadata": metadata, "spec": {}}
        self.direct.apply(site, manager="tests", force=True)

    def edit_by_hand(self) -> None:
        metadata = {"name": "web", "namespace": self.namespace}
        edited: Object = {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": metadata,
            "data": {"text": "x"},
        }
        self.direct.apply(edited, manager="hand", force=True)

    def ask(self, target: str) -> tuple[int, str]:
        try:
            with urlopen(f"{self.probes.url}{target}", timeout=30) as answer:  # noqa: S310 - loopback
                return answer.status, answer.read().decode()
        except HTTPError as error:
            with error:
                return error.code, error.read().decode()

    def shows(self, metric: str, **labels: str) -> float:
        """Return what a scrape says of a metric; 0 where it says nothing."""
        families = text_string_to_metric_families(self.ask("/metrics")[1])
        samples = (sample for family in families for sample in family.samples)
        return sum(sample.value for sample in samples if (sample.name, sample.labels) == (metric, labels))

    def deployed(self) -> float:
        """Return how many Sites are deployed."""
        return self.shows("gwdeployer_owners", kind=SITE_KIND, state="deployed")

    def reasons(self) -> set[str]:
        """Return why events have been written."""
        return {event["reason"] for event in self.direct.list(EVENT, self.namespace).items}


@pytest.fixture
def operated(sites: Server) -> Iterator[Operated]:
    with ExitStack() as stack:
        made = Operated(sites, stack)
        stack.callback(made.end)
        yield made


def test_it_is_ready_once_its_caches_are(operated: Operated) -> None:
    status, text = operated.ask("/readyz")
    assert status == 503
    assert text.startswith("[-]caches failed: not synced: ")
    assert SITE_KIND in text
    operated.start()
    eventually("it is ready", lambda: operated.ask("/readyz") == (200, "ok"))
    assert operated.ask("/healthz?verbose") == (200, "[+]leading ok\nhealthz check passed\n")


def test_metrics_and_events_tell_what_it_does(operated: Operated) -> None:
    operated.site()
    operated.start()
    eventually("the site is deployed", operated.deployed)
    assert operated.shows("gwdeployer_objects_total", kind="Deployment.apps", result="created") == 1
    # It depends on the server's own controllers whether anything it has read changes meanwhile.
    passes = "controller_runtime_reconcile_total"
    results = ("requeue", "requeue_after", "success")
    eventually(
        "the pass is counted",
        lambda: sum(operated.shows(passes, controller="sites", result=result) for result in results),
    )
    assert operated.shows("gwdeployer_plan_duration_seconds_count", controller="sites") >= 1
    assert operated.shows("gwdeployer_cache_objects", kind=SITE_KIND) == 1
    assert operated.shows("leader_election_master_status", name="sites") == 1
    assert operated.shows("workqueue_adds_total", name="sites", controller="sites") >= 1
    assert operated.shows("controller_runtime_max_concurrent_reconciles", controller="sites") == 2
    assert operated.shows("rest_client_requests_total", code="201", method="PATCH") >= 1
    assert operated.shows("gwdeployer_status_writes_total", kind=SITE_KIND) >= 1
    eventually("an event tells it", lambda: "Created" in operated.reasons())


def test_an_edit_by_hand_is_repaired_counted_and_told(operated: Operated) -> None:
    operated.site()
    operated.start()
    eventually("the site is deployed", operated.deployed)
    operated.edit_by_hand()
    eventually("it is repaired", lambda: operated.shows("gwdeployer_drift_repaired_total", kind="ConfigMap"))
    eventually("an event tells it", lambda: "Repaired" in operated.reasons())


def test_when_it_stops_it_gives_the_lease_back_and_answers_for_no_owner(operated: Operated) -> None:
    operated.site()
    operated.start()
    eventually("the site is deployed", operated.deployed)
    operated.end()
    assert operated.deployed() == 0
    assert operated.shows("leader_election_master_status", name="sites") == 0
    lease = operated.direct.get(LEASE, operated.namespace, "sites")
    assert lease is not None
    assert not lease["spec"].get("holderIdentity")
