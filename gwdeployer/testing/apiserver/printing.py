"""The columns of the built-in kinds, as ``kubectl get`` and ``kubectl get -o wide`` show them.

The rules of ``pkg/printers/internalversion/printers.go``. A column of priority 1 is shown only when asked
for wide.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from gwdeployer.objects import Object
from gwdeployer.testing.apiserver.ages import age
from gwdeployer.testing.apiserver.columns import Column, at, number, wide
from gwdeployer.testing.apiserver.kinds.fieldpaths import found

_NONE, _UNKNOWN = "<none>", "<unknown>"
_METRICS_SHOWN = 2
_ADDRESS_WIDTH = 16


def _age(obj: Object) -> str:
    return age(obj["metadata"].get("creationTimestamp"))


NAME = Column("Name", at("metadata.name"), format="name")
AGE = Column("Age", _age)
CREATED = Column("Created At", at("metadata.creationTimestamp"), "date")


# Parts


def _labels(labels: Mapping[str, str] | None) -> str:
    return ",".join(f"{key}={value}" for key, value in sorted((labels or {}).items())) or _NONE


def _selector(selector: Mapping[str, Any] | None) -> str:
    """Return a label selector as text."""
    parts = [f"{key}={value}" for key, value in ((selector or {}).get("matchLabels") or {}).items()]
    for expression in (selector or {}).get("matchExpressions", ()):
        key, values = expression["key"], ",".join(expression.get("values", ()))
        words = {"In": f"{key} in ({values})", "NotIn": f"{key} notin ({values})"}
        parts.append({**words, "Exists": key, "DoesNotExist": f"!{key}"}[expression["operator"]])
    return ",".join(sorted(parts)) or _NONE


def _containers(obj: Object) -> list[dict[str, Any]]:
    return found(obj, ("spec", "template", "spec", "containers")) or []


def _ready(wanted: str, obj: Object) -> str:
    return f"{found(obj, ('status', 'readyReplicas')) or 0}/{found(obj, ('spec', wanted)) or 0}"


_CONTAINERS = wide("Containers", lambda obj: ",".join(one["name"] for one in _containers(obj)))
_IMAGES = wide("Images", lambda obj: ",".join(one.get("image", "") for one in _containers(obj)))
_SELECTOR = wide("Selector", lambda obj: _selector(obj["spec"].get("selector")))
_WORKLOAD = (_CONTAINERS, _IMAGES, _SELECTOR)
_READY = Column("Ready", lambda obj: _ready("replicas", obj))


# Services


def _external_address(obj: Object) -> str:
    spec = obj["spec"]
    if spec["type"] == "ExternalName":
        return str(spec.get("externalName", ""))
    addresses = [
        *(_balancer_addresses(obj) if spec["type"] == "LoadBalancer" else ()),
        *spec.get("externalIPs", ()),
    ]
    if not addresses:
        return "<pending>" if spec["type"] == "LoadBalancer" else _NONE
    return ",".join(addresses)


def _balancer_addresses(obj: Object) -> list[str]:
    ingress = found(obj, ("status", "loadBalancer", "ingress")) or []
    listed = sorted({one.get("ip") or one.get("hostname", "") for one in ingress})
    text = ",".join(listed)
    return listed if len(text) <= _ADDRESS_WIDTH else [f"{text[: _ADDRESS_WIDTH - 3]}..."]


def _ports(obj: Object) -> str:
    return ",".join(_port(port) for port in obj["spec"].get("ports", ())) or _NONE


def _port(port: Mapping[str, Any]) -> str:
    node_port = f":{port['nodePort']}" if "nodePort" in port else ""
    return f"{port['port']}{node_port}/{port['protocol']}"


def _cluster_address(obj: Object) -> str:
    return next(iter(obj["spec"].get("clusterIPs", ())), _NONE)


# Pods


def _pod_ready(obj: Object) -> str:
    statuses = found(obj, ("status", "containerStatuses")) or []
    ready = sum(bool(one.get("ready")) for one in statuses)
    return f"{ready}/{len(obj['spec'].get('containers') or ())}"


def _pod_status(obj: Object) -> str:
    status = obj.get("status", {})
    reason = status.get("reason") or status.get("phase", "")
    for one in reversed(status.get("containerStatuses", ())):
        state = one.get("state", {})
        told = state.get("waiting", {}).get("reason") or state.get("terminated", {}).get("reason")
        reason = told or reason
    if obj["metadata"].get("deletionTimestamp") and status.get("phase") not in ("Succeeded", "Failed"):
        return "Terminating"
    return str(reason)


def _restarts(obj: Object) -> str:
    statuses = found(obj, ("status", "containerStatuses")) or []
    return str(sum(one.get("restartCount", 0) for one in statuses))


def _gates(obj: Object) -> str:
    gates = [gate["conditionType"] for gate in obj["spec"].get("readinessGates", ())]
    if not gates:
        return _NONE
    conditions = found(obj, ("status", "conditions")) or []
    passed = {one["type"] for one in conditions if one["status"] == "True"}
    return f"{sum(gate in passed for gate in gates)}/{len(gates)}"


# Others


def _metrics(obj: Object) -> str:
    metrics = [_metric(metric) for metric in obj["spec"].get("metrics", ())]
    more = f" + {len(metrics) - _METRICS_SHOWN} more..." if len(metrics) > _METRICS_SHOWN else ""
    return (", ".join(metrics[:_METRICS_SHOWN]) + more) or _NONE


def _metric(metric: Mapping[str, Any]) -> str:
    """Return one metric's target; nobody measures here, so its current value is unknown."""
    kind = metric["type"]
    source = metric.get(kind[0].lower() + kind[1:], {})
    target, name = source.get("target", {}), source.get("name")
    wanted = target.get("averageValue") or target.get("value")
    if wanted is None:
        wanted = f"{target['averageUtilization']}%" if "averageUtilization" in target else "<auto>"
    shared = " (avg)" if kind in ("External", "Object") and "averageValue" in target else ""
    return f"{f'{name}: ' if name else ''}{_UNKNOWN}/{wanted}{shared}"


