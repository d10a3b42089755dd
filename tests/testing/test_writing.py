"""Creating, replacing and patching: codes, words and metadata are those of a real server."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.testing.client import (
    APPLY_PATCH,
    CONFIGMAPS,
    DEPLOYMENTS,
    JSON_PATCH,
    MERGE_PATCH,
    STRATEGIC_PATCH,
    Client,
    configmap,
    deployment,
)


def test_a_created_object_has_what_the_server_sets(client: Client) -> None:
    obj = client.created(CONFIGMAPS, configmap(x="1"))
    meta = obj["metadata"]
    assert (obj["kind"], obj["data"], meta["namespace"]) == ("ConfigMap", {"x": "1"}, "default")
    assert re.fullmatch(r"[0-9a-f-]{36}", meta["uid"])
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", meta["creationTimestamp"])
    assert int(meta["resourceVersion"]) > 1
    assert [(one["manager"], one["operation"]) for one in meta["managedFields"]] == [("tester", "Update")]
    assert client.get(f"{CONFIGMAPS}/a").content == obj


def test_system_fields_of_a_new_object_are_not_taken_from_the_client(client: Client) -> None:
    body = configmap()
    body["metadata"] |= {"uid": "mine", "creationTimestamp": "2001-01-01T00:00:00Z", "generation": 7}
    meta = client.created(CONFIGMAPS, body)["metadata"]
    assert meta["uid"] != "mine"
    assert meta["creationTimestamp"] > "2020"


def test_an_object_is_created_once(client: Client) -> None:
    client.created(CONFIGMAPS, configmap())
    reply = client.post(CONFIGMAPS, configmap())
    assert (reply.code, reply.content["reason"]) == (409, "AlreadyExists")
    assert reply.message == 'configmaps "a" already exists'
    assert reply.content["details"] == {"name": "a", "kind": "configmaps"}


def test_a_name_is_made_up_from_generate_name(client: Client) -> None:
    names = {
        client.created(CONFIGMAPS, {"metadata": {"generateName": "made-"}})["metadata"]["name"]
        for _ in range(3)
    }
    assert len(names) == 3
    assert all(re.fullmatch(r"made-[bcdfghjklmnpqrstvwxz2456789]{5}", name) for name in names)


def test_an_object_without_a_name_is_invalid(client: Client) -> None:
    reply = client.post(CONFIGMAPS, {"metadata": {}})
    assert (reply.code, reply.content["reason"]) == (422, "Invalid")
    assert "metadata.name: Required value: name or generateName is required" in reply.message


def test_a_namespace_has_to_be_there(client: Client) -> None:
    reply = client.post("/api/v1/namespaces/nowhere/configmaps", configmap())
    assert (reply.code, reply.message) == (404, 'namespaces "nowhere" not found')


def test_the_namespace_of_body_and_path_must_agree(client: Client) -> None:
    body = configmap()
    body["metadata"]["namespace"] = "other"
    reply = client.post(CONFIGMAPS, body)
    assert reply.code == 400
    assert reply.message == (
        "the namespace of the provided object does not match the namespace sent on the request"
    )


def test_a_resource_version_cannot_be_created(client: Client) -> None:
    body = configmap()
    body["metadata"]["resourceVersion"] = "5"
    reply = client.post(CONFIGMAPS, body)
    assert (reply.code, reply.message) == (500, "resourceVersion should not be set on objects to be created")


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ('{"kind": "ConfigMap"', 400),
        ("[]", 400),
        ({"apiVersion": "v2", "metadata": {"name": "a"}}, 400),
        ({"kind": "Secret", "metadata": {"name": "a"}}, 400),
        ({"metadata": {"name": "a"}, "data": ["x"]}, 400),
        ({"metadata": {"name": "Upper"}}, 422),
        ({"metadata": {"name": "a", "labels": {"a b": "c"}}}, 422),
    ],
)
def test_what_is_no_good_object_is_refused(client: Client, body: Any, code: int) -> None:
    reply = client.post(CONFIGMAPS, body)
    assert (reply.code, reply.content["status"]) == (code, "Failure")
    assert client.get(CONFIGMAPS).content["items"] == []


def test_a_body_of_an_unknown_type_is_refused(client: Client) -> None:
    reply = client.request("POST", CONFIGMAPS, "a=b", "application/x-www-form-urlencoded")
    assert (reply.code, reply.content["reason"]) == (415, "UnsupportedMediaType")


def test_a_body_may_be_yaml(client: Client) -> None:
    reply = client.request("POST", CONFIGMAPS, "metadata: {name: a}\ndata: {x: 'yes'}\n", "application/yaml")
    assert (reply.code, reply.content["data"]) == (201, {"x": "yes"})


def test_unknown_fields_are_told_or_refused(client: Client) -> None:
    body = configmap() | {"unheard": 1}
    warned = client.post(CONFIGMAPS, body)
    assert (warned.code, warned.headers["Warning"]) == (201, '299 - "unknown field \\"unheard\\""')
    assert "unheard" not in warned.content
    quiet = client.put(f"{CONFIGMAPS}/a?fieldValidation=Ignore", body)
    assert (quiet.code, quiet.headers["Warning"]) == (200, None)
    strict = client.put(f"{CONFIGMAPS}/a?fieldValidation=Strict", body)
    assert strict.code == 400
    assert 'strict decoding error: unknown field "unheard"' in strict.message


def test_a_dry_run_shows_what_would_be_and_does_nothing(client: Client) -> None:
    shown = client.post(f"{CONFIGMAPS}?dryRun=All", configmap(x="1"))
    assert (shown.code, shown.content["data"], shown.meta["name"]) == (201, {"x": "1"}, "a")
    assert "resourceVersion" not in shown.meta
    assert client.get(f"{CONFIGMAPS}/a").code == 404
    live = client.created(CONFIGMAPS, configmap(x="1"))
    changed = client.patch(f"{CONFIGMAPS}/a?dryRun=All", {"data": {"x": "2"}})
    assert (changed.code, changed.content["data"]) == (200, {"x": "2"})
    assert client.delete(f"{CONFIGMAPS}/a?dryRun=All").code == 200
    assert client.get(f"{CONFIGMAPS}/a").content == live


@pytest.mark.parametrize(
    ("query", "told"),
    [
        ("dryRun=Some", 'dryRun: Unsupported value: ["Some"]: supported values: "All"'),
        ("fieldValidation=Loose", 'fieldValidation: Unsupported value: "Loose"'),
        ("fieldManager=" + "x" * 129, "fieldManager: Too long: may not be more than 128 bytes"),
    ],
)
def test_wrong_options_are_refused(client: Client, query: str, told: str) -> None:
    reply = client.post(f"{CONFIGMAPS}?{query}", configmap())
    assert reply.code == 422
    assert told in reply.message


# Replacing.


def test_an_update_replaces_the_object(client: Client) -> None:
    old = client.created(CONFIGMAPS, configmap(x="1"))
    new = client.put(f"{CONFIGMAPS}/a", configmap(y="2")).content
    assert new["data"] == {"y": "2"}
    assert new["metadata"]["uid"] == old["metadata"]["uid"]
    assert int(new["metadata"]["resourceVersion"]) > int(old["metadata"]["resourceVersion"])


def test_an_update_from_an_old_state_is_a_conflict(client: Client) -> None:
    old = client.created(CONFIGMAPS, configmap(x="1"))
    client.put(f"{CONFIGMAPS}/a", configmap(x="2"))
    reply = client.put(f"{CONFIGMAPS}/a", old)
    assert (reply.code, reply.content["reason"]) == (409, "Conflict")
    assert reply.message == (
        'Operation cannot be fulfilled on configmaps "a": the object has been modified; please apply your '
        "changes to the latest version and try again"
    )


def test_an_update_of_another_uid_is_a_conflict(client: Client) -> None:
    client.created(CONFIGMAPS, configmap())
    body = configmap()
    body["metadata"]["uid"] = "other"
    reply = client.put(f"{CONFIGMAPS}/a", body)
    assert reply.code == 409
    assert "Precondition failed: UID in precondition: other, UID in object meta: " in reply.message


def test_an_update_of_nothing_is_not_found_where_updates_do_not_create(client: Client) -> None:
    assert client.put(f"{CONFIGMAPS}/a", configmap()).code == 404
    lease = {"metadata": {"name": "a"}, "spec": {"holderIdentity": "me"}}
    path = "/apis/coordination.k8s.io/v1/namespaces/default/leases/a"
    assert client.put(path, lease).code == 201


def test_some_kinds_want_a_resource_version_for_an_update(client: Client) -> None:
    path = "/apis/coordination.k8s.io/v1/namespaces/default/leases"
    client.created(path, {"metadata": {"name": "a"}, "spec": {}})
    reply = client.put(f"{path}/a", {"metadata": {"name": "a"}, "spec": {"holderIdentity": "me"}})
    assert reply.code == 422
    assert "metadata.resourceVersion: Invalid value: 0: must be specified for an update" in reply.message


def test_the_name_of_body_and_path_must_agree(client: Client) -> None:
    reply = client.put(f"{CONFIGMAPS}/a", configmap("b"))
    assert reply.code == 400
    assert reply.message == "the name of the object (b) does not match the name on the URL (a)"


def test_an_update_without_change_keeps_the_resource_version(client: Client) -> None:
    old = client.created(CONFIGMAPS, configmap(x="1"))
    assert client.put(f"{CONFIGMAPS}/a", configmap(x="1")).content == old
    assert client.patch(f"{CONFIGMAPS}/a", {"data": {"x": "1"}}).content == old


def test_generation_counts_changes_of_the_spec(client: Client) -> None:
    client.created(DEPLOYMENTS, deployment())
    path = f"{DEPLOYMENTS}/web"
    assert client.patch(path, {"metadata": {"labels": {"a": "b"}}}).meta["generation"] == 1
    assert client.patch(path, {"spec": {"replicas": 3}}).meta["generation"] == 2
    assert client.patch(f"{path}/status", {"status": {"replicas": 3}}).meta["generation"] == 2


def test_status_and_spec_are_written_by_ways_of_their_own(client: Client) -> None:
    client.created(DEPLOYMENTS, deployment() | {"status": {"replicas": 9}})
    path = f"{DEPLOYMENTS}/web"
    assert "replicas" not in client.get(path).content["status"]
    both = {"spec": {"replicas": 5}, "status": {"replicas": 4}}
    by_status = client.patch(f"{path}/status", both).content
    assert (by_status["spec"]["replicas"], by_status["status"]["replicas"]) == (1, 4)
    by_object = client.patch(path, {"spec": {"replicas": 5}, "status": {"replicas": 7}}).content
    assert (by_object["spec"]["replicas"], by_object["status"]["replicas"]) == (5, 4)
    entries = by_object["metadata"]["managedFields"]
    assert {one.get("subresource", "") for one in entries} == {"", "status"}


# Patching.


@pytest.mark.parametrize(
    ("media_type", "patch"),
    [
        (MERGE_PATCH, {"data": {"x": "2", "y": None}}),
        (STRATEGIC_PATCH, {"data": {"x": "2", "y": None}}),
        (
            JSON_PATCH,
            [{"op": "replace", "path": "/data/x", "value": "2"}, {"op": "remove", "path": "/data/y"}],
        ),
    ],
)
def test_patches_change_what_they_say(client: Client, media_type: str, patch: Any) -> None:
    client.created(CONFIGMAPS, configmap(x="1", y="1", z="1"))
    reply = client.patch(f"{CONFIGMAPS}/a", patch, media_type)
    assert (reply.code, reply.content["data"]) == (200, {"x": "2", "z": "1"})
    assert client.patch(f"{CONFIGMAPS}/b", patch, media_type).code == 404


def test_a_strategic_patch_merges_lists_by_key(client: Client) -> None:
    client.created(DEPLOYMENTS, deployment())
    patch = {"spec": {"template": {"spec": {"containers": [{"name": "side", "image": "envoy"}]}}}}
    content = client.patch(f"{DEPLOYMENTS}/web", patch, STRATEGIC_PATCH).content
    names = [one["name"] for one in content["spec"]["template"]["spec"]["containers"]]
    assert sorted(names) == ["main", "side"]


def test_a_json_patch_that_does_not_fit_is_unprocessable(client: Client) -> None:
    client.created(CONFIGMAPS, configmap())
    patch = [{"op": "test", "path": "/data/x", "value": "1"}]
    reply = client.patch(f"{CONFIGMAPS}/a", patch, JSON_PATCH)
    assert (reply.code, reply.content["reason"]) == (422, "Invalid")


def test_a_patch_guards_itself_by_resource_version_and_uid(client: Client) -> None:
    old = client.created(CONFIGMAPS, configmap())
    path = f"{CONFIGMAPS}/a"
    stale = {"metadata": {"resourceVersion": "1"}, "data": {"x": "1"}}
    assert client.patch(path, stale).code == 409
    other = client.patch(path, {"metadata": {"uid": "other"}})
    assert other.code == 422
    assert 'metadata.uid: Invalid value: "other": field is immutable' in other.message
    fitting = {key: old["metadata"][key] for key in ("uid", "resourceVersion")}
    assert client.patch(path, {"metadata": fitting, "data": {"x": "1"}}).code == 200


def test_a_patch_of_an_unknown_type_is_refused(client: Client) -> None:
    reply = client.patch(f"{CONFIGMAPS}/a", {}, "application/json")
    assert (reply.code, reply.message) == (415, "415: Unsupported Media Type")


def test_a_patch_may_not_be_forced_unless_it_is_an_apply(client: Client) -> None:
    reply = client.patch(f"{CONFIGMAPS}/a?force=true", {})
    assert reply.code == 422
    assert "force: Forbidden: may not be specified for non-apply patch" in reply.message


# Applying.


def test_an_apply_creates_then_changes_then_leaves_alone(client: Client) -> None:
    path = f"{CONFIGMAPS}/a"
    first = client.apply(path, configmap(x="1"))
    assert (first.code, first.meta["managedFields"][0]["operation"]) == (201, "Apply")
    second = client.apply(path, configmap(x="2"))
    assert (second.code, second.content["data"]) == (200, {"x": "2"})
    third = client.apply(path, configmap(x="2"))
    assert third.content == second.content


def test_an_apply_removes_what_it_no_longer_says(client: Client) -> None:
    path = f"{CONFIGMAPS}/a"
    client.apply(path, configmap(x="1", y="1"))
    client.apply(path, configmap(z="1"), "other")
    assert client.apply(path, configmap(x="1")).content["data"] == {"x": "1", "z": "1"}


def test_fields_of_another_manager_are_a_conflict_unless_forced(client: Client) -> None:
    path = f"{CONFIGMAPS}/a"
    client.apply(path, configmap(x="1"))
    reply = client.apply(path, configmap(x="2"), "other")
    assert (reply.code, reply.content["reason"]) == (409, "Conflict")
    assert reply.message == 'Apply failed with 1 conflict: conflict with "applier": .data.x'
    [cause] = reply.content["details"]["causes"]
    assert cause == {
        "reason": "FieldManagerConflict",
        "message": 'conflict with "applier"',
        "field": ".data.x",
    }
    assert client.apply(path, configmap(x="2"), "other", "&force=true").content["data"] == {"x": "2"}


def test_an_apply_needs_a_manager(client: Client) -> None:
    reply = client.patch(f"{CONFIGMAPS}/a", configmap(), APPLY_PATCH)
    assert reply.code == 422
    assert "fieldManager: Required value: is required for apply patch" in reply.message


def test_an_apply_that_names_a_resource_version_creates_but_never_replaces(client: Client) -> None:
    body = configmap(x="1")
    body["metadata"]["resourceVersion"] = "1"
    assert client.apply(f"{CONFIGMAPS}/a", body).code == 201
    reply = client.apply(f"{CONFIGMAPS}/a", body)
    assert (reply.code, reply.content["reason"]) == (409, "Conflict")


def test_an_apply_that_names_a_uid_never_creates_and_never_changes_another(client: Client) -> None:
    body = configmap(x="1")
    body["metadata"]["uid"] = "other"
    absent = client.apply(f"{CONFIGMAPS}/a", body)
    assert absent.code == 409
    assert "uid mismatch: the provided object specified uid other, and no existing object" in absent.message
    client.created(CONFIGMAPS, configmap())
    assert client.apply(f"{CONFIGMAPS}/a", body).code == 422


def test_owner_references_are_kept_once(client: Client) -> None:
    owner = client.created(CONFIGMAPS, configmap("owner"))
    reference = {"apiVersion": "v1", "kind": "ConfigMap", "name": "owner", "uid": owner["metadata"]["uid"]}
    body = configmap()
    body["metadata"]["ownerReferences"] = [reference, reference]
    reply = client.post(CONFIGMAPS, body)
    assert reply.meta["ownerReferences"] == [reference]
    assert "contains duplicate entries" in str(reply.headers["Warning"])
