"""The port over HTTP: what is sent, and what is made of each answer, whole or broken."""

from __future__ import annotations

import gc
import json
import socket
import socketserver
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from kubernetes import client as official

from gwdeployer.cluster import Cluster, KubernetesCluster
from gwdeployer.errors import (
    Conflict,
    Expired,
    InputsError,
    KindNotInstalled,
    NotFound,
    ServerFailure,
    Unauthorized,
    Unreachable,
)
from gwdeployer.objects import KindRef, ObjectRef
from tests.cluster_unit.fake import CLUSTER_ROLE, CONFIG_MAP, thing
from tests.cluster_unit.scripted import (
    Asked,
    Reply,
    ScriptedServer,
    answer,
    cut_short,
    hang_up,
    silent,
    streamed,
)

REF = ObjectRef(CONFIG_MAP, "shop", "web")
WEB = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "web", "namespace": "shop"}}
OK = answer(200, WEB)


def client_of(server: ScriptedServer) -> official.ApiClient:
    configuration = official.Configuration()
    configuration.host = server.url
    configuration.retries = False
    return official.ApiClient(configuration)


@contextmanager
def talking(
    *script: Reply, request_timeout: float = 5.0
) -> Iterator[tuple[KubernetesCluster, ScriptedServer]]:
    with ScriptedServer(*script) as server:
        cluster = KubernetesCluster(lambda: client_of(server), request_timeout=request_timeout)
        yield cluster, server
        assert server.script == [], "not all of the script was played"
        cluster.close()


def status(code: int, message: str, **details: Any) -> Reply:
    return answer(code, {"kind": "Status", "message": message, "details": details, "code": code})


def page(*names: str, more: str = "", version: str = "7") -> Reply:
    items = [{"metadata": {"name": name, "namespace": "shop"}} for name in names]
    return answer(
        200, {"kind": "List", "metadata": {"continue": more, "resourceVersion": version}, "items": items}
    )


def test_it_is_a_cluster() -> None:
    with talking() as (cluster, _):
        port: Cluster = cluster
        assert port.supports(CONFIG_MAP)
        assert not port.supports(KindRef("nobody.example.com", "v1", "Monitor"))
        assert not port.supports(KindRef("", "v1", "Monitor"))


def test_an_object_is_read_at_its_path() -> None:
    with talking(OK, status(404, "not found", name="web")) as (cluster, server):
        assert cluster.get(*REF) == WEB
        assert cluster.get(*REF) is None
        assert [asked.path for asked in server.asked] == ["/api/v1/namespaces/shop/configmaps/web"] * 2


def test_names_cannot_leave_their_place_in_a_path() -> None:
    with talking(OK, OK) as (cluster, server):
        cluster.get(CLUSTER_ROLE, "ignored", "system:node/../x?y")
        cluster.get(CONFIG_MAP, "", "web")
        assert server.asked[0].path.endswith("/clusterroles/system:node%2F..%2Fx%3Fy")
        assert server.asked[1].path == "/api/v1/namespaces/default/configmaps/web"


def test_an_apply_says_who_how_and_whether_by_force() -> None:
    with talking(OK, OK) as (cluster, server):
        sent = thing(CONFIG_MAP)
        assert cluster.apply(sent, manager="us", force=True) == WEB
        cluster.apply(sent, manager="us", dry_run=True, subresource="status")
        first, second = server.asked
        assert (first.method, first.body) == ("PATCH", sent)
        assert first.headers["content-type"] == "application/apply-patch+yaml"
        assert first.query == {"fieldManager": ["us"], "fieldValidation": ["Strict"], "force": ["true"]}
        assert second.path.endswith("/configmaps/web/status")
        assert second.query["dryRun"] == ["All"]
        assert second.query["force"] == ["false"]


