"""What a reconcile does to a cluster: nothing lost, nothing foreign touched, no request without need."""

from __future__ import annotations

from gwdeployer.cluster import Action
from gwdeployer.objects import ObjectRef, is_owned_by
from tests.cluster.scene import (
    AUTOSCALER,
    CONFIG_MAP,
    DEPLOYMENT,
    MANAGER,
    SECRET,
    SERVICE,
    SERVICE_ACCOUNT,
    Scene,
)


def name_of(site: dict[str, dict[str, str]]) -> str:
    return site["metadata"]["name"]


def actions(result: object) -> dict[str, Action]:
    return {outcome.ref.kind.kind: outcome.action for outcome in result.deployed.outcomes}  # type: ignore[attr-defined]


def test_everything_is_created_owned_and_applied_by_us(scene: Scene) -> None:
    site = scene.site()
    result = scene.reconciled(site)
    assert set(actions(result).values()) == {Action.CREATED}
    for kind in (SERVICE_ACCOUNT, CONFIG_MAP, SERVICE, DEPLOYMENT):
        live = scene.there(kind, name_of(site))
        assert is_owned_by(live, site["metadata"]["uid"])
        assert {entry["manager"] for entry in live["metadata"]["managedFields"]} >= {MANAGER}


def test_with_a_synced_store_a_new_owner_takes_one_request_for_each_object(scene: Scene) -> None:
    site = scene.site()
    scene.reconciled(site, live=scene.snapshot())
    assert [str(sent).rsplit(" ", 1)[0] for sent in scene.cluster.requests] == [
        "apply ServiceAccount",
        "apply ConfigMap",
        "apply Service",
        "apply Deployment",
    ]


def test_an_unchanged_owner_takes_no_request_with_a_synced_store(scene: Scene) -> None:
    site = scene.site(autoscaled=True, secret="s3cret")
    scene.reconciled(site)
    result = scene.reconciled(site, live=scene.snapshot())
    assert [*map(str, scene.cluster.requests)] == []
    assert set(actions(result).values()) == {Action.UNCHANGED}


def test_an_unchanged_owner_takes_only_reads_without_one(scene: Scene) -> None:
    site = scene.site(autoscaled=True)
    scene.reconciled(site)
    scene.reconciled(site)
    assert [*map(str, scene.cluster.writes)] == []
    assert scene.cluster.reads


def test_the_same_holds_for_an_owner_that_was_forgotten(scene: Scene) -> None:
    site = scene.site()
    live = scene.snapshot()
    scene.reconciled(site, live=live)
    live = scene.snapshot()
    scene.reconciled(site, live=live)
    scene.deployer.forget(site)
    result = scene.reconciled(site, live=live)
    assert [*map(str, scene.cluster.requests)] == []
    assert set(actions(result).values()) == {Action.UNCHANGED}


def test_nothing_is_remembered_of_what_somebody_deleted_and_nobody_plans_any_more(scene: Scene) -> None:
    site = scene.site(autoscaled=True)
    scene.reconciled(site)
    scene.reconciled(site, live=scene.snapshot())
    scene.direct.delete(ObjectRef(AUTOSCALER, scene.namespace, name_of(site)))
    scene.reconciled(scene.changed(site, autoscaled=False), live=scene.snapshot())
    assert scene.deployer._writing is not None
    assert {ref.kind for ref in scene.deployer._writing._settled._pairs} == {
        SERVICE_ACCOUNT,
        CONFIG_MAP,
        SERVICE,
        DEPLOYMENT,
    }


def test_the_same_holds_after_a_restart(scene: Scene) -> None:
    site = scene.site(autoscaled=True)
    scene.reconciled(site)
    scene.deployer = scene.restarted()
    scene.reconciled(site, live=scene.snapshot())
    assert [*map(str, scene.cluster.requests)] == []
    scene.reconciled(site)
    assert [*map(str, scene.cluster.writes)] == []


def test_a_foreign_change_to_our_field_is_repaired_with_one_write(scene: Scene) -> None:
    site = scene.site()
    scene.reconciled(site)
    for restart in (False, True):
        scene.patch(DEPLOYMENT, name_of(site), {"op": "replace", "path": "/spec/replicas", "value": 7})
        if restart:
            scene.deployer = scene.restarted()
        result = scene.reconciled(site, live=scene.snapshot())
        assert [*map(str, scene.cluster.requests)] == [f"apply Deployment {name_of(site)}"]
        assert actions(result)["Deployment"] is Action.CONFIGURED
        assert result.deployed is not None
        assert result.deployed.outcomes[-1].changed == ("spec.replicas",)
        assert scene.there(DEPLOYMENT, name_of(site))["spec"]["replicas"] == 2