def _reference(path: str) -> Callable[[Object], str]:
    keys = tuple(path.split("."))
    return lambda obj: "{kind}/{name}".format_map(found(obj, keys))


def _subjects(kind: str) -> Callable[[Object], str]:
    def cell(obj: Object) -> str:
        named = [one for one in obj.get("subjects", ()) if one["kind"] == kind]
        prefixed = kind == "ServiceAccount"
        return ", ".join(
            f"{one.get('namespace', '')}/{one['name']}" if prefixed else one["name"] for one in named
        )

    return cell


def _node_status(obj: Object) -> str:
    conditions = found(obj, ("status", "conditions")) or []
    ready = [one["status"] == "True" for one in conditions if one["type"] == "Ready"]
    status = ("Ready" if ready[0] else "NotReady") if ready else "Unknown"
    return f"{status},SchedulingDisabled" if obj["spec"].get("unschedulable") else status


def _node_info(name: str) -> Callable[[Object], str]:
    return lambda obj: found(obj, ("status", "nodeInfo", name)) or _UNKNOWN


def _node_address(kind: str) -> Callable[[Object], str]:
    def cell(obj: Object) -> str:
        addresses = found(obj, ("status", "addresses")) or []
        return next((one["address"] for one in addresses if one["type"] == kind), _NONE)

    return cell


def _roles(obj: Object) -> str:
    prefix = "node-role.kubernetes.io/"
    labels = obj["metadata"].get("labels", {})
    return ",".join(sorted(key.removeprefix(prefix) for key in labels if key.startswith(prefix))) or _NONE


def _event_time(obj: Object) -> str:
    return age(found(obj, ("series", "lastObservedTime")) or obj.get("lastTimestamp") or obj.get("eventTime"))


