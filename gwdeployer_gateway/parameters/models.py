"""GatewayParameters ``gateway.kgateway.dev/v1alpha1``: every field of kgateway's API and some of our own.

The models say what is legal and, by the policies on their fields, how a Gateway's parameters merge over its
class's. A field without a policy is replaced. Ours are, as kgateway's users asked for them: ports by
protocol, IP families, connection limit, overload manager, and the opt-out of the config checksum.
"""

# Annotations are not postponed: pydantic would compile the text of each of them at every start.

from collections.abc import Iterator
from typing import Annotated, Any, ClassVar, Literal

from pydantic import BaseModel, BeforeValidator, Field

from gwdeployer.errors import Fault
from gwdeployer.parameters import (
    Absorbing,
    Append,
    ByKey,
    Constraint,
    Distinct,
    ExactlyOneOf,
    MaxItemsPerLayer,
    ParametersModel,
    PerLayer,
    Published,
    Replace,
    Rule,
    Union,
    Validation,
    drop_nulls,
)
from gwdeployer.parameters import kubernetes as k8s
from gwdeployer.parameters.common import (
    ConfigMapOverlay,
    Image,
    KubernetesResourceOverlay,
    Overlay,
    OverlayMetadata,
    RawObject,
    ServiceAccountOverlay,
    StringMap,
)
from gwdeployer_gateway.parameters.overload import (
    MonitorsDeclared,
    MonitorsOnce,
    OverloadManager,
)

__all__ = [
    "Bootstrap",
    "ConfigMapOverlay",
    "Deployment",
    "DnsResolver",
    "EnvoyContainer",
    "GatewayParameters",
    "GatewayParametersSpec",
    "GracefulShutdown",
    "Image",
    "Istio",
    "IstioProxyContainer",
    "Kube",
    "KubernetesResourceOverlay",
    "LogFormat",
    "OverlayMetadata",
    "PodTemplate",
    "SdsBootstrap",
    "SdsContainer",
    "Service",
    "ServiceAccount",
    "ServiceAccountOverlay",
    "ServicePort",
    "Stats",
    "StatsMatcher",
    "StringMatcher",
]

_YEAR = 31536000  # seconds; kgateway's bound for waiting times

Int32 = Annotated[int, Field(ge=0, le=2**31 - 1)]
Port = Annotated[int, Field(ge=1, le=65535)]
Seconds = Annotated[int, Field(ge=0, le=_YEAR), Published({"format": "int64"})]


class Deployment(ParametersModel):
    """Unset replicas are left to whoever scales."""

    replicas: Int32 | None = None
    strategy: k8s.Strategy | None = None


class LogFormat(ParametersModel):
    """Envoy's application log format."""

    rules: ClassVar = (ExactlyOneOf("json", "text"),)

    # BaseModel has had a method of this name since pydantic 1, deprecated; the alias is the API's.
    json_format: Annotated[RawObject | None, Field(alias="json")] = None
    text: str | None = None


class DnsResolver(ParametersModel):
    """Envoy's c-ares resolver; 0 means no limit."""

    udp_max_queries: Int32 | None = None


class _Named(Constraint):
    """Envoy's flag has one component and one level in each of its parts."""

    __slots__ = ()

    def faults(self, value: Any, *, merged: bool) -> Iterator[Fault]:
        """Refuse an empty key."""
        if "" in value:
            yield Fault("a component must be named", hint="remove the empty key")

    def keywords(self) -> dict[str, Any]:
        """Say the same."""
        rule = Validation("!('' in self)", "a component must be named")
        return {"x-kubernetes-validations": [rule.published()]}


ComponentLevels = Annotated[
    dict[str, Annotated[str, Field(min_length=1)]], BeforeValidator(drop_nulls), _Named(), Union()
]