def test_a_field_that_somebody_removed_comes_back(scene: Scene) -> None:
    site = scene.site()
    scene.reconciled(site)
    scene.patch(CONFIG_MAP, name_of(site), {"op": "remove", "path": "/data/text"})
    scene.patch(SERVICE, name_of(site), {"op": "remove", "path": "/spec/ports/1"})
    scene.reconciled(site, live=scene.snapshot())
    assert len(scene.cluster.requests) == 2
    assert scene.there(CONFIG_MAP, name_of(site))["data"] == {"text": "hello"}
    assert len(scene.there(SERVICE, name_of(site))["spec"]["ports"]) == 3


def test_an_item_whose_key_somebody_changed_is_set_back(scene: Scene) -> None:
    site = scene.site()
    scene.reconciled(site)
    scene.patch(SERVICE, name_of(site), {"op": "replace", "path": "/spec/ports/0/port", "value": 81})
    container = "/spec/template/spec/containers/0"
    scene.patch(
        DEPLOYMENT,
        name_of(site),
        {"op": "replace", "path": f"{container}/ports/0/containerPort", "value": 8081},
        {"op": "replace", "path": f"{container}/volumeMounts/0/mountPath", "value": "/elsewhere"},
        {"op": "replace", "path": "/spec/template/spec/volumes/1/name", "value": "temporary"},
    )
    scene.reconciled(site)
    ports = scene.there(SERVICE, name_of(site))["spec"]["ports"]
    assert {port["name"]: port["port"] for port in ports} == {"dns": 53, "dns-tcp": 53, "http": 80}
    pods = scene.there(DEPLOYMENT, name_of(site))["spec"]["template"]["spec"]
    assert {"name": "http", "containerPort": 8080, "protocol": "TCP"} in pods["containers"][0]["ports"]
    assert {"name": "tmp", "emptyDir": {}} in pods["volumes"]
    scene.reconciled(site)
    assert [*map(str, scene.cluster.writes)] == []


def test_a_list_whose_every_key_somebody_changed_is_set_back_and_is_ours_alone(scene: Scene) -> None:
    site = scene.site()
    scene.reconciled(site)
    numbers = enumerate((81, 54, 55))
    edits = [
        {"op": "replace", "path": f"/spec/ports/{index}/port", "value": number} for index, number in numbers
    ]
    scene.patch(SERVICE, name_of(site), *edits)
    scene.reconciled(site)
    ports = scene.there(SERVICE, name_of(site))["spec"]["ports"]
    assert {port["name"]: port["port"] for port in ports} == {"dns": 53, "dns-tcp": 53, "http": 80}
    scene.reconciled(site)
    assert [*map(str, scene.cluster.writes)] == []
    # Whatever is written next sees to it that nothing stays when the plan drops it.
    scene.patch(SERVICE, name_of(site), {"op": "remove", "path": "/metadata/labels/app"})
    scene.reconciled(site)
    entries = scene.there(SERVICE, name_of(site))["metadata"]["managedFields"]
    assert [one["operation"] for one in entries if one["manager"] == MANAGER] == ["Apply"]


def test_a_foreign_field_is_left_alone(scene: Scene) -> None:
    site = scene.site()
    scene.reconciled(site)
    sidecar = {"name": "sidecar", "image": "example.com/sidecar:1"}
    template = "/spec/template"
    scene.patch(
        DEPLOYMENT,
        name_of(site),
        {"op": "add", "path": f"{template}/spec/containers/-", "value": sidecar},
        {"op": "add", "path": f"{template}/metadata/annotations", "value": {"example.com/at": "now"}},
        {"op": "add", "path": "/spec/template/spec/nodeSelector", "value": {"zone": "a"}},
    )
    scene.patch(SERVICE, name_of(site), {"op": "add", "path": "/metadata/annotations", "value": {"a": "b"}})
    for deployer in (scene.deployer, scene.restarted()):
        scene.deployer = deployer
        scene.reconciled(site, live=scene.snapshot())
        assert [*map(str, scene.cluster.requests)] == []
    live = scene.there(DEPLOYMENT, name_of(site))
    assert [container["name"] for container in live["spec"]["template"]["spec"]["containers"]] == [
        "web",
        "sidecar",
    ]


