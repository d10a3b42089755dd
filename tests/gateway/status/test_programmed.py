"""Is a Gateway programmed? Rules R1 to R4: only when a proxy runs that can be reached."""

from __future__ import annotations

from typing import Any

import pytest

from gwdeployer import (
    Action,
    Denied,
    Fault,
    Forbidden,
    ForeignObject,
    Interrupted,
    NotSynced,
    ObjectRef,
    Outcome,
    Plan,
    PruneResult,
)
from gwdeployer.cluster import DeployResult, ReconcileResult
from gwdeployer.errors import GwdeployerError
from tests.gateway.scenarios import gateway, listener, parameters, ref
from tests.gateway.status.world import NOW, World, conditions, listener_of, message, running


def deployed(owner_spec: dict[str, Any] | None = None, **state: Any) -> dict[str, Any]:
    """Return the status of a Gateway whose objects are in this state."""
    world = World(gateway(**(owner_spec or {})))
    world.deploy(world.gateway(), **state)
    return world.status()


def programmed(status: dict[str, Any]) -> tuple[str, str, str]:
    return *conditions(status)["Programmed"], message(status, "Programmed")


@pytest.mark.parametrize("mode", ["deploy", "gateway"])
def test_r1_r2_a_gateway_is_programmed_when_a_proxy_is_available_at_an_address(mode: str) -> None:
    assert programmed(running(mode=mode).status()) == ("True", "Programmed", "1/1 available")


def test_r2_one_available_replica_is_enough() -> None:
    assert programmed(deployed(available=1, wanted=2)) == ("True", "Programmed", "1/2 available")


def test_r3_no_available_replica_is_a_lack_of_resources() -> None:
    status = deployed(available=0, wanted=2)
    assert programmed(status) == ("False", "NoResources", "0/2 available")
    [http] = status["listeners"]
    assert conditions(http)["Programmed"] == ("False", "Pending")
    assert conditions(http)["Accepted"] == ("True", "Accepted")


@pytest.mark.parametrize("wanted", [0, None])
def test_r3_replicas_count_as_kubernetes_counts_them(wanted: int | None) -> None:
    shown = "0/0 available" if wanted == 0 else "0/1 available"
    assert programmed(deployed(available=0, wanted=wanted)) == ("False", "NoResources", shown)


def test_r3_what_kubernetes_says_of_missing_pods_is_passed_on() -> None:
    trouble = [
        {"type": "ReplicaFailure", "status": "True", "message": "exceeded quota: small"},
        {"type": "Progressing", "status": "False", "reason": "ProgressDeadlineExceeded"},
        {"type": "Available", "status": "False", "message": "not this one"},
    ]
    status = deployed(available=0, wanted=2, workload={"conditions": trouble})
    said = "0/2 available: exceeded quota: small; ProgressDeadlineExceeded"
    assert programmed(status) == ("False", "NoResources", said)


def test_a_rollout_that_is_stuck_is_told_while_the_old_proxies_serve() -> None:
    trouble = [{"type": "Progressing", "status": "False", "message": "has timed out progressing"}]
    status = deployed(available=1, wanted=1, workload={"conditions": trouble})
    assert programmed(status) == ("True", "Programmed", "1/1 available: has timed out progressing")


def test_a_workload_that_nobody_has_looked_at_yet_is_pending() -> None:
    status = deployed(available=0, workload={"observedGeneration": 0})
    assert programmed(status) == ("False", "Pending", "waiting for Deployment shop/web")


def test_replicas_of_the_former_generation_serve_as_well() -> None:
    status = deployed(available=1, workload={"observedGeneration": 0})
    assert programmed(status) == ("True", "Programmed", "1/1 available")


def test_objects_that_are_not_there_yet_are_waited_for() -> None:
    status = World(gateway()).status()
    said = "waiting for Service shop/web; waiting for Deployment shop/web"
    assert programmed(status) == ("False", "Pending", said)
    assert "addresses" not in status


