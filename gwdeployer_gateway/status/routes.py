"""How many routes are attached to each listener of a Gateway or ListenerSet.

A route is attached if one of its ``parentRefs`` names the listener's object (and, where it says so, the
listener's name or port), the listener allows its kind and its namespace, and their hostnames have a name in
common. Whether the listener itself is well does not matter. Source: ``ListenerStatus.attachedRoutes``,
``ParentReference``, ``HTTPRouteSpec.hostnames``.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from gwdeployer.objects import KindRef, Object, name_of
from gwdeployer.store import Index, Lookup, ObjectStore
from gwdeployer_gateway.api import GROUP
from gwdeployer_gateway.attachment import allows, home_of
from gwdeployer_gateway.listeners import port_of
from gwdeployer_gateway.status.api import FullListener
from gwdeployer_gateway.status.hostnames import intersect


class Parent(NamedTuple):
    """What a route names as its parent: an object, and perhaps which of its listeners."""

    group: str
    kind: str
    namespace: str
    name: str
    section: str | None = None
    port: int | None = None

    @property
    def holder(self) -> tuple[str, str, str, str]:
        """The object."""
        return self[:4]


def parents_of(route: Object) -> Iterator[Parent]:
    """Yield what a route names as its parents; what is not of the API's form names nothing."""
    spec = route.get("spec")
    refs = spec.get("parentRefs") if isinstance(spec, Mapping) else None
    for ref in refs if isinstance(refs, list) else ():
        if isinstance(ref, Mapping):
            group, kind = ref.get("group"), ref.get("kind")
            parent = Parent(
                GROUP if group is None else group,
                "Gateway" if kind is None else kind,
                ref.get("namespace") or home_of(route),
                ref.get("name", ""),
                ref.get("sectionName"),
                ref.get("port"),
            )
            if all(isinstance(part, str) for part in parent.holder):
                yield parent


def _holders(route: Object) -> Iterable[Hashable]:
    return {parent.holder for parent in parents_of(route)}


#: Finds routes by group, kind, namespace and name of an object that they name as a parent.
BY_HOLDER = Index("route parent", _holders)


def attached_routes(
    holder: Object, listeners: Sequence[tuple[FullListener, Sequence[KindRef]]], store: ObjectStore
) -> list[int]:
    """Return how many routes are attached to each of a holder's listeners, given with the kinds they take.

    Cost: of the routes that name the holder.
    """
    place = (GROUP, str(holder.get("kind")), home_of(holder), name_of(holder))
    counts = [0] * len(listeners)
    for kind in dict.fromkeys(kind for _, kinds in listeners for kind in kinds):
        for route in store.list(kind, lookup=Lookup(BY_HOLDER, place)):
            parents = [parent for parent in parents_of(route) if parent.holder == place]
            for position, (listener, kinds) in enumerate(listeners):
                if kind in kinds and _attaches(route, parents, listener, home_of(holder), store):
                    counts[position] += 1
    return counts


def _attaches(
    route: Object, parents: Iterable[Parent], listener: FullListener, home: str, store: ObjectStore
) -> bool:
    rule = listener.allowed_routes.namespaces if listener.allowed_routes else None
    return (
        any(_names(parent, listener) for parent in parents)
        and _shares_hostname(route, listener)
        and allows(rule, home, home_of(route), store, default="Same")
    )


def _names(parent: Parent, listener: FullListener) -> bool:
    if parent.section is not None and parent.section != listener.name:
        return False
    port = port_of(listener)
    return parent.port is None or (port is not None and parent.port == port.number)


def _shares_hostname(route: Object, listener: FullListener) -> bool:
    spec: Any = route.get("spec")
    hostnames = spec.get("hostnames")
    if not listener.hostname or not isinstance(hostnames, list) or not hostnames:
        return True
    return any(isinstance(name, str) and intersect(name, listener.hostname) for name in hostnames)
