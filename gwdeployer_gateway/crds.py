"""The CustomResourceDefinitions of the parameters, named as kgateway and agentgateway name theirs."""

from __future__ import annotations

from gwdeployer.crd import CrdDefinition, PrinterColumn
from gwdeployer.parameters.reporting import ParametersStatus
from gwdeployer_gateway.kinds import AGENTGATEWAY_PARAMETERS, GATEWAY_PARAMETERS
from gwdeployer_gateway.parameters.agentgateway import AgentgatewayParametersSpec
from gwdeployer_gateway.parameters.models import GatewayParametersSpec

CRDS = (
    CrdDefinition(
        GATEWAY_PARAMETERS,
        spec=GatewayParametersSpec,
        status=ParametersStatus,
        plural="gatewayparameters",
        singular="gatewayparameters",
        categories=("kgateway",),
        description="How to deploy Envoy for a Gateway, or for every Gateway of a class.",
    ),
    CrdDefinition(
        AGENTGATEWAY_PARAMETERS,
        spec=AgentgatewayParametersSpec,
        status=ParametersStatus,
        plural="agentgatewayparameters",
        singular="agentgatewayparameters",
        short_names=("agpar",),
        categories=("agentgateway",),
        printer_columns=(PrinterColumn("Age", ".metadata.creationTimestamp", "date"),),
        description="How to deploy agentgateway for a Gateway, or for every Gateway of a class.",
    ),
)
