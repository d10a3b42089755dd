"""What the controller that embeds gateways knows, besides the core's inputs."""

# Annotations are not postponed: pydantic would compile the text of each of them at every start.

from typing import Literal, TypeAlias

from pydantic import Field

from gwdeployer.inputs import Inputs, InputsModel, Port

DataPlane: TypeAlias = Literal["envoy", "agentgateway"]


class IstioInputs(InputsModel):
    """The mesh that proxies may join. An empty key leaves the decision to the proxy."""

    #: Join it unless parameters say otherwise (agentgateway).
    auto_enabled: bool = False
    cluster_id: str = ""
    network: str = ""
    #: Where istiod runs.
    namespace: str = "istio-system"
    revision: str = ""
    #: Of the mesh; without one it is ``cluster.local``.
    trust_domain: str = ""


class AgentgatewayImageInputs(InputsModel):
    """The parts of agentgateway's image that differ from ``image``."""

    registry: str | None = None
    repository: str | None = None
    tag: str | None = None
    digest: str | None = None
    pull_policy: str | None = None


class AgentgatewayInputs(InputsModel):
    """What differs for agentgateway where Envoy is deployed too.

    What is not set here is what ``image`` and ``controlPlane.xdsPort`` say, and where they say nothing, what
    agentgateway is installed with.
    """

    image: AgentgatewayImageInputs = Field(default_factory=AgentgatewayImageInputs.model_construct)
    xds_port: Port | None = None


class GatewayInputs(Inputs):
    """Inputs of the gateway plugin; its keys stand at the top of the inputs file, beside the core's."""

    #: The class for ordinary gateways.
    gateway_class_name: str = "gwdeployer"
    #: The class for Istio ambient waypoints: other default parameters.
    waypoint_gateway_class_name: str = "gwdeployer-waypoint"
    #: The class whose data plane is agentgateway.
    agentgateway_class_name: str = "gwdeployer-agentgateway"
    #: The data plane of classes that neither their name nor their parameters decide.
    data_plane: DataPlane = "envoy"
    #: Add the SDS and istio-proxy sidecars to Envoy, for mTLS to the mesh.
    istio_auto_mtls_enabled: bool = False
    istio: IstioInputs = Field(default_factory=IstioInputs.model_construct)
    agentgateway: AgentgatewayInputs = Field(default_factory=AgentgatewayInputs.model_construct)
    #: The port served while a Gateway has no listeners, so that its Service and address survive 1 -> 0 -> 1.
    no_listeners_dummy_port: Port | None = None
    #: What is said on statuses. ``deploy``: what deploying knows, beside a control plane that says the rest.
    #: ``gateway``: all of it, also of listeners and ListenerSets, where nobody else does.
    mode: Literal["deploy", "gateway"] = "deploy"
