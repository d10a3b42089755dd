"""The words of the gateways' scenarios, for those whose proxy is agentgateway."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import pytest
import yaml

from gwdeployer import ParametersError
from tests.gateway.scenarios import Outcome, gateway, gateway_class, planned

CLASS = "gwdeployer-agentgateway"


def agentgateway(
    own: Any = None,
    *,
    of_class: Any = None,
    others: Iterable[dict[str, Any]] = (),
    inputs: Mapping[str, Any] | None = None,
    name: str = "web",
    annotations: Mapping[str, str] | None = None,
    **spec: Any,
) -> Outcome:
    """Plan the Gateway ``shop/web``: ``own`` are its parameters, ``of_class`` its class's."""
    made_class = gateway_class(CLASS)
    objects = [made_class, *others]
    if of_class is not None:
        made_class["spec"]["parametersRef"] = ref("for-class", namespace="platform")
        objects.append(parameters(of_class, name="for-class", namespace="platform"))
    if own is not None:
        objects.append(parameters(own))
        spec["infrastructure"] = {**spec.get("infrastructure", {}), "parametersRef": ref()}
    owner = gateway(name, class_name=CLASS, **spec)
    owner["metadata"] |= {"annotations": dict(annotations)} if annotations else {}
    return planned(owner, *objects, inputs=inputs)


def ref(name: str = "web", **more: str) -> dict[str, Any]:
    return {"group": "agentgateway.dev", "kind": "AgentgatewayParameters", "name": name, **more}


def parameters(spec: Any, *, name: str = "web", namespace: str = "shop") -> dict[str, Any]:
    return {
        "apiVersion": "agentgateway.dev/v1alpha1",
        "kind": "AgentgatewayParameters",
        "metadata": {"name": name, "namespace": namespace},
        "spec": spec,
    }


def kinds(outcome: Outcome) -> list[str]:
    return sorted(obj["kind"] for obj in outcome.plan.objects)


def template(outcome: Outcome) -> dict[str, Any]:
    """The pod template, whatever workload has it."""
    [workload] = [obj for obj in outcome.plan.objects if obj["kind"] in ("Deployment", "DaemonSet")]
    found: dict[str, Any] = workload["spec"]["template"]
    return found


def checksums(outcome: Outcome) -> dict[str, str]:
    annotations = template(outcome)["metadata"]["annotations"]
    return {key: value for key, value in annotations.items() if key.startswith("checksum/")}


def config(outcome: Outcome) -> dict[str, Any]:
    """The proxy's config file."""
    parsed: dict[str, Any] = yaml.safe_load(config_map(outcome)["data"]["config.yaml"])
    return parsed


def config_map(outcome: Outcome, name: str = "web") -> dict[str, Any]:
    [found] = [
        obj for obj in outcome.plan.objects if obj["kind"] == "ConfigMap" and obj["metadata"]["name"] == name
    ]
    return found


def mounts(outcome: Outcome) -> dict[str, str]:
    return {mount["mountPath"]: mount["name"] for mount in outcome.proxy["volumeMounts"]}


def volume(outcome: Outcome, name: str) -> dict[str, Any]:
    [found] = [one for one in template(outcome)["spec"]["volumes"] if one["name"] == name]
    return {key: value for key, value in found.items() if key != "name"}


def faults_of(own: Any = None, **scene: Any) -> list[str]:
    with pytest.raises(ParametersError) as raised:
        agentgateway(own, **scene)
    return [str(fault) for fault in raised.value.faults]
