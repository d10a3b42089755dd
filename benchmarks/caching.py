"""What a controller's cache costs: memory for each Gateway, and time beyond that of reading JSON.

The objects are those of a server: Gateways with the five objects that a reconcile made for each. They are
taken as a client gets them, in lists, or one by one as a watch tells them, which is how most come in the end.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import closing
from typing import NamedTuple

from kubernetes import client as official

from benchmarks import measure
from gwdeployer import Chart, Deployer, KindRef, MemoryStore, Object
from gwdeployer.charts import charts_folder
from gwdeployer.cluster import CONTROLLED_BY, KubernetesCluster
from gwdeployer.controller.kind_cache import KindCache
from gwdeployer.store import Lookup
from gwdeployer.testing import APIServer
from gwdeployer_gateway.api import GATEWAY
from gwdeployer_gateway.envoy import EnvoyGenerator
from gwdeployer_gateway.inputs import GatewayInputs
from gwdeployer_gateway.kinds import GATEWAY_PARAMETERS
from tests.controller.caching import crd

GATEWAYS = 1000
_PAGE = 500
_AUTOSCALED = {"kube": {"horizontalPodAutoscaler": {"spec": {"minReplicas": 1, "maxReplicas": 3}}}}


class Cost(NamedTuple):
    """KiB for each Gateway with its objects, and how many times the seconds that reading their JSON takes."""

    listed: float
    watched: float
    list_ratio: float
    watch_ratio: float


def cost(gateways: Iterator[Object], class_: Object) -> Cost:
    """Measure what it takes to keep Gateways and their objects."""
    stored = _stored(gateways, class_)
    lists = [[json.dumps(one[at : at + _PAGE]) for at in range(0, len(one), _PAGE)] for one in stored]
    events = [[json.dumps(obj) for obj in one] for one in stored]

    times = measure.compare(
        {
            "read lists": lambda: _read(lists),
            "keep lists": lambda: _from_lists(lists),
            "read events": lambda: _read(events),
            "keep events": lambda: _from_events(events),
        },
        seconds=0,
        min_rounds=5,
    )
    return Cost(
        measure.memory_of(lambda: _from_lists(lists)) / GATEWAYS / 1024,
        measure.memory_of(lambda: _from_events(events)) / GATEWAYS / 1024,
        times.ratio("keep lists", "read lists"),
        times.ratio("keep events", "read events"),
    )


def _stored(gateways: Iterator[Object], class_: Object) -> Sequence[list[Object]]:
    """Return what a server has, kind by kind, after each Gateway was reconciled."""
    ref = {"group": GATEWAY_PARAMETERS.group, "kind": GATEWAY_PARAMETERS.kind, "name": "scaled"}
    parameters = {
        "apiVersion": GATEWAY_PARAMETERS.api_version,
        "kind": GATEWAY_PARAMETERS.kind,
        "metadata": {"name": "scaled", "namespace": "default"},
        "spec": _AUTOSCALED,
    }
    scaled = {**class_, "spec": {**class_["spec"], "parametersRef": {**ref, "namespace": "default"}}}
    store, nothing_there = MemoryStore([scaled, parameters]), MemoryStore()
    with APIServer(crds=[crd(GATEWAY)]) as server, closing(_connected(server)) as cluster:
        deployer = _deployer(cluster)
        for _ in range(GATEWAYS):
            owner = next(gateways)
            owner["metadata"].pop("uid")
            created = cluster.create(owner, manager="kubectl")
            deployer.reconcile(created, store, live=nothing_there).raise_for_errors()
        deployer.close()
        kinds = [kind for kind in (GATEWAY, *deployer.kinds) if cluster.supports(kind)]
        found = [_of_gateways(server, kind) for kind in kinds]
    assert sum(map(len, found)) == 6 * GATEWAYS
    return found


def _of_gateways(server: APIServer, kind: KindRef) -> list[Object]:
    return [obj for obj in server.list(kind) if obj["metadata"]["name"].startswith("gateway-")]


def _connected(server: APIServer) -> KubernetesCluster:
    configuration = official.Configuration(host=server.url)
    configuration.retries = False
    return KubernetesCluster(official.ApiClient(configuration))


def _deployer(cluster: KubernetesCluster) -> Deployer:
    inputs = GatewayInputs()
    return Deployer(
        GATEWAY,
        controller_name=inputs.controller_name,
        chart=Chart.load(charts_folder() / "envoy"),
        generator=EnvoyGenerator(inputs),
        cluster=cluster,
    )


def _read(texts: Sequence[Sequence[str]]) -> object:
    return [json.loads(text) for one in texts for text in one]


def _from_lists(kinds: Sequence[Sequence[str]]) -> Sequence[KindCache]:
    caches = [_cache() for _ in kinds]
    for cache, pages in zip(caches, kinds, strict=True):
        cache.replace([cache.kept(obj) for page in pages for obj in json.loads(page)])
    return caches


def _from_events(kinds: Sequence[Sequence[str]]) -> Sequence[KindCache]:
    caches = [_cache() for _ in kinds]
    for cache, events in zip(caches, kinds, strict=True):
        for event in events:
            cache.put(json.loads(event))
    return caches


def _cache() -> KindCache:
    cache = KindCache(GATEWAY)
    cache.select(None, None, Lookup(CONTROLLED_BY, "nobody"))  # from now on it keeps this index
    return cache
