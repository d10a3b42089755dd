"""The arithmetic of a Deployment's rollout: how many Pods its new and its old ReplicaSets may have. Pure.

Source: ``k8s.io/kubernetes``, ``pkg/controller/deployment`` (``rolling.go``, ``recreate.go``) and
``util/deployment_util.go``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from math import ceil, floor
from typing import Any, NamedTuple


class ReplicaSet(NamedTuple):
    """What of a ReplicaSet counts: Pods it wants, that are available, and that are not gone yet."""

    name: str
    replicas: int = 0
    available: int = 0
    remaining: int = 0


class Fenceposts(NamedTuple):
    """How many Pods there may be beyond what is wanted, and how many of those wanted may be missing."""

    surge: int
    unavailable: int


def fenceposts(spec: Mapping[str, Any]) -> Fenceposts:
    """Return what a Deployment allows (``ResolveFenceposts``); all may be missing when it is recreated."""
    wanted = spec["replicas"]
    if spec["strategy"]["type"] == "Recreate":
        return Fenceposts(0, 0)
    rolling = spec["strategy"]["rollingUpdate"]
    surge = scaled(rolling["maxSurge"], wanted, up=True)
    unavailable = scaled(rolling["maxUnavailable"], wanted, up=False)
    if not surge and not unavailable:
        unavailable = 1
    return Fenceposts(surge, min(unavailable, wanted))


def next_sizes(spec: Mapping[str, Any], new: ReplicaSet, old: Sequence[ReplicaSet]) -> dict[str, int]:
    """Return the size that each ReplicaSet should have now, by name; what is not named stays as it is."""
    if spec["strategy"]["type"] == "Recreate":
        return _recreated(spec["replicas"], new, old)
    posts = fenceposts(spec)
    grown = _grown(spec["replicas"], posts.surge, new, old)
    if grown != new.replicas:
        return {new.name: grown}
    return dict(_shrunk(spec["replicas"] - posts.unavailable, new, old))


def _recreated(wanted: int, new: ReplicaSet, old: Sequence[ReplicaSet]) -> dict[str, int]:
    if any(one.replicas for one in old):
        return {one.name: 0 for one in old}
    return {} if any(one.remaining for one in old) else {new.name: wanted}


def _grown(wanted: int, surge: int, new: ReplicaSet, old: Sequence[ReplicaSet]) -> int:
    """Return the size of the new one: what is wanted, as far as the surge goes."""
    if new.replicas > wanted:
        return wanted
    room = wanted + surge - new.replicas - sum(one.replicas for one in old)
    return new.replicas + max(0, min(room, wanted - new.replicas))


def _shrunk(needed: int, new: ReplicaSet, old: Sequence[ReplicaSet]) -> Iterator[tuple[str, int]]:
    """Yield smaller sizes of old ones: first what is not available goes, then what is not needed any more."""
    total = new.replicas + sum(one.replicas for one in old)
    allowed = total - needed - (new.replicas - new.available)
    if allowed <= 0:
        return
    spare = new.available + sum(one.available for one in old) - needed
    for one in old:
        broken = max(0, min(one.replicas - one.available, allowed))
        healthy = max(0, min(one.replicas - broken, spare))
        allowed, spare = allowed - broken, spare - healthy
        if broken or healthy:
            yield one.name, one.replicas - broken - healthy


def scaled(value: int | str, wanted: int, *, up: bool) -> int:
    """Return a number, or a share of what is wanted (``GetScaledValueFromIntOrPercent``)."""
    if isinstance(value, int):
        return value
    share = int(value.removesuffix("%")) * wanted / 100
    return ceil(share) if up else floor(share)
