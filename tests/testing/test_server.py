"""The server as a whole: starting and stopping, credentials, discovery, CRDs, the fixture, speed."""

from __future__ import annotations

import inspect
import json
import socket
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
import yaml
from kubernetes import config
from kubernetes.dynamic import DynamicClient
from kubernetes.dynamic.exceptions import ConflictError, NotFoundError

from gwdeployer import testing
from gwdeployer.objects import KindRef
from gwdeployer.testing import ALL_CONTROLLERS, APIServer, Faults
from tests.testing.client import APPLY_PATCH, CONFIGMAPS, DEPLOYMENTS, Client, configmap, deployment

SITES = "/apis/example.com/v1/namespaces/default/sites"


def crd(**version: Any) -> dict[str, Any]:
    spec = {
        "type": "object",
        "properties": {
            "replicas": {"type": "integer", "default": 1, "minimum": 0},
            "host": {"type": "string"},
        },
    }
    status = {"type": "object", "properties": {"replicas": {"type": "integer"}}}
    schema = {"type": "object", "properties": {"spec": spec, "status": status}}
    scale = {"specReplicasPath": ".spec.replicas", "statusReplicasPath": ".status.replicas"}
    one = {
        "name": "v1",
        "served": True,
        "storage": True,
        "schema": {"openAPIV3Schema": schema},
        "subresources": {"status": {}, "scale": scale},
    }
    names = {"plural": "sites", "singular": "site", "kind": "Site", "listKind": "SiteList"}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": "sites.example.com"},
        "spec": {
            "group": "example.com",
            "scope": "Namespaced",
            "names": names,
            "versions": [one | version],
        },
    }


def site(name: str = "blog", **spec: Any) -> dict[str, Any]:
    return {"apiVersion": "example.com/v1", "kind": "Site", "metadata": {"name": name}, "spec": spec}


def test_a_server_starts_quickly_and_stops_cleanly() -> None:
    APIServer().stop()
    began = time.perf_counter()
    with APIServer() as server:
        started = time.perf_counter() - began
        assert server.url.startswith("http://127.0.0.1:")
    assert started < 0.1
    server.stop()
    with pytest.raises(RuntimeError, match="not started"):
        server.url  # noqa: B018
    with pytest.raises(RuntimeError, match="was stopped; make another one"):
        server.start()


def test_servers_do_not_know_each_other(client: Client) -> None:
    client.created(CONFIGMAPS, configmap())
    with APIServer() as other, Client(other) as stranger:
        assert stranger.get(f"{CONFIGMAPS}/a").code == 404


@pytest.mark.parametrize("path", ["/readyz", "/livez", "/healthz", "/readyz/ping"])
def test_the_server_is_healthy(client: Client, path: str) -> None:
    assert (client.get(path).code, client.get(path).content) == (200, "ok")


def test_requests_need_a_token_if_there_are_any(tmp_path: Path) -> None:
    with APIServer(tokens={"secret": "alice"}) as server:
        with Client(server) as nobody:
            reply = nobody.get(CONFIGMAPS)
            assert (reply.code, reply.content["reason"], reply.message) == (
                401,
                "Unauthorized",
                "Unauthorized",
            )
        with Client(server, Authorization="Bearer secret") as alice:
            assert alice.get(CONFIGMAPS).code == 200
            review = {"kind": "SelfSubjectReview", "apiVersion": "authentication.k8s.io/v1"}
            who = alice.post("/apis/authentication.k8s.io/v1/selfsubjectreviews", review)
            assert (who.code, who.content["status"]["userInfo"]["username"]) == (201, "alice")
            del server.tokens["secret"]
            assert alice.get(CONFIGMAPS).code == 401
        server.tokens["new"] = "bob"
        said = yaml.safe_load(server.write_kubeconfig(tmp_path / "config", namespace="shop").read_text())
        assert said["users"][0]["user"] == {"token": "new"}
        assert said["contexts"][0]["context"]["namespace"] == "shop"


