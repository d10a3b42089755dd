"""Defaults that depend on other fields: one function for each type, over the values of that type.

Each gets a value of the server's own making, before the defaults of ``TABLE`` and of the values within it,
and changes it in place.
"""

from __future__ import annotations

import copy
import math
import re
from collections.abc import Callable
from fractions import Fraction
from typing import Any

from gwdeployer.objects.quantities import amount, canonical_quantity

Value = dict[str, Any]

_PATH = r"[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*"
_IMAGE = re.compile(
    r"(?:(?:localhost|[A-Za-z0-9-]*[A-Z.:][A-Za-z0-9.:-]*)/)?"
    rf"{_PATH}(?:/{_PATH})*(?::(?P<tag>\w[\w.-]{{0,127}}))?(?:@(?P<digest>[A-Za-z0-9+._-]+:[0-9a-fA-F]{{32,}}))?",
    re.ASCII,
)
_RBAC = "rbac.authorization.k8s.io"
_PERCENT_POLICY = {"type": "Percent", "value": 100, "periodSeconds": 15}
_SCALE_UP = {
    "stabilizationWindowSeconds": 0,
    "selectPolicy": "Max",
    "policies": [{"type": "Pods", "value": 4, "periodSeconds": 15}, _PERCENT_POLICY],
}
_SCALE_DOWN = {"selectPolicy": "Max", "policies": [_PERCENT_POLICY]}
_CPU_METRIC = {
    "type": "Resource",
    "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 80}},
}


# Images and resources


def pull_policy(image: str) -> str:
    """Return how often an image is pulled: always if its tag is ``latest``, as it is without any."""
    match = _IMAGE.fullmatch(image)
    if match is None:  # no image's name: nothing is known of its tag
        return "IfNotPresent"
    latest = match["tag"] == "latest" if match["tag"] else not match["digest"]
    return "Always" if latest else "IfNotPresent"


def _container(value: Value) -> None:
    value.setdefault("imagePullPolicy", pull_policy(value.get("image", "")))


def _volume(value: Value) -> None:
    if value.keys() <= {"name"}:
        value["emptyDir"] = {}
    if "image" in value:
        value["image"].setdefault("pullPolicy", pull_policy(value["image"].get("reference", "")))


def round_to_milli(resources: Value) -> Value:
    """Return a list of resources with their quantities rounded up to a thousandth."""
    return {name: _rounded(quantity) for name, quantity in resources.items()}


def _rounded(quantity: str) -> str:
    exact = amount(quantity)
    if (exact * 1000).denominator == 1:
        return quantity
    return canonical_quantity(f"{math.ceil(exact * 1000)}m")


def _requests_from_limits(container: Value) -> None:
    resources = container.get("resources", {})
    if resources.get("limits"):
        resources["requests"] = {**resources["limits"], **resources.get("requests", {})}


def _pod(value: Value) -> None:
    spec = value["spec"]
    containers = [*(spec.get("containers") or ()), *spec.get("initContainers", ())]
    for container in containers:
        _requests_from_limits(container)
        if spec.get("hostNetwork"):
            for port in container.get("ports", ()):
                port.setdefault("hostPort", port["containerPort"])
    _pod_requests(spec)
    spec.setdefault("enableServiceLinks", True)


def _pod_requests(spec: Value) -> None:
    """Fill in the requests of the pod as a whole: what its containers ask for together, else its limits."""
    limits = spec.get("resources", {}).get("limits")
    if not limits:
        return
    total: dict[str, Fraction] = {}
    for container in spec.get("containers") or ():
        for name, quantity in container.get("resources", {}).get("requests", {}).items():
            total[name] = total.get(name, Fraction(0)) + amount(quantity)
    summed = {name: canonical_quantity(f"{float(number):f}") for name, number in total.items()}
    whole = {name: value for name, value in {**limits, **summed}.items() if name in ("cpu", "memory")}
    spec["resources"]["requests"] = {**whole, **spec["resources"].get("requests", {})}


# Workloads


def _deployment_strategy(value: Value) -> None:
    if value.get("type", "RollingUpdate") == "RollingUpdate":
        value.setdefault("rollingUpdate", {})


def _stateful_set_strategy(value: Value) -> None:
    if "type" not in value:
        value["type"] = "RollingUpdate"
        value.setdefault("rollingUpdate", {})


def _job(value: Value) -> None:
    _job_spec(value["spec"])
    labels = value["spec"]["template"].get("metadata", {}).get("labels")
    if labels and not value["metadata"].get("labels"):
        value["metadata"]["labels"] = dict(labels)


def _job_spec(value: Value) -> None:
    """Complete a Job's spec; that of a CronJob's template stays as it is."""
    if "completions" not in value and "parallelism" not in value:
        value["completions"] = 1
    defaults = {"parallelism": 1, "completionMode": "NonIndexed", "suspend": False, "manualSelector": False}
    for name, default in defaults.items():
        value.setdefault(name, default)
    value.setdefault("backoffLimit", 2**31 - 1 if "backoffLimitPerIndex" in value else 6)
    value.setdefault(
        "podReplacementPolicy", "Failed" if "podFailurePolicy" in value else "TerminatingOrFailed"
    )


