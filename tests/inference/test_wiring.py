"""References to pickers that are given to pools, where the inputs ask for that."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from gwdeployer.cluster import Action, DryRunCluster, ReconcileResult
from gwdeployer.errors import Conflict, ServerFailure
from gwdeployer.objects import Object
from gwdeployer.plugins import configure
from gwdeployer_inference import INFERENCE_POOL, InferencePlugin
from tests.cluster.recording import Sent
from tests.inference.numbers import case
from tests.inference.scenarios import alpha_pool, pool
from tests.inference.world import SERVICE, World

Make = Callable[..., World]
GIVEN = {
    "group": "",
    "kind": "Service",
    "name": "qwen-epp",
    "port": {"number": 9002},
    "failureMode": "FailClose",
}


@pytest.fixture
def world(make_world: Make) -> World:
    return make_world(wireRef=True)


def unreferred(**annotations: str) -> Object:
    """Return a pool that names no picker, and asks for one unless it is said otherwise."""
    marks = {f"gwdeployer.dev/{name}": value for name, value in ({"managed": "true"} | annotations).items()}
    return pool(ref={}, annotations=marks)


def ref_of(obj: Object) -> object:
    return obj["spec"].get("endpointPickerRef")


@case(5)
def test_a_pool_is_never_written_to_where_nobody_asks_for_it(make_world: Make) -> None:
    world = make_world()
    before = world.put(unreferred())
    world.reconcile()
    assert "InferencePool" not in {sent.kind for sent in world.cluster.writes}
    assert world.pool() == before


@case(5)
def test_a_pool_without_reference_is_given_one_once_the_service_is_there(world: World) -> None:
    world.put(unreferred())
    result = world.reconcile()
    [sent] = [sent for sent in world.cluster.writes if sent.kind == "InferencePool"]
    assert sent is world.cluster.writes[-1]
    assert sent.manager == "gwdeployer.dev/gateway-controller-reference"
    assert sent.body["spec"] == {"endpointPickerRef": {"name": "qwen-epp", "port": {"number": 9002}}}
    assert ref_of(world.pool()) == GIVEN
    assert result.deployed is not None
    assert str(result.deployed.outcomes[-1]) == f"InferencePool {world.namespace}/qwen configured"
    world.reconcile()
    assert world.written == []


def test_a_reference_that_somebody_has_said_stays(world: World) -> None:
    before = world.put(pool(ref={"name": "my-picker", "port": {"number": 9003}}))
    world.reconcile()
    assert world.pool() == before


def test_an_owner_read_before_it_was_wired_is_not_written_again(world: World) -> None:
    read = world.put(unreferred())
    world.reconcile()
    world.reconcile(read)
    assert world.written == []


def test_a_reference_of_ours_goes_when_the_pool_leaves_our_hands(world: World) -> None:
    world.put(unreferred())
    world.reconcile()
    world.put(unreferred(managed="false"))
    world.reconcile()
    assert ref_of(world.pool()) is None
    assert world.there(SERVICE, "qwen-epp") is None
    world.reconcile()
    assert world.written == []


def test_a_reference_that_looks_like_ours_and_is_somebody_elses_stays(world: World) -> None:
    world.put(pool(annotations={}))
    world.reconcile()
    assert ref_of(world.pool()) == GIVEN
    assert world.written == []


def test_a_reference_that_somebody_has_changed_is_theirs(world: World) -> None:
    world.put(unreferred())
    world.reconcile()
    changed = pool(annotations={"gwdeployer.dev/managed": "false"}, ref={"name": "x", "port": {"number": 1}})
    world.put(changed)
    world.reconcile()
    assert ref_of(world.pool()) == GIVEN | {"name": "x", "port": {"number": 1}}


def test_a_dry_run_shows_it_and_writes_nothing(world: World) -> None:
    before = world.put(unreferred())
    rehearsal = DryRunCluster(world.direct)
    [plugin] = configure([InferencePlugin], {"inference": {"wireRef": True}}, cluster=rehearsal)
    plugin.route(before, world.store).reconcile(before, world.store)  # type: ignore[union-attr]
    [change] = [change for change in rehearsal.changes if change.ref.kind == INFERENCE_POOL]
    assert change.after is not None
    assert ref_of(change.after) == GIVEN
    assert world.pool() == before


def failing(world: World, error: Exception) -> ReconcileResult:
    """Reconcile while the reference cannot be written."""

    def refuse(_number: int, sent: Sent) -> None:
        if (sent.verb, sent.kind) == ("apply", "InferencePool"):
            raise error

    owner = world.put(unreferred())
    world.cluster.before = refuse
    return world.deployer.reconcile(owner, world.store)


def test_what_keeps_it_from_being_written_is_an_error_of_the_pool(world: World) -> None:
    result = failing(world, ServerFailure("the server is busy"))
    assert [str(error) for error in result.errors] == ["the server is busy"]
    assert result.deployed is not None
    assert result.deployed.outcomes[-1].action is Action.FAILED


def test_a_pool_that_was_written_meanwhile_is_no_error(world: World) -> None:
    assert failing(world, Conflict("it is another one by now")).errors == ()


@case(19)
def test_a_pool_that_goes_between_read_and_write_is_no_error_and_does_not_come_back(world: World) -> None:
    def delete(_number: int, sent: Sent) -> None:
        if (sent.verb, sent.kind) == ("apply", "InferencePool"):
            world.delete_pool()

    world.put(unreferred())
    owner = world.pool()
    world.cluster.before = delete
    assert world.deployer.reconcile(owner, world.store).errors == ()
    assert world.written[-1] == "apply InferencePool"
    assert world.there(INFERENCE_POOL, "qwen") is None


def test_a_pool_of_the_alpha_api_always_has_a_reference(world: World) -> None:
    owner = world.put(alpha_pool())
    world.deployer_of(owner).reconcile(owner, world.store)
    assert not [sent for sent in world.cluster.writes if sent.kind == "InferencePool" and "spec" in sent.body]