class Bootstrap(ParametersModel):
    """Envoy's bootstrap configuration."""

    rules: ClassVar = (MonitorsDeclared(strict=False), MonitorsOnce())
    merged_rules: ClassVar = (MonitorsDeclared(strict=True),)

    log_format: Annotated[LogFormat, Replace(raw=True)] | None = None
    log_level: str | None = None
    component_log_levels: ComponentLevels | None = None
    dns_resolver: DnsResolver | None = None
    enable_readiness_probe_proxy_protocol: bool | None = None
    max_downstream_connections: Annotated[int, Field(ge=1, le=2**63 - 1)] | None = None
    overload_manager: Annotated[OverloadManager, Replace(raw=True)] | None = None


Argument = Annotated[str, Field(min_length=1, max_length=256)]


class EnvoyContainer(ParametersModel):
    """The proxy's container."""

    bootstrap: Bootstrap | None = None
    image: Image | None = None
    security_context: k8s.ContainerSecurityContext | None = None
    resources: k8s.ResourceRequirements | None = None
    extra_args: Annotated[list[Argument], Field(min_length=1), MaxItemsPerLayer(32), Append()] | None = None
    env: k8s.EnvironmentList | None = None
    extra_volume_mounts: k8s.VolumeMountList | None = None


class SdsBootstrap(ParametersModel):
    """The SDS server's configuration."""

    log_level: str | None = None


class SdsContainer(ParametersModel):
    """The sidecar that hands Istio's certificates to the proxy."""

    image: Image | None = None
    security_context: k8s.ContainerSecurityContext | None = None
    resources: k8s.ResourceRequirements | None = None
    bootstrap: SdsBootstrap | None = None


class GracefulShutdown(ParametersModel):
    """Draining before the proxy stops."""

    enabled: bool | None = None
    sleep_time_seconds: Seconds | None = None


class PodTemplate(ParametersModel):
    """The proxy's pods. ``configChecksum`` false: a changed bootstrap does not roll them."""

    extra_labels: StringMap | None = None
    extra_annotations: StringMap | None = None
    security_context: k8s.PodSecurityContext | None = None
    image_pull_secrets: k8s.SecretReferenceList | None = None
    node_selector: StringMap | None = None
    affinity: k8s.Affinity | None = None
    tolerations: k8s.TolerationList | None = None
    graceful_shutdown: GracefulShutdown | None = None
    termination_grace_period_seconds: Seconds | None = None
    startup_probe: k8s.Probe | None = None
    readiness_probe: k8s.Probe | None = None
    liveness_probe: k8s.Probe | None = None
    topology_spread_constraints: k8s.TopologySpreadConstraintList | None = None
    extra_volumes: k8s.VolumeList | None = None
    priority_class_name: str | None = None
    config_checksum: bool | None = None


class ServicePort(ParametersModel):
    """What to add to the port of that number and protocol (TCP unless said)."""

    port: Port
    node_port: Port | None = None
    protocol: Literal["TCP", "UDP", "SCTP"] | None = None


class _FamiliesFit(Rule):
    """The API server refuses two families for a single stack. Only the result knows both fields."""

    __slots__ = ()

    def faults(self, model: BaseModel) -> Iterator[Fault]:
        """Compare the number of families with the policy."""
        if not isinstance(model, Service) or len(model.ip_families or ()) < 2:  # noqa: PLR2004
            return
        if model.ip_family_policy == "SingleStack":
            hint = "set ipFamilyPolicy to PreferDualStack or RequireDualStack"
            yield Fault("SingleStack takes one family, there are two", "ipFamilies", hint=hint)


class Service(ParametersModel):
    """The proxy's Service."""

    merged_rules: ClassVar = (_FamiliesFit(),)

    type: Literal["ClusterIP", "NodePort", "LoadBalancer", "ExternalName"] | None = None
    cluster_ip: Annotated[str | None, Field(alias="clusterIP")] = None
    extra_labels: StringMap | None = None
    extra_annotations: StringMap | None = None
    ports: Annotated[list[ServicePort], ByKey("port", "protocol", defaults={"protocol": "TCP"})] | None = None
    external_traffic_policy: str | None = None
    load_balancer_class: str | None = None
    load_balancer_source_ranges: list[str] | None = None
    ip_families: Annotated[list[Literal["IPv4", "IPv6"]], Field(max_length=2), Distinct("family")] | None = (
        None
    )
    ip_family_policy: Literal["SingleStack", "PreferDualStack", "RequireDualStack"] | None = None


