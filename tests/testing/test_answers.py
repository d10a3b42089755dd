"""What a kube-apiserver 1.36.3 answered to the same requests: code, reason, message."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest

from gwdeployer.testing import APIServer
from tests.testing.client import (
    APPLY_PATCH,
    CONFIGMAPS,
    DEPLOYMENTS,
    JSON_PATCH,
    MERGE_PATCH,
    STRATEGIC_PATCH,
    Client,
    configmap,
)
from tests.testing.test_server import SITES, crd, site

if TYPE_CHECKING:
    from collections.abc import Iterator

JSON = "application/json"
LEASES = "/apis/coordination.k8s.io/v1/namespaces/default/leases"
PODS = "/api/v1/namespaces/default/pods"
NO_METHOD = (405, "MethodNotAllowed", "the server does not allow this method on the requested resource")
NO_PATH = (404, "NotFound", "the server could not find the requested resource")
UNKNOWN_TYPE = "the body of the request was in an unknown format - accepted media types include: "
NO_TYPE = (415, "UnsupportedMediaType", "415: Unsupported Media Type")
NAME_RULE = (
    "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an "
    "alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is "
    "'([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')"
)

CASES: list[tuple[str, str, Any, str, tuple[int, str, str]]] = [
    ("GET", "/api/v1/nothings", None, JSON, NO_PATH),
    ("GET", "/apis/apps/v2", None, JSON, NO_PATH),
    ("GET", f"{CONFIGMAPS}/a/status", None, JSON, NO_PATH),
    ("GET", f"{DEPLOYMENTS}/x/nothing", None, JSON, NO_PATH),
    ("POST", "/api/v1/configmaps", configmap("b"), JSON, NO_METHOD),
    ("DELETE", "/api/v1/configmaps", None, JSON, NO_METHOD),
    ("DELETE", "/api/v1/namespaces", None, JSON, NO_METHOD),
    ("PUT", CONFIGMAPS, configmap("b"), JSON, NO_METHOD),
    ("PATCH", CONFIGMAPS, {}, MERGE_PATCH, NO_METHOD),
    ("POST", f"{CONFIGMAPS}/b", configmap("b"), JSON, NO_METHOD),
    ("POST", f"{DEPLOYMENTS}/x/status", {}, JSON, NO_METHOD),
    ("DELETE", f"{DEPLOYMENTS}/x/status", None, JSON, NO_METHOD),
    ("PATCH", f"{CONFIGMAPS}/a", {}, "foo/bar", NO_TYPE),
    ("PATCH", f"{SITES}/s", {}, STRATEGIC_PATCH, (*NO_TYPE[:2], f"{UNKNOWN_TYPE}{JSON_PATCH}, ")),
    (
        "DELETE",
        f"{CONFIGMAPS}/a",
        {"kind": "Foo"},
        JSON,
        (
            400,
            "BadRequest",
            'no kind "Foo" is registered for version "meta.k8s.io/v1" in scheme "pkg/runtime/scheme.go:111"',
        ),
    ),
    (
        "DELETE",
        f"{CONFIGMAPS}/a",
        {"gracePeriodSeconds": "x"},
        JSON,
        (
            400,
            "BadRequest",
            "json: cannot unmarshal string into Go struct field DeleteOptions.gracePeriodSeconds of type ",
        ),
    ),
    (
        "DELETE",
        f"{CONFIGMAPS}/a",
        {"propagationPolicy": "Orphan", "orphanDependents": True},
        JSON,
        (
            422,
            "Invalid",
            'DeleteOptions.meta.k8s.io "" is invalid: propagationPolicy: Invalid value: "Orphan": '
            "orphanDependents and deletionPropagation cannot be both set",
        ),
    ),
    (
        "DELETE",
        "/api/v1/namespaces/shop",
        {"preconditions": {"resourceVersion": "1"}},
        JSON,
        (
            409,
            "Conflict",
            'Operation cannot be fulfilled on namespaces "shop": Precondition failed: ResourceVersion in '
            "precondition: 1, ResourceVersion in object meta: ",
        ),
    ),
    (
        "GET",
        f"{CONFIGMAPS}?labelSelector=((",
        None,
        JSON,
        (400, "BadRequest", "found '(', expected: !, identifier, or 'end of string'"),
    ),
    (
        "GET",
        f"{CONFIGMAPS}?labelSelector=a b",
        None,
        JSON,
        (400, "BadRequest", "unable to parse requirement: found 'b', expected: in, notin, =, ==, !=, gt, lt"),
    ),
    (
        "GET",
        f"{CONFIGMAPS}?labelSelector=a in b",
        None,
        JSON,
        (400, "BadRequest", "unable to parse requirement: found 'b' expected: '('"),
    ),
    (
        "GET",
        f"{CONFIGMAPS}?labelSelector=-x=y",
        None,
        JSON,
        (400, "BadRequest", f'unable to parse requirement: <nil>: Invalid value: "-x": {NAME_RULE}'),
    ),
    (
        "GET",
        f"{SITES}?fieldSelector=spec.host=x",
        None,
        JSON,
        (400, "BadRequest", "field label not supported: spec.host"),
    ),
    (
        "GET",
        f"{CONFIGMAPS}?resourceVersion=x",
        None,
        JSON,
        (
            400,
            "BadRequest",
            'invalid resource version: resourceVersion: Invalid value: "x": strconv.ParseUint: parsing "x": '
            "invalid syntax",
        ),
    ),
    (
        "GET",
        f"{CONFIGMAPS}?watch=true&resourceVersion=x",
        None,
        JSON,
        (500, "", 'resourceVersion: Invalid value: "x": strconv.ParseUint: parsing "x": invalid syntax'),
    ),
    (
        "PUT",
        f"{LEASES}/none",
        {"metadata": {"name": "none", "uid": "x"}},
        JSON,
        (409, "Conflict", 'Operation cannot be fulfilled on leases.coordination.k8s.io "none": StorageError'),
    ),
    (
        "PATCH",
        f"{CONFIGMAPS}/a",
        {"metadata": {"name": "q"}},
        MERGE_PATCH,
        (400, "BadRequest", "the name of the object (q) does not match the name on the URL (a)"),
    ),
    (
        "PATCH",
        f"{CONFIGMAPS}/a",
        [{"op": "remove", "path": "/data/x"}],
        JSON_PATCH,
        (422, "Invalid", "the server rejected our request due to an error in our request"),
    ),
    (
        "PATCH",
        f"{CONFIGMAPS}/s?fieldManager=m",
        {"metadata": {"name": "s"}},
        APPLY_PATCH,
        (400, "BadRequest", "invalid object type: /, Kind="),
    ),
    (
        "POST",
        SITES,
        {"metadata": {"name": "t"}},
        JSON,
        (
            400,
            "BadRequest",
            "the object provided is unrecognized (must be of type Site): Object 'Kind' is missing in "
            '\'{"metadata": {"name": "t"}}\' ({"metadata": {"name": "t"}})',
        ),
    ),
    (
        "POST",
        f"{PODS}/p/binding",
        {"metadata": {"name": "p"}, "target": {}},
        JSON,
        (500, "", "target.name: Required value"),
    ),
    (
        "POST",
        f"{PODS}/p/binding",
        {"metadata": {"name": "p"}, "target": {"name": "n"}},
        JSON,
        (
            409,
            "Conflict",
            'Operation cannot be fulfilled on pods/binding "p": pod p is already assigned to node "n"',
        ),
    ),
]


@pytest.fixture(scope="module")
def asking() -> Iterator[Client]:
    """A client of a server with a few objects, none of which the cases change."""
    with APIServer(crds=[crd()]) as server, Client(server) as client:
        client.created(CONFIGMAPS, configmap("a"))
        client.created(SITES, site("s"))
        client.created("/api/v1/namespaces", {"metadata": {"name": "shop"}})
        spec = {"nodeName": "n", "containers": [{"name": "c", "image": "i"}]}
        client.created(PODS, {"metadata": {"name": "p"}, "spec": spec})
        yield client


@pytest.mark.parametrize(("method", "path", "body", "media_type", "wanted"), CASES)
def test_refusals_are_those_of_a_real_server(
    asking: Client, method: str, path: str, body: Any, media_type: str, wanted: tuple[int, str, str]
) -> None:
    reply = asking.request(method, quote(path, safe="/?=&!,:"), body, media_type)
    assert (reply.code, reply.content.get("reason", "")) == wanted[:2]
    assert reply.message.startswith(wanted[2])


@pytest.mark.parametrize("path", ["/apis/foo", "/foo", "/apis/foo/v1/bars"])
def test_paths_of_no_group_are_no_page(asking: Client, path: str) -> None:
    assert (asking.get(path).code, asking.get(path).content) == (404, "404 page not found\n")


def test_a_bound_pod_keeps_its_generation_and_its_owners(asking: Client) -> None:
    before = asking.created(
        PODS, {"metadata": {"name": "q"}, "spec": {"containers": [{"name": "c", "image": "i"}]}}
    )
    asking.post(f"{PODS}/q/binding", {"metadata": {"name": "q"}, "target": {"name": "n"}})
    after = asking.get(f"{PODS}/q")
    assert after.content["spec"]["nodeName"] == "n"
    assert after.content["status"]["conditions"][0]["type"] == "PodScheduled"
    for key in ("generation", "managedFields"):
        assert after.meta[key] == before["metadata"][key]
