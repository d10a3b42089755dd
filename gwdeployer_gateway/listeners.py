"""The ports a Gateway's proxy serves: from its listeners, from ListenerSets, from parameters."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple, TypeAlias

from gwdeployer.errors import ParametersError, shown
from gwdeployer.generator import Context
from gwdeployer.objects import Object, describe
from gwdeployer_gateway.api import GatewaySpec, Listener, ListenerSetSpec, spec_of, unknown_fields
from gwdeployer_gateway.attachment import listener_sets_of

_DEFAULT_PORTS = {"HTTP": 80, "HTTPS": 443}
_MAX_PORT_NAME = 15


class ServedPort(NamedTuple):
    """One port of the Service and the proxy; ordered by number, then protocol."""

    number: int
    protocol: str = "TCP"

    @property
    def name(self) -> str:
        """The port's name in Service and container, at most 15 characters: ``listener-8080``, ``udp-53``."""
        prefix = "listener" if self.protocol == "TCP" else self.protocol.lower()
        return f"{prefix}-{self.number}"[:_MAX_PORT_NAME]

    def as_service_port(self, node_port: int | None = None) -> dict[str, Any]:
        """Return the port as a Service's ``spec.ports`` item; the target is always the same number."""
        port = {"name": self.name, "port": self.number, "protocol": self.protocol, "targetPort": self.number}
        return port if node_port is None else {**port, "nodePort": node_port}


#: Which of an object's own ports take no traffic from outside: given the object and the numbers of its ports.
Hidden: TypeAlias = Callable[[Object, frozenset[int], Context], frozenset[int]]


def served_ports(
    gateway: Object,
    spec: GatewaySpec,
    reserved: Mapping[int, str],
    context: Context,
    hidden: Hidden | None = None,
) -> list[ServedPort]:
    """Return the ports that the listeners of a Gateway and of its ListenerSets ask for, each once, in order.

    ``reserved`` are TCP ports the proxy itself needs, with what for; listeners on them are left out with a
    warning. ``hidden`` says which ports are left out because their listener takes no traffic from outside;
    where several objects have a port, the first one decides: the Gateway, then the oldest ListenerSet.
    Raises ParametersError for listeners that cannot be read.
    """
    served: dict[ServedPort, bool] = {}
    for holder, listeners in _holders(gateway, spec, context):
        ports = list(_ports_of(holder, listeners, reserved, context))
        left_out = hidden(holder, frozenset(port.number for port in ports), context) if hidden else ()
        for port in ports:
            served.setdefault(port, port.number not in left_out)
    return sorted(port for port, is_served in served.items() if is_served)


def _ports_of(
    holder: Object, listeners: Sequence[Listener], reserved: Mapping[int, str], context: Context
) -> Iterator[ServedPort]:
    """Yield the ports of one object's listeners, and warn of those that cannot be served."""
    for position, listener in enumerate(listeners):
        port = port_of(listener)
        path = f"spec.listeners[{position}]"
        if port is None:
            message = f"protocol {shown(listener.protocol)} has no default port: the listener is not served"
            context.warn(message, path, subject=describe(holder))
        elif port.protocol == "TCP" and port.number in reserved:
            message = (
                f"port {port.number} is the proxy's own ({reserved[port.number]}): the listener is not served"
            )
            context.warn(message, f"{path}.port", subject=describe(holder), hint="choose another port")
        else:
            yield port


def service_ports(
    ports: Sequence[ServedPort], extra: Iterable[Mapping[str, Any]], *, node_ports: bool
) -> list[dict[str, Any]]:
    """Return a Service's ports: the served ones, then those that parameters add.

    A parameters' entry for a served port sets its node port, where the Service's type has any
    (``node_ports``).
    """
    wanted = {
        ServedPort(entry["port"], entry.get("protocol") or "TCP"): entry.get("nodePort") for entry in extra
    }
    added = [port for port in wanted if port not in ports]
    return [port.as_service_port(wanted.get(port) if node_ports else None) for port in [*ports, *added]]


def port_of(listener: Listener) -> ServedPort | None:
    """Return the port that a listener asks for; None where neither it nor its protocol names one."""
    number = listener.port or _DEFAULT_PORTS.get(listener.protocol)
    return ServedPort(number, "UDP" if listener.protocol == "UDP" else "TCP") if number else None


def _holders(
    gateway: Object, spec: GatewaySpec, context: Context
) -> Iterator[tuple[Object, Sequence[Listener]]]:
    """Yield the Gateway and each ListenerSet of its, oldest first, with their listeners."""
    yield gateway, spec.listeners or ()
    for listener_set, is_allowed in listener_sets_of(gateway, spec.allowed_listeners, context.store):
        if not is_allowed:
            _warn_of_refusal(gateway, listener_set, context)
            continue
        try:
            listeners = spec_of(listener_set, ListenerSetSpec).listeners or ()
        except ParametersError as error:
            # A ListenerSet is somebody else's object: its faults must not take the Gateway down.
            context.warnings += error.faults
            continue
        context.warnings += unknown_fields(listener_set)
        yield listener_set, listeners


def _warn_of_refusal(gateway: Object, listener_set: Object, context: Context) -> None:
    message = f"{describe(gateway)} does not allow listeners from this namespace: its ports are not served"
    hint = "see the Gateway's spec.allowedListeners"
    context.warn(message, "spec.parentRef", subject=describe(listener_set), hint=hint)
