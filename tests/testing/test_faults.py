"""Faults by rule, and the log of requests."""

from __future__ import annotations

import http.client
import time
from typing import Any

import pytest

from gwdeployer.testing import APIServer
from tests.testing.client import CONFIGMAPS, DEPLOYMENTS, Client, configmap, deployment

LOST = (http.client.RemoteDisconnected, ConnectionError)


def test_a_rule_answers_for_the_server(client: Client, server: APIServer) -> None:
    with server.faults.answer(503, "later", retry_after=7, verb="create", kind="ConfigMap") as rule:
        reply = client.post(CONFIGMAPS, configmap())
        assert (reply.code, reply.content["reason"], reply.message) == (503, "ServiceUnavailable", "later")
        assert reply.headers["Retry-After"] == "7"
        assert reply.content["details"]["retryAfterSeconds"] == 7
        assert client.get(CONFIGMAPS).content["items"] == []
        assert client.created("/api/v1/namespaces/default/secrets", {"metadata": {"name": "s"}})
    assert rule.hits == 1
    assert client.post(CONFIGMAPS, configmap()).code == 201


def test_a_rule_may_answer_with_any_body(client: Client, server: APIServer) -> None:
    server.faults.answer(502, body="<html>bad gateway</html>", name="a")
    server.faults.answer(200, body={"kind": "Odd"}, name="b")
    assert client.get(f"{CONFIGMAPS}/a").code == 502
    assert client.get(f"{CONFIGMAPS}/b").content == {"kind": "Odd"}


@pytest.mark.parametrize("code", [400, 401, 403, 404, 409, 410, 422, 429, 500, 503, 504, 599])
def test_every_code_can_be_answered(client: Client, server: APIServer, code: int) -> None:
    server.faults.answer(code)
    reply = client.get(CONFIGMAPS)
    assert (reply.code, reply.content["code"]) == (code, code)


def test_a_refusal_has_the_words_of_rbac(client: Client, server: APIServer) -> None:
    server.faults.forbid("bob", verb="patch")
    reply = client.patch(f"{DEPLOYMENTS}/web", {})
    assert (reply.code, reply.content["reason"]) == (403, "Forbidden")
    assert reply.message == (
        'deployments.apps "web" is forbidden: User "bob" cannot patch resource "deployments" in API group '
        '"apps" in the namespace "default"'
    )


@pytest.mark.parametrize(
    ("rules", "codes"),
    [
        ({"times": 2}, [500, 500, 200, 200]),
        ({"nth": 2, "times": 1}, [200, 500, 200, 200]),
        ({"nth": 3}, [200, 200, 500, 500]),
        ({"name": "b"}, [200] * 4),
        ({"verb": ["get", "list"], "namespace": {"default"}}, [500] * 4),
        ({"when": lambda request: request.user_agent == "nobody"}, [200] * 4),
        ({"when": lambda request: request.path.endswith("/a")}, [500] * 4),
    ],
)
def test_rules_choose_and_count(
    client: Client, server: APIServer, rules: dict[str, Any], codes: list[int]
) -> None:
    client.created(CONFIGMAPS, configmap())
    rule = server.faults.answer(500, **rules)
    assert [client.get(f"{CONFIGMAPS}/a").code for _ in codes] == codes
    assert rule.hits == codes.count(500)
    server.faults.clear()
    assert client.get(f"{CONFIGMAPS}/a").code == 200


def test_a_delay_comes_before_the_answer(client: Client, server: APIServer) -> None:
    with server.faults.delay(0.2, verb="list"):
        began = time.monotonic()
        assert client.get(CONFIGMAPS).code == 200
        assert time.monotonic() - began >= 0.2


def test_a_delay_does_not_hold_up_the_stop() -> None:
    with APIServer() as server, Client(server) as client:
        server.faults.delay(60)
        client._connection.request("GET", CONFIGMAPS)
        began = time.monotonic()
        time.sleep(0.05)
        server.stop()
        assert time.monotonic() - began < 5


def test_a_dropped_request_is_not_done(client: Client, server: APIServer) -> None:
    with server.faults.drop(verb="create"), pytest.raises(LOST):
        client.post(CONFIGMAPS, configmap())
    assert client.get(CONFIGMAPS).content["items"] == []


def test_a_request_whose_answer_is_lost_is_done(client: Client, server: APIServer) -> None:
    with server.faults.lose_answer(verb="create"), pytest.raises(LOST):
        client.post(CONFIGMAPS, configmap())
    assert client.get(f"{CONFIGMAPS}/a").code == 200
    assert [one.code for one in server.requests if one.verb == "create"] == [0]


