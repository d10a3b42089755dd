"""One candidate for a Lease: what it may conclude from what it sees, and what it writes.

The rules are those of client-go's ``leaderelection``. Clocks are never compared: a candidate counts how long
it has seen a Lease unchanged, by its own steady clock; the times in a Lease make each renewal a change, and
tell people when it was. The holder counts from before it sent a renewal, everybody else from after they saw
it; so a holder that gives up after ``renew_deadline`` has done so before anybody else takes over after
``lease_duration``. Every write is bound to the resourceVersion that was read: one that arrives late changes
nothing.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from gwdeployer.cluster.patience import Patience, PatientCluster
from gwdeployer.cluster.port import Cluster
from gwdeployer.controller.times import micro_time
from gwdeployer.errors import Conflict, NotFound
from gwdeployer.objects import KindRef, Object, ObjectRef

LEASE = KindRef("coordination.k8s.io", "v1", "Lease")
#: Attempts to take a Lease are up to this many retry periods further apart, so that candidates spread.
JITTER = 1.2
_MANAGER = "gwdeployer-leader-election"


class Timing(NamedTuple):
    """Times of an election, in seconds; the defaults are those of Kubernetes' own controllers.

    A Lease that its holder has not renewed for ``lease_duration`` (whole seconds) is free. The holder tries
    to renew it every ``retry_period``, and stops leading where that fails for ``renew_deadline``.
    """

    lease_duration: int = 15
    renew_deadline: float = 10.0
    retry_period: float = 2.0

    @property
    def request_timeout(self) -> float:
        """How long one request may take: a second one must have time before the deadline."""
        return self.renew_deadline / 2

    def check(self) -> None:
        """Raise ValueError where two leaders at once, or no steady one, would be possible."""
        if not self.lease_duration > self.renew_deadline > JITTER * self.retry_period > 0:
            raise ValueError(
                f"lease_duration > renew_deadline > {JITTER:g} * retry_period > 0 must hold: {self}"
            )


class Candidate:
    """One candidate for one Lease. One thread makes the attempts; others may ask ``seconds_left``."""

    def __init__(
        self,
        cluster: Cluster,
        ref: ObjectRef,
        identity: str,
        timing: Timing | None = None,
        *,
        clock: Callable[[], float] = time.monotonic,
        wall_clock: Callable[[], float] = time.time,
    ) -> None:
        """Stand for the Lease ``ref`` as ``identity``. Raises ValueError for impossible times."""
        self.identity = identity
        self.timing = timing or Timing()
        self.timing.check()
        self._cluster = cluster
        self._ref = ref
        self._clock = clock
        self._wall_clock = wall_clock
        #: The Lease as last seen, and since when its spec is as it is.
        self._lease: Object | None = None
        self._seen_at = 0.0
        self._leads_until = float("-inf")
        self._claimed = False

    @property
    def holder(self) -> str:
        """Who held the Lease when it was last seen; "" for nobody."""
        return str(_spec(self._lease).get("holderIdentity") or "")

    @property
    def seconds_left(self) -> float:
        """How long this candidate leads unless it renews; 0 where it does not lead."""
        return max(0.0, self._leads_until - self._clock())

    def attempt(self) -> bool:
        """Take the Lease, or renew it; return whether it is held. One or two requests.

        Raises ApiErrors: then a Lease that was held is held until ``seconds_left`` have passed.
        """
        if self.seconds_left > 0 and self._lease is not None:
            try:
                return self._claim(self._lease)
            except (Conflict, NotFound):
                pass  # somebody else wrote to it: look what it is now
        lease = self._read(self._cluster)
        if self._is_anothers():
            self._leads_until = float("-inf")
            self._claimed = False
            return False
        return self._claim(lease)

    def release(self) -> None:
        """Give the Lease back, if it may be held, so that others need not wait. Raises ApiErrors."""
        self._leads_until = float("-inf")
        if not self._claimed:
            return
        cluster = PatientCluster(self._cluster, Patience(self.timing.request_timeout))
        lease = self._read(cluster)
        if lease is not None and self.holder == self.identity:
            now = micro_time(self._wall_clock())
            given_back = {
                "holderIdentity": "",
                "leaseDurationSeconds": 1,
                "acquireTime": now,
                "renewTime": now,
            }
            self._see(self._write(cluster, lease, given_back))
        self._claimed = False

    def _read(self, cluster: Cluster) -> Object | None:
        """Look at the Lease. One that was deleted is believed to be held as long as it would have been."""
        lease = cluster.get(*self._ref, timeout=self.timing.request_timeout)
        if lease is not None:
            self._see(lease)
        return lease

    def _see(self, lease: Object) -> None:
        if self._lease is None or _spec(lease) != _spec(self._lease):
            self._seen_at = self._clock()
        self._lease = lease

    def _is_anothers(self) -> bool:
        duration = _spec(self._lease).get("leaseDurationSeconds") or self.timing.lease_duration
        return self.holder not in ("", self.identity) and self._clock() < self._seen_at + duration

    def _claim(self, lease: Object | None) -> bool:
        self._claimed = True
        sent = self._clock()
        claim = self._claim_on(_spec(lease))
        written = self._create(claim) if lease is None else self._write(self._cluster, lease, claim)
        self._see(written)
        self._leads_until = sent + self.timing.renew_deadline
        return True

    def _claim_on(self, spec: Mapping[str, Any]) -> dict[str, Any]:
        now = micro_time(self._wall_clock())
        claim = {
            "holderIdentity": self.identity,
            "leaseDurationSeconds": self.timing.lease_duration,
            "renewTime": now,
        }
        if spec.get("holderIdentity") == self.identity:
            return claim
        transitions = (spec.get("leaseTransitions") or 0) + 1 if spec else 0
        return {**claim, "acquireTime": now, "leaseTransitions": transitions}

    def _create(self, spec: Mapping[str, Any]) -> Object:
        metadata = {"namespace": self._ref.namespace, "name": self._ref.name}
        lease = {"apiVersion": LEASE.api_version, "kind": LEASE.kind, "metadata": metadata, "spec": spec}
        timeout = self.timing.request_timeout
        return self._cluster.create(lease, manager=_MANAGER, timeout=timeout)

    def _write(self, cluster: Cluster, lease: Object, changes: Mapping[str, Any]) -> Object:
        version = lease["metadata"]["resourceVersion"]
        patch = [
            {"op": "replace", "path": "/metadata/resourceVersion", "value": version},
            {"op": "add", "path": "/spec", "value": {**_spec(lease), **changes}},
        ]
        timeout = self.timing.request_timeout
        return cluster.json_patch(self._ref, patch, manager=_MANAGER, timeout=timeout)


def _spec(lease: Object | None) -> Mapping[str, Any]:
    return (lease or {}).get("spec") or {}
