"""EndpointPickerParameters ``inference.gwdeployer.dev/v1alpha1``: how to deploy the picker of a pool.

The models say what is legal and, by the policies on their fields, how a pool's parameters merge over its
namespace's. A field without a policy is replaced. What only the picker's generation can tell (its flags, the
kind of its configuration) is checked where both are known: ``settings``.
"""

# Annotations are not postponed: pydantic would compile the text of each of them at every start.

from collections.abc import Iterator
from typing import Annotated, Any, ClassVar, Literal

from pydantic import BaseModel, Field

from gwdeployer.errors import Fault, shown
from gwdeployer.parameters import Append, ParametersModel, PerLayer, Replace, Rule, Union
from gwdeployer.parameters import kubernetes as k8s
from gwdeployer.parameters.common import (
    ConfigMapOverlay,
    Image,
    Overlay,
    OverlayMetadata,
    RawObject,
    ServiceAccountOverlay,
    StringMap,
)

__all__ = [
    "DestinationRule",
    "EndpointPickerParametersSpec",
    "MetricNames",
    "MetricsEndpoint",
    "ModelServer",
    "Monitoring",
    "Overlays",
    "Pod",
    "Ports",
    "RoleBindingOverlay",
    "RoleOverlay",
    "SecretOverlay",
    "Service",
    "ServiceMonitor",
    "Tls",
    "Tracing",
]

Count = Annotated[int, Field(ge=0, le=2**31 - 1)]
Port = Annotated[int, Field(ge=1, le=65535)]
Argument = Annotated[str, Field(min_length=1)]
_SCALARS = (str, int, float, bool)


class _ScalarFlags(Rule):
    """Flags are text, numbers or booleans: each is written as ``--name=value``."""

    __slots__ = ()

    def faults(self, model: BaseModel) -> Iterator[Fault]:
        """Name the flags that are something else."""
        for name, value in (getattr(model, "flags", None) or {}).items():
            if not isinstance(value, _SCALARS):
                message = f"{shown(value)} is not the value of a flag"
                yield Fault(message, f"flags.{name}", hint="write text, a number or a boolean")


class _SecretNamed(Rule):
    """TLS from a Secret needs the Secret's name."""

    __slots__ = ()

    def faults(self, model: BaseModel) -> Iterator[Fault]:
        """Say that the name is missing."""
        if isinstance(model, Tls) and model.mode == "Secret" and not model.secret_name:
            yield Fault("is needed where mode is Secret", "secretName", hint="name a Secret of type tls")


class Ports(ParametersModel):
    """The ports the picker listens on. The Service's port is the pool's to say."""

    grpc: Port | None = None
    health: Port | None = None
    metrics: Port | None = None


class MetricNames(ParametersModel):
    """What a model server calls its metrics, in the picker's notation: ``name`` or ``name{label=value}``."""

    queued_requests: str | None = None
    running_requests: str | None = None
    kv_cache_usage: str | None = None
    lora_info: str | None = None
    cache_info: str | None = None


class MetricsEndpoint(ParametersModel):
    """Where a model server serves its metrics."""

    scheme: Literal["http", "https"] | None = None
    path: str | None = None
    insecure_skip_verify: bool | None = None


class ModelServer(ParametersModel):
    """The model servers of the pool, whose metrics and requests the picker has to understand."""

    type: Literal["vllm", "sglang", "triton", "triton-tensorrt-llm", "trtllm-serve"] | None = None
    protocol: Literal["http", "grpc"] | None = None
    metrics: MetricNames | None = None
    metrics_endpoint: MetricsEndpoint | None = None


class Service(ParametersModel):
    """The picker's Service; its name and port are the pool's to say."""

    type: Literal["ClusterIP", "NodePort", "LoadBalancer"] | None = None
    port_name: str | None = None
    app_protocol: str | None = None
    extra_labels: StringMap | None = None
    extra_annotations: StringMap | None = None


class Pod(ParametersModel):
    """The picker's pods."""

    extra_labels: StringMap | None = None
    extra_annotations: StringMap | None = None
    security_context: k8s.PodSecurityContext | None = None
    image_pull_secrets: k8s.SecretReferenceList | None = None
    node_selector: StringMap | None = None
    affinity: k8s.Affinity | None = None
    tolerations: k8s.TolerationList | None = None
    topology_spread_constraints: k8s.TopologySpreadConstraintList | None = None
    priority_class_name: str | None = None
    termination_grace_period_seconds: Count | None = None
    extra_volumes: k8s.VolumeList | None = None


