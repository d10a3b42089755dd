"""The order in which objects are applied: what others need comes first."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_TIERS = {
    "Namespace": 0,
    "ServiceAccount": 1,
    "Secret": 2,
    "ConfigMap": 2,
    "ClusterRole": 3,
    "Role": 3,
    "ClusterRoleBinding": 4,
    "RoleBinding": 4,
    "Service": 5,
}
#: What pods need to start comes before their Service.
SERVICE_TIER = _TIERS["Service"]
#: The tier of workloads, autoscalers and whatever else.
LAST_TIER = 6


def tier(obj: Mapping[str, Any]) -> int:
    """Return when an object is applied: all of a lower tier come first; within one, the order is free."""
    return _TIERS.get(str(obj.get("kind")), LAST_TIER)
