"""The kinds that the plugin reads, and those that it deploys."""

from __future__ import annotations

from gwdeployer.objects import KindRef

INFERENCE_POOL = KindRef("inference.networking.k8s.io", "v1", "InferencePool")
#: The kind before the API was stable: of another group, so it is another object and needs no conversion.
INFERENCE_POOL_ALPHA = KindRef("inference.networking.x-k8s.io", "v1alpha2", "InferencePool")
ENDPOINT_PICKER_PARAMETERS = KindRef("inference.gwdeployer.dev", "v1alpha1", "EndpointPickerParameters")
NAMESPACE = KindRef("", "v1", "Namespace")
SERVICE = KindRef("", "v1", "Service")
DEPLOYMENT = KindRef("apps", "v1", "Deployment")
_GATEWAY_API = "gateway.networking.k8s.io"
GATEWAY = KindRef(_GATEWAY_API, "v1", "Gateway")
GATEWAY_CLASS = KindRef(_GATEWAY_API, "v1", "GatewayClass")
LISTENER_SET = KindRef(_GATEWAY_API, "v1", "ListenerSet")
#: The kinds of routes that may lead to a pool: what a picker looks into is HTTP.
ROUTES = (KindRef(_GATEWAY_API, "v1", "HTTPRoute"), KindRef(_GATEWAY_API, "v1", "GRPCRoute"))
REFERENCE_GRANT = KindRef(_GATEWAY_API, "v1beta1", "ReferenceGrant")
SERVICE_MONITOR = KindRef("monitoring.coreos.com", "v1", "ServiceMonitor")
DESTINATION_RULE = KindRef("networking.istio.io", "v1", "DestinationRule")

#: What the chart renders.
CHART_KINDS = (
    KindRef("", "v1", "ServiceAccount"),
    KindRef("", "v1", "ConfigMap"),
    KindRef("", "v1", "Secret"),
    SERVICE,
    DEPLOYMENT,
    KindRef("rbac.authorization.k8s.io", "v1", "Role"),
    KindRef("rbac.authorization.k8s.io", "v1", "RoleBinding"),
    KindRef("rbac.authorization.k8s.io", "v1", "ClusterRole"),
    KindRef("rbac.authorization.k8s.io", "v1", "ClusterRoleBinding"),
    SERVICE_MONITOR,
    DESTINATION_RULE,
)
#: What only tells others about a picker: without these others, there is nobody to tell.
OPTIONAL = frozenset({SERVICE_MONITOR, DESTINATION_RULE})
