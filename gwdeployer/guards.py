"""What may not be deployed, whoever rendered it: a chart, an overlay or a post-processor."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Any

from gwdeployer.errors import Fault, PlanError, shown
from gwdeployer.objects import (
    KindRef,
    Object,
    describe,
    is_dns_subdomain,
    is_mapping,
    is_namespaced,
    mapping_of,
    metadata_of,
)
from gwdeployer.objects.states import Place, place_of

_RBAC = "rbac.authorization.k8s.io"


def guard(objects: Sequence[Object], namespace: str, kinds: Sequence[KindRef], owner: str) -> None:
    """Raise PlanError, with all faults, for objects that may not be deployed for ``owner``.

    Those are: two of one kind and name, kinds that are not declared (they would never be pruned), objects in
    another namespace than the owner's, names the API server refuses, labels and annotations that are not
    text, workloads that would not select their own pods.
    """
    faults: list[Fault] = []
    produced = _group_kinds(tuple(kinds))
    seen: set[tuple[tuple[str, str], Place]] = set()
    for obj in objects:
        kind = KindRef.of_object(obj)
        identity = kind.group_kind, place_of(obj)
        if identity in seen:
            faults.append(_fault(obj, "is rendered twice", hint="give one of the two another name"))
        seen.add(identity)
        if kind.group_kind not in produced:
            hint = "add it to the generator's kinds(), or it would never be pruned"
            faults.append(_fault(obj, f"kind {kind} is not one that this deployer produces", hint=hint))
        faults += _metadata_faults(obj, kind, namespace)
        if "spec" in obj:
            faults += _selector_faults(obj)
    if faults:
        raise PlanError(faults, owner=owner)


@lru_cache(maxsize=256)
def _group_kinds(kinds: tuple[KindRef, ...]) -> frozenset[tuple[str, str]]:
    return frozenset(kind.group_kind for kind in kinds)


def _fault(obj: Object, message: str, path: str = "", hint: str = "") -> Fault:
    return Fault(message, path, describe(obj), hint=hint)


def _metadata_faults(obj: Object, kind: KindRef, namespace: str) -> Iterator[Fault]:
    metadata = metadata_of(obj)
    name = metadata.get("name")
    if not (isinstance(name, str) and _is_name(name, kind)):
        yield _fault(obj, f"{shown(name)} is not a name Kubernetes accepts", "metadata.name")
    if is_namespaced(kind) and metadata.get("namespace") != namespace:
        message = f"is in namespace {shown(metadata.get('namespace'))}, not in its owner's, {namespace!r}"
        yield _fault(obj, message, "metadata.namespace")
    for field in ("labels", "annotations"):
        if field in metadata:
            yield from _text_faults(obj, metadata[field], f"metadata.{field}")


def _is_name(name: str, kind: KindRef) -> bool:
    """Roles may be named like ``system:reader``; all else we may meet is a DNS subdomain."""
    if kind.group == _RBAC:
        return bool(name) and name not in (".", "..") and not set("/%") & set(name) and name.isprintable()
    return is_dns_subdomain(name)


def _text_faults(obj: Object, mapping: Any, path: str) -> Iterator[Fault]:
    if mapping is None:
        return
    if not is_mapping(mapping):
        yield _fault(obj, f"{shown(mapping)} is not a mapping", path)
        return
    for key, value in mapping.items():
        if value.__class__ is not str:
            yield _fault(obj, f"{shown(value)} is not text", f"{path}[{key}]", "quote it")


def _selector_faults(obj: Object) -> Iterator[Fault]:
    """Find a workload that would not select its own pods: the API server refuses it with fewer words."""
    spec = obj.get("spec")
    if not (spec.__class__ is dict and "template" in spec and "selector" in spec):
        return
    wanted = mapping_of(mapping_of(spec["selector"]).get("matchLabels"))
    labels = mapping_of(metadata_of(mapping_of(spec["template"])).get("labels"))
    missing = [key for key, value in wanted.items() if labels.get(key) != value]
    if missing:
        message = f"the pods' labels do not match the selector: {', '.join(missing)}"
        yield _fault(obj, message, "spec.template.metadata.labels", "leave these labels as they are")
