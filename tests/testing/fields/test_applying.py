"""What an apply makes of an object, and who owns its fields afterwards."""

from __future__ import annotations

from copy import deepcopy

import pytest

from gwdeployer.testing.apiserver.fields import ApplyConflict, FieldsError
from tests.testing.fields.kinds import (
    LATER,
    NOON,
    apply_deployment,
    apply_service,
    apply_widget,
    changed,
    containers,
    deployment,
    owned,
    service,
    stored,
    update_deployment,
    widget,
)


def test_the_applier_owns_what_it_applied_but_not_the_identity_of_the_object() -> None:
    live = apply_deployment(None, deployment(replicas=2), manager="a")
    assert live["metadata"]["managedFields"] == [
        {
            "manager": "a",
            "operation": "Apply",
            "apiVersion": "apps/v1",
            "time": NOON,
            "fieldsType": "FieldsV1",
            "fieldsV1": {"f:spec": {"f:replicas": {}}},
        }
    ]


def test_items_of_list_maps_are_owned_one_by_one_under_their_keys() -> None:
    live = apply_deployment(None, deployment(template=containers({"name": "c", "image": "i"})), manager="a")
    item = owned(live)["a"]["f:spec"]["f:template"]["f:spec"]["f:containers"]
    assert item == {'k:{"name":"c"}': {".": {}, "f:image": {}, "f:name": {}}}


def test_a_key_that_is_left_out_has_its_default() -> None:
    live = apply_service(None, service({"port": 80}), manager="a")
    assert list(owned(live)["a"]["f:spec"]["f:ports"]) == ['k:{"port":80,"protocol":"TCP"}']
    live = apply_service(stored(live), service({"port": 80, "protocol": "UDP"}), manager="b")
    assert live["spec"]["ports"] == [{"port": 80}, {"port": 80, "protocol": "UDP"}]


def test_two_managers_apply_items_of_one_list() -> None:
    live = apply_deployment(None, deployment(template=containers({"name": "app"})), manager="a")
    live = apply_deployment(stored(live), deployment(template=containers({"name": "proxy"})), manager="b")
    assert [item["name"] for item in live["spec"]["template"]["spec"]["containers"]] == ["app", "proxy"]


def test_an_applied_order_of_items_is_followed() -> None:
    ports = [{"port": number} for number in (1, 2, 3)]
    live = apply_service(None, service(*ports), manager="a")
    live = apply_service(stored(live), service(ports[2], {"port": 9}, ports[0]), manager="b")
    assert [port["port"] for port in live["spec"]["ports"]] == [2, 3, 9, 1]


def test_a_field_of_another_manager_is_a_conflict() -> None:
    live = apply_deployment(None, deployment(replicas=2), manager="a")
    live = update_deployment(stored(live), changed(live, replicas=3), manager="kubectl-edit")
    with pytest.raises(ApplyConflict) as caught:
        apply_deployment(live, deployment(replicas=2), manager="a")
    assert caught.value.conflicts == [('"kubectl-edit" using apps/v1', ".spec.replicas")]
    assert caught.value.status() == {
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Failure",
        "message": 'Apply failed with 1 conflict: conflict with "kubectl-edit" using apps/v1: .spec.replicas',
        "reason": "Conflict",
        "details": {
            "causes": [
                {
                    "reason": "FieldManagerConflict",
                    "message": 'conflict with "kubectl-edit" using apps/v1',
                    "field": ".spec.replicas",
                }
            ]
        },
        "code": 409,
    }


def test_several_conflicts_are_told_by_manager() -> None:
    pod = containers({"name": "c", "image": "i"})
    live = apply_deployment(None, deployment(replicas=2, template=pod), manager="a")
    live = apply_deployment(stored(live), deployment(paused=True), manager="b", subresource="status")
    other = deployment(replicas=3, paused=False, template=containers({"name": "c", "image": "j"}))
    with pytest.raises(ApplyConflict) as caught:
        apply_deployment(live, other, manager="c")
    assert str(caught.value).split("\n") == [
        'Apply failed with 3 conflicts: conflicts with "a":',
        "- .spec.replicas",
        '- .spec.template.spec.containers[name="c"].image',
        'conflicts with "b" with subresource "status":',
        "- .spec.paused",
    ]