@pytest.mark.parametrize("after", [0.5, 10])
def test_a_body_may_break_off(client: Client, server: APIServer, after: float) -> None:
    with server.faults.cut_body(after, verb="create"), pytest.raises(http.client.IncompleteRead):
        client.post(CONFIGMAPS, configmap())
    assert client.get(f"{CONFIGMAPS}/a").code == 200


def test_a_watch_may_break_off_within_an_event(client: Client, server: APIServer) -> None:
    client.created(CONFIGMAPS, configmap())
    with server.faults.cut_body(20, verb="watch"), client.watch(CONFIGMAPS) as stream:
        assert stream._response.read1(20).startswith(b'{"type":"ADDED"')
        with pytest.raises(http.client.IncompleteRead):
            stream._response.read()


def test_reads_may_be_stale(client: Client, server: APIServer) -> None:
    client.created(CONFIGMAPS, configmap(x="1"))
    with server.faults.stale(verb=("get", "list"), kind="ConfigMap"):
        client.patch(f"{CONFIGMAPS}/a", {"data": {"x": "2"}})
        client.created(CONFIGMAPS, configmap("b"))
        assert client.get(f"{CONFIGMAPS}/a").content["data"] == {"x": "1"}
        assert client.get(f"{CONFIGMAPS}/b").code == 404
        assert [one["metadata"]["name"] for one in client.get(CONFIGMAPS).content["items"]] == ["a"]
    assert client.get(f"{CONFIGMAPS}/a").content["data"] == {"x": "2"}


def test_watches_may_be_dropped(client: Client, server: APIServer) -> None:
    with client.watch(f"{CONFIGMAPS}?resourceVersion=1") as maps, client.watch("/api/v1/pods") as pods:
        assert server.faults.drop_watches(kind="ConfigMap") == 1
        assert maps.event() == ("", {})
        client.created(
            "/api/v1/namespaces/default/pods",
            {"metadata": {"name": "p"}, "spec": {"containers": [{"name": "c", "image": "i"}]}},
        )
        assert pods.names(1) == ["ADDED p"]


def test_watches_may_expire(client: Client, server: APIServer) -> None:
    with client.watch(f"{CONFIGMAPS}?resourceVersion=1") as open_one:
        with server.faults.expire_watches(kind="ConfigMap") as rule:
            assert open_one.event()[1]["code"] == 410
            with client.watch(f"{CONFIGMAPS}?resourceVersion=1") as new_one:
                kind, status = new_one.event()
                assert (kind, status["code"], status["reason"]) == ("ERROR", 410, "Expired")
                assert new_one.event() == ("", {})
        assert rule.hits == 1
    with client.watch(CONFIGMAPS) as later:
        client.created(CONFIGMAPS, configmap())
        assert later.names(1) == ["ADDED a"]


def test_all_connections_may_be_closed(client: Client, server: APIServer) -> None:
    client.created(CONFIGMAPS, configmap())
    with client.watch(CONFIGMAPS) as stream:
        assert stream.names(1) == ["ADDED a"]
        server.disconnect()
        with pytest.raises((http.client.IncompleteRead, ConnectionError)):
            stream._response.read()
    with pytest.raises(LOST):
        client.get(CONFIGMAPS)


# The log.


def test_requests_are_logged_with_what_they_are_about(client: Client, server: APIServer) -> None:
    client.apply(f"{DEPLOYMENTS}/web", deployment(), "me", "&force=true")
    client.patch(f"{DEPLOYMENTS}/web/status?dryRun=All", {"status": {"replicas": 1}})
    client.get("/version")
    applied, status, version = server.requests
    assert str(applied) == "patch Deployment default/web: 201"
    assert (applied.manager, applied.force, applied.content_type) == (
        "me",
        True,
        "application/apply-patch+yaml",
    )
    assert b'"Deployment"' in applied.body
    assert (status.subresource, status.dry_run, status.manager) == ("status", True, "tester")
    assert (version.verb, version.path, version.kind) == ("get", "/version", "")
    assert server.requests.writes == [applied]
    assert server.requests.matching({"kind": "Deployment", "subresource": "status"}) == [status]
    server.requests.clear()
    assert list(server.requests) == []
    assert repr(server.requests) == "no requests"


def test_a_watch_is_logged_when_it_begins(client: Client, server: APIServer) -> None:
    with client.watch(f"{CONFIGMAPS}?resourceVersion=1"):
        assert [str(one) for one in server.requests] == ["watch ConfigMap default: 200"]
