"""The values of the endpoint picker's chart: :class:`EndpointPickerValues`.

Its ``values.schema.json`` is made from these types by ``scripts/make_values_schema.py``.
"""

from __future__ import annotations

from typing import Any, Required

# Not typing's: pydantic, which makes the schema, needs this one below Python 3.12.
from typing_extensions import TypedDict

#: A value of one of Kubernetes' own types, as it stands in an object.
KubernetesObject = dict[str, Any]


class ImageValues(TypedDict, total=False):
    """A container image in parts."""

    registry: str
    repository: Required[str]
    tag: str
    digest: str
    pullPolicy: str


class PortsValues(TypedDict):
    """The ports the picker listens on."""

    grpc: int
    health: int
    metrics: int


class ProbesValues(TypedDict):
    """The gRPC health services of the two probes."""

    liveness: str
    readiness: str


class PodValues(TypedDict, total=False):
    """The picker's pods."""

    extraLabels: dict[str, str]
    extraAnnotations: dict[str, str]
    securityContext: KubernetesObject
    imagePullSecrets: list[KubernetesObject]
    nodeSelector: dict[str, str]
    affinity: KubernetesObject
    tolerations: list[KubernetesObject]
    topologySpreadConstraints: list[KubernetesObject]
    priorityClassName: str
    terminationGracePeriodSeconds: int


class ServiceValues(TypedDict, total=False):
    """The Service that gateways find."""

    name: Required[str]
    type: str
    port: Required[int]
    metricsPort: Required[int]
    portName: str
    appProtocol: str
    extraLabels: dict[str, str]
    extraAnnotations: dict[str, str]


class ServiceMonitorValues(TypedDict, total=False):
    """What the Prometheus operator is told; ``token`` names the Secret of the scraper's token."""

    interval: str
    token: str
    extraLabels: dict[str, str]


class PickerValues(TypedDict, total=False):
    """One pool's picker."""

    name: Required[str]
    clusterName: Required[str]
    namespace: Required[str]
    managedBy: Required[str]
    version: Required[str]
    image: Required[ImageValues]
    args: Required[list[str]]
    env: list[KubernetesObject]
    ports: Required[PortsValues]
    probes: Required[ProbesValues]
    replicas: int
    strategy: KubernetesObject
    config: str
    rules: Required[list[KubernetesObject]]
    authenticatesMetrics: bool
    resources: KubernetesObject
    securityContext: KubernetesObject
    volumeMounts: list[KubernetesObject]
    volumes: list[KubernetesObject]
    pod: PodValues
    service: Required[ServiceValues]
    serviceMonitor: ServiceMonitorValues
    destinationHost: str


class EndpointPickerValues(TypedDict):
    """All values of the chart."""

    picker: PickerValues
