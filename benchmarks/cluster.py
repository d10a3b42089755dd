"""New Gateways on a real kube-apiserver: a reconcile of each, and a bare loop that sends the same applies.

Both use as many connections and threads, and take turns in rounds, so that both meet a server in the same
state. The bare loop has its bodies ready; what a reconcile needs beyond it is planning, ownership, and
keeping what was answered.
"""

from __future__ import annotations

import json
import ssl
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import urllib3

from gwdeployer import Chart, Deployer, MemoryStore, Object, ObjectRef
from gwdeployer.charts import charts_folder
from gwdeployer.cluster import KubernetesCluster
from gwdeployer.cluster.sending import as_sent
from gwdeployer_gateway.api import GATEWAY
from gwdeployer_gateway.envoy import EnvoyGenerator
from gwdeployer_gateway.inputs import GatewayInputs
from tests.servers import binaries
from tests.servers.control_plane import ControlPlane

CONNECTIONS = 8
GATEWAYS = 1000
ROUNDS = 4
_APPLY = {"Content-Type": "application/apply-patch+yaml"}


class Times(NamedTuple):
    """Seconds for all Gateways."""

    bare: float
    reconciled: float

    @property
    def ratio(self) -> float:
        return self.reconciled / self.bare


def new_gateways(gateways: Iterator[Object], store: MemoryStore) -> Times | str:
    """Return how long each takes for as many Gateways; why not, where there is no kube-apiserver."""
    try:
        with _server() as control_plane:
            return _measured(control_plane, gateways, store)
    except binaries.UnavailableError as error:
        return str(error)


@contextmanager
def _server() -> Iterator[ControlPlane]:
    with TemporaryDirectory() as folder, ControlPlane(Path(folder), controllers=False, say=print) as running:
        yield running


def _measured(control_plane: ControlPlane, gateways: Iterator[Object], store: MemoryStore) -> Times:
    cluster = KubernetesCluster.connect(control_plane.kubeconfig)
    inputs = GatewayInputs()
    deployer = Deployer(
        GATEWAY,
        controller_name=inputs.controller_name,
        chart=Chart.load(charts_folder() / "envoy"),
        generator=EnvoyGenerator(inputs),
        cluster=cluster,
    )
    nothing_there = MemoryStore()
    send = _sender(control_plane, cluster)
    bare = reconciled = 0.0
    with ThreadPoolExecutor(CONNECTIONS) as threads:
        for _ in range(ROUNDS):
            bare_round = [_bodies(deployer, next(gateways), store) for _ in range(GATEWAYS // ROUNDS)]
            round_of_ours = [next(gateways) for _ in range(GATEWAYS // ROUNDS)]
            bare += _seconds(threads, send, bare_round)
            reconciled += _seconds(
                threads,
                lambda owner: deployer.reconcile(owner, store, live=nothing_there).raise_for_errors(),
                round_of_ours,
            )
    deployer.close()
    cluster.close()
    return Times(bare, reconciled)


def _bodies(deployer: Deployer, owner: Object, store: MemoryStore) -> list[Object]:
    objects = deployer.plan(owner, store).objects
    return [_believed_absent(as_sent(obj)) for obj in objects]


def _believed_absent(obj: Object) -> Object:
    return {**obj, "metadata": {**obj["metadata"], "resourceVersion": "1"}}


def _sender(control_plane: ControlPlane, cluster: KubernetesCluster) -> Callable[[Sequence[Object]], None]:
    endpoint = control_plane.endpoint
    trusted = ssl.create_default_context(cafile=endpoint.ca_file)
    pool = urllib3.PoolManager(maxsize=CONNECTIONS, ssl_context=trusted, retries=False)
    headers = {**endpoint.headers, **_APPLY}

    def send(objects: Sequence[Object]) -> None:
        for obj in objects:
            ref = ObjectRef.of(obj)
            path = cluster.endpoints.of(ref.kind).object(ref.namespace, ref.name)
            url = f"{endpoint.url}{path}?fieldManager=bare&force=true&fieldValidation=Strict"
            _check(pool.request("PATCH", url, body=json.dumps(obj), headers=headers))

    return send


def _check(answer: urllib3.BaseHTTPResponse) -> Mapping[str, object]:
    if answer.status != 201:
        raise AssertionError(answer.data)
    content: Mapping[str, object] = json.loads(answer.data)
    return content


def _seconds(threads: ThreadPoolExecutor, work: Callable[..., object], items: Sequence[object]) -> float:
    start = time.perf_counter()
    for _ in threads.map(work, items):
        pass
    return time.perf_counter() - start
