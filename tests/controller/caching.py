"""What the tests of caches share: objects, a quick pace, and a witness of what a cache tells."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any, TypeAlias

from kubernetes import client as official

from gwdeployer.cluster import Cluster, KubernetesCluster
from gwdeployer.controller.backoff import Backoff
from gwdeployer.controller.cache import Cache
from gwdeployer.controller.changes import Change
from gwdeployer.controller.reflector import Pace
from gwdeployer.objects import KindRef, Object, ObjectRef
from gwdeployer.testing import APIServer
from tests.servers.servers import eventually

CONFIG_MAP = KindRef("", "v1", "ConfigMap")
NAMESPACE = KindRef("", "v1", "Namespace")
SERVICE = KindRef("", "v1", "Service")
SITE = KindRef("example.com", "v1", "Site")
FLEET = KindRef("example.com", "v1", "Fleet")

_Place: TypeAlias = tuple[str, str]


def quick_pace(silence: float = 30.0) -> Pace:
    """Pauses of some milliseconds: what matters is that there are any."""
    return Pace(silence=silence, backoff=lambda: Backoff(first=0.01, longest=0.05))


def config_map(name: str, namespace: str = "default", *, labels: Any = None, **data: str) -> Object:
    metadata = {"name": name, "namespace": namespace, "labels": labels or {}}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data}


def custom(kind: KindRef, name: str, namespace: str = "") -> Object:
    metadata = {"name": name, **({"namespace": namespace} if namespace else {})}
    return {"apiVersion": kind.api_version, "kind": kind.kind, "metadata": metadata}


def crd(kind: KindRef, scope: str = "Namespaced") -> Object:
    plural = f"{kind.kind.lower()}s"
    schema = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    version = {"name": kind.version, "served": True, "storage": True, "schema": {"openAPIV3Schema": schema}}
    names = {"plural": plural, "singular": plural[:-1], "kind": kind.kind, "listKind": f"{kind.kind}List"}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{plural}.{kind.group}"},
        "spec": {"group": kind.group, "names": names, "scope": scope, "versions": [version]},
    }


def connected(server: APIServer) -> KubernetesCluster:
    configuration = official.Configuration(host=server.url)
    configuration.retries = False
    configuration.connection_pool_maxsize = 32
    return KubernetesCluster(official.ApiClient(configuration), request_timeout=5.0)


def put(cluster: KubernetesCluster, *objects: Object) -> None:
    for obj in objects:
        cluster.apply(obj, manager="tests", force=True)


def delete(cluster: KubernetesCluster, *objects: Object) -> None:
    for obj in objects:
        cluster.delete(ObjectRef.of(obj))


class Witness:
    """Hears what a cache tells, and holds what follows from it."""

    def __init__(self) -> None:
        self.changes: list[Change] = []
        self.synced: list[KindRef] = []
        #: Changes whose ``before`` is not what the one before them had left.
        self.gaps: list[Change] = []
        self._held: dict[tuple[KindRef, _Place], Object] = {}
        self._lock = threading.Lock()

    def changed(self, change: Change) -> None:
        with self._lock:
            self.changes.append(change)
            place = change.kind, place_of(change.after or change.before or {})
            if self._held.pop(place, None) is not change.before or change.before is change.after:
                self.gaps.append(change)
            if change.after is not None:
                self._held[place] = change.after

    def said(self) -> list[tuple[str | None, str | None]]:
        """Return the changes so far, as the ``v`` of the objects' data before and after."""
        return [(_v(change.before), _v(change.after)) for change in self.changes]

    def content(self, kind: KindRef) -> dict[_Place, Object]:
        with self._lock:
            return {place: obj for (held, place), obj in self._held.items() if held == kind}


def _v(obj: Object | None) -> str | None:
    return None if obj is None else str(obj["data"].get("v", ""))


def place_of(obj: Object) -> _Place:
    return obj["metadata"].get("namespace", ""), obj["metadata"]["name"]


def identities(objects: Iterable[Object]) -> dict[_Place, tuple[str, str]]:
    """Return what tells states of objects apart."""
    return {place_of(obj): (obj["metadata"]["uid"], obj["metadata"]["resourceVersion"]) for obj in objects}


@contextmanager
def kept(cluster: Cluster, *kinds: KindRef, **settings: Any) -> Iterator[tuple[Cache, Witness]]:
    """Keep kinds in a cache at a quick pace; begin when they are known."""
    witness = Witness()
    settings = {"pace": quick_pace(), **settings}
    with Cache(cluster, on_change=witness.changed, on_synced=witness.synced.append, **settings) as cache:
        assert cache.wait_for_sync(kinds, timeout=30)
        yield cache, witness
    assert witness.gaps == []


def caught_up(cache: Cache, witness: Witness, server: APIServer, kind: KindRef = CONFIG_MAP) -> None:
    """Wait until the cache has what the server has, and has told so."""

    def is_so() -> bool:
        there = identities(server.list(kind))
        return identities(cache.list(kind)) == there == identities(witness.content(kind).values())

    eventually(f"the cache has the server's {kind}", is_so)
    eventually("everybody was told the same", lambda: _agree(cache, witness, kind))


def _agree(cache: Cache, witness: Witness, kind: KindRef) -> bool:
    told = witness.content(kind)
    return all(told.get(place_of(obj)) is obj for obj in cache.list(kind))


def told(witness: Witness, number: int) -> list[Change]:
    """Wait for so many changes."""
    eventually(f"{number} changes are told", lambda: len(witness.changes) >= number)
    return witness.changes


def once(what: str, look: Callable[[], bool]) -> None:
    """Wait until something is so."""
    eventually(what, look)
