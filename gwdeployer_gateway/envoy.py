"""Envoy gateways: the values of the Envoy chart for a Gateway."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from gwdeployer.checksums import with_config_checksum
from gwdeployer.generator import Context, HelmValuesGenerator, Skip, reads_only
from gwdeployer.objects import IdentityCache, KindRef, Object
from gwdeployer.overlays import (
    HORIZONTALPODAUTOSCALER,
    PODDISRUPTIONBUDGET,
    VERTICALPODAUTOSCALER,
    OverlayFields,
    Overlays,
)
from gwdeployer.parameters import Layer, Merged
from gwdeployer.parameters_kind import ParametersKind
from gwdeployer_gateway.addresses import load_balancer_ip
from gwdeployer_gateway.api import Address, GatewayReferences, GatewaySpec
from gwdeployer_gateway.common import (
    NO_PORTS,
    alike,
    controller_values,
    environment,
    finished,
    gateway_values,
    ports_of,
    present,
    read,
)
from gwdeployer_gateway.control_plane import ca_certificate
from gwdeployer_gateway.defaults import READINESS_PORT, default_parameters
from gwdeployer_gateway.inputs import GatewayInputs
from gwdeployer_gateway.kinds import GATEWAY_PARAMETERS
from gwdeployer_gateway.layers import ParametersLayers
from gwdeployer_gateway.listeners import ServedPort, service_ports
from gwdeployer_gateway.parameters import GatewayParametersSpec

CHART_KINDS = (
    KindRef("", "v1", "ServiceAccount"),
    KindRef("", "v1", "ConfigMap"),
    KindRef("", "v1", "Service"),
    KindRef("apps", "v1", "Deployment"),
)
OVERLAYS = OverlayFields(
    path=("kube",),
    patches={
        "deploymentOverlay": "Deployment",
        "serviceOverlay": "Service",
        "serviceAccountOverlay": "ServiceAccount",
        "configMapOverlay": "ConfigMap",
    },
    supports={
        "podDisruptionBudget": PODDISRUPTIONBUDGET,
        "horizontalPodAutoscaler": HORIZONTALPODAUTOSCALER,
        "verticalPodAutoscaler": VERTICALPODAUTOSCALER,
    },
)

ADMIN_PORT = 19000
METRICS_PORT = 9091
RESERVED_PORTS = {READINESS_PORT: "readiness", METRICS_PORT: "metrics", ADMIN_PORT: "administration"}

#: Keys of the ConfigMap that Envoy reads again by itself when they change: no reason to restart it.
_WATCHED_KEYS = frozenset({"ca.crt", "xds_service_account_token.json"})

_OTEL_ATTRIBUTES = "OTEL_RESOURCE_ATTRIBUTES"
_FIRST_UNPRIVILEGED_PORT = 1024
_UNPRIVILEGED_PORT_START = "net.ipv4.ip_unprivileged_port_start"
_MAX_CONNECTIONS = "envoy.resource_monitors.global_downstream_max_connections"
_MAX_CONNECTIONS_TYPE = (
    "type.googleapis.com/"
    "envoy.extensions.resource_monitors.downstream_connections.v3.DownstreamConnectionsConfig"
)


class EnvoyGenerator(HelmValuesGenerator):
    """Values for a Gateway whose data plane is Envoy."""

    def __init__(self, inputs: GatewayInputs, registered: Sequence[ParametersKind] = ()) -> None:
        """Make values for the control plane and images that ``inputs`` name.

        ``registered`` are kinds of parameters besides GatewayParameters.
        """
        self._inputs = inputs
        #: Where the parameters of its Gateways come from.
        self.layers = ParametersLayers(GATEWAY_PARAMETERS, GatewayParametersSpec, self._defaults, registered)
        self._fixed: IdentityCache[dict[str, Any]] = IdentityCache()
        self._overlays = Overlays(OVERLAYS)

    def get_values(self, owner: Object, context: Context) -> Mapping[str, Any] | Skip:
        """Return the Gateway's values (see ``values.GatewayValues``), or why it has none.

        Warns of unknown fields, unusable addresses and listeners left out.
        """
        spec, merged = read(owner, self.layers, context)
        kube = merged.values.get("kube")
        if kube is None:
            return Skip("its parameters say selfManaged: somebody else deploys the proxy", cleanup=True)
        ports = ports_of(owner, spec, RESERVED_PORTS, self._inputs, context)
        if not ports:
            return NO_PORTS
        context.state.update(layers=merged.layers, alike=alike(self, EnvoyGenerator, ports, context))
        context.state["configChecksum"] = (kube.get("podTemplate") or {}).get("configChecksum", True)
        authority = ca_certificate(self._inputs.control_plane, context.store)
        fixed = self._fixed.get((merged,), lambda: self._fixed_values(merged, authority), extra=authority)
        own = self._own_values(owner, spec, kube, ports, context)
        return finished({"gateway": {**fixed, **own}}, owner, context)

    @reads_only
    def post_process(self, owner: Object, objects: list[Object], context: Context) -> list[Object]:
        """Apply overlays; then put a checksum of the configuration on the pods (unless opted out)."""
        objects = self._overlays.apply(objects, context.state["layers"], context.state["alike"], context)
        if context.state["configChecksum"]:
            return with_config_checksum(objects, without=_WATCHED_KEYS)
        return objects

    def kinds(self) -> Sequence[KindRef]:
        """Return the chart's kinds, and those that overlays add."""
        return (*CHART_KINDS, *self._overlays.kinds)

    def _defaults(self, spec: GatewayReferences, layers: Sequence[Layer]) -> Mapping[str, Any]:
        image = self._inputs.image
        return default_parameters(
            registry=image.registry,
            repository=image.repository,
            tag=image.tag,
            digest=image.digest,
            pull_policy=image.pull_policy,
            waypoint=spec.gateway_class_name == self._inputs.waypoint_gateway_class_name,
            omit_security_context=any(_omits_security_context(layer) for layer in layers),
        )

    def _fixed_values(self, merged: Merged[GatewayParametersSpec], authority: str) -> dict[str, Any]:
        """Return the values that depend on parameters, inputs and CA alone, not on the Gateway."""
        kube = merged.values["kube"]
        inputs = self._inputs
        return {
            "dataPlaneType": "envoy",
            **controller_values(inputs, inputs.control_plane.xds_port, authority),
            **_workload_values(kube),
            **_pod_values(kube.get("podTemplate") or {}),
            **_container_values(kube.get("envoyContainer") or {}),
            "bindAddress": "::" if _binds_ipv6(kube.get("service") or {}) else "0.0.0.0",  # noqa: S104 - in the pod
            **_mesh_values(kube, enabled=inputs.istio_auto_mtls_enabled),
            "stats": _stats_values(kube.get("stats") or {}),
        }

    def _own_values(
        self,
        owner: Object,
        spec: GatewaySpec,
        kube: Mapping[str, Any],
        ports: Sequence[ServedPort],
        context: Context,
    ) -> dict[str, Any]:
        """Return the values that are this Gateway's own."""
        service = kube.get("service") or {}
        own: dict[str, Any] = {
            **gateway_values(owner, spec, context),
            "service": _service_values(service, spec.addresses or (), context),
            "ports": service_ports(
                ports,
                service.get("ports") or (),
                node_ports=service.get("type") in ("NodePort", "LoadBalancer"),
            ),
        }
        pod_context = _pod_security_context(kube, own["ports"])
        return {**own, "podSecurityContext": pod_context} if pod_context else own


