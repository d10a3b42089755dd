"""Nothing foreign is touched: ownership is proven before every write and every delete."""

from __future__ import annotations

from typing import Any

import pytest

from gwdeployer import KindRef
from gwdeployer.cluster import Action, ReconcileResult
from gwdeployer.errors import ForeignObject, RetryableError
from gwdeployer.objects import Object, is_owned_by
from tests.cluster.scene import CONFIG_MAP, DEPLOYMENT, MANAGER, SECRET, SERVICE, SERVICE_ACCOUNT, Scene


def name_of(site: Object) -> str:
    name: str = site["metadata"]["name"]
    return name


def config_map(name: str, **metadata: Any) -> Object:
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": name, **metadata},
        "data": {"theirs": "1"},
    }


def refused(result: ReconcileResult) -> ForeignObject:
    assert result.deployed is not None
    (error,) = [o.error for o in result.deployed.outcomes if o.action is Action.REFUSED]
    assert isinstance(error, ForeignObject)
    return error


FOREIGN = {
    "ServiceAccount": (SERVICE_ACCOUNT, {"automountServiceAccountToken": False}),
    "ConfigMap": (CONFIG_MAP, {"data": {"theirs": "1"}}),
    "Service": (SERVICE, {"spec": {"ports": [{"port": 1, "protocol": "TCP"}]}}),
    "Deployment": (
        DEPLOYMENT,
        {
            "spec": {
                "selector": {"matchLabels": {"a": "b"}},
                "template": {
                    "metadata": {"labels": {"a": "b"}},
                    "spec": {"containers": [{"name": "c", "image": "i"}]},
                },
            }
        },
    ),
}


@pytest.mark.parametrize("kind", FOREIGN)
@pytest.mark.parametrize("cached", [True, False], ids=["cached", "asked"])
def test_a_foreign_object_of_the_same_name_is_refused_and_the_rest_goes_on(
    scene: Scene, kind: str, cached: bool
) -> None:
    ref, content = FOREIGN[kind]
    site = scene.site()
    foreign = scene.put(
        {"apiVersion": ref.api_version, "kind": kind, "metadata": {"name": name_of(site)}, **content}
    )
    result = scene.reconcile(site, live=scene.snapshot() if cached else None)
    assert f"{kind} {scene.namespace}/{name_of(site)}: exists and is not ours" in str(refused(result))
    assert "gwdeployer.dev/adopt" in str(refused(result))
    assert result.requeue_after == 60
    assert result.pruned is None
    after = scene.there(ref, name_of(site))
    assert after["metadata"]["managedFields"][0] == foreign["metadata"]["managedFields"][0]
    assert not is_owned_by(after, site["metadata"]["uid"])
    for other, _ in FOREIGN.values():
        assert other == ref or scene.live(other, name_of(site)) is not None
    with pytest.raises(RetryableError, match="not ours"):
        result.raise_for_errors()


def test_an_object_that_appears_between_look_and_write_is_not_taken_over(scene: Scene) -> None:
    site = scene.site()
    before = scene.snapshot()
    scene.put(config_map(name_of(site)))
    assert "is nobody's that we know of" in str(refused(scene.reconcile(site, live=before)))
    assert scene.there(CONFIG_MAP, name_of(site))["data"] == {"theirs": "1"}


def test_the_object_of_another_owner_is_refused_by_name(scene: Scene) -> None:
    other, site = scene.site(), scene.site()
    scene.reconciled(other)
    reference = scene.there(CONFIG_MAP, name_of(other))["metadata"]["ownerReferences"]
    scene.put(config_map(name_of(site), ownerReferences=reference))
    error = refused(scene.reconcile(site))
    assert f"is controlled by Site {name_of(other)}" in str(error)
    assert "adopt" not in str(error)


def test_a_foreign_secret_is_not_mistaken_for_the_one_made_once(scene: Scene) -> None:
    site = scene.site(secret="ours")
    name = f"{name_of(site)}-key"
    scene.put({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name}, "stringData": {"key": "no"}})
    assert "Secret" in str(refused(scene.reconcile(site)))
    assert scene.there(SECRET, name)["data"] == {"key": "bm8="}


