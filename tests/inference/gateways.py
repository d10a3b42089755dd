"""What stands around a pool: Gateways, routes, grants."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from gwdeployer.objects import Object
from tests.inference.scenarios import NAMESPACE, STABLE

GATEWAY_API = "gateway.networking.k8s.io"
OURS = "gwdeployer.dev/gateway-controller"
WEB = ({"name": "web"},)


def backend(name: str = "qwen", *, group: str = STABLE, **more: Any) -> dict[str, Any]:
    """Return a reference to a pool."""
    return {"group": group, "kind": "InferencePool", "name": name, **more}


TO_QWEN = [{"backendRefs": [backend()]}]


def _made(kind: str, name: str, namespace: str, spec: Mapping[str, Any], version: str = "v1") -> Object:
    metadata = {"name": name, **({"namespace": namespace} if namespace else {})}
    return {
        "apiVersion": f"{GATEWAY_API}/{version}",
        "kind": kind,
        "metadata": metadata,
        "spec": {name: value for name, value in spec.items() if value is not None},
    }


def route(
    name: str = "qwen",
    *,
    kind: str = "HTTPRoute",
    namespace: str = NAMESPACE,
    rules: Any = TO_QWEN,
    parents: Sequence[Mapping[str, str]] | None = WEB,
) -> Object:
    """Return a route from the Gateway ``web`` to the pool ``qwen``, unless it is said otherwise."""
    given = [dict(parent) for parent in parents] if parents is not None else None
    return _made(kind, name, namespace, {"parentRefs": given, "rules": rules})


def gateway(name: str = "web", **spec: Any) -> Object:
    listeners = [{"name": "http", "port": 80, "protocol": "HTTP"}]
    return _made("Gateway", name, NAMESPACE, {"gatewayClassName": "ours", "listeners": listeners, **spec})


def gateway_class(name: str = "ours", controller: str = OURS) -> Object:
    return _made("GatewayClass", name, "", {"controllerName": controller})


def listener_set(name: str = "set") -> Object:
    """Return listeners of the Gateway ``web``."""
    listeners = [{"name": "more", "port": 81, "protocol": "HTTP"}]
    return _made("ListenerSet", name, NAMESPACE, {"parentRef": {"name": "web"}, "listeners": listeners})


def grant(
    name: str = "grant",
    *,
    namespace: str = NAMESPACE,
    source: Mapping[str, str] | None = None,
    to: Mapping[str, str] | None = None,
) -> Object:
    """Return a grant that lets HTTPRoutes of the namespace ``web`` refer to pools, unless said otherwise."""
    sources = [{"group": GATEWAY_API, "kind": "HTTPRoute", "namespace": "web", **(source or {})}]
    targets = [{"group": STABLE, "kind": "InferencePool", **(to or {})}]
    return _made("ReferenceGrant", name, namespace, {"from": sources, "to": targets}, "v1beta1")
