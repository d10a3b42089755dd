"""Which protocols the data planes speak, and which kinds of routes go with each. A table."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from gwdeployer.objects import KindRef
from gwdeployer_gateway.api import GROUP
from gwdeployer_gateway.kinds import GRPC_ROUTE, HTTP_ROUTE, TCP_ROUTE, TLS_ROUTE, UDP_ROUTE
from gwdeployer_gateway.status.api import TERMINATE, FullListener


class Protocol(NamedTuple):
    """A protocol of listeners.

    ``family`` is what is told apart on one port by the first bytes: listeners of one family may share a port
    if ``by_hostname``. ``terminates`` are the kinds of routes where TLS ends at the listener, else ``kinds``.
    """

    family: str
    kinds: tuple[KindRef, ...]
    by_hostname: bool = True
    terminates: tuple[KindRef, ...] = ()


PROTOCOLS = {
    "HTTP": Protocol("HTTP", (HTTP_ROUTE, GRPC_ROUTE)),
    "HTTPS": Protocol("TLS", (), terminates=(HTTP_ROUTE, GRPC_ROUTE)),
    "TLS": Protocol("TLS", (TLS_ROUTE,), terminates=(TLS_ROUTE, TCP_ROUTE)),
    "TCP": Protocol("TCP", (TCP_ROUTE,), by_hostname=False),
    "UDP": Protocol("UDP", (UDP_ROUTE,), by_hostname=False),
}


def ends_tls(listener: FullListener) -> bool:
    """Return whether TLS ends at the listener: then it needs a certificate."""
    if listener.protocol == "TLS":
        return listener.tls is None or listener.tls.mode == TERMINATE
    return listener.protocol == "HTTPS"


class SupportedKinds(NamedTuple):
    """The kinds of routes that a listener takes, and those it asks for that it cannot take."""

    kinds: tuple[KindRef, ...]
    refused: tuple[str, ...] = ()


def supported_kinds(listener: FullListener) -> SupportedKinds:
    """Return the kinds of routes of a listener: those it names, or else all that its protocol takes.

    A protocol that nobody speaks takes none. Source: ``AllowedRoutes.kinds``.
    """
    protocol = PROTOCOLS.get(listener.protocol)
    if protocol is None:
        return SupportedKinds(())
    possible = protocol.terminates if ends_tls(listener) else protocol.kinds
    named = (listener.allowed_routes.kinds if listener.allowed_routes else None) or ()
    if not named:
        return SupportedKinds(possible)
    asked = dict.fromkeys((GROUP if one.group is None else one.group, one.kind) for one in named)
    return SupportedKinds(
        tuple(kind for kind in possible if kind.group_kind in asked), tuple(_unknown(asked, possible))
    )


def _unknown(asked: Iterable[tuple[str, str]], possible: Iterable[KindRef]) -> Iterable[str]:
    known = {kind.group_kind for kind in possible}
    return (str(KindRef(group, "", kind)) for group, kind in asked if (group, kind) not in known)
