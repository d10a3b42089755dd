"""Is a controller at work? Told from the Lease that its replicas elect their leader by. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from gwdeployer.controller.lease import LEASE
from gwdeployer.diagnosis.verdicts import Verdict
from gwdeployer.errors import Fault
from gwdeployer.objects import Object, ObjectRef

_INSTALL = "install one (gwdeployer manifests), or run one (gwdeployer run)"


def controller_faults(
    verdict: Verdict, lease: Object | None, ref: ObjectRef, now: datetime
) -> Iterator[Fault]:
    """Yield why nobody says how an owner is, as far as the Lease ``ref`` tells.

    Where the status is about the owner as it is now, a controller is at work, with or without a Lease.
    """
    if verdict.reason not in ("NoStatus", "Outdated"):
        return
    holder = holder_of(lease, now)
    if not holder:
        words = f"{verdict.message}, and nobody holds {ref}: no controller is at work"
        hint = f"see the log of its pods in namespace {ref.namespace}" if lease is not None else _INSTALL
        yield Fault(words, "status", hint=hint)
    else:
        hint = "see its log: it may lack rights, or look after other namespaces"
        yield Fault(f"{verdict.message}, though {holder} holds {ref}", "status", hint=hint)


def holder_of(lease: Object | None, now: datetime) -> str:
    """Return who holds a Lease; "" where nobody does, or no longer."""
    spec = (lease or {}).get("spec") or {}
    holder, renewed = str(spec.get("holderIdentity") or ""), spec.get("renewTime")
    if not (holder and renewed):
        return ""
    ends = datetime.fromisoformat(str(renewed)) + timedelta(seconds=spec.get("leaseDurationSeconds") or 0)
    return holder if ends >= now else ""


def lease_ref(namespace: str, name: str) -> ObjectRef:
    """Return the reference to a Lease."""
    return ObjectRef(LEASE, namespace, name)
