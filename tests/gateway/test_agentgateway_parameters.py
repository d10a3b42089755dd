"""AgentgatewayParameters: what is refused, in which words, and that no field of agentgateway's is missing."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import BaseModel

from gwdeployer.objects.types import KubernetesType
from gwdeployer.parameters.constraints import alias_of
from gwdeployer.parameters.policies import model_in
from gwdeployer_gateway import AgentgatewayParametersSpec
from tests.gateway.agentgateway_scenarios import agentgateway, faults_of

CRD = Path(__file__).parents[3] / "shared/data/crds/agentgateway/agentgateway.dev_agentgatewayparameters.yaml"

#: What agentgateway's API does not have.
OURS = {
    "configMap",
    "serviceAccount.automountServiceAccountToken",
    "serviceAccount.imagePullSecrets",
    "serviceAccount.secrets",
    "verticalPodAutoscaler",
    "workload.configChecksum",
}

REFUSED = [
    ({"workload": {"kind": "StatefulSet"}}, "spec.workload.kind", "DaemonSet"),
    ({"workload": {"kin": "DaemonSet"}}, "spec.workload.kin", "did you mean 'kind'?"),
    ({"logging": {"format": "xml"}}, "spec.logging.format", "json"),
    ({"shutdown": {"min": 2, "max": 1}}, "spec.shutdown.min", "must be at most max, which is 1, and is 2"),
    ({"shutdown": {"min": 0}}, "spec.shutdown.max", "required"),
    ({"shutdown": {"min": 0, "max": 31536001}}, "spec.shutdown.max", "31536000"),
    ({"shutdown": {"min": -1, "max": 1}}, "spec.shutdown.min", "0"),
    (
        {"spiffe": {"source": {"csi": {}, "hostPath": {"path": "/a"}}}},
        "spec.spiffe.source",
        "at most one of csi, hostPath may be set, csi and hostPath are",
    ),
    ({"spiffe": {"source": {"mountPath": "relative"}}}, "spec.spiffe.source.mountPath", "^/"),
    ({"spiffe": {"source": {"hostPath": {"path": ""}}}}, "spec.spiffe.source.hostPath.path", "empty"),
    (
        {"modelCatalog": {"sources": [{"configMap": {}}]}},
        "spec.modelCatalog.sources[0].configMap.name",
        "required",
    ),
    ({"daemonSet": {}}, "spec.daemonSet", "set workload.kind to DaemonSet, or use deployment"),
    (
        {"workload": {"kind": "DaemonSet"}, "deployment": {}},
        "spec.deployment",
        "patches a Deployment, but workload.kind is DaemonSet",
    ),
    (
        {"workload": {"kind": "DaemonSet"}, "horizontalPodAutoscaler": {}},
        "spec.horizontalPodAutoscaler",
        "a DaemonSet cannot be scaled",
    ),
    ({"env": [{"value": "1"}]}, "spec.env[0].name", "required"),
    ({"resources": {"limits": {"cpu": "lots"}}}, "spec.resources.limits.cpu", "quantity"),
    ({"rawConfig": []}, "spec.rawConfig", "mapping"),
    ({"serviceAccount": {"spec": {"a": 1}}}, "spec.serviceAccount.spec", "has no spec"),
]


@pytest.mark.parametrize(("spec", "path", "message"), REFUSED, ids=[case[1] for case in REFUSED])
@pytest.mark.parametrize("level", ["own", "of_class"])
def test_one_line_with_object_path_and_layer(
    spec: dict[str, Any], path: str, message: str, level: str
) -> None:
    [fault] = faults_of(**{level: spec})
    place, layer = {
        "own": ("shop/web", "Gateway web"),
        "of_class": ("platform/for-class", "GatewayClass gwdeployer-agentgateway"),
    }[level]
    assert fault.startswith(f"AgentgatewayParameters {place} {path}: ")
    assert message in fault
    assert f"(from {layer})" in fault


def test_all_faults_of_all_layers_at_once() -> None:
    faults = faults_of({"workload": {"kind": "x"}, "shutdown": {"min": 2, "max": 1}}, of_class={"what": 1})
    assert len(faults) == 3


def test_nulls_are_not_set() -> None:
    nothing = dict.fromkeys(("workload", "istio", "spiffe", "env", "deployment", "modelCatalog", "rawConfig"))
    made = agentgateway(nothing)
    assert "CA_ADDRESS" not in made.env
    assert not made.warnings


def model_paths(model: type[BaseModel], path: str = "") -> Iterator[str]:
    for name, info in model.model_fields.items():
        place = f"{path}{alias_of(name, info)}"
        yield place
        if not any(isinstance(item, KubernetesType) for item in info.metadata) and (
            inner := model_in(info.annotation, items=True)
        ):
            yield from model_paths(inner, f"{place}.")


def schema_paths(schema: dict[str, Any], path: str = "") -> Iterator[str]:
    for name, inner in schema.get("properties", {}).items():
        place = f"{path}{name}"
        yield place
        if place not in {"env", "resources"}:  # Kubernetes' own types
            yield from schema_paths(inner.get("items", inner), f"{place}.")


@pytest.mark.skipif(not CRD.exists(), reason="agentgateway's CustomResourceDefinition is not here")
def test_no_field_of_agentgateways_crd_is_missing() -> None:
    crd = yaml.safe_load(CRD.read_text(encoding="utf-8"))
    schema = crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"]
    ours, theirs = set(model_paths(AgentgatewayParametersSpec)), set(schema_paths(schema))
    added = {path for path in ours - theirs if not path.startswith("configMap.")}
    assert theirs - ours == {"serviceAccount.spec"} - ours
    assert added == OURS | {path for path in added if path.startswith("verticalPodAutoscaler.")}