def test_parameters_arrive_as_they_are_whatever_is_in_them() -> None:
    manager, labels = "us & them=all/?#%2F é", {"example.com/of": "a.b_c-d", "x": ""}
    with talking(OK, page()) as (cluster, server):
        cluster.apply(thing(CONFIG_MAP), manager=manager)
        cluster.list(CONFIG_MAP, labels=labels)
        apply, listed = server.asked
        assert apply.query["fieldManager"] == [manager]
        assert listed.query["labelSelector"] == ["example.com/of=a.b_c-d,x="]


def test_a_body_arrives_as_it_is_whatever_is_in_it() -> None:
    data = {"é": "ü\u2028", "to_dict": "1", "openapi_types": {"a": None}, "when": "2026-01-01T00:00:00Z"}
    sent = thing(CONFIG_MAP, data=data, amounts=[1, 1.5, True, None, [], {}])
    with talking(OK, OK) as (cluster, server):
        cluster.apply(sent, manager="us")
        cluster.create(sent, manager="us")
        assert [asked.body for asked in server.asked] == [sent, sent]


def test_a_request_has_the_credentials_and_the_headers_of_its_client() -> None:
    with ScriptedServer(OK, OK) as server:
        client = client_of(server)
        client.configuration.api_key = {"authorization": "first"}
        client.configuration.api_key_prefix = {"authorization": "Bearer"}
        client.set_default_header("X-Of", "the embedder")
        client.cookie = "a=b"
        cluster = KubernetesCluster(client)
        cluster.get(*REF)
        client.configuration.api_key = {"authorization": "second"}
        cluster.get(*REF)
        cluster.close()
    first, second = (asked.headers for asked in server.asked)
    assert (first["authorization"], second["authorization"]) == ("Bearer first", "Bearer second")
    assert (first["x-of"], first["cookie"], first["accept"]) == ("the embedder", "a=b", "application/json")
    assert first["user-agent"] == client.user_agent


def test_a_server_behind_a_path_is_asked_there() -> None:
    kinds = {"resources": [{"name": "configmaps", "kind": "ConfigMap", "namespaced": True}]}
    with ScriptedServer(answer(200, kinds), OK) as server:
        client = client_of(server)
        client.configuration.host = f"{server.url}/clusters/one"
        cluster = KubernetesCluster(client)
        assert cluster.get(*REF) == WEB
        cluster.close()
    assert server.asked[1].path == "/clusters/one/api/v1/namespaces/shop/configmaps/web"


def test_a_server_behind_a_proxy_is_asked_by_way_of_it() -> None:
    with ScriptedServer(OK) as proxy:
        configuration = official.Configuration()
        configuration.host, configuration.proxy = "http://api.example.invalid:6443", proxy.url
        configuration.retries = False
        cluster = KubernetesCluster(official.ApiClient(configuration))
        assert cluster.get(*REF) == WEB
        cluster.close()
    [asked] = proxy.asked
    assert (asked.headers["host"], asked.path) == (
        "api.example.invalid:6443",
        "/api/v1/namespaces/shop/configmaps/web",
    )


def test_a_create_a_patch_and_a_delete_are_what_they_say() -> None:
    with talking(answer(201, WEB), OK, answer(200, {"kind": "Status"})) as (cluster, server):
        cluster.create(thing(CONFIG_MAP), manager="us")
        cluster.json_patch(REF, [{"op": "remove", "path": "/data"}], manager="us")
        cluster.delete(REF, uid="u", resource_version="7")
        create, patch, delete = server.asked
        assert (create.method, create.path) == ("POST", "/api/v1/namespaces/shop/configmaps")
        assert patch.headers["content-type"] == "application/json-patch+json"
        assert patch.body == [{"op": "remove", "path": "/data"}]
        assert delete.body["preconditions"] == {"uid": "u", "resourceVersion": "7"}
        assert delete.body["propagationPolicy"] == "Background"


