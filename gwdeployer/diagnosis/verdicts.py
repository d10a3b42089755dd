"""What an owner's status says, whatever API the owner is of. Pure.

Conditions follow the API conventions: most APIs keep them in ``status.conditions``, those whose objects have
several controllers one list for each (``status.parents``).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from gwdeployer.objects import Object, metadata_of

#: Conditions that are true where all is well, by what comes first; other types may mean the opposite.
_GOOD = ("Accepted", "ResolvedRefs", "Programmed", "Available", "Ready")


class Verdict(NamedTuple):
    """Whether an owner works; None where that is not known. ``type`` is the condition that decides."""

    ready: bool | None
    type: str = ""
    reason: str = ""
    message: str = ""

    @property
    def why(self) -> str:
        """What people are told: why it does not work; "" where it does."""
        if self.ready:
            return ""
        return f"{self.reason}: {self.message}" if self.message else self.reason


def verdict_of(owner: Object) -> Verdict:
    """Return what the status says: the first condition that is not true decides.

    A status of another generation than the object's says nothing of it.
    """
    stated = [one for type_ in _GOOD for one in conditions_of(owner) if one.get("type") == type_]
    if not stated:
        return Verdict(None, reason="NoStatus", message="no controller has said anything yet")
    generation = metadata_of(owner).get("generation") or 0
    if any((one.get("observedGeneration") or generation) < generation for one in stated):
        return Verdict(None, reason="Outdated", message="no controller has seen the last change yet")
    for one in stated:
        if one.get("status") != "True":
            ready = False if one.get("status") == "False" else None
            return Verdict(
                ready, str(one["type"]), str(one.get("reason") or ""), str(one.get("message") or "")
            )
    return Verdict(True, str(stated[-1]["type"]))


def conditions_of(owner: Object) -> list[Mapping[str, Any]]:
    """Return all conditions of an object."""
    return list(_conditions(owner.get("status")))


def _conditions(status: Any) -> Iterator[Mapping[str, Any]]:
    if isinstance(status, Mapping):
        yield from (one for one in status.get("conditions") or () if isinstance(one, Mapping))
        for parent in status.get("parents") or ():
            yield from _conditions(parent)


def addresses_of(owner: Object, services: Sequence[Object]) -> tuple[str, ...]:
    """Return where an owner is reached: what its status says, or what its Services have been given."""
    said = (owner.get("status") or {}).get("addresses") or ()
    if found := tuple(str(address["value"]) for address in said if address.get("value")):
        return found
    given = (ingress for service in services for ingress in ingress_of(service))
    return tuple(str(one.get("ip") or one.get("hostname") or "") for one in given)


def ingress_of(service: Object) -> list[Mapping[str, Any]]:
    """Return the load balancer's addresses of a Service."""
    status = service.get("status") or {}
    return list((status.get("loadBalancer") or {}).get("ingress") or ())
