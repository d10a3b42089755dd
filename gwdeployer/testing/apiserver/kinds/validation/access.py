"""Roles and bindings: what a rule must name, whom a binding may name, and that its role is fixed.

The rules of ``pkg/apis/rbac/validation``.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from gwdeployer.objects import Object
from gwdeployer.testing.apiserver.kinds import syntax
from gwdeployer.testing.apiserver.kinds.causes import Cause, at, invalid, not_supported, required
from gwdeployer.testing.apiserver.kinds.validation.common import check_selector, check_syntax

GROUP = "rbac.authorization.k8s.io"


def validate_role(role: Object, _old: Object | None) -> Iterator[Cause]:
    """Yield what is wrong with a Role."""
    for index, rule in enumerate(role.get("rules") or ()):
        yield from _check_rule(rule, at("rules", index), namespaced=True)


def validate_cluster_role(role: Object, _old: Object | None) -> Iterator[Cause]:
    """Yield what is wrong with a ClusterRole."""
    for index, rule in enumerate(role.get("rules") or ()):
        yield from _check_rule(rule, at("rules", index), namespaced=False)
    aggregation = role.get("aggregationRule")
    if aggregation is not None:
        selectors = aggregation.get("clusterRoleSelectors", [])
        path = "aggregationRule.clusterRoleSelectors"
        if not selectors:
            yield required(path, "at least one clusterRoleSelector required if aggregationRule is non-nil")
        for index, selector in enumerate(selectors):
            yield from check_selector(selector, at(path, index))


def _check_rule(rule: dict[str, Any], path: str, *, namespaced: bool) -> Iterator[Cause]:
    if not rule.get("verbs"):
        yield required(at(path, "verbs"), "verbs must contain at least one value")
    urls = rule.get("nonResourceURLs")
    if urls:
        if namespaced:
            detail = "namespaced rules cannot apply to non-resource URLs"
            yield invalid(at(path, "nonResourceURLs"), urls, detail)
        elif any(rule.get(name) for name in ("apiGroups", "resources", "resourceNames")):
            detail = "rules cannot apply to both regular resources and non-resource URLs"
            yield invalid(at(path, "nonResourceURLs"), urls, detail)
        return
    if not rule.get("apiGroups"):
        yield required(at(path, "apiGroups"), "resource rules must supply at least one api group")
    if not rule.get("resources"):
        yield required(at(path, "resources"), "resource rules must supply at least one resource")


def validate_role_binding(binding: Object, old: Object | None) -> Iterator[Cause]:
    """Yield what is wrong with a RoleBinding."""
    yield from _check_binding(binding, old, ("Role", "ClusterRole"))


def validate_cluster_role_binding(binding: Object, old: Object | None) -> Iterator[Cause]:
    """Yield what is wrong with a ClusterRoleBinding."""
    yield from _check_binding(binding, old, ("ClusterRole",))


def _check_binding(binding: Object, old: Object | None, roles: tuple[str, ...]) -> Iterator[Cause]:
    role = binding["roleRef"]
    if role["apiGroup"] != GROUP:
        yield not_supported("roleRef.apiGroup", role["apiGroup"], [GROUP])
    if role["kind"] not in roles:
        yield not_supported("roleRef.kind", role["kind"], roles)
    if not role["name"]:
        yield required("roleRef.name")
    else:
        yield from check_syntax(syntax.path_segment, role["name"], "roleRef.name")
    for index, subject in enumerate(binding.get("subjects", ())):
        yield from _check_subject(subject, at("subjects", index), namespaced=len(roles) > 1)
    if old is not None and role != old["roleRef"]:
        shown = {name[0].upper() + name[1:]: role[name] for name in ("apiGroup", "kind", "name")}
        renamed = {"APIGroup": shown["ApiGroup"], "Kind": shown["Kind"], "Name": shown["Name"]}
        yield invalid("roleRef", renamed, "cannot change roleRef")


def _check_subject(subject: dict[str, Any], path: str, *, namespaced: bool) -> Iterator[Cause]:
    name, kind, group = subject.get("name", ""), subject.get("kind"), subject.get("apiGroup", "")
    if not name:
        yield required(at(path, "name"))
    if kind == "ServiceAccount":
        if name:
            yield from check_syntax(syntax.dns_subdomain, name, at(path, "name"))
        if group:
            yield not_supported(at(path, "apiGroup"), group, [""])
        if not namespaced and not subject.get("namespace"):
            yield required(at(path, "namespace"))
    elif kind not in ("User", "Group"):
        yield not_supported(at(path, "kind"), kind, ("ServiceAccount", "User", "Group"))
    elif group != GROUP:
        yield not_supported(at(path, "apiGroup"), group, [GROUP])
