"""What is wrong with an object's metadata, whatever its kind.

The rules of ``ValidateObjectMeta`` and ``ValidateObjectMetaUpdate``, and which kind has which rule for names.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from gwdeployer.objects import KindRef, Object
from gwdeployer.testing.apiserver.kinds import syntax
from gwdeployer.testing.apiserver.kinds.causes import Cause, at, forbidden, invalid, required, shown, too_long
from gwdeployer.testing.apiserver.kinds.model import Resource

IMMUTABLE = "field is immutable"
_ANNOTATIONS_LIMIT = 256 * 1024
_FIXED = (
    *("name", "namespace", "uid", "creationTimestamp", "deletionTimestamp"),
    "deletionGracePeriodSeconds",
)
#: Built-in kinds of which only the rules for all objects are checked.
_LAX = {("policy", "PodDisruptionBudget")}
#: Kinds of which an update is checked as a new object is, too.
_WHOLLY_CHECKED = {
    *(("", "ConfigMap"), ("", "Secret"), ("", "Service"), ("", "ServiceAccount")),
    *(
        ("rbac.authorization.k8s.io", kind)
        for kind in ("ClusterRole", "ClusterRoleBinding", "Role", "RoleBinding")
    ),
}
_STANDARD_FINALIZERS = ("kubernetes", "orphan", "foregroundDeletion")

#: Kinds whose names are not plain subdomains.
_NAME_RULES = {
    ("", "Namespace"): syntax.dns_label,
    ("", "Service"): syntax.dns_label,
    ("policy", "PodDisruptionBudget"): syntax.path_segment,
    ("rbac.authorization.k8s.io", "Role"): syntax.path_segment,
    ("rbac.authorization.k8s.io", "RoleBinding"): syntax.path_segment,
    ("rbac.authorization.k8s.io", "ClusterRole"): syntax.path_segment,
    ("rbac.authorization.k8s.io", "ClusterRoleBinding"): syntax.path_segment,
}


def name_rule(kind: KindRef) -> syntax.Rule:
    """Return the rule that names of objects of the kind obey."""
    return _NAME_RULES.get(kind.group_kind, syntax.dns_subdomain)


def validate_metadata(
    obj: Object, resource: Resource, old: Object | None, *, builtin: bool = True
) -> Iterator[Cause]:
    """Yield what is wrong with an object's metadata, as a new object or in place of ``old``.

    Finalizers of a ``builtin`` kind are Kubernetes' own, or have a prefix.
    """
    metadata = obj.get("metadata") or {}
    if old is None:
        yield from _validate_names(metadata, name_rule(resource.kind))
        yield from _validate_namespace(metadata, resource)
    else:
        yield from _validate_fixed(metadata, old["metadata"])
    yield from validate_labels(metadata.get("labels"), "metadata.labels")
    yield from validate_annotations(metadata.get("annotations"), "metadata.annotations")
    yield from _validate_owners(metadata.get("ownerReferences") or [])
    finalizers = metadata.get("finalizers") or []
    if old is None or resource.kind.group_kind in _WHOLLY_CHECKED:
        yield from _validate_finalizers(finalizers)
    if builtin and resource.kind.group_kind not in _LAX:
        yield from _validate_standard(finalizers)


def immutable(field: str, new: Any, old: Any) -> Iterator[Cause]:
    """Yield a cause if the two differ."""
    if new != old:
        yield invalid(field, new, IMMUTABLE)


def validate_labels(labels: Mapping[str, str] | None, field: str) -> Iterator[Cause]:
    """Yield what is wrong with labels."""
    for key, value in (labels or {}).items():
        yield from (invalid(field, key, fault) for fault in syntax.qualified_name(key))
        yield from (invalid(field, value, fault) for fault in syntax.label_value(value))


def validate_annotations(annotations: Mapping[str, str] | None, field: str) -> Iterator[Cause]:
    """Yield what is wrong with annotations; case does not matter in their keys."""
    for key in annotations or {}:
        yield from (invalid(field, key, fault) for fault in syntax.qualified_name(key.lower()))
    size = sum(len(key.encode()) + len(value.encode()) for key, value in (annotations or {}).items())
    if size > _ANNOTATIONS_LIMIT:
        yield too_long(field, _ANNOTATIONS_LIMIT)


def _validate_names(metadata: Mapping[str, Any], rule: syntax.Rule) -> Iterator[Cause]:
    prefix, name = metadata.get("generateName", ""), metadata.get("name", "")
    if prefix:
        faults = syntax.prefixed(rule, prefix)
        yield from (invalid("metadata.generateName", prefix, fault) for fault in faults)
    if not name:
        yield required("metadata.name", "name or generateName is required")
    else:
        yield from (invalid("metadata.name", name, fault) for fault in rule(name))


def _validate_namespace(metadata: Mapping[str, Any], resource: Resource) -> Iterator[Cause]:
    namespace = metadata.get("namespace", "")
    if not resource.namespaced:
        if namespace:
            yield forbidden("metadata.namespace", "not allowed on this type")
    elif not namespace:
        yield required("metadata.namespace")
    else:
        faults = syntax.dns_label(namespace)
        yield from (invalid("metadata.namespace", namespace, fault) for fault in faults)


def _validate_fixed(new: Mapping[str, Any], old: Mapping[str, Any]) -> Iterator[Cause]:
    if old.get("deletionTimestamp"):
        extra = sorted(set(new.get("finalizers", ())) - set(old.get("finalizers", ())))
        if extra:
            listed = ", ".join(map(shown, extra))
            yield forbidden(
                "metadata.finalizers",
                "no new finalizers can be added if the object is being deleted, "
                f"found new finalizers []string{{{listed}}}",
            )
    for name in _FIXED:
        yield from immutable(f"metadata.{name}", new.get(name), old.get(name))


def _validate_owners(owners: list[dict[str, Any]]) -> Iterator[Cause]:
    field = "metadata.ownerReferences"
    controllers: list[str] = []
    for owner in owners:
        yield from _validate_owner(owner, field)
        if owner.get("controller"):
            controllers.append(f"{owner['kind']}/{owner['name']}")
            if len(controllers) > 1:
                detail = 'Only one reference can have Controller set to true. Found "true" in references for'
                yield invalid(field, owners, f"{detail} {controllers[0]} and {controllers[-1]}")


def _validate_owner(owner: Mapping[str, Any], field: str) -> Iterator[Cause]:
    if not KindRef.of(owner["apiVersion"], "").version:
        yield invalid(at(field, "apiVersion"), owner["apiVersion"], "version must not be empty")
    for name in ("kind", "name", "uid"):
        if not owner[name]:
            yield invalid(at(field, name), owner[name], "must not be empty")
    if (owner["apiVersion"], owner["kind"]) == ("v1", "Event"):
        yield invalid(field, owner, "/v1, Kind=Event is disallowed from being an owner")


def _validate_finalizers(finalizers: list[str]) -> Iterator[Cause]:
    field = "metadata.finalizers"
    for finalizer in finalizers:
        yield from (invalid(field, finalizer, fault) for fault in syntax.qualified_name(finalizer))
    if {"orphan", "foregroundDeletion"} <= set(finalizers):
        yield invalid(field, finalizers, "finalizer orphan and foregroundDeletion cannot be both set")


def _validate_standard(finalizers: list[str]) -> Iterator[Cause]:
    for index, finalizer in enumerate(finalizers):
        if "/" not in finalizer and finalizer not in _STANDARD_FINALIZERS:
            detail = "name is neither a standard finalizer name nor is it fully qualified"
            yield invalid(at("metadata.finalizers", index), finalizer, detail)
