"""A controller of Gateways at work on a server: with a class, a controller name and namespaces of its own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gwdeployer import KindRef, ObjectRef, Plugin
from gwdeployer.cluster import Cluster
from gwdeployer.controller import Scope
from gwdeployer.objects import Object
from gwdeployer.plugins import configure
from gwdeployer_gateway import GATEWAY, GATEWAY_CLASS, GatewayPlugin
from tests.cli.cluster_scene import any_fields, parameters_crds
from tests.controller.running import Running
from tests.servers.servers import Server

GROUP = "gateway.networking.k8s.io"
#: Plural names of the kinds, by kind.
_NAMESPACED = {
    KindRef(GROUP, "v1", "Gateway"): "gateways",
    KindRef(GROUP, "v1", "ListenerSet"): "listenersets",
    KindRef(GROUP, "v1", "HTTPRoute"): "httproutes",
    KindRef(GROUP, "v1beta1", "ReferenceGrant"): "referencegrants",
    KindRef("autoscaling.k8s.io", "v1", "VerticalPodAutoscaler"): "verticalpodautoscalers",
}
_HTTP = {"name": "http", "protocol": "HTTP", "port": 80}


def crds() -> list[Object]:
    """Return definitions of the kinds of the Gateway API that matter here."""
    namespaced = [any_fields(kind, plural, "Namespaced") for kind, plural in _NAMESPACED.items()]
    return [any_fields(GATEWAY_CLASS, "gatewayclasses", "Cluster"), *namespaced, *parameters_crds()]


class Gateways(Running):
    """A running controller of Gateways, in a namespace and a second one, with names that nobody else has."""

    def __init__(self, server: Server, namespace: str = "", *, mode: str = "gateway", **inputs: Any) -> None:
        """Work with these inputs of the plugin."""
        namespace = namespace or server.namespace()
        self.other = server.namespace()
        self.name = namespace
        self.controller_name = f"example.com/{namespace}"

        def parts(cluster: Cluster) -> list[Plugin]:
            given = {"controllerName": self.controller_name, "mode": mode, **inputs}
            return configure([GatewayPlugin], given, cluster=cluster)

        super().__init__(server, parts, namespace, scope=Scope({namespace, self.other}))

    def gateway_class(self, *, controller: str = "", parameters: str = "") -> None:
        """Create or replace the class: ours, or another controller's."""
        spec: dict[str, Any] = {"controllerName": controller or self.controller_name}
        if parameters:
            spec["parametersRef"] = {**_parameters_ref(parameters), "namespace": self.namespace}
        metadata = {"name": self.name}
        self.direct.apply(_object(GATEWAY_CLASS, metadata, spec), manager="tests", force=True)

    def gateway(
        self, name: str = "web", *listeners: Mapping[str, Any], parameters: str = "", **spec: Any
    ) -> None:
        """Create or replace a Gateway."""
        spec = {"gatewayClassName": self.name, "listeners": list(listeners or [_HTTP]), **spec}
        if parameters:
            spec["infrastructure"] = {"parametersRef": _parameters_ref(parameters)}
        self.put(_object(GATEWAY, {"name": name}, spec), manager="user")

    def parameters(self, name: str, **kube: Any) -> None:
        """Create or replace GatewayParameters."""
        kind = KindRef("gateway.kgateway.dev", "v1alpha1", "GatewayParameters")
        self.put(_object(kind, {"name": name}, {"kube": kube}), manager="user")

    def create(self, api_version: str, kind: str, name: str, namespace: str = "", **content: Any) -> None:
        """Create or replace anything."""
        metadata = {"name": name, "namespace": namespace or self.namespace}
        self.put({"apiVersion": api_version, "kind": kind, "metadata": metadata, **content}, manager="user")

    def label_other_namespace(self, **labels: str) -> None:
        """Set labels of the second namespace."""
        metadata = {"name": self.other, "labels": labels}
        self.direct.apply(
            {"apiVersion": "v1", "kind": "Namespace", "metadata": metadata}, manager="tests", force=True
        )

    def ports(self, name: str = "web") -> list[int]:
        """Return the ports of a Gateway's Service; none where there is no Service."""
        service = self.live(KindRef("", "v1", "Service"), name)
        return [port["port"] for port in service["spec"]["ports"]] if service else []

    def condition(self, type_: str, name: str = "web", listener: str = "") -> tuple[str, str]:
        """Return status and reason of a condition that is current; two empty texts where there is none."""
        gateway = self.live(GATEWAY, name) or {}
        status = gateway.get("status") or {}
        holders = [status] if not listener else status.get("listeners") or []
        for holder in holders:
            if not listener or holder["name"] == listener:
                for one in holder.get("conditions") or ():
                    if (
                        one["type"] == type_
                        and one["observedGeneration"] == gateway["metadata"]["generation"]
                    ):
                        return one["status"], one["reason"]
        return "", ""

    def remove(self, kind: KindRef, name: str, namespace: str) -> None:
        """Delete something in any namespace, or in none."""
        self.direct.delete(ObjectRef(kind, namespace, name))


def _object(kind: KindRef, metadata: dict[str, Any], spec: dict[str, Any]) -> Object:
    return {"apiVersion": kind.api_version, "kind": kind.kind, "metadata": metadata, "spec": spec}


def _parameters_ref(name: str) -> dict[str, str]:
    return {"group": "gateway.kgateway.dev", "kind": "GatewayParameters", "name": name}
