"""Each error of an API server has its own treatment, and says which object, which field, and what to do."""

from __future__ import annotations

import copy
import threading
import time
from typing import Any

import pytest

from gwdeployer import ObjectRef
from gwdeployer.cluster import Action, Outcome, ReconcileResult
from gwdeployer.errors import (
    Contested,
    Denied,
    GwdeployerError,
    ImmutableField,
    Interrupted,
    InvalidObject,
    KindNotInstalled,
    PlanError,
    TerminalError,
)
from gwdeployer.objects import Object, metadata_of
from tests.cluster.recording import Sent
from tests.cluster.scene import AUTOSCALER, CONFIG_MAP, DEPLOYMENT, SERVICE, Scene


def name_of(site: Object) -> str:
    name: str = site["metadata"]["name"]
    return name


def outcome(result: ReconcileResult, kind: str) -> Outcome:
    assert result.deployed is not None
    (found,) = [outcome for outcome in result.deployed.outcomes if outcome.ref.kind.kind == kind]
    return found


def only_error(result: ReconcileResult) -> GwdeployerError:
    (error,) = result.errors
    return error


def test_an_immutable_field_is_named_and_the_object_left_as_it_is(scene: Scene) -> None:
    site = scene.site()
    scene.reconciled(site)
    before = scene.there(DEPLOYMENT, name_of(site))
    result = scene.reconcile(scene.changed(site, app="other"))
    error = only_error(result)
    assert isinstance(error, ImmutableField)
    assert "spec.selector: Invalid value" in str(error)
    assert "field is immutable" in str(error)
    assert f'gwdeployer.dev/recreate: "immutable" on Site {scene.namespace}/{name_of(site)}' in str(error)
    assert result.requeue_after is None
    after = scene.there(DEPLOYMENT, name_of(site))
    assert after["metadata"]["uid"] == before["metadata"]["uid"]
    assert scene.there(SERVICE, name_of(site))["spec"]["selector"] == {"app": "other"}


def test_the_object_is_deleted_and_created_where_the_owner_allows_it(scene: Scene) -> None:
    site = scene.site()
    scene.reconciled(site)
    before = scene.there(DEPLOYMENT, name_of(site))
    site = scene.changed(site, annotations={"gwdeployer.dev/recreate": "immutable"}, app="other")
    result = scene.reconciled(site)
    assert outcome(result, "Deployment").action is Action.RECREATED
    after = scene.there(DEPLOYMENT, name_of(site))
    assert after["metadata"]["uid"] != before["metadata"]["uid"]
    assert after["spec"]["selector"] == {"matchLabels": {"app": "other"}}


def test_nothing_is_deleted_for_an_object_that_could_not_be_created(scene: Scene) -> None:
    site = scene.site()
    scene.reconciled(site)
    before = scene.there(DEPLOYMENT, name_of(site))
    annotations = {"gwdeployer.dev/recreate": "immutable"}
    site = scene.changed(site, annotations=annotations, app="other", replicas=-1)
    assert isinstance(only_error(scene.reconcile(site)), InvalidObject)
    after = scene.there(DEPLOYMENT, name_of(site))
    assert after["metadata"]["uid"] == before["metadata"]["uid"]


def test_an_invalid_object_is_terminal_and_the_rest_goes_on(scene: Scene) -> None:
    site = scene.site(replicas=-1)
    result = scene.reconcile(site)
    error = only_error(result)
    assert isinstance(error, InvalidObject)
    assert f"Deployment {scene.namespace}/{name_of(site)} spec.replicas: Invalid value: -1" in str(error)
    assert result.requeue_after is None
    assert outcome(result, "Service").action is Action.CREATED
    with pytest.raises(TerminalError):
        result.raise_for_errors()


def test_a_kind_that_is_not_installed_does_not_keep_the_rest(scene: Scene) -> None:
    site = scene.site(monitor=True)
    result = scene.reconcile(site)
    error = only_error(result)
    assert isinstance(error, KindNotInstalled)
    assert "does not serve Monitor in nobody.example.com/v1" in str(error)
    assert "install its CustomResourceDefinition" in str(error)
    assert outcome(result, "Deployment").action in {Action.CREATED, Action.UNCHANGED}


def test_what_a_plan_can_do_without_is_skipped_and_nothing_waits_for_it(scene: Scene) -> None:
    site = scene.site(monitor=True, optional=True, autoscaled=True)
    scene.reconcile(site)
    result = scene.reconciled(scene.changed(site, autoscaled=False))
    assert outcome(result, "Monitor").action is Action.SKIPPED
    assert result.deployed is not None
    (warning,) = result.deployed.warnings
    assert "does not serve Monitor in nobody.example.com/v1" in str(warning)
    assert result.requeue_after == 60
    assert scene.live(AUTOSCALER, name_of(site)) is None


def test_the_words_of_a_quota_are_shown(scene: Scene) -> None:
    if scene.server.name == "in-process":
        pytest.skip("this server admits everything")
    path = f"/api/v1/namespaces/{scene.namespace}/resourcequotas"
    none_left = {"hard": {"count/services": "0"}}
    with scene.server.client() as client:
        client.post(path, {"metadata": {"name": "few"}, "spec": none_left}).object()
        used = {"status": {**none_left, "used": {"count/services": "0"}}}  # as its controller would write
        client.patch(f"{path}/few/status", used).object()
    site = scene.site()
    result = scene.reconcile(site)
    error = only_error(result)
    assert isinstance(error, Denied)
    assert "exceeded quota: few, requested: count/services=1, used: count/services=0" in str(error)
    assert result.requeue_after == 60
    assert scene.live(DEPLOYMENT, name_of(site)) is not None


