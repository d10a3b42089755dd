"""What is believed to be there: a cache, corrected by the answers to our own writes."""

from __future__ import annotations

import pytest

from gwdeployer.cluster import live as module
from gwdeployer.cluster.live import CONTROLLED_BY, TRUSTED_FOR, Answers, ClusterStore, LiveView
from gwdeployer.errors import KindNotInstalled, NotSynced, ServerFailure
from gwdeployer.objects import KindRef, Object, ObjectRef
from gwdeployer.store import Lookup, MemoryStore
from tests.cluster_unit.clock import Clock
from tests.cluster_unit.fake import CLUSTER_ROLE, CONFIG_MAP, OWNER_UID, FakeCluster, thing

REF = ObjectRef(CONFIG_MAP, "shop", "web")


def version(number: int, uid: str = "u") -> Object:
    obj = thing(CONFIG_MAP)
    return {**obj, "metadata": {**obj["metadata"], "uid": uid, "resourceVersion": str(number)}}


def test_an_answer_counts_until_the_cache_shows_something_else() -> None:
    answers = Answers(Clock())
    old, new, newer = version(1), version(2), version(3)
    answers.learn(REF, old, new)
    assert answers.over(REF, old) == new
    assert answers.over(REF, version(1)) == new
    assert answers.over(REF, newer) is newer
    assert answers.over(REF, old) is old


def test_a_cache_that_comes_past_our_earlier_writes_has_not_caught_up() -> None:
    answers = Answers(Clock())
    first, second, third = version(2), version(3), version(4)
    answers.learn(REF, version(1), first)
    answers.learn(REF, version(1), second)
    answers.learn(REF, first, third)
    assert [answers.over(REF, version(number)) for number in (2, 3)] == [third, third]
    assert answers.over(REF, foreign := version(5)) is foreign


def test_a_creation_and_a_deletion_count_too() -> None:
    answers = Answers(Clock())
    answers.learn(REF, None, version(1))
    assert answers.over(REF, None) == version(1)
    answers.learn(REF, version(1), None)
    assert answers.over(REF, version(1)) is None
    assert answers.over(REF, version(2, "another")) == version(2, "another")


class PastFive(MemoryStore):
    """A cache that is known to be past resourceVersion 5."""

    def is_past(self, kind: KindRef, namespace: str, resource_version: str) -> bool:
        return int(resource_version) <= 5


@pytest.mark.parametrize(("number", "is_believed"), [(5, False), (6, True)])
def test_what_a_cache_has_seen_come_and_go_is_gone(number: int, is_believed: bool) -> None:
    answers = Answers(Clock())
    answers.learn(REF, None, version(number))
    assert (answers.over(REF, None, PastFive()) is not None) is is_believed


def test_an_answer_is_not_believed_for_ever() -> None:
    clock = Clock()
    answers = Answers(clock)
    answers.learn(REF, None, version(1))
    clock.now += TRUSTED_FOR
    assert answers.over(REF, None) is None


def test_memory_of_answers_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_REMEMBERED", 2)
    answers = Answers(Clock())
    for number in range(3):
        answers.learn(REF._replace(name=f"n{number}"), None, version(1))
    assert answers.over(REF._replace(name="n0"), None) is None
    assert answers.over(REF._replace(name="n2"), None) is not None


def test_a_cache_that_has_passed_our_answer_while_we_were_writing_is_right() -> None:
    store = MemoryStore([version(1)])
    view = LiveView(FakeCluster(), store, answers := Answers(Clock()))
    view.get(REF)
    store.add(foreign := version(3))  # ours was 2, and somebody wrote 3 at once
    view.learn(REF, version(2))
    assert LiveView(FakeCluster(), store, answers).get(REF) is foreign


def test_what_was_found_in_a_list_is_what_was_decided_on() -> None:
    store = MemoryStore([version(1)])
    view = LiveView(FakeCluster(), store, answers := Answers(Clock()))
    assert view.controlled(CONFIG_MAP, "shop", Lookup(CONTROLLED_BY, OWNER_UID)) == [version(1)]
    store.add(another := version(5, "another"))
    view.learn(REF, None)
    assert LiveView(FakeCluster(), store, answers).get(REF) == another


