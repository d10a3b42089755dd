"""Tiers in order, objects of one in parallel with a bound, every outcome reported, owners released last."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator

import pytest

from gwdeployer.cluster import Action
from gwdeployer.cluster.applying import _hold_once
from gwdeployer.cluster.patience import Patience
from gwdeployer.cluster.writer import PARALLEL, Writer
from gwdeployer.errors import Forbidden, Interrupted, KindNotInstalled, ServerFailure
from gwdeployer.objects import Object, ObjectRef
from gwdeployer.objects.owners import Owner
from gwdeployer.plan import Plan
from gwdeployer.store import MemoryStore
from tests.cluster_unit.fake import (
    CLUSTER_ROLE,
    CONFIG_MAP,
    DAEMON_SET,
    DEPLOYMENT,
    OURS,
    OWNER_UID,
    SECRET,
    SERVICE,
    SITE,
    FakeCluster,
    thing,
)

OWNER = Owner(ObjectRef(SITE, "shop", "s"), OWNER_UID)
FINALIZED = Owner(OWNER.ref, OWNER_UID, finalized=True)


@pytest.fixture
def cluster() -> FakeCluster:
    return FakeCluster()


@pytest.fixture
def writer(cluster: FakeCluster) -> Iterator[Writer]:
    made = Writer(cluster, OURS)
    yield made
    made.close()


def deploy(
    writer: Writer, *objects: Object, owner: Owner = OWNER, **arguments: object
) -> list[tuple[str, str]]:
    live = arguments.pop("live", None)
    plan = Plan(owner.ref, objects, **arguments)  # type: ignore[arg-type]
    result = writer.deploy(owner, plan, live, Patience())  # type: ignore[arg-type]
    return [(outcome.ref.kind.kind, outcome.action.value) for outcome in result.outcomes]


def test_tiers_go_in_order_and_outcomes_are_in_the_plans(writer: Writer, cluster: FakeCluster) -> None:
    done = deploy(writer, thing(DEPLOYMENT), thing(SERVICE), thing(CONFIG_MAP), live=MemoryStore())
    assert cluster.requests == ["apply ConfigMap web", "apply Service web", "apply Deployment web"]
    assert done == [("Deployment", "created"), ("Service", "created"), ("ConfigMap", "created")]


def test_objects_of_one_tier_go_in_parallel_with_a_bound(writer: Writer, cluster: FakeCluster) -> None:
    lock, together, most, going = threading.Lock(), threading.Barrier(PARALLEL), 0, 0

    def fail(_request: str) -> None:
        nonlocal most, going
        with lock:
            going += 1
            most = max(most, going)
        together.wait(5)
        with lock:
            going -= 1

    cluster.fail = fail
    objects = [thing(CONFIG_MAP, f"c{number}") for number in range(2 * PARALLEL)]
    assert len(deploy(writer, *objects, live=MemoryStore())) == 2 * PARALLEL
    assert most == PARALLEL


def test_what_fails_does_not_keep_the_rest_from_going_on(writer: Writer, cluster: FakeCluster) -> None:
    cluster.put(thing(SERVICE, mine=False))

    def fail(request: str) -> None:
        if request == "apply ConfigMap web":
            raise Forbidden("no")

    cluster.fail = fail
    done = deploy(writer, thing(CONFIG_MAP), thing(SERVICE), thing(DEPLOYMENT))
    assert done == [("ConfigMap", "failed"), ("Service", "refused"), ("Deployment", "created")]


def not_installed(request: str) -> None:
    if request == "apply Service web":
        raise KindNotInstalled("is not served", delay=60)


def test_what_a_plan_can_do_without_is_skipped_with_a_warning(writer: Writer, cluster: FakeCluster) -> None:
    cluster.fail = not_installed
    plan = Plan(OWNER.ref, (thing(CONFIG_MAP), thing(SERVICE)), optional=frozenset({SERVICE}))
    result = writer.deploy(OWNER, plan, None, Patience())
    assert [outcome.action for outcome in result.outcomes] == [Action.CREATED, Action.SKIPPED]
    assert result.errors == ()
    assert [str(warning) for warning in result.warnings] == ["is not served"]
    assert str(result.outcomes[1]) == "Service shop/web skipped: is not served"


def test_another_kind_that_is_not_installed_is_an_error(writer: Writer, cluster: FakeCluster) -> None:
    cluster.fail = not_installed
    optional = frozenset({DEPLOYMENT})
    assert deploy(writer, thing(SERVICE), optional=optional) == [("Service", "failed")]


def test_what_is_as_planned_takes_no_request(writer: Writer, cluster: FakeCluster) -> None:
    plan = [thing(CONFIG_MAP, data={"a": "1"}), thing(SERVICE, spec={"a": 1})]
    live = MemoryStore()
    deploy(writer, *plan, live=live)
    cluster.requests.clear()
    assert [action for _, action in deploy(writer, *plan, live=live)] == ["unchanged"] * 2
    for obj in cluster.objects.values():
        live.add(obj)
    assert [action for _, action in deploy(writer, *plan, live=live)] == ["unchanged"] * 2
    assert cluster.requests == []


def test_what_the_server_makes_of_a_plan_is_accepted(writer: Writer, cluster: FakeCluster) -> None:
    cluster.stored = lambda obj: {**obj, "spec": {"policy": "Default"}}
    plan = thing(SERVICE, spec={"policy": ""})
    assert deploy(writer, plan) == [("Service", "created")]
    for _ in range(9):
        assert deploy(writer, plan) == [("Service", "unchanged")]
    ref = ObjectRef.of(plan)
    cluster.objects[ref] = {**cluster.objects[ref], "spec": {"policy": "Changed"}}
    assert deploy(writer, plan) == [("Service", "configured")]


def test_what_is_deleted_again_and_again_is_left_for_a_while(writer: Writer, cluster: FakeCluster) -> None:
    plan = thing(CONFIG_MAP)
    actions = []
    for _ in range(7):
        actions += deploy(writer, plan)
        cluster.objects.clear()
    assert [action for _, action in actions] == ["created"] * 6 + ["failed"]


def test_what_is_made_once_is_adopted_as_it_is(writer: Writer, cluster: FakeCluster) -> None:
    cluster.put(thing(SECRET, mine=False, data={"key": "b2xk"}))
    owner = Owner(OWNER.ref, OWNER_UID, adopted=frozenset({("Secret", "web")}))
    plan = thing(SECRET, stringData={"key": "new"})
    once = frozenset({ObjectRef.of(plan)})
    assert deploy(writer, plan, owner=owner, create_only=once) == [("Secret", "configured")]
    assert cluster.requests == ["get Secret web", "apply Secret web"]
    assert "data" not in cluster.bodies[-1]


def test_the_finalizer_comes_before_what_is_cluster_scoped(writer: Writer, cluster: FakeCluster) -> None:
    cluster.put({**thing(SITE, "s", mine=False)})
    cluster.objects[OWNER.ref]["metadata"]["uid"] = OWNER_UID
    deploy(writer, thing(CLUSTER_ROLE), thing(CONFIG_MAP))
    assert cluster.requests[0] == "apply Site s"
    cluster.requests.clear()
    deploy(writer, thing(CLUSTER_ROLE), owner=FINALIZED)
    deploy(writer, thing(CONFIG_MAP))
    assert "apply Site s" not in cluster.requests


def test_without_it_nothing_cluster_scoped_is_made(writer: Writer, cluster: FakeCluster) -> None:
    def fail(request: str) -> None:
        if request == "apply Site s":
            raise Forbidden("no")

    cluster.fail = fail
    assert deploy(writer, thing(CLUSTER_ROLE), thing(CONFIG_MAP)) == [
        ("ClusterRole", "failed"),
        ("ConfigMap", "created"),
    ]


def test_a_finalizer_of_the_past_makes_nothing_cluster_scoped(writer: Writer, cluster: FakeCluster) -> None:
    plan = thing(CLUSTER_ROLE), thing(CLUSTER_ROLE, "other"), thing(CONFIG_MAP)
    result = writer.deploy(FINALIZED, Plan(OWNER.ref, plan), None, Patience())
    assert [outcome.action.value for outcome in result.outcomes] == ["failed", "failed", "created"]
    assert "Site shop/s: is gone, or another one of its name by now" in str(result.errors[0])
    assert "apply ClusterRole web" not in cluster.requests


def test_a_finalizer_is_asked_for_once_and_only_where_something_new_needs_it(
    writer: Writer, cluster: FakeCluster
) -> None:
    cluster.put({**thing(SITE, "s", mine=False)})
    cluster.objects[OWNER.ref]["metadata"]["uid"] = OWNER_UID
    deploy(writer, thing(CLUSTER_ROLE), thing(CLUSTER_ROLE, "other"), owner=FINALIZED)
    assert cluster.requests.count("apply Site s") == 1
    cluster.requests.clear()
    deploy(writer, thing(CLUSTER_ROLE), thing(CLUSTER_ROLE, "other"), owner=FINALIZED)
    assert "apply Site s" not in cluster.requests


def prune(writer: Writer, *planned: Object, live: MemoryStore | None = None) -> object:
    kinds = [CONFIG_MAP, DEPLOYMENT, DAEMON_SET, CLUSTER_ROLE]
    return writer.prune(FINALIZED, [*map(ObjectRef.of, planned)], kinds, live, Patience())


def test_the_owner_is_released_after_the_last_cluster_scoped_object(
    writer: Writer, cluster: FakeCluster
) -> None:
    cluster.put(thing(CLUSTER_ROLE))
    prune(writer, thing(CONFIG_MAP))
    assert cluster.requests[-2:] == ["delete ClusterRole web", "apply Site s"]


def test_the_owner_is_not_released_while_one_is_planned(writer: Writer, cluster: FakeCluster) -> None:
    prune(writer, thing(CLUSTER_ROLE))
    assert "apply Site s" not in cluster.requests


def test_the_owner_is_not_released_while_one_has_to_wait(writer: Writer, cluster: FakeCluster) -> None:
    for obj in (thing(CLUSTER_ROLE), thing(DEPLOYMENT, spec={})):
        cluster.put(obj)
    prune(writer, thing(DAEMON_SET))
    assert "delete ClusterRole web" not in cluster.requests
    assert "apply Site s" not in cluster.requests


def test_the_owner_is_not_released_where_one_cannot_be_deleted(writer: Writer, cluster: FakeCluster) -> None:
    cluster.put(thing(CLUSTER_ROLE))

    def fail(request: str) -> None:
        if request.startswith("delete"):
            raise Interrupted("no")

    cluster.fail = fail
    prune(writer)
    assert "apply Site s" not in cluster.requests


def test_a_cache_that_is_behind_hides_no_cluster_scoped_object_from_the_release(
    writer: Writer, cluster: FakeCluster
) -> None:
    cluster.put(thing(CLUSTER_ROLE))
    prune(writer, live=MemoryStore())
    assert cluster.requests == ["list ClusterRole", "delete ClusterRole web", "apply Site s"]


def test_what_an_owner_has_that_is_deleted_alone_stays(writer: Writer, cluster: FakeCluster) -> None:
    cluster.put(thing(CONFIG_MAP))
    alone = Owner(OWNER.ref, OWNER_UID, finalized=True, deleting=True, orphans=True)
    result = writer.prune(alone, [], [CONFIG_MAP, CLUSTER_ROLE], None, Patience())
    assert result.deleted == ()
    assert cluster.requests == ["apply Site s"]


def test_a_release_that_fails_is_reported(writer: Writer, cluster: FakeCluster) -> None:
    def fail(request: str) -> None:
        if request == "apply Site s":
            raise Forbidden("no")

    cluster.fail = fail
    result = writer.prune(FINALIZED, [], [CONFIG_MAP], None, Patience())
    assert [str(error) for error in result.errors] == ["no"]


def test_a_writer_can_be_used_after_it_was_closed(writer: Writer) -> None:
    writer.close()
    assert deploy(writer, thing(CONFIG_MAP, "a"), thing(CONFIG_MAP, "b")) == [("ConfigMap", "created")] * 2


def test_a_cancelled_deploy_says_so_of_every_object(writer: Writer, cluster: FakeCluster) -> None:
    cancel = threading.Event()
    cancel.set()
    plan = Plan(OWNER.ref, (thing(CONFIG_MAP), thing(SERVICE)))
    result = writer.deploy(OWNER, plan, None, Patience(cancel=cancel))
    assert [type(error) for error in result.errors] == [Interrupted, Interrupted]
    assert {outcome.action for outcome in result.outcomes} == {Action.FAILED}
    assert cluster.requests == []


def test_a_request_that_failed_for_a_moment_is_no_error(writer: Writer, cluster: FakeCluster) -> None:
    left = [ServerFailure("no")]

    def fail(_request: str) -> None:
        if left:
            raise left.pop()

    cluster.fail = fail
    assert deploy(writer, thing(CONFIG_MAP)) == [("ConfigMap", "created")]


def deployed_again(
    writer: Writer, cluster: FakeCluster, plan: Object, **labels: str
) -> tuple[Object, Object]:
    """Return a plan made anew, and the live object that it was found to be; others have given it labels."""
    deploy(writer, plan)
    [there] = json.loads(json.dumps([*cluster.objects.values()]))
    there["metadata"].setdefault("labels", {}).update(labels)
    anew = json.loads(json.dumps(plan))
    assert [action for _, action in deploy(writer, anew, live=MemoryStore([there]))] == ["unchanged"]
    assert anew == plan
    return anew, there


def test_what_names_the_owner_is_held_once(writer: Writer, cluster: FakeCluster) -> None:
    plan = thing(CONFIG_MAP, data={"a": "1"})
    plan["metadata"]["labels"] = {"app": "web"}
    anew, live = (obj["metadata"] for obj in deployed_again(writer, cluster, plan))
    assert anew["labels"] is live["labels"]
    assert anew["ownerReferences"] is live["ownerReferences"]


def test_labels_of_others_are_not_planned(writer: Writer, cluster: FakeCluster) -> None:
    plan = thing(CONFIG_MAP, data={"a": "1"})
    plan["metadata"]["labels"] = {"app": "web"}
    anew, live = deployed_again(writer, cluster, plan, theirs="x")
    assert live["metadata"]["labels"] == {"app": "web", "theirs": "x"}
    assert anew["metadata"]["labels"] == {"app": "web"}


def test_a_long_text_that_is_live_is_held_once(writer: Writer, cluster: FakeCluster) -> None:
    plan = thing(CONFIG_MAP, data={"long": "configuration " * 100, "short": "1"})
    anew, live = deployed_again(writer, cluster, plan)
    assert anew["data"]["long"] is live["data"]["long"]


def test_what_other_plans_have_too_stays_as_it_is() -> None:
    shared = {"long": "configuration " * 100}
    planned: Object = {"metadata": {}, "data": shared}
    live = json.loads(json.dumps(planned))
    _hold_once(planned, live)
    assert planned["data"]["long"] is live["data"]["long"] is not shared["long"]
