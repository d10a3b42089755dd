"""Gateways: a plugin of gwdeployer that deploys the proxies behind Gateway API Gateways.

The public names of the plugin; they load on first use.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from gwdeployer import __version__
from gwdeployer._lazy import lazy_exports

if TYPE_CHECKING:
    from gwdeployer_gateway.agentgateway import AgentgatewayGenerator
    from gwdeployer_gateway.agentgateway_values import AgentgatewayValues
    from gwdeployer_gateway.api import GATEWAY, GATEWAY_CLASS, LISTENER_SET
    from gwdeployer_gateway.defaults import default_parameters
    from gwdeployer_gateway.envoy import EnvoyGenerator
    from gwdeployer_gateway.inputs import GatewayInputs
    from gwdeployer_gateway.kinds import AGENTGATEWAY_PARAMETERS, GATEWAY_PARAMETERS
    from gwdeployer_gateway.parameters import GatewayParameters, GatewayParametersSpec
    from gwdeployer_gateway.parameters.agentgateway import AgentgatewayParameters, AgentgatewayParametersSpec
    from gwdeployer_gateway.plugin import GatewayPlugin
    from gwdeployer_gateway.values import GatewayValues

_HOMES = {
    "agentgateway": ("AgentgatewayGenerator",),
    "agentgateway_values": ("AgentgatewayValues",),
    "api": ("GATEWAY", "GATEWAY_CLASS", "LISTENER_SET"),
    "defaults": ("default_parameters",),
    "envoy": ("EnvoyGenerator",),
    "kinds": ("AGENTGATEWAY_PARAMETERS", "GATEWAY_PARAMETERS"),
    "inputs": ("GatewayInputs",),
    "parameters": ("GatewayParameters", "GatewayParametersSpec"),
    "parameters.agentgateway": ("AgentgatewayParameters", "AgentgatewayParametersSpec"),
    "plugin": ("GatewayPlugin",),
    "values": ("GatewayValues",),
}

__all__ = [
    "AGENTGATEWAY_PARAMETERS",
    "GATEWAY",
    "GATEWAY_CLASS",
    "GATEWAY_PARAMETERS",
    "LISTENER_SET",
    "AgentgatewayGenerator",
    "AgentgatewayParameters",
    "AgentgatewayParametersSpec",
    "AgentgatewayValues",
    "EnvoyGenerator",
    "GatewayInputs",
    "GatewayParameters",
    "GatewayParametersSpec",
    "GatewayPlugin",
    "GatewayValues",
    "__version__",
    "default_parameters",
]

__getattr__, __dir__ = lazy_exports(__name__, _HOMES)