def test_what_we_deleted_is_in_no_list() -> None:
    store = MemoryStore([version(1)])
    view = LiveView(FakeCluster(), store, Answers(Clock()))
    view.get(REF)
    view.learn(REF, None)
    assert view.controlled(CONFIG_MAP, "shop", Lookup(CONTROLLED_BY, OWNER_UID)) == []
    assert view.get(REF) is None


def test_asking_is_remembered() -> None:
    cluster = FakeCluster()
    there = cluster.put(thing(CONFIG_MAP))
    view = LiveView(cluster, MemoryStore(), Answers(Clock()))
    assert view.get(REF) is None
    assert view.ask(REF) == there
    assert view.get(REF) == there
    assert cluster.requests == ["get ConfigMap web"]


def test_without_a_cache_the_server_is_asked_each_time() -> None:
    cluster = FakeCluster(thing(CONFIG_MAP), thing(CLUSTER_ROLE))
    view = LiveView(cluster, None, Answers(Clock()))
    assert not view.is_cached
    view.get(REF)
    view.learn(REF, None)
    assert view.get(REF) is not None
    assert len(view.controlled(CONFIG_MAP, "shop", Lookup(CONTROLLED_BY, OWNER_UID))) == 1
    assert len(view.labelled(CLUSTER_ROLE, "gwdeployer.dev/owner-uid", OWNER_UID)) == 1
    assert cluster.requests == ["get ConfigMap web"] * 2 + ["list ConfigMap", "list ClusterRole"]


def test_a_cache_is_passed_over_where_one_has_to_be_certain() -> None:
    cluster = FakeCluster(thing(CLUSTER_ROLE))
    view = LiveView(cluster, MemoryStore(), Answers(Clock()))
    label = "gwdeployer.dev/owner-uid"
    assert view.labelled(CLUSTER_ROLE, label, OWNER_UID) == []
    assert len(view.labelled(CLUSTER_ROLE, label, OWNER_UID, certain=True)) == 1


def test_a_store_over_a_cluster_gives_the_same_object_for_the_same_version() -> None:
    cluster = FakeCluster()
    cluster.put(thing(CONFIG_MAP))
    store = ClusterStore(cluster)
    first = store.get(*REF)
    cluster.objects[REF] = dict(cluster.objects[REF])
    assert store.get(*REF) is first
    assert store.list(CONFIG_MAP)[0] is first
    cluster.put(thing(CONFIG_MAP, data={}))
    assert store.get(*REF) is not first


def test_a_store_over_a_cluster_lists_in_order_and_by_index() -> None:
    cluster = FakeCluster(thing(CONFIG_MAP, "b"), thing(CONFIG_MAP, "a"), thing(CONFIG_MAP, "c", mine=False))
    store = ClusterStore(cluster)
    assert [obj["metadata"]["name"] for obj in store.list(CONFIG_MAP)] == ["a", "b", "c"]
    mine = store.list(CONFIG_MAP, "shop", lookup=Lookup(CONTROLLED_BY, OWNER_UID))
    assert [obj["metadata"]["name"] for obj in mine] == ["a", "b"]


def test_a_kind_that_is_not_installed_has_no_objects_and_any_other_error_is_one() -> None:
    cluster = FakeCluster()

    def absent(_request: str) -> None:
        raise KindNotInstalled("no such kind")

    def failing(_request: str) -> None:
        raise ServerFailure("no")

    store = ClusterStore(cluster)
    cluster.fail = absent
    with pytest.raises(KindNotInstalled):  # asked again, the server does know the kind
        store.get(*REF)
    with pytest.raises(KindNotInstalled):
        store.list(CONFIG_MAP)
    cluster.supports = lambda _: False  # type: ignore[method-assign]
    assert store.get(*REF) is None
    assert store.list(CONFIG_MAP) == []
    cluster.fail = failing
    with pytest.raises(ServerFailure):
        store.get(*REF)
    with pytest.raises(ServerFailure):
        store.list(CONFIG_MAP)


def test_a_cache_that_does_not_know_yet_is_not_taken_for_an_empty_one() -> None:
    class Unsynced(MemoryStore):
        def get(self, kind: KindRef, namespace: str, name: str) -> Object | None:
            raise NotSynced("not yet")

    with pytest.raises(NotSynced):
        LiveView(FakeCluster(), Unsynced(), Answers(Clock())).get(REF)