def test_everything_is_allowed(client: Client) -> None:
    path = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"
    body = {"spec": {"resourceAttributes": {"verb": "delete", "resource": "pods"}}}
    reply = client.post(path, body)
    assert (reply.code, reply.content["status"]) == (201, {"allowed": True})
    rules = client.post("/apis/authorization.k8s.io/v1/selfsubjectrulesreviews", {"spec": {}})
    assert rules.content["status"]["resourceRules"][0]["verbs"] == ["*"]


def test_methods_that_a_resource_has_not_are_not_allowed(client: Client) -> None:
    assert client.request("DELETE", "/api/v1/namespaces").code == 405
    assert client.post(f"{DEPLOYMENTS}/web/status", {}).code == 405
    assert client.request("OPTIONS", DEPLOYMENTS).code == 405
    assert client.put(f"{DEPLOYMENTS}/web/status/x", {}).code == 404


def test_a_head_has_no_body(client: Client) -> None:
    reply = client.request("HEAD", CONFIGMAPS)
    assert (reply.code, reply.content) == (200, "")
    assert int(reply.headers["Content-Length"]) > 0
    assert client.get(CONFIGMAPS).code == 200


@pytest.mark.parametrize("sent", [b"nonsense\r\n\r\n", b"GET / HTTP/1.1\r\nContent-Length: x\r\n\r\n"])
def test_who_does_not_speak_http_is_hung_up_on(server: APIServer, sent: bytes) -> None:
    port = int(server.url.rpartition(":")[2])
    with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
        connection.sendall(sent)
        assert connection.recv(100) == b""


def test_a_body_may_come_in_chunks(client: Client) -> None:
    pieces = iter([b'{"metadata": ', b'{"name": "a"}}'])
    headers = {"Content-Type": "application/json", "Expect": "100-continue"}
    client._connection.request("POST", CONFIGMAPS, pieces, headers, encode_chunked=True)
    response = client._connection.getresponse()
    response.read()
    assert response.status == 201


def test_writers_do_not_lose_each_others_changes(server: APIServer) -> None:
    with Client(server) as client:
        client.created(CONFIGMAPS, configmap(count="0"))

    def count(times: int) -> None:
        with Client(server) as one:
            while times:
                obj = one.get(f"{CONFIGMAPS}/a").content
                obj["data"]["count"] = str(int(obj["data"]["count"]) + 1)
                times -= one.put(f"{CONFIGMAPS}/a", obj).code == 200

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(count, [25] * 4)) == [None] * 4
    obj = server.get(KindRef("", "v1", "ConfigMap"), "default", "a")
    assert obj is not None
    assert obj["data"] == {"count": "100"}


def test_every_watch_sees_every_change_in_order(server: APIServer) -> None:
    with Client(server) as client, ExitStack() as stack:
        since = client.created(CONFIGMAPS, configmap(count="0"))["metadata"]["resourceVersion"]
        path = f"{CONFIGMAPS}?resourceVersion={since}"
        streams = [stack.enter_context(client.watch(path)) for _ in range(10)]
        for index in range(50):
            client.patch(f"{CONFIGMAPS}/a", {"data": {"count": str(index + 1)}})
        wanted = [str(index + 1) for index in range(50)]
        assert [[stream.event()[1]["data"]["count"] for _ in wanted] for stream in streams] == [wanted] * 10


# Discovery.


def test_resources_are_discovered_one_version_at_a_time(client: Client) -> None:
    assert client.get("/api").content["versions"] == ["v1"]
    groups = {group["name"]: group for group in client.get("/apis").content["groups"]}
    assert groups["apps"]["preferredVersion"] == {"groupVersion": "apps/v1", "version": "v1"}
    assert client.get("/apis/apps").content["kind"] == "APIGroup"
    resources = {one["name"]: one for one in client.get("/apis/apps/v1").content["resources"]}
    assert resources["deployments"]["shortNames"] == ["deploy"]
    assert resources["deployments/scale"] == {
        "name": "deployments/scale",
        "singularName": "",
        "namespaced": True,
        "group": "autoscaling",
        "version": "v1",
        "kind": "Scale",
        "verbs": ["get", "patch", "update"],
    }
    assert client.get("/apis/nothing.example.com").code == 404
    assert client.get("/apis/apps/v9").code == 404


