"""Waiting for a server that says "later", within the caller's deadline.

Every request of the cluster half may be sent again: applies are guarded by the version they were decided on,
deletes by the UID. So what was lost on the way, refused for a moment or throttled is asked again, a few
times.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from gwdeployer.cluster.port import Cluster, Listing, Operation, WatchStream
from gwdeployer.errors import Interrupted, ServerFailure, Throttled, Unreachable
from gwdeployer.objects import KindRef, Object, ObjectRef

T = TypeVar("T")

#: How often a request is sent at most, where the server fails or does not answer.
ATTEMPTS = 3
_FIRST_PAUSE = 0.2
#: A server that wants us to wait longer is asked again in the next reconcile.
_LONGEST_PAUSE = 10.0


@dataclass(frozen=True)
class Patience:
    """Until when somebody waits: a deadline, and a way to call off."""

    timeout: float | None = None
    cancel: threading.Event | None = None
    clock: Callable[[], float] = time.monotonic
    deadline: float | None = field(init=False)

    def __post_init__(self) -> None:
        """Start the clock."""
        until = None if self.timeout is None else self.clock() + self.timeout
        object.__setattr__(self, "deadline", until)

    @property
    def left(self) -> float | None:
        """Seconds until the deadline; None without one. Raises Interrupted where it is over."""
        if self.cancel is not None and self.cancel.is_set():
            raise Interrupted("cancelled")
        if self.deadline is None:
            return None
        left = self.deadline - self.clock()
        if left <= 0:
            raise Interrupted(f"not done within {_shown(self.timeout or 0)} s")
        return left

    def pause(self, seconds: float) -> bool:
        """Wait, if the deadline allows; return whether it did."""
        left = self.left
        if seconds > _LONGEST_PAUSE or (left is not None and seconds >= left):
            return False
        if self.cancel is None:
            time.sleep(seconds)
        else:
            self.cancel.wait(seconds)
        return True


def _shown(seconds: float) -> str:
    """Return a time for people: what is left of a longer one is no round number."""
    return f"{seconds:.0f}" if seconds >= 1 else f"{seconds:g}"


class PatientCluster:
    """A :class:`~gwdeployer.cluster.Cluster` that asks another one, patiently."""

    def __init__(self, cluster: Cluster, patience: Patience) -> None:
        """Ask ``cluster``, as long as ``patience`` lasts."""
        self._cluster = cluster
        self._patience = patience

    def _patiently(self, ask: Callable[[float | None], T], timeout: float | None) -> T:
        for attempt in range(1, ATTEMPTS + 1):
            left = self._patience.left
            limit = min((limit for limit in (left, timeout) if limit is not None), default=None)
            try:
                return ask(limit)
            except (Throttled, ServerFailure, Unreachable) as error:
                pause = error.delay if isinstance(error, Throttled) else _pause_after(attempt)
                if attempt == ATTEMPTS or not self._patience.pause(pause):
                    raise
        raise AssertionError("unreachable")  # pragma: no cover - the last attempt returns or raises

    def supports(self, kind: KindRef) -> bool:
        """See :class:`~gwdeployer.cluster.Cluster`."""
        return self._patiently(lambda _: self._cluster.supports(kind), None)

    def get(self, kind: KindRef, namespace: str, name: str, *, timeout: float | None = None) -> Object | None:
        """See :class:`~gwdeployer.cluster.Cluster`."""
        return self._patiently(lambda limit: self._cluster.get(kind, namespace, name, timeout=limit), timeout)

    def list(
        self,
        kind: KindRef,
        namespace: str | None = None,
        *,
        labels: Mapping[str, str] | None = None,
        timeout: float | None = None,
        keep: Callable[[Object], Object] | None = None,
    ) -> Listing:
        """See :class:`~gwdeployer.cluster.Cluster`."""
        return self._patiently(
            lambda limit: self._cluster.list(kind, namespace, labels=labels, timeout=limit, keep=keep),
            timeout,
        )

    def watch(
        self, kind: KindRef, namespace: str | None = None, *, resource_version: str, timeout: float
    ) -> WatchStream:
        """See :class:`~gwdeployer.cluster.Cluster`. Who watches begins anew by themselves."""
        return self._cluster.watch(kind, namespace, resource_version=resource_version, timeout=timeout)

    def create(
        self, obj: Object, *, manager: str, dry_run: bool = False, timeout: float | None = None
    ) -> Object:
        """See :class:`~gwdeployer.cluster.Cluster`."""
        return self._patiently(
            lambda limit: self._cluster.create(obj, manager=manager, dry_run=dry_run, timeout=limit), timeout
        )

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
        """See :class:`~gwdeployer.cluster.Cluster`."""
        return self._patiently(
            lambda limit: self._cluster.apply(
                obj, manager=manager, force=force, dry_run=dry_run, subresource=subresource, timeout=limit
            ),
            timeout,
        )

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
        """See :class:`~gwdeployer.cluster.Cluster`."""
        return self._patiently(
            lambda limit: self._cluster.json_patch(
                ref, patch, manager=manager, dry_run=dry_run, subresource=subresource, timeout=limit
            ),
            timeout,
        )

    def delete(
        self,
        ref: ObjectRef,
        *,
        uid: str = "",
        resource_version: str = "",
        dry_run: bool = False,
        timeout: float | None = None,
    ) -> None:
        """See :class:`~gwdeployer.cluster.Cluster`."""
        self._patiently(
            lambda limit: self._cluster.delete(
                ref, uid=uid, resource_version=resource_version, dry_run=dry_run, timeout=limit
            ),
            timeout,
        )


def _pause_after(attempt: int) -> float:
    """Return how long to wait after a failed attempt, spread so that many do not return at once."""
    return _FIRST_PAUSE * 3.0 ** (attempt - 1) * random.uniform(0.5, 1.5)  # noqa: S311 - no secret
