"""Metrics: names and labels of controller-runtime, and what became of owners and their objects."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from prometheus_client import CollectorRegistry
from prometheus_client.parser import text_string_to_metric_families

import gwdeployer
from gwdeployer import ParametersError
from gwdeployer.cluster import Action, DeployResult, Outcome, Pending, PruneResult, ReconcileResult
from gwdeployer.controller.metrics import Metrics
from gwdeployer.controller.observing import Handled
from gwdeployer.controller.work_queue import WorkQueue
from gwdeployer.errors import NotFound
from gwdeployer.generator import Skip
from gwdeployer.objects import KindRef, ObjectRef
from gwdeployer.plan import Plan
from tests.cluster_unit.clock import Clock

DOCUMENT = Path(__file__).parents[2] / "docs" / "metrics.md"
SITE = KindRef("example.com", "v1", "Site")
SERVICE = KindRef("", "v1", "Service")
DEPLOYMENT = KindRef("apps", "v1", "Deployment")
OWNER = ObjectRef(SITE, "shop", "web")


class Elector:
    name = "web"
    is_leader = True


@pytest.fixture
def metrics() -> Metrics:
    return Metrics()


def value(metrics: Metrics, metric: str, /, **labels: str) -> float | None:
    return metrics.registry.get_sample_value(metric, labels)


def ref(kind: KindRef, name: str = "web") -> ObjectRef:
    return ObjectRef(kind, "shop", name)


def deployed(*actions: Action, kind: KindRef = SERVICE, **more: Any) -> ReconcileResult:
    outcomes = tuple(Outcome(ref(kind, str(number)), action) for number, action in enumerate(actions))
    return ReconcileResult(OWNER, Plan(OWNER), DeployResult(OWNER, outcomes), **more)


def one_pass(result: ReconcileResult | None, **more: Any) -> Handled:
    return Handled(OWNER, "sites", {"kind": "Site"}, result, **more)


SUCCESS = one_pass(deployed(Action.UNCHANGED))
TERMINAL = one_pass(ReconcileResult(OWNER, planning=ParametersError("bad")))
RETRYABLE = one_pass(deployed(), error=NotFound("gone"))


@pytest.mark.parametrize(
    ("handled", "result"),
    [
        (SUCCESS, "success"),
        (replace(SUCCESS, stale=True), "requeue"),
        (one_pass(deployed(Action.WAITING)), "requeue_after"),
        (TERMINAL, "error"),
        (RETRYABLE, "error"),
        (one_pass(None), "success"),
    ],
)
def test_each_pass_is_counted_by_how_it_ended(metrics: Metrics, handled: Handled, result: str) -> None:
    metrics.handled(handled, 0.2)
    assert value(metrics, "controller_runtime_reconcile_total", controller="sites", result=result) == 1
    assert value(metrics, "controller_runtime_reconcile_time_seconds_sum", controller="sites") == 0.2


def test_errors_are_counted_and_those_that_no_retry_helps_once_more(metrics: Metrics) -> None:
    for handled in (TERMINAL, RETRYABLE, SUCCESS):
        metrics.handled(handled, 0.1)
    assert value(metrics, "controller_runtime_reconcile_errors_total", controller="sites") == 2
    assert value(metrics, "controller_runtime_terminal_reconcile_errors_total", controller="sites") == 1


def test_objects_are_counted_by_kind_and_what_was_done_with_them(metrics: Metrics) -> None:
    pruned = PruneResult(OWNER, deleted=(ref(DEPLOYMENT), ref(DEPLOYMENT, "old")))
    result = deployed(Action.CREATED, Action.CREATED, Action.REFUSED, pruned=pruned)
    metrics.handled(one_pass(result), 0.1)
    metrics.handled(one_pass(deployed(Action.UNCHANGED, kind=DEPLOYMENT)), 0.1)
    counts = {
        ("Service", "created"): 2,
        ("Service", "refused"): 1,
        ("Deployment.apps", "pruned"): 2,
        ("Deployment.apps", "unchanged"): 1,
    }
    for (kind, done), count in counts.items():
        assert value(metrics, "gwdeployer_objects_total", kind=kind, result=done) == count


def test_repairs_status_writes_and_the_time_to_plan_are_counted(metrics: Metrics) -> None:
    result = deployed(Action.CONFIGURED, plan_seconds=0.002)
    metrics.handled(one_pass(result, repaired=(ref(SERVICE),), status_written=True), 0.1)
    assert value(metrics, "gwdeployer_drift_repaired_total", kind="Service") == 1
    assert value(metrics, "gwdeployer_status_writes_total", kind="Site.example.com") == 1
    assert value(metrics, "gwdeployer_plan_duration_seconds_sum", controller="sites") == 0.002
    assert value(metrics, "gwdeployer_plan_duration_seconds_bucket", controller="sites", le="0.001") == 0
    assert value(metrics, "gwdeployer_plan_duration_seconds_bucket", controller="sites", le="0.0025") == 1


@pytest.mark.parametrize(
    ("result", "state"),
    [
        (deployed(Action.CREATED), "deployed"),
        (deployed(Action.WAITING), "pending"),
        (deployed(pruned=PruneResult(OWNER, pending=(Pending(ref(SERVICE), "waits"),))), "pending"),
        (ReconcileResult(OWNER, planning=ParametersError("bad")), "failed"),
        (ReconcileResult(OWNER, Plan(OWNER, skip=Skip("not ours"))), "skipped"),
    ],
)
def test_owners_are_counted_by_the_state_of_their_last_pass(
    metrics: Metrics, result: ReconcileResult, state: str
) -> None:
    metrics.handled(one_pass(ReconcileResult(OWNER, planning=NotFound("gone"))), 0.1)
    metrics.handled(one_pass(result), 0.1)
    metrics.handled(replace(one_pass(deployed()), key=ref(SITE, "other")), 0.1)
    expected = {"deployed": 1, state: 2 if state == "deployed" else 1}
    for name, number in expected.items():
        assert value(metrics, "gwdeployer_owners", kind="Site.example.com", state=name) == number


def test_owners_that_are_gone_and_objects_that_own_nothing_are_not_counted(metrics: Metrics) -> None:
    metrics.handled(SUCCESS, 0.1)
    metrics.handled(Handled(OWNER, "sites"), 0.1)
    metrics.handled(Handled(ref(SERVICE), "class", {}), 0.1)
    assert value(metrics, "gwdeployer_owners", kind="Site.example.com", state="deployed") is None


def test_when_a_term_has_ended_no_owners_are_counted(metrics: Metrics) -> None:
    metrics.handled(SUCCESS, 0.1)
    metrics.term_ended()
    assert value(metrics, "gwdeployer_owners", kind="Site.example.com", state="deployed") is None


def test_leadership_is_shown_as_it_is_at_the_moment(metrics: Metrics) -> None:
    elector = Elector()
    metrics.watch_leader(elector)
    assert value(metrics, "leader_election_master_status", name="web") == 1
    elector.is_leader = False
    assert value(metrics, "leader_election_master_status", name="web") == 0


def test_a_work_queue_is_counted_and_its_state_shown(metrics: Metrics) -> None:
    clock = Clock()
    queue: WorkQueue[str] = WorkQueue(metrics.queue_observer("web"), clock=clock, jitter=lambda: 1.0)
    metrics.watch_queue("web", lambda: queue, workers=8)
    for key in "abc":
        queue.add(key)
    clock.now += 2
    assert queue.get(0) == "a"
    clock.now += 3
    assert queue.get(0) == "b"
    queue.retry("b")
    queue.done("b")
    clock.now += 1
    labels = {"name": "web", "controller": "web"}
    expected = {
        "workqueue_depth": 2,  # c, and b whose time has come
        "workqueue_adds_total": 4,
        "workqueue_retries_total": 1,
        "workqueue_queue_duration_seconds_sum": 7,
        "workqueue_work_duration_seconds_count": 1,
        "workqueue_unfinished_work_seconds": 4,
        "workqueue_longest_running_processor_seconds": 4,
    }
    assert {name: value(metrics, name, **labels) for name in expected} == expected
    assert value(metrics, "controller_runtime_active_workers", controller="web") == 1
    assert value(metrics, "controller_runtime_max_concurrent_reconciles", controller="web") == 8


def test_a_later_queue_of_the_same_name_takes_the_place_of_the_former(metrics: Metrics) -> None:
    queues: list[WorkQueue[str]] = [WorkQueue()]
    metrics.watch_queue("web", lambda: queues[-1], workers=1)
    queues[0].add("a")
    queues.append(WorkQueue())
    assert value(metrics, "workqueue_depth", name="web", controller="web") == 0


def test_requests_are_counted_by_status_and_method(metrics: Metrics) -> None:
    metrics.requested("get", 200)
    metrics.requested("PATCH", 409)
    metrics.requested("patch", 0)
    assert value(metrics, "rest_client_requests_total", code="200", method="GET") == 1
    assert value(metrics, "rest_client_requests_total", code="409", method="PATCH") == 1
    assert value(metrics, "rest_client_requests_total", code="<error>", method="PATCH") == 1


def test_the_objects_of_a_cache_are_shown_by_kind(metrics: Metrics) -> None:
    sizes = {SERVICE: 3}
    metrics.watch_cache(lambda: sizes)
    assert value(metrics, "gwdeployer_cache_objects", kind="Service") == 3
    sizes[SERVICE] = 5
    assert value(metrics, "gwdeployer_cache_objects", kind="Service") == 5


def test_the_version_and_the_process_are_shown(metrics: Metrics) -> None:
    assert value(metrics, "gwdeployer_build_info", version=gwdeployer.__version__) == 1
    assert (value(metrics, "process_resident_memory_bytes") or 0) > 1e6


def test_the_exposition_is_in_the_format_that_the_scraper_wants(metrics: Metrics) -> None:
    metrics.handled(SUCCESS, 0.1)
    media_type, text = metrics.exposition()
    assert media_type.startswith("text/plain")
    families = {family.name for family in text_string_to_metric_families(text.decode())}
    assert {"controller_runtime_reconcile", "gwdeployer_objects", "gwdeployer_owners"} <= families
    media_type, text = metrics.exposition("application/openmetrics-text; version=1.0.0")
    assert media_type.startswith("application/openmetrics-text")
    assert text.endswith(b"# EOF\n")


def test_the_document_has_a_line_for_each_metric_with_its_labels(metrics: Metrics) -> None:
    queue: WorkQueue[str] = WorkQueue(metrics.queue_observer("web"))
    metrics.watch_queue("web", lambda: queue, workers=1)
    metrics.watch_cache(lambda: {SERVICE: 1})
    metrics.watch_leader(Elector())
    metrics.requested("get", 200)
    result = deployed(Action.CREATED)
    metrics.handled(one_pass(result, repaired=(ref(SERVICE),), status_written=True), 0.1)
    metrics.handled(replace(TERMINAL, key=ref(SITE, "other")), 0.1)
    shown = {
        (family.name + ("_total" if family.type == "counter" else ""), *family.samples[0].labels)
        for family in metrics.registry.collect()
        if not family.name.startswith("process_")
    }
    lines = re.findall(r"^\| `(\w+)` \| ([\w, ]+) \|", DOCUMENT.read_text(), re.MULTILINE)
    told = {(name, *labels.split(", ")) for name, labels in lines}
    assert {(name, *(label for label in labels if label != "le")) for name, *labels in shown} == told


def test_metrics_can_join_the_registry_of_an_embedder() -> None:
    registry = CollectorRegistry()
    metrics = Metrics(registry)
    assert metrics.registry is registry
    Metrics()  # and disturb no other
