"""Which listeners cannot be told apart, and so are not served; which share a TLS port in a confusing way.

Within one Gateway, or one ListenerSet, nobody wins: all that cannot be told apart are conflicted. Between
them the Gateway wins, then the older ListenerSet. Source: ``GatewaySpec.listeners`` ("Distinct Listeners",
"Handling indistinct Listeners"), GEP-1713 ("Listener Precedence").
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from gwdeployer_gateway.listeners import ServedPort, port_of
from gwdeployer_gateway.status.api import FullListener
from gwdeployer_gateway.status.conditions import Reason
from gwdeployer_gateway.status.hostnames import intersect
from gwdeployer_gateway.status.protocols import PROTOCOLS, ends_tls

HOSTNAME_CONFLICT = "HostnameConflict"
PROTOCOL_CONFLICT = "ProtocolConflict"
CONFLICTS = frozenset({HOSTNAME_CONFLICT, PROTOCOL_CONFLICT})


class Claim(NamedTuple):
    """What a listener wants for itself: a port, or a hostname on it."""

    name: str
    port: ServedPort
    family: str
    by_hostname: bool
    hostname: str
    ends_tls: bool

    @classmethod
    def of(cls, listener: FullListener) -> Claim | None:
        """Return what a listener claims; None where it can claim nothing (nobody speaks its protocol)."""
        protocol, port = PROTOCOLS.get(listener.protocol), port_of(listener)
        if protocol is None or port is None:
            return None
        hostname = (listener.hostname or "") if protocol.by_hostname else ""
        tls = ends_tls(listener)
        return cls(listener.name, port, protocol.family, protocol.by_hostname, hostname.lower(), tls)


#: The claims of one Gateway or ListenerSet, listener by listener.
Claims = Sequence[Claim | None]


def conflicts(holders: Iterable[Claims]) -> list[list[Reason | None]]:
    """Return the conflict, if any, of each listener of each holder; the holders come in their precedence.

    A listener that lost to an earlier holder claims nothing: it stands in nobody's way.
    """
    taken: dict[ServedPort, list[Claim]] = {}
    found: list[list[Reason | None]] = []
    for claims in holders:
        lost = [claim and _against_earlier(claim, taken.get(claim.port, ())) for claim in claims]
        left = _by_port(claim for claim, loss in zip(claims, lost, strict=True) if claim and not loss)
        found.append(
            [
                loss or (claim and _among(claim, left[claim.port]))
                for claim, loss in zip(claims, lost, strict=True)
            ]
        )
        for port, claimed in left.items():
            taken.setdefault(port, []).extend(claimed)
    return found


def overlapping(claims: Iterable[Claim]) -> set[Claim]:
    """Return the claims that end TLS on a port where another one, for a common hostname, does so too.

    Of claims that are met: conflicted ones overlap with nothing. Source:
    ``ListenerConditionOverlappingTLSConfig``.
    """
    ports = _by_port(claim for claim in claims if claim.ends_tls)
    return {
        one
        for shared in ports.values()
        for one in shared
        if any(one is not other and intersect(one.hostname, other.hostname) for other in shared)
    }


def _by_port(claims: Iterable[Claim]) -> dict[ServedPort, list[Claim]]:
    ports: dict[ServedPort, list[Claim]] = {}
    for claim in claims:
        ports.setdefault(claim.port, []).append(claim)
    return ports


def _clash(one: Claim, other: Claim) -> str:
    """Return the reason why two claims of one port cannot both be met; empty where they can."""
    if one.family != other.family or not one.by_hostname:
        return PROTOCOL_CONFLICT
    return HOSTNAME_CONFLICT if one.hostname == other.hostname else ""


def _against_earlier(claim: Claim, earlier: Iterable[Claim]) -> Reason | None:
    """Return the conflict with an earlier holder, which is not named: that might tell too much."""
    for other in earlier:
        if reason := _clash(claim, other):
            what = f"port {claim.port.number}"
            if reason == HOSTNAME_CONFLICT:
                what = f"hostname {claim.hostname or '*'} on {what}"
            return Reason(reason, f"{what} is taken: a listener that comes first has it")
    return None


def _among(claim: Claim, siblings: Iterable[Claim]) -> Reason | None:
    """Return the conflict with other listeners of the same holder, by name."""
    clashing = [
        (reason, other.name) for other in siblings if other is not claim and (reason := _clash(claim, other))
    ]
    if not clashing:
        return None
    names = ", ".join(repr(name) for _, name in clashing)
    message = f"cannot be told apart from {names} on port {claim.port.number}: none of them is served"
    return Reason(clashing[0][0], message)