def test_a_field_that_the_plan_no_longer_has_is_removed(scene: Scene) -> None:
    site = scene.site(strategy="Recreate")
    scene.reconciled(site)
    site = scene.changed(site, strategy="")
    result = scene.reconciled(site, live=scene.snapshot())
    assert actions(result)["Deployment"] is Action.CONFIGURED
    assert scene.there(DEPLOYMENT, name_of(site))["spec"]["strategy"]["type"] == "RollingUpdate"
    scene.reconciled(site, live=scene.snapshot())
    assert scene.cluster.requests == []


def test_only_the_changed_object_is_written(scene: Scene) -> None:
    site = scene.site()
    scene.reconciled(site)
    scene.reconciled(scene.changed(site, replicas=3), live=scene.snapshot())
    assert [*map(str, scene.cluster.requests)] == [f"apply Deployment {name_of(site)}"]


def test_what_is_made_once_is_never_written_again(scene: Scene) -> None:
    site = scene.site(secret="first")
    scene.reconciled(site)
    made = scene.there(SECRET, f"{name_of(site)}-key")
    scene.reconciled(scene.changed(site, secret="second"))
    assert scene.there(SECRET, f"{name_of(site)}-key") == made
    assert made["data"] == {"key": "Zmlyc3Q="}


def test_our_own_writes_count_until_the_cache_has_caught_up(scene: Scene) -> None:
    site = scene.site()
    stale = scene.snapshot()
    scene.reconciled(site, live=stale)
    scene.reconciled(site, live=stale)
    assert [*map(str, scene.cluster.requests)] == []
    scene.reconciled(scene.changed(site, replicas=3), live=stale)
    assert [*map(str, scene.cluster.requests)] == [f"apply Deployment {name_of(site)}"]


def test_a_cache_that_is_behind_does_no_harm(scene: Scene) -> None:
    site = scene.site()
    before = scene.snapshot()
    scene.reconciled(site)
    scene.deployer = scene.restarted()
    result = scene.reconciled(site, live=before)
    assert set(actions(result).values()) == {Action.UNCHANGED}


def test_replicas_are_handed_over_when_an_autoscaler_appears(scene: Scene) -> None:
    site = scene.site(replicas=4)
    scene.reconciled(site)
    site = scene.changed(site, autoscaled=True)
    scene.reconciled(site, live=scene.snapshot())
    assert scene.there(DEPLOYMENT, name_of(site))["spec"]["replicas"] == 4
    assert scene.live(AUTOSCALER, name_of(site)) is not None
    scene.reconciled(site, live=scene.snapshot())
    assert [*map(str, scene.cluster.requests)] == []


def test_replicas_come_back_when_the_autoscaler_goes(scene: Scene) -> None:
    site = scene.site(replicas=4, autoscaled=True)
    scene.reconciled(site)
    scene.patch(DEPLOYMENT, name_of(site), {"op": "replace", "path": "/spec/replicas", "value": 5})
    site = scene.changed(site, autoscaled=False)
    scene.reconciled(site)
    assert scene.there(DEPLOYMENT, name_of(site))["spec"]["replicas"] == 4
    assert scene.live(AUTOSCALER, name_of(site)) is None


def test_a_strategy_that_a_default_contradicts_is_reached(scene: Scene) -> None:
    site = scene.site()
    scene.reconciled(site)
    site = scene.changed(site, strategy="Recreate")
    scene.reconciled(site, live=scene.snapshot())
    assert scene.there(DEPLOYMENT, name_of(site))["spec"]["strategy"] == {"type": "Recreate"}
    scene.reconciled(site, live=scene.snapshot())
    assert [*map(str, scene.cluster.requests)] == []


def test_empty_values_that_the_api_does_not_store_are_no_difference(scene: Scene) -> None:
    site = scene.site(text="", replicas=0)
    scene.reconciled(site)
    scene.deployer = scene.restarted()
    scene.reconciled(site, live=scene.snapshot())
    assert [*map(str, scene.cluster.requests)] == []
