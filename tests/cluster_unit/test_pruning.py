"""What is deleted, when, and what stays for now."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from gwdeployer.cluster.live import Answers, LiveView
from gwdeployer.cluster.pruning import REPLACED_WITHIN, Pruner
from gwdeployer.errors import NotSynced, ServerFailure
from gwdeployer.objects import Object, ObjectRef
from gwdeployer.objects.owners import Owner
from gwdeployer.store import ObjectStore
from tests.cluster_unit.clock import Clock
from tests.cluster_unit.fake import (
    CLUSTER_ROLE,
    CONFIG_MAP,
    DAEMON_SET,
    DEPLOYMENT,
    OWNER_UID,
    SERVICE,
    SITE,
    FakeCluster,
    thing,
)

OWNER = Owner(ObjectRef(SITE, "shop", "s"), OWNER_UID)
KINDS = [CONFIG_MAP, SERVICE, DEPLOYMENT, DAEMON_SET, CLUSTER_ROLE]
START = 1_800_000_000.0
CREATED = datetime.fromtimestamp(START, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def pruner(cluster: FakeCluster, clock: Clock | None = None, live: ObjectStore | None = None) -> Pruner:
    return Pruner(cluster, OWNER, LiveView(cluster, live, Answers()), clock or Clock(START))


def workload(kind: Any, *, available: bool, created: str = CREATED) -> Object:
    counts = {
        "desiredNumberScheduled": 1,
        "numberAvailable": int(available),
        "availableReplicas": int(available),
    }
    obj = thing(kind, spec={}, status=counts)
    return {**obj, "metadata": {**obj["metadata"], "creationTimestamp": created}}


def names(refs: Any) -> list[str]:
    return [ref.kind.kind for ref in refs]


def test_all_that_is_the_owners_and_not_planned_goes_pods_first() -> None:
    cluster = FakeCluster(*[thing(kind) for kind in KINDS], thing(CONFIG_MAP, "foreign", mine=False))
    result = pruner(cluster).prune([], KINDS)
    assert set(names(result.deleted)) == {kind.kind for kind in KINDS}
    assert names(result.deleted).index("Deployment") < names(result.deleted).index("ConfigMap")
    assert list(cluster.objects) == [ObjectRef(CONFIG_MAP, "shop", "foreign")]


def test_a_kind_named_in_two_versions_is_listed_once() -> None:
    cluster = FakeCluster()
    pruner(cluster).prune([], [DEPLOYMENT, DEPLOYMENT._replace(version="v1beta1")])
    assert len(cluster.requests) == 1


def test_what_is_planned_in_another_version_stays() -> None:
    cluster = FakeCluster(thing(DEPLOYMENT))
    planned = thing(DEPLOYMENT._replace(version="v2"))
    assert pruner(cluster).prune([ObjectRef.of(planned)], [DEPLOYMENT]).deleted == ()


def test_what_is_being_deleted_is_left_to_go() -> None:
    leaving = thing(CONFIG_MAP)
    leaving["metadata"]["deletionTimestamp"] = CREATED
    cluster = FakeCluster(leaving)
    assert pruner(cluster).prune([], KINDS).deleted == ()
    assert not any(request.startswith("delete") for request in cluster.requests)


def test_an_object_that_cannot_be_deleted_is_reported_and_the_rest_goes() -> None:
    cluster = FakeCluster(thing(CONFIG_MAP), thing(SERVICE))

    def fail(request: str) -> None:
        if request == "delete Service web":
            raise ServerFailure("no")

    cluster.fail = fail
    result = pruner(cluster).prune([], KINDS)
    assert names(result.deleted) == ["ConfigMap"]
    assert [str(error) for error in result.errors] == ["no"]


def switch(cluster: FakeCluster, now: float, *, available: bool = False) -> Any:
    for obj in (workload(DAEMON_SET, available=available), workload(DEPLOYMENT, available=True)):
        cluster.put(obj)
    return pruner(cluster, Clock(now)).prune([ObjectRef.of(thing(DAEMON_SET))], KINDS)


def test_a_workload_stays_with_what_its_pods_need_until_its_successor_serves() -> None:
    cluster = FakeCluster(thing(CONFIG_MAP), thing(SERVICE))
    result = switch(cluster, START + 100)
    assert names(waiting.ref for waiting in result.pending) == ["ConfigMap", "Deployment"]
    assert names(result.deleted) == ["Service"]
    assert result.requeue_after == 5
    assert str(result.pending[0]) == (
        "ConfigMap shop/web stays until DaemonSet shop/web is available, 500 s at most"
    )


def test_once_the_successor_serves_it_goes() -> None:
    result = switch(FakeCluster(), START + 1, available=True)
    assert names(result.deleted) == ["Deployment"]
    assert result.pending == ()
    assert result.requeue_after is None


def test_it_does_not_stay_longer_than_the_deadline() -> None:
    assert switch(FakeCluster(), START + REPLACED_WITHIN - 2).requeue_after == 2
    assert names(switch(FakeCluster(), START + REPLACED_WITHIN).deleted) == ["Deployment"]


def test_it_stays_where_the_successor_is_not_there_yet() -> None:
    cluster = FakeCluster(workload(DEPLOYMENT, available=True))
    result = pruner(cluster, Clock(START)).prune([ObjectRef.of(thing(DAEMON_SET))], KINDS)
    assert names(waiting.ref for waiting in result.pending) == ["Deployment"]


def test_it_stays_where_the_successor_cannot_be_looked_at_and_that_is_reported() -> None:
    cluster = FakeCluster(workload(DEPLOYMENT, available=True))

    def fail(request: str) -> None:
        if request.startswith("get DaemonSet"):
            raise NotSynced("not yet known")

    cluster.fail = fail
    result = pruner(cluster, Clock(START)).prune([ObjectRef.of(thing(DAEMON_SET))], KINDS)
    assert [str(error) for error in result.errors] == ["not yet known"]
    assert names(waiting.ref for waiting in result.pending) == ["Deployment"]
    assert result.deleted == ()


def test_without_a_successor_there_is_nothing_to_wait_for() -> None:
    cluster = FakeCluster(workload(DEPLOYMENT, available=True), thing(CONFIG_MAP))
    result = pruner(cluster).prune([ObjectRef.of(thing(SERVICE))], KINDS)
    assert names(result.deleted) == ["Deployment", "ConfigMap"]
