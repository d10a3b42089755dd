"""Deleting: preconditions, finalizers, owners and dependents, namespaces."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from gwdeployer.testing import ALL_CONTROLLERS, APIServer
from tests.testing.client import CONFIGMAPS, DEPLOYMENTS, Client, configmap, deployment

SECRETS = "/api/v1/namespaces/default/secrets"
PODS = "/api/v1/namespaces/default/pods"
NAMESPACES = "/api/v1/namespaces"


def owned_by(owner: dict[str, Any], name: str, *finalizers: str, block: bool = False) -> dict[str, Any]:
    """Return a ConfigMap that an object owns."""
    reference = {
        "apiVersion": owner["apiVersion"],
        "kind": owner["kind"],
        "name": owner["metadata"]["name"],
        "uid": owner["metadata"]["uid"],
    }
    body = configmap(name)
    body["metadata"]["ownerReferences"] = [reference | ({"blockOwnerDeletion": True} if block else {})]
    body["metadata"] |= {"finalizers": list(finalizers)} if finalizers else {}
    return body


def test_a_deletion_is_answered_with_a_status(client: Client) -> None:
    obj = client.created(CONFIGMAPS, configmap())
    reply = client.delete(f"{CONFIGMAPS}/a")
    assert (reply.code, reply.content["status"]) == (200, "Success")
    assert reply.content["details"] == {"name": "a", "kind": "configmaps", "uid": obj["metadata"]["uid"]}
    assert client.get(f"{CONFIGMAPS}/a").code == 404
    assert client.delete(f"{CONFIGMAPS}/a").code == 404


def test_some_deletions_are_answered_with_the_object(client: Client) -> None:
    client.created("/api/v1/namespaces/default/serviceaccounts", {"metadata": {"name": "sa"}})
    reply = client.delete("/api/v1/namespaces/default/serviceaccounts/sa")
    assert (reply.content["kind"], reply.meta["name"]) == ("ServiceAccount", "sa")


@pytest.mark.parametrize(
    ("precondition", "told"),
    [
        ({"uid": "other"}, "the UID in the precondition (other) does not match the UID in record"),
        ({"resourceVersion": "1"}, "the ResourceVersion in the precondition (1) does not match"),
    ],
)
def test_preconditions_guard_a_deletion(client: Client, precondition: dict[str, str], told: str) -> None:
    obj = client.created(CONFIGMAPS, configmap())
    reply = client.delete(f"{CONFIGMAPS}/a", {"preconditions": precondition})
    assert (reply.code, reply.content["reason"]) == (409, "Conflict")
    assert told in reply.message
    fitting = {key: obj["metadata"][key] for key in ("uid", "resourceVersion")}
    assert client.delete(f"{CONFIGMAPS}/a", {"preconditions": fitting}).code == 200


def test_wrong_delete_options_are_refused(client: Client) -> None:
    client.created(CONFIGMAPS, configmap())
    reply = client.delete(f"{CONFIGMAPS}/a?propagationPolicy=Sideways")
    assert reply.code == 422
    assert 'propagationPolicy: Unsupported value: "Sideways"' in reply.message


def test_an_object_goes_with_its_last_finalizer(client: Client) -> None:
    body = configmap()
    body["metadata"]["finalizers"] = ["example.com/one", "example.com/two"]
    client.created(CONFIGMAPS, body)
    marked = client.delete(f"{CONFIGMAPS}/a")
    assert (marked.code, marked.content["kind"], marked.meta["deletionGracePeriodSeconds"]) == (
        200,
        "ConfigMap",
        0,
    )
    assert marked.meta["deletionTimestamp"] >= marked.meta["creationTimestamp"]
    assert client.delete(f"{CONFIGMAPS}/a").content == marked.content
    assert client.patch(f"{CONFIGMAPS}/a", {"metadata": {"finalizers": ["example.com/two"]}}).code == 200
    added = client.patch(f"{CONFIGMAPS}/a", {"metadata": {"finalizers": ["example.com/two", "new.com/x"]}})
    assert added.code == 422
    assert "no new finalizers can be added if the object is being deleted" in added.message
    again = client.post(CONFIGMAPS, configmap())
    assert again.message == 'object is being deleted: configmaps "a" already exists'
    last = client.patch(f"{CONFIGMAPS}/a", {"metadata": {"finalizers": None}})
    assert (last.code, last.meta["name"]) == (200, "a")
    assert client.get(f"{CONFIGMAPS}/a").code == 404


def test_a_collection_is_deleted_by_selector(client: Client) -> None:
    for name in "abc":
        client.created(CONFIGMAPS, configmap(name, labels={"keep": str(name == "b").lower()}))
    reply = client.delete(f"{CONFIGMAPS}?labelSelector=keep!=true")
    assert [item["metadata"]["name"] for item in reply.content["items"]] == ["a", "c"]
    assert [item["metadata"]["name"] for item in client.get(CONFIGMAPS).content["items"]] == ["b"]


def test_a_running_pod_is_given_time(client: Client, server: APIServer) -> None:
    pod = {"metadata": {"name": "p"}, "spec": {"containers": [{"name": "c", "image": "i"}]}}
    client.created(PODS, pod)
    assert client.delete(f"{PODS}/p").code == 200
    assert client.get(f"{PODS}/p").code == 404
    client.created(PODS, pod)
    assert client.post(f"{PODS}/p/binding", {"metadata": {"name": "p"}, "target": {"name": "n"}}).code == 201
    assert client.get(f"{PODS}/p").content["spec"]["nodeName"] == "n"
    marked = client.delete(f"{PODS}/p")
    assert marked.meta["deletionGracePeriodSeconds"] == 30
    assert client.get(f"{PODS}/p").code == 200
    assert client.delete(f"{PODS}/p?gracePeriodSeconds=0").code == 200
    assert client.get(f"{PODS}/p").code == 404


# Owners and dependents.


def test_dependents_go_after_their_owner(client: Client) -> None:
    owner = client.created(DEPLOYMENTS, deployment())
    middle = client.created(CONFIGMAPS, owned_by(owner, "middle"))
    client.created(CONFIGMAPS, owned_by(middle, "leaf"))
    client.created(CONFIGMAPS, configmap("free"))
    client.delete(f"{DEPLOYMENTS}/web")
    assert [item["metadata"]["name"] for item in client.get(CONFIGMAPS).content["items"]] == ["free"]


def test_an_object_stays_while_one_owner_does(client: Client) -> None:
    first, second = (client.created(SECRETS, {"metadata": {"name": name}}) for name in ("one", "two"))
    body = owned_by(first, "a")
    body["metadata"]["ownerReferences"] += owned_by(second, "a")["metadata"]["ownerReferences"]
    client.created(CONFIGMAPS, body)
    client.delete(f"{SECRETS}/one")
    assert [one["name"] for one in client.get(f"{CONFIGMAPS}/a").meta["ownerReferences"]] == ["two"]
    client.delete(f"{SECRETS}/two")
    assert client.get(f"{CONFIGMAPS}/a").code == 404


def test_orphans_lose_the_reference_and_stay(client: Client) -> None:
    owner = client.created(SECRETS, {"metadata": {"name": "owner"}})
    client.created(CONFIGMAPS, owned_by(owner, "a"))
    client.delete(f"{SECRETS}/owner?propagationPolicy=Orphan")
    assert client.get(f"{SECRETS}/owner").code == 404
    assert "ownerReferences" not in client.get(f"{CONFIGMAPS}/a").meta


def test_in_the_foreground_the_owner_waits_for_those_that_block(client: Client) -> None:
    owner = client.created(SECRETS, {"metadata": {"name": "owner"}})
    client.created(CONFIGMAPS, owned_by(owner, "blocks", "example.com/wait", block=True))
    client.created(CONFIGMAPS, owned_by(owner, "lingers", "example.com/wait"))
    client.created(CONFIGMAPS, owned_by(owner, "goes", block=True))
    client.delete(f"{SECRETS}/owner", {"propagationPolicy": "Foreground"})
    assert client.get(f"{SECRETS}/owner").meta["finalizers"] == ["foregroundDeletion"]
    assert client.get(f"{CONFIGMAPS}/goes").code == 404
    assert "deletionTimestamp" in client.get(f"{CONFIGMAPS}/blocks").meta
    client.patch(f"{CONFIGMAPS}/blocks", {"metadata": {"finalizers": None}})
    assert client.get(f"{SECRETS}/owner").code == 404
    assert client.get(f"{CONFIGMAPS}/lingers").code == 200


@pytest.mark.parametrize("change", [{"uid": "other"}, {"name": "absent"}])
def test_an_owner_that_is_not_there_counts_as_gone(client: Client, change: dict[str, str]) -> None:
    owner = client.created(SECRETS, {"metadata": {"name": "owner"}})
    body = owned_by(owner, "a")
    body["metadata"]["ownerReferences"][0] |= change
    assert client.post(CONFIGMAPS, body).code == 201
    assert client.get(f"{CONFIGMAPS}/a").code == 404


def test_an_owner_in_another_namespace_counts_as_gone(client: Client) -> None:
    client.created(NAMESPACES, {"metadata": {"name": "other"}})
    owner = client.created("/api/v1/namespaces/other/secrets", {"metadata": {"name": "owner"}})
    client.created(CONFIGMAPS, owned_by(owner, "a"))
    assert client.get(f"{CONFIGMAPS}/a").code == 404


def test_an_owner_of_an_unknown_kind_counts_as_there(client: Client) -> None:
    owner = {"apiVersion": "example.com/v1", "kind": "Site", "metadata": {"name": "s", "uid": "1"}}
    client.created(CONFIGMAPS, owned_by(owner, "a"))
    assert client.get(f"{CONFIGMAPS}/a").code == 200


def test_without_the_collector_dependents_stay() -> None:
    with APIServer(controllers=()) as server, Client(server) as client:
        owner = client.created(SECRETS, {"metadata": {"name": "owner"}})
        client.created(CONFIGMAPS, owned_by(owner, "a"))
        client.delete(f"{SECRETS}/owner")
        assert client.get(f"{CONFIGMAPS}/a").code == 200


# Namespaces.


def test_a_namespace_goes_with_what_is_in_it(client: Client) -> None:
    client.created(NAMESPACES, {"metadata": {"name": "shop"}})
    body = configmap("held")
    body["metadata"]["finalizers"] = ["example.com/wait"]
    client.created(f"{NAMESPACES}/shop/configmaps", body)
    client.created(f"{NAMESPACES}/shop/configmaps", configmap("free"))
    reply = client.delete(f"{NAMESPACES}/shop")
    assert (reply.code, reply.content["status"]["phase"]) == (200, "Terminating")
    left = client.get(f"{NAMESPACES}/shop/configmaps").content["items"]
    assert [item["metadata"]["name"] for item in left] == ["held"]
    refused = client.post(f"{NAMESPACES}/shop/configmaps", configmap("late"))
    assert refused.code == 403
    assert refused.message == (
        'configmaps "late" is forbidden: unable to create new content in namespace shop because it is being '
        "terminated"
    )
    assert refused.content["details"]["causes"][0]["reason"] == "NamespaceTerminating"
    client.patch(f"{NAMESPACES}/shop/configmaps/held", {"metadata": {"finalizers": None}})
    assert client.get(f"{NAMESPACES}/shop").code == 404


def test_some_namespaces_cannot_be_deleted(client: Client) -> None:
    reply = client.delete(f"{NAMESPACES}/default")
    assert (reply.code, reply.message) == (
        403,
        'namespaces "default" is forbidden: this namespace may not be deleted',
    )


def test_a_cluster_begins_with_its_namespaces_and_nothing_else(client: Client) -> None:
    found = client.get(NAMESPACES).content["items"]
    assert [item["metadata"]["name"] for item in found] == [
        "default",
        "kube-node-lease",
        "kube-public",
        "kube-system",
    ]
    assert client.get("/api/v1/configmaps").content["items"] == []
    assert client.get("/api/v1/serviceaccounts").content["items"] == []


def test_default_contents_of_namespaces_are_made_if_wanted() -> None:
    with APIServer(controllers=ALL_CONTROLLERS) as server, Client(server) as client:
        client.created(NAMESPACES, {"metadata": {"name": "shop"}})
        for namespace in ("default", "shop"):
            assert client.get(f"{NAMESPACES}/{namespace}/serviceaccounts/default").code == 200
            assert client.get(f"{NAMESPACES}/{namespace}/configmaps/kube-root-ca.crt").code == 200
        client.delete(f"{NAMESPACES}/shop/serviceaccounts/default")
        assert client.get(f"{NAMESPACES}/shop/serviceaccounts/default").code == 200
        client.delete(f"{NAMESPACES}/shop")
        assert client.get(f"{NAMESPACES}/shop").code == 404


def test_an_unknown_controller_is_refused() -> None:
    with pytest.raises(ValueError, match="unknown controllers: horoscope; known are garbage-collector"):
        APIServer(controllers=["horoscope"])


def test_times_are_those_of_the_clock() -> None:
    now = datetime(2030, 1, 2, 3, 4, 5, tzinfo=UTC)
    with APIServer(clock=lambda: now) as server, Client(server) as client:
        obj = client.created(CONFIGMAPS, configmap(x="1"))
        assert obj["metadata"]["creationTimestamp"] == "2030-01-02T03:04:05Z"
        assert obj["metadata"]["managedFields"][0]["time"] == "2030-01-02T03:04:05Z"
