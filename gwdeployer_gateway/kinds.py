"""The kinds that the plugin reads besides the Gateway API's own, and those that it deploys."""

from __future__ import annotations

from gwdeployer.objects import KindRef

GATEWAY_PARAMETERS = KindRef("gateway.kgateway.dev", "v1alpha1", "GatewayParameters")
AGENTGATEWAY_PARAMETERS = KindRef("agentgateway.dev", "v1alpha1", "AgentgatewayParameters")
SECRET = KindRef("", "v1", "Secret")

#: What any data plane may have deployed for a Gateway: the one that takes over prunes what another has left.
DEPLOYED = (
    KindRef("", "v1", "ServiceAccount"),
    KindRef("", "v1", "ConfigMap"),
    SECRET,
    KindRef("", "v1", "Service"),
    KindRef("apps", "v1", "Deployment"),
    KindRef("apps", "v1", "DaemonSet"),
    KindRef("policy", "v1", "PodDisruptionBudget"),
    KindRef("autoscaling", "v2", "HorizontalPodAutoscaler"),
    KindRef("autoscaling.k8s.io", "v1", "VerticalPodAutoscaler"),
)
