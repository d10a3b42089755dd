"""Who an object belongs to: the controller ownerReference, and labels where there can be none."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any

from gwdeployer.objects.refs import KindRef, Object, metadata_of, name_of, namespace_of

#: Kinds of Kubernetes' own APIs that no namespace holds and a chart may well render.
CLUSTER_SCOPED = frozenset(
    {
        ("", "Namespace"),
        ("", "PersistentVolume"),
        ("admissionregistration.k8s.io", "MutatingWebhookConfiguration"),
        ("admissionregistration.k8s.io", "ValidatingAdmissionPolicy"),
        ("admissionregistration.k8s.io", "ValidatingAdmissionPolicyBinding"),
        ("admissionregistration.k8s.io", "ValidatingWebhookConfiguration"),
        ("apiextensions.k8s.io", "CustomResourceDefinition"),
        ("apiregistration.k8s.io", "APIService"),
        ("networking.k8s.io", "IngressClass"),
        ("rbac.authorization.k8s.io", "ClusterRole"),
        ("rbac.authorization.k8s.io", "ClusterRoleBinding"),
        ("scheduling.k8s.io", "PriorityClass"),
        ("storage.k8s.io", "StorageClass"),
    }
)

OWNER_UID = "gwdeployer.dev/owner-uid"
OWNER_NAMESPACE = "gwdeployer.dev/owner-namespace"
OWNER_NAME = "gwdeployer.dev/owner-name"

#: Annotation of an owner: existing objects to take over, ``Kind/name, …``.
ADOPT = "gwdeployer.dev/adopt"
#: Annotation of an owner: ``immutable`` allows to delete and create where an immutable field must change.
RECREATE = "gwdeployer.dev/recreate"
#: The only finalizer we ever set: on owners of cluster-scoped objects, which no garbage collector finds.
FINALIZER = "gwdeployer.dev/cleanup"


@lru_cache(maxsize=1024)  # asked of each object, again and again
def is_namespaced(kind: KindRef) -> bool:
    """Return whether objects of a kind live in a namespace (kinds we do not know do)."""
    return kind.group_kind not in CLUSTER_SCOPED


def owner_reference(owner: Mapping[str, Any], kind: KindRef) -> dict[str, Any] | None:
    """Return the controller ownerReference to ``owner``; None where it has no UID yet (a file's manifest).

    ``kind`` is the owner's, because objects read through typed clients lose their own.
    """
    uid = metadata_of(owner).get("uid")
    if not uid:
        return None
    return {
        "apiVersion": kind.api_version,
        "kind": kind.kind,
        "name": name_of(owner),
        "uid": uid,
        "controller": True,
    }


def owned(obj: Object, owner: Mapping[str, Any], kind: KindRef) -> Object:
    """Return ``obj`` marked as belonging to ``owner``: in its namespace, with one controller ownerReference.

    A cluster-scoped object cannot be owned by a namespaced one, so it carries the owner's UID as a label and
    its namespace and name as annotations instead. ``obj`` itself is not changed.
    """
    [marked] = all_owned([obj], owner, kind)
    return marked


def all_owned(objects: Iterable[Object], owner: Mapping[str, Any], kind: KindRef) -> list[Object]:
    """Return the objects marked as :func:`owned`; they share what they say of the owner."""
    reference = owner_reference(owner, kind)
    references = None if reference is None else [reference]
    namespace = namespace_of(owner) or "default"
    return [
        _in_namespace(obj, namespace, references)
        if is_namespaced(KindRef.of_object(obj))
        else _labelled(obj, owner)
        for obj in objects
    ]


def _in_namespace(obj: Object, namespace: str, references: list[dict[str, Any]] | None) -> Object:
    metadata = dict(metadata_of(obj))
    metadata.setdefault("namespace", namespace)
    if references is not None:
        metadata["ownerReferences"] = references
    return {**obj, "metadata": metadata}


def _labelled(obj: Object, owner: Mapping[str, Any]) -> Object:
    metadata = dict(metadata_of(obj))
    if uid := metadata_of(owner).get("uid"):
        metadata["labels"] = {**(metadata.get("labels") or {}), OWNER_UID: uid}
        place = {OWNER_NAMESPACE: namespace_of(owner), OWNER_NAME: name_of(owner)}
        metadata["annotations"] = {**(metadata.get("annotations") or {}), **place}
    return {**obj, "metadata": metadata}


def is_owned_by(obj: Mapping[str, Any], uid: str) -> bool:
    """Return whether the object's controller has this UID (cluster-scoped: whether its label says so)."""
    metadata = metadata_of(obj)
    for reference in metadata.get("ownerReferences") or ():
        if reference.get("controller"):
            return bool(reference.get("uid") == uid)
    return not metadata.get("namespace") and (metadata.get("labels") or {}).get(OWNER_UID) == uid
