"""The kinds that the plugin reads, and those that it deploys."""

from __future__ import annotations

from gwdeployer.objects import KindRef

INFERENCE_POOL = KindRef("inference.networking.k8s.io", "v1", "InferencePool")
#: The kind before the API was stable: of another group, so it is another object and needs no conversion.
INFERENCE_POOL_ALPHA = KindRef("inference.networking.x-k8s.io", "v1alpha2", "InferencePool")
ENDPOINT_PICKER_PARAMETERS = KindRef("inference.gwdeployer.dev", "v1alpha1", "EndpointPickerParameters")
NAMESPACE = KindRef("", "v1", "Namespace")
SERVICE = KindRef("", "v1", "Service")

#: What the chart renders.
CHART_KINDS = (
    KindRef("", "v1", "ServiceAccount"),
    KindRef("", "v1", "ConfigMap"),
    KindRef("", "v1", "Secret"),
    SERVICE,
    KindRef("apps", "v1", "Deployment"),
    KindRef("rbac.authorization.k8s.io", "v1", "Role"),
    KindRef("rbac.authorization.k8s.io", "v1", "RoleBinding"),
    KindRef("rbac.authorization.k8s.io", "v1", "ClusterRole"),
    KindRef("rbac.authorization.k8s.io", "v1", "ClusterRoleBinding"),
    KindRef("monitoring.coreos.com", "v1", "ServiceMonitor"),
    KindRef("networking.istio.io", "v1", "DestinationRule"),
)
