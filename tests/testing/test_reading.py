"""Getting, listing and watching: selectors, pages of one moment, and what is too old."""

from __future__ import annotations

import base64
import json
from urllib.parse import quote

import pytest

from gwdeployer.testing import APIServer
from gwdeployer.testing.apiserver import watches
from gwdeployer.testing.apiserver.statuses import ResourceName
from gwdeployer.testing.apiserver.storage import Key
from tests.testing.client import CONFIGMAPS, Client, Reply, configmap

TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json"


def names(reply: Reply) -> list[str]:
    assert reply.code == 200, reply
    return [item["metadata"]["name"] for item in reply.content["items"]]


@pytest.fixture
def five(client: Client) -> Client:
    """A client of a server with five ConfigMaps."""
    for index, name in enumerate("abcde"):
        client.created(CONFIGMAPS, configmap(name, labels={"tier": name, "odd": str(index % 2)}))
    return client


def test_an_absent_object_is_not_found(client: Client) -> None:
    reply = client.get(f"{CONFIGMAPS}/a")
    assert (reply.code, reply.content["reason"]) == (404, "NotFound")
    assert reply.message == 'configmaps "a" not found'
    assert client.get("/apis/apps/v1/namespaces/default/deployments/a").message == (
        'deployments.apps "a" not found'
    )


@pytest.mark.parametrize(
    "path", ["/apis/example.com/v1/things", "/api/v1/nothings", "/api/v2/pods", "/nothing", "/api/v1/pods/a"]
)
def test_unknown_paths_are_not_found(client: Client, path: str) -> None:
    assert client.get(path).code == 404


@pytest.mark.parametrize(
    ("selector", "found"),
    [
        ("tier=a", "a"),
        ("tier==a", "a"),
        ("tier!=a", "bcde"),
        ("tier in (a, b)", "ab"),
        ("tier notin (a,b)", "cde"),
        ("tier", "abcde"),
        ("!tier", ""),
        ("none!=x", "abcde"),
        ("odd=1,tier in (a,b,c)", "b"),
        ("odd>0", "bd"),
        ("odd<1", "ace"),
        ("none=", ""),
    ],
)
def test_labels_select(five: Client, selector: str, found: str) -> None:
    assert names(five.get(f"{CONFIGMAPS}?labelSelector={quote(selector)}")) == list(found)


@pytest.mark.parametrize("selector", ["a b", "a in b", "=x", "a in (b", "a>x", "a,,b"])
def test_a_label_selector_that_cannot_be_read_is_refused(client: Client, selector: str) -> None:
    reply = client.get(f"{CONFIGMAPS}?labelSelector={quote(selector)}")
    assert (reply.code, reply.content["reason"]) == (400, "BadRequest")


def test_fields_select(five: Client) -> None:
    assert names(five.get(f"{CONFIGMAPS}?fieldSelector=metadata.name%3Db")) == ["b"]
    assert names(five.get(f"{CONFIGMAPS}?fieldSelector=metadata.name!=b")) == list("acde")
    assert names(five.get("/api/v1/configmaps?fieldSelector=metadata.namespace=other")) == []
    five.created("/api/v1/namespaces/default/secrets", {"metadata": {"name": "s"}, "type": "own"})
    assert names(five.get("/api/v1/secrets?fieldSelector=type=own")) == ["s"]
    assert names(five.get("/api/v1/secrets?fieldSelector=type=Opaque")) == []
    reply = five.get(f"{CONFIGMAPS}?fieldSelector=data.x=1")
    assert (reply.code, reply.message) == (
        400,
        '"data.x" is not a known field selector: only "metadata.name", "metadata.namespace"',
    )
    assert five.get("/api/v1/pods?fieldSelector=x=1").message == "field label not supported: x"


def test_events_are_selected_by_what_they_are_about(client: Client) -> None:
    about = {"kind": "Pod", "namespace": "default", "name": "web", "uid": "1"}
    event = {"metadata": {"name": "web.1"}, "involvedObject": about, "reason": "Pulled", "type": "Normal"}
    client.created("/api/v1/namespaces/default/events", event)
    path = "/api/v1/events?fieldSelector=involvedObject.name=web,type=Normal,involvedObject.uid="
    assert names(client.get(f"{path}1")) == ["web.1"]
    assert names(client.get(f"{path}2")) == []


