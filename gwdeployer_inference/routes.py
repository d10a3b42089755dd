"""Who refers to a pool: routes of Gateways, wherever they are, as far as the pool's namespace lets them.

A reference counts in every rule of a route, also as the target of a mirror. One from another namespace needs
a ReferenceGrant of the pool's (GEP-709).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from gwdeployer.objects import KindRef, Object, namespace_of
from gwdeployer.store import Index, Lookup, ObjectStore
from gwdeployer_inference.kinds import GATEWAY, INFERENCE_POOL, LISTENER_SET, REFERENCE_GRANT, ROUTES
from gwdeployer_inference.pools import Pool
from gwdeployer_inference.reading import mapping, mappings


class ParentRef(NamedTuple):
    """What a route is attached to, a Gateway or a ListenerSet, and the reference as it is written."""

    kind: KindRef
    namespace: str
    name: str
    written: Mapping[str, Any]


def routes_to(pool: Pool, store: ObjectStore) -> Iterator[Object]:
    """Yield the routes that may lead to a pool. Cost: of those routes, and of the grants for such pools."""
    key = pool.kind.group, pool.namespace, pool.name
    for kind in ROUTES:
        for route in store.list(kind, lookup=Lookup(BY_POOL, key)):
            if _home(route) == pool.namespace or _is_granted(kind, route, pool, store):
                yield route


def is_referenced(pool: Pool, store: ObjectStore) -> bool:
    """Return whether a route of a Gateway, there or not, refers to a pool."""
    return any(True for route in routes_to(pool, store) for _ in parents_of(route))


def parents_of(route: Object) -> Iterator[ParentRef]:
    """Yield the Gateways and ListenerSets that a route is attached to; a mesh's Services are none."""
    for ref in mappings(mapping(route.get("spec")).get("parentRefs")):
        named = str(ref.get("group", GATEWAY.group)), str(ref.get("kind") or GATEWAY.kind)
        kind = next((kind for kind in (GATEWAY, LISTENER_SET) if kind.group_kind == named), None)
        if kind is not None:
            yield ParentRef(kind, str(ref.get("namespace") or _home(route)), str(ref.get("name") or ""), ref)


def _is_granted(kind: KindRef, route: Object, pool: Pool, store: ObjectStore) -> bool:
    key = pool.namespace, pool.kind.group_kind
    return any(
        _group_kind(source) == kind.group_kind and source.get("namespace") == _home(route)
        for grant in store.list(REFERENCE_GRANT, pool.namespace, lookup=Lookup(BY_TARGET, key))
        if _opens(grant, pool)
        for source in mappings(mapping(grant.get("spec")).get("from"))
    )


def _opens(grant: Object, pool: Pool) -> bool:
    return any(
        _group_kind(target) == pool.kind.group_kind and target.get("name") in (None, "", pool.name)
        for target in _targets(grant)
    )


def _targets(grant: Object) -> list[Mapping[str, Any]]:
    return mappings(mapping(grant.get("spec")).get("to"))


def _group_kind(ref: Mapping[str, Any]) -> tuple[str, str]:
    return str(ref.get("group") or ""), str(ref.get("kind") or "")


def _backends(route: Object) -> Iterator[Mapping[str, Any]]:
    """Yield what a route sends requests to, and copies of them."""
    for rule in mappings(mapping(route.get("spec")).get("rules")):
        yield from _mirrors(rule)
        for backend in mappings(rule.get("backendRefs")):
            yield backend
            yield from _mirrors(backend)


def _mirrors(place: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    for one in mappings(place.get("filters")):
        yield mapping(mapping(one.get("requestMirror")).get("backendRef"))


def _pools(route: Object) -> set[tuple[str, str, str]]:
    return {
        (str(ref.get("group") or ""), str(ref.get("namespace") or _home(route)), str(ref.get("name") or ""))
        for ref in _backends(route)
        if ref.get("kind") == INFERENCE_POOL.kind
    }


def _home(obj: Object) -> str:
    return namespace_of(obj) or "default"


#: Finds routes by the pools they refer to: group, namespace and name.
BY_POOL = Index("pools that routes refer to", _pools)
#: Finds ReferenceGrants by what they open: their namespace, and a kind.
BY_TARGET = Index(
    "what grants open",
    lambda grant: {(_home(grant), _group_kind(target)) for target in _targets(grant)},
)
