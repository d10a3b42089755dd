"""Does a workload serve, as far as its status says? One available replica is enough.

Source: ``DeploymentStatus``, ``DaemonSetStatus``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from gwdeployer.objects import Object, ObjectRef, metadata_of


class Workload(NamedTuple):
    """What a workload says of its replicas.

    ``is_observed``: the numbers are of its current spec. Replicas of an older one serve as well, so it only
    tells a workload that has nothing from one that nobody has looked at yet. ``trouble`` is what keeps the
    others from coming up, where Kubernetes says so (a quota, a rollout that has run out of time).
    """

    ref: ObjectRef
    available: int = 0
    wanted: int = 0
    is_observed: bool = False
    trouble: str = ""

    @classmethod
    def of(cls, ref: ObjectRef, live: Object | None) -> Workload:
        """Return what the live object says; it need not be there yet."""
        if live is None:
            return cls(ref)
        status = live.get("status") or {}
        generation = metadata_of(live).get("generation") or 0
        available, wanted = _numbers(live, status)
        is_observed = (status.get("observedGeneration") or 0) >= generation
        return cls(ref, available, wanted, is_observed, "; ".join(_troubles(status)))

    @property
    def is_available(self) -> bool:
        """Whether anything serves."""
        return self.available > 0

    def __str__(self) -> str:
        """Return ``1/2 available``, and what keeps the rest away."""
        if not self.available and not self.is_observed:
            return f"waiting for {self.ref}"
        numbers = f"{self.available}/{self.wanted} available"
        return f"{numbers}: {self.trouble}" if self.trouble else numbers


def _numbers(live: Object, status: Mapping[str, Any]) -> tuple[int, int]:
    if live.get("kind") == "DaemonSet":
        return status.get("numberAvailable") or 0, status.get("desiredNumberScheduled") or 0
    wanted = (live.get("spec") or {}).get("replicas")
    return status.get("availableReplicas") or 0, 1 if wanted is None else wanted


def _troubles(status: Mapping[str, Any]) -> Iterator[str]:
    for one in status.get("conditions") or ():
        failed = (one.get("type"), one.get("status")) in (
            ("ReplicaFailure", "True"),
            ("Progressing", "False"),
        )
        if failed and (message := one.get("message") or one.get("reason")):
            yield str(message)
