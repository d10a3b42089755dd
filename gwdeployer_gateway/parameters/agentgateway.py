"""AgentgatewayParameters ``agentgateway.dev/v1alpha1``: every field of agentgateway's API, some of our own.

Typed fields merge by the policies declared on them; overlays stay with their layer. Ours are: overlays of the
ConfigMap and of what a ServiceAccount has beside its metadata, the VerticalPodAutoscaler, and the opt-out of
the checksum that restarts proxies when their configuration changes.
"""

# Annotations are not postponed: pydantic would compile the text of each of them at every start.

from collections.abc import Iterator
from typing import Annotated, Any, ClassVar, Literal

from pydantic import BaseModel, Field

from gwdeployer.errors import Fault
from gwdeployer.parameters import (
    AtMostOneOf,
    ParametersModel,
    PerLayer,
    Published,
    Replace,
    Rule,
    Validation,
)
from gwdeployer.parameters import kubernetes as k8s
from gwdeployer.parameters.common import ConfigMapOverlay, Overlay, ServiceAccountOverlay

__all__ = ["AgentgatewayParameters", "AgentgatewayParametersSpec"]

_YEAR = 31536000  # seconds; agentgateway's bound for waiting times

Seconds = Annotated[int, Field(ge=0, le=_YEAR), Published({"format": "int64"})]


class Workload(ParametersModel):
    """What runs the proxies. ``configChecksum`` false: a changed configuration does not restart them."""

    kind: Literal["DaemonSet", "Deployment"] | None = None
    config_checksum: bool | None = None


class Logging(ParametersModel):
    """The proxy's own log. ``level`` is what ``RUST_LOG`` takes."""

    level: str | None = None
    format: Literal["json", "text"] | None = None


class Image(ParametersModel):
    """A container image, part by part; where tag and digest meet, the container runtime heeds the digest."""

    registry: str | None = None
    repository: str | None = None
    tag: str | None = None
    digest: str | None = None
    pull_policy: str | None = None


class _InOrder(Rule):
    """A wait's least is not above its most."""

    __slots__ = ()

    def faults(self, model: BaseModel) -> Iterator[Fault]:
        """Compare the two."""
        if isinstance(model, Shutdown) and model.min > model.max:
            yield Fault(f"must be at most max, which is {model.max}, and is {model.min}", "min")

    def validations(self) -> Iterator[Validation]:
        """Say the same in CEL."""
        yield Validation("self.min <= self.max", "min must be at most max")


class Shutdown(ParametersModel):
    """How many seconds a proxy that ends waits for its connections: at least, and at most."""

    rules: ClassVar = (_InOrder(),)

    min: Seconds
    max: Seconds


class Istio(ParametersModel):
    """Membership of a mesh. Present without ``enabled``, it joins."""

    enabled: bool | None = None
    ca_address: str | None = None
    trust_domain: str | None = None
    additional_trust_domains: list[str] | None = None
    cluster_id: str | None = None
    network: str | None = None


class SpiffeCsi(ParametersModel):
    """The Workload API's socket from a CSI driver."""

    driver: str | None = None


class SpiffeHostPath(ParametersModel):
    """The Workload API's socket from a directory of the node."""

    path: Annotated[str, Field(min_length=1)]


class SpiffeSource(ParametersModel):
    """Where the Workload API's socket comes from and where the proxy finds it."""

    rules: ClassVar = (AtMostOneOf("csi", "hostPath"),)

    csi: SpiffeCsi | None = None
    host_path: SpiffeHostPath | None = None
    mount_path: Annotated[str, Field(pattern=r"^/")] | None = None
    socket_name: str | None = None


class Spiffe(ParametersModel):
    """Identity from a SPIFFE Workload API. Present without ``enabled``, it is used."""

    enabled: bool | None = None
    source: SpiffeSource | None = None


class CatalogConfigMap(ParametersModel):
    """A ConfigMap beside the Gateway that holds a catalog."""

    name: Annotated[str, Field(min_length=1)]
    key: str | None = None


class CatalogSource(ParametersModel):
    """Where a catalog of models comes from."""

    config_map: CatalogConfigMap | None = None


class ModelCatalog(ParametersModel):
    """What models cost. ConfigMaps are the Gateway's neighbours, so a class's cannot name any."""

    sources: list[CatalogSource] | None = None


class _OverlaysFit(Rule):
    """What patches or scales a workload of one kind is of no use to one of the other kind.

    Of one object; what the layers come to is asked again when overlays are applied, for they aren't merged.
    """

    __slots__ = ()

    def faults(self, model: BaseModel) -> Iterator[Fault]:
        """Compare ``workload.kind`` with the overlays that need a certain one."""
        if not isinstance(model, AgentgatewayParametersSpec):
            return
        if model.workload is None or model.workload.kind != "DaemonSet":
            if model.daemon_set is not None:
                hint = "set workload.kind to DaemonSet, or use deployment"
                yield Fault("patches a DaemonSet, but workload.kind is Deployment", "daemonSet", hint=hint)
            return
        if model.deployment is not None:
            message = "patches a Deployment, but workload.kind is DaemonSet"
            yield Fault(message, "deployment", hint="use daemonSet")
        if model.horizontal_pod_autoscaler is not None:
            message = "a DaemonSet cannot be scaled"
            yield Fault(message, "horizontalPodAutoscaler", hint="remove it, or deploy a Deployment")

    def validations(self) -> Iterator[Validation]:
        """Say the same in CEL."""
        daemon_set = "(has(self.workload) && has(self.workload.kind) && self.workload.kind == 'DaemonSet')"
        message = "deployment patches a Deployment, but workload.kind is DaemonSet"
        yield Validation(f"!has(self.deployment) || !{daemon_set}", message)
        message = "daemonSet patches a DaemonSet, but workload.kind is Deployment"
        yield Validation(f"!has(self.daemonSet) || {daemon_set}", message)
        message = "horizontalPodAutoscaler cannot scale a DaemonSet"
        yield Validation(f"!has(self.horizontalPodAutoscaler) || !{daemon_set}", message)


class AgentgatewayParametersSpec(ParametersModel):
    """How to deploy agentgateway."""

    rules: ClassVar = (_OverlaysFit(),)

    workload: Workload | None = None
    logging: Logging | None = None
    raw_config: Annotated[dict[str, Any], Replace(raw=True)] | None = None
    image: Image | None = None
    env: k8s.EnvironmentList | None = None
    resources: k8s.ResourceRequirements | None = None
    shutdown: Annotated[Shutdown, Replace()] | None = None
    istio: Istio | None = None
    spiffe: Annotated[Spiffe, Replace()] | None = None
    model_catalog: Annotated[ModelCatalog, PerLayer()] | None = None
    deployment: Overlay | None = None
    daemon_set: Overlay | None = None
    service: Overlay | None = None
    service_account: Annotated[ServiceAccountOverlay, PerLayer()] | None = None
    config_map: Annotated[ConfigMapOverlay, PerLayer()] | None = None
    pod_disruption_budget: Overlay | None = None
    horizontal_pod_autoscaler: Overlay | None = None
    vertical_pod_autoscaler: Overlay | None = None


class AgentgatewayParameters(ParametersModel):
    """The whole object. ``metadata`` and ``status`` are the API machinery's."""

    api_version: Literal["agentgateway.dev/v1alpha1"] = "agentgateway.dev/v1alpha1"
    kind: Literal["AgentgatewayParameters"] = "AgentgatewayParameters"
    metadata: dict[str, Any] | None = None
    spec: AgentgatewayParametersSpec
    status: dict[str, Any] | None = None
