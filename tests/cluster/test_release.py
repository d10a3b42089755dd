"""An owner that is somebody else's from now on: what only we have applied for it goes, the rest stays."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from gwdeployer import MemoryStore, ObjectRef, PlanError
from gwdeployer.cluster import PruneResult
from gwdeployer.objects import KindRef, Object
from gwdeployer.store import ObjectStore
from tests.cluster.recording import Sent
from tests.cluster.scene import (
    AUTOSCALER,
    CLUSTER_ROLE,
    CONFIG_MAP,
    DEPLOYMENT,
    MANAGER,
    SERVICE,
    SERVICE_ACCOUNT,
    SITE,
    Scene,
)

OTHER = "kgateway.dev/kgateway"
FINALIZER = "gwdeployer.dev/cleanup"
ALL = (SERVICE_ACCOUNT, CONFIG_MAP, SERVICE, DEPLOYMENT)


def name_of(site: Object) -> str:
    name: str = site["metadata"]["name"]
    return name


def released(scene: Scene, site: Object, live: ObjectStore | None = None) -> PruneResult:
    """Release a Site with the requests counted from zero, and see that nothing went wrong."""
    scene.cluster.clear()
    result = scene.deployer.release(site, live=live)
    assert [str(error) for error in result.errors] == []
    return result


def kinds(result: PruneResult) -> set[str]:
    return {ref.kind.kind for ref in result.deleted}


def take_over(scene: Scene, kind: KindRef, name: str, manager: str = OTHER) -> Object:
    """Apply an object as it is, by force, as another controller that finds it under the name it wants."""
    live = scene.there(kind, name)
    metadata = {
        key: live["metadata"][key]
        for key in ("name", "namespace", "labels", "ownerReferences")
        if key in live["metadata"]
    }
    content = {key: value for key, value in live.items() if key not in ("metadata", "status")}
    return scene.direct.apply({**content, "metadata": metadata}, manager=manager, force=True)


def current(scene: Scene, site: Object) -> Object:
    return scene.direct.get(*ObjectRef.of(site)) or {}


@pytest.mark.parametrize("cached", [False, True], ids=["asking the server", "from a cache"])
def test_what_only_we_have_applied_is_deleted(scene: Scene, cached: bool) -> None:
    site = scene.site(autoscaled=True)
    scene.reconciled(site)
    scene.deployer = scene.restarted()
    result = released(scene, site, scene.snapshot() if cached else None)
    assert kinds(result) == {
        "ServiceAccount",
        "ConfigMap",
        "Service",
        "Deployment",
        "HorizontalPodAutoscaler",
    }
    assert [scene.live(kind, name_of(site)) for kind in (*ALL, AUTOSCALER)] == [None] * 5
    assert {sent.verb for sent in scene.cluster.writes} == {"delete"}


def test_what_another_controller_has_taken_over_stays_as_it_is(scene: Scene) -> None:
    site = scene.site()
    scene.reconciled(site)
    taken = [take_over(scene, kind, name_of(site)) for kind in ALL]
    assert released(scene, site).deleted == ()
    assert scene.cluster.writes == []
    there = [scene.there(kind, name_of(site))["metadata"]["uid"] for kind in ALL]
    assert there == [obj["metadata"]["uid"] for obj in taken]


def test_each_object_is_judged_by_itself(scene: Scene) -> None:
    site = scene.site()
    scene.reconciled(site)
    take_over(scene, SERVICE, name_of(site))
    assert kinds(released(scene, site)) == {"ServiceAccount", "ConfigMap", "Deployment"}
    assert scene.live(SERVICE, name_of(site)) is not None


def test_what_the_other_controller_made_for_the_owner_stays(scene: Scene) -> None:
    site = scene.site()
    scene.reconciled(site)
    references = scene.there(SERVICE, name_of(site))["metadata"]["ownerReferences"]
    theirs = {"name": "theirs", "ownerReferences": references}
    scene.put({"apiVersion": "v1", "kind": "ConfigMap", "metadata": theirs}, manager=OTHER)
    released(scene, site)
    assert scene.live(CONFIG_MAP, "theirs") is not None
    assert scene.live(CONFIG_MAP, name_of(site)) is None


def test_nothing_of_other_owners_or_of_nobody_is_touched(scene: Scene) -> None:
    mine, other = scene.site(), scene.site()
    scene.reconciled(mine)
    scene.reconciled(other)
    scene.put({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "nobodys"}}, manager=MANAGER)
    result = released(scene, mine)
    assert {ref.name for ref in result.deleted} == {name_of(mine)}
    assert all(scene.live(kind, name_of(other)) is not None for kind in ALL)
    assert scene.live(CONFIG_MAP, "nobodys") is not None


def test_an_owner_that_was_never_ours_is_not_touched(scene: Scene) -> None:
    site = scene.site()
    reference = {"apiVersion": "example.com/v1", "kind": "Site", "name": name_of(site), "controller": True}
    references = [{**reference, "uid": site["metadata"]["uid"]}]
    theirs = {"name": name_of(site), "ownerReferences": references}
    scene.put({"apiVersion": "v1", "kind": "ConfigMap", "metadata": theirs}, manager=OTHER)
    assert released(scene, site).deleted == ()
    assert scene.cluster.writes == []


def test_an_edit_by_hand_is_no_takeover(scene: Scene) -> None:
    site = scene.site()
    scene.reconciled(site)
    scene.patch(SERVICE, name_of(site), {"op": "add", "path": "/spec/ports/0/port", "value": 81})
    assert "Service" in kinds(released(scene, site))


def test_replicas_that_were_left_to_an_autoscaler_are_no_takeover(scene: Scene) -> None:
    site = scene.site()
    scene.reconciled(site)
    scene.reconciled(scene.changed(site, autoscaled=True))
    assert "Deployment" in kinds(released(scene, site))


def test_an_object_that_is_taken_over_at_the_last_moment_stays(scene: Scene) -> None:
    site = scene.site()
    scene.reconciled(site)
    stale = scene.snapshot()
    take_over(scene, DEPLOYMENT, name_of(site))
    scene.deployer = scene.restarted()
    assert "Deployment" not in kinds(released(scene, site, stale))
    assert scene.live(DEPLOYMENT, name_of(site)) is not None
    assert [sent.verb for sent in scene.cluster.requests if sent.kind == "Deployment"] == ["delete", "get"]


def test_a_second_release_finds_nothing_to_do(scene: Scene) -> None:
    site = scene.site(cluster=True)
    scene.reconciled(site)
    released(scene, current(scene, site))
    assert released(scene, current(scene, site)).deleted == ()
    assert scene.cluster.writes == []


def test_a_request_that_fails_is_reported_and_the_finalizer_stays(scene: Scene) -> None:
    site = scene.site(cluster=True)
    scene.reconciled(site)

    def fail(_number: int, sent: Sent) -> None:
        if (sent.verb, sent.kind) == ("delete", "ClusterRole"):
            raise PlanError("lost")

    scene.cluster.before = fail
    result = scene.deployer.release(current(scene, site))
    assert [str(error) for error in result.errors] == ["lost"]
    assert current(scene, site)["metadata"]["finalizers"] == [FINALIZER]


def test_the_finalizer_goes_with_what_it_was_there_for(scene: Scene) -> None:
    site = scene.site(cluster=True)
    scene.reconciled(site)
    assert "ClusterRole" in kinds(released(scene, current(scene, site)))
    assert "finalizers" not in current(scene, site)["metadata"]


def hold(scene: Scene, site: Object, manager: str) -> Object:
    """Have another deployer set the finalizer on a Site."""
    metadata = {"name": name_of(site), "namespace": scene.namespace, "finalizers": [FINALIZER]}
    owner: Object = {"apiVersion": SITE.api_version, "kind": SITE.kind, "metadata": metadata}
    return scene.direct.apply(owner, manager=f"{manager}-finalizer", force=True)


def taken_cluster_role(scene: Scene, site: Object) -> Callable[[], Object | None]:
    """Have the other deployer take the ClusterRole over; return who looks whether it is there."""
    name = f"{scene.namespace}-{name_of(site)}"
    live = scene.direct.get(CLUSTER_ROLE, "", name) or {}
    metadata = {key: live["metadata"][key] for key in ("name", "labels", "annotations")}
    scene.direct.apply({**live, "metadata": metadata}, manager=OTHER, force=True)
    return lambda: scene.direct.get(CLUSTER_ROLE, "", name)


def test_the_finalizer_of_the_deployer_that_took_over_stays(scene: Scene) -> None:
    site = scene.site(cluster=True)
    scene.reconciled(site)
    role = taken_cluster_role(scene, site)
    hold(scene, site, OTHER)
    released(scene, current(scene, site))
    after = current(scene, site)
    assert after["metadata"]["finalizers"] == [FINALIZER]
    assert role() is not None
    released(scene, after)
    assert scene.cluster.writes == []


def test_a_finalizer_that_a_restored_owner_has_goes_too(scene: Scene) -> None:
    site = scene.site(cluster=True)
    scene.reconciled(site)
    ref = ObjectRef.of(site)
    scene.direct.json_patch(
        ref, [{"op": "replace", "path": "/metadata/managedFields", "value": [{}]}], manager="restore"
    )
    released(scene, current(scene, site))
    assert "finalizers" not in current(scene, site)["metadata"]


def test_an_owner_without_a_uid_has_nothing_to_release(scene: Scene) -> None:
    site = scene.site()
    del site["metadata"]["uid"]
    with pytest.raises(PlanError, match="has no UID"):
        scene.deployer.release(site, live=MemoryStore())
