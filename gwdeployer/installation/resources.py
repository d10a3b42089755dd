"""How rules call the kinds that they are about: by a plural, in a namespace or not. Pure.

A running controller discovers this; rights are written before there is one. So it is known from definitions,
and for kinds without one from the rule that generators of APIs follow. Tests hold all kinds of the plugins
against a kube-apiserver's discovery.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from gwdeployer.crd import CrdDefinition
from gwdeployer.crd.definition import plural_of
from gwdeployer.objects import KindRef, is_namespaced
from gwdeployer.objects.ownership import CLUSTER_SCOPED

#: Kinds of Kubernetes' own APIs that no namespace holds and no chart renders, but rules may be about.
_NOT_DEPLOYED = frozenset(
    {
        ("", "Node"),
        ("authentication.k8s.io", "TokenReview"),
        ("authorization.k8s.io", "SelfSubjectAccessReview"),
        ("authorization.k8s.io", "SelfSubjectRulesReview"),
        ("authorization.k8s.io", "SubjectAccessReview"),
    }
)


class Resource(NamedTuple):
    """A kind as rules name it."""

    group: str
    plural: str
    namespaced: bool


class Resources:
    """Finds the resources of kinds."""

    def __init__(
        self, definitions: Iterable[CrdDefinition] = (), cluster_scoped: Iterable[KindRef] = ()
    ) -> None:
        """``definitions`` name their kinds; ``cluster_scoped`` are further ones that no namespace holds."""
        self._definitions = {definition.kind.group_kind: definition for definition in definitions}
        self._cluster_scoped = {kind.group_kind for kind in cluster_scoped} | _NOT_DEPLOYED

    def of(self, kind: KindRef) -> Resource:
        """Return a kind's resource."""
        defined = self._definitions.get(kind.group_kind)
        if defined is not None:
            return Resource(kind.group, defined.plural, defined.scope == "Namespaced")
        namespaced = is_namespaced(kind) and kind.group_kind not in self._cluster_scoped
        return Resource(kind.group, plural_of(kind.kind.lower()), namespaced)

    def is_for_whole_cluster(self, rule: Mapping[str, Any]) -> bool:
        """Return whether only a ClusterRole that holds everywhere can give what a rule says."""
        pairs = {
            (group, name) for group in rule.get("apiGroups") or () for name in rule.get("resources") or ()
        }
        scoped = {(group, plural_of(kind.lower())) for group, kind in CLUSTER_SCOPED | self._cluster_scoped}
        return bool(rule.get("nonResourceURLs")) or not pairs.isdisjoint(scoped)