def _replication_controller(value: Value) -> None:
    labels = value["spec"].get("template", {}).get("metadata", {}).get("labels")
    if labels:
        value["spec"].setdefault("selector", dict(labels))
        value["metadata"].setdefault("labels", dict(labels))


# Networks


def _service_spec(value: Value) -> None:
    kind = value.get("type", "ClusterIP")
    _session_affinity(value)
    if kind in ("NodePort", "LoadBalancer") or (kind == "ClusterIP" and value.get("externalIPs")):
        value.setdefault("externalTrafficPolicy", "Cluster")
    if kind in ("NodePort", "LoadBalancer", "ClusterIP"):
        value.setdefault("internalTrafficPolicy", "Cluster")
    if kind == "LoadBalancer":
        value.setdefault("allocateLoadBalancerNodePorts", True)


def _session_affinity(value: Value) -> None:
    affinity = value.get("sessionAffinity", "None")
    if affinity == "None":
        value.pop("sessionAffinityConfig", None)
    elif affinity == "ClientIP":
        given = value.get("sessionAffinityConfig", {}).get("clientIP", {})
        value["sessionAffinityConfig"] = {"clientIP": {"timeoutSeconds": 10800, **given}}


def _service(value: Value) -> None:
    if value["spec"].get("type") == "LoadBalancer":
        for ingress in value["status"].get("loadBalancer", {}).get("ingress", ()):
            if "ip" in ingress:
                ingress.setdefault("ipMode", "VIP")


def _service_port(value: Value) -> None:
    if value["targetPort"] in (0, ""):
        value["targetPort"] = value["port"]


def _network_policy_spec(value: Value) -> None:
    if not value.get("policyTypes"):
        value["policyTypes"] = ["Ingress", "Egress"] if value.get("egress") else ["Ingress"]


# Autoscaling, access, the rest


def _autoscaler_spec(value: Value) -> None:
    if not value.get("metrics"):
        value["metrics"] = [copy.deepcopy(_CPU_METRIC)]


def _autoscaler_behavior(value: Value) -> None:
    for name, rules in (("scaleUp", _SCALE_UP), ("scaleDown", _SCALE_DOWN)):
        value[name] = {**copy.deepcopy(rules), **value.get(name, {})}


def _subject(value: Value) -> None:
    if value["kind"] in ("User", "Group"):
        value.setdefault("apiGroup", _RBAC)


def _namespace(value: Value) -> None:
    if name := value["metadata"].get("name"):
        value["metadata"].setdefault("labels", {})["kubernetes.io/metadata.name"] = name


def _node_status(value: Value) -> None:
    if "capacity" in value:
        value.setdefault("allocatable", dict(value["capacity"]))


def _limit_range_item(value: Value) -> None:
    if value["type"] == "Container":
        limit = {**value.get("max", {}), **value.get("default", {})}
        request = {**value.get("min", {}), **limit, **value.get("defaultRequest", {})}
        value |= {name: found for name, found in (("default", limit), ("defaultRequest", request)) if found}


def _definition(value: Value) -> None:
    storage = [version["name"] for version in value["spec"].get("versions") or () if version.get("storage")]
    if storage and not value["status"].get("storedVersions"):
        value["status"]["storedVersions"] = storage[:1]


def _definition_names(value: Value) -> None:
    kind = value.get("kind", "")
    if kind:
        value.setdefault("singular", kind.lower())
        value.setdefault("listKind", f"{kind}List")


def _exact_count(value: Value) -> None:
    if value.get("allocationMode", "ExactCount") == "ExactCount":
        value.setdefault("count", 1)


WHEN: dict[str, Callable[[Value], None]] = {
    "apiextensions.v1.CustomResourceDefinition": _definition,
    "apiextensions.v1.CustomResourceDefinitionNames": _definition_names,
    "apps.v1.DaemonSetUpdateStrategy": _deployment_strategy,
    "apps.v1.DeploymentStrategy": _deployment_strategy,
    "apps.v1.StatefulSetUpdateStrategy": _stateful_set_strategy,
    "autoscaling.v2.HorizontalPodAutoscalerBehavior": _autoscaler_behavior,
    "autoscaling.v2.HorizontalPodAutoscalerSpec": _autoscaler_spec,
    "batch.v1.Job": _job,
    "core.v1.Container": _container,
    "core.v1.EphemeralContainer": _container,
    "core.v1.LimitRangeItem": _limit_range_item,
    "core.v1.Namespace": _namespace,
    "core.v1.NodeStatus": _node_status,
    "core.v1.Pod": _pod,
    "core.v1.ReplicationController": _replication_controller,
    "core.v1.Service": _service,
    "core.v1.ServicePort": _service_port,
    "core.v1.ServiceSpec": _service_spec,
    "core.v1.Volume": _volume,
    "networking.v1.NetworkPolicySpec": _network_policy_spec,
    "rbac.v1.Subject": _subject,
    "resource.v1.DeviceSubRequest": _exact_count,
    "resource.v1.ExactDeviceRequest": _exact_count,
}