def test_a_list_is_read_page_by_page() -> None:
    with talking(page("a", "b", more="t1"), page("c", version="7")) as (cluster, server):
        listing = cluster.list(CONFIG_MAP, "shop", labels={"a": "b"})
        assert [item["metadata"]["name"] for item in listing.items] == ["a", "b", "c"]
        assert listing.items[0]["kind"] == "ConfigMap"
        assert listing.items[0]["apiVersion"] == "v1"
        assert listing.resource_version == "7"
        assert server.asked[0].query == {"labelSelector": ["a=b"], "limit": ["500"]}
        assert server.asked[1].query == {"labelSelector": ["a=b"], "limit": ["500"], "continue": ["t1"]}


def test_a_list_that_expires_between_pages_is_read_at_once() -> None:
    with talking(page("a", more="t"), status(410, "too old"), page("a", "b", version="9")) as (
        cluster,
        server,
    ):
        listing = cluster.list(CONFIG_MAP)
        assert [item["metadata"]["name"] for item in listing.items] == ["a", "b"]
        assert listing.resource_version == "9"
        assert server.asked[2].query == {}


def test_a_page_that_fails_is_no_short_list() -> None:
    with talking(page("a", more="t"), cut_short()) as (cluster, _), pytest.raises(Unreachable):
        cluster.list(CONFIG_MAP)


EVENTS = (
    b'{"type":"ADDED","object":{"metadata":{"name":"a"}}}\n'
    b'{"type":"BOOKMARK","object":{"metadata":{"resourceVersion":"9"}}}\n'
)


@pytest.mark.parametrize("size", [1, 7, 60, 1000])
def test_the_lines_of_a_watch_come_in_chunks_of_any_size(size: int) -> None:
    chunks = [EVENTS[start : start + size] for start in range(0, len(EVENTS), size)]
    with talking(streamed(*chunks)) as (cluster, server):
        events = list(cluster.watch(CONFIG_MAP, "shop", resource_version="7", timeout=5))
        assert [event.type for event in events] == ["ADDED", "BOOKMARK"]
        assert server.asked[0].query == {
            "watch": ["true"],
            "allowWatchBookmarks": ["true"],
            "resourceVersion": ["7"],
        }


def state(version: str, **content: Any) -> dict[str, Any]:
    metadata = {**WEB["metadata"], "uid": "u", "resourceVersion": version}  # type: ignore[dict-item]
    return {**WEB, "metadata": metadata, **content}


def told(*objects: dict[str, Any]) -> Reply:
    return streamed(*(json.dumps({"type": "MODIFIED", "object": obj}).encode() + b"\n" for obj in objects))


def watched(cluster: KubernetesCluster) -> list[dict[str, Any]]:
    return [event.object for event in cluster.watch(CONFIG_MAP, resource_version="1", timeout=5)]


def test_what_a_watch_tells_of_a_write_is_the_object_that_it_was_answered_with() -> None:
    with talking(answer(200, state("8")), answer(200, state("9")), told(state("8"), state("9"))) as (
        cluster,
        _,
    ):
        applied = cluster.apply(thing(CONFIG_MAP), manager="us")
        patched = cluster.json_patch(REF, [], manager="us")
        first, second = watched(cluster)
        assert first is applied
        assert second is patched


@pytest.mark.parametrize(
    "news",
    [state("9"), state("8", apiVersion="v2"), state("8", metadata={"uid": "other", "resourceVersion": "8"})],
)
def test_what_a_watch_tells_of_other_states_is_what_it_says(news: dict[str, Any]) -> None:
    with talking(answer(200, state("8")), told(news)) as (cluster, _):
        cluster.apply(thing(CONFIG_MAP), manager="us")
        assert watched(cluster) == [news]


def test_what_was_rehearsed_is_not_what_a_watch_tells() -> None:
    with talking(answer(200, state("8", data={"rehearsed": "yes"})), told(state("8"))) as (cluster, _):
        cluster.apply(thing(CONFIG_MAP), manager="us", dry_run=True)
        assert watched(cluster) == [state("8")]


