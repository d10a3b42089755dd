"""The kinds that the plugin reads besides the Gateway API's own."""

from __future__ import annotations

from gwdeployer.objects import KindRef

GATEWAY_PARAMETERS = KindRef("gateway.kgateway.dev", "v1alpha1", "GatewayParameters")
AGENTGATEWAY_PARAMETERS = KindRef("agentgateway.dev", "v1alpha1", "AgentgatewayParameters")
SECRET = KindRef("", "v1", "Secret")