def test_force_takes_a_field_from_its_owner() -> None:
    live = apply_deployment(None, deployment(replicas=2, paused=True), manager="a")
    live = apply_deployment(stored(live), deployment(replicas=3), manager="b", force=True)
    assert live["spec"] == {"replicas": 3, "paused": True}
    assert owned(live) == {"a": {"f:spec": {"f:paused": {}}}, "b": {"f:spec": {"f:replicas": {}}}}


def test_the_same_value_is_shared_and_nothing_changes() -> None:
    live = stored(apply_deployment(None, deployment(replicas=2), manager="a"))
    shared = apply_deployment(live, deployment(replicas=2), manager="b", now=LATER)
    assert owned(shared)["a"] == owned(shared)["b"] == {"f:spec": {"f:replicas": {}}}
    assert shared["metadata"]["managedFields"][0] == {
        "manager": "b",
        "operation": "Apply",
        "apiVersion": "apps/v1",
        "fieldsType": "FieldsV1",
        "fieldsV1": {"f:spec": {"f:replicas": {}}},
    }


def test_what_is_applied_no_more_is_removed_unless_somebody_else_owns_it() -> None:
    live = stored(apply_deployment(None, deployment(replicas=2, paused=True), manager="a"))
    live = apply_deployment(live, deployment(replicas=2), manager="b")
    live = apply_deployment(live, deployment(minReadySeconds=1), manager="a")
    assert live["spec"] == {"replicas": 2, "minReadySeconds": 1}


def test_an_item_that_is_applied_no_more_goes_with_its_defaults() -> None:
    pod = containers({"name": "app", "image": "i"}, {"name": "proxy", "image": "j"})
    live = stored(apply_deployment(None, deployment(template=pod), manager="a"))
    live["spec"]["template"]["spec"]["containers"][1]["imagePullPolicy"] = "Always"
    live = apply_deployment(live, deployment(template=containers({"name": "app"})), manager="a")
    assert live["spec"]["template"]["spec"]["containers"] == [{"name": "app"}]


def test_a_default_of_an_item_that_stays_is_kept() -> None:
    live = stored(apply_deployment(None, deployment(template=containers({"name": "app"})), manager="a"))
    live["spec"]["template"]["spec"]["containers"][0]["imagePullPolicy"] = "Always"
    live = apply_deployment(live, deployment(template=containers({"name": "app", "image": "i"})), manager="a")
    item = {"name": "app", "image": "i", "imagePullPolicy": "Always"}
    assert live["spec"]["template"]["spec"]["containers"] == [item]


def test_sets_are_owned_item_by_item_and_atomic_values_whole() -> None:
    applied = widget(tags=["b", "a"], steps=["x", "y"], color={"red": 1}, free={"deep": {"list": [1]}})
    live = apply_widget(None, applied, manager="a")
    assert owned(live)["a"]["f:spec"] == {
        "f:color": {},
        "f:free": {"f:deep": {".": {}, "f:list": {}}},
        "f:steps": {},
        "f:tags": {'v:"a"': {}, 'v:"b"': {}},
    }


def test_fields_are_written_in_the_servers_order() -> None:
    live = apply_widget(None, widget(tags=["b", "a"], color={"red": 1}), manager="a")
    assert list(owned(live)["a"]["f:spec"]) == ["f:color", "f:tags"]
    assert list(owned(live)["a"]["f:spec"]["f:tags"]) == ['v:"a"', 'v:"b"']


def test_an_atomic_value_is_replaced() -> None:
    live = apply_widget(None, widget(color={"red": 1, "green": 2}), manager="a")
    live = apply_widget(stored(live), widget(color={"green": 3}), manager="b", force=True)
    assert live["spec"]["color"] == {"green": 3}
    assert list(owned(live)) == ["b"]


