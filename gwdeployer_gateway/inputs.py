"""What the controller that embeds gateways knows, besides the core's inputs."""

# Annotations are not postponed: pydantic would compile the text of each of them at every start.

from typing import Annotated, ClassVar, Literal, Self, TypeAlias

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from gwdeployer.errors import nearest, shown
from gwdeployer.inputs import Inputs, InputsModel, Name, Port

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


class ClassParametersRef(InputsModel):
    """The parameters of a class that is created. Without group and kind they are of its data plane's kind."""

    group: str | None = None
    kind: Annotated[str, Field(min_length=1)] | None = None
    namespace: Name
    name: Name


class GatewayInputs(Inputs):
    """Inputs of the gateway plugin; its keys stand at the top of the inputs file, beside the core's."""

    defaults_are_sound: ClassVar[bool] = True

    #: The class for ordinary gateways.
    gateway_class_name: Name = "gwdeployer"
    #: The class for Istio ambient waypoints: other default parameters.
    waypoint_gateway_class_name: Name = "gwdeployer-waypoint"
    #: The class whose data plane is agentgateway.
    agentgateway_class_name: Name = "gwdeployer-agentgateway"
    #: Have the controller create these classes where there are none of their names.
    create_classes: bool = False
    #: The parameters that classes are created with, by the class's name.
    gateway_class_parameters_refs: dict[str, ClassParametersRef] = Field(default_factory=dict)
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

    @property
    def class_names(self) -> tuple[str, str, str]:
        """The classes that we know by name: for ordinary gateways, for waypoints, for agentgateway."""
        return self.gateway_class_name, self.waypoint_gateway_class_name, self.agentgateway_class_name

    @model_validator(mode="after")
    def _refers_to_known_classes(self) -> Self:
        for name in self.gateway_class_parameters_refs:
            if name not in self.class_names:
                context = {"name": shown(name), "hint": nearest(name, self.class_names)}
                message = "gatewayClassParametersRefs: {name} is no class that is created; {hint}"
                raise PydanticCustomError("unknown_class", message, context)
        return self
