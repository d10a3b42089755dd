"""What is written on statuses: of pools where we are the gateway implementation, and of parameters."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from gwdeployer import KindRef, MemoryStore, ObjectRef, RecordingStore
from gwdeployer.cluster import Action, DeployResult, Outcome, ReconcileResult
from gwdeployer.cluster.status_writing import write_status
from gwdeployer.errors import ParametersError
from gwdeployer.objects import Object
from gwdeployer.parameters.reporting import MAX_USERS
from gwdeployer.plugins import configure
from gwdeployer_inference import ENDPOINT_PICKER_PARAMETERS, INFERENCE_POOL, InferencePlugin
from gwdeployer_inference.reporting import ParametersReporter
from tests.inference.gateways import OURS, backend, gateway, gateway_class, grant, route
from tests.inference.scenarios import alpha_pool, deployer_of, namespace, parameters, pool, service
from tests.inference.world import World
from tests.servers.servers import Server

NOW = "2026-01-02T00:00:00Z"
SERVICE = KindRef("", "v1", "Service")
AROUND = (gateway_class(), gateway(), route())
PICKER = {**service(owner="uid-qwen"), "spec": {"ports": [{"port": 9002}]}}
WEB = {"group": "gateway.networking.k8s.io", "kind": "Gateway", "namespace": "ml", "name": "web"}
FOREIGN = {"parentRef": WEB, "controllerName": "example.com/other", "conditions": []}


def plugin(mode: str = "gateway") -> InferencePlugin:
    [made] = configure([InferencePlugin], {"inference": {"mode": mode}})
    assert isinstance(made, InferencePlugin)
    return made


def status(
    owner: Object, *others: Object, mode: str = "gateway", deployed: DeployResult | None = None
) -> Mapping[str, Any] | None:
    """Return the status after a reconcile among other objects."""
    store = MemoryStore([owner, *others])
    ref = ObjectRef.of(owner)
    try:
        outcome = ReconcileResult(ref, deployer_of(owner).plan(owner, store), deployed)
    except ParametersError as error:
        outcome = ReconcileResult(ref, planning=error)
    return plugin(mode).status(owner, outcome, store, NOW)


def said(found: Mapping[str, Any] | None) -> dict[str, str]:
    """Return the reasons of the conditions of the last entry."""
    assert found is not None
    parent = found["parents"][-1]
    assert (parent["parentRef"], parent["controllerName"]) == (WEB, OURS)
    return {one["type"]: one["reason"] for one in parent["conditions"]}


FINE = {"Accepted": "Accepted", "ResolvedRefs": "ResolvedRefs"}


def test_nothing_is_said_by_who_only_deploys() -> None:
    assert status(pool(), *AROUND, PICKER, mode="deploy") is None


def test_a_pool_that_a_gateway_of_ours_serves_is_accepted() -> None:
    assert said(status(pool(), *AROUND, PICKER)) == FINE


def test_a_picker_of_somebody_else_is_as_good() -> None:
    foreign = {**PICKER, "metadata": {**PICKER["metadata"], "ownerReferences": []}}
    assert said(status(pool(annotations={}), *AROUND, foreign)) == FINE


def test_a_service_that_is_not_there_cannot_be_resolved() -> None:
    assert said(status(pool(), *AROUND)) == FINE | {"ResolvedRefs": "InvalidExtensionRef"}


def test_a_service_that_has_just_been_deployed_counts_before_a_cache_has_seen_it() -> None:
    made = Outcome(ObjectRef(SERVICE, "ml", "qwen-epp"), Action.CREATED, live=PICKER)
    deployed = DeployResult(ObjectRef.of(pool()), (made,))
    assert said(status(pool(), *AROUND, deployed=deployed)) == FINE


@pytest.mark.parametrize(("managed", "reason"), [("true", "Accepted"), ("false", "EndpointPickerRefMissing")])
def test_a_pool_without_reference_is_accepted_where_we_deploy_its_picker(managed: str, reason: str) -> None:
    owner = pool(ref={}, annotations={"gwdeployer.dev/managed": managed})
    assert said(status(owner, *AROUND))["Accepted"] == reason


def test_a_pool_that_cannot_be_planned_has_its_status_all_the_same() -> None:
    owner = pool(annotations={"gwdeployer.dev/parameters": "missing"})
    assert said(status(owner, *AROUND, PICKER)) == FINE


def test_a_route_of_another_namespace_counts_with_a_grant() -> None:
    elsewhere = route(
        namespace="web",
        rules=[{"backendRefs": [backend(namespace="ml")]}],
        parents=[{"name": "web", "namespace": "ml"}],
    )
    assert said(status(pool(), gateway_class(), gateway(), elsewhere, PICKER, grant())) == FINE
    assert status(pool(), gateway_class(), gateway(), elsewhere, PICKER) == {}


def test_entries_of_others_stay_and_those_of_ours_go_with_the_last_route() -> None:
    owner = pool()
    owner["status"] = {"parents": [FOREIGN], "more": "of somebody"}
    served = status(owner, *AROUND, PICKER)
    assert served is not None
    assert served["parents"][0] == FOREIGN
    owner["status"] = dict(served)
    assert status(owner, gateway_class(), gateway(), PICKER) == {"parents": [FOREIGN], "more": "of somebody"}


def test_a_status_that_is_right_stays_to_the_letter() -> None:
    owner = pool()
    owner["status"] = dict(status(owner, *AROUND, PICKER) or {})
    assert status(owner, *AROUND, PICKER) == owner["status"]


@pytest.mark.parametrize("owner", [alpha_pool(), pool()])
def test_pools_whose_entries_are_nobodys_and_pools_that_go_are_left_alone(owner: Object) -> None:
    if owner["apiVersion"] == INFERENCE_POOL.api_version:
        owner["metadata"]["deletionTimestamp"] = NOW
    assert status(owner, *AROUND, PICKER) is None


def test_everything_that_is_read_is_observed() -> None:
    store = RecordingStore(MemoryStore([pool(), *AROUND, PICKER, grant()]))
    made = plugin()
    made.status(pool(), ReconcileResult(ObjectRef.of(pool())), store, NOW)
    assert {read.kind for read in store.reads} <= {*made.reads, *made.observes}
    assert plugin("deploy").observes == ()


# --- Parameters -------------------------------------------------------------------------------------------


def reported(obj: Object, *others: Object) -> Mapping[str, Any]:
    [reporter] = plugin().reporters()
    found = reporter.status(obj, MemoryStore([obj, *others]), NOW)
    assert found is not None
    return found


def test_parameters_that_can_be_used_say_so_and_by_whom() -> None:
    naming = {"gwdeployer.dev/parameters": "qwen"}
    users = pool(annotations=naming), alpha_pool("llama", annotations=naming), pool("other")
    found = reported(parameters(replicas=2), namespace(parameters="qwen"), *users)
    assert [(one["type"], one["status"]) for one in found["conditions"]] == [("Accepted", "True")]
    assert found["usedBy"] == ["Namespace ml", "InferencePool ml/qwen", "InferencePool ml/llama"]


def test_parameters_with_a_fault_name_it() -> None:
    found = reported(parameters(replicas=-1))
    [accepted] = found["conditions"]
    assert (accepted["status"], accepted["reason"]) == ("False", "InvalidParameters")
    assert "spec.replicas" in accepted["message"]
    assert found["usedBy"] == []


def test_users_are_counted_where_there_are_many() -> None:
    naming = {"gwdeployer.dev/parameters": "qwen"}
    users = [pool(f"p-{number}", annotations=naming) for number in range(MAX_USERS + 3)]
    found = reported(parameters(), *users)["usedBy"]
    assert len(found) == MAX_USERS + 1
    assert found[-1] == "and 3 more"


# --- On a server ------------------------------------------------------------------------------------------


def test_the_server_takes_the_status_of_a_pool(routes: Server, make_world: Callable[..., World]) -> None:
    world = make_world(mode="gateway", controllerName=f"example.com/{routes.namespace()}")
    world.look_everywhere()
    controller = world.plugin.inputs.controller_name
    gateway_of_ours = gateway(gatewayClassName=controller.partition("/")[2])
    world.direct.apply(gateway_class(controller.partition("/")[2], controller), manager="user", force=True)
    for obj in (gateway_of_ours, route(), pool()):
        world.put(obj)
    result = world.reconcile()
    owner = world.pool()
    found = world.plugin.status(owner, result, world.store, NOW)
    assert found is not None
    assert write_status(world.cluster, owner, found, controller) is not None
    [parent] = world.pool()["status"]["parents"]
    assert [(one["type"], one["status"]) for one in parent["conditions"]] == [
        ("Accepted", "True"),
        ("ResolvedRefs", "True"),
    ]
    assert write_status(world.cluster, world.pool(), found, controller) is None


def test_the_server_keeps_the_status_of_parameters(world: World) -> None:
    obj = world.put(parameters(replicas=2))
    world.put(pool(annotations={"gwdeployer.dev/parameters": "qwen"}))
    found = ParametersReporter().status(obj, world.store, NOW)
    write_status(world.cluster, obj, found, "tests")
    stored = world.there(ENDPOINT_PICKER_PARAMETERS, "qwen")
    assert stored is not None
    assert stored["status"] == found
    assert found["usedBy"] == [f"InferencePool {world.namespace}/qwen"]
