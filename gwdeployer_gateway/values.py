"""The values of the Envoy chart: :class:`GatewayValues`, for whoever writes a chart of their own.

The keys are those of kgateway's chart (``HelmGateway``), so that a chart written for it finds what it knows.
``templates/envoy/values.schema.json`` is made from these types by ``scripts/make_values_schema.py``.
"""

from __future__ import annotations

from typing import Any, Literal, Required

# Not typing's: pydantic, which makes the schema, needs this one below Python 3.12.
from typing_extensions import TypedDict

#: A value of one of Kubernetes' own types, as it stands in an object.
KubernetesObject = dict[str, Any]


class PortValues(TypedDict, total=False):
    """A port of the Service, in the form of its ``spec.ports``."""

    name: Required[str]
    port: Required[int]
    protocol: Required[str]
    targetPort: Required[int]
    nodePort: int


class ImageValues(TypedDict, total=False):
    """A container image in parts."""

    registry: str
    repository: Required[str]
    tag: str
    digest: str
    pullPolicy: str


class ServiceValues(TypedDict, total=False):
    """The Service in front of the proxies."""

    type: Required[str]
    clusterIP: str
    loadBalancerClass: str
    loadBalancerIP: str
    loadBalancerSourceRanges: list[str]
    externalTrafficPolicy: str
    ipFamilies: list[str]
    ipFamilyPolicy: str
    extraLabels: dict[str, str]
    extraAnnotations: dict[str, str]


class ServiceAccountValues(TypedDict, total=False):
    """The proxies' ServiceAccount."""

    extraLabels: dict[str, str]
    extraAnnotations: dict[str, str]


class GracefulShutdownValues(TypedDict, total=False):
    """Whether a proxy fails its health checks for a while before it ends."""

    enabled: bool
    sleepTimeSeconds: int


class SdsBootstrapValues(TypedDict, total=False):
    """How the SDS sidecar starts."""

    logLevel: str


class SdsContainerValues(TypedDict, total=False):
    """The sidecar that hands the mesh's certificates to Envoy."""

    image: Required[ImageValues]
    resources: KubernetesObject
    securityContext: KubernetesObject
    bootstrap: SdsBootstrapValues


class IstioContainerValues(TypedDict, total=False):
    """The sidecar that fetches the mesh's certificates."""

    image: Required[ImageValues]
    logLevel: str
    resources: KubernetesObject
    securityContext: KubernetesObject
    istioDiscoveryAddress: str
    istioMetaMeshId: str
    istioMetaClusterId: str


class IstioValues(TypedDict):
    """Whether the mesh's sidecars are added."""

    enabled: bool


class LogFormatValues(TypedDict, total=False):
    """The format of Envoy's own log: one of the two."""

    json: dict[str, Any]
    text: str


class DnsResolverValues(TypedDict, total=False):
    """Envoy's DNS resolver; 0 means no limit."""

    udpMaxQueries: int


class TlsValues(TypedDict, total=False):
    """TLS to the control plane."""

    enabled: Required[bool]
    caCert: str


class XdsValues(TypedDict):
    """Where the control plane is."""

    host: str
    port: int
    tls: TlsValues


class MatcherValues(TypedDict, total=False):
    """One pattern for names of statistics."""

    exact: str
    prefix: str
    suffix: str
    contains: str
    safeRegex: str
    ignoreCase: bool


class StatsMatcherValues(TypedDict, total=False):
    """Which statistics Envoy keeps: one of the two."""

    inclusionList: list[MatcherValues]
    exclusionList: list[MatcherValues]


class StatsValues(TypedDict, total=False):
    """The proxies' metrics."""

    enabled: Required[bool]
    routePrefixRewrite: str
    enableStatsRoute: bool
    statsPrefixRewrite: str
    matcher: StatsMatcherValues


class Gateway(TypedDict, total=False):
    """One gateway."""

    dataPlaneType: Required[Literal["envoy"]]
    #: The name of all objects; ``gatewayName`` is the Gateway's own, which may be longer or less strict.
    name: Required[str]
    gatewayName: Required[str]
    gatewayNamespace: Required[str]
    gatewayClassName: Required[str]
    gatewayLabels: Required[dict[str, str]]
    gatewayAnnotations: Required[dict[str, str]]
    managedBy: Required[str]
    version: Required[str]
    ports: Required[list[PortValues]]
    service: Required[ServiceValues]
    serviceAccount: Required[ServiceAccountValues]
    #: Present only where it is set: 0 is kept, and an autoscaler's replicas are never overwritten.
    replicaCount: int
    strategy: KubernetesObject
    extraPodLabels: dict[str, str]
    extraPodAnnotations: dict[str, str]
    imagePullSecrets: list[KubernetesObject]
    podSecurityContext: KubernetesObject
    nodeSelector: dict[str, str]
    affinity: KubernetesObject
    tolerations: list[KubernetesObject]
    topologySpreadConstraints: list[KubernetesObject]
    priorityClassName: str
    startupProbe: KubernetesObject
    readinessProbe: KubernetesObject
    livenessProbe: KubernetesObject
    gracefulShutdown: GracefulShutdownValues
    terminationGracePeriodSeconds: int
    extraVolumes: list[KubernetesObject]
    extraVolumeMounts: list[KubernetesObject]
    image: Required[ImageValues]
    resources: KubernetesObject
    securityContext: KubernetesObject
    extraArgs: list[str]
    env: list[KubernetesObject]
    #: Attributes of the user's own, appended to the built-in ones.
    otelResourceAttributes: str
    logLevel: str
    componentLogLevel: str
    logFormat: LogFormatValues
    dnsResolver: DnsResolverValues
    enableReadinessProbeProxyProtocol: bool
    #: The address on which the proxy's own listeners bind: ``0.0.0.0``, or ``::`` (which takes IPv4, too).
    bindAddress: Required[str]
    #: Envoy's OverloadManager, in protobuf JSON.
    overloadManager: dict[str, Any]
    xds: Required[XdsValues]
    stats: Required[StatsValues]
    istio: Required[IstioValues]
    sdsContainer: SdsContainerValues
    istioContainer: IstioContainerValues


class GatewayValues(TypedDict):
    """The values of the Envoy chart."""

    gateway: Gateway
