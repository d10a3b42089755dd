"""What a program that runs in a pod knows of it."""

from __future__ import annotations

import os
from pathlib import Path

_NAMESPACE = Path("/var/run/secrets/kubernetes.io/serviceaccount/namespace")


def in_a_pod() -> bool:
    """Return whether this is a pod, with an account of the cluster that it runs in."""
    return "KUBERNETES_SERVICE_HOST" in os.environ and _NAMESPACE.exists()


def pods_namespace() -> str:
    """Return the namespace of the pod; "" outside of one."""
    return _NAMESPACE.read_text(encoding="utf-8").strip() if in_a_pod() else ""
