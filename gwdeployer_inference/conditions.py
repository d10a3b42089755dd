"""The conditions of a pool, computed purely: what a gateway implementation says of pools that it serves.

Each implementation writes its own entries of ``status.parents`` and leaves the others' alone (Gateway API
Inference Extension, implementers' guide). Who only deploys the picker writes nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from gwdeployer.objects import Object, metadata_of
from gwdeployer_inference.pools import Pool, pool_of

#: The API's bound on ``status.parents``.
MAX_PARENTS = 32

Condition = dict[str, Any]


def conditions_of(
    pool: Pool, generation: int, *, service_exists: bool, before: Iterable[Mapping[str, Any]], now: str
) -> list[Condition]:
    """Return the conditions Accepted and ResolvedRefs of a pool that a gateway serves.

    ``now`` is the time of a transition; a condition whose status is that of ``before`` keeps its own.
    """
    times = {one.get("type"): (one.get("status"), one.get("lastTransitionTime")) for one in before}
    stated = [_accepted(), _resolved(pool, service_exists)]
    for condition in stated:
        status, since = times.get(condition["type"], (None, None))
        condition["observedGeneration"] = generation
        condition["lastTransitionTime"] = since if since and status == condition["status"] else now
    return stated


def is_serving(deployment: Object | None) -> bool:
    """Return whether a picker answers: one available pod is enough, as followers are never ready.

    A rollout that has run out of time is no picker to count on.
    """
    status = (deployment or {}).get("status") or {}
    late = any(
        one.get("type") == "Progressing" and one.get("reason") == "ProgressDeadlineExceeded"
        for one in status.get("conditions") or ()
    )
    return not late and (status.get("availableReplicas") or 0) >= 1


def parents_with(
    pool_object: Object,
    gateways: Sequence[Mapping[str, str]],
    controller_name: str,
    *,
    service_exists: bool,
    now: str,
) -> list[dict[str, Any]]:
    """Return ``status.parents`` of a pool that ``gateways`` of ours (parentRefs) serve, others' entries kept.

    Entries of ours for gateways that serve the pool no longer are dropped.
    """
    there = ((pool_object.get("status") or {}).get("parents")) or []
    others = [one for one in there if one.get("controllerName") != controller_name]
    before = {_key(one.get("parentRef") or {}): one for one in there if one not in others}
    generation = metadata_of(pool_object).get("generation") or 0
    ours = [
        {
            "parentRef": dict(ref),
            "controllerName": controller_name,
            "conditions": conditions_of(
                pool_of(pool_object),
                generation,
                service_exists=service_exists,
                before=before.get(_key(ref), {}).get("conditions") or (),
                now=now,
            ),
        }
        for ref in gateways
    ]
    return [*others, *ours][:MAX_PARENTS]


def _accepted() -> Condition:
    return {"type": "Accepted", "status": "True", "reason": "Accepted", "message": "served"}


def _resolved(pool: Pool, service_exists: bool) -> Condition:
    ref = pool.ref
    problem = ""
    if ref is not None and not ref.is_service:
        problem = f"{ref.path} names a {ref.kind}, not a Service"
    elif ref is not None and not service_exists:
        problem = f"Service {ref.name} does not exist"
    return {
        "type": "ResolvedRefs",
        "status": "False" if problem else "True",
        "reason": "InvalidExtensionRef" if problem else "ResolvedRefs",
        "message": problem or "all references are resolved",
    }


def _key(ref: Mapping[str, Any]) -> tuple[str, str, str, str]:
    group = ref.get("group", "gateway.networking.k8s.io")
    return str(group), str(ref.get("kind", "Gateway")), str(ref.get("namespace", "")), str(ref.get("name"))
