"""The kinds that the plugin reads besides the Gateway API's own, and those that it deploys."""

from __future__ import annotations

from gwdeployer.objects import KindRef
from gwdeployer_gateway.api import GROUP

GATEWAY_PARAMETERS = KindRef("gateway.kgateway.dev", "v1alpha1", "GatewayParameters")
AGENTGATEWAY_PARAMETERS = KindRef("agentgateway.dev", "v1alpha1", "AgentgatewayParameters")
SECRET = KindRef("", "v1", "Secret")
CONFIG_MAP = KindRef("", "v1", "ConfigMap")

HTTP_ROUTE = KindRef(GROUP, "v1", "HTTPRoute")
GRPC_ROUTE = KindRef(GROUP, "v1", "GRPCRoute")
TLS_ROUTE = KindRef(GROUP, "v1", "TLSRoute")
TCP_ROUTE = KindRef(GROUP, "v1", "TCPRoute")
UDP_ROUTE = KindRef(GROUP, "v1", "UDPRoute")
#: In the version that all releases of the Gateway API serve.
REFERENCE_GRANT = KindRef(GROUP, "v1beta1", "ReferenceGrant")

#: What the statuses of listeners are computed from, besides what plans read.
OBSERVED = (HTTP_ROUTE, GRPC_ROUTE, TLS_ROUTE, TCP_ROUTE, UDP_ROUTE, REFERENCE_GRANT, CONFIG_MAP)

#: What any data plane may have deployed for a Gateway: the one that takes over prunes what another has left.
DEPLOYED = (
    KindRef("", "v1", "ServiceAccount"),
    CONFIG_MAP,
    SECRET,
    KindRef("", "v1", "Service"),
    KindRef("apps", "v1", "Deployment"),
    KindRef("apps", "v1", "DaemonSet"),
    KindRef("policy", "v1", "PodDisruptionBudget"),
    KindRef("autoscaling", "v2", "HorizontalPodAutoscaler"),
    KindRef("autoscaling.k8s.io", "v1", "VerticalPodAutoscaler"),
)
