"""Why workloads have no pods, Services no address, and owners no controller."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from gwdeployer.diagnosis.infrastructure import notes_of, service_faults, workload_faults
from gwdeployer.diagnosis.leadership import controller_faults, holder_of, lease_ref
from gwdeployer.diagnosis.verdicts import Verdict, verdict_of
from gwdeployer.objects import Object

NOW = datetime(2026, 11, 21, 6, 0, 30, tzinfo=UTC)
SILENT = verdict_of({"metadata": {}})


def workload(kind: str = "Deployment", **status: Any) -> Object:
    return {
        "apiVersion": "apps/v1",
        "kind": kind,
        "metadata": {"name": "web", "namespace": "shop", "generation": 1},
        "spec": {"replicas": 1},
        "status": {"observedGeneration": 1, **status},
    }


def event(
    kind: str, name: str, note: str, *, at: str = "2026-11-21T06:00:00Z", type_: str = "Warning"
) -> Object:
    regarding = {"kind": kind, "name": name}
    return {"type": type_, "note": note, "regarding": regarding, "deprecatedLastTimestamp": at}


def said(obj: Object, *events: Object, pods: tuple[Object, ...] = ()) -> list[str]:
    return [str(fault) for fault in workload_faults(obj, pods, notes_of(events))]


# --- workloads ---------------------------------------------------------------------------------------------


def test_a_workload_with_all_its_pods_is_nothing_to_mend() -> None:
    assert said(workload(availableReplicas=1)) == []


def test_a_new_version_that_does_not_start_is_told_though_the_former_one_serves() -> None:
    status = {"conditions": [{"type": "PodScheduled", "status": "False", "message": "no such disk"}]}
    new = {"kind": "Pod", "metadata": {"name": "web-2", "namespace": "shop"}, "spec": {}, "status": status}
    [text] = said(workload(availableReplicas=1), pods=[new])
    assert "has no node: no such disk; add nodes" in text
    starting = {**new, "spec": {"nodeName": "one"}, "status": {}}
    assert said(workload(availableReplicas=1), pods=[starting]) == []


def test_pods_that_are_refused_say_by_what() -> None:
    refused = {"type": "ReplicaFailure", "status": "True", "message": "exceeded quota: small"}
    [text] = said(workload(conditions=[refused]))
    assert text == (
        "Deployment shop/web: pods are refused: exceeded quota: small; "
        "raise the quota, or change what refuses its pods"
    )


def test_a_workload_without_pods_says_what_events_of_it_say() -> None:
    [own] = said(workload("DaemonSet", desiredNumberScheduled=1), event("DaemonSet", "web", "denied"))
    [of_its_set] = said(workload(), event("ReplicaSet", "web-5d9c", "denied"))
    [of_another] = said(workload(), event("ReplicaSet", "other-5d9c", "denied"))
    assert "has no pods: denied" in own
    assert "has no pods: denied" in of_its_set
    assert "has no pods yet; see whether kube-controller-manager is at work" in of_another


def test_a_daemon_set_that_no_node_is_for_says_so() -> None:
    assert "no node is one that it may run on" in said(workload("DaemonSet"))[0]


def test_what_its_pods_say_comes_before_what_the_workload_says() -> None:
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "web-1", "namespace": "shop"}}
    assert "Pod shop/web-1: has no node yet" in said(workload(), pods=(pod,))[0]


def test_pods_that_are_ready_but_not_all_available_yet_are_a_rollout() -> None:
    ready = {"conditions": [{"type": "Ready", "status": "True"}]}
    pod = {"kind": "Pod", "metadata": {"name": "web-1"}, "status": ready}
    assert said(workload(), pods=(pod,)) == ["Deployment shop/web: is rolling out: 0/1 pods are available"]


def test_the_last_warning_about_an_object_counts() -> None:
    later = event("Service", "web", "later", at="2026-11-21T06:00:05Z")
    normal = event("Service", "web", "fine", at="2026-11-21T06:00:09Z", type_="Normal")
    series = {**event("Pod", "web", "series"), "series": {"lastObservedTime": "2026-11-21T07:00:00Z"}}
    notes = notes_of([series, later, event("Service", "web", "first"), normal, event("Pod", "web", "old")])
    assert notes == {("Service", "web"): "later", ("Pod", "web"): "series"}


# --- Services ----------------------------------------------------------------------------------------------


def service(type_: str = "LoadBalancer", *ingress: Any) -> Object:
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "web", "namespace": "shop"},
        "spec": {"type": type_},
        "status": {"loadBalancer": {"ingress": list(ingress)}},
    }


def test_a_service_waits_for_an_address_only_of_a_load_balancer() -> None:
    for well in (service("ClusterIP"), service("LoadBalancer", {"ip": "192.0.2.1"})):
        assert list(service_faults(well, {})) == []
    [fault] = service_faults(service(), {})
    assert "waits for a load balancer" in fault.message
    assert "MetalLB" in fault.hint


def test_a_service_says_what_the_load_balancer_said() -> None:
    [fault] = service_faults(service(), {("Service", "web"): "quota of addresses exceeded"})
    assert fault.message.endswith(": quota of addresses exceeded")


# --- the controller ----------------------------------------------------------------------------------------


def lease(holder: str = "one", renewed: str = "2026-11-21T06:00:20.000000Z") -> Object:
    return {"spec": {"holderIdentity": holder, "renewTime": renewed, "leaseDurationSeconds": 15}}


def absent(verdict: Verdict, found: Object | None) -> list[str]:
    return [str(fault) for fault in controller_faults(verdict, found, lease_ref("ops", "gw"), NOW)]


@pytest.mark.parametrize("found", [None, {}, lease(holder=""), lease(renewed="2026-11-21T06:00:10.000000Z")])
def test_nobody_holds_a_lease_that_is_missing_empty_or_over(found: Object | None) -> None:
    assert holder_of(found, NOW) == ""
    assert "nobody holds Lease ops/gw: no controller is at work" in absent(SILENT, found)[0]


def test_where_there_never_was_a_lease_a_controller_is_to_be_installed() -> None:
    assert "gwdeployer manifests" in absent(SILENT, None)[0]
    assert "see the log of its pods in namespace ops" in absent(SILENT, lease(holder=""))[0]


def test_a_controller_that_holds_it_and_says_nothing_is_named() -> None:
    [text] = absent(SILENT, lease())
    assert "though one holds Lease ops/gw; see its log" in text


def test_a_status_that_is_about_the_owner_as_it_is_needs_no_lease() -> None:
    assert absent(Verdict(False, "Accepted", "Invalid"), None) == []
    assert absent(Verdict(True, "Accepted"), None) == []
