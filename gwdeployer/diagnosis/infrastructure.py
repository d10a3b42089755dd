"""Why what was deployed does not serve: workloads without pods, Services without an address. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TypeAlias

from gwdeployer.cluster.availability import is_available, pods_of
from gwdeployer.diagnosis.pods import pod_faults
from gwdeployer.diagnosis.verdicts import ingress_of
from gwdeployer.errors import Fault
from gwdeployer.objects import Object, describe, metadata_of, name_of

#: The last warning about each object, by kind and name.
Notes: TypeAlias = Mapping[tuple[str, str], str]


def notes_of(events: Iterable[Object]) -> Notes:
    """Return what the last warning about each object says (``events.k8s.io/v1``)."""
    notes: dict[tuple[str, str], str] = {}
    for event in sorted(events, key=_moment):
        if event.get("type") == "Warning":
            regarding = event.get("regarding") or {}
            notes[str(regarding.get("kind")), str(regarding.get("name"))] = str(event.get("note") or "")
    return notes


def _moment(event: Object) -> str:
    """Return when an event was last seen: series, new and old APIs each have a field of their own."""
    series = event.get("series") or {}
    times = (
        series.get("lastObservedTime"),
        event.get("deprecatedLastTimestamp"),
        event.get("eventTime"),
        metadata_of(event).get("creationTimestamp"),
    )
    return max(str(time) for time in times if time) if any(times) else ""


def workload_faults(workload: Object, pods: Sequence[Object], notes: Notes) -> Iterator[Fault]:
    """Yield why a workload has not all the pods that it wants; ``pods`` are those that it has.

    One that has them may be stuck between two versions: then it is told what can be done about new pods.
    """
    refused = [str(one.get("message") or one.get("reason")) for one in _refusals(workload)]
    if refused:
        hint = "raise the quota, or change what refuses its pods"
        yield Fault(f"pods are refused: {refused[0]}", subject=describe(workload), hint=hint)
    found = list(pod_faults(pods, {name: note for (kind, name), note in notes.items() if kind == "Pod"}))
    if is_available(workload):
        yield from (fault for fault in found if fault.hint)
        return
    yield from found
    if not (found or refused):
        yield _rolling_out(workload) if pods else _podless(workload, notes)


def _refusals(workload: Object) -> Iterator[Mapping[str, object]]:
    for one in (workload.get("status") or {}).get("conditions") or ():
        if (one.get("type"), one.get("status")) == ("ReplicaFailure", "True"):
            yield one


def _podless(workload: Object, notes: Notes) -> Fault:
    subject = describe(workload)
    if workload.get("kind") == "DaemonSet" and not pods_of(workload).wanted:
        hint = "label nodes, or change nodeSelector or tolerations of its pods"
        return Fault("no node is one that it may run on", subject=subject, hint=hint)
    warned = _note_about(workload, notes)
    if warned:
        return Fault(f"has no pods: {warned}", subject=subject, hint="change what refuses its pods")
    return Fault("has no pods yet", subject=subject, hint="see whether kube-controller-manager is at work")


def _note_about(workload: Object, notes: Notes) -> str:
    """Return the last warning about a workload, or about a ReplicaSet of it."""
    name = name_of(workload)
    for (kind, about), note in notes.items():
        own = (kind, about) == (workload.get("kind"), name)
        if own or (kind == "ReplicaSet" and about.rpartition("-")[0] == name):
            return note
    return ""


def _rolling_out(workload: Object) -> Fault:
    return Fault(f"is rolling out: {pods_of(workload)} pods are available", subject=describe(workload))


def service_faults(service: Object, notes: Notes) -> Iterator[Fault]:
    """Yield why a Service has no address from outside."""
    spec = service.get("spec") or {}
    if spec.get("type") != "LoadBalancer" or ingress_of(service):
        return
    words = "waits for a load balancer to give it an address"
    if note := notes.get(("Service", name_of(service)), ""):
        words += f": {note}"
    hint = "see whether the cluster has one (a cloud's, MetalLB), or choose another type of Service"
    yield Fault(words, subject=describe(service), hint=hint)
