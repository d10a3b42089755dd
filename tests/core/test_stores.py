"""Stores: looking objects up, and remembering what was asked."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import pytest

from gwdeployer import DocumentError, KindRef, MemoryStore, NotSynced, Object, RecordingStore
from gwdeployer.store import Index, LayeredStore, Lookup, Read, unchanged
from tests.core.sites import CONFIG_MAP, TENANT, config, tenant

NODE = KindRef("", "v1", "Node")


def names(objects: Iterable[Object]) -> list[str]:
    return [f"{obj['metadata'].get('namespace', '')}/{obj['metadata']['name']}" for obj in objects]


def test_an_object_is_found_by_kind_namespace_and_name() -> None:
    held = config("x", "a")
    store = MemoryStore([held])
    assert store.get(CONFIG_MAP, "prod", "a") is held
    assert store.get(CONFIG_MAP, "prod", "b") is None
    assert store.get(CONFIG_MAP, "other", "a") is None
    assert store.get(TENANT, "prod", "a") is None


def test_the_version_of_a_kind_does_not_matter() -> None:
    held = {**tenant("a"), "apiVersion": "example.com/v1beta1"}
    assert MemoryStore([held]).get(TENANT, "prod", "a") is held


def test_an_object_without_a_namespace_is_in_default_or_cluster_scoped() -> None:
    node = {"apiVersion": "v1", "kind": "Node", "metadata": {"name": "n"}}
    store = MemoryStore([node])
    assert store.get(NODE, "", "n") is store.get(NODE, "default", "n") is node


def test_a_later_object_takes_the_place_of_the_former() -> None:
    first, second = config("1"), config("2")
    store = MemoryStore([first, second])
    assert store.list(CONFIG_MAP) == [second]


def test_lists_are_ordered_and_narrowed() -> None:
    store = MemoryStore([tenant("b"), tenant("a", tier="1"), tenant("c", "dev", tier="1", x="y")])
    assert names(store.list(TENANT)) == ["dev/c", "prod/a", "prod/b"]
    assert names(store.list(TENANT, "prod")) == ["prod/a", "prod/b"]
    assert names(store.list(TENANT, selector={"tier": "1"})) == ["dev/c", "prod/a"]
    assert names(store.list(TENANT, "prod", {"tier": "1"})) == ["prod/a"]
    assert names(store.list(TENANT, selector={"tier": "1", "x": "y"})) == ["dev/c"]
    assert names(store.list(TENANT, selector={})) == ["dev/c", "prod/a", "prod/b"]
    assert list(store.list(CONFIG_MAP)) == []


BY_TIER = Index("tier", lambda obj: obj["metadata"]["labels"].values())


def test_an_index_finds_objects_by_what_they_say_and_keeps_up() -> None:
    store = MemoryStore([tenant("b", tier="1"), tenant("a", tier="1"), tenant("c", "dev", tier="2")])
    assert names(store.list(TENANT, lookup=Lookup(BY_TIER, "1"))) == ["prod/a", "prod/b"]
    assert names(store.list(TENANT, "dev", lookup=Lookup(BY_TIER, "1"))) == []
    assert names(store.list(TENANT, lookup=Lookup(BY_TIER, "none"))) == []
    store.add(tenant("c", "dev", tier="1"))
    assert names(store.list(TENANT, lookup=Lookup(BY_TIER, "1"))) == ["dev/c", "prod/a", "prod/b"]
    store.remove(tenant("a"))
    assert names(store.list(TENANT, lookup=Lookup(BY_TIER, "1"))) == ["dev/c", "prod/b"]
    assert names(store.list(TENANT, lookup=Lookup(BY_TIER, "2"))) == []


def test_an_object_of_the_upper_store_takes_the_place_of_the_same_one_below() -> None:
    upper = MemoryStore([tenant("a", tier="1"), tenant("b", tier="1")])
    lower = MemoryStore([tenant("a", tier="2"), tenant("c", tier="2"), tenant("d", "dev", tier="1")])
    store = LayeredStore(upper, lower)
    assert store.get(TENANT, "prod", "a") is upper.get(TENANT, "prod", "a")
    assert store.get(TENANT, "prod", "c") is lower.get(TENANT, "prod", "c")
    assert store.get(TENANT, "prod", "e") is None
    assert names(store.list(TENANT)) == ["dev/d", "prod/a", "prod/b", "prod/c"]
    assert names(store.list(TENANT, "prod")) == ["prod/a", "prod/b", "prod/c"]


def test_what_the_upper_store_has_changed_is_not_found_by_what_the_lower_one_says() -> None:
    store = LayeredStore(MemoryStore([tenant("a", tier="1")]), MemoryStore([tenant("a", tier="2")]))
    assert names(store.list(TENANT, lookup=Lookup(BY_TIER, "2"))) == []
    assert names(store.list(TENANT, lookup=Lookup(BY_TIER, "1"))) == ["prod/a"]


def test_what_a_caller_does_to_an_answer_does_not_change_the_store() -> None:
    store = MemoryStore([tenant("a", tier="1")])
    for lookup in (None, Lookup(BY_TIER, "1")):
        answer = store.list(TENANT, lookup=lookup)
        if isinstance(answer, list):
            answer.clear()
        assert names(store.list(TENANT, lookup=lookup)) == ["prod/a"]


def test_removing_what_is_not_there_is_no_error() -> None:
    store = MemoryStore()
    store.remove(config("x"))
    assert repr(store) == "MemoryStore()"


def test_a_repr_counts_and_shows_no_content() -> None:
    assert (
        repr(MemoryStore([config("s3cret"), tenant("a"), tenant("b")]))
        == "MemoryStore(ConfigMap: 1, Tenant: 2)"
    )


def test_a_store_of_files_holds_their_objects_or_tells_all_faults(tmp_path: Path) -> None:
    good, bad = tmp_path / "good.yaml", tmp_path / "bad.yaml"
    good.write_text("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, namespace: prod}\n")
    bad.write_text("a: [\n---\nkind: Node\n")
    assert names(MemoryStore.from_files(good).list(CONFIG_MAP)) == ["prod/a"]
    with pytest.raises(DocumentError) as caught:
        MemoryStore.from_files(tmp_path)
    assert [fault.subject.partition(":")[0] for fault in caught.value.faults] == [str(bad)] * 2


# --- Recording --------------------------------------------------------------------------------------------


def test_every_question_and_its_answer_is_recorded() -> None:
    held, other = config("x", "a"), tenant("t", tier="1")
    recording = RecordingStore(MemoryStore([held, other]))
    lookup = Lookup(BY_TIER, "1")
    assert recording.get(CONFIG_MAP, "prod", "a") is held
    assert recording.get(CONFIG_MAP, "prod", "b") is None
    recording.list(TENANT, "prod", {"tier": "1"}, lookup)
    assert recording.reads == {
        Read("get", CONFIG_MAP, "prod", "a"): (held,),
        Read("get", CONFIG_MAP, "prod", "b"): (None,),
        Read("list", TENANT, "prod", "", (("tier", "1"),), lookup): (other,),
    }


class Unsynced(MemoryStore):
    def get(self, kind: KindRef, namespace: str, name: str) -> Object | None:
        raise NotSynced("not yet")

    def list(self, *args: Any, **kwargs: Any) -> Any:
        raise NotSynced("not yet")


ASK: list[Callable[[RecordingStore], object]] = [
    lambda store: store.get(CONFIG_MAP, "prod", "a"),
    lambda store: store.list(TENANT),
]


@pytest.mark.parametrize("ask", ASK, ids=["get", "list"])
def test_a_question_without_an_answer_is_recorded_too_and_counts_as_changed(
    ask: Callable[[RecordingStore], object],
) -> None:
    recording = RecordingStore(Unsynced())
    with pytest.raises(NotSynced, match="not yet"):
        ask(recording)
    assert list(recording.reads.values()) == [None]
    assert not unchanged(recording.reads, Unsynced())
    assert not unchanged(recording.reads, MemoryStore())


class Failing(Sequence[Object]):
    """An answer that is fetched when it is looked at, in vain."""

    def __len__(self) -> int:
        raise NotSynced("gone meanwhile")

    def __getitem__(self, index: Any) -> Any:
        raise NotSynced("gone meanwhile")


def test_an_answer_that_fails_later_is_recorded_too() -> None:
    class Lazy(MemoryStore):
        def list(self, *_: Any, **__: Any) -> Failing:
            return Failing()

    recording = RecordingStore(Lazy())
    with pytest.raises(NotSynced, match="gone meanwhile"):
        recording.list(TENANT)
    assert list(recording.reads.values()) == [None]


@pytest.mark.parametrize("ask", ASK, ids=["get", "list"])
def test_an_answer_is_unchanged_while_it_is_of_the_very_same_objects(
    ask: Callable[[RecordingStore], object],
) -> None:
    store = MemoryStore([config("x", "a"), tenant("t")])
    recording = RecordingStore(store)
    ask(recording)
    assert unchanged(recording.reads, store)
    assert not unchanged(recording.reads, MemoryStore([config("x", "a"), tenant("t")]))
    assert not unchanged(recording.reads, Unsynced())


def test_a_recording_store_may_be_recorded() -> None:
    inner = RecordingStore(MemoryStore([tenant("t")]))
    outer = RecordingStore(inner)
    assert names(outer.list(TENANT)) == ["prod/t"]
    assert inner.reads == outer.reads
