"""All listeners of a Gateway: its own and those of its ListenerSets, judged together in their precedence."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from gwdeployer.errors import Fault, ParametersError
from gwdeployer.objects import Object, describe
from gwdeployer.store import ObjectStore
from gwdeployer_gateway.api import spec_of
from gwdeployer_gateway.attachment import listener_sets_of
from gwdeployer_gateway.status.api import FullGatewaySpec, FullListener, FullListenerSetSpec
from gwdeployer_gateway.status.conditions import Reason
from gwdeployer_gateway.status.conflicts import Claim, conflicts, overlapping
from gwdeployer_gateway.status.listeners import PORT_UNAVAILABLE, Judgement, judge
from gwdeployer_gateway.status.routes import attached_routes


class Holder(NamedTuple):
    """A Gateway, or a ListenerSet, with its listeners and what was found out about each.

    A ListenerSet that its Gateway does not let in, or that cannot be read (``faults``), has none.
    """

    obj: Object
    listeners: Sequence[FullListener] = ()
    claims: Sequence[Claim | None] = ()
    is_allowed: bool = True
    faults: tuple[Fault, ...] = ()
    judgements: Sequence[Judgement] = ()

    @classmethod
    def of(cls, obj: Object, listeners: Sequence[FullListener]) -> Holder:
        """Return a holder that is let in, with what each of its listeners claims for itself."""
        return cls(obj, listeners, [Claim.of(listener) for listener in listeners])

    @property
    def has_good(self) -> bool:
        """Whether any listener can be served: without one, a ListenerSet is not accepted."""
        return any(one.is_good for one in self.judgements)


class ListenerTable(NamedTuple):
    """The Gateway first, then its ListenerSets in their precedence."""

    gateway: Holder
    listener_sets: Sequence[Holder]


def listener_table(
    gateway: Object, spec: FullGatewaySpec, warnings: Iterable[Fault], store: ObjectStore
) -> ListenerTable:
    """Judge all listeners of a Gateway. ``warnings`` are its plan's: they say which ports cannot be opened.

    Cost: of the Gateway's listeners, ListenerSets and routes.
    """
    holders = list(_holders(gateway, spec, store))
    unserved = {(fault.subject, fault.path): fault.message for fault in warnings}
    found = conflicts(holder.claims for holder in holders)
    judged = [
        _judged(holder, own, unserved, (gateway, spec), store)
        for holder, own in zip(holders, found, strict=True)
    ]
    overlaps = overlapping(_met(judged))
    first, *others = (_finished(holder, overlaps, store) for holder in judged)
    return ListenerTable(first, others)


def _holders(gateway: Object, spec: FullGatewaySpec, store: ObjectStore) -> Iterator[Holder]:
    yield Holder.of(gateway, spec.listeners or ())
    for listener_set, is_allowed in listener_sets_of(gateway, spec.allowed_listeners, store):
        if not is_allowed:
            yield Holder(listener_set, is_allowed=False)
            continue
        try:
            listeners = spec_of(listener_set, FullListenerSetSpec).listeners or ()
        except ParametersError as error:
            yield Holder(listener_set, faults=error.faults)
        else:
            yield Holder.of(listener_set, listeners)


def _judged(
    holder: Holder,
    found: Sequence[Reason | None],
    unserved: Mapping[tuple[str, str], str],
    parent: tuple[Object, FullGatewaySpec],
    store: ObjectStore,
) -> Holder:
    name = describe(holder.obj)
    judgements = []
    for position, (listener, conflict) in enumerate(zip(holder.listeners, found, strict=True)):
        path = f"spec.listeners[{position}]"
        closed = unserved.get((name, path)) or unserved.get((name, f"{path}.port")) or ""
        obstacle = conflict or (Reason(PORT_UNAVAILABLE, closed) if closed else None)
        judgements.append(judge(holder.obj, path, listener, obstacle, parent, store))
    return holder._replace(judgements=judgements)


def _met(holders: Iterable[Holder]) -> Iterator[Claim]:
    for holder in holders:
        for claim, judgement in zip(holder.claims, holder.judgements, strict=True):
            if claim and not judgement.conflict:
                yield claim


def _finished(holder: Holder, overlaps: set[Claim], store: ObjectStore) -> Holder:
    """Return the holder with what depends on others: overlaps and routes."""
    listeners = [(one.listener, one.kinds) for one in holder.judgements]
    counts = attached_routes(holder.obj, listeners, store)
    judgements = [
        one._replace(overlaps=not one.conflict and claim in overlaps, routes=count)
        for one, claim, count in zip(holder.judgements, holder.claims, counts, strict=True)
    ]
    return holder._replace(judgements=judgements)
