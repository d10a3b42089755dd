"""What is no longer planned goes; never more, never too early."""

from __future__ import annotations

import pytest

from gwdeployer import MemoryStore, ObjectRef
from gwdeployer.errors import Interrupted, NotSynced
from gwdeployer.objects import KindRef, Object
from gwdeployer.store import ObjectStore
from tests.cluster.recording import Sent
from tests.cluster.scene import (
    AUTOSCALER,
    CLUSTER_ROLE,
    CONFIG_MAP,
    DAEMON_SET,
    DEPLOYMENT,
    SERVICE,
    SERVICE_ACCOUNT,
    Scene,
)


def name_of(site: Object) -> str:
    name: str = site["metadata"]["name"]
    return name


def test_what_the_plan_no_longer_names_is_deleted(scene: Scene) -> None:
    site = scene.site(autoscaled=True)
    scene.reconciled(site)
    result = scene.reconciled(scene.changed(site, autoscaled=False))
    assert result.pruned is not None
    assert [str(ref) for ref in result.pruned.deleted] == [
        f"HorizontalPodAutoscaler {scene.namespace}/{name_of(site)}"
    ]
    assert scene.live(AUTOSCALER, name_of(site)) is None


def test_only_the_owners_objects_are_deleted(scene: Scene) -> None:
    mine, other = scene.site(), scene.site()
    scene.reconciled(mine)
    scene.reconciled(other)
    foreign: Object = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "foreign"}}
    scene.put(foreign)
    result = scene.reconciled(scene.changed(mine, unmanaged=True))
    assert result.pruned is not None
    assert {ref.name for ref in result.pruned.deleted} == {name_of(mine)}
    assert len(result.pruned.deleted) == 4
    assert scene.live(DEPLOYMENT, name_of(mine)) is None
    assert scene.live(DEPLOYMENT, name_of(other)) is not None
    assert scene.live(CONFIG_MAP, "foreign") is not None


def test_an_owner_that_is_not_ours_keeps_what_it_has(scene: Scene) -> None:
    site = scene.site()
    scene.reconciled(site)
    scene.reconciled(scene.changed(site, foreign=True))
    assert scene.cluster.requests == []
    assert scene.live(DEPLOYMENT, name_of(site)) is not None


def test_a_planning_error_touches_nothing(scene: Scene) -> None:
    site = scene.site()
    scene.reconciled(site)
    result = scene.reconcile(scene.changed(site, broken=True))
    assert [str(error) for error in result.errors] == ["spec.broken: is broken"]
    assert scene.cluster.requests == []


class Unsynced(MemoryStore):
    """A cache that has not seen its first list."""

    def get(self, kind: KindRef, namespace: str, name: str) -> Object | None:
        raise NotSynced(f"{kind} is not yet known")

    def list(self, *arguments: object, **named: object) -> list[Object]:
        raise NotSynced("not yet known")


@pytest.mark.parametrize("live", [MemoryStore(), Unsynced()], ids=["empty", "unsynced"])
def test_an_empty_or_unsynced_store_deletes_nothing(scene: Scene, live: ObjectStore) -> None:
    site = scene.site(autoscaled=True)
    scene.reconciled(site)
    scene.deployer = scene.restarted()
    result = scene.reconcile(scene.changed(site, autoscaled=False), live=live)
    assert "delete" not in {sent.verb for sent in scene.cluster.requests}
    assert isinstance(live, Unsynced) == bool(result.errors)
    assert scene.live(AUTOSCALER, name_of(site)) is not None


def test_a_list_that_fails_deletes_nothing_of_that_kind_and_is_reported(scene: Scene) -> None:
    site = scene.site(autoscaled=True)
    scene.reconciled(site)
    site = scene.changed(site, unmanaged=True)

    def fail(_number: int, sent: Sent) -> None:
        if (sent.verb, sent.kind) == ("list", "HorizontalPodAutoscaler"):
            raise Interrupted("lost")

    scene.cluster.before = fail
    result = scene.reconcile(site)
    assert [str(error) for error in result.errors] == ["lost"]
    assert scene.live(AUTOSCALER, name_of(site)) is not None
    assert scene.live(DEPLOYMENT, name_of(site)) is None


def test_a_failed_deploy_prunes_nothing(scene: Scene) -> None:
    site = scene.site(autoscaled=True)
    scene.reconciled(site)

    def fail(_number: int, sent: Sent) -> None:
        if (sent.verb, sent.kind) == ("apply", "Deployment"):
            raise Interrupted("lost")

    scene.cluster.before = fail
    result = scene.reconcile(scene.changed(site, autoscaled=False, replicas=3))
    assert result.errors
    assert result.pruned is None
    assert scene.live(AUTOSCALER, name_of(site)) is not None


