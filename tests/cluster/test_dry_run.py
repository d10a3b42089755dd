"""A rehearsal tells what a reconcile would do, step by step, and does none of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from copy import deepcopy
from typing import Any, NamedTuple

import pytest

from gwdeployer import Deployer, MemoryStore, ObjectRef
from gwdeployer.cluster import Action, DryRunCluster, ReconcileResult
from gwdeployer.cluster.dry_run import Change
from gwdeployer.objects import KindRef, Object
from tests.cluster.recording import RecordingCluster
from tests.cluster.scene import (
    AUTOSCALER,
    CLUSTER_ROLE,
    CONFIG_MAP,
    DAEMON_SET,
    DEPLOYMENT,
    SERVICE,
    SERVICE_ACCOUNT,
    SITE,
    Scene,
)

_OF_EACH_WRITE = {"managedFields", "resourceVersion", "uid", "creationTimestamp", "generation"}


def content(obj: Object | None) -> Object | None:
    """Return what an object says, without what the server notes about each write and what others write."""
    if obj is None:
        return None
    obj = deepcopy(obj)
    obj["metadata"].get("annotations", {}).pop("deployment.kubernetes.io/revision", None)
    obj["metadata"] = {name: value for name, value in obj["metadata"].items() if value != {}}
    metadata = {name: value for name, value in obj["metadata"].items() if name not in _OF_EACH_WRITE}
    spec = {
        name: value for name, value in (obj.get("spec") or {}).items() if not name.startswith("clusterIP")
    }
    ports = [
        {name: value for name, value in port.items() if name != "nodePort"} for port in spec.get("ports", ())
    ]
    spec |= {"ports": ports} if ports else {}
    return {**obj, "metadata": metadata, "spec": spec, "status": None}


class Rehearsal(NamedTuple):
    """A deployer that only rehearses, and the cluster it does that on."""

    cluster: DryRunCluster
    sent: RecordingCluster
    deployer: Deployer

    def reconcile(self, site: Object) -> ReconcileResult:
        return self.deployer.reconcile(site, MemoryStore())

    def after(self) -> dict[ObjectRef, Object | None]:
        return {change.ref: content(change.after) for change in self.cluster.changes}


@pytest.fixture
def rehearsal(scene: Scene) -> Iterator[Rehearsal]:
    sent = RecordingCluster(scene.limited)
    cluster = DryRunCluster(sent)
    made = scene.deployer
    deployer = Deployer(
        SITE,
        controller_name=made.controller_name,
        chart=made.chart,
        generator=made.generator,
        cluster=cluster,
    )
    yield Rehearsal(cluster, sent, deployer)
    deployer.close()


SITUATIONS: Mapping[str, tuple[Mapping[str, Any] | None, Mapping[str, Any]]] = {
    "all is new": (None, {"secret": "made once"}),
    "nothing is new": ({}, {}),
    "a text changes": ({}, {"text": "other"}),
    "an autoscaler takes over the replicas": ({"replicas": 4}, {"autoscaled": True}),
    "an autoscaler goes": ({"autoscaled": True}, {"autoscaled": False, "replicas": 3}),
    "a strategy that the server's default contradicts": ({}, {"strategy": "Recreate"}),
    "a workload of another kind": ({}, {"daemon": True}),
    "what is cluster-scoped comes": ({}, {"cluster": True}),
    "what is cluster-scoped goes": ({"cluster": True}, {"cluster": False}),
    "all goes": ({"cluster": True}, {"unmanaged": True}),
}


@pytest.mark.parametrize("situation", SITUATIONS)
def test_what_is_rehearsed_is_what_then_happens(scene: Scene, rehearsal: Rehearsal, situation: str) -> None:
    before, spec = SITUATIONS[situation]
    site = scene.site(**(spec if before is None else before))
    if before is not None:
        scene.reconciled(site)
        site = scene.changed(scene.there(SITE, site["metadata"]["name"]), **spec)
    kinds = [kind for kind in scene.deployer.kinds if kind != SERVICE_ACCOUNT]  # one comes by itself
    live = {kind: all_of(scene, kind) for kind in kinds}
    rehearsed = rehearsal.reconcile(site)
    assert [str(error) for error in rehearsed.errors] == []
    assert {kind: all_of(scene, kind) for kind in kinds} == live
    result = scene.reconciled(site)
    assert actions(rehearsed) == actions(result)
    for ref, after in rehearsal.after().items():
        assert after == content(scene.direct.get(*ref)), ref


def all_of(scene: Scene, kind: KindRef) -> list[Object]:
    """Return all objects of a kind, without what controllers write meanwhile."""
    if not scene.direct.supports(kind):
        return []
    namespace = scene.namespace if kind != CLUSTER_ROLE else None
    return [content(obj) or {} for obj in scene.direct.list(kind, namespace).items]


def actions(result: ReconcileResult) -> Any:
    deployed = result.deployed.outcomes if result.deployed else ()
    deleted, pending = (result.pruned.deleted, result.pruned.pending) if result.pruned else ((), ())
    return (
        [(outcome.ref, outcome.action, outcome.changed, outcome.adopted_from) for outcome in deployed],
        {*deleted, *(waiting.ref for waiting in pending)},  # a node is sometimes faster than this test
    )


def test_every_write_is_a_dry_run(scene: Scene, rehearsal: Rehearsal) -> None:
    site = scene.site(cluster=True, text="once")
    rehearsal.reconcile(site)
    assert {sent.kind for sent in rehearsal.sent.writes} >= {"Deployment", "ConfigMap", "ClusterRole", "Site"}
    assert scene.there(SITE, site["metadata"]["name"]) == site
    assert scene.live(DEPLOYMENT, site["metadata"]["name"]) is None


def test_recreating_is_rehearsed_though_the_object_is_still_there(scene: Scene, rehearsal: Rehearsal) -> None:
    site = scene.site()
    scene.reconciled(site)
    name = site["metadata"]["name"]
    site = scene.changed(site, annotations={"gwdeployer.dev/recreate": "immutable"}, app="other")
    result = rehearsal.reconcile(site)
    assert [str(error) for error in result.errors] == []
    after = rehearsal.after()[ObjectRef(DEPLOYMENT, scene.namespace, name)]
    assert after is not None
    assert after["metadata"]["name"] == name
    assert scene.there(DEPLOYMENT, name)["spec"]["selector"]["matchLabels"] == {"app": "web"}
    scene.reconciled(site)
    assert content(scene.there(DEPLOYMENT, name)) == after


def test_adopting_is_rehearsed_with_what_the_former_manager_gives_up(
    scene: Scene, rehearsal: Rehearsal
) -> None:
    site = scene.site(name="web", annotations={"gwdeployer.dev/adopt": "ConfigMap/web, Service/web"})
    labels = {"helm.sh/chart": "web-1.0.0", "app": "web"}
    scene.put(
        {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {"name": "web", "labels": labels},
            "data": {"text": "theirs", "more": "theirs"},
        },
        manager="helm",
    )
    scene.put(
        {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {"name": "web"},
            "spec": {
                "selector": {"app": "theirs", "release": "web"},
                "ports": [{"name": "http", "port": 80, "targetPort": 1}],
                "externalName": "",
                "sessionAffinity": "ClientIP",
            },
        },
        manager="helm",
    )
    result = rehearsal.reconcile(site)
    assert [str(error) for error in result.errors] == []
    after = rehearsal.after()
    scene.reconciled(site)
    for kind in (CONFIG_MAP, SERVICE):
        assert after[ObjectRef(kind, scene.namespace, "web")] == content(scene.there(kind, "web"))


def test_a_change_has_the_object_as_it_is_and_as_it_would_be(scene: Scene, rehearsal: Rehearsal) -> None:
    site = scene.site(autoscaled=True)
    scene.reconciled(site)
    site = scene.changed(site, text="other", autoscaled=False, replicas=1)
    rehearsal.reconcile(site)
    changes = {change.ref.kind: change for change in rehearsal.cluster.changes}
    before, after = changes[CONFIG_MAP].before, changes[CONFIG_MAP].after
    assert before is not None
    assert after is not None
    assert (before["data"], after["data"]) == ({"text": "hello"}, {"text": "other"})
    assert changes[AUTOSCALER].before is not None
    assert changes[AUTOSCALER].after is None
    assert SERVICE not in changes


def test_what_was_rehearsed_is_read_and_listed(scene: Scene, rehearsal: Rehearsal) -> None:
    kept, switched = scene.site(), scene.site()
    scene.reconciled(kept)
    scene.reconciled(switched)
    switched = scene.changed(switched, annotations={"gwdeployer.dev/recreate": "immutable"}, daemon=True)
    cluster = rehearsal.cluster
    rehearsal.reconcile(switched)
    name = switched["metadata"]["name"]
    assert cluster.get(DAEMON_SET, scene.namespace, name) is not None
    [listed] = cluster.list(DAEMON_SET, scene.namespace).items
    assert listed["metadata"]["name"] == name
    assert cluster.list(DAEMON_SET, scene.namespace, labels={"no": "such"}).items == []
    ref = ObjectRef(DEPLOYMENT, scene.namespace, kept["metadata"]["name"])
    cluster.delete(ref)
    assert cluster.get(*ref) is None
    assert ref.name not in [
        obj["metadata"]["name"] for obj in cluster.list(DEPLOYMENT, scene.namespace).items
    ]
    assert scene.live(DEPLOYMENT, ref.name) is not None


def test_an_object_that_another_owner_would_create_first_is_refused(
    scene: Scene, rehearsal: Rehearsal
) -> None:
    one, other = scene.site(), scene.site()
    rehearsal.reconcile(one)
    taken = {**other, "metadata": {**other["metadata"], "name": one["metadata"]["name"]}}
    result = rehearsal.reconcile(taken)
    assert result.deployed is not None
    assert {outcome.action for outcome in result.deployed.outcomes} == {Action.REFUSED}


def test_a_repr_of_a_change_shows_its_name_and_no_content() -> None:
    ref = ObjectRef(KindRef("", "v1", "Secret"), "shop", "web")
    secret = {"apiVersion": "v1", "kind": "Secret", "stringData": {"key": "s3cret"}}
    assert repr(Change(ref, None, secret)) == "<Change of Secret shop/web: from nothing to an object>"