def _omits_security_context(layer: Layer) -> bool:
    return (layer.values.get("kube") or {}).get("omitDefaultSecurityContext") is True


def _workload_values(kube: Mapping[str, Any]) -> dict[str, Any]:
    deployment = kube.get("deployment") or {}
    values = {"replicaCount": deployment.get("replicas"), "strategy": deployment.get("strategy")}
    return {"serviceAccount": kube.get("serviceAccount") or {}, **present(values)}


def _pod_values(template: Mapping[str, Any]) -> dict[str, Any]:
    renamed = {"extraLabels": "extraPodLabels", "extraAnnotations": "extraPodAnnotations"}
    left_out = ("configChecksum", "securityContext")
    return {renamed.get(key, key): value for key, value in template.items() if key not in left_out}


def _container_values(container: Mapping[str, Any]) -> dict[str, Any]:
    bootstrap = container.get("bootstrap") or {}
    env = environment(container.get("env") or ())
    attributes = next((entry.get("value") for entry in env if entry["name"] == _OTEL_ATTRIBUTES), None)
    levels = bootstrap.get("componentLogLevels") or {}
    values = {
        **{
            key: container.get(key)
            for key in ("image", "resources", "securityContext", "extraArgs", "extraVolumeMounts")
        },
        **{
            key: bootstrap.get(key)
            for key in ("logLevel", "logFormat", "dnsResolver", "enableReadinessProbeProxyProtocol")
        },
        "env": [entry for entry in env if not (entry["name"] == _OTEL_ATTRIBUTES and attributes is not None)]
        or None,
        "otelResourceAttributes": attributes,
        "componentLogLevel": ",".join(f"{name}:{levels[name]}" for name in sorted(levels)) or None,
        "overloadManager": _overload_manager(bootstrap),
    }
    return present(values)