def test_events_are_selected_in_both_forms_however_they_were_written(client: Client) -> None:
    about = {"kind": "Pod", "namespace": "default", "name": "web"}
    base = {"metadata": {"name": "web.1"}, "reason": "Pulled", "type": "Normal", "action": "Pull"}
    new = {"regarding": about, "reportingController": "me", "reportingInstance": "1", "note": "done"}
    time = {"eventTime": "2030-01-01T00:00:00.000000Z"}
    client.created("/apis/events.k8s.io/v1/namespaces/default/events", base | new | time)
    core = "/api/v1/namespaces/default/events?fieldSelector="
    assert names(client.get(f"{core}involvedObject.name=web,reportingComponent=me")) == ["web.1"]
    assert names(client.get(f"{core}involvedObject.name=other")) == []
    new_form = "/apis/events.k8s.io/v1/events?fieldSelector="
    assert names(client.get(f"{new_form}regarding.name=web,reportingController=me")) == ["web.1"]
    assert client.get(f"{new_form}involvedObject.name=web").code == 400


def test_pages_show_one_moment(five: Client) -> None:
    first = five.get(f"{CONFIGMAPS}?limit=2")
    assert (names(first), first.meta["remainingItemCount"]) == (["a", "b"], 3)
    five.delete(f"{CONFIGMAPS}/c")
    five.patch(f"{CONFIGMAPS}/d", {"data": {"x": "1"}})
    five.created(CONFIGMAPS, configmap("cc"))
    second = five.get(f"{CONFIGMAPS}?limit=2&continue={first.meta['continue']}")
    assert names(second) == ["c", "d"]
    assert "data" not in second.content["items"][1]
    third = five.get(f"{CONFIGMAPS}?limit=2&continue={second.meta['continue']}")
    assert names(third) == ["e"]
    assert {one.meta["resourceVersion"] for one in (first, second, third)} == {first.meta["resourceVersion"]}
    assert "continue" not in third.meta
    assert names(five.get(CONFIGMAPS)) == ["a", "b", "cc", "d", "e"]


def test_a_page_of_selected_objects_does_not_say_how_many_remain(five: Client) -> None:
    reply = five.get(f"{CONFIGMAPS}?limit=1&labelSelector=odd=0")
    assert names(reply) == ["a"]
    assert "remainingItemCount" not in reply.meta


def test_a_page_that_is_too_old_is_expired(five: Client, server: APIServer) -> None:
    token = five.get(f"{CONFIGMAPS}?limit=2").meta["continue"]
    five.delete(f"{CONFIGMAPS}/a")
    server.compact()
    reply = five.get(f"{CONFIGMAPS}?limit=2&continue={token}")
    assert (reply.code, reply.content["reason"]) == (410, "Expired")


def test_a_continue_token_is_what_a_real_server_gives(five: Client) -> None:
    reply = five.get(f"{CONFIGMAPS}?limit=2")
    token = reply.meta["continue"]
    said = json.loads(base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)))
    assert said == {"v": "meta.k8s.io/v1", "rv": int(reply.meta["resourceVersion"]), "start": "/b\0"}
    everywhere = five.get("/api/v1/configmaps?limit=2").meta["continue"]
    assert json.loads(base64.urlsafe_b64decode(everywhere + "=="))["start"] == "default/b\0"
    assert names(five.get(f"/api/v1/configmaps?limit=9&continue={everywhere}")) == ["c", "d", "e"]
    assert five.get(f"{CONFIGMAPS}?continue=nonsense").code == 400


def test_a_list_shows_an_exact_revision_if_asked(five: Client) -> None:
    then = five.get(CONFIGMAPS).meta["resourceVersion"]
    five.delete(f"{CONFIGMAPS}/a")
    exact = five.get(f"{CONFIGMAPS}?resourceVersion={then}&resourceVersionMatch=Exact")
    assert (names(exact), exact.meta["resourceVersion"]) == (list("abcde"), then)
    newer = five.get(f"{CONFIGMAPS}?resourceVersion={then}&resourceVersionMatch=NotOlderThan")
    assert names(newer) == list("bcde")


def test_a_revision_of_the_future_is_a_timeout(client: Client) -> None:
    reply = client.get(f"{CONFIGMAPS}?resourceVersion=999999")
    assert (reply.code, reply.content["reason"]) == (504, "Timeout")
    assert reply.message.startswith("Timeout: Too large resource version: 999999, current: ")
    [cause] = reply.content["details"]["causes"]
    assert cause == {"reason": "ResourceVersionTooLarge", "message": "Too large resource version"}


def test_wrong_list_options_are_refused(client: Client) -> None:
    assert client.get(f"{CONFIGMAPS}?resourceVersionMatch=Exact").code == 422
    assert client.get(f"{CONFIGMAPS}?sendInitialEvents=true").code == 422
    assert client.get(f"{CONFIGMAPS}?limit=many").code == 400


