"""The status of parameters objects: whether they can be used, and which classes and Gateways use them.

The definitions that kgateway and agentgateway publish have no room for a status, and the API server would
drop what is written into it, again and again. So it is only written where the cluster's definition has room.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Mapping
from typing import Any, ClassVar

from pydantic import BaseModel

from gwdeployer.objects import KindRef, Object, describe, name_of, namespace_of
from gwdeployer.parameters.reporting import parameters_status
from gwdeployer.status import Reporter
from gwdeployer.store import Index, Lookup, ObjectStore
from gwdeployer_gateway.api import GATEWAY, GATEWAY_CLASS
from gwdeployer_gateway.classes.definitions import status_fields
from gwdeployer_gateway.kinds import AGENTGATEWAY_PARAMETERS, GATEWAY_PARAMETERS
from gwdeployer_gateway.layers import IN_CLASS, IN_GATEWAY, reference_in
from gwdeployer_gateway.parameters import GatewayParametersSpec
from gwdeployer_gateway.parameters.agentgateway import AgentgatewayParametersSpec

_FIELDS = frozenset({"conditions", "usedBy"})


class ParametersReporter(Reporter):
    """Reports on parameters of one kind."""

    spec: ClassVar[type[BaseModel]]

    def status(self, obj: Object, store: ObjectStore, now: str) -> Mapping[str, Any] | None:
        """Return the status; None where the kind's definition has no room, or is not known. See the base."""
        if not status_fields(self.kind, store).keys() >= _FIELDS:
            return None
        return parameters_status(obj, self.spec, _users(self.kind, obj, store), now)


class GatewayParametersReporter(ParametersReporter):
    """Reports on GatewayParameters."""

    kind: ClassVar[KindRef] = GATEWAY_PARAMETERS
    spec: ClassVar[type[BaseModel]] = GatewayParametersSpec


class AgentgatewayParametersReporter(ParametersReporter):
    """Reports on AgentgatewayParameters."""

    kind: ClassVar[KindRef] = AGENTGATEWAY_PARAMETERS
    spec: ClassVar[type[BaseModel]] = AgentgatewayParametersSpec


def _users(kind: KindRef, parameters: Object, store: ObjectStore) -> Iterator[str]:
    """Yield the classes, and then the Gateways, that refer to parameters."""
    key = (*kind.group_kind, namespace_of(parameters), name_of(parameters))
    for holder, index in ((GATEWAY_CLASS, BY_CLASS), (GATEWAY, BY_GATEWAY)):
        yield from map(describe, store.list(holder, lookup=Lookup(index, key)))


def _of_class(gateway_class: Object) -> Iterable[Hashable]:
    ref = reference_in(gateway_class, *IN_CLASS)
    return () if ref is None else (_key(ref, ref.get("namespace")),)


def _of_gateway(gateway: Object) -> Iterable[Hashable]:
    ref = reference_in(gateway, *IN_GATEWAY)
    return () if ref is None else (_key(ref, namespace_of(gateway)),)


def _key(ref: Mapping[str, Any], namespace: Any) -> Hashable:
    parts = (ref.get("group"), ref.get("kind"), namespace, ref.get("name"))
    return tuple(str(part or "") for part in parts)


#: Find classes and Gateways by group, kind, namespace and name of the parameters that they refer to.
BY_CLASS = Index("parameters of classes", _of_class)
BY_GATEWAY = Index("parameters of Gateways", _of_gateway)