def test_an_object_that_somebody_took_over_meanwhile_is_not_deleted(scene: Scene) -> None:
    site = scene.site(autoscaled=True)
    scene.reconciled(site)
    stale = scene.snapshot()
    scene.patch(AUTOSCALER, name_of(site), {"op": "remove", "path": "/metadata/ownerReferences"})
    scene.deployer = scene.restarted()
    result = scene.reconciled(scene.changed(site, autoscaled=False), live=stale)
    assert result.pruned is not None
    assert result.pruned.deleted == ()
    assert scene.live(AUTOSCALER, name_of(site)) is not None


def test_an_object_that_merely_changed_meanwhile_is_deleted(scene: Scene) -> None:
    site = scene.site(autoscaled=True)
    scene.reconciled(site)
    stale = scene.snapshot()
    scene.patch(AUTOSCALER, name_of(site), {"op": "add", "path": "/metadata/labels", "value": {"a": "b"}})
    scene.deployer = scene.restarted()
    scene.reconciled(scene.changed(site, autoscaled=False), live=stale)
    assert scene.live(AUTOSCALER, name_of(site)) is None


def test_a_workload_stays_until_the_one_that_replaces_it_is_available(scene: Scene) -> None:
    site = scene.site()
    scene.reconciled(site)
    # No node has this label: so the DaemonSet has no pod yet.
    site = scene.changed(site, daemon=True, node={"example.com/ready": "yes"})
    for _ in range(2):
        result = scene.reconciled(site)
        assert [str(waiting.ref) for waiting in result.pending] == [
            f"Deployment {scene.namespace}/{name_of(site)}"
        ]
        assert f"until DaemonSet {scene.namespace}/{name_of(site)} is available" in result.pending[0].reason
        assert result.requeue_after == 5
        assert scene.live(DEPLOYMENT, name_of(site)) is not None
    site = scene.changed(site, node={})
    scene.reconciled(site)
    scene.server.make_available(scene.there(DAEMON_SET, name_of(site)))
    result = scene.reconciled(site)
    assert result.pending == ()
    assert scene.live(DEPLOYMENT, name_of(site)) is None


def test_a_deleting_owner_is_only_cleaned_up(scene: Scene) -> None:
    site = scene.site(cluster=True)
    scene.reconciled(site)
    ref = ObjectRef.of(site)
    deployed = scene.direct.get(*ref)
    assert deployed is not None
    assert deployed["metadata"]["finalizers"] == ["gwdeployer.dev/cleanup"]
    role = f"{scene.namespace}-{name_of(site)}"
    assert scene.direct.get(CLUSTER_ROLE, "", role) is not None
    scene.direct.delete(ref)
    deleting = scene.direct.get(*ref)
    assert deleting is not None
    scene.reconciled(deleting)
    assert "apply Site" in " ".join(map(str, scene.cluster.requests))
    assert scene.direct.get(CLUSTER_ROLE, "", role) is None
    for kind in (SERVICE_ACCOUNT, CONFIG_MAP, SERVICE, DEPLOYMENT):
        assert scene.live(kind, name_of(site)) is None
    assert scene.direct.get(*ref) is None


def test_the_finalizer_goes_with_the_last_cluster_scoped_object(scene: Scene) -> None:
    site = scene.site(cluster=True)
    scene.reconciled(site)
    scene.changed(site, cluster=False)
    site = scene.direct.get(*ObjectRef.of(site)) or {}
    scene.reconciled(site)
    after = scene.direct.get(*ObjectRef.of(site)) or {}
    assert "finalizers" not in after["metadata"]
    scene.reconciled(after)
    assert scene.cluster.writes == []


def test_a_cluster_scoped_object_is_not_made_where_it_would_not_be_found_again(scene: Scene) -> None:
    site = scene.site(cluster=True)

    def fail(_number: int, sent: Sent) -> None:
        if sent.kind == "Site":
            raise Interrupted("lost")

    scene.cluster.before = fail
    result = scene.reconcile(site)
    assert [str(error) for error in result.errors] == ["lost"]
    assert scene.direct.get(CLUSTER_ROLE, "", f"{scene.namespace}-{name_of(site)}") is None
    assert scene.live(DEPLOYMENT, name_of(site)) is not None


def test_an_owner_of_the_past_leaves_nothing_cluster_scoped_behind(scene: Scene) -> None:
    site = scene.site(cluster=True)
    scene.reconciled(site)
    ref = ObjectRef.of(site)
    before = scene.direct.get(*ref) or {}
    scene.direct.delete(ref)
    scene.reconciled(scene.direct.get(*ref) or {})
    assert scene.direct.get(*ref) is None
    result = scene.reconcile(before)
    assert "is gone, or another one of its name by now" in str(result.errors[0])
    assert scene.direct.get(CLUSTER_ROLE, "", f"{scene.namespace}-{name_of(site)}") is None