def test_only_metadata_is_shown_if_asked(five: Client) -> None:
    accept = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"
    content = five.get(CONFIGMAPS, Accept=accept).content
    assert content["kind"] == "PartialObjectMetadataList"
    assert {item["kind"] for item in content["items"]} == {"PartialObjectMetadata"}


def test_tables_bring_as_much_of_the_objects_as_is_wanted(five: Client) -> None:
    def shown(query: str) -> object:
        table = five.get(f"{CONFIGMAPS}{query}", Accept=TABLE).content
        assert (table["kind"], len(table["rows"])) == ("Table", 5)
        return (table["rows"][0]["object"] or {}).get("kind")

    assert shown("") == "PartialObjectMetadata"
    assert shown("?includeObject=Object") == "ConfigMap"
    assert shown("?includeObject=None") is None


def test_a_watch_may_show_tables_which_tell_their_columns_once(five: Client) -> None:
    path = f"{CONFIGMAPS}?watch=true&timeoutSeconds=1"
    tables = [json.loads(line)["object"] for line in five.get(path, Accept=TABLE).content.splitlines()]
    assert [len(table["rows"]) for table in tables] == [1] * 5
    assert tables[0]["columnDefinitions"][0]["name"] == "Name"
    assert [table["columnDefinitions"] for table in tables[1:]] == [None] * 4


def test_what_cannot_be_shown_is_not_acceptable(client: Client) -> None:
    assert client.get(CONFIGMAPS, Accept="application/vnd.kubernetes.protobuf").code == 406
    accept = "application/vnd.kubernetes.protobuf, application/json"
    assert client.get(CONFIGMAPS, Accept=accept).code == 200
    yaml = client.get("/api/v1/namespaces/default", Accept="application/yaml")
    assert yaml.content.startswith("apiVersion: v1\nkind: Namespace\nmetadata:\n")


# Watching.


def test_a_watch_shows_changes_after_a_revision(five: Client) -> None:
    since = five.get(CONFIGMAPS).meta["resourceVersion"]
    with five.watch(f"{CONFIGMAPS}?resourceVersion={since}") as stream:
        five.created(CONFIGMAPS, configmap("f"))
        five.patch(f"{CONFIGMAPS}/f", {"data": {"x": "1"}})
        deleted = five.delete(f"{CONFIGMAPS}/f")
        assert deleted.code == 200
        assert stream.names(2) == ["ADDED f", "MODIFIED f"]
        kind, obj = stream.event()
        assert (kind, obj["data"]) == ("DELETED", {"x": "1"})
        assert int(obj["metadata"]["resourceVersion"]) == int(since) + 3


def test_a_watch_catches_up_from_the_past(five: Client) -> None:
    since = five.get(CONFIGMAPS).meta["resourceVersion"]
    five.delete(f"{CONFIGMAPS}/a")
    five.created("/api/v1/namespaces/default/secrets", {"metadata": {"name": "unseen"}})
    with five.watch(f"{CONFIGMAPS}?resourceVersion={since}") as stream:
        assert stream.names(1) == ["DELETED a"]


def test_a_watch_without_a_revision_begins_with_what_is_there(five: Client) -> None:
    with five.watch(f"{CONFIGMAPS}?labelSelector=odd=1&allowWatchBookmarks=true") as stream:
        assert stream.names(2) == ["ADDED b", "ADDED d"]
        kind, obj = stream.event()
        assert kind == "BOOKMARK"
        assert obj["metadata"]["annotations"] == {"k8s.io/initial-events-end": "true"}
        assert obj["metadata"]["resourceVersion"] == five.get(CONFIGMAPS).meta["resourceVersion"]


def test_objects_come_and_go_with_the_selector(five: Client) -> None:
    since = five.get(CONFIGMAPS).meta["resourceVersion"]
    with five.watch(f"{CONFIGMAPS}?resourceVersion={since}&labelSelector=odd=1") as stream:
        five.patch(f"{CONFIGMAPS}/a", {"metadata": {"labels": {"odd": "1"}}})
        five.patch(f"{CONFIGMAPS}/a", {"data": {"x": "1"}})
        five.patch(f"{CONFIGMAPS}/a", {"metadata": {"labels": {"odd": "0"}}})
        assert stream.names(3) == ["ADDED a", "MODIFIED a", "DELETED a"]


def test_one_object_can_be_watched(five: Client) -> None:
    path = f"{CONFIGMAPS}?fieldSelector=metadata.name=b"
    with five.watch(path) as stream:
        five.patch(f"{CONFIGMAPS}/a", {"data": {"x": "1"}})
        five.patch(f"{CONFIGMAPS}/b", {"data": {"x": "1"}})
        assert stream.names(2) == ["ADDED b", "MODIFIED b"]


