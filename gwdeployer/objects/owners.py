"""What the owner of a plan says to those who write to a cluster: who it is, and what it allows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from gwdeployer.errors import Fault, PlanError, shown
from gwdeployer.objects.ownership import (
    ADOPT,
    FINALIZER,
    OWNER_NAME,
    OWNER_NAMESPACE,
    OWNER_UID,
    RECREATE,
)
from gwdeployer.objects.refs import KindRef, Object, ObjectRef, describe, metadata_of, name_of, namespace_of

IMMUTABLE = "immutable"
#: The API server's finalizer on an object whose dependents are to be left (``propagationPolicy: Orphan``).
_ORPHAN = "orphan"


class Owner(NamedTuple):
    """An owner as the cluster half sees it.

    ``uid`` is "" for an owner that only a file knows: nothing can be deployed for it. ``adopted`` are the
    existing objects (kind and name) that it asks to take over, ``recreates`` whether an object may be deleted
    and created anew where a field of it cannot change. ``orphans`` says that it is deleted alone, and what it
    has stays (``kubectl delete --cascade=orphan``). ``faults`` say which annotations cannot be understood.
    """

    ref: ObjectRef
    uid: str = ""
    adopted: frozenset[tuple[str, str]] = frozenset()
    recreates: bool = False
    finalized: bool = False
    deleting: bool = False
    orphans: bool = False
    faults: tuple[Fault, ...] = ()

    @classmethod
    def of(cls, obj: Mapping[str, Any], kind: KindRef) -> Owner:
        """Return what an owner object says. ``kind`` is the owner's: typed clients' objects lose theirs."""
        metadata = metadata_of(obj)
        annotations = metadata.get("annotations") or {}
        finalizers = metadata.get("finalizers") or ()
        names = [name.strip() for name in str(annotations.get(ADOPT) or "").split(",") if name.strip()]
        pairs = [(kind_name, name) for kind_name, _, name in (text.partition("/") for text in names)]
        return cls(
            ObjectRef(kind, namespace_of(obj), name_of(obj)),
            str(metadata.get("uid") or ""),
            frozenset((kind_name, name) for kind_name, name in pairs if kind_name and _is_name(name)),
            annotations.get(RECREATE) == IMMUTABLE,
            FINALIZER in finalizers,
            bool(metadata.get("deletionTimestamp")),
            _ORPHAN in finalizers,
            tuple(_faults(names, annotations)),
        )

    @property
    def namespace(self) -> str:
        """The namespace of what is deployed."""
        return self.ref.namespace or "default"

    def adopts(self, ref: ObjectRef) -> bool:
        """Return whether the owner asks to take over this object."""
        return (ref.kind.kind, ref.name) in self.adopted


def owner_of(objects: Iterable[Object], kind: KindRef) -> Owner:
    """Return the one owner that objects say they have: see ``owned``. Raises PlanError where they do not."""
    owners = {_said_owner(obj, kind) for obj in objects}
    if len(owners) != 1:
        names = ", ".join(sorted(str(owner.ref) for owner in owners)) or "none"
        message = f"the objects must have one owner, not {len(owners)} ({names})"
        raise PlanError(Fault(message, hint="give the owner"))
    return owners.pop()


def _said_owner(obj: Object, kind: KindRef) -> Owner:
    metadata = metadata_of(obj)
    for reference in metadata.get("ownerReferences") or ():
        if reference.get("controller"):
            ref = ObjectRef(
                KindRef.of(reference["apiVersion"], reference["kind"]), namespace_of(obj), reference["name"]
            )
            return Owner(ref, reference["uid"])
    labels, annotations = metadata.get("labels") or {}, metadata.get("annotations") or {}
    if labels.get(OWNER_UID):
        place = str(annotations.get(OWNER_NAMESPACE) or ""), str(annotations.get(OWNER_NAME) or "")
        return Owner(ObjectRef(kind, *place), labels[OWNER_UID])
    hint = "give the owner, as the API server has it"
    raise PlanError(
        Fault("has no controller ownerReference", "metadata.ownerReferences", describe(obj), hint=hint)
    )


def _is_name(text: str) -> bool:
    return bool(text) and "/" not in text


def _faults(names: list[str], annotations: Mapping[str, Any]) -> Iterator[Fault]:
    for name in names:
        kind, _, rest = name.partition("/")
        if not kind or not _is_name(rest):
            hint = 'write "Deployment/web, Service/web"'
            yield Fault(f"{shown(name)} names no object", f"metadata.annotations[{ADOPT}]", hint=hint)
    recreate = annotations.get(RECREATE)
    if recreate not in (None, IMMUTABLE):
        path = f"metadata.annotations[{RECREATE}]"
        yield Fault(f"{shown(recreate)} is not understood", path, hint=f'write "{IMMUTABLE}"')
