"""A cluster between the code and a real one: remembers each request, and breaks what it is told to break."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from gwdeployer.cluster import Cluster, Listing, Operation, WatchStream
from gwdeployer.objects import KindRef, Object, ObjectRef

READS = {"get", "list", "watch", "supports"}


class Sent(NamedTuple):
    """One request."""

    verb: str
    kind: str
    name: str = ""
    manager: str = ""
    body: Any = None

    def __str__(self) -> str:
        return f"{self.verb} {self.kind} {self.name}".strip()


#: Called with the number of the request (from 0) and the request; may raise, before it is sent or after.
Hook = Callable[[int, Sent], None]


def nothing(_number: int, _sent: Sent) -> None:
    """Let it pass."""


class RecordingCluster:
    """Passes everything on; ``requests`` has what was asked, in order."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._lock = threading.Lock()
        self.requests: list[Sent] = []
        self.before: Hook = nothing
        self.after: Hook = nothing

    @property
    def writes(self) -> list[Sent]:
        return [sent for sent in self.requests if sent.verb not in READS]

    @property
    def reads(self) -> list[Sent]:
        return [sent for sent in self.requests if sent.verb in READS]

    def clear(self) -> None:
        self.requests.clear()

    def _send(self, sent: Sent, send: Callable[[], Any]) -> Any:
        with self._lock:
            number = len(self.requests)
            self.requests.append(sent)
        self.before(number, sent)
        answer = send()
        self.after(number, sent)
        return answer

    def supports(self, kind: KindRef) -> bool:
        return bool(self._cluster.supports(kind))

    def get(self, kind: KindRef, namespace: str, name: str, *, timeout: float | None = None) -> Object | None:
        sent = Sent("get", kind.kind, name)
        found: Object | None = self._send(
            sent, lambda: self._cluster.get(kind, namespace, name, timeout=timeout)
        )
        return found

    def list(
        self,
        kind: KindRef,
        namespace: str | None = None,
        *,
        labels: Mapping[str, str] | None = None,
        timeout: float | None = None,
        keep: Callable[[Object], Object] | None = None,
    ) -> Listing:
        sent = Sent("list", kind.kind)
        found: Listing = self._send(
            sent, lambda: self._cluster.list(kind, namespace, labels=labels, timeout=timeout, keep=keep)
        )
        return found

    def watch(
        self, kind: KindRef, namespace: str | None = None, *, resource_version: str, timeout: float
    ) -> WatchStream:
        return self._cluster.watch(kind, namespace, resource_version=resource_version, timeout=timeout)

    def create(
        self, obj: Object, *, manager: str, dry_run: bool = False, timeout: float | None = None
    ) -> Object:
        sent = Sent("create", obj["kind"], obj["metadata"]["name"], manager, obj)
        made: Object = self._send(
            sent, lambda: self._cluster.create(obj, manager=manager, dry_run=dry_run, timeout=timeout)
        )
        return made

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
        sent = Sent("apply", obj["kind"], obj["metadata"]["name"], manager, obj)
        made: Object = self._send(
            sent,
            lambda: self._cluster.apply(
                obj, manager=manager, force=force, dry_run=dry_run, subresource=subresource, timeout=timeout
            ),
        )
        return made

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
        sent = Sent("json_patch", ref.kind.kind, ref.name, manager, patch)
        made: Object = self._send(
            sent,
            lambda: self._cluster.json_patch(
                ref, patch, manager=manager, dry_run=dry_run, subresource=subresource, timeout=timeout
            ),
        )
        return made

    def delete(
        self,
        ref: ObjectRef,
        *,
        uid: str = "",
        resource_version: str = "",
        dry_run: bool = False,
        timeout: float | None = None,
    ) -> None:
        self._send(
            Sent("delete", ref.kind.kind, ref.name),
            lambda: self._cluster.delete(
                ref, uid=uid, resource_version=resource_version, dry_run=dry_run, timeout=timeout
            ),
        )
