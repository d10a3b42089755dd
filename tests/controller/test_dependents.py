"""Reading is subscribing: which keys a change is about."""

from __future__ import annotations

from collections.abc import Callable

from gwdeployer.controller.changes import Change
from gwdeployer.controller.dependents import Dependents
from gwdeployer.objects import KindRef, Object, ObjectRef
from gwdeployer.store import Index, Lookup, MemoryStore, ObjectStore, RecordingStore

GATEWAY = KindRef("gateway.networking.k8s.io", "v1", "Gateway")
SECRET = KindRef("", "v1", "Secret")
CLASS = KindRef("gateway.networking.k8s.io", "v1", "GatewayClass")
WEB = ObjectRef(GATEWAY, "shop", "web")
API = ObjectRef(GATEWAY, "shop", "api")
BY_TEAM = Index("team", lambda obj: [obj.get("team")])


def secret(name: str, namespace: str = "shop", **content: object) -> Object:
    labels = content.pop("labels", {})
    metadata = {"name": name, "namespace": namespace, "labels": labels}
    return {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, **content}


def added(obj: Object) -> Change:
    return Change(SECRET, None, obj)


def after(read: Callable[[ObjectStore], object], *, reporting: bool = False) -> Dependents:
    """Return what is known when ``WEB`` has read something, for its plan or for its status."""
    known, recording = Dependents(), RecordingStore(MemoryStore())
    read(recording)
    known.record(WEB, () if reporting else recording.reads, recording.reads if reporting else ())
    return known


def test_an_object_that_was_absent_when_it_was_read_is_noticed_when_it_comes() -> None:
    known = after(lambda store: store.get(SECRET, "shop", "cert"))
    assert known.of(added(secret("cert"))) == {WEB}
    assert known.of(added(secret("cert", "other"))) == set()
    assert known.of(added(secret("another"))) == set()


def test_who_has_read_anything_of_a_kind_is_known() -> None:
    known = after(lambda store: store.get(SECRET, "shop", "cert"))
    assert known.readers(SECRET) == {WEB}
    assert known.readers(CLASS) == set()
    known.forget(WEB)
    assert known.readers(SECRET) == set()


def test_a_key_that_has_read_nothing_is_known_until_it_is_forgotten() -> None:
    known = Dependents()
    assert not known.record(WEB, ())
    assert known.keys() == [WEB]
    known.forget(WEB)
    assert known.keys() == []


def test_a_kind_is_the_same_in_every_version() -> None:
    known = after(lambda store: store.get(KindRef(CLASS.group, "v1beta1", CLASS.kind), "", "ours"))
    gateway_class = {"apiVersion": CLASS.api_version, "kind": CLASS.kind, "metadata": {"name": "ours"}}
    assert known.of(Change(CLASS, gateway_class, None)) == {WEB}


def test_a_list_is_changed_by_what_comes_goes_and_gets_another_label() -> None:
    known = after(lambda store: store.list(SECRET, "shop", {"team": "a", "tier": "x"}))
    ours = secret("one", labels={"team": "a", "tier": "x"})
    theirs = secret("one", labels={"team": "b"})
    assert known.of(added(ours)) == {WEB}
    assert known.of(Change(SECRET, ours, theirs)) == {WEB}
    assert known.of(added(theirs)) == set()
    assert known.of(added(secret("one", "other", labels={"team": "a", "tier": "x"}))) == set()


def test_a_look_up_is_changed_by_what_the_index_files_there_and_filed_there_before() -> None:
    known = after(lambda store: store.list(SECRET, lookup=Lookup(BY_TEAM, "a")))
    assert known.of(added(secret("one", team="a"))) == {WEB}
    assert known.of(Change(SECRET, secret("one", team="a"), secret("one", team="b"))) == {WEB}
    assert known.of(Change(SECRET, secret("one", team="b"), secret("one", team="c"))) == set()


def test_an_object_that_an_index_cannot_read_is_told_to_all_others() -> None:
    def fails(obj: Object) -> list[str]:
        raise TypeError("an odd object")

    known = after(lambda store: store.list(SECRET, lookup=Lookup(Index("odd", fails), "a")))
    reading = RecordingStore(MemoryStore())
    reading.get(SECRET, "shop", "cert")
    known.record(API, reading.reads)
    assert known.of(added(secret("cert"))) == {API}


def test_a_status_alone_matters_to_a_status_and_not_to_a_plan() -> None:
    tick = Change(SECRET, secret("cert", status={"n": 1}), secret("cert", status={"n": 2}))
    for reporting in (False, True):
        known = after(lambda store: store.get(SECRET, "shop", "cert"), reporting=reporting)
        assert known.of(tick) == ({WEB} if reporting else set())


def test_a_status_alone_matters_to_plans_of_kinds_that_say_so() -> None:
    known = Dependents({SECRET.group_kind})
    recording = RecordingStore(MemoryStore())
    recording.get(SECRET, "shop", "cert")
    known.record(WEB, recording.reads)
    assert known.of(Change(SECRET, secret("cert"), secret("cert", status={}))) == {WEB}


def test_what_is_read_no_more_is_forgotten_and_leaves_nothing_behind() -> None:
    known = Dependents()
    first, second = RecordingStore(MemoryStore()), RecordingStore(MemoryStore())
    first.get(SECRET, "shop", "old")
    first.list(SECRET, lookup=Lookup(BY_TEAM, "a"))
    second.get(SECRET, "shop", "new")
    assert known.record(WEB, first.reads)
    assert known.record(API, first.reads)
    assert known.record(WEB, second.reads)
    assert known.of(added(secret("old"))) == {API}
    assert known.of(added(secret("new"))) == {WEB}
    known.forget(WEB)
    known.forget(API)
    assert known.of(added(secret("old", team="a"))) == set()
    assert known.of(added(secret("new"))) == set()
    assert not known._subscribers
    assert not known._topics


def test_what_a_plan_has_read_is_news_where_a_status_reads_it_too() -> None:
    known, recording = Dependents(), RecordingStore(MemoryStore())
    recording.get(SECRET, "shop", "cert")
    assert known.record(WEB, recording.reads)
    assert known.record(WEB, recording.reads, recording.reads), "a status that changed was not told before"
    assert not known.record(WEB, recording.reads)


def test_reading_the_same_again_is_no_news() -> None:
    known, recording = Dependents(), RecordingStore(MemoryStore())
    recording.get(SECRET, "shop", "cert")
    assert known.record(WEB, recording.reads)
    assert not known.record(WEB, recording.reads)
    assert not known.record(WEB, ()), "reading less is no news, either"


def test_what_stands_in_the_way_is_looked_at_when_it_changes() -> None:
    known = Dependents()
    known.record(WEB, (), (), [ObjectRef(SECRET, "shop", "taken")])
    assert known.of(Change(SECRET, secret("taken"), None)) == {WEB}


def test_what_is_read_for_the_first_time_may_have_changed_only_if_anything_has() -> None:
    known, recording = Dependents(), RecordingStore(MemoryStore())
    recording.get(SECRET, "shop", "cert")

    def is_news(since: int) -> bool:
        known.forget(WEB)
        return known.record(WEB, recording.reads, since=since)

    before = known.changes
    assert not is_news(before)
    known.of(added(secret("another")))
    assert is_news(before)
    before = known.changes
    assert not is_news(before)
    known.readers(CLASS)  # a kind is known now that was not
    assert is_news(before)