class Tls(ParametersModel):
    """How gateways reach the picker: by a certificate it makes itself, one of a Secret, or in plain text."""

    rules: ClassVar = (_SecretNamed(),)

    mode: Literal["SelfSigned", "Secret", "Disabled"] | None = None
    secret_name: str | None = None
    reload: bool | None = None
    min_version: str | None = None
    cipher_suites: Annotated[list[str], Replace()] | None = None


class ServiceMonitor(ParametersModel):
    """Ask the Prometheus operator to scrape the picker."""

    enabled: bool | None = None
    interval: str | None = None
    extra_labels: StringMap | None = None


class Monitoring(ParametersModel):
    """The metrics that the picker serves. ``authentication``: only to clients that the API server knows."""

    authentication: bool | None = None
    service_monitor: ServiceMonitor | None = None


class Tracing(ParametersModel):
    """Traces, sent by OTLP."""

    enabled: bool | None = None
    endpoint: str | None = None
    sampler: str | None = None
    sampler_argument: str | None = None


class DestinationRule(ParametersModel):
    """Tell Istio how to reach the picker: by TLS, without verifying the certificate it made itself."""

    enabled: bool | None = None


class RoleOverlay(ParametersModel):
    """A patch of a Role or ClusterRole; a list of rules replaces the rendered one."""

    metadata: OverlayMetadata | None = None
    policy_rules: Annotated[
        Annotated[list[dict[str, Any]], Replace(raw=True)] | None, Field(alias="rules")
    ] = None


class RoleBindingOverlay(ParametersModel):
    """A patch of a RoleBinding or ClusterRoleBinding."""

    metadata: OverlayMetadata | None = None
    subjects: Annotated[list[dict[str, Any]], Replace(raw=True)] | None = None


class SecretOverlay(ParametersModel):
    """A patch of the Secret that holds the scraper's token."""

    metadata: OverlayMetadata | None = None


class Overlays(ParametersModel):
    """Strategic merge patches, each of one rendered object. The last three add an object of their own."""

    deployment: Overlay | None = None
    service: Overlay | None = None
    service_account: Annotated[ServiceAccountOverlay, PerLayer()] | None = None
    config_map: Annotated[ConfigMapOverlay, PerLayer()] | None = None
    role: Annotated[RoleOverlay, PerLayer()] | None = None
    role_binding: Annotated[RoleBindingOverlay, PerLayer()] | None = None
    cluster_role: Annotated[RoleOverlay, PerLayer()] | None = None
    cluster_role_binding: Annotated[RoleBindingOverlay, PerLayer()] | None = None
    secret: Annotated[SecretOverlay, PerLayer()] | None = None
    service_monitor: Overlay | None = None
    destination_rule: Overlay | None = None
    pod_disruption_budget: Overlay | None = None
    horizontal_pod_autoscaler: Overlay | None = None
    vertical_pod_autoscaler: Overlay | None = None


class EndpointPickerParametersSpec(ParametersModel):
    """How to deploy the picker. Every field is optional; ``profile`` follows from a published image."""

    rules: ClassVar = (_ScalarFlags(),)

    profile: str | None = None
    image: Image | None = None
    replicas: Count | None = None
    high_availability: Literal["LeaderElection", "ActiveActive"] | None = None
    strategy: k8s.Strategy | None = None
    ports: Ports | None = None
    config: RawObject | None = None
    model_server: ModelServer | None = None
    verbosity: Annotated[int, Field(ge=0, le=10)] | None = None
    flags: Annotated[dict[str, Any], Union()] | None = None
    extra_args: Annotated[list[Argument], Append()] | None = None
    env: k8s.EnvironmentList | None = None
    resources: k8s.ResourceRequirements | None = None
    security_context: k8s.ContainerSecurityContext | None = None
    extra_volume_mounts: k8s.VolumeMountList | None = None
    pod: Pod | None = None
    service: Service | None = None
    tls: Tls | None = None
    metrics: Monitoring | None = None
    tracing: Tracing | None = None
    destination_rule: DestinationRule | None = None
    overlays: Overlays | None = None
