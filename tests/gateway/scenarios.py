"""Objects in, plan out: the words in which the scenarios of gateways are told.

Every plan made here is also checked as an API server would: against the published schemas of the oldest and
newest Kubernetes we support, and for two items of one key where server-side apply allows one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import yaml

from gwdeployer import MemoryStore, Plan, Skip
from gwdeployer.plugins import configure
from gwdeployer_gateway.plugin import GatewayPlugin
from tests.support.schema import validate_object

CLASS = "gwdeployer"
WAYPOINT_CLASS = "gwdeployer-waypoint"
CONTROLLER = "gwdeployer.dev/gateway-controller"
HTTP = {"name": "http", "protocol": "HTTP", "port": 80}


@dataclass(frozen=True)
class Outcome:
    """What became of a Gateway."""

    plan: Plan

    @property
    def skip(self) -> Skip:
        assert self.plan.skip is not None, f"deployed: {self.plan}"
        return self.plan.skip

    @property
    def warnings(self) -> list[str]:
        return [str(fault) for fault in self.plan.warnings]

    def kind(self, kind: str) -> dict[str, Any]:
        assert self.plan.skip is None, self.plan.skip
        [found] = [obj for obj in self.plan.objects if obj["kind"] == kind]
        return found

    @property
    def service(self) -> dict[str, Any]:
        return self.kind("Service")

    @property
    def service_account(self) -> dict[str, Any]:
        return self.kind("ServiceAccount")

    @property
    def config_map(self) -> dict[str, Any]:
        return self.kind("ConfigMap")

    @property
    def deployment(self) -> dict[str, Any]:
        return self.kind("Deployment")

    @property
    def pod(self) -> dict[str, Any]:
        """The pod template's spec."""
        spec: dict[str, Any] = self.deployment["spec"]["template"]["spec"]
        return spec

    @property
    def pod_metadata(self) -> dict[str, Any]:
        metadata: dict[str, Any] = self.deployment["spec"]["template"]["metadata"]
        return metadata

    @property
    def proxy(self) -> dict[str, Any]:
        """Envoy's container."""
        container: dict[str, Any] = self.pod["containers"][0]
        return container

    def container(self, name: str) -> dict[str, Any]:
        [found] = [container for container in self.pod["containers"] if container["name"] == name]
        return dict(found)

    @property
    def bootstrap(self) -> dict[str, Any]:
        parsed: dict[str, Any] = yaml.safe_load(self.config_map["data"]["envoy.yaml"])
        return parsed

    @property
    def ports(self) -> list[int]:
        """The numbers of the Service's ports."""
        return [port["port"] for port in self.service["spec"]["ports"]]

    @property
    def env(self) -> dict[str, Any]:
        return {entry["name"]: entry.get("value") for entry in self.proxy["env"]}

    def listener(self, name: str) -> dict[str, Any]:
        [found] = [one for one in self.bootstrap["static_resources"]["listeners"] if one["name"] == name]
        return dict(found)

    def cluster(self, name: str) -> dict[str, Any]:
        [found] = [one for one in self.bootstrap["static_resources"]["clusters"] if one["name"] == name]
        return dict(found)


def proxy(  # every part of the scene may be said, or left to its default
    *,
    kube: Any = None,
    class_kube: Any = None,
    others: Iterable[dict[str, Any]] = (),
    inputs: Mapping[str, Any] | None = None,
    name: str = "web",
    class_name: str = CLASS,
    **spec: Any,
) -> Outcome:
    """Plan the Gateway ``shop/web``: ``kube`` are its own parameters, ``class_kube`` its class's."""
    objects = [gateway_class(class_name, parameters=class_kube is not None), *others]
    if class_kube is not None:
        objects.append(parameters({"kube": class_kube}, name="for-class", namespace="platform"))
    if kube is not None:
        objects.append(parameters({"kube": kube}))
        spec["infrastructure"] = {**spec.get("infrastructure", {}), "parametersRef": ref()}
    return planned(gateway(name, class_name=class_name, **spec), *objects, inputs=inputs)


