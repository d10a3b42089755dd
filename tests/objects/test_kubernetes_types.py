from __future__ import annotations

import importlib.util
import json
import math
import re
import subprocess
import sys
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Annotated, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, TypeAdapter, ValidationError

from gwdeployer.errors import Fault
from gwdeployer.objects import type_checks, type_data
from gwdeployer.objects.types import (
    FieldInfo,
    KubernetesType,
    faults_of,
    schema_of,
    type_info,
    type_of_kind,
    without_nulls,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from hypothesis.strategies import SearchStrategy

REPOSITORY = Path(__file__).parents[2]
PATCH_METADATA = REPOSITORY.parent / "shared" / "data" / "smp-meta-k8s-1.37.json"
KUBERNETES_VALIDATE = importlib.util.find_spec("kubernetes_validate")
needs_schemas = pytest.mark.skipif(KUBERNETES_VALIDATE is None, reason="kubernetes-validate is not installed")

GATEWAY_PARAMETER_TYPES = [
    "Affinity",
    "Container",
    "EnvVar",
    "LocalObjectReference",
    "PodSecurityContext",
    "Probe",
    "ResourceRequirements",
    "SecurityContext",
    "Toleration",
    "TopologySpreadConstraint",
    "Volume",
    "VolumeMount",
]

SELECTOR = {"matchLabels": {"app.kubernetes.io/name": "gw"}, "matchExpressions": []}
AFFINITY = {
    "nodeAffinity": {
        "requiredDuringSchedulingIgnoredDuringExecution": {
            "nodeSelectorTerms": [
                {"matchExpressions": [{"key": "kubernetes.io/arch", "operator": "In", "values": ["amd64"]}]}
            ]
        }
    },
    "podAntiAffinity": {
        "preferredDuringSchedulingIgnoredDuringExecution": [
            {"weight": 100, "podAffinityTerm": {"topologyKey": "zone", "labelSelector": SELECTOR}}
        ]
    },
}
CONTAINER = {
    "name": "envoy",
    "image": "envoy:v1",
    "args": ["--concurrency", "2"],
    "env": [
        {"name": "A", "value": "b"},
        {"name": "N", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}},
    ],
    "ports": [{"containerPort": 8080, "protocol": "TCP", "name": "http"}],
    "resources": {"limits": {"cpu": 2, "memory": "1Gi", "nvidia.com/gpu": "1"}, "requests": {"cpu": 0.5}},
    "readinessProbe": {"httpGet": {"path": "/ready", "port": "http"}, "periodSeconds": 10},
    "livenessProbe": {"tcpSocket": {"port": 8080}},
    "securityContext": {
        "runAsUser": 2**40,
        "capabilities": {"drop": ["ALL"]},
        "readOnlyRootFilesystem": True,
    },
    "volumeMounts": [{"name": "tmp", "mountPath": "/tmp"}],
}
ACCEPTED: list[tuple[str, Any]] = [
    ("core.v1.Affinity", {}),
    ("core.v1.Affinity", AFFINITY),
    ("core.v1.Container", CONTAINER),
    (
        "core.v1.EnvVar",
        {"name": "A", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k", "optional": True}}},
    ),
    ("core.v1.LocalObjectReference", {"name": "pull"}),
    (
        "core.v1.PodSecurityContext",
        {"fsGroup": 1, "supplementalGroups": [1], "sysctls": [{"name": "net.x", "value": "0"}]},
    ),
    ("core.v1.Probe", {"grpc": {"port": 1, "service": ""}, "initialDelaySeconds": 0}),
    ("core.v1.Probe", {"exec": {"command": ["true"]}, "terminationGracePeriodSeconds": 2**33}),
    ("core.v1.ResourceRequirements", {"limits": {"cpu": "100m"}, "claims": [{"name": "gpu"}]}),
    ("core.v1.SecurityContext", {"seccompProfile": {"type": "RuntimeDefault"}, "privileged": False}),
    (
        "core.v1.Toleration",
        {"key": "a", "operator": "Exists", "effect": "NoSchedule", "tolerationSeconds": 3},
    ),
    (
        "core.v1.TopologySpreadConstraint",
        {
            "maxSkew": 1,
            "topologyKey": "zone",
            "whenUnsatisfiable": "DoNotSchedule",
            "labelSelector": SELECTOR,
        },
    ),
    ("core.v1.Volume", {"name": "v", "emptyDir": {"medium": "Memory", "sizeLimit": "64Mi"}}),
    (
        "core.v1.Volume",
        {"name": "v", "configMap": {"name": "c", "items": [{"key": "k", "path": "p", "mode": 420}]}},
    ),
    ("core.v1.Volume", {"name": "v", "projected": {"sources": [{"serviceAccountToken": {"path": "t"}}]}}),
    ("core.v1.VolumeMount", {"name": "v", "mountPath": "/v", "readOnly": True}),
    (
        "apps.v1.DeploymentStrategy",
        {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": "25%", "maxUnavailable": 0}},
    ),
    (
        "core.v1.Secret",
        {"apiVersion": "v1", "kind": "Secret", "data": {"k": "cGFzcw=="}, "stringData": {"a": ""}},
    ),
    ("meta.v1.ObjectMeta", {"name": "n", "creationTimestamp": "2024-02-29T12:00:00.5+01:00"}),
    ("pkg.runtime.RawExtension", {"anything": [1, {"goes": True}]}),
    ("apiextensions.v1.JSONSchemaProps", {"properties": {"a": {"properties": {"b": {"default": [1, "x"]}}}}}),
]

MAPPING = "must be a mapping, not"
REFUSED: list[tuple[str, Any, str]] = [
    ("core.v1.Affinity", None, f"{MAPPING} null"),
    ("core.v1.Affinity", "zone", f"{MAPPING} a string"),
    ("core.v1.Affinity", [], f"{MAPPING} a list"),
    (
        "core.v1.Affinity",
        {"nodeAffinty": {}},
        "nodeAffinty: unknown field 'nodeAffinty'; did you mean 'nodeAffinity'?",
    ),
    (
        "core.v1.Affinity",
        {"nodeAffinty": None},
        "nodeAffinty: unknown field 'nodeAffinty'; did you mean 'nodeAffinity'?",
    ),
    (
        "core.v1.Affinity",
        {7: {}},
        "[7]: unknown field 7; known here: nodeAffinity, podAffinity, podAntiAffinity",
    ),
    ("core.v1.Affinity", {"podAffinity": 1}, f"podAffinity: {MAPPING} an integer"),
    (
        "core.v1.LocalObjectReference",
        {"name": 12},
        "name: must be a string, not an integer; write it in quotes",
    ),
    (
        "core.v1.LocalObjectReference",
        {"name": True},
        "name: must be a string, not a boolean; write it in quotes",
    ),
    ("core.v1.LocalObjectReference", {"name": ["a"]}, "name: must be a string, not a list"),
    ("core.v1.VolumeMount", {"name": "v"}, "mountPath: required field is missing"),
    ("core.v1.VolumeMount", {"name": "v", "mountPath": None}, "mountPath: required field is missing"),
    (
        "core.v1.VolumeMount",
        {"name": "v", "mountPath": "/", "readOnly": "yes"},
        "readOnly: must be a boolean, not a string 'yes'; write true or false, without quotes",
    ),
    (
        "core.v1.VolumeMount",
        {"name": "v", "mountPath": "/", "readOnly": 1},
        "readOnly: must be a boolean, not an integer 1; write true or false, without quotes",
    ),
    (
        "core.v1.Toleration",
        {"tolerationSeconds": True},
        "tolerationSeconds: must be an integer, not a boolean True",
    ),
    (
        "core.v1.Toleration",
        {"tolerationSeconds": "30"},
        "tolerationSeconds: must be an integer, not a string '30'; write 30 without quotes",
    ),
    (
        "core.v1.Toleration",
        {"tolerationSeconds": "30s"},
        "tolerationSeconds: must be an integer, not a string '30s'",
    ),
    (
        "core.v1.Toleration",
        {"tolerationSeconds": 3.0},
        "tolerationSeconds: must be an integer, not a number 3.0; write 3",
    ),
    (
        "core.v1.Toleration",
        {"tolerationSeconds": 3.5},
        "tolerationSeconds: must be an integer, not a number 3.5",
    ),
    (
        "core.v1.Toleration",
        {"tolerationSeconds": 2**63},
        f"tolerationSeconds: must be between {-(2**63)} and {2**63 - 1}, not {2**63}",
    ),
    (
        "core.v1.ContainerPort",
        {"containerPort": 2**31},
        "containerPort: must be between -2147483648 and 2147483647, not 2147483648",
    ),
    (
        "core.v1.ContainerPort",
        {"containerPort": 16**9000},
        "containerPort: must be between -2147483648 and 2147483647, not an enormous number",
    ),
    ("core.v1.TCPSocketAction", {"port": 1.5}, "port: must be an integer or a string, not a number"),
    ("core.v1.TCPSocketAction", {"port": False}, "port: must be an integer or a string, not a boolean"),
    (
        "core.v1.TCPSocketAction",
        {"port": 2**31},
        "port: must be between -2147483648 and 2147483647, not 2147483648",
    ),
    ("core.v1.TCPSocketAction", {"port": []}, "port: must be an integer or a string, not a list"),
    (
        "core.v1.ResourceRequirements",
        {"limits": {"cpu": "2 cores"}},
        "limits.cpu: must be a quantity, not a string '2 cores'; write one such as 100m, 2 or 1.5Gi",
    ),
    (
        "core.v1.ResourceRequirements",
        {"limits": {"nvidia.com/gpu": True}},
        "limits[nvidia.com/gpu]: must be a quantity, not a boolean True; write one such as 100m, 2 or 1.5Gi",
    ),
    ("core.v1.ResourceRequirements", {"limits": []}, f"limits: {MAPPING} a list"),
    (
        "meta.v1.LabelSelector",
        {"matchLabels": {1: "a"}},
        "matchLabels[1]: the key must be a string, not an integer; write it in quotes",
    ),
    (
        "core.v1.Container",
        {"name": "a", "args": "-v"},
        "args: must be a list, not a string; begin each item with '- '",
    ),
    ("core.v1.Container", {"name": "a", "args": ["-v", None]}, "args[1]: must be a string, not null"),
    ("core.v1.Container", {"name": "a", "ports": [None]}, f"ports[0]: {MAPPING} null"),
    ("core.v1.Container", {"name": "a", "ports": [{}]}, "ports[0].containerPort: required field is missing"),
    (
        "meta.v1.ObjectMeta",
        {"creationTimestamp": "yesterday"},
        "creationTimestamp: must be an RFC 3339 time, not a string 'yesterday'; "
        "write it as '2006-01-02T15:04:05Z'",
    ),
    (
        "meta.v1.ObjectMeta",
        {"creationTimestamp": "2023-02-29T00:00:00Z"},
        "creationTimestamp: must be an RFC 3339 time, not a string '2023-02-29T00:00:00Z'; "
        "write it as '2006-01-02T15:04:05Z'",
    ),
    ("core.v1.Secret", {"kind": "Secrets"}, "kind: must be 'Secret', not 'Secrets'; did you mean 'Secret'?"),
    ("core.v1.Secret", {"data": {"k": "pa$$"}}, "data.k: must be base64; encode it, padding included"),
    ("core.v1.Secret", {"data": {"k": "YWI"}}, "data.k: must be base64; encode it, padding included"),
    ("core.v1.Secret", {"data": {"k": "é"}}, "data.k: must be base64; encode it, padding included"),
    ("core.v1.Secret", {"data": {"k": 1}}, "data.k: must be a string, not an integer; write it in quotes"),
    ("pkg.runtime.RawExtension", "x", f"{MAPPING} a string"),
    (
        "apiextensions.v1.JSONSchemaProps",
        {"properties": {"a": {"maximum": "9"}}},
        "properties.a.maximum: must be a number, not a string '9'",
    ),
]


@cache
def published(folder: str) -> Any:
    """Return the published definitions, as a test reads them without our script."""
    assert KUBERNETES_VALIDATE
    assert KUBERNETES_VALIDATE.origin
    schemas = Path(KUBERNETES_VALIDATE.origin).parent / "kubernetes-json-schema" / folder
    return json.loads((schemas / "_definitions.json").read_bytes())


@cache
def strict_validator(type_name: str) -> Any:
    jsonschema = pytest.importorskip("jsonschema")
    definitions = published("v1.37.0-local-strict")["$defs"]
    return jsonschema.Draft202012Validator(
        {"$ref": f"#/$defs/{type_info(type_name).name}", "$defs": definitions}
    )


def all_type_names() -> list[str]:
    return sorted(type_data.published()["types"])


def fields_everywhere() -> Iterator[tuple[str, str, FieldInfo]]:
    for type_name in all_type_names():
        for name, field in (type_info(type_name).fields or {}).items():
            yield type_name, name, field


class TestFaultsOf:
    @pytest.mark.parametrize(("type_name", "value"), ACCEPTED)
    def test_accepts(self, type_name: str, value: Any) -> None:
        assert faults_of(type_name, value) == []

    @pytest.mark.parametrize(("type_name", "value", "text"), REFUSED)
    def test_refuses_with_this_one_line(self, type_name: str, value: Any, text: str) -> None:
        assert [str(fault) for fault in faults_of(type_name, value)] == [text]

    def test_reports_all_faults_at_once_with_full_paths(self) -> None:
        container = {"name": "a", "ports": [{"containerPort": 1}, {"containerPort": "x"}], "imag": "i"}
        template = {"spec": {"containers": [container, {}], "nodeSelector": {"a/b": 1}}}
        spec = {"selector": {}, "template": template, "replicas": 1.5}
        deployment = {"apiVersion": "apps/v1", "kind": "Deployment", "spec": spec}
        assert [fault.path for fault in faults_of("apps.v1.Deployment", deployment)] == [
            "spec.template.spec.containers[0].ports[1].containerPort",
            "spec.template.spec.containers[0].imag",
            "spec.template.spec.containers[1].name",
            "spec.template.spec.nodeSelector[a/b]",
            "spec.replicas",
        ]

    def test_begins_paths_where_the_value_stands(self) -> None:
        (root,) = faults_of("core.v1.Probe", [], "spec.probe")
        (inner,) = faults_of("core.v1.Probe", {"grpc": {}}, "spec.probe")
        (item,) = faults_of("core.v1.Container", {"name": "a", "x y": 1}, "spec.containers[0]")
        assert (root.path, inner.path) == ("spec.probe", "spec.probe.grpc.port")
        assert item.path == "spec.containers[0][x y]"

    def test_null_is_unset_at_any_depth(self) -> None:
        assert faults_of("core.v1.Affinity", {"nodeAffinity": None, "podAffinity": {}}) == []
        assert (
            faults_of("meta.v1.LabelSelector", {"matchLabels": {"a": None}, "matchExpressions": None}) == []
        )

    def test_takes_any_mapping_and_sequence(self) -> None:
        probe = MappingProxyType({"exec": MappingProxyType({"command": ("a", "b")})})
        assert faults_of("core.v1.Probe", probe) == []

    def test_never_quotes_text_that_may_be_secret(self) -> None:
        secret = {
            "data": {"k": "hunter2!"},
            "stringData": "hunter2",
            "metadata": "hunter2",
            "immutable": None,
        }
        texts = [str(fault) for fault in faults_of("core.v1.Secret", secret)]
        texts += [str(fault) for fault in faults_of("core.v1.EnvVar", {"name": "PIN", "value": 7726})]
        assert len(texts) == 4
        assert not [text for text in texts if "hunter2" in text or "7726" in text]

    def test_foreign_text_is_cut(self) -> None:
        (fault,) = faults_of("core.v1.Probe", {"x" * 10_000: 1})
        assert len(str(fault)) < 1000

    def test_an_unknown_type_is_the_programmers_error(self) -> None:
        with pytest.raises(
            LookupError, match=r"no Kubernetes type is named 'core.v1.Afinity'; .*'core.v1.Affinity'"
        ):
            faults_of("core.v1.Afinity", {})
        with pytest.raises(LookupError, match=r"no Kubernetes type is named 'Affinity'"):
            type_info("Affinity")


class TestScalars:
    @pytest.mark.parametrize(
        "value",
        [
            "0",
            "2",
            "+1",
            "-1",
            "1.",
            ".5",
            "1.5Gi",
            "100m",
            "5u",
            "7n",
            "3k",
            "1E",
            "1e3",
            "1E-3",
            "12Ei",
            0,
            2,
            0.5,
            10**20,
        ],
    )
    def test_quantities(self, value: Any) -> None:
        assert faults_of("api.resource.Quantity", value) == []

    @pytest.mark.parametrize(
        "value",
        [
            "",
            " 1",
            "1 ",
            "1\n",
            ".",
            "Mi",
            "1mi",
            "1K",
            "1ki",
            "1KiB",
            "1e",
            "1e1.5",
            "0x1",
            "\u0661",
            "1,5",
            "nan",
            True,
            None,
            [],
            {},
            math.nan,
            math.inf,
            10**400,
        ],
    )
    def test_no_quantities(self, value: Any) -> None:
        assert len(faults_of("api.resource.Quantity", value)) == 1

    @pytest.mark.parametrize("value", ["2024-01-31T00:00:00Z", "2024-01-31T23:59:59.123456789-07:30"])
    def test_times(self, value: str) -> None:
        assert faults_of("meta.v1.Time", value) == []
        assert faults_of("meta.v1.MicroTime", value) == []

    @pytest.mark.parametrize(
        "value", ["", "2024-01-31", "2024-01-31 00:00:00Z", "2024-01-31T00:00:00", "2024-13-01T00:00:00Z", 0]
    )
    def test_no_times(self, value: Any) -> None:
        assert len(faults_of("meta.v1.Time", value)) == 1

    @pytest.mark.parametrize("value", ["", "YQ==", "YWI=", "YWJj", "YWJj\nYWJj\r\n"])
    def test_base64(self, value: str) -> None:
        assert faults_of("core.v1.Secret", {"data": {"k": value}}) == []

    @given(st.integers())
    def test_int32_is_exactly_its_range(self, number: int) -> None:
        faults = faults_of("core.v1.ContainerPort", {"containerPort": number})
        assert (faults == []) is (-(2**31) <= number < 2**31)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


def nulls_in(value: object) -> bool:
    if isinstance(value, dict):
        return any(item is None or nulls_in(item) for item in value.values())
    return isinstance(value, list) and any(nulls_in(item) for item in value)


class TestWithoutNulls:
    def test_drops_map_entries_and_keeps_list_items(self) -> None:
        assert without_nulls({"a": None, "b": [None, {"c": None, "d": 0}], "e": {}}) == {
            "b": [None, {"d": 0}],
            "e": {},
        }

    def test_copies_deeply_into_plain_containers(self) -> None:
        inner = ["x"]
        copy = without_nulls(MappingProxyType({"a": MappingProxyType({"b": inner}), "c": ("d",)}))
        inner.append("y")
        assert copy == {"a": {"b": ["x"]}, "c": ["d"]}
        assert type(copy["a"]) is dict

    @given(JSON)
    def test_leaves_none_and_is_idempotent(self, value: Any) -> None:
        once = without_nulls(value)
        assert not nulls_in(once)
        assert repr(without_nulls(once)) == repr(once)

    @given(JSON)
    def test_any_data_is_answered_not_raised(self, value: Any) -> None:
        for name in GATEWAY_PARAMETER_TYPES:
            assert all(str(fault) for fault in faults_of(f"core.v1.{name}", value))


class Model(BaseModel):
    affinity: Annotated[dict[str, Any], KubernetesType("core.v1.Affinity")] | None = None
    volumes: list[Annotated[dict[str, Any], KubernetesType("core.v1.Volume")]] = []
    surge: Annotated[int | str, KubernetesType("util.intstr.IntOrString")] = 1


class TestKubernetesType:
    def test_keeps_a_copy_without_nulls(self) -> None:
        source: dict[str, Any] = {"podAffinity": None, "nodeAffinity": {}}
        model = Model.model_validate(
            {"affinity": source, "volumes": [{"name": "v", "emptyDir": None}], "surge": "9%"}
        )
        source["nodeAffinity"] = {"later": "change"}
        assert model.model_dump() == {
            "affinity": {"nodeAffinity": {}},
            "volumes": [{"name": "v"}],
            "surge": "9%",
        }
        assert json.loads(model.model_dump_json()) == model.model_dump()

    def test_null_where_the_model_allows_it(self) -> None:
        assert Model(affinity=None).affinity is None

    def test_one_error_carries_all_faults_with_relative_paths(self) -> None:
        with pytest.raises(
            ValidationError, match=r"not a core\.v1\.Volume: emptyDr: unknown field"
        ) as caught:
            Model.model_validate({"volumes": [{"name": "a"}, {"emptyDr": {}}]})
        (error,) = caught.value.errors()
        assert (error["type"], error["loc"]) == ("kubernetes_type", ("volumes", 1))
        assert error["ctx"]["faults"] == [
            Fault("unknown field 'emptyDr'", "emptyDr", hint="did you mean 'emptyDir'?"),
            Fault("required field is missing", "name"),
        ]

    def test_faults_of_several_fields_come_together(self) -> None:
        with pytest.raises(ValidationError) as caught:
            Model.model_validate({"volumes": ["x", {}], "surge": True, "affinity": 1})
        assert [error["type"] for error in caught.value.errors()] == ["kubernetes_type"] * 4

    def test_braces_in_foreign_text_are_text(self) -> None:
        with pytest.raises(ValidationError, match=r"unknown field '\{name\}'"):
            Model.model_validate({"affinity": {"{name}": 1}})

    def test_is_a_value_and_names_its_type(self) -> None:
        assert KubernetesType("core.v1.Volume") == KubernetesType("core.v1.Volume")
        assert hash(KubernetesType("core.v1.Volume")) == hash(KubernetesType("core.v1.Volume"))

    def test_json_schema_is_the_structural_one(self) -> None:
        schema = TypeAdapter(Model).json_schema()
        assert "$defs" not in schema
        assert schema["properties"]["volumes"]["items"] == schema_of("core.v1.Volume")
        assert {"type": "null"} in schema["properties"]["affinity"]["anyOf"]


class TestSchemaOf:
    def test_one_small_type_whole(self) -> None:
        assert schema_of("core.v1.ContainerPort") == {
            "type": "object",
            "required": ["containerPort"],
            "properties": {
                "containerPort": {"type": "integer", "format": "int32"},
                "hostIP": {"type": "string"},
                "hostPort": {"type": "integer", "format": "int32"},
                "name": {"type": "string"},
                "protocol": {"type": "string", "default": "TCP"},
            },
        }

    def test_special_values(self) -> None:
        either = [{"type": "integer"}, {"type": "string"}]
        assert schema_of("util.intstr.IntOrString") == {"anyOf": either, "x-kubernetes-int-or-string": True}
        assert schema_of("api.resource.Quantity")["pattern"].startswith(r"^(\+|-)?")
        assert schema_of("meta.v1.Time") == {"type": "string", "format": "date-time"}
        assert schema_of("pkg.runtime.RawExtension") == {
            "type": "object",
            "x-kubernetes-preserve-unknown-fields": True,
        }
        assert schema_of("apiextensions.v1.JSON") == {"x-kubernetes-preserve-unknown-fields": True}

    def test_maps_and_lists(self) -> None:
        properties = schema_of("core.v1.Container")["properties"]
        assert properties["ports"]["x-kubernetes-list-type"] == "map"
        assert properties["ports"]["x-kubernetes-list-map-keys"] == ["containerPort", "protocol"]
        assert properties["args"] == {
            "type": "array",
            "items": {"type": "string"},
            "x-kubernetes-list-type": "atomic",
        }
        assert schema_of("core.v1.LocalObjectReference")["x-kubernetes-map-type"] == "atomic"

    def test_recursion_ends_free_form(self) -> None:
        schema = schema_of("apiextensions.v1.JSONSchemaProps")
        assert schema["properties"]["not"] == {"type": "object", "x-kubernetes-preserve-unknown-fields": True}

    def test_the_caller_owns_it(self) -> None:
        schema_of("core.v1.Probe")["properties"].clear()
        assert schema_of("core.v1.Probe")["properties"]

    def test_every_schema_is_one_an_api_server_installs(self) -> None:
        for name in all_type_names():
            assert list(structural_faults(schema_of(name))) == []


def structural_faults(schema: Mapping[str, Any]) -> Iterator[str]:
    """Yield what a CustomResourceDefinition may not contain."""
    if "$ref" in schema or not {
        "type",
        "x-kubernetes-int-or-string",
        "x-kubernetes-preserve-unknown-fields",
    } & set(schema):
        yield f"not structural: {schema}"
    item = schema.get("items", {})
    for key in schema.get("x-kubernetes-list-map-keys", []):
        if key not in item.get("required", []) and "default" not in item["properties"][key]:
            yield f"list key {key} may be missing"
    inner = [
        *schema.get("properties", {}).values(),
        *(schema[k] for k in ("items", "additionalProperties") if k in schema),
    ]
    for part in inner:
        yield from structural_faults(part)


class TestTypeInfo:
    @pytest.mark.parametrize("name", ["core.v1.Container", "io.k8s.api.core.v1.Container"])
    def test_short_and_full_names(self, name: str) -> None:
        assert type_info(name).name == "io.k8s.api.core.v1.Container"
        assert type_info(name) is type_info(name)

    def test_patch_metadata(self) -> None:
        pod = type_info("core.v1.PodSpec").fields or {}
        assert pod["volumes"].patch_strategy == ("merge", "retainKeys")
        assert pod["volumes"].merge_key == "name"
        assert pod["volumes"].items == FieldInfo(ref="io.k8s.api.core.v1.Volume")
        assert pod["topologySpreadConstraints"].list_map_keys == ("topologyKey", "whenUnsatisfiable")
        assert pod["containers"].required
        assert (pod["tolerations"].patch_strategy, pod["tolerations"].list_type) == ((), "atomic")

    def test_defaults_that_are_keys(self) -> None:
        for name in ("core.v1.ContainerPort", "core.v1.ServicePort"):
            assert (type_info(name).fields or {})["protocol"].default == "TCP"

    def test_types_without_fields(self) -> None:
        assert type_info("api.resource.Quantity").fields is None
        assert type_info("api.resource.Quantity").itself.format == "quantity"

    def test_fields_cannot_be_changed(self) -> None:
        fields: Any = type_info("core.v1.Probe").fields
        with pytest.raises(TypeError, match="does not support item assignment"):
            fields["x"] = FieldInfo()

    def test_kinds(self) -> None:
        assert type_of_kind("apps/v1", "Deployment") == "io.k8s.api.apps.v1.Deployment"
        assert type_of_kind("v1", "Service") == "io.k8s.api.core.v1.Service"
        assert type_of_kind("gateway.networking.k8s.io/v1", "Gateway") is None
        assert type_of_kind("v1", "ServiceList") is None


class TestDataFile:
    def test_short_names_are_unique_and_references_resolve(self) -> None:
        assert len(type_data._names()) == len(type_data.published()["types"])
        for _, _, field in fields_everywhere():
            for part in filter(None, (field, field.items, field.values)):
                assert part.ref in {"", type_info(part.ref).name if part.ref else ""}

    def test_every_published_type_and_format_has_a_check(self) -> None:
        for type_name, name, field in fields_everywhere():
            for part in filter(None, (field, field.items, field.values, field.values and field.values.items)):
                assert part.ref or (part.format or part.type) in type_checks.CHECKS, (type_name, name)

    def test_importing_reads_no_file(self) -> None:
        code = (
            "from gwdeployer.objects import type_data, types\n"
            "from typing import *; from pydantic import BaseModel\n"
            "class M(BaseModel): a: Annotated[dict[str, Any], types.KubernetesType('core.v1.Affinity')]\n"
            "read = lambda: type_data.published.cache_info().currsize\n"
            "assert not read(); M(a={}); assert read()"
        )
        subprocess.run([sys.executable, "-c", code], check=True, cwd=REPOSITORY)

    @needs_schemas
    def test_is_what_the_script_makes(self) -> None:
        spec = importlib.util.spec_from_file_location(
            "make", REPOSITORY / "scripts" / "make_kubernetes_types.py"
        )
        assert spec
        assert spec.loader
        script = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(script)
        definitions = published("v1.37.0-local")["$defs"]
        shuffled = dict(reversed(definitions.items()))
        assert script.made(definitions) == script.made(shuffled) == type_data.DATA.read_text(encoding="utf-8")

    @pytest.mark.skipif(
        not PATCH_METADATA.exists(), reason="the independently derived patch metadata is not here"
    )
    def test_agrees_with_independently_derived_patch_metadata(self) -> None:
        wanted = json.loads(PATCH_METADATA.read_bytes())
        ours = type_data.published()
        assert wanted["kinds"].items() <= ours["kinds"].items()
        for name, theirs in wanted["types"].items():
            assert set(ours["types"][name].get("required", [])) == set(theirs.get("required", []))
            assert ours["types"][name].get("mapType") == theirs.get("mapType")
            assert ours["types"][name].get("fields", {}).keys() == theirs.get("fields", {}).keys()
            for field, raw in theirs.get("fields", {}).items():
                assert comparable(ours["types"][name]["fields"][field]) == comparable(raw), (name, field)

    @pytest.mark.skipif(
        not PATCH_METADATA.exists(), reason="the independently derived patch metadata is not here"
    )
    def test_knows_every_default_that_is_a_key(self) -> None:
        wanted = json.loads(PATCH_METADATA.read_bytes())["types"]
        for _, _, field in fields_everywhere():
            for key in field.list_map_keys:
                item = field.items.ref if field.items else ""
                default = wanted.get(item, {"fields": {}})["fields"].get(key, {}).get("default")
                assert not default or (type_info(item).fields or {})[key].default == default


def comparable(raw: Any) -> Any:
    """Return what both files tell of a field: theirs has no enums, no formats of items, more defaults."""
    kept = {key: value for key, value in raw.items() if key not in {"enum", "default"}}
    for part in {"items", "additionalProperties"} & set(kept):
        kept[part] = {key: value for key, value in kept[part].items() if key != "format"}
    return kept


def scalars(field: FieldInfo) -> SearchStrategy[Any]:
    """Return right values of a field that has none of its own inside."""
    number = st.integers(-(2**31), 2**31 - 1)
    known: dict[str, SearchStrategy[Any]] = {
        "": st.just({}),
        "boolean": st.booleans(),
        "byte": st.just("YQ=="),
        "date-time": st.just("2024-01-31T00:00:00Z"),
        "double": st.just(1.5),
        "int-or-string": number | st.text(max_size=5),
        "object": st.just({}),
        "quantity": st.sampled_from(["1", "100m", 2, 0.5]),
        "string": st.sampled_from(field.enum or ("", "a", "true", "1")),
    }
    return known.get(field.format or field.type, number)


def right_or_wrong(field: FieldInfo, depth: int) -> SearchStrategy[Any]:
    """Return mostly right values of a field, and now and then one of a wrong type."""
    wrong = st.sampled_from(
        [True, 7, "7", [], ["7"], {}, {"7": {}}]
    )  # any string is a quantity to the oracle
    right = values_of(field.ref, depth) if field.ref else scalars(field)
    if field.items:
        right = st.lists(right_or_wrong(field.items, depth), max_size=2) if depth else st.just([])
    if field.values:
        right = st.dictionaries(st.text(max_size=3), right_or_wrong(field.values, depth), max_size=2)
    return st.integers(0, 25).flatmap(lambda roll: right if roll else wrong)


def deferred(field: FieldInfo, depth: int) -> SearchStrategy[Any]:
    return st.deferred(lambda: right_or_wrong(field, depth))


def values_of(type_name: str, depth: int) -> SearchStrategy[Any]:
    """Return values of a type: some required field may be missing, some unknown one there, others wrong."""
    info = type_info(type_name)
    if info.fields is None:
        return scalars(info.itself)
    usable = {name: field for name, field in info.fields.items() if depth or not field.ref}
    inner = {name: deferred(field, max(depth - 1, 0)) for name, field in usable.items()}
    chosen = (
        st.lists(st.sampled_from([*usable, *info.required]), max_size=4, unique=True)
        if inner
        else st.just([])
    )
    needed = st.integers(0, 25).map(lambda roll: info.required if roll else ())
    extra = st.integers(0, 25).map(lambda roll: {} if roll else {"unknown": 1})
    return st.tuples(chosen, needed, extra).flatmap(
        lambda parts: st.fixed_dictionaries(
            {name: inner[name] for name in dict.fromkeys([*parts[0], *parts[1]]) if name in inner}
        ).map(lambda made: {**made, **parts[2]})
    )


ORACLE_TYPES = [f"core.v1.{name}" for name in GATEWAY_PARAMETER_TYPES] + [
    "apps.v1.DeploymentStrategy",
    "core.v1.Service",
]


@needs_schemas
class TestAgainstPublishedSchemas:
    """The strict JSON schemas, by another implementation, are the oracle where they say anything at all."""

    @pytest.mark.parametrize(("type_name", "value"), ACCEPTED)
    def test_accepted_by_both(self, type_name: str, value: Any) -> None:
        assert strict_validator(type_name).is_valid(value)

    #: What Kubernetes' decoder refuses and JSON Schema cannot or here does not say. (3.0 is an integer to the
    #: oracle, and null is anything.)
    ONLY_OURS = re.compile("between|quantity, not a string|RFC 3339|base64|number 3.0|key must be|, not null")

    @pytest.mark.parametrize(("type_name", "value", "text"), REFUSED)
    def test_refused_by_both(self, type_name: str, value: Any, text: str) -> None:
        if not self.ONLY_OURS.search(text):
            assert not strict_validator(type_name).is_valid(value)

    def test_two_entries_of_one_key(self) -> None:
        ports = [{"port": 53}, {"port": 53, "protocol": "UDP"}, {"port": 53, "protocol": "TCP"}]
        [fault] = faults_of("core.v1.ServiceSpec", {"ports": ports})
        assert str(fault) == "ports[2]: port '53', protocol 'TCP' is there already; remove one of the two"
        assert faults_of("core.v1.ServiceSpec", {"ports": ports[:2]}) == []

    @pytest.mark.parametrize("type_name", ORACLE_TYPES)
    @settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
    @given(data=st.data())
    def test_same_verdict_on_generated_values(self, type_name: str, data: st.DataObject) -> None:
        value = data.draw(values_of(type_name, 4))
        # JSON Schema does not know that entries of a list have keys, and here does not look at formats. Of a
        # value that is no string it does know that it is neither a time nor base64.
        beyond = re.compile("is there already|RFC 3339 time, not a string|must be base64")
        faults = [fault for fault in faults_of(type_name, value) if not beyond.search(fault.message)]
        assert (faults == []) is strict_validator(type_name).is_valid(value), (value, faults)