def _event_source(obj: Object) -> str:
    source = obj.get("source") or obj.get("deprecatedSource") or {}
    controller = obj.get("reportingComponent") or obj.get("reportingController")
    parts = (source.get("component") or controller, source.get("host") or obj.get("reportingInstance"))
    return ", ".join(filter(None, parts))


def _event_target(obj: Object) -> str:
    about = obj.get("involvedObject") or obj.get("regarding") or {}
    return "/".join(filter(None, (about.get("kind", "").lower(), about.get("name", ""))))


def _endpoints(obj: Object) -> str:
    addresses = [address for one in obj["endpoints"] or () for address in one["addresses"] or ()]
    shown = ",".join(addresses[:3])
    more = f" + {len(addresses) - 3} more..." if len(addresses) > 3 else ""  # noqa: PLR2004 - as kubectl does
    return f"{shown}{more}" or "<unset>"


def _job_completions(obj: Object) -> str:
    done = found(obj, ("status", "succeeded")) or 0
    spec = obj["spec"]
    if "completions" in spec:
        return f"{done}/{spec['completions']}"
    parallel = spec.get("parallelism", 0)
    return f"{done}/1 of {parallel}" if parallel > 1 else f"{done}/1"


def _job_duration(obj: Object) -> str:
    begun, ended = found(obj, ("status", "startTime")), found(obj, ("status", "completionTime"))
    return age(begun, datetime.fromisoformat(ended) if ended else None) if begun else ""


def _job_status(obj: Object) -> str:
    conditions = found(obj, ("status", "conditions")) or []
    told = [one["type"] for one in conditions if one["status"] == "True"]
    known = ("Complete", "Failed", "Suspended", "FailureTarget", "SuccessCriteriaMet")
    return next((kind for kind in known if kind in told), "Running")


_RBAC = "rbac.authorization.k8s.io"
_BINDING_SUBJECTS = (
    wide("Users", _subjects("User")),
    wide("Groups", _subjects("Group")),
    wide("ServiceAccounts", _subjects("ServiceAccount")),
)
_EVENT = (
    Column("Last Seen", _event_time),
    Column("Type", at("type", "")),
    Column("Reason", at("reason", "")),
    Column("Object", _event_target),
    wide("Subobject", at("involvedObject.fieldPath", "")),
    wide("Source", _event_source),
    Column("Message", lambda obj: (obj.get("message") or obj.get("note") or "").strip()),
    wide("First Seen", lambda obj: age(obj.get("firstTimestamp") or obj.get("eventTime"))),
    wide("Count", lambda obj: found(obj, ("series", "count")) or obj.get("count", 1)),
    Column("Name", at("metadata.name"), priority=1, format="name"),
)