def test_a_state_that_is_told_twice_is_the_same_both_times() -> None:
    with talking(answer(201, state("8")), told(state("8"), state("8"))) as (cluster, _):
        cluster.create(thing(CONFIG_MAP), manager="us")
        assert watched(cluster) == [state("8"), state("8")]


def test_a_watch_that_is_too_old_has_expired() -> None:
    gone = b'{"type":"ERROR","object":{"kind":"Status","code":410,"message":"too old resource version"}}\n'
    with talking(streamed(EVENTS, gone), status(410, "too old")) as (cluster, _):
        events = cluster.watch(CONFIG_MAP, resource_version="1", timeout=5)
        assert next(events).type == "ADDED"
        assert next(events).type == "BOOKMARK"
        with pytest.raises(Expired, match="too old"):
            next(events)
        with pytest.raises(Expired):
            next(cluster.watch(CONFIG_MAP, resource_version="1", timeout=5))


def test_a_watch_in_which_nothing_comes_ends() -> None:
    with talking(streamed(EVENTS, then="wait", pause=1.0)) as (cluster, _):
        assert len(list(cluster.watch(CONFIG_MAP, resource_version="1", timeout=0.1))) == 2


@pytest.mark.parametrize("broken", [streamed(EVENTS, b'{"type":', then="cut"), streamed(b"<html>\n")])
def test_a_watch_that_breaks_off_or_is_none_is_no_end_of_events(broken: Reply) -> None:
    with talking(broken) as (cluster, _), pytest.raises(Unreachable):
        list(cluster.watch(CONFIG_MAP, resource_version="1", timeout=5))


@pytest.mark.parametrize("line", [b"[]\n", b'{"type":"ADDED"}\n', b'{"object":{}}\n'])
def test_a_line_that_is_no_event_is_a_failure_of_the_server(line: bytes) -> None:
    with talking(streamed(line)) as (cluster, _), pytest.raises(ServerFailure, match="no event"):
        list(cluster.watch(CONFIG_MAP, resource_version="1", timeout=5))


def test_a_watch_that_is_left_gives_its_connection_back() -> None:
    with talking(streamed(EVENTS, then="wait", pause=0.3), OK) as (cluster, _):
        events = cluster.watch(CONFIG_MAP, resource_version="1", timeout=5)
        next(events)
        events.close()
        assert cluster.get(*REF) == WEB


def test_a_watch_that_waits_is_ended_from_another_thread() -> None:
    with talking(streamed(EVENTS, then="wait", pause=2.0)) as (cluster, _):
        events = cluster.watch(CONFIG_MAP, resource_version="1", timeout=60)
        assert next(events).type == "ADDED"
        started = time.monotonic()
        threading.Timer(0.1, events.close).start()
        assert [event.type for event in events] == ["BOOKMARK"]
        assert time.monotonic() - started < 2.0
        events.close()


def test_a_watch_that_is_closed_before_its_answer_begins_ends_with_that() -> None:
    def late(connection: socket.socket, asked: Asked) -> bool | None:
        time.sleep(0.3)
        return streamed(EVENTS, then="wait", pause=2.0)(connection, asked)

    with talking(late) as (cluster, _):
        events = cluster.watch(CONFIG_MAP, resource_version="1", timeout=60)
        started = time.monotonic()
        threading.Timer(0.1, events.close).start()
        assert list(events) == []
        assert time.monotonic() - started < 2.0


def test_a_watch_that_is_closed_before_it_began_asks_nothing() -> None:
    with talking() as (cluster, server):
        events = cluster.watch(CONFIG_MAP, resource_version="1", timeout=5)
        events.close()
        assert list(events) == []
        assert server.asked == []


