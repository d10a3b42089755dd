"""The rights that are granted to pickers, which whoever grants them has to hold, or be allowed to bind.

Derived from the table of generations: any of them may be asked for.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from gwdeployer_inference.profiles import PROFILES, rules_of

Rule = dict[str, Any]

#: Pickers that authenticate readers of their metrics are bound to it, and scrapers are given the path.
_FOR_METRICS = (
    {
        "apiGroups": ["rbac.authorization.k8s.io"],
        "resources": ["clusterroles"],
        "resourceNames": ["system:auth-delegator"],
        "verbs": ["bind"],
    },
    {"nonResourceURLs": ["/metrics"], "verbs": ["get"]},
)


def permissions_to_grant() -> list[Rule]:
    """Return the rules of all pickers' Roles and ClusterRoles together, each resource once."""
    verbs: dict[tuple[str, str], dict[str, None]] = {}
    for rule in _rules():
        [group], [resource] = rule["apiGroups"], rule["resources"]
        verbs.setdefault((group, resource), {}).update(dict.fromkeys(rule["verbs"]))
    named = [
        {"apiGroups": [group], "resources": [resource], "verbs": list(allowed)}
        for (group, resource), allowed in sorted(verbs.items())
    ]
    return [*named, *(dict(rule) for rule in _FOR_METRICS)]


def _rules() -> Iterator[Rule]:
    for profile in PROFILES:
        for group in profile.pools:
            yield from rules_of(profile, group, elects=profile.elects_leaders)
