"""The values of the agentgateway chart: :class:`AgentgatewayValues`, for whoever writes a chart of their own.

``templates/agentgateway/values.schema.json`` is made from these types by ``scripts/make_values_schema.py``.
"""

from __future__ import annotations

from typing import Any, Literal, Required

# Not typing's: pydantic, which makes the schema, needs this one below Python 3.12.
from typing_extensions import TypedDict

from gwdeployer_gateway.values import ImageValues, KubernetesObject, PortValues, XdsValues


class WorkloadValues(TypedDict):
    """What runs the proxies."""

    kind: Literal["Deployment", "DaemonSet"]


class AddressValues(TypedDict, total=False):
    """What a Gateway asks of the Service, which is a LoadBalancer unless an overlay says otherwise."""

    loadBalancerIP: str


class ShutdownValues(TypedDict):
    """How many seconds a proxy that ends waits for its connections."""

    min: int
    max: int


class LoggingValues(TypedDict, total=False):
    """The level of the proxy's own log; its format is part of ``config``."""

    level: str


class MeshValues(TypedDict, total=False):
    """How the proxy joins Istio's mesh."""

    caAddress: Required[str]
    trustDomain: Required[str]
    additionalTrustDomains: list[str]
    clusterId: str
    network: str


class SpiffeValues(TypedDict):
    """The SPIFFE Workload API: the volume that has its socket (``source``), and where it is mounted."""

    mountPath: str
    endpoint: str
    source: KubernetesObject


class CatalogItemValues(TypedDict):
    """A key of a ConfigMap, and its file."""

    key: str
    path: str


class CatalogVolumeValues(TypedDict):
    """A ConfigMap that holds catalogs; ``name`` is the volume's."""

    name: str
    configMap: str
    mountPath: str
    items: list[CatalogItemValues]


class ModelCatalogValues(TypedDict):
    """What models cost."""

    files: list[str]
    volumes: list[CatalogVolumeValues]


class Agentgateway(TypedDict, total=False):
    """One gateway. The keys it shares with Envoy's values mean the same."""

    dataPlaneType: Required[Literal["agentgateway"]]
    #: The name of all objects; ``gatewayName`` is the Gateway's own, which may be longer or less strict.
    name: Required[str]
    gatewayName: Required[str]
    gatewayNamespace: Required[str]
    gatewayClassName: Required[str]
    gatewayLabels: Required[dict[str, str]]
    gatewayAnnotations: Required[dict[str, str]]
    managedBy: Required[str]
    version: Required[str]
    xds: Required[XdsValues]
    #: The ports of the Service; the pods do not list them.
    ports: Required[list[PortValues]]
    service: Required[AddressValues]
    workload: Required[WorkloadValues]
    image: Required[ImageValues]
    resources: KubernetesObject
    env: list[KubernetesObject]
    shutdown: Required[ShutdownValues]
    logging: Required[LoggingValues]
    #: The proxy's config file: ``rawConfig`` under what typed parameters say.
    config: Required[dict[str, Any]]
    #: Present where the proxy joins the mesh.
    istio: MeshValues
    spiffe: SpiffeValues
    modelCatalog: ModelCatalogValues
    #: Absent where the user brings a key of their own, by the variable SESSION_KEY.
    sessionKeySecretName: str


class AgentgatewayValues(TypedDict):
    """The values of the agentgateway chart."""

    agentgateway: Agentgateway
