"""Why pods do not serve, as scheduler and kubelet say it."""

from __future__ import annotations

from typing import Any

import pytest

from gwdeployer.diagnosis.pods import pod_faults
from gwdeployer.objects import Object

WAITING = "0/3 nodes are available: 3 Insufficient memory."


def pod(name: str = "web-1", *, node: str = "node-0", phase: str = "Pending", **status: Any) -> Object:
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": "shop"},
        "spec": {"nodeName": node} if node else {},
        "status": {"phase": phase, **status},
    }


def waiting(reason: str, message: str = "", **more: Any) -> dict[str, Any]:
    state = {"waiting": {"reason": reason, "message": message}}
    return {"containerStatuses": [{"name": "envoy", "ready": False, "state": state, **more}]}


def said(*pods: Object, **notes: str) -> list[str]:
    return [str(fault) for fault in pod_faults(pods, notes)]


def test_a_pod_that_is_ready_or_done_is_nothing_to_mend() -> None:
    ready = {"conditions": [{"type": "Ready", "status": "True"}]}
    assert said(pod(phase="Running", **ready), pod(phase="Succeeded")) == []


def test_a_pod_without_a_node_says_what_the_scheduler_said() -> None:
    scheduled = {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": WAITING}
    [text] = said(pod(node="", conditions=[scheduled]))
    assert text.startswith(f"Pod shop/web-1: has no node: {WAITING}; add nodes, or change resources")


def test_a_pod_that_no_scheduler_has_seen_is_told_apart() -> None:
    assert "has no node yet; see whether the cluster's scheduler is at work" in said(pod(node=""))[0]


@pytest.mark.parametrize(
    ("reason", "hint"),
    [("ImagePullBackOff", "correct the image"), ("CreateContainerConfigError", "create what it refers to")],
)
def test_a_container_that_cannot_start_says_why_and_what_to_do(reason: str, hint: str) -> None:
    [text] = said(pod(**waiting(reason, "words of the kubelet")))
    assert text.startswith(f"Pod shop/web-1 container envoy: {reason}: words of the kubelet; {hint}")


def test_a_container_that_ends_again_and_again_names_its_last_end_and_its_log() -> None:
    last = {"lastState": {"terminated": {"exitCode": 3, "reason": "Error"}}}
    [text] = said(pod(phase="Running", **waiting("CrashLoopBackOff", "back-off 10s", **last)))
    assert "CrashLoopBackOff: ended with exit code 3: Error" in text
    assert "kubectl logs -n shop web-1 -c envoy --previous" in text


def test_a_container_that_was_killed_for_its_memory_needs_more_of_it() -> None:
    last = {"lastState": {"terminated": {"exitCode": 137, "reason": "OOMKilled"}}}
    assert said(pod(**waiting("CrashLoopBackOff", **last)))[0].endswith("; give it more memory")


def test_a_container_that_runs_and_is_not_ready_says_what_its_probe_said() -> None:
    running = {"containerStatuses": [{"name": "envoy", "ready": False, "state": {"running": {}}}]}
    [silent] = said(pod(phase="Running", **running))
    [told] = said(pod(phase="Running", **running), **{"web-1": "Readiness probe failed: 503"})
    assert "runs, and is not ready; kubectl logs" in silent
    assert "Readiness probe failed: 503; kubectl logs" in told


def test_a_pod_that_is_starting_is_not_yet_wrong_unless_an_event_says_so() -> None:
    starting = pod(**waiting("ContainerCreating"))
    assert said(starting) == ["Pod shop/web-1: is starting"]
    warned = said(starting, **{"web-1": 'configmap "web" not found'})
    assert warned == ['Pod shop/web-1 container envoy: configmap "web" not found']


def test_a_failed_pod_says_its_reason() -> None:
    failed = pod(phase="Failed", reason="Evicted", message="The node was low on memory.")
    assert said(failed) == ["Pod shop/web-1: failed: Evicted: The node was low on memory."]


def test_preparing_containers_count_too() -> None:
    broken = {"name": "init", "state": {"terminated": {"exitCode": 1}}}
    [text] = said(pod(initContainerStatuses=[broken]))
    assert "container init: ended with exit code 1" in text


def test_what_many_pods_say_is_said_once() -> None:
    [text] = said(*(pod(f"web-{number}", **waiting("ErrImagePull", "no such image")) for number in range(3)))
    assert "no such image (and 2 more like it)" in text
