"""What a gateway implementation says of a pool that it serves. Pure.

Each implementation writes its own entries of ``status.parents`` and leaves the others' alone (Gateway API
Inference Extension, implementers' guide). Who only deploys the picker writes nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from gwdeployer.objects import Object, metadata_of
from gwdeployer.status import Condition, condition, with_conditions
from gwdeployer_inference.kinds import GATEWAY
from gwdeployer_inference.pools import Pool, pool_of
from gwdeployer_inference.reading import mapping, mappings
from gwdeployer_inference.serving import Serving

#: The API's bound on ``status.parents``.
MAX_PARENTS = 32


def is_serving(deployment: Object | None) -> bool:
    """Return whether a picker answers: one available pod is enough, as followers are never ready.

    A rollout that has run out of time is no picker to count on.
    """
    status = mapping(mapping(deployment).get("status"))
    late = any(
        one.get("type") == "Progressing" and one.get("reason") == "ProgressDeadlineExceeded"
        for one in mappings(status.get("conditions"))
    )
    return not late and (status.get("availableReplicas") or 0) >= 1


def parents_with(
    pool_object: Object,
    gateways: Iterable[Serving],
    controller_name: str,
    *,
    service: Object | None,
    managed: bool,
    now: str,
) -> list[dict[str, Any]]:
    """Return ``status.parents`` of a pool that ``gateways`` of ours serve, others' entries kept.

    Entries of ours for Gateways that serve the pool no longer are dropped. ``service`` is the Service that
    the pool refers to; ``managed`` says whether its picker is deployed by us; ``now`` is the time of a
    transition.
    """
    there = mappings(mapping(pool_object.get("status")).get("parents"))
    before = {_key(one): one for one in there if one.get("controllerName") == controller_name}
    kept = [dict(one) for one in there if one.get("controllerName") != controller_name]
    pool = pool_of(pool_object)
    generation = metadata_of(pool_object).get("generation") or 0
    for gateway in gateways:
        entry = {"parentRef": _reference(gateway), "controllerName": controller_name}
        stated = [_accepted(pool, gateway, managed), _resolved(pool, service)]
        said = mappings(before.get(_key(entry), {}).get("conditions"))
        kept.append({**entry, "conditions": with_conditions(said, stated, generation, now)})
    return kept[:MAX_PARENTS]


def _accepted(pool: Pool, gateway: Serving, managed: bool) -> Condition:
    if not gateway.accepted:
        message = "the Gateway takes no route that refers to the pool"
        return condition("Accepted", False, "HTTPRouteNotAccepted", message)
    if pool.ref is None and not managed:
        message = "the pool names no endpoint picker, and none is deployed for it"
        return condition("Accepted", False, "EndpointPickerRefMissing", message)
    return condition("Accepted", True, "Accepted", "served")


def _resolved(pool: Pool, service: Object | None) -> Condition:
    problem = _problem(pool, service) if pool.ref is not None else ""
    if problem:
        return condition("ResolvedRefs", False, "InvalidExtensionRef", problem)
    return condition("ResolvedRefs", True, "ResolvedRefs", "all references are resolved")


def _problem(pool: Pool, service: Object | None) -> str:
    """Return why gateways cannot reach the picker that a pool refers to; "": they can."""
    ref = pool.ref
    if ref is not None and not ref.is_service:
        return f"{ref.path} names a {ref.kind}, not a Service"
    if service is None:
        return f"Service {pool.service} does not exist"
    spec = mapping(service.get("spec"))
    if spec.get("type") == "ExternalName":
        return f"Service {pool.service} is of type ExternalName"
    if pool.port not in [port.get("port") for port in mappings(spec.get("ports"))]:
        return f"Service {pool.service} has no port {pool.port}"
    return ""


def _reference(gateway: Serving) -> dict[str, str]:
    group, _, kind = GATEWAY
    return {"group": group, "kind": kind, "namespace": gateway.namespace, "name": gateway.name}


def _key(entry: Mapping[str, Any]) -> tuple[str, str, str, str]:
    ref = mapping(entry.get("parentRef"))
    group, kind = str(ref.get("group", GATEWAY.group)), str(ref.get("kind") or GATEWAY.kind)
    return group, kind, str(ref.get("namespace") or ""), str(ref.get("name") or "")