def test_a_watch_from_a_forgotten_revision_is_told_so_by_an_event(five: Client, server: APIServer) -> None:
    five.delete(f"{CONFIGMAPS}/a")
    server.compact()
    with five.watch(f"{CONFIGMAPS}?resourceVersion=3") as stream:
        kind, status = stream.event()
        assert (stream.code, kind, status["code"], status["reason"]) == (200, "ERROR", 410, "Expired")
        assert status["message"].startswith("too old resource version: 3 (")
        assert stream.event() == ("", {})


def test_a_watch_that_has_seen_all_survives_forgetting(five: Client, server: APIServer) -> None:
    since = five.get(CONFIGMAPS).meta["resourceVersion"]
    with five.watch(f"{CONFIGMAPS}?resourceVersion={since}") as stream:
        five.delete(f"{CONFIGMAPS}/a")
        assert stream.names(1) == ["DELETED a"]
        server.compact()
        five.delete(f"{CONFIGMAPS}/b")
        assert stream.names(1) == ["DELETED b"]


def test_a_watch_that_missed_something_is_told_so_however_often_all_is_forgotten(
    five: Client, server: APIServer
) -> None:
    since = five.get(CONFIGMAPS).meta["resourceVersion"]
    with five.watch(f"{CONFIGMAPS}?resourceVersion={since}") as stream:
        with server._storage.lock:  # it sees nothing of what happens meanwhile
            server._storage.remove(Key(ResourceName("", "configmaps"), "default", "a"))
            server.compact()
            server.compact()
        assert stream.event()[0] == "ERROR"


def test_history_is_bounded() -> None:
    with APIServer(history=5) as small, Client(small) as client:
        since = client.created(CONFIGMAPS, configmap())["metadata"]["resourceVersion"]
        for index in range(20):
            client.patch(f"{CONFIGMAPS}/a", {"data": {"x": str(index)}})
        with client.watch(f"{CONFIGMAPS}?resourceVersion={since}") as stream:
            assert stream.event()[0] == "ERROR"
        recent = int(client.get(CONFIGMAPS).meta["resourceVersion"]) - 2
        with client.watch(f"{CONFIGMAPS}?resourceVersion={recent}") as stream:
            assert stream.names(2) == ["MODIFIED a"] * 2


def test_a_watch_from_the_future_waits_for_it(client: Client) -> None:
    now = int(client.get(CONFIGMAPS).meta["resourceVersion"])
    with client.watch(f"{CONFIGMAPS}?resourceVersion={now + 1}") as stream:
        client.created(CONFIGMAPS, configmap("a"))
        client.created(CONFIGMAPS, configmap("b"))
        assert stream.names(1) == ["ADDED b"]


def test_a_watch_ends_when_its_time_is_up(client: Client) -> None:
    with client.watch(f"{CONFIGMAPS}?resourceVersion=1&timeoutSeconds=1") as stream:
        assert stream.event() == ("", {})


@pytest.fixture
def often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watches, "BOOKMARK_EVERY", 0.05)


def test_bookmarks_tell_that_nothing_was_missed(five: Client, often: None) -> None:
    since = five.get(CONFIGMAPS).meta["resourceVersion"]
    with five.watch(f"{CONFIGMAPS}?resourceVersion={since}&allowWatchBookmarks=true") as stream:
        latest = five.created("/api/v1/namespaces/default/secrets", {"metadata": {"name": "s"}})
        wanted = latest["metadata"]["resourceVersion"]
        seen = [stream.event() for _ in range(3)]
        assert {kind for kind, _ in seen} == {"BOOKMARK"}
        assert seen[-1][1] == {
            "kind": "ConfigMap",
            "apiVersion": "v1",
            "metadata": {"resourceVersion": wanted},
        }


def test_stopping_the_server_ends_watches(client: Client, server: APIServer) -> None:
    with client.watch(f"{CONFIGMAPS}?resourceVersion=1") as stream:
        server.stop()
        assert stream.event() == ("", {})


def test_lists_and_watches_cover_all_namespaces(five: Client) -> None:
    five.created("/api/v1/namespaces", {"metadata": {"name": "default-2"}})
    five.created("/api/v1/namespaces/default-2/configmaps", configmap("z"))
    assert names(five.get("/api/v1/configmaps")) == ["z", *"abcde"]
    assert names(five.get(CONFIGMAPS)) == list("abcde")
    with five.watch("/api/v1/namespaces/default-2/configmaps") as stream:
        assert stream.names(1) == ["ADDED z"]