@pytest.mark.parametrize(
    "broken", [hang_up, cut_short(), cut_short(500)], ids=["no answer", "half an answer", "half an error"]
)
def test_an_answer_that_is_not_whole_is_no_answer(broken: Reply) -> None:
    with talking(broken, OK) as (cluster, _):
        with pytest.raises(Unreachable, match="ConfigMap shop/web: no answer to patch: "):
            cluster.apply(thing(CONFIG_MAP), manager="us")
        assert cluster.get(*REF) == WEB


def test_a_server_that_does_not_answer_in_time_is_unreachable() -> None:
    with talking(silent(1.0), silent(1.0), request_timeout=0.1) as (cluster, _):
        cluster.supports(CONFIG_MAP)
        with pytest.raises(Unreachable, match="timed out"):
            cluster.get(*REF)
        with pytest.raises(Unreachable):
            cluster.get(*REF, timeout=0.05)


class NoTls(socketserver.BaseRequestHandler):
    """Answers whatever comes with what is not TLS."""

    def handle(self) -> None:
        self.request.recv(4096)
        self.request.sendall(b"HTTP/1.0 400 Bad Request\r\n\r\n")


def test_a_connection_that_fails_in_tls_is_told_in_the_words_of_tls() -> None:
    with socketserver.TCPServer(("127.0.0.1", 0), NoTls) as server:
        thread = threading.Thread(target=server.handle_request)
        thread.start()
        configuration = official.Configuration()
        configuration.host, configuration.retries = f"https://127.0.0.1:{server.server_address[1]}", False
        cluster = KubernetesCluster(official.ApiClient(configuration))
        with pytest.raises(Unreachable, match=r"no answer to get: \[SSL: "):
            cluster.get(*REF)
        thread.join()


def test_nobody_listening_is_unreachable() -> None:
    with ScriptedServer() as server:
        client = client_of(server)
    cluster = KubernetesCluster(client)
    with pytest.raises(Unreachable) as raised:
        cluster.get(*REF)
    assert raised.value.status == 0
    cluster.close()


def test_a_page_where_an_object_should_be_is_a_failure() -> None:
    with talking(answer(200, b"<html>log in</html>")) as (cluster, _), pytest.raises(ServerFailure):
        cluster.get(*REF)


def test_an_error_has_the_servers_words_and_headers() -> None:
    with talking(status(409, "already exists", name="web")) as (cluster, _):
        with pytest.raises(Conflict, match="already exists") as raised:
            cluster.create(thing(CONFIG_MAP), manager="us")
        assert raised.value.status == 409


def test_a_redirect_is_not_followed() -> None:
    with (
        talking(answer(302, b"", Location="http://127.0.0.1:1/")) as (cluster, _),
        pytest.raises(ServerFailure),
    ):
        cluster.get(*REF)


def test_credentials_that_are_refused_are_renewed_once() -> None:
    made: list[official.ApiClient] = []
    with ScriptedServer(status(401, "Unauthorized"), OK, OK) as server:

        def connect() -> official.ApiClient:
            made.append(client_of(server))
            made[-1].default_headers["Authorization"] = f"Bearer {len(made)}"
            return made[-1]

        cluster = KubernetesCluster(connect)
        assert cluster.get(*REF) == WEB
        assert cluster.get(*REF) == WEB
        assert [asked.headers["authorization"] for asked in server.asked] == [
            "Bearer 1",
            "Bearer 2",
            "Bearer 2",
        ]
        cluster.close()
        assert [_idle(client) for client in made] == [0, 0]


def _idle(client: official.ApiClient) -> int:
    return len(client.rest_client.pool_manager.pools)


def test_credentials_that_stay_refused_are_an_error() -> None:
    with talking(status(401, "Unauthorized"), status(401, "Unauthorized")) as (cluster, server):
        with pytest.raises(Unauthorized):
            cluster.get(*REF)
        assert len(server.asked) == 2