COLUMNS: dict[tuple[str, str], tuple[Column, ...]] = {
    ("", "ConfigMap"): (
        NAME,
        Column("Data", lambda obj: len(obj.get("data", ())) + len(obj.get("binaryData", ()))),
        AGE,
    ),
    ("", "Event"): _EVENT,
    ("", "Namespace"): (NAME, Column("Status", at("status.phase", "")), AGE),
    ("", "Node"): (
        NAME,
        Column("Status", _node_status),
        Column("Roles", _roles),
        AGE,
        Column("Version", at("status.nodeInfo.kubeletVersion", "")),
        wide("Internal-IP", _node_address("InternalIP")),
        wide("External-IP", _node_address("ExternalIP")),
        wide("OS-Image", _node_info("osImage")),
        wide("Kernel-Version", _node_info("kernelVersion")),
        wide("Container-Runtime", _node_info("containerRuntimeVersion")),
    ),
    ("", "Pod"): (
        NAME,
        Column("Ready", _pod_ready),
        Column("Status", _pod_status),
        Column("Restarts", _restarts),
        AGE,
        wide("IP", at("status.podIP", _NONE)),
        wide("Node", at("spec.nodeName", _NONE)),
        wide("Nominated Node", at("status.nominatedNodeName", _NONE)),
        wide("Readiness Gates", _gates),
    ),
    ("", "Secret"): (
        NAME,
        Column("Type", at("type", "")),
        Column("Data", lambda obj: len(obj.get("data", ()))),
        AGE,
    ),
    ("", "Service"): (
        NAME,
        Column("Type", at("spec.type")),
        Column("Cluster-IP", _cluster_address),
        Column("External-IP", _external_address),
        Column("Port(s)", _ports),
        AGE,
        wide("Selector", lambda obj: _labels(obj["spec"].get("selector"))),
    ),
    ("apiextensions.k8s.io", "CustomResourceDefinition"): (NAME, CREATED),
    ("apps", "DaemonSet"): (
        NAME,
        number("Desired", "status.desiredNumberScheduled"),
        number("Current", "status.currentNumberScheduled"),
        number("Ready", "status.numberReady"),
        number("Up-to-date", "status.updatedNumberScheduled"),
        number("Available", "status.numberAvailable"),
        Column("Node Selector", lambda obj: _labels(obj["spec"]["template"]["spec"].get("nodeSelector"))),
        AGE,
        *_WORKLOAD,
    ),
    ("apps", "Deployment"): (
        NAME,
        _READY,
        Column("Up-to-date", at("status.updatedReplicas", 0)),
        Column("Available", at("status.availableReplicas", 0)),
        AGE,
        *_WORKLOAD,
    ),
    ("apps", "ReplicaSet"): (
        NAME,
        number("Desired", "spec.replicas"),
        number("Current", "status.replicas"),
        number("Ready", "status.readyReplicas"),
        AGE,
        *_WORKLOAD,
    ),
    ("apps", "StatefulSet"): (NAME, _READY, AGE, _CONTAINERS, _IMAGES),
    ("autoscaling", "HorizontalPodAutoscaler"): (
        NAME,
        Column("Reference", _reference("spec.scaleTargetRef")),
        Column("Targets", _metrics),
        Column("MinPods", lambda obj: str(obj["spec"].get("minReplicas", "<unset>"))),
        Column("MaxPods", at("spec.maxReplicas")),
        Column("Replicas", at("status.currentReplicas", 0)),
        AGE,
    ),
    ("batch", "Job"): (
        NAME,
        Column("Status", _job_status),
        Column("Completions", _job_completions),
        Column("Duration", _job_duration),
        AGE,
        *_WORKLOAD,
    ),
    ("coordination.k8s.io", "Lease"): (NAME, Column("Holder", at("spec.holderIdentity", "")), AGE),
    ("discovery.k8s.io", "EndpointSlice"): (
        NAME,
        Column("AddressType", at("addressType")),
        Column(
            "Ports",
            lambda obj: ",".join(str(one.get("port", "*")) for one in obj["ports"] or ()) or "<unset>",
        ),
        Column("Endpoints", _endpoints),
        AGE,
    ),
    ("events.k8s.io", "Event"): _EVENT,
    ("networking.k8s.io", "NetworkPolicy"): (
        NAME,
        Column("Pod-Selector", lambda obj: _selector(obj["spec"].get("podSelector"))),
        AGE,
    ),
    ("policy", "PodDisruptionBudget"): (
        NAME,
        Column("Min Available", lambda obj: str(obj["spec"].get("minAvailable", "N/A"))),
        Column("Max Unavailable", lambda obj: str(obj["spec"].get("maxUnavailable", "N/A"))),
        number("Allowed Disruptions", "status.disruptionsAllowed"),
        AGE,
    ),
    (_RBAC, "ClusterRole"): (NAME, CREATED),
    (_RBAC, "ClusterRoleBinding"): (NAME, Column("Role", _reference("roleRef")), AGE, *_BINDING_SUBJECTS),
    (_RBAC, "Role"): (NAME, CREATED),
    (_RBAC, "RoleBinding"): (NAME, Column("Role", _reference("roleRef")), AGE, *_BINDING_SUBJECTS),
}