def test_an_object_that_was_never_applied_belongs_to_who_was_before() -> None:
    live = apply_deployment(stored(deployment(replicas=1)), deployment(paused=True), manager="a")
    before, mine = live["metadata"]["managedFields"][1], live["metadata"]["managedFields"][0]
    assert (mine["manager"], before["manager"]) == ("a", "before-first-apply")
    assert before["operation"] == "Update"
    assert before["fieldsV1"] == {"f:spec": {".": {}, "f:replicas": {}}}


def test_fields_that_a_write_resets_are_not_owned() -> None:
    applied = deployment(replicas=1) | {"status": {"replicas": 1}}
    live = apply_deployment(None, applied, manager="a", reset=frozenset({("status",)}))
    assert owned(live) == {"a": {"f:spec": {"f:replicas": {}}}}


def test_kubectl_owns_what_its_client_side_apply_had_set() -> None:
    annotation = "kubectl.kubernetes.io/last-applied-configuration"
    before = deployment(replicas=2)
    before["metadata"]["annotations"] = {annotation: '{"apiVersion":"apps/v1","spec":{"replicas":2}}'}
    live = update_deployment(None, before, manager="kubectl-client-side-apply")
    live = apply_deployment(stored(live), deployment(replicas=3), manager="kubectl")
    assert live["spec"] == {"replicas": 3}
    assert live["metadata"]["annotations"][annotation] == (
        '{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"web"},"spec":{"replicas":3}}\n'
    )


def test_entries_of_another_version_are_kept_and_count() -> None:
    live = stored(apply_widget(None, widget(tags=["a"], steps=["x"]), manager="a"))
    newer = {**widget(steps=["y"]), "apiVersion": "example.com/v2"}
    with pytest.raises(ApplyConflict) as caught:
        apply_widget({**live, "apiVersion": "example.com/v2"}, newer, manager="b")
    assert caught.value.conflicts == [('"a"', ".spec.steps")]
    live = apply_widget({**live, "apiVersion": "example.com/v2"}, newer, manager="b", force=True)
    versions = [entry["apiVersion"] for entry in live["metadata"]["managedFields"]]
    assert versions == ["example.com/v1", "example.com/v2"]


@pytest.mark.parametrize(
    ("applied", "message"),
    [
        (deployment(replica=1), ".spec.replica: field not declared in schema"),
        (
            deployment(replicas="1"),
            ".spec.replicas: expected numeric (int or float), got string",
        ),
        (
            deployment(template=containers({"name": "a"}, {"name": "a"})),
            '.spec.template.spec.containers: duplicate entries for key [name="a"]',
        ),
        (deployment(template=[]), ".spec.template: expected map, got &{[]}"),
    ],
)
def test_what_does_not_fit_the_schema_is_refused(applied: dict[str, object], message: str) -> None:
    with pytest.raises(FieldsError) as caught:
        apply_deployment(None, applied, manager="a")
    assert caught.value.causes == [message]
    assert str(caught.value) == (
        f"failed to create typed patch object (/web; apps/v1, Kind=Deployment): {message}"
    )
    assert caught.value.status()["code"] == 500


def test_managed_fields_cannot_be_applied() -> None:
    applied = deployment(replicas=1)
    applied["metadata"]["managedFields"] = []
    with pytest.raises(FieldsError, match=r"metadata\.managedFields must be nil") as caught:
        apply_deployment(None, applied, manager="a")
    assert caught.value.status()["reason"] == "BadRequest"


def test_nothing_is_mutated_and_nothing_is_shared() -> None:
    applied = deployment(template=containers({"name": "a", "args": ["x"]}))
    before = deepcopy(applied)
    live = apply_deployment(None, applied, manager="a")
    live["spec"]["template"]["spec"]["containers"][0]["args"].append("y")
    live["metadata"]["managedFields"].clear()
    assert applied == before
