"""New Gateways on a real kube-apiserver: a reconcile of each, and a bare loop that sends the same applies.

Both use as many connections and threads, and take turns in rounds, so that both meet a server in the same
state. The bare loop has its bodies ready; what a reconcile needs beyond it is planning, ownership, and
keeping what was answered.
"""

from __future__ import annotations

import json
import ssl
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import urllib3

from gwdeployer import Chart, Deployer, MemoryStore, Object, ObjectRef, ObjectStore
from gwdeployer.charts import charts_folder
from gwdeployer.cluster import KubernetesCluster
from gwdeployer.cluster.sending import as_sent
from gwdeployer_gateway.api import GATEWAY
from gwdeployer_gateway.envoy import EnvoyGenerator
from gwdeployer_gateway.inputs import GatewayInputs
from tests.servers.control_plane import ControlPlane

CONNECTIONS = 8
GATEWAYS = 1000
ROUNDS = 4
_APPLY = "application/apply-patch+yaml"
_JSON_PATCH = "application/json-patch+json"


class Times(NamedTuple):
    """Seconds for all Gateways."""

    bare: float
    reconciled: float

    @property
    def ratio(self) -> float:
        return self.reconciled / self.bare


@contextmanager
def server() -> Iterator[ControlPlane]:
    """Run a kube-apiserver without controllers. Raises binaries.UnavailableError where there is none."""
    with TemporaryDirectory() as folder, ControlPlane(Path(folder), controllers=False, say=print) as running:
        yield running


def new_gateways(control_plane: ControlPlane, gateways: Iterator[Object], store: MemoryStore) -> Times:
    """Return how long each takes for as many Gateways."""
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
    sender = Sender(control_plane, cluster)
    bare = reconciled = 0.0
    with ThreadPoolExecutor(CONNECTIONS) as threads:
        for _ in range(ROUNDS):
            bare_round = [bodies(deployer, next(gateways), store) for _ in range(GATEWAYS // ROUNDS)]
            round_of_ours = [next(gateways) for _ in range(GATEWAYS // ROUNDS)]
            bare += _seconds(threads, sender.create_all, bare_round)
            reconciled += _seconds(
                threads,
                lambda owner: deployer.reconcile(owner, store, live=nothing_there).raise_for_errors(),
                round_of_ours,
            )
    deployer.close()
    cluster.close()
    return Times(bare, reconciled)


def bodies(deployer: Deployer, owner: Object, store: ObjectStore) -> list[Object]:
    """Return what is applied for a new owner."""
    objects = deployer.plan(owner, store).objects
    return [_believed_absent(as_sent(obj)) for obj in objects]


def _believed_absent(obj: Object) -> Object:
    return {**obj, "metadata": {**obj["metadata"], "resourceVersion": "1"}}


class Sender:
    """Sends bodies that are ready, and takes the answers. Thread-safe."""

    def __init__(self, control_plane: ControlPlane, cluster: KubernetesCluster) -> None:
        """``cluster`` knows where the server serves what."""
        self._endpoint = control_plane.endpoint
        self._endpoints = cluster.endpoints
        trusted = ssl.create_default_context(cafile=self._endpoint.ca_file)
        self._pool = urllib3.PoolManager(maxsize=CONNECTIONS, ssl_context=trusted, retries=False)

    def create_all(self, objects: Iterable[Object]) -> None:
        """Create objects by applying them."""
        for obj in objects:
            self._patch(
                ObjectRef.of(obj), obj, _APPLY, "?fieldManager=bare&force=true&fieldValidation=Strict"
            )

    def set_status(self, ref: ObjectRef, status: object) -> None:
        """Give an object a status."""
        patch = [{"op": "add", "path": "/status", "value": status}]
        self._patch(ref, patch, _JSON_PATCH, "/status?fieldManager=bare")

    def _patch(self, ref: ObjectRef, body: object, content_type: str, rest: str) -> None:
        path = self._endpoints.of(ref.kind).object(ref.namespace, ref.name)
        headers = {**self._endpoint.headers, "Content-Type": content_type}
        url = f"{self._endpoint.url}{path}{rest}"
        answer = self._pool.request("PATCH", url, body=json.dumps(body), headers=headers)
        if answer.status not in (200, 201):
            raise AssertionError(answer.data)
        json.loads(answer.data)


def _seconds(threads: ThreadPoolExecutor, work: Callable[..., object], items: Sequence[object]) -> float:
    start = time.perf_counter()
    for _ in threads.map(work, items):
        pass
    return time.perf_counter() - start