def denied(scene: Scene, site: Object) -> bool:
    probe = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": f"{name_of(site)}-probe", "namespace": scene.namespace},
        "data": {"text": "forbidden"},
    }
    try:
        scene.direct.apply(probe, manager="probe", force=True, dry_run=True)
    except Denied:
        return True
    return False


def ref_of_policy(kind: str, name: str) -> ObjectRef:
    from gwdeployer import KindRef

    return ObjectRef(KindRef("admissionregistration.k8s.io", "v1", kind), "", name)


def install_policy(scene: Scene, name: str, words: str) -> None:
    here = {"matchLabels": {"kubernetes.io/metadata.name": scene.namespace}}
    rule = {"apiGroups": [""], "apiVersions": ["v1"], "operations": ["*"], "resources": ["configmaps"]}
    expression = "!has(object.data) || !('text' in object.data) || object.data.text != 'forbidden'"
    objects: list[dict[str, Any]] = [
        {
            "kind": "ValidatingAdmissionPolicy",
            "spec": {
                "matchConstraints": {"resourceRules": [rule], "namespaceSelector": here},
                "validations": [{"expression": expression, "message": words}],
            },
        },
        {
            "kind": "ValidatingAdmissionPolicyBinding",
            "spec": {"policyName": name, "validationActions": ["Deny"]},
        },
    ]
    for obj in objects:
        typed = {"apiVersion": "admissionregistration.k8s.io/v1", "metadata": {"name": name}, **obj}
        scene.direct.apply(typed, manager="tests", force=True)


def test_two_writers_do_not_fight_for_ever(scene: Scene) -> None:
    site = scene.site()
    scene.reconciled(site)
    errors: list[GwdeployerError] = []
    for replicas in range(10, 20):
        operation = {"op": "replace", "path": "/spec/replicas", "value": replicas}
        scene.patch(DEPLOYMENT, name_of(site), operation, manager="stubborn")
        errors += scene.reconcile(site).errors
    assert {type(error) for error in errors} == {Contested}
    assert len(errors) == 5
    assert "spec.replicas: repaired 5 times in 600 s, and changed again by stubborn" in str(errors[0])
    assert isinstance(errors[0], Contested)
    assert 0 < errors[0].delay <= 30
    # What the owner asks for anew is not part of the dispute.
    scene.reconciled(scene.changed(site, replicas=3))
    assert scene.there(DEPLOYMENT, name_of(site))["spec"]["replicas"] == 3


def test_a_deadline_ends_the_work_between_two_requests(scene: Scene) -> None:
    site = scene.site()

    def slow(number: int, _sent: Sent) -> None:
        if number == 2:
            time.sleep(0.3)

    scene.cluster.before = slow
    result = scene.reconcile(site, timeout=0.25, live=scene.snapshot())
    assert {type(error) for error in result.errors} == {Interrupted}
    assert "not done within 0.25 s" in str(result.errors[0])
    assert len(scene.cluster.requests) == 3
    scene.cluster.before = lambda *_: None
    scene.reconciled(site)


def test_a_cancelled_reconcile_sends_nothing_more(scene: Scene) -> None:
    site = scene.site()
    cancel = threading.Event()

    def call_off(number: int, _sent: Sent) -> None:
        if number == 1:
            cancel.set()

    scene.cluster.after = call_off
    result = scene.reconcile(site, cancel=cancel, live=scene.snapshot())
    assert [str(error) for error in result.errors] == ["cancelled", "cancelled"]
    assert len(scene.cluster.requests) == 2
    assert scene.live(CONFIG_MAP, name_of(site)) is not None
    assert scene.live(SERVICE, name_of(site)) is None


def test_objects_are_deployed_for_the_owner_they_name(scene: Scene) -> None:
    site = scene.site()
    plan = scene.deployer.plan(site, scene.snapshot())
    result = scene.deployer.deploy_objs(list(plan.objects))
    assert result.errors == ()
    assert str(result.owner) == f"Site {scene.namespace}/{name_of(site)}"
    rendered = scene.deployer.get_objs_to_deploy(site, scene.snapshot())
    again = scene.deployer.deploy_objs(rendered, owner=site)
    assert {outcome.action for outcome in again.outcomes} == {Action.UNCHANGED}
    with pytest.raises(PlanError, match="has no controller ownerReference"):
        scene.deployer.deploy_objs(rendered)


@pytest.mark.parametrize("names_owner", [True, False])
def test_objects_that_a_caller_changes_in_place_are_compared_anew(scene: Scene, names_owner: bool) -> None:
    site = scene.site()
    owner = site if names_owner else None
    plan = scene.deployer.plan(site, scene.snapshot())
    objects = copy.deepcopy(list(plan.objects))
    scene.deployer.deploy_objs(objects, owner=owner).raise_for_errors()
    live = scene.snapshot()
    result = scene.deployer.deploy_objs(objects, owner=owner, live=live)
    assert {one.action for one in result.outcomes} == {Action.UNCHANGED}
    [config] = [obj for obj in objects if obj["kind"] == CONFIG_MAP.kind]
    config["data"]["added"] = "later"
    config["metadata"].setdefault("labels", {})["added"] = "later"
    again = scene.deployer.deploy_objs(objects, owner=owner, live=live)
    assert [one.ref.kind for one in again.outcomes if one.action is Action.CONFIGURED] == [CONFIG_MAP]
    assert not any("added" in metadata_of(obj).get("labels", {}) for obj in live.list(CONFIG_MAP))
