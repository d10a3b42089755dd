"""What a server adds to a new pod: its status, a priority, and how long it stays on a node that fails.

The rules of ``pkg/registry/core/pod/strategy.go``, ``pkg/apis/core/v1/helper/qos`` and of the admission
plugins Priority and DefaultTolerationSeconds.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from gwdeployer.objects import Object
from gwdeployer.objects.quantities import amount

_FAILING = ("node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable")
_COMPUTED = ("cpu", "memory")


def begin_pod(pod: Object) -> None:
    """Complete a new pod, in place."""
    spec = pod["spec"]
    pod["status"] = {"phase": "Pending", "qosClass": _quality(spec)}
    spec.setdefault("priority", 0)
    spec.setdefault("preemptionPolicy", "PreemptLowerPriority")
    _tolerate(spec)


def _tolerate(spec: dict[str, Any]) -> None:
    tolerations = spec.setdefault("tolerations", [])
    for key in _FAILING:
        if not any(_covers(toleration, key) for toleration in tolerations):
            tolerations.append(
                {"key": key, "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 300}
            )


def _covers(toleration: dict[str, Any], key: str) -> bool:
    same_key = toleration.get("key", key) == key
    return same_key and toleration.get("effect", "NoExecute") in ("NoExecute", "")


def _quality(spec: dict[str, Any]) -> str:
    """Return the quality of service: what requests and limits of processor and memory promise."""
    resources = [spec["resources"]] if "resources" in spec else list(_resources(spec))
    if not any(_named(one.get(kind, {})) for one in resources for kind in ("requests", "limits")):
        return "BestEffort"
    return "Guaranteed" if all(map(_is_guaranteed, resources)) else "Burstable"


def _resources(spec: dict[str, Any]) -> Iterable[dict[str, Any]]:
    for container in (*(spec.get("containers") or ()), *spec.get("initContainers", ())):
        yield container.get("resources", {})


def _is_guaranteed(resources: dict[str, Any]) -> bool:
    limits, requests = resources.get("limits", {}), resources.get("requests", {})
    return len(_named(limits)) == len(_COMPUTED) and all(
        amount(requests.get(name, limits[name])) == amount(limits[name]) for name in _COMPUTED
    )


def _named(quantities: dict[str, Any]) -> list[str]:
    return [name for name in _COMPUTED if name in quantities and amount(quantities[name]) > 0]