def test_resources_are_discovered_all_at_once(client: Client) -> None:
    accept = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json"
    reply = client.get("/apis", Accept=accept)
    assert reply.headers["Content-Type"] == (
        "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"
    )
    assert (reply.content["apiVersion"], reply.content["kind"]) == (
        "apidiscovery.k8s.io/v2",
        "APIGroupDiscoveryList",
    )
    groups = {group["metadata"]["name"]: group for group in reply.content["items"]}
    [version] = groups["apps"]["versions"]
    deployments = next(one for one in version["resources"] if one["resource"] == "deployments")
    assert deployments["scope"] == "Namespaced"
    assert {one["subresource"] for one in deployments["subresources"]} == {"scale", "status"}


def test_open_api_follows_the_definitions(client: Client) -> None:
    assert "apis/apps/v1" in client.get("/openapi/v3").content["paths"]
    assert client.get("/openapi/v3/apis/example.com/v1").code == 404
    client.created("/apis/apiextensions.k8s.io/v1/customresourcedefinitions", crd())
    paths = client.get("/openapi/v3").content["paths"]
    where = paths["apis/example.com/v1"]["serverRelativeURL"]
    assert "com.example.v1.Site" in client.get(where).content["components"]["schemas"]
    assert client.get("/openapi/v2").content["swagger"] == "2.0"


# CustomResourceDefinitions.


def test_a_definition_is_served_at_once(client: Client) -> None:
    assert client.post(SITES, site()).code == 404
    definition = client.created("/apis/apiextensions.k8s.io/v1/customresourcedefinitions", crd())
    conditions = {one["type"]: one["status"] for one in definition["status"]["conditions"]}
    assert conditions == {"NamesAccepted": "True", "Established": "True"}
    obj = client.created(SITES, site(host="a.example.com", unheard=1))
    assert obj["spec"] == {"host": "a.example.com", "replicas": 1}
    assert client.post(SITES, site("bad", replicas=-1)).code == 422
    assert client.get("/apis/example.com/v1").content["resources"][0]["name"] == "sites"
    client.delete("/apis/apiextensions.k8s.io/v1/customresourcedefinitions/sites.example.com")
    assert client.get(f"{SITES}/blog").code == 404


def test_definitions_may_be_there_from_the_start() -> None:
    with APIServer(crds=[crd()]) as server, Client(server) as client:
        assert client.apply(f"{SITES}/blog", site(host="x")).code == 201
        forced = client.apply(f"{SITES}/blog", site(host="y"), "other")
        assert forced.content["details"]["causes"][0]["field"] == ".spec.host"
        assert client.patch(f"{SITES}/blog", {}, "application/strategic-merge-patch+json").code == 415
        status = client.patch(f"{SITES}/blog/status", {"status": {"replicas": 3}})
        assert status.content["status"] == {"replicas": 3}
        assert server.get(KindRef("example.com", "v1", "Site"), "default", "blog") == status.content


@pytest.mark.parametrize("path", [DEPLOYMENTS, SITES])
def test_objects_are_scaled(path: str) -> None:
    with APIServer(crds=[crd()]) as server, Client(server) as client:
        body = deployment("one") if path == DEPLOYMENTS else site("one")
        client.created(path, body)
        scale = client.get(f"{path}/one/scale")
        assert (scale.content["kind"], scale.content["spec"]) == ("Scale", {"replicas": 1})
        patched = client.patch(f"{path}/one/scale", {"spec": {"replicas": 3}})
        assert patched.content["spec"] == {"replicas": 3}
        stale = scale.content | {"spec": {"replicas": 5}}
        assert client.put(f"{path}/one/scale", stale).code == 409
        fresh = patched.content | {"spec": {"replicas": 5}}
        assert client.put(f"{path}/one/scale", fresh).code == 200
        obj = client.get(f"{path}/one").content
        assert (obj["spec"]["replicas"], obj["metadata"]["generation"]) == (5, 3)
        assert client.patch(f"{path}/one/scale", {"spec": {"replicas": -1}}).code == 422


# Clients.