def test_a_refusal_clears_when_the_foreign_object_goes(scene: Scene) -> None:
    site = scene.site()
    scene.put(config_map(name_of(site)))
    assert scene.reconcile(site).errors
    scene.direct.delete(ref_of(CONFIG_MAP, scene, site))
    assert scene.reconciled(site).deployed is not None


def ref_of(kind: KindRef, scene: Scene, site: Object) -> Any:
    from gwdeployer import ObjectRef

    return ObjectRef(kind, scene.namespace, name_of(site))


def test_an_object_is_adopted_where_the_owner_asks(scene: Scene) -> None:
    site = scene.site(annotations={"gwdeployer.dev/adopt": "ConfigMap/later, Service/x"})
    site = scene.changed(site, annotations={"gwdeployer.dev/adopt": f"ConfigMap/{name_of(site)}"})
    scene.put(config_map(name_of(site), labels={"theirs": "yes"}), manager="helm")
    scene.patch(
        CONFIG_MAP,
        name_of(site),
        {"op": "add", "path": "/metadata/annotations", "value": {"injected": "by another"}},
        manager="another",
    )
    result = scene.reconciled(site)
    assert result.deployed is not None
    (adopted,) = [o for o in result.deployed.outcomes if o.adopted_from]
    assert str(adopted) == f"ConfigMap {scene.namespace}/{name_of(site)} configured (adopted from helm)"
    live = scene.there(CONFIG_MAP, name_of(site))
    assert live["data"] == {"text": "hello"}
    assert "labels" not in live["metadata"]
    assert live["metadata"]["annotations"] == {"injected": "by another"}
    assert is_owned_by(live, site["metadata"]["uid"])
    assert {entry["manager"] for entry in live["metadata"]["managedFields"]} == {MANAGER, "another"}
    scene.reconciled(site)
    assert scene.cluster.writes == []


def test_what_another_controls_is_not_adopted(scene: Scene) -> None:
    other, site = scene.site(), scene.site()
    scene.reconciled(other)
    reference = scene.there(CONFIG_MAP, name_of(other))["metadata"]["ownerReferences"]
    scene.put(config_map(name_of(site), ownerReferences=reference))
    site = scene.changed(site, annotations={"gwdeployer.dev/adopt": f"ConfigMap/{name_of(site)}"})
    assert "is controlled by Site" in str(refused(scene.reconcile(site)))


def test_an_object_that_was_recreated_by_somebody_else_is_refused(scene: Scene) -> None:
    site = scene.site()
    scene.reconciled(site)
    stale = scene.snapshot()
    scene.direct.delete(ref_of(CONFIG_MAP, scene, site))
    scene.put(config_map(name_of(site)))
    scene.deployer = scene.restarted()
    assert refused(scene.reconcile(scene.changed(site, text="new"), live=stale))
    assert scene.there(CONFIG_MAP, name_of(site))["data"] == {"theirs": "1"}


def test_an_object_that_was_deleted_meanwhile_is_created_anew_as_ours(scene: Scene) -> None:
    site = scene.site()
    scene.reconciled(site)
    stale = scene.snapshot()
    scene.direct.delete(ref_of(CONFIG_MAP, scene, site))
    scene.deployer = scene.restarted()
    result = scene.reconciled(scene.changed(site, text="new"), live=stale)
    assert result.deployed is not None
    assert Action.CREATED in {outcome.action for outcome in result.deployed.outcomes}
    assert is_owned_by(scene.there(CONFIG_MAP, name_of(site)), site["metadata"]["uid"])


def test_an_object_that_is_being_deleted_is_waited_for(scene: Scene) -> None:
    site = scene.site()
    scene.reconciled(site)
    hold = {"op": "add", "path": "/metadata/finalizers", "value": ["example.com/hold"]}
    scene.patch(CONFIG_MAP, name_of(site), hold)
    scene.direct.delete(ref_of(CONFIG_MAP, scene, site))
    result = scene.reconciled(scene.changed(site, text="new"))
    assert result.deployed is not None
    assert result.deployed.waiting
    assert result.requeue_after == 5
    scene.patch(CONFIG_MAP, name_of(site), {"op": "remove", "path": "/metadata/finalizers"})
    result = scene.reconciled(scene.changed(site, text="new"))
    assert scene.there(CONFIG_MAP, name_of(site))["data"] == {"text": "new"}
