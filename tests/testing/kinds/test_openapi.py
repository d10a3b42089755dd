"""The OpenAPI documents have what kubectl reads."""

from __future__ import annotations

import json
from typing import Any

from gwdeployer.testing.apiserver.kinds import builtin_kinds
from gwdeployer.testing.apiserver.openapi import openapi_v2, openapi_v3, openapi_v3_index
from tests.testing.kinds.answers import kinds

Json = dict[str, Any]


def references(value: Any) -> set[str]:
    if isinstance(value, dict):
        own = {value["$ref"]} if isinstance(value.get("$ref"), str) else set()
        return own.union(*map(references, value.values()))
    return set().union(*map(references, value)) if isinstance(value, list) else set()


def test_every_reference_leads_to_a_schema() -> None:
    served = list(kinds().values())
    for version in {kind.resource.kind.api_version for kind in served}:
        document = openapi_v3(served, version)
        known = {f"#/components/schemas/{name}" for name in document["components"]["schemas"]}
        assert references(document) <= known


def test_a_kind_is_found_by_its_identity_and_by_its_path() -> None:
    document = openapi_v3(builtin_kinds(), "apps/v1")
    identity = {"group": "apps", "kind": "Deployment", "version": "v1"}
    schema = document["components"]["schemas"]["io.k8s.api.apps.v1.Deployment"]
    patch = document["paths"]["/apis/apps/v1/namespaces/{namespace}/deployments/{name}"]["patch"]
    assert schema["x-kubernetes-group-version-kind"] == [identity]
    assert patch["x-kubernetes-group-version-kind"] == identity
    assert "fieldValidation" in [parameter["name"] for parameter in patch["parameters"]]


def test_a_custom_kind_has_the_schema_of_its_definition() -> None:
    schemas = openapi_v3(kinds().values(), "example.com/v1")["components"]["schemas"]
    widget = schemas["com.example.v1.Widget"]
    assert widget["properties"]["spec"]["properties"]["color"]["enum"] == ["red", "green"]
    assert widget["properties"]["metadata"]["$ref"].endswith(".ObjectMeta")


def test_lists_tell_how_they_are_merged() -> None:
    schemas = openapi_v3(builtin_kinds(), "v1")["components"]["schemas"]
    ports = schemas["io.k8s.api.core.v1.ServiceSpec"]["properties"]["ports"]
    assert ports["x-kubernetes-list-map-keys"] == ["port", "protocol"]
    assert ports["x-kubernetes-patch-merge-key"] == "port"


def test_the_index_names_each_group_version_and_changes_with_its_kinds() -> None:
    index = openapi_v3_index(kinds().values())["paths"]
    builtin = openapi_v3_index(builtin_kinds())["paths"]
    assert {"api/v1", "apis/apps/v1", "apis/example.com/v1"} <= index.keys()
    assert index["apis/apps/v1"] == builtin["apis/apps/v1"]
    assert "apis/example.com/v1" not in builtin


def test_a_document_of_no_kinds_is_empty() -> None:
    assert openapi_v3(builtin_kinds(), "example.com/v1")["paths"] == {}


def test_version_2_has_all_kinds_in_one_document() -> None:
    document = openapi_v2(builtin_kinds())
    assert document["swagger"] == "2.0"
    assert "io.k8s.api.apps.v1.Deployment" in document["definitions"]
    assert "#/components/" not in json.dumps(document)
