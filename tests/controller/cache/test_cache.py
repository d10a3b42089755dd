"""The cache of a controller, on the server in this process: what it knows, and what it tells."""

from __future__ import annotations

import logging
import threading
import time
from contextlib import closing
from pathlib import Path

import pytest

from gwdeployer.cluster import CONTROLLED_BY, KubernetesCluster, endpoints
from gwdeployer.controller.cache import Cache
from gwdeployer.controller.changes import Change
from gwdeployer.controller.scope import Scope
from gwdeployer.errors import NotSynced
from gwdeployer.objects import KindRef, Object
from gwdeployer.store import Index, Lookup
from gwdeployer.testing import APIServer
from tests.controller.caching import (
    CONFIG_MAP,
    FLEET,
    NAMESPACE,
    SERVICE,
    SITE,
    Witness,
    caught_up,
    config_map,
    crd,
    custom,
    delete,
    identities,
    kept,
    once,
    put,
    quick_pace,
    told,
)


@pytest.fixture
def quick_discovery(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(endpoints, "ABSENT_FOR", 0.0)


def _said(caplog: pytest.LogCaptureFixture, words: str) -> list[str]:
    return [record.getMessage() for record in caplog.records if words in record.getMessage()]


# --- what it knows -----------------------------------------------------------------------------------------


def test_objects_are_found_by_name_and_what_is_not_there_is_none(cluster: KubernetesCluster) -> None:
    put(cluster, config_map("web", v="1"))
    with kept(cluster, CONFIG_MAP) as (cache, _):
        found = cache.get(CONFIG_MAP, "default", "web")
        assert found is not None
        assert found["data"] == {"v": "1"}
        assert (found["apiVersion"], found["kind"]) == ("v1", "ConfigMap")
        assert cache.get(CONFIG_MAP, "default", "other") is None
        assert cache.get(CONFIG_MAP, "nowhere", "web") is None


def test_a_kind_is_not_known_before_it_was_listed_and_kept_once_it_was_asked_for(
    cluster: KubernetesCluster,
) -> None:
    with Cache(cluster) as cache:
        assert not cache.synced(CONFIG_MAP)
        with pytest.raises(NotSynced, match=r"^ConfigMap: not listed yet$"):
            Cache(cluster).get(CONFIG_MAP, "default", "web")
        with pytest.raises(NotSynced):
            cache.list(CONFIG_MAP)
        assert cache.wait_for_sync(timeout=30)
        assert cache.synced(CONFIG_MAP)
        assert cache.list(CONFIG_MAP) == ()


def test_a_cache_reads_nothing_before_it_is_started(server: APIServer, cluster: KubernetesCluster) -> None:
    cache = Cache(cluster)
    cache.keep(CONFIG_MAP, SERVICE)
    assert cache.unsynced() == (CONFIG_MAP, SERVICE)
    assert not cache.wait_for_sync(timeout=0.05)
    assert len(server.requests) == 0
    assert repr(cache) == "Cache(ConfigMap, Service)"
    with cache:
        cache.start()
        assert cache.wait_for_sync(timeout=30)
        assert cache.unsynced() == ()


def test_another_version_of_a_kind_is_the_same_kind(server: APIServer, cluster: KubernetesCluster) -> None:
    with kept(cluster, CONFIG_MAP) as (cache, _):
        before = len(server.requests.matching({"verb": "list"}))
        assert cache.list(KindRef("", "v2", "ConfigMap")) == ()
        cache.keep(CONFIG_MAP)
        assert cache.wait_for_sync(timeout=30)
        assert len(server.requests.matching({"verb": "list"})) == before


def test_the_sizes_of_the_kinds_that_are_known_are_told(cluster: KubernetesCluster) -> None:
    put(cluster, custom(NAMESPACE, "shop"), config_map("a", "shop"), config_map("b", "shop"))
    with kept(cluster, CONFIG_MAP, SERVICE) as (cache, _):
        assert cache.sizes() == {kind: len(cache.list(kind)) for kind in (CONFIG_MAP, SERVICE)}
        assert cache.sizes()[CONFIG_MAP] >= 2
    assert Cache(cluster).sizes() == {}


def test_lists_are_in_order_and_can_be_narrowed(cluster: KubernetesCluster) -> None:
    put(
        cluster,
        custom(NAMESPACE, "shop"),
        config_map("b", "shop", labels={"team": "web"}),
        config_map("a", "shop"),
        config_map("c", "default", labels={"team": "web", "tier": "1"}),
    )
    with kept(cluster, CONFIG_MAP) as (cache, _):

        def names(**narrowed: object) -> list[str]:
            found = cache.list(CONFIG_MAP, **narrowed)  # type: ignore[arg-type]
            return [obj["metadata"]["name"] for obj in found if obj["metadata"]["name"] != "kube-root-ca.crt"]

        assert names() == ["c", "a", "b"]
        assert names(namespace="shop") == ["a", "b"]
        assert names(selector={"team": "web"}) == ["c", "b"]
        assert names(namespace="shop", selector={"team": "web"}) == ["b"]
        assert names(selector={"team": "web", "tier": "2"}) == []
        assert cache.list(CONFIG_MAP) is cache.list(CONFIG_MAP)


def test_an_index_follows_the_changes(server: APIServer, cluster: KubernetesCluster) -> None:
    by_v = Index("by v", lambda obj: filter(None, [(obj.get("data") or {}).get("v")]))
    put(cluster, config_map("a", v="1"), config_map("b", v="1"), config_map("c", v="2"))
    with kept(cluster, CONFIG_MAP) as (cache, witness):

        def names(v: str, namespace: str | None = None) -> list[str]:
            found = cache.list(CONFIG_MAP, namespace, lookup=Lookup(by_v, v))
            return [obj["metadata"]["name"] for obj in found]

        assert (names("1"), names("2"), names("3")) == (["a", "b"], ["c"], [])
        assert names("1", "elsewhere") == []
        put(cluster, config_map("a", v="3"), config_map("d", v="1"))
        delete(cluster, config_map("c"))
        caught_up(cache, witness, server)
        assert (names("1"), names("2"), names("3")) == (["b", "d"], [], ["a"])
        assert cache.list(CONFIG_MAP, lookup=Lookup(CONTROLLED_BY, "nobody")) == ()


def test_a_long_list_comes_in_pages(server: APIServer, cluster: KubernetesCluster) -> None:
    put(cluster, *(config_map(f"web-{number}") for number in range(1201)))
    server.requests.clear()
    with kept(cluster, CONFIG_MAP) as (cache, witness):
        assert len(server.requests.matching({"verb": "list"})) == 3
        caught_up(cache, witness, server)


# --- what it tells -----------------------------------------------------------------------------------------


def test_each_change_is_told_once_and_in_order(cluster: KubernetesCluster) -> None:
    put(cluster, config_map("web", v="0"))
    with kept(cluster, CONFIG_MAP) as (cache, witness):
        assert witness.synced == [CONFIG_MAP]
        for v in "123":
            put(cluster, config_map("web", v=v))
        delete(cluster, config_map("web"))
        put(cluster, config_map("web", v="4"))
        told(witness, 6)
        assert witness.said() == [(None, "0"), ("0", "1"), ("1", "2"), ("2", "3"), ("3", None), (None, "4")]
        assert cache.get(CONFIG_MAP, "default", "web") is witness.changes[-1].after


def test_whoever_is_told_sees_it_in_the_cache(cluster: KubernetesCluster) -> None:
    seen: list[Object | None] = []

    def look(change: Change) -> None:
        seen.append(cache.get(CONFIG_MAP, "default", "web"))
        cache.list(CONFIG_MAP, lookup=Lookup(CONTROLLED_BY, "nobody"))
        cache.keep(SERVICE)

    cache = Cache(cluster, on_change=look)
    with cache:
        assert cache.wait_for_sync([CONFIG_MAP], timeout=30)
        put(cluster, config_map("web", v="1"))
        once("the change is told", lambda: len(seen) == 1)
        assert seen[0] is cache.get(CONFIG_MAP, "default", "web") is not None
        assert cache.wait_for_sync([SERVICE], timeout=30)


def test_a_listener_that_fails_stops_nobody(
    cluster: KubernetesCluster, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(news: object) -> None:
        raise ValueError(news)

    with Cache(cluster, on_change=fail, on_synced=fail) as cache:
        assert cache.wait_for_sync([CONFIG_MAP], timeout=30)
        put(cluster, config_map("web", key="secret"))
        once("the object is there", lambda: cache.get(CONFIG_MAP, "default", "web") is not None)
    assert _said(caplog, "a listener failed") == [
        "ConfigMap: a listener failed on KindRef(group='', version='v1', kind='ConfigMap')",
        "ConfigMap: a listener failed on <ConfigMap default/web added>",
    ]


def test_many_wait_and_all_are_woken(cluster: KubernetesCluster) -> None:
    cache = Cache(cluster)
    cache.keep(CONFIG_MAP, SERVICE)
    answers: list[bool] = []
    waiting = [
        threading.Thread(target=lambda: answers.append(cache.wait_for_sync(timeout=30))) for _ in range(3)
    ]
    for thread in waiting:
        thread.start()
    with cache:
        for thread in waiting:
            thread.join()
    assert answers == [True, True, True]


def test_waiting_is_over_when_it_is_called_off(cluster: KubernetesCluster) -> None:
    stop = threading.Event()
    stop.set()
    cache = Cache(cluster)
    assert not cache.wait_for_sync([CONFIG_MAP], stop=stop)
    cache.close()
    assert not cache.wait_for_sync([CONFIG_MAP])


# --- kinds that come, go, or may not be read ---------------------------------------------------------------


@pytest.mark.usefixtures("quick_discovery")
def test_a_kind_that_is_not_installed_has_no_objects_until_it_comes(
    server: APIServer, cluster: KubernetesCluster, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    with kept(cluster, SITE, CONFIG_MAP) as (cache, witness):
        assert cache.list(SITE) == ()
        assert cache.get(SITE, "default", "web") is None
        put(cluster, crd(SITE))
        once("Sites are served", lambda: cluster.supports(SITE))
        put(cluster, custom(SITE, "web", "default"))
        caught_up(cache, witness, server, SITE)
        assert cache.get(SITE, "default", "web") is not None
        delete(cluster, crd(SITE))
        once("the kind is gone", lambda: cache.list(SITE) == ())
        told(witness, 2)
        assert [change.after is None for change in witness.changes] == [False, True]
        assert cache.synced(SITE)
        server.faults.drop_watches(kind="Site")
        once("its going was noticed", lambda: len(_said(caplog, "not installed")) == 2)
    assert witness.synced.count(SITE) == 2, "it was known not to be there, and then it came"


@pytest.mark.usefixtures("quick_discovery")
def test_a_version_that_is_not_served_is_a_kind_that_is_not_installed(
    server: APIServer, cluster: KubernetesCluster
) -> None:
    with kept(cluster, KindRef("apps", "v9", "Deployment")) as (cache, _):
        assert cache.list(KindRef("apps", "v9", "Deployment")) == ()


def test_a_kind_that_may_not_be_read_is_named_with_the_rule_that_is_missing(
    server: APIServer, cluster: KubernetesCluster, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    rule = server.faults.forbid(kind="Service", verb=("list", "watch"))
    with kept(cluster, CONFIG_MAP) as (cache, witness):
        cache.keep(SERVICE)
        once("it was tried again", lambda: rule.hits > 3)
        assert cache.unsynced() == (SERVICE,)
        with pytest.raises(NotSynced, match=r'Service: services is forbidden.*resources: \["services"\]'):
            cache.get(SERVICE, "default", "web")
        rule.remove()
        assert cache.wait_for_sync(timeout=30)
        assert cache.list(SERVICE) == ()
        once("both kinds were told of", lambda: set(witness.synced) == {CONFIG_MAP, SERVICE})
    warned = [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]
    assert len(warned) == 1
    assert 'resources: ["services"], verbs: ["list"]' in warned[0]
    assert _said(caplog, "works again") == ["Service: the list works again"]


def test_who_loses_the_right_to_read_knows_nothing_any_more(
    server: APIServer, cluster: KubernetesCluster
) -> None:
    put(cluster, config_map("web", v="1"))
    with kept(cluster, CONFIG_MAP) as (cache, witness):
        with server.faults.forbid(kind="ConfigMap", verb=("list", "watch")):
            server.faults.drop_watches(kind="ConfigMap")
            once("nothing is known", lambda: not cache.synced(CONFIG_MAP))
            with pytest.raises(NotSynced, match="forbidden"):
                cache.list(CONFIG_MAP)
            put(cluster, config_map("web", v="2"))
        assert cache.wait_for_sync(timeout=30)
        caught_up(cache, witness, server)
        assert witness.said() == [(None, "1"), ("1", "2")]
        assert witness.synced == [CONFIG_MAP, CONFIG_MAP]


def test_what_may_be_listed_and_not_watched_is_listed_again_and_again(
    server: APIServer, cluster: KubernetesCluster, caplog: pytest.LogCaptureFixture
) -> None:
    with server.faults.forbid(verb="watch") as rule, kept(cluster, CONFIG_MAP) as (cache, witness):
        put(cluster, config_map("web", v="1"))
        caught_up(cache, witness, server)
        once("it was tried again", lambda: rule.hits > 3)
        assert cache.synced(CONFIG_MAP)
    assert len(_said(caplog, "ConfigMap: no watch")) == 1


# --- scope -------------------------------------------------------------------------------------------------


def test_within_fixed_namespaces_nothing_is_read_outside(
    server: APIServer, cluster: KubernetesCluster
) -> None:
    put(cluster, crd(FLEET, "Cluster"), *(custom(NAMESPACE, name) for name in ("shop", "bank", "pub")))
    once("Fleets are served", lambda: cluster.supports(FLEET))
    put(cluster, custom(FLEET, "all"), *(config_map("web", name, v=name) for name in ("shop", "bank", "pub")))
    scope = Scope(["shop", "bank"])
    server.requests.clear()
    kinds = CONFIG_MAP, NAMESPACE, FLEET
    with kept(cluster, *kinds, scope=scope, cluster_scoped=[FLEET]) as (cache, witness):
        names = [obj["data"]["v"] for obj in cache.list(CONFIG_MAP) if obj["metadata"]["name"] == "web"]
        assert names == ["bank", "shop"]
        assert cache.get(CONFIG_MAP, "pub", "web") is None
        assert cache.list(CONFIG_MAP, "pub") == ()
        assert cache.get(NAMESPACE, "", "pub") is not None
        assert [obj["metadata"]["name"] for obj in cache.list(FLEET)] == ["all"]
        put(cluster, config_map("web", "bank", v="new"))
        once("the change is there", lambda: cache.list(CONFIG_MAP, "bank")[-1]["data"]["v"] == "new")
        delete(cluster, config_map("web", "shop"))
        once("the other is gone", lambda: cache.get(CONFIG_MAP, "shop", "web") is None)
    lists = [(one.kind, one.namespace) for one in server.requests.matching({"verb": "list"})]
    assert sorted(lists) == [("ConfigMap", "bank"), ("ConfigMap", "shop"), ("Fleet", ""), ("Namespace", "")]
    assert witness.synced.count(CONFIG_MAP) == 1


def test_a_kind_is_known_once_each_namespace_was_listed(
    server: APIServer, cluster: KubernetesCluster
) -> None:
    put(cluster, custom(NAMESPACE, "shop"), custom(NAMESPACE, "bank"))
    rule = server.faults.forbid(verb="list", namespace="bank")
    with Cache(cluster, scope=Scope(["shop", "bank"]), pace=quick_pace()) as cache:
        cache.keep(CONFIG_MAP)
        once("it was tried again", lambda: rule.hits > 2)
        assert cache.unsynced() == (CONFIG_MAP,)
        rule.remove()
        assert cache.wait_for_sync(timeout=30)


def test_many_watches_are_not_too_many_for_one_pool(
    server: APIServer, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    namespaces = [f"ns-{number}" for number in range(50)]
    with closing(KubernetesCluster.connect(server.write_kubeconfig(tmp_path / "kubeconfig"))) as cluster:
        put(cluster, *(custom(NAMESPACE, name) for name in namespaces))
        with kept(cluster, CONFIG_MAP, scope=Scope(namespaces)):
            once("all watch", lambda: len(server.requests.matching({"verb": "watch"})) == 50)
            server.faults.drop_watches()
            once("all watch again", lambda: len(server.requests.matching({"verb": "watch"})) == 100)
    assert not _said(caplog, "pool is full")


# --- the end -----------------------------------------------------------------------------------------------


def test_closing_ends_all_threads_though_they_wait_for_news(cluster: KubernetesCluster) -> None:
    before = set(threading.enumerate())
    cache = Cache(cluster)
    cache.keep(CONFIG_MAP, SERVICE, SITE)
    cache.start()
    assert cache.wait_for_sync(timeout=30)
    ours = [thread for thread in threading.enumerate() if thread.name.startswith("gwdeployer-cache")]
    assert len(ours) == 3
    began = time.monotonic()
    cache.close()
    assert time.monotonic() - began < 5
    assert not any(thread.is_alive() for thread in ours)
    assert {one for one in set(threading.enumerate()) - before if one.name.startswith("gwdeployer")} == set()
    cache.close()
    cache.keep(NAMESPACE)
    assert not cache.synced(NAMESPACE)


def test_a_listener_may_close_the_cache(cluster: KubernetesCluster) -> None:
    witness = Witness()
    cache = Cache(cluster, on_change=witness.changed, on_synced=lambda _: cache.close())
    cache.keep(CONFIG_MAP)
    cache.start()
    once("all threads have ended", lambda: not _alive())
    assert identities(witness.content(CONFIG_MAP).values()) == identities(cache.list(CONFIG_MAP))


def _alive() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name.startswith("gwdeployer-cache")]


def test_a_request_that_hangs_does_not_hold_up_the_end(
    server: APIServer, cluster: KubernetesCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gwdeployer.controller.cache._FAREWELL", 0.1)
    with server.faults.delay(1.5, verb="list", kind="Service") as rule:
        cache = Cache(cluster)
        cache.keep(SERVICE)
        cache.start()
        once("the request is there", lambda: rule.hits == 1)
        cache.close()
        assert _alive()
    once("its thread has ended, too", lambda: not _alive())
    assert not cache.synced(SERVICE)
