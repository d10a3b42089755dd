"""Label selectors, as Kubernetes evaluates them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def matches(selector: Mapping[str, Any] | None, labels: Mapping[str, Any] | None) -> bool:
    """Return whether labels satisfy a LabelSelector (``matchLabels``, ``matchExpressions``; all must hold).

    An empty selector matches everything, None matches nothing, an unknown operator matches nothing
    (``metav1.LabelSelectorAsSelector``).
    """
    if selector is None:
        return False
    present = labels or {}
    wanted = selector.get("matchLabels") or {}
    return all(present.get(key) == value for key, value in wanted.items()) and all(
        _holds(expression, present) for expression in selector.get("matchExpressions") or ()
    )


def _holds(expression: Mapping[str, Any], labels: Mapping[str, Any]) -> bool:
    key, values = str(expression.get("key")), expression.get("values") or ()
    match expression.get("operator"):
        case "In":
            return key in labels and labels[key] in values
        case "NotIn":
            return key not in labels or labels[key] not in values
        case "Exists":
            return key in labels
        case "DoesNotExist":
            return key not in labels
    return False