def _overload_manager(bootstrap: Mapping[str, Any]) -> dict[str, Any] | None:
    limit = bootstrap.get("maxDownstreamConnections")
    manager: dict[str, Any] | None = bootstrap.get("overloadManager")
    if limit is None:
        return manager
    config = {"@type": _MAX_CONNECTIONS_TYPE, "maxActiveDownstreamConnections": limit}
    monitor = {"name": _MAX_CONNECTIONS, "typedConfig": config}
    return {
        **(manager or {}),
        "resourceMonitors": [*((manager or {}).get("resourceMonitors") or ()), monitor],
    }


def _mesh_values(kube: Mapping[str, Any], *, enabled: bool) -> dict[str, Any]:
    if not enabled:
        return {"istio": {"enabled": False}}
    return {
        "istio": {"enabled": True},
        "sdsContainer": kube["sdsContainer"],
        "istioContainer": kube["istio"]["istioProxyContainer"],
    }


def _stats_values(stats: Mapping[str, Any]) -> dict[str, Any]:
    values = {
        "routePrefixRewrite": stats.get("routePrefixRewrite"),
        "enableStatsRoute": stats.get("enableStatsRoute"),
        "statsPrefixRewrite": stats.get("statsRoutePrefixRewrite"),
        "matcher": stats.get("matcher"),
    }
    return {"enabled": bool(stats.get("enabled")), **present(values)}


def _service_values(
    service: Mapping[str, Any], addresses: Sequence[Address], context: Context
) -> dict[str, Any]:
    values = {key: value for key, value in service.items() if key != "ports"}
    if addresses and service.get("type") == "LoadBalancer":
        address = load_balancer_ip(addresses, context)
        return {**values, "loadBalancerIP": address} if address else values
    return values


def _binds_ipv6(service: Mapping[str, Any]) -> bool:
    """Return whether an IPv6 family is asked for: only then may we count on the node having any."""
    return "IPv6" in (service.get("ipFamilies") or ()) or service.get("ipFamilyPolicy") == "RequireDualStack"


def _pod_security_context(
    kube: Mapping[str, Any], ports: Iterable[Mapping[str, Any]]
) -> dict[str, Any] | None:
    """Return the pod's security context; ports below 1024 need a sysctl, as the proxy is not root."""
    context: dict[str, Any] | None = (kube.get("podTemplate") or {}).get("securityContext")
    privileged = any(port["port"] < _FIRST_UNPRIVILEGED_PORT for port in ports)
    if kube.get("omitDefaultSecurityContext") or not privileged:
        return context
    sysctls = list((context or {}).get("sysctls") or ())
    if all(entry.get("name") != _UNPRIVILEGED_PORT_START for entry in sysctls):
        sysctls.append({"name": _UNPRIVILEGED_PORT_START})
    opened = [{**e, "value": "0"} if e.get("name") == _UNPRIVILEGED_PORT_START else e for e in sysctls]
    return {**(context or {}), "sysctls": opened}