def test_an_object_of_the_same_name_that_is_somebody_elses_says_nothing_of_us() -> None:
    world = running()
    for kind in ("Deployment", "Service"):
        [planned] = [obj for obj in world.plan(world.gateway()).objects if obj["kind"] == kind]
        [reference] = planned["metadata"]["ownerReferences"]
        theirs = {**planned["metadata"], "ownerReferences": [{**reference, "uid": "another"}]}
        world.add({**planned, "metadata": theirs, "status": {"availableReplicas": 1}})
    status = world.status()
    assert conditions(status)["Programmed"] == ("False", "Pending")
    assert "addresses" not in status


@pytest.mark.parametrize(
    ("available", "desired", "truth"), [(1, 3, "True"), (0, 3, "False"), (0, 0, "False")]
)
def test_r3_a_daemon_set_is_available_on_one_node(available: int, desired: int, truth: str) -> None:
    owner = gateway(infrastructure={"parametersRef": agentgateway_ref()})
    world = World(owner, daemon_set(), inputs={"dataPlane": "agentgateway"})
    world.deploy(world.gateway())
    [planned] = [obj for obj in world.plan(world.gateway()).objects if obj["kind"] == "DaemonSet"]
    numbers = {"numberAvailable": available, "desiredNumberScheduled": desired}
    world.add({**planned, "status": numbers})
    status = world.status()
    assert conditions(status)["Programmed"][0] == truth
    assert message(status, "Programmed") == f"{available}/{desired} available"


def agentgateway_ref() -> dict[str, str]:
    return {"group": "agentgateway.dev", "kind": "AgentgatewayParameters", "name": "web"}


def daemon_set() -> dict[str, Any]:
    return {
        "apiVersion": "agentgateway.dev/v1alpha1",
        "kind": "AgentgatewayParameters",
        "metadata": {"name": "web", "namespace": "shop"},
        "spec": {"workload": {"kind": "DaemonSet"}},
    }


def test_what_the_server_says_of_a_failed_apply_is_told_in_full() -> None:
    world = running()
    denied = Denied(Fault("exceeded quota: pods=3", subject="Deployment shop/web"))
    forbidden = Forbidden(Fault("cannot patch", subject="Service shop/web", hint="grant patch"))
    status = world.status("web", denied, forbidden)
    assert conditions(status)["Programmed"] == ("False", "DeploymentFailed")
    assert message(status, "Programmed") == (
        "Deployment shop/web: exceeded quota: pods=3; Service shop/web: cannot patch; grant patch; "
        "1/1 available"
    )
    assert conditions(status)["Accepted"] == ("True", "Accepted")
    assert conditions(listener_of(status, "http"))["Programmed"] == ("False", "Pending")
    assert conditions(world.status())["Programmed"] == ("True", "Programmed"), "it clears by itself"


def test_a_foreign_object_in_the_way_is_named_with_what_to_do() -> None:
    refusal = ForeignObject(Fault("is somebody else's", subject="Service shop/web", hint="adopt it"))
    status = running().status("web", refusal)
    assert programmed(status) == (
        "False",
        "DeploymentFailed",
        "Service shop/web: is somebody else's; adopt it; 1/1 available",
    )


def test_words_of_any_length_fit_into_a_condition() -> None:
    status = running().status("web", Denied(Fault("x" * 100_000)))
    assert len(message(status, "Programmed")) <= 32768


def outcome(world: World, **parts: Any) -> ReconcileResult:
    made = world.reconcile(world.gateway())
    return ReconcileResult(**{"owner": made.owner, "plan": made.plan, "deployed": made.deployed, **parts})


def test_an_object_that_must_go_first_is_waited_for() -> None:
    world = running()
    owner = ObjectRef.of(world.gateway())
    waiting = Outcome(ObjectRef.of(world.plan(world.gateway()).objects[-1]), Action.WAITING)
    made = outcome(world, deployed=DeployResult(owner, (waiting,)))
    status = world.plugin.status(world.gateway(), made, world.store, NOW)
    assert status is not None
    assert conditions(status)["Programmed"] == ("False", "Pending")
    assert "is being deleted, and will be made anew" in message(status, "Programmed")


