"""Controllers of workloads against the real ones: the same is done to both clusters, and ends alike."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from gwdeployer.objects import Object
from gwdeployer.testing import ALL_CONTROLLERS, APIServer, SimulatedLoadBalancer, SimulatedNode
from tests.servers.http_client import STRATEGIC_MERGE_PATCH, Client, Endpoint
from tests.servers.servers import Server, eventually
from tests.testing.client import deployment

#: What no two clusters have in common: identities, times, and who noted what.
_OWN = {"uid", "resourceVersion", "creationTimestamp", "managedFields", "selfLink"}
_TIMES = {"lastTransitionTime", "lastUpdateTime", "startTime", "startedAt"}
_SUFFIX = re.compile(r"(?<=-)[bcdfghjklmnpqrstvwxz2456789]{5}$")


@pytest.fixture
def clusters(cluster: Server) -> Iterator[list[tuple[Endpoint, str]]]:
    """A real cluster and the in-process one, with a namespace of this test's own in each."""
    parts = [SimulatedNode(), SimulatedLoadBalancer()]
    with APIServer(controllers=ALL_CONTROLLERS, parts=parts) as server:
        yield [(cluster.endpoint, cluster.namespace()), (Endpoint(server.url), "default")]


class Place:
    """One namespace of a cluster, and what is there when all has settled."""

    def __init__(self, client: Client, namespace: str) -> None:
        self._client = client
        self._namespace = namespace

    def path(self, plural: str, name: str = "") -> str:
        group = "api/v1" if plural in {"pods", "services"} else "apis/apps/v1"
        return f"/{group}/namespaces/{self._namespace}/{plural}" + (f"/{name}" if name else "")

    def create(self, plural: str, obj: Object) -> None:
        self._client.post(self.path(plural), obj).object()

    def patch(self, plural: str, patch: Object) -> None:
        self._client.patch(self.path(plural, "web"), patch, STRATEGIC_MERGE_PATCH).object()

    def settled(self, plural: str) -> None:
        """Wait until a workload has what it wants, and nothing of what it had before."""
        eventually(f"{plural} are settled", lambda: _is_settled(self._get(plural)) and self._no_pod_goes())

    def _get(self, plural: str) -> Object:
        return self._client.get(self.path(plural, "web")).object()

    def _no_pod_goes(self) -> bool:
        pods = self._client.get(self.path("pods")).object()["items"]
        return not any("deletionTimestamp" in pod["metadata"] for pod in pods)

    def contents(self, *plurals: str) -> Any:
        """Return what is there, without what is another in each cluster."""
        found = {plural: self._client.get(self.path(plural)).object()["items"] for plural in plurals}
        return _normal(found, self._namespace)


def _is_settled(live: Object) -> bool:
    status = live.get("status", {})
    if status.get("observedGeneration") != live["metadata"]["generation"]:
        return False
    if live["kind"] == "DaemonSet":
        return bool(status.get("updatedNumberScheduled", 0) == status.get("numberAvailable", 0) == 1)
    wanted = live["spec"]["replicas"]
    counts = ("replicas", "updatedReplicas", "availableReplicas")
    return all(status.get(count, 0) == wanted for count in counts)


def _normal(found: dict[str, list[Object]], namespace: str) -> Any:
    """Return objects by their revision, and with hashes that tell which came first."""
    text = json.dumps(found).replace(f'"{namespace}"', '"NAMESPACE"')
    for number, replica_set in enumerate(sorted(found.get("replicasets", ()), key=_revision)):
        text = text.replace(replica_set["metadata"]["labels"]["pod-template-hash"], f"HASH{number}")
    objects = _plain(json.loads(text))
    return {plural: sorted(items, key=json.dumps) for plural, items in objects.items()}


def _revision(replica_set: Object) -> int:
    return int(replica_set["metadata"]["annotations"]["deployment.kubernetes.io/revision"])


def _plain(value: Any) -> Any:
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if not isinstance(value, dict):
        return _SUFFIX.sub("SUFFIX", value) if isinstance(value, str) else value
    return {key: "TIME" if key in _TIMES else _plain(one) for key, one in value.items() if key not in _OWN}


def rolled_out(place: Place) -> Any:
    """Create, change and scale a Deployment; return what there is in the end."""
    place.create("deployments", deployment(replicas=3))
    place.settled("deployments")
    place.patch("deployments", {"spec": {"template": {"metadata": {"annotations": {"a": "b"}}}}})
    place.settled("deployments")
    place.patch("deployments", {"spec": {"replicas": 1}})
    place.settled("deployments")
    return place.contents("deployments", "replicasets")


def recreated(place: Place) -> Any:
    """Create and change a Deployment that gives up its Pods before it makes others."""
    place.create("deployments", deployment(replicas=2, strategy={"type": "Recreate"}))
    place.settled("deployments")
    place.patch("deployments", {"spec": {"template": {"metadata": {"annotations": {"a": "b"}}}}})
    place.settled("deployments")
    return place.contents("deployments", "replicasets")


def on_each_node(place: Place) -> Any:
    """Create and change a DaemonSet."""
    place.create("daemonsets", deployment() | {"kind": "DaemonSet"})
    place.settled("daemonsets")
    place.patch("daemonsets", {"spec": {"template": {"metadata": {"annotations": {"a": "b"}}}}})
    place.settled("daemonsets")
    return place.contents("daemonsets")


@pytest.mark.parametrize("play", [rolled_out, recreated, on_each_node])
def test_it_ends_as_in_a_real_cluster(
    play: Callable[[Place], Any], clusters: list[tuple[Endpoint, str]]
) -> None:
    ends = []
    for endpoint, namespace in clusters:
        with Client(endpoint) as client:
            ends.append(play(Place(client, namespace)))
    real, simulated = ends
    assert simulated == real
