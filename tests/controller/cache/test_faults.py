"""Whatever a server, a proxy or a network does: in the end the cache has what the server has."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count

import pytest

from gwdeployer.cluster import KubernetesCluster
from gwdeployer.testing import APIServer, Faults, Rule
from tests.controller.caching import (
    CONFIG_MAP,
    caught_up,
    config_map,
    connected,
    delete,
    kept,
    once,
    put,
    quick_pace,
    told,
)


def disturb(cluster: KubernetesCluster, end_watches: Callable[[], object]) -> None:
    """Change, delete and create while nobody can watch."""
    put(cluster, config_map("changed", v="1"), config_map("deleted", v="1"), config_map("same", v="1"))
    delete(cluster, config_map("deleted"))
    put(cluster, config_map("changed", v="2"), config_map("new", v="1"))
    end_watches()


@pytest.fixture
def start(cluster: KubernetesCluster) -> None:
    put(cluster, *(config_map(name, v="0") for name in ("same", "changed", "deleted", "again")))


# --- watches that end --------------------------------------------------------------------------------------


@pytest.mark.usefixtures("start")
def test_what_happens_while_a_watch_is_down_is_told_once_it_is_up(
    server: APIServer, cluster: KubernetesCluster
) -> None:
    with kept(cluster, CONFIG_MAP) as (cache, witness):
        same = cache.get(CONFIG_MAP, "default", "same")
        with server.faults.answer(503, verb="watch") as rule:
            server.faults.drop_watches()
            delete(cluster, config_map("deleted"), config_map("again"))
            put(cluster, config_map("changed", v="2"), config_map("new", v="1"), config_map("again", v="1"))
            once("it was tried again", lambda: rule.hits > 2)
        caught_up(cache, witness, server)
        assert cache.get(CONFIG_MAP, "default", "same") is same


@pytest.mark.usefixtures("start")
@pytest.mark.parametrize("how", ["one by one", "all at once"])
def test_connections_that_are_lost_are_replaced(
    server: APIServer, cluster: KubernetesCluster, how: str
) -> None:
    with kept(cluster, CONFIG_MAP) as (cache, witness):
        for number in range(5):
            server.disconnect() if how == "all at once" else server.faults.drop_watches()
            put(cluster, config_map("changed", v=f"{number + 1}"))
        caught_up(cache, witness, server)


@pytest.mark.usefixtures("start")
def test_a_line_that_is_cut_in_the_middle_is_no_change(server: APIServer, cluster: KubernetesCluster) -> None:
    with (
        server.faults.cut_body(200, verb="watch", times=3) as rule,
        kept(cluster, CONFIG_MAP) as (cache, witness),
    ):
        for number in range(1, 20):
            put(cluster, config_map("changed", v=str(number)))
        once("the fault was met", lambda: rule.hits == 3)
        caught_up(cache, witness, server)


@pytest.mark.usefixtures("start")
def test_a_watch_in_which_nothing_comes_is_watched_anew_and_not_listed(
    server: APIServer, cluster: KubernetesCluster
) -> None:
    with kept(cluster, CONFIG_MAP, pace=quick_pace(silence=0.1)) as (cache, witness):
        before = cache.list(CONFIG_MAP)
        once("it watches anew", lambda: len(server.requests.matching({"verb": "watch"})) > 4)
        assert cache.list(CONFIG_MAP) is before
        put(cluster, config_map("changed", v="1"))
        caught_up(cache, witness, server)
        assert len(witness.changes) == 5


# --- 410 ---------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("start")
def test_a_watch_that_expires_is_listed_again_and_only_what_differs_is_told(
    server: APIServer, cluster: KubernetesCluster
) -> None:
    with kept(cluster, CONFIG_MAP) as (cache, witness):
        same = cache.get(CONFIG_MAP, "default", "same")
        told(witness, 4)
        with server.faults.expire_watches() as rule:
            delete(cluster, config_map("deleted"), config_map("again"))
            put(cluster, config_map("changed", v="1"), config_map("new", v="1"), config_map("again", v="1"))
            once("it was tried again", lambda: rule.hits > 1)
        caught_up(cache, witness, server)
        assert cache.get(CONFIG_MAP, "default", "same") is same
        changed = {after or before for before, after in witness.said()[4:]}
        assert len(witness.changes) <= 4 + 5
        assert changed <= {"0", "1"}
        assert not [one for one in witness.changes[4:] if one.before is same or one.after is same]


@pytest.mark.usefixtures("start")
def test_an_object_that_was_deleted_and_created_unseen_is_another_one(
    server: APIServer, cluster: KubernetesCluster
) -> None:
    with kept(cluster, CONFIG_MAP) as (cache, witness):
        told(witness, 4)
        with server.faults.answer(500, verb=("list", "watch")) as rule:
            server.faults.drop_watches()
            once("nobody is watching", lambda: rule.hits > 0)
            delete(cluster, config_map("again"))
            put(cluster, config_map("again", v="1"))
        told(witness, 5)
        assert witness.said()[4:] == [("0", "1")]
        change = witness.changes[4]
        assert change.before is not None
        assert change.after is not None
        assert change.before["metadata"]["uid"] != change.after["metadata"]["uid"]
        caught_up(cache, witness, server)


@pytest.mark.usefixtures("start")
def test_a_history_that_was_compacted_is_no_loss(server: APIServer, cluster: KubernetesCluster) -> None:
    with kept(cluster, CONFIG_MAP) as (cache, witness):
        for number in range(3):
            with server.faults.delay(0.05, verb="watch"):
                server.faults.drop_watches()
                put(cluster, config_map("changed", v=f"{number + 1}"))
                server.compact()
        caught_up(cache, witness, server)


def test_a_list_that_expires_between_two_pages_is_read_all_the_same(
    server: APIServer, cluster: KubernetesCluster
) -> None:
    put(cluster, *(config_map(f"web-{number}") for number in range(600)))
    with (
        server.faults.answer(410, verb="list", nth=2, times=3) as rule,
        kept(cluster, CONFIG_MAP) as (cache, witness),
    ):
        assert rule.hits == 3
        caught_up(cache, witness, server)


# --- answers that are none ---------------------------------------------------------------------------------

BREAKS: dict[str, Callable[[Faults, str], Rule]] = {
    "500": lambda faults, verb: faults.answer(500, verb=verb, times=3),
    "429": lambda faults, verb: faults.answer(429, verb=verb, times=1),
    "401": lambda faults, verb: faults.answer(401, verb=verb, times=3),
    "404": lambda faults, verb: faults.answer(404, verb=verb, times=3),
    "a proxy's page": lambda faults, verb: faults.answer(200, body=b"<html>", verb=verb, times=3),
    "closed before": lambda faults, verb: faults.drop(verb=verb, times=3),
    "answer lost": lambda faults, verb: faults.lose_answer(verb=verb, times=3),
    "body cut": lambda faults, verb: faults.cut_body(30, verb=verb, times=3),
    "forbidden": lambda faults, verb: faults.forbid(verb=verb, times=3),
}


@pytest.mark.usefixtures("start")
@pytest.mark.parametrize("verb", ["list", "watch"])
@pytest.mark.parametrize("fault", BREAKS)
def test_any_request_may_break_at_first_and_later(
    server: APIServer, cluster: KubernetesCluster, fault: str, verb: str
) -> None:
    first = BREAKS[fault](server.faults, verb)
    with kept(cluster, CONFIG_MAP) as (cache, witness):
        put(cluster, config_map("changed", v="1"))
        once("the fault was met", lambda: first.hits == first._times)
        caught_up(cache, witness, server)
        later = BREAKS[fault](server.faults, verb)
        server.faults.drop_watches()
        delete(cluster, config_map("deleted"))
        versions = count(2)

        def met_again() -> bool:
            # A watch breaks where it has something to tell; the one that ends may have told all there was.
            put(cluster, config_map("changed", v=str(next(versions))))
            return later.hits == later._times

        once("the fault was met again", met_again)
        assert cache.wait_for_sync(timeout=30)
        caught_up(cache, witness, server)


# --- servers that go back in time --------------------------------------------------------------------------


@pytest.mark.usefixtures("start")
def test_a_stale_list_brings_nothing_back_for_good(server: APIServer, cluster: KubernetesCluster) -> None:
    with kept(cluster, CONFIG_MAP) as (cache, witness):
        stale = server.faults.stale(verb="list")
        delete(cluster, config_map("deleted"))
        put(cluster, config_map("changed", v="1"), config_map("new", v="1"))
        caught_up(cache, witness, server)
        with server.faults.expire_watches():
            once("the past is back", lambda: cache.get(CONFIG_MAP, "default", "deleted") is not None)
        caught_up(cache, witness, server)
        assert cache.get(CONFIG_MAP, "default", "deleted") is None
        stale.remove()


@pytest.mark.usefixtures("start")
@pytest.mark.parametrize("writes", [0, 300], ids=["at lower revisions", "at higher revisions"])
def test_another_server_in_the_place_of_the_first_is_believed(
    server: APIServer, cluster: KubernetesCluster, caplog: pytest.LogCaptureFixture, writes: int
) -> None:
    port = int(server.url.rpartition(":")[2])
    put(cluster, *(config_map("changed", v=str(number)) for number in range(50)))
    with kept(cluster, CONFIG_MAP) as (cache, witness):
        before = cache.get(CONFIG_MAP, "default", "same")
        requests = len(server.requests.matching({"verb": "list"}))
        server.stop()
        once("requests find nobody there", lambda: "no list, tried again" in caplog.text)
        with APIServer(port=port) as other:
            direct = connected(other)
            put(direct, *(config_map("changed", v=str(number)) for number in range(writes)))
            put(direct, config_map("same", v="0"), config_map("new", v="1"))
            caught_up(cache, witness, other)
            direct.close()
            assert cache.get(CONFIG_MAP, "default", "deleted") is None
            assert cache.get(CONFIG_MAP, "default", "same") is not before
        assert requests == 1