def planned(
    owner: dict[str, Any],
    *others: dict[str, Any],
    inputs: Mapping[str, Any] | None = None,
    classes: Sequence[str] = (),
) -> Outcome:
    """Plan one Gateway beside other objects."""
    store = MemoryStore([owner, *others])
    [plugin] = configure([GatewayPlugin], inputs or {}, {"class": classes})
    deployer = plugin.route(owner, store)
    assert not isinstance(deployer, Skip), f"not ours: {deployer.reason}"
    outcome = Outcome(deployer.plan(owner, store))
    for obj in outcome.plan.objects:
        validate_object(obj)
        assert_keys_are_distinct(obj)
    return outcome


_KEYS = {
    "containers": ("name",),
    "env": ("name",),
    "imagePullSecrets": ("name",),
    "sysctls": ("name",),
    "volumes": ("name",),
    "volumeMounts": ("mountPath",),
}
_PORT_KEYS = {"Service": "port", "Deployment": "containerPort", "DaemonSet": "containerPort"}


def assert_keys_are_distinct(obj: dict[str, Any]) -> None:
    """Check what schemas cannot say: server-side apply refuses two items of one key in these lists."""
    for name, items in _lists(obj):
        if name == "ports":
            number = _PORT_KEYS[obj["kind"]]
            _assert_distinct(obj, name, [(item[number], item.get("protocol", "TCP")) for item in items])
            _assert_distinct(obj, "port names", [item["name"] for item in items])
        elif name in _KEYS:
            _assert_distinct(obj, name, [tuple(item[key] for key in _KEYS[name]) for item in items])


def _assert_distinct(obj: dict[str, Any], what: str, keys: list[Any]) -> None:
    assert len(keys) == len(set(keys)), f"{obj['kind']}: {what} repeat a key: {keys}"


def _lists(node: Any) -> Iterable[tuple[str, list[dict[str, Any]]]]:
    if isinstance(node, dict):
        for name, value in node.items():
            if isinstance(value, list) and all(isinstance(item, dict) for item in value):
                yield name, value
            yield from _lists(value)
    elif isinstance(node, list):
        for item in node:
            yield from _lists(item)


def ref(name: str = "web", kind: str = "GatewayParameters", **more: str) -> dict[str, Any]:
    """Return a parametersRef."""
    return {"group": "gateway.kgateway.dev", "kind": kind, "name": name, **more}


def gateway(
    name: str = "web", *, namespace: str = "shop", class_name: str = CLASS, **spec: Any
) -> dict[str, Any]:
    metadata = {"name": name, "namespace": namespace}
    return {
        "apiVersion": "gateway.networking.k8s.io/v1",
        "kind": "Gateway",
        "metadata": metadata,
        "spec": {"gatewayClassName": class_name, "listeners": [HTTP], **spec},
    }


def gateway_class(
    name: str = CLASS, *, parameters: bool = False, controller: str = CONTROLLER
) -> dict[str, Any]:
    spec: dict[str, Any] = {"controllerName": controller}
    if parameters:
        spec["parametersRef"] = ref("for-class", namespace="platform")
    return {
        "apiVersion": "gateway.networking.k8s.io/v1",
        "kind": "GatewayClass",
        "metadata": {"name": name},
        "spec": spec,
    }


def parameters(spec: Any, *, name: str = "web", namespace: str = "shop") -> dict[str, Any]:
    return {
        "apiVersion": "gateway.kgateway.dev/v1alpha1",
        "kind": "GatewayParameters",
        "metadata": {"name": name, "namespace": namespace},
        "spec": spec,
    }


def listener(port: int | None, protocol: str = "HTTP", name: str = "") -> dict[str, Any]:
    made: dict[str, Any] = {"name": name or f"{protocol.lower()}-{port}", "protocol": protocol}
    return made if port is None else {**made, "port": port}


def listener_set(
    *listeners: dict[str, Any], name: str = "team", namespace: str = "shop", parent: Any = None
) -> dict[str, Any]:
    return {
        "apiVersion": "gateway.networking.k8s.io/v1",
        "kind": "ListenerSet",
        "metadata": {"name": name, "namespace": namespace},
        "spec": {
            "parentRef": {"name": "web", "namespace": "shop"} if parent is None else parent,
            "listeners": list(listeners),
        },
    }


def namespace(name: str, **labels: str) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}}