def test_a_client_of_the_embedders_own_is_not_replaced() -> None:
    with ScriptedServer(status(401, "Unauthorized")) as server:
        cluster = KubernetesCluster(client_of(server))
        with pytest.raises(Unauthorized):
            cluster.get(*REF)
        assert len(server.asked) == 1
        cluster.close()


def test_many_threads_that_are_refused_at_once_renew_once() -> None:
    made: list[official.ApiClient] = []
    both = threading.Barrier(2)

    def refused(connection: Any, asked: Any) -> None:
        both.wait(5)
        status(401, "Unauthorized")(connection, asked)

    with ScriptedServer(refused, refused, OK, OK) as server:

        def connect() -> official.ApiClient:
            made.append(client_of(server))
            return made[-1]

        cluster = KubernetesCluster(connect)
        cluster.supports(CONFIG_MAP)
        threads = [threading.Thread(target=cluster.get, args=REF) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(10)
        assert len(made) == 2
        assert server.script == []
        cluster.close()


def test_each_request_is_told_with_the_status_of_its_answer() -> None:
    told: list[tuple[str, int]] = []
    with talking(OK, status(404, "not found", name="web"), hang_up) as (cluster, _):
        assert cluster.supports(CONFIG_MAP)  # finding out its place takes requests of its own
        cluster.on_answer = lambda method, status: told.append((method, status))
        assert cluster.get(*REF) is not None
        assert cluster.get(*REF) is None
        with pytest.raises(Unreachable):
            cluster.delete(REF)
    assert told == [("get", 200), ("get", 404), ("delete", 0)]


def test_connections_are_kept_and_used_again() -> None:
    with talking(OK, status(404, "not found", name="web"), OK, page("a")) as (cluster, server):
        cluster.get(*REF)
        cluster.get(*REF)
        cluster.apply(thing(CONFIG_MAP), manager="us")
        cluster.list(CONFIG_MAP)
        assert len({asked.connection for asked in server.asked}) == 1


def test_a_closed_cluster_leaves_nothing_open_and_can_be_used_again() -> None:
    with talking(OK, OK) as (cluster, server):
        cluster.get(*REF)
        cluster.close()
        gc.collect()
        assert cluster.get(*REF) == WEB
        assert len({asked.connection for asked in server.asked}) == 2


def test_a_kind_that_is_served_no_more_is_asked_for_again() -> None:
    with talking(answer(404, b"404 page not found\n"), OK) as (cluster, _):
        with pytest.raises(KindNotInstalled):
            cluster.get(*REF)
        assert cluster.get(*REF) == WEB


def test_a_missing_object_is_only_none_where_it_is_read() -> None:
    with talking(status(404, "not found", name="web")) as (cluster, _), pytest.raises(NotFound):
        cluster.delete(REF)


def test_where_it_is_connected_is_shown_and_nothing_else() -> None:
    with talking() as (cluster, server):
        assert repr(cluster) == f"KubernetesCluster({server.url!r})"


@pytest.mark.parametrize("content", [None, "", "current-context: none\n", "{"])
def test_a_kubeconfig_that_is_none_is_an_input_error(tmp_path: Path, content: str | None) -> None:
    path = tmp_path / "kubeconfig"
    if content is not None:
        path.write_text(content)
    with pytest.raises(InputsError, match="kubeconfig"):
        KubernetesCluster.connect(path)


def test_a_kubeconfig_leads_to_the_server(tmp_path: Path) -> None:
    path = tmp_path / "kubeconfig"
    with ScriptedServer(OK) as server:
        path.write_text(
            f"""
apiVersion: v1
kind: Config
clusters: [{{name: c, cluster: {{server: "{server.url}"}}}}]
users: [{{name: u, user: {{token: t}}}}]
contexts: [{{name: x, context: {{cluster: c, user: u}}}}]
current-context: x
"""
        )
        cluster = KubernetesCluster.connect(path)
        assert cluster.get(*REF) == WEB
        assert server.asked[0].headers["authorization"] == "Bearer t"
        cluster.close()
