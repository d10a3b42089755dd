"""A cache on each server: in this process, and a real kube-apiserver with TLS, rights and a history."""

from __future__ import annotations

import json
import secrets
import threading
import time
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path

import pytest

from gwdeployer.cluster import KubernetesCluster, endpoints
from gwdeployer.controller.cache import Cache
from gwdeployer.controller.scope import Scope
from gwdeployer.errors import ApiError, NotSynced
from gwdeployer.objects import KindRef, Object, ObjectRef
from tests.controller.caching import (
    CONFIG_MAP,
    NAMESPACE,
    SERVICE,
    Witness,
    config_map,
    crd,
    custom,
    delete,
    identities,
    kept,
    once,
    put,
    quick_pace,
)
from tests.servers.control_plane import kubeconfig_of
from tests.servers.servers import Server


@pytest.fixture
def cluster(server: Server) -> Iterator[KubernetesCluster]:
    with closing(KubernetesCluster.connect(server.kubeconfig)) as connected:
        yield connected


@pytest.fixture
def namespace(server: Server) -> str:
    return server.namespace()


def _is_same(cluster: KubernetesCluster, cache: Cache, witness: Witness, namespace: str) -> bool:
    there = identities(cluster.list(CONFIG_MAP, namespace).items)
    told = [obj for (where, _), obj in witness.content(CONFIG_MAP).items() if where == namespace]
    return identities(cache.list(CONFIG_MAP, namespace)) == there == identities(told)


def test_a_cache_follows_what_is_written(cluster: KubernetesCluster, namespace: str) -> None:
    put(cluster, *(config_map(f"web-{number}", namespace, v="0") for number in range(20)))
    with kept(cluster, CONFIG_MAP, NAMESPACE) as (cache, witness):
        same = cache.get(CONFIG_MAP, namespace, "web-0")
        put(cluster, *(config_map(f"web-{number}", namespace, v="1") for number in range(5, 25)))
        delete(cluster, *(config_map(f"web-{number}", namespace) for number in range(1, 9)))
        once("it has caught up", lambda: _is_same(cluster, cache, witness, namespace))
        assert cache.get(CONFIG_MAP, namespace, "web-0") is same is not None
        assert cache.get(NAMESPACE, "", namespace) is not None


def test_a_watch_that_is_silent_goes_on_where_it_was(cluster: KubernetesCluster, namespace: str) -> None:
    with kept(cluster, CONFIG_MAP, pace=quick_pace(silence=0.3)) as (cache, witness):
        for number in range(8):
            put(cluster, config_map("web", namespace, v=str(number)))
            time.sleep(0.15)  # about twice within the silence: some writes fall between two watches
        once("it has caught up", lambda: _is_same(cluster, cache, witness, namespace))
        values = [change.after["data"]["v"] for change in witness.changes if _is_web(change.after, namespace)]
        assert values == [str(number) for number in range(8)]


def _is_web(obj: object, namespace: str) -> bool:
    return isinstance(obj, dict) and obj["metadata"].get("namespace") == namespace and "data" in obj


def test_a_kind_comes_and_goes(
    cluster: KubernetesCluster, namespace: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(endpoints, "ABSENT_FOR", 0.0)
    kind = KindRef(f"g{secrets.token_hex(3)}.example.com", "v1", "Fleet")
    with kept(cluster, kind) as (cache, _):
        assert cache.list(kind) == ()
        put(cluster, crd(kind))
        once("an object can be created", lambda: _created(cluster, custom(kind, "web", namespace)))
        once("the object is there", lambda: cache.get(kind, namespace, "web") is not None)
        delete(cluster, crd(kind))
        once("the kind is gone", lambda: cache.list(kind) == ())
        # It is not served well before its definition is gone, and what is applied till then goes with it.
        definition = ObjectRef.of(crd(kind))
        once("its definition is gone", lambda: cluster.get(*definition) is None)
        put(cluster, crd(kind))
        once("an object can be created", lambda: _created(cluster, custom(kind, "other", namespace)))
        once("the new object is there", lambda: cache.get(kind, namespace, "other") is not None)
        assert cache.synced(kind)
    delete(cluster, crd(kind))


def _created(cluster: KubernetesCluster, obj: Object) -> bool:
    """Create something of a kind that was installed a moment ago: the server may need another one."""
    with suppress(ApiError):
        put(cluster, obj)
        return True
    return False


def test_who_has_rights_in_a_namespace_keeps_what_is_in_there(
    server: Server, cluster: KubernetesCluster, namespace: str, tmp_path: Path
) -> None:
    if not server.has_rbac:
        pytest.skip("the server asks nobody for rights")
    rule = {"apiGroups": [""], "resources": ["configmaps"], "verbs": ["get", "list", "watch"]}
    kubeconfig = tmp_path / "kubeconfig"
    kubeconfig.write_text(json.dumps(kubeconfig_of(server.user(namespace, [rule]))))
    with closing(KubernetesCluster.connect(kubeconfig)) as limited:
        with kept(limited, CONFIG_MAP, scope=Scope([namespace])) as (cache, witness):
            put(cluster, config_map("web", namespace, v="1"))
            once("it has caught up", lambda: _is_same(cluster, cache, witness, namespace))
            with pytest.raises(NotSynced):
                cache.list(SERVICE)
            once("the reason is known", lambda: "forbidden" in why_unknown(cache, SERVICE))
            assert 'resources: ["services"], verbs: ["list"]' in why_unknown(cache, SERVICE)
            assert "allow it in a Role" in why_unknown(cache, SERVICE)
        with Cache(limited, pace=quick_pace()) as everywhere:
            everywhere.keep(CONFIG_MAP)
            once("the reason is known", lambda: "forbidden" in why_unknown(everywhere, CONFIG_MAP))
            assert "allow it in a ClusterRole" in why_unknown(everywhere, CONFIG_MAP)


def why_unknown(cache: Cache, kind: KindRef) -> str:
    try:
        cache.list(kind)
    except NotSynced as error:
        return str(error)
    return ""


def test_watches_end_when_the_cache_is_closed(cluster: KubernetesCluster) -> None:
    cache = Cache(cluster)
    cache.keep(CONFIG_MAP, SERVICE, NAMESPACE)
    cache.start()
    assert cache.wait_for_sync(timeout=30)
    time.sleep(0.5)  # by now the watches wait for something to happen
    cache.close()
    assert not [one for one in threading.enumerate() if one.name.startswith("gwdeployer-cache")]
