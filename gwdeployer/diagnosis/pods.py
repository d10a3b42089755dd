"""Why pods do not serve: what scheduler and kubelet say of them, and what to do about it. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from gwdeployer.errors import Fault
from gwdeployer.objects import Object, describe, name_of, namespace_of

_IMAGE = "correct the image, or give imagePullSecrets"
_REFERENCE = "create what it refers to, or correct the reference"
#: What to do about the reasons for which containers wait (``ContainerStateWaiting.reason``).
_HINTS = {
    "ErrImagePull": _IMAGE,
    "ErrImageNeverPull": _IMAGE,
    "ImagePullBackOff": _IMAGE,
    "InvalidImageName": _IMAGE,
    "CreateContainerConfigError": _REFERENCE,
    "CreateContainerError": _REFERENCE,
}
#: Reasons for which every container waits at its start.
_STARTING = frozenset({"", "ContainerCreating", "PodInitializing"})
_UNSCHEDULABLE = "add nodes, or change resources, nodeSelector, affinity or tolerations of its pods"
_OUT_OF_MEMORY = "OOMKilled"


def pod_faults(pods: Iterable[Object], notes: Mapping[str, str]) -> Iterator[Fault]:
    """Yield why pods are not ready; what several say is said once.

    ``notes`` are the last warnings of events, by the name of the pod.
    """
    seen: dict[str, tuple[Fault, int]] = {}
    for pod in pods:
        for fault in _faults(pod, notes.get(name_of(pod), "")):
            key = fault.message.replace(name_of(pod), "")
            first, count = seen.get(key, (fault, 0))
            seen[key] = first, count + 1
    for fault, count in seen.values():
        more = f" (and {count - 1} more like it)" if count > 1 else ""
        yield replace(fault, message=fault.message + more)


def _faults(pod: Object, note: str) -> Iterator[Fault]:
    status, subject = pod.get("status") or {}, describe(pod)
    if _condition(status, "Ready") == "True" or status.get("phase") == "Succeeded":
        return
    if status.get("phase") == "Failed":
        yield Fault(_joined("failed", status.get("reason"), status.get("message")), subject=subject)
    elif not (pod.get("spec") or {}).get("nodeName"):
        yield _unscheduled(status, subject)
    else:
        found = [fault for one in _containers(status) if (fault := _container_fault(pod, one, note))]
        yield from found or [Fault(note or "is starting", subject=subject)]


def _unscheduled(status: Mapping[str, Any], subject: str) -> Fault:
    for one in status.get("conditions") or ():
        if one.get("type") == "PodScheduled" and one.get("status") == "False":
            words = _joined("has no node", one.get("message") or one.get("reason"))
            return Fault(words, subject=subject, hint=_UNSCHEDULABLE)
    return Fault("has no node yet", subject=subject, hint="see whether the cluster's scheduler is at work")


def _containers(status: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    """Return what is known of containers; those that prepare the others come first."""
    return [*(status.get("initContainerStatuses") or ()), *(status.get("containerStatuses") or ())]


def _container_fault(pod: Object, container: Mapping[str, Any], note: str) -> Fault | None:
    """Return why a container does not serve; None where it does, or is only starting."""
    name, state = str(container.get("name") or ""), container.get("state") or {}
    place = f"container {name}"
    logs = f"kubectl logs -n {namespace_of(pod)} {name_of(pod)} -c {name}"
    if "waiting" in state:
        waiting = state["waiting"] or {}
        reason = str(waiting.get("reason") or "")
        last = (container.get("lastState") or {}).get("terminated")
        if reason in _STARTING:
            return Fault(note, place, describe(pod)) if note else None
        if last:
            words = _joined(reason, _ending(last))
            return Fault(words, place, describe(pod), hint=_hint_of(last, f"{logs} --previous"))
        hint = _HINTS.get(reason, "")
        return Fault(_joined(reason, waiting.get("message")), place, describe(pod), hint=hint)
    if "running" in state and not container.get("ready"):
        return Fault(note or "runs, and is not ready", place, describe(pod), hint=logs)
    if (ended := state.get("terminated")) and ended.get("exitCode"):
        return Fault(_ending(ended), place, describe(pod), hint=_hint_of(ended, logs))
    return None


def _ending(terminated: Mapping[str, Any]) -> str:
    words = f"ended with exit code {terminated.get('exitCode')}"
    return _joined(words, terminated.get("reason"), terminated.get("message"))


def _hint_of(terminated: Mapping[str, Any], logs: str) -> str:
    return "give it more memory" if terminated.get("reason") == _OUT_OF_MEMORY else logs


def _condition(status: Mapping[str, Any], type_: str) -> str:
    found = (one.get("status") for one in status.get("conditions") or () if one.get("type") == type_)
    return str(next(found, ""))


def _joined(*parts: Any) -> str:
    return ": ".join(dict.fromkeys(str(part).strip() for part in parts if part))