def test_what_could_not_be_removed_is_told_of_a_gateway_that_runs() -> None:
    world = running()
    left = PruneResult(ObjectRef.of(world.gateway()), errors=(Forbidden("cannot delete"),))
    status = world.plugin.status(world.gateway(), outcome(world, pruned=left), world.store, NOW)
    assert status is not None
    said = ("True", "Programmed", "1/1 available; could not be removed: cannot delete")
    assert programmed(dict(status)) == said


@pytest.mark.parametrize("error", [NotSynced("caches are filling"), Interrupted("stopping")])
def test_nothing_is_said_of_a_reconcile_that_was_cut_short(error: GwdeployerError) -> None:
    world = running()
    made = outcome(world, plan=None, deployed=None, planning=error)
    assert world.plugin.status(world.gateway(), made, world.store, NOW) is None


def test_an_interruption_among_errors_is_not_told() -> None:
    status = running().status("web", Denied("no"), Interrupted("stopping"))
    assert message(status, "Programmed") == "no; 1/1 available"


def test_planning_that_may_succeed_later_does_not_make_parameters_invalid() -> None:
    world = running()
    made = outcome(world, plan=None, deployed=None, planning=Forbidden("cannot get GatewayParameters"))
    status = world.plugin.status(world.gateway(), made, world.store, NOW)
    assert status is not None
    assert conditions(status)["Accepted"] == ("True", "Accepted")
    assert programmed(dict(status)) == ("False", "Pending", "cannot get GatewayParameters")


@pytest.mark.parametrize("mode", ["deploy", "gateway"])
def test_of_a_self_managed_gateway_others_know_how_it_is(mode: str) -> None:
    spec: dict[str, Any] = {"infrastructure": {"parametersRef": ref()}, "addresses": [{"value": "192.0.2.7"}]}
    world = World(gateway(**spec), parameters({"selfManaged": {}}), mode=mode)
    status = world.status()
    assert conditions(status)["Accepted"] == ("True", "Accepted")
    assert programmed(status) == (
        "Unknown",
        "Pending",
        "its parameters say selfManaged: somebody else deploys the proxy",
    )
    assert status["addresses"] == [{"type": "IPAddress", "value": "192.0.2.7"}]


def test_what_a_self_managed_gateway_could_not_be_rid_of_is_told() -> None:
    owner = gateway(infrastructure={"parametersRef": ref()})
    world = World(owner, parameters({"selfManaged": {}}))
    left = PruneResult(ObjectRef.of(owner), errors=(Forbidden("cannot delete"),))
    status = world.plugin.status(world.gateway(), outcome(world, pruned=left), world.store, NOW)
    assert status is not None
    assert message(status, "Programmed").endswith("deploys the proxy; could not be removed: cannot delete")


@pytest.mark.parametrize("mode", ["deploy", "gateway"])
def test_l8_a_gateway_without_listeners_waits_and_keeps_what_it_had(mode: str) -> None:
    world = running(mode=mode)
    before = world.status()
    world.edit(listeners=[])
    status = world.status()
    assert conditions(status)["Accepted"] == ("True", "Accepted")
    said = "no listener has a port that can be served"
    assert programmed(status) == ("False", "Pending", said)
    assert status["addresses"] == before["addresses"]
    assert "listeners" not in status


def test_why_no_port_can_be_served_is_told() -> None:
    status = World(gateway(listeners=[listener(9091)]), mode="deploy").status()
    assert conditions(status)["Programmed"] == ("False", "Pending")
    assert "port 9091 is the proxy's own (metrics)" in message(status, "Programmed")


def test_a_plan_without_workload_and_service_has_nothing_to_wait_for() -> None:
    world = World(gateway())
    owner = ObjectRef.of(world.gateway())
    made = ReconcileResult(owner, Plan(owner), DeployResult(owner), PruneResult(owner))
    status = world.plugin.status(world.gateway(), made, world.store, NOW)
    assert status is not None
    assert programmed(dict(status)) == ("True", "Programmed", "deployed")
