"""Which Gateways of ours serve a pool: those that routes to it are attached to."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from gwdeployer.objects import Object, namespace_of
from gwdeployer.store import ObjectStore
from gwdeployer_inference.kinds import GATEWAY, GATEWAY_CLASS, LISTENER_SET
from gwdeployer_inference.pools import Pool
from gwdeployer_inference.reading import mapping, mappings
from gwdeployer_inference.routes import ParentRef, parents_of, routes_to


class Serving(NamedTuple):
    """A Gateway that serves a pool. ``accepted``: not all routes from it to the pool have been refused."""

    namespace: str
    name: str
    accepted: bool = True


def gateways_serving(pool: Pool, store: ObjectStore, controller_name: str) -> list[Serving]:
    """Return the Gateways, of classes that name our controller, that serve a pool, by namespace and name."""
    found: dict[tuple[str, str], bool] = {}
    for route in routes_to(pool, store):
        for parent in parents_of(route):
            place = _gateway_of(parent, store)
            if place is not None and _is_ours(place, store, controller_name):
                taken = not _is_refused(route, parent, controller_name)
                found[place] = found.get(place, False) or taken
    return [Serving(*place, accepted) for place, accepted in sorted(found.items())]


def _gateway_of(parent: ParentRef, store: ObjectStore) -> tuple[str, str] | None:
    """Return namespace and name of the Gateway itself; None for a ListenerSet that is not there."""
    if parent.kind == GATEWAY:
        return parent.namespace, parent.name
    listeners = store.get(LISTENER_SET, parent.namespace, parent.name)
    if listeners is None:
        return None
    ref = mapping(mapping(listeners.get("spec")).get("parentRef"))
    return str(ref.get("namespace") or parent.namespace), str(ref.get("name") or "")


def _is_ours(place: tuple[str, str], store: ObjectStore, controller_name: str) -> bool:
    gateway = store.get(GATEWAY, *place)
    if gateway is None:
        return False
    gateway_class = store.get(
        GATEWAY_CLASS, "", str(mapping(gateway.get("spec")).get("gatewayClassName") or "")
    )
    return mapping(mapping(gateway_class).get("spec")).get("controllerName") == controller_name


def _is_refused(route: Object, parent: ParentRef, controller_name: str) -> bool:
    """Return whether our implementation has said that the Gateway does not take the route."""
    home = namespace_of(route)
    return any(
        condition.get("type") == "Accepted" and condition.get("status") == "False"
        for entry in mappings(mapping(route.get("status")).get("parents"))
        if entry.get("controllerName") == controller_name
        and _identity(mapping(entry.get("parentRef")), home) == _identity(parent.written, home)
        for condition in mappings(entry.get("conditions"))
    )


def _identity(ref: Mapping[str, Any], home: str) -> tuple[Any, ...]:
    """Return what tells a route's references to parents apart (Gateway API, ParentReference)."""
    place = ref.get("group", GATEWAY.group), ref.get("kind") or GATEWAY.kind, ref.get("namespace") or home
    return *place, ref.get("name"), ref.get("sectionName"), ref.get("port")