def test_the_official_client_works(server: APIServer) -> None:
    with config.new_client_from_config_dict(yaml.safe_load(server.kubeconfig())) as api_client:
        client = DynamicClient(api_client)
        deployments = client.resources.get(api_version="apps/v1", kind="Deployment")
        made = deployments.server_side_apply(
            body=deployment(), name="web", namespace="default", field_manager="me"
        )
        assert made.spec.replicas == 1
        patch = {"body": deployment(replicas=2), "name": "web", "namespace": "default"}
        deployments.patch(**patch, content_type="application/merge-patch+json")
        with pytest.raises(ConflictError):
            deployments.server_side_apply(
                body=deployment(replicas=3), name="web", namespace="default", field_manager="me"
            )
        events = deployments.watch(namespace="default", timeout=1)
        assert [(one["type"], one["object"].metadata.name) for one in events] == [("ADDED", "web")]
        deployments.delete(name="web", namespace="default")
        with pytest.raises(NotFoundError):
            deployments.get(name="web", namespace="default")


def test_objects_can_be_looked_at_without_a_request(client: Client, server: APIServer) -> None:
    obj = client.created(CONFIGMAPS, configmap())
    server.requests.clear()
    kind = KindRef("", "v1", "ConfigMap")
    assert server.get(kind, "default", "a") == obj
    assert server.get(kind, "default", "b") is None
    assert server.list(kind) == server.list(kind, "default") == [obj]
    assert server.list(kind, "other") == []
    with pytest.raises(LookupError, match="is not served"):
        server.list(KindRef("example.com", "v1", "Site"))
    assert not server.requests


# The fixture.


def test_the_fixture_is_a_running_server(gwdeployer_apiserver: APIServer) -> None:
    with Client(gwdeployer_apiserver) as client:
        assert client.get(CONFIGMAPS).content["items"] == []


def test_the_plugin_loads_the_server_only_when_it_is_used() -> None:
    code = "import gwdeployer.testing.plugin, sys, json; print(json.dumps(sorted(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
    loaded = {name for name in json.loads(done.stdout) if name.startswith("gwdeployer")}
    assert loaded == {
        "gwdeployer",
        "gwdeployer._lazy",
        "gwdeployer._version",
        "gwdeployer.testing",
        "gwdeployer.testing.plugin",
    }


def test_every_public_name_of_testing_is_there() -> None:
    assert sorted(testing.__all__) == dir(testing)
    assert [name for name in testing.__all__ if getattr(testing, name) is None] == []


def document() -> str:
    return (Path(__file__).parents[2] / "docs" / "testing.md").read_text(encoding="utf-8")


def test_the_test_in_the_document_passes(gwdeployer_apiserver: APIServer) -> None:
    code = document().split("```python\n")[1].split("```")[0]
    names: dict[str, Any] = {}
    exec(code, names)  # noqa: S102 - the example itself
    names["test_a_label_is_added"](gwdeployer_apiserver)


def test_every_option_and_fault_is_documented() -> None:
    text = document()
    options = set(inspect.signature(APIServer).parameters)
    faults = {name for name in vars(Faults) if not name.startswith("_")} - {"remove", "effects_on"}
    assert {name for name in options if f"`{name}=" not in text} == set()
    assert {name for name in faults if f"{name}(" not in text} == set()
    assert {name for name in ALL_CONTROLLERS if f"`{name}`" not in text} == set()


# Speed.


def best_of(times: int, action: Any) -> float:
    """Return the shortest of several runs, in milliseconds."""
    taken = []
    for _ in range(times):
        began = time.perf_counter()
        action()
        taken.append(time.perf_counter() - began)
    return min(taken) * 1000


def test_requests_are_quick(client: Client) -> None:
    client.created(CONFIGMAPS, configmap())
    assert best_of(50, lambda: client.get(f"{CONFIGMAPS}/a")) < 1
    names = iter(range(100))

    def apply() -> None:
        name = f"web-{next(names)}"
        path = f"{DEPLOYMENTS}/{name}?fieldManager=me"
        assert client.patch(path, deployment(name), APPLY_PATCH).code == 201

    assert best_of(30, apply) < 8
