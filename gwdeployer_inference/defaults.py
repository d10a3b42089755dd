"""The parameters that hold where nobody says anything: the lowest layer."""

from __future__ import annotations

from typing import Any

__all__ = ["default_parameters"]


def default_parameters() -> dict[str, Any]:
    """Return the default ``spec`` of an EndpointPickerParameters, which the caller owns.

    A picker drains before it ends and needs no privilege at all, so its pods fit the restricted Pod Security
    Standard. Image, profile and configuration follow from the pool and are no defaults.
    """
    return {
        "resources": {"requests": {"cpu": "1", "memory": "2Gi"}, "limits": {"memory": "16Gi"}},
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "capabilities": {"drop": ["ALL"]},
            "readOnlyRootFilesystem": True,
            "runAsNonRoot": True,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "pod": {"terminationGracePeriodSeconds": 130},
        "service": {"type": "ClusterIP", "portName": "grpc-ext-proc", "appProtocol": "http2"},
    }
