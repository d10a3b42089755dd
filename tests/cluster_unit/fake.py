"""A cluster in memory: a few kinds, preconditions, and what was asked, in order."""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator, Mapping, Sequence
from typing import Any

from gwdeployer.cluster import Event, Listing, Operation
from gwdeployer.errors import Conflict, NotFound
from gwdeployer.objects import KindRef, Object, ObjectRef, metadata_of

CONFIG_MAP = KindRef("", "v1", "ConfigMap")
SECRET = KindRef("", "v1", "Secret")
SERVICE = KindRef("", "v1", "Service")
DEPLOYMENT = KindRef("apps", "v1", "Deployment")
DAEMON_SET = KindRef("apps", "v1", "DaemonSet")
CLUSTER_ROLE = KindRef("rbac.authorization.k8s.io", "v1", "ClusterRole")
SITE = KindRef("example.com", "v1", "Site")
OWNER_UID = "o-1"
OURS = "example.com/sites"


def thing(kind: KindRef, name: str = "web", *, mine: bool = True, **content: Any) -> Object:
    """Return an object, of the Site's unless it is said not to be."""
    reference = {
        "apiVersion": "example.com/v1",
        "kind": "Site",
        "name": "s",
        "uid": OWNER_UID,
        "controller": True,
    }
    metadata: Object = {"name": name}
    if kind == CLUSTER_ROLE:
        metadata |= {"labels": {"gwdeployer.dev/owner-uid": OWNER_UID}} if mine else {}
    else:
        metadata |= {"namespace": "shop"} | ({"ownerReferences": [reference]} if mine else {})
    return {"apiVersion": kind.api_version, "kind": kind.kind, "metadata": metadata, **content}


class FakeCluster:
    """Keeps objects by reference.

    ``fail`` is called with each request and may raise; ``stored`` says what is made of an applied object,
    ``patched`` what of one that is changed by a JSON patch.
    """

    def __init__(self, *objects: Object) -> None:
        self.requests: list[str] = []
        self.bodies: list[Any] = []
        self.fail: Callable[[str], None] = lambda _: None
        self.stored: Callable[[Object], Object] = lambda obj: obj
        self.patched: Callable[[Object, Sequence[Operation]], Object] = lambda live, _: live
        self._lock = threading.Lock()
        self._version = 10
        self.objects: dict[ObjectRef, Object] = {}
        for obj in objects:
            self.put(obj)

    def put(self, obj: Object) -> Object:
        """Store an object as it is, as somebody else."""
        with self._lock:
            self._version += 1
            ref = ObjectRef.of(obj)
            kept = self.objects.get(ref, {}).get("metadata", {})
            server = {"uid": kept.get("uid") or f"u-{self._version}", "resourceVersion": str(self._version)}
            stored = {**obj, "metadata": {**obj["metadata"], **server}}
            self.objects[ref] = stored
            return stored

    def _asked(self, request: str, body: Any = None) -> None:
        with self._lock:
            self.requests.append(request)
            self.bodies.append(body)
        self.fail(request)

    def supports(self, kind: KindRef) -> bool:
        self._asked(f"supports {kind.kind}")
        return True

    def get(self, kind: KindRef, namespace: str, name: str, *, timeout: float | None = None) -> Object | None:
        self._asked(f"get {kind.kind} {name}")
        return self.objects.get(ObjectRef(kind, namespace, name))

    def list(
        self,
        kind: KindRef,
        namespace: str | None = None,
        *,
        labels: Mapping[str, str] | None = None,
        timeout: float | None = None,
        keep: Callable[[Object], Object] | None = None,
    ) -> Listing:
        self._asked(f"list {kind.kind}")
        found = [
            obj
            for ref, obj in self.objects.items()
            if ref.kind == kind
            and namespace in (None, ref.namespace)
            and (labels or {}).items() <= (metadata_of(obj).get("labels") or {}).items()
        ]
        return Listing(found, str(self._version))

    def watch(
        self, kind: KindRef, namespace: str | None = None, *, resource_version: str, timeout: float
    ) -> Generator[Event, None, None]:
        self._asked(f"watch {kind.kind}")
        yield Event("BOOKMARK", {})

    def create(
        self, obj: Object, *, manager: str, dry_run: bool = False, timeout: float | None = None
    ) -> Object:
        self._asked(f"create {obj['kind']} {obj['metadata']['name']}", obj)
        return self.put(obj)

    def apply(
        self,
        obj: Object,
        *,
        manager: str,
        force: bool = False,
        dry_run: bool = False,
        subresource: str = "",
        timeout: float | None = None,
    ) -> Object:
        self._asked(f"apply {obj['kind']} {obj['metadata']['name']}", obj)
        live = self.objects.get(ObjectRef.of(obj))
        self._check(obj["metadata"].get("uid"), obj["metadata"].get("resourceVersion"), live)
        kept = {"namespace", "name", "labels", "annotations", "ownerReferences", "finalizers"}
        metadata = {name: value for name, value in obj["metadata"].items() if name in kept}
        entry = {
            "manager": manager,
            "operation": "Apply",
            "apiVersion": obj["apiVersion"],
            "fieldsV1": _fields({"metadata": metadata, **obj}),
        }
        return self.put(self.stored({**obj, "metadata": {**metadata, "managedFields": [entry]}}))

    def _check(self, uid: str | None, version: str | None, live: Object | None) -> None:
        there = metadata_of(live or {})
        if uid and uid != there.get("uid"):
            raise Conflict("another UID")
        if version and version != there.get("resourceVersion", "1" if live is None else ""):
            raise Conflict("another version")

    def json_patch(
        self,
        ref: ObjectRef,
        patch: Sequence[Operation],
        *,
        manager: str,
        dry_run: bool = False,
        subresource: str = "",
        timeout: float | None = None,
    ) -> Object:
        self._asked(f"json_patch {ref.kind.kind} {ref.name}", patch)
        if ref not in self.objects:
            raise NotFound("gone")
        return self.put(self.patched(self.objects[ref], patch))

    def delete(
        self,
        ref: ObjectRef,
        *,
        uid: str = "",
        resource_version: str = "",
        dry_run: bool = False,
        timeout: float | None = None,
    ) -> None:
        self._asked(f"delete {ref.kind.kind} {ref.name}")
        if ref not in self.objects:
            raise NotFound("gone")
        self._check(uid, resource_version, self.objects[ref])
        del self.objects[ref]


def _fields(value: Object) -> Object:
    """Return the fields of maps, each list and scalar owned whole."""
    unowned = {"apiVersion", "kind", "name", "namespace", "uid", "resourceVersion"}
    return {
        f"f:{name}": _fields(inner) if isinstance(inner, dict) else {}
        for name, inner in value.items()
        if name not in unowned
    }