class ServiceAccount(ParametersModel):
    """The proxy's ServiceAccount."""

    extra_labels: StringMap | None = None
    extra_annotations: StringMap | None = None


class IstioProxyContainer(ParametersModel):
    """The sidecar that obtains Istio's certificates."""

    image: Image | None = None
    security_context: k8s.ContainerSecurityContext | None = None
    resources: k8s.ResourceRequirements | None = None
    log_level: str | None = None
    istio_discovery_address: str | None = None
    istio_meta_mesh_id: str | None = None
    istio_meta_cluster_id: str | None = None


class Istio(ParametersModel):
    """Istio integration. ``customSidecars`` is deprecated and, as in kgateway, without effect."""

    istio_proxy_container: IstioProxyContainer | None = None
    custom_sidecars: k8s.ContainerList | None = None


class StringMatcher(ParametersModel):
    """Envoy's StringMatcher."""

    rules: ClassVar = (ExactlyOneOf("exact", "prefix", "suffix", "contains", "safeRegex"),)

    exact: str | None = None
    prefix: str | None = None
    suffix: str | None = None
    contains: str | None = None
    safe_regex: str | None = None
    ignore_case: bool | None = None


MatcherList = Annotated[list[StringMatcher], Field(max_length=16)]


class StatsMatcher(ParametersModel):
    """Which statistics Envoy keeps."""

    rules: ClassVar = (ExactlyOneOf("inclusionList", "exclusionList"),)

    inclusion_list: MatcherList | None = None
    exclusion_list: MatcherList | None = None


class Stats(ParametersModel):
    """The proxy's statistics endpoint."""

    enabled: bool | None = None
    route_prefix_rewrite: str | None = None
    enable_stats_route: bool | None = None
    stats_route_prefix_rewrite: str | None = None
    matcher: Annotated[StatsMatcher, Replace()] | None = None


class Kube(ParametersModel):
    """A proxy that runs in the cluster and is deployed by us."""

    deployment: Deployment | None = None
    envoy_container: EnvoyContainer | None = None
    sds_container: SdsContainer | None = None
    pod_template: PodTemplate | None = None
    service: Service | None = None
    service_account: ServiceAccount | None = None
    istio: Istio | None = None
    stats: Stats | None = None
    omit_default_security_context: bool | None = None
    deployment_overlay: Overlay | None = None
    service_overlay: Overlay | None = None
    service_account_overlay: Annotated[ServiceAccountOverlay, PerLayer()] | None = None
    config_map_overlay: Annotated[ConfigMapOverlay, PerLayer()] | None = None
    pod_disruption_budget: Overlay | None = None
    horizontal_pod_autoscaler: Overlay | None = None
    vertical_pod_autoscaler: Overlay | None = None


class GatewayParametersSpec(ParametersModel):
    """Either how to deploy a proxy, or that somebody else does. Once a layer says the latter, it stands."""

    rules: ClassVar = (ExactlyOneOf("kube", "selfManaged"),)
    merge_rules: ClassVar = (Absorbing("selfManaged"),)

    kube: Kube | None = None
    self_managed: RawObject | None = None


class GatewayParameters(ParametersModel):
    """The whole object. ``metadata`` and ``status`` are the API machinery's."""

    api_version: Literal["gateway.kgateway.dev/v1alpha1"] = "gateway.kgateway.dev/v1alpha1"
    kind: Literal["GatewayParameters"] = "GatewayParameters"
    metadata: dict[str, Any] | None = None
    spec: GatewayParametersSpec
    status: dict[str, Any] | None = None
