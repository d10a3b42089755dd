"""Manifests for the command line, as text."""

from __future__ import annotations

CLASS = """\
apiVersion: gateway.networking.k8s.io/v1
kind: GatewayClass
metadata: {name: ours}
spec: {controllerName: gwdeployer.dev/gateway-controller}
"""
THEIRS = """\
apiVersion: gateway.networking.k8s.io/v1
kind: GatewayClass
metadata: {name: istio}
spec: {controllerName: istio.io/gateway-controller}
"""


def gateway(
    name: str = "web", *, namespace: str = "shop", class_name: str = "ours", port: object = 80, more: str = ""
) -> str:
    """Return a Gateway; ``more`` are further fields of its spec, as flow YAML."""
    return (
        "apiVersion: gateway.networking.k8s.io/v1\nkind: Gateway\n"
        f"metadata: {{name: {name}, namespace: {namespace}}}\n"
        f"spec: {{gatewayClassName: {class_name}, {more}"
        f"listeners: [{{name: a, port: {port}, protocol: HTTP}}]}}\n"
    )


REFERS = (
    "infrastructure: {parametersRef: {group: gateway.kgateway.dev, kind: GatewayParameters, name: web}}, "
)


def parameters(spec: str, name: str = "web", namespace: str = "shop") -> str:
    return (
        "apiVersion: gateway.kgateway.dev/v1alpha1\nkind: GatewayParameters\n"
        f"metadata: {{name: {name}, namespace: {namespace}}}\nspec: {spec}\n"
    )


def stream(*documents: str) -> str:
    return "---\n".join(documents)
