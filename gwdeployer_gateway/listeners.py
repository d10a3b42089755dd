"""The ports a Gateway's proxy serves: from its listeners, from ListenerSets, from parameters."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from gwdeployer.errors import ParametersError
from gwdeployer.generator import Context
from gwdeployer.objects import Object, describe, matches, metadata_of, name_of, namespace_of
from gwdeployer.store import Index, Lookup
from gwdeployer_gateway.api import (
    GROUP,
    LISTENER_SET,
    NAMESPACE,
    GatewaySpec,
    Listener,
    ListenerSetSpec,
    spec_of,
    unknown_fields,
)

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


def served_ports(
    gateway: Object, spec: GatewaySpec, reserved: Mapping[int, str], context: Context
) -> list[ServedPort]:
    """Return the ports that the listeners of a Gateway and of its ListenerSets ask for, each once, in order.

    ``reserved`` are TCP ports the proxy itself needs, with what for; listeners on them are left out with a
    warning. Raises ParametersError for listeners that cannot be read.
    """
    ports: set[ServedPort] = set()
    for subject, listener, path in _listeners(gateway, spec, context):
        port = _port_of(listener)
        if port is None:
            context.warn(
                f"protocol {listener.protocol!r} has no default port: the listener is not served",
                path,
                subject=subject,
            )
        elif port.protocol == "TCP" and port.number in reserved:
            message = (
                f"port {port.number} is the proxy's own ({reserved[port.number]}): the listener is not served"
            )
            context.warn(message, f"{path}.port", subject=subject, hint="choose another port")
        else:
            ports.add(port)
    return sorted(ports)


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


def _port_of(listener: Listener) -> ServedPort | None:
    number = listener.port or _DEFAULT_PORTS.get(listener.protocol)
    return ServedPort(number, "UDP" if listener.protocol == "UDP" else "TCP") if number else None


def _listeners(gateway: Object, spec: GatewaySpec, context: Context) -> Iterator[tuple[str, Listener, str]]:
    """Yield each listener with the object it stands in and its path there."""
    for position, listener in enumerate(spec.listeners or ()):
        yield describe(gateway), listener, f"spec.listeners[{position}]"
    for listener_set in _attached_sets(gateway, spec, context):
        subject = describe(listener_set)
        try:
            listeners = spec_of(listener_set, ListenerSetSpec).listeners or ()
        except ParametersError as error:
            # A ListenerSet is somebody else's object: its faults must not take the Gateway down.
            context.warnings += error.faults
            continue
        context.warnings += unknown_fields(listener_set)
        for position, listener in enumerate(listeners):
            yield subject, listener, f"spec.listeners[{position}]"


def _parents(listener_set: Object) -> Iterable[Hashable]:
    spec = listener_set.get("spec")
    parent = spec.get("parentRef") if isinstance(spec, dict) else None
    if not isinstance(parent, dict):
        return ()
    group, kind = parent.get("group"), parent.get("kind")
    if (GROUP if group is None else group, "Gateway" if kind is None else kind) != (GROUP, "Gateway"):
        return ()
    place = parent.get("namespace") or namespace_of(listener_set) or "default", parent.get("name")
    return (place,) if all(isinstance(part, str) for part in place) else ()


BY_PARENT = Index("parent", _parents)


def _attached_sets(gateway: Object, spec: GatewaySpec, context: Context) -> Iterator[Object]:
    """Yield the ListenerSets that name the Gateway and that its ``allowedListeners`` lets in.

    Source: GEP-1713. ``from`` is None by default, Same, All, or Selector (over the namespace's labels).
    """
    allowed = spec.allowed_listeners.namespaces if spec.allowed_listeners else None
    origin = (allowed.from_ if allowed else None) or "None"
    selector = allowed.selector.as_mapping() if allowed and allowed.selector else None
    namespace = namespace_of(gateway) or "default"
    for listener_set in context.store.list(
        LISTENER_SET, lookup=Lookup(BY_PARENT, (namespace, name_of(gateway)))
    ):
        home = namespace_of(listener_set) or "default"
        if (
            origin == "All"
            or (origin == "Same" and home == namespace)
            or (origin == "Selector" and matches(selector, _namespace_labels(home, context)))
        ):
            yield listener_set
        else:
            message = (
                f"{describe(gateway)} does not allow listeners from this namespace: its ports are not served"
            )
            context.warn(
                message,
                "spec.parentRef",
                subject=describe(listener_set),
                hint="see the Gateway's spec.allowedListeners",
            )


def _namespace_labels(name: str, context: Context) -> Mapping[str, Any] | None:
    namespace = context.store.get(NAMESPACE, "", name)
    labels = metadata_of(namespace).get("labels") if namespace else None
    # The API server puts this label on every namespace; a namespace in a file has it only in effect.
    return {**(labels if isinstance(labels, Mapping) else {}), "kubernetes.io/metadata.name": name}
