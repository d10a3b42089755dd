"""The parameters that hold where nobody says anything: kgateway's in-memory defaults, as the lowest layer.

They are made for a Gateway's class and flags rather than merged and then taken back: a default that was
never there cannot erase what a layer set to the same value.
"""

from __future__ import annotations

from typing import Any

__all__ = ["ISTIO_WAYPOINT_PORT", "READINESS_PORT", "default_parameters"]

READINESS_PORT = 8082
#: Where Istio's ztunnel sends traffic for a waypoint, by HBONE.
ISTIO_WAYPOINT_PORT = 15008

_ENVOY_REPOSITORY = "envoy-wrapper"
_SDS_REPOSITORY = "sds"
_ISTIO_IMAGE = {"registry": "docker.io/istio", "repository": "proxyv2", "tag": "1.30.1"}
_UNPRIVILEGED_USER = 10101


def default_parameters(
    *,
    registry: str,
    tag: str,
    repository: str | None = None,
    digest: str | None = None,
    pull_policy: str | None = None,
    waypoint: bool = False,
    omit_security_context: bool = False,
) -> dict[str, Any]:
    """Return the default ``spec`` of a GatewayParameters, which the caller owns.

    The image is the embedding controller's: ``repository`` and ``digest`` are the proxy's alone, the SDS
    sidecar shares registry, tag and pull policy. What is None is left out. ``waypoint``: for Istio's ambient
    mesh. ``omit_security_context``: some layer sets ``omitDefaultSecurityContext``, so the proxy's container
    gets none by default (OpenShift assigns users itself).
    """
    proxy = _image(registry, repository or _ENVOY_REPOSITORY, tag, digest, pull_policy)
    sds = _image(registry, _SDS_REPOSITORY, tag, None, pull_policy)
    kube = {
        "envoyContainer": _envoy_container(proxy, omit_security_context=omit_security_context),
        "sdsContainer": {"image": sds, "bootstrap": {"logLevel": "info"}},
        "podTemplate": _pod_template(waypoint=waypoint),
        "service": _waypoint_service() if waypoint else {"type": "LoadBalancer"},
        "istio": {"istioProxyContainer": _istio_proxy()},
        "stats": _stats(),
    }
    return {"kube": kube}


def _image(
    registry: str, repository: str, tag: str, digest: str | None, pull_policy: str | None
) -> dict[str, Any]:
    image = {"registry": registry, "repository": repository, "tag": tag}
    image |= {"digest": digest} if digest else {}
    return image | ({"pullPolicy": pull_policy} if pull_policy else {})


def _envoy_container(image: dict[str, Any], *, omit_security_context: bool) -> dict[str, Any]:
    container: dict[str, Any] = {
        "bootstrap": {"logLevel": "info", "dnsResolver": {"udpMaxQueries": 100}},
        "image": image,
    }
    return container if omit_security_context else container | {"securityContext": _security_context()}


def _security_context() -> dict[str, Any]:
    return {
        "allowPrivilegeEscalation": False,
        "capabilities": {"drop": ["ALL"]},
        "readOnlyRootFilesystem": True,
        "runAsNonRoot": True,
        "runAsUser": _UNPRIVILEGED_USER,
    }


def _pod_template(*, waypoint: bool) -> dict[str, Any]:
    template: dict[str, Any] = {
        "terminationGracePeriodSeconds": 60,
        "gracefulShutdown": {"enabled": True, "sleepTimeSeconds": 10},
        "readinessProbe": {"httpGet": _ready(), "periodSeconds": 10},
        "startupProbe": {
            "httpGet": _ready(),
            "periodSeconds": 1,
            "timeoutSeconds": 2,
            "failureThreshold": 60,
            "successThreshold": 1,
        },
    }
    return template | (_ambient_marks() if waypoint else {})


def _ready() -> dict[str, Any]:
    return {"path": "/ready", "port": READINESS_PORT}


def _ambient_marks() -> dict[str, Any]:
    """In the mesh, but not captured by it: a waypoint resolves names itself."""
    return {
        "extraLabels": {"istio.io/dataplane-mode": "ambient"},
        "extraAnnotations": {"ambient.istio.io/dns-capture": "false"},
    }


def _waypoint_service() -> dict[str, Any]:
    return {"type": "ClusterIP", "ports": [{"port": ISTIO_WAYPOINT_PORT}]}


def _istio_proxy() -> dict[str, Any]:
    return {
        "image": dict(_ISTIO_IMAGE),
        "logLevel": "warning",
        "istioDiscoveryAddress": "istiod.istio-system.svc:15012",
        "istioMetaMeshId": "cluster.local",
        "istioMetaClusterId": "Kubernetes",
    }


def _stats() -> dict[str, Any]:
    return {
        "enabled": True,
        "routePrefixRewrite": "/stats/prometheus?usedonly",
        "enableStatsRoute": True,
        "statsRoutePrefixRewrite": "/stats",
    }
