"""What is to be said of each listener: accepted or not, its references, its routes.

Facts first (:class:`Judgement`), words for the API after: a Gateway and a ListenerSet say them alike.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from gwdeployer.errors import shown
from gwdeployer.objects import KindRef, Object
from gwdeployer.status import Condition, condition
from gwdeployer.store import ObjectStore
from gwdeployer_gateway.listeners import port_of
from gwdeployer_gateway.status.api import FullGatewaySpec, FullListener
from gwdeployer_gateway.status.client_validation import AuthorityCheck, authority_check
from gwdeployer_gateway.status.conditions import (
    ACCEPTED,
    PROGRAMMED,
    RESOLVED_REFS,
    Reason,
    conditions_before,
    merged,
)
from gwdeployer_gateway.status.conflicts import CONFLICTS
from gwdeployer_gateway.status.protocols import PROTOCOLS, SupportedKinds, ends_tls, supported_kinds
from gwdeployer_gateway.status.references import SERVER_CERTIFICATE, problems_of

PORT_UNAVAILABLE = "PortUnavailable"
_OVERLAPPING = "OverlappingTLSConfig"
#: Reasons for which the API has the same word in Programmed as in Accepted.
_SAID_TWICE = CONFLICTS | {PORT_UNAVAILABLE}


class Judgement(NamedTuple):
    """What was found out about a listener.

    ``refused`` is why it is not accepted; ``unresolved`` what is wrong with what it refers to, and ``serves``
    whether enough is left to serve anything.
    """

    listener: FullListener
    kinds: tuple[KindRef, ...]
    conflict: Reason | None = None
    refused: Reason | None = None
    unresolved: tuple[Reason, ...] = ()
    serves: bool = True
    overlaps: bool = False
    routes: int = 0

    @property
    def is_good(self) -> bool:
        """Whether the listener can be served."""
        return self.refused is None and self.serves


def judge(
    holder: Object,
    path: str,
    listener: FullListener,
    obstacle: Reason | None,
    parent: tuple[Object, FullGatewaySpec],
    store: ObjectStore,
) -> Judgement:
    """Judge the listener in ``path`` of ``holder``, a Gateway or a ListenerSet, whose Gateway is ``parent``.

    ``obstacle`` is what others put in its way: a conflict, or that the proxy cannot open its port. Routes and
    overlaps are not looked at.
    """
    port, kinds = port_of(listener), supported_kinds(listener)
    certificates = _certificate_problems(holder, listener, path, store)
    authorities = authority_check(*parent, listener, port.number, store) if port else AuthorityCheck()
    return Judgement(
        listener,
        kinds.kinds,
        obstacle if obstacle and obstacle.reason in CONFLICTS else None,
        _refused(listener, obstacle, authorities),
        (*certificates, *authorities.problems, *_kind_problems(kinds, f"{path}.allowedRoutes.kinds")),
        serves=bool(kinds.kinds) and _has_certificate(listener, certificates),
    )


def _refused(listener: FullListener, obstacle: Reason | None, authorities: AuthorityCheck) -> Reason | None:
    if listener.protocol not in PROTOCOLS:
        message = f"protocol {shown(listener.protocol)} is not supported; use one of {', '.join(PROTOCOLS)}"
        return Reason("UnsupportedProtocol", message)
    if obstacle is not None:
        return obstacle
    if ends_tls(listener) and not _certificate_references(listener):
        return Reason("UnsupportedValue", "TLS ends here, but tls.certificateRefs names no certificate")
    if authorities.none_left:
        return Reason("NoValidCACertificate", "no CA is left by which clients could be checked")
    return None


def _certificate_references(listener: FullListener) -> Sequence[Any]:
    return (listener.tls.certificate_refs if listener.tls else None) or ()


def _certificate_problems(
    holder: Object, listener: FullListener, path: str, store: ObjectStore
) -> list[Reason]:
    if not ends_tls(listener):
        return []  # "The certificateRefs field is ignored in this mode" (Passthrough)
    references = _certificate_references(listener)
    return problems_of(holder, references, SERVER_CERTIFICATE, f"{path}.tls.certificateRefs", store)


def _has_certificate(listener: FullListener, problems: Sequence[Reason]) -> bool:
    return not ends_tls(listener) or len(problems) < len(_certificate_references(listener))


def _kind_problems(kinds: SupportedKinds, path: str) -> Iterator[Reason]:
    if kinds.refused:
        names = ", ".join(kinds.refused)
        yield Reason("InvalidRouteKinds", f"{path}: this protocol does not take {names}")


def listener_statuses(
    judgements: Iterable[Judgement], before: Mapping[str, Any], not_running: str, holder: Object, now: str
) -> list[dict[str, Any]]:
    """Return ``status.listeners``: exactly the current listeners, with what others have said of them.

    ``before`` is the holder's status; ``not_running`` is why no proxy serves yet, empty if one does.
    """
    known = {one.get("name"): one for one in before.get("listeners") or ()}
    return [
        {
            "name": one.listener.name,
            "supportedKinds": [{"group": kind.group, "kind": kind.kind} for kind in one.kinds],
            "attachedRoutes": one.routes,
            "conditions": merged(
                conditions_before(known.get(one.listener.name, {})),
                list(_conditions(one, not_running)),
                holder,
                now,
                when_true=[_OVERLAPPING],
            ),
        }
        for one in judgements
    ]


def _conditions(one: Judgement, not_running: str) -> Iterator[Condition]:
    reason, message = one.refused or ("Accepted", "accepted")
    yield condition(ACCEPTED, one.refused is None, reason, message)
    yield _programmed(one, not_running)
    yield resolved_refs(one.unresolved)
    reason, message = one.conflict or ("NoConflicts", "no conflicts")
    yield condition("Conflicted", one.conflict is not None, reason, message)
    if one.overlaps:
        message = "another listener of this port ends TLS for some of the same names"
        yield condition(_OVERLAPPING, True, "OverlappingHostnames", message)


def _programmed(one: Judgement, not_running: str) -> Condition:
    if one.refused is not None:
        reason = one.refused.reason if one.refused.reason in _SAID_TWICE else "Invalid"
        return condition(PROGRAMMED, False, reason, one.refused.message)
    if not one.serves:
        return condition(PROGRAMMED, False, "Invalid", _joined(one.unresolved) or "takes no kind of route")
    if not_running:
        return condition(PROGRAMMED, False, "Pending", not_running)
    return condition(PROGRAMMED, True, "Programmed", "programmed")


def resolved_refs(problems: Sequence[Reason]) -> Condition:
    """Return the condition ResolvedRefs: the reason is the first problem's, the message has all of them."""
    if not problems:
        return condition(RESOLVED_REFS, True, "ResolvedRefs", "all references are resolved")
    return condition(RESOLVED_REFS, False, problems[0].reason, _joined(problems))


def _joined(problems: Iterable[Reason]) -> str:
    return "; ".join(problem.message for problem in problems)
