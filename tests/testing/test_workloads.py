"""Controllers of workloads, the simulated node and the simulated load balancer: what people see of them."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from gwdeployer.objects import KindRef, Object
from gwdeployer.testing import ALL_CONTROLLERS, APIServer, SimulatedLoadBalancer, SimulatedNode
from gwdeployer.testing.apiserver.parts import Part
from gwdeployer.testing.apiserver.workloads.rollouts import ReplicaSet, fenceposts, next_sizes
from tests.testing.client import DEPLOYMENTS, Client, deployment

DEPLOYMENT = KindRef("apps", "v1", "Deployment")
DAEMON_SET = KindRef("apps", "v1", "DaemonSet")
REPLICA_SET = KindRef("apps", "v1", "ReplicaSet")
POD = KindRef("", "v1", "Pod")
SERVICE = KindRef("", "v1", "Service")
DAEMON_SETS = "/apis/apps/v1/namespaces/default/daemonsets"
PODS = "/api/v1/namespaces/default/pods"
SERVICES = "/api/v1/namespaces/default/services"


class Cluster:
    """A server with all controllers, and a client of it."""

    def __init__(self, server: APIServer, client: Client) -> None:
        self.server = server
        self.client = client

    def status(self, kind: KindRef, name: str = "web") -> Object:
        found = self.server.get(kind, "default", name)
        assert found is not None
        status: Object = found["status"]
        return status

    def pods(self) -> list[Object]:
        return self.server.list(POD, "default")


@contextmanager
def running(*parts: Part) -> Iterator[Cluster]:
    with APIServer(controllers=ALL_CONTROLLERS, parts=parts) as server, Client(server) as client:
        yield Cluster(server, client)


@pytest.fixture
def cluster() -> Iterator[Cluster]:
    with running(SimulatedNode(), SimulatedLoadBalancer()) as one:
        yield one


def changed_template(**annotations: str) -> Object:
    return {"spec": {"template": {"metadata": {"annotations": annotations}}}}


def conditions(status: Object) -> dict[str, tuple[str, str]]:
    return {one["type"]: (one["status"], one["reason"]) for one in status["conditions"]}


def daemon_set(**template: Any) -> Object:
    obj = deployment()
    obj["spec"]["template"]["spec"] |= template
    return obj | {"kind": "DaemonSet"}


def service(name: str = "web", **spec: Any) -> Object:
    spec = {"type": "LoadBalancer", "ports": [{"port": 80}], **spec}
    return {"apiVersion": "v1", "kind": "Service", "metadata": {"name": name}, "spec": spec}


# Deployments.


def test_a_deployment_is_available_when_its_creation_is_answered(cluster: Cluster) -> None:
    cluster.client.created(DEPLOYMENTS, deployment(replicas=2))
    status = cluster.status(DEPLOYMENT)
    counts = {name: value for name, value in status.items() if name != "conditions"}
    assert counts == {
        "observedGeneration": 1,
        "replicas": 2,
        "updatedReplicas": 2,
        "readyReplicas": 2,
        "availableReplicas": 2,
        "terminatingReplicas": 0,
    }
    assert conditions(status) == {
        "Available": ("True", "MinimumReplicasAvailable"),
        "Progressing": ("True", "NewReplicaSetAvailable"),
    }


def test_deployment_replica_set_and_pods_own_each_other_as_in_any_cluster(cluster: Cluster) -> None:
    created = cluster.client.created(DEPLOYMENTS, deployment(replicas=2))
    [replica_set] = cluster.server.list(REPLICA_SET)
    digest = replica_set["metadata"]["labels"]["pod-template-hash"]
    assert replica_set["metadata"]["name"] == f"web-{digest}"
    assert replica_set["spec"]["selector"]["matchLabels"] == {"app": "web", "pod-template-hash": digest}
    assert replica_set["metadata"]["annotations"]["deployment.kubernetes.io/revision"] == "1"
    assert [one["uid"] for one in replica_set["metadata"]["ownerReferences"]] == [created["metadata"]["uid"]]
    for pod in cluster.pods():
        assert pod["metadata"]["name"].startswith(f"web-{digest}-")
        assert pod["metadata"]["ownerReferences"][0]["uid"] == replica_set["metadata"]["uid"]
        assert (pod["spec"]["nodeName"], pod["status"]["phase"]) == ("node-0", "Running")
    assert replica_set["status"]["availableReplicas"] == 2


def test_without_a_node_pods_wait_and_the_deployment_says_so() -> None:
    with running() as cluster:
        cluster.client.created(DEPLOYMENTS, deployment(replicas=2))
        status = cluster.status(DEPLOYMENT)
        assert (status["replicas"], status["unavailableReplicas"]) == (2, 2)
        assert conditions(status) == {
            "Available": ("False", "MinimumReplicasUnavailable"),
            "Progressing": ("True", "ReplicaSetUpdated"),
        }
        assert [pod["status"]["phase"] for pod in cluster.pods()] == ["Pending", "Pending"]


def test_pods_of_a_slow_node_start_one_after_the_other() -> None:
    with running(SimulatedNode(pod_start=0.05)) as cluster:
        with cluster.client.watch(DEPLOYMENTS) as stream:
            cluster.client.created(DEPLOYMENTS, deployment(replicas=2))
            seen = [0]
            while seen[-1] < 2:
                seen.append(stream.event()[1].get("status", {}).get("availableReplicas", 0))
        assert list(dict.fromkeys(seen)) == [0, 1, 2]


def test_a_rollout_never_has_fewer_available_pods_than_it_may(cluster: Cluster) -> None:
    cluster.client.created(DEPLOYMENTS, deployment(replicas=4))
    with cluster.client.watch(f"{DEPLOYMENTS}?resourceVersion={version(cluster)}") as stream:
        cluster.client.patch(f"{DEPLOYMENTS}/web", changed_template(restarted="yes"))
        seen: list[Object] = []
        while not seen or conditions(seen[-1])["Progressing"][1] != "NewReplicaSetAvailable":
            status = stream.event()[1]["status"]
            if "updatedReplicas" in status and status["observedGeneration"] > 1:
                seen.append(status)
    assert min(status["availableReplicas"] for status in seen) >= 3
    assert max(status["replicas"] for status in seen) <= 5
    sizes = {
        one["metadata"]["annotations"]["deployment.kubernetes.io/revision"]: one["spec"]["replicas"]
        for one in cluster.server.list(REPLICA_SET)
    }
    assert sizes == {"1": 0, "2": 4}
    assert len(cluster.pods()) == 4


def version(cluster: Cluster) -> str:
    return str(cluster.client.get(DEPLOYMENTS).meta["resourceVersion"])


def test_going_back_to_an_older_template_uses_its_replica_set_again(cluster: Cluster) -> None:
    cluster.client.created(DEPLOYMENTS, deployment())
    cluster.client.patch(f"{DEPLOYMENTS}/web", changed_template(a="b"))
    cluster.client.patch(f"{DEPLOYMENTS}/web", {"spec": {"template": {"metadata": {"annotations": None}}}})
    assert sorted(one["spec"]["replicas"] for one in cluster.server.list(REPLICA_SET)) == [0, 1]
    live = cluster.server.get(DEPLOYMENT, "default", "web") or {}
    assert live["metadata"]["annotations"] == {"deployment.kubernetes.io/revision": "3"}


def test_a_deployment_that_is_recreated_first_loses_its_pods(cluster: Cluster) -> None:
    cluster.client.created(DEPLOYMENTS, deployment(replicas=2, strategy={"type": "Recreate"}))
    before = {pod["metadata"]["uid"] for pod in cluster.pods()}
    cluster.client.patch(f"{DEPLOYMENTS}/web", changed_template(a="b"))
    after = {pod["metadata"]["uid"] for pod in cluster.pods()}
    assert len(after) == 2
    assert not before & after
    assert cluster.status(DEPLOYMENT)["availableReplicas"] == 2


def test_scaling_makes_and_deletes_pods(cluster: Cluster) -> None:
    cluster.client.created(DEPLOYMENTS, deployment(replicas=1))
    for replicas in (3, 0, 2):
        cluster.client.patch(f"{DEPLOYMENTS}/web", {"spec": {"replicas": replicas}})
        assert len(cluster.pods()) == replicas
        assert cluster.status(DEPLOYMENT).get("availableReplicas", 0) == replicas


def test_a_paused_deployment_rolls_nothing_out(cluster: Cluster) -> None:
    cluster.client.created(DEPLOYMENTS, deployment(paused=True))
    assert cluster.pods() == []
    cluster.client.patch(f"{DEPLOYMENTS}/web", {"spec": {"paused": False}})
    assert len(cluster.pods()) == 1


def test_a_deleted_pod_is_replaced(cluster: Cluster) -> None:
    cluster.client.created(DEPLOYMENTS, deployment())
    [pod] = cluster.pods()
    cluster.client.delete(f"{PODS}/{pod['metadata']['name']}")
    [other] = cluster.pods()
    assert other["metadata"]["uid"] != pod["metadata"]["uid"]


def test_with_a_deployment_goes_what_it_made(cluster: Cluster) -> None:
    cluster.client.created(DEPLOYMENTS, deployment(replicas=3))
    cluster.client.delete(f"{DEPLOYMENTS}/web")
    assert cluster.server.list(REPLICA_SET) == cluster.pods() == []


def rolling(replicas: int, surge: int | str, unavailable: int | str) -> Object:
    update = {"maxSurge": surge, "maxUnavailable": unavailable}
    return {"replicas": replicas, "strategy": {"type": "RollingUpdate", "rollingUpdate": update}}


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        (rolling(10, "25%", "25%"), (3, 2)),
        (rolling(1, "25%", "25%"), (1, 0)),
        (rolling(1, 0, "25%"), (0, 1)),
        (rolling(2, 0, 5), (0, 2)),
        ({"replicas": 3, "strategy": {"type": "Recreate"}}, (0, 0)),
    ],
)
def test_shares_become_numbers_surge_rounded_up_and_unavailable_down(
    spec: Object, expected: tuple[int, int]
) -> None:
    assert fenceposts(spec) == expected


@pytest.mark.parametrize(
    "bounds",
    list(itertools.product((1, 2, 3, 7), (0, 1, 3, "25%", "100%"), (0, 1, 2, "25%", "100%"))),
)
def test_every_rollout_ends_and_stays_between_its_bounds(bounds: tuple[int, int | str, int | str]) -> None:
    spec = rolling(*bounds)
    posts, wanted = fenceposts(spec), bounds[0]
    new, old = ReplicaSet("new"), ReplicaSet("old", wanted, wanted, wanted)
    for _ in range(10 * wanted):
        sizes = next_sizes(spec, new, [old])
        new = ReplicaSet("new", sizes.get("new", new.replicas), new.available)
        size = sizes.get("old", old.replicas)
        old = ReplicaSet("old", size, min(size, old.available))
        assert new.replicas + old.replicas <= wanted + posts.surge
        assert new.available + old.available >= wanted - posts.unavailable
        if not sizes:
            if new.available == wanted:
                break
            new = new._replace(available=new.available + 1)
    assert (new.replicas, old.replicas) == (wanted, 0)


# DaemonSets and nodes.


def test_a_daemon_set_has_a_pod_on_each_node_it_is_for() -> None:
    nodes = [
        SimulatedNode("a", labels={"zone": "1"}),
        SimulatedNode("b", labels={"zone": "2"}),
        SimulatedNode("c", labels={"zone": "2"}),
    ]
    with running(*nodes) as cluster:
        cluster.client.created(DAEMON_SETS, daemon_set(nodeSelector={"zone": "2"}))
        assert sorted(pod["spec"]["nodeName"] for pod in cluster.pods()) == ["b", "c"]
        assert cluster.status(DAEMON_SET) == {
            "observedGeneration": 1,
            "desiredNumberScheduled": 2,
            "currentNumberScheduled": 2,
            "numberMisscheduled": 0,
            "numberReady": 2,
            "updatedNumberScheduled": 2,
            "numberAvailable": 2,
        }
        cluster.client.patch("/api/v1/nodes/a", {"metadata": {"labels": {"zone": "2"}}})
        cluster.client.patch("/api/v1/nodes/c", {"metadata": {"labels": {"zone": "1"}}})
        assert sorted(pod["spec"]["nodeName"] for pod in cluster.pods()) == ["a", "b"]


def test_a_daemon_set_replaces_its_pods_one_at_a_time() -> None:
    with running(SimulatedNode("a"), SimulatedNode("b")) as cluster:
        cluster.client.created(DAEMON_SETS, daemon_set())
        revision = cluster.client.get(DAEMON_SETS).meta["resourceVersion"]
        before = {pod["metadata"]["uid"] for pod in cluster.pods()}
        with cluster.client.watch(f"{DAEMON_SETS}?resourceVersion={revision}") as stream:
            cluster.client.patch(f"{DAEMON_SETS}/web", changed_template(a="b"))
            available: list[int] = []
            updated = 0
            while (updated, available[-1:]) != (2, [2]):
                status = stream.event()[1]["status"]
                if status["observedGeneration"] == 2:
                    updated = status.get("updatedNumberScheduled", 0)
                    available.append(status.get("numberAvailable", 0))
        assert min(available) == 1
        assert not before & {pod["metadata"]["uid"] for pod in cluster.pods()}


def test_a_daemon_set_leaves_its_pods_where_only_their_deletion_updates_them(cluster: Cluster) -> None:
    obj = daemon_set()
    obj["spec"]["updateStrategy"] = {"type": "OnDelete"}
    cluster.client.created(DAEMON_SETS, obj)
    [before] = cluster.pods()
    cluster.client.patch(f"{DAEMON_SETS}/web", changed_template(a="b"))
    assert cluster.pods() == [before]
    assert "updatedNumberScheduled" not in cluster.status(DAEMON_SET)
    cluster.client.delete(f"{PODS}/{before['metadata']['name']}")
    assert cluster.status(DAEMON_SET)["updatedNumberScheduled"] == 1


def test_a_pod_that_fits_no_node_says_so(cluster: Cluster) -> None:
    obj = deployment()
    obj["spec"]["template"]["spec"]["nodeSelector"] = {"zone": "moon"}
    cluster.client.created(DEPLOYMENTS, obj)
    [pod] = cluster.pods()
    [condition] = pod["status"]["conditions"]
    assert (condition["type"], condition["status"], condition["reason"]) == (
        "PodScheduled",
        "False",
        "Unschedulable",
    )
    assert condition["message"] == "0/1 nodes are available: 1 node(s) didn't match Pod's node selector."


def test_required_affinity_is_honoured() -> None:
    term = {"matchExpressions": [{"key": "zone", "operator": "NotIn", "values": ["1"]}]}
    required = {"nodeSelectorTerms": [term]}
    affinity = {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": required}}
    with running(
        SimulatedNode("a", labels={"zone": "1"}), SimulatedNode("b", labels={"zone": "2"})
    ) as cluster:
        cluster.client.created(DAEMON_SETS, daemon_set(affinity=affinity))
        assert [pod["spec"]["nodeName"] for pod in cluster.pods()] == ["b"]


def test_a_pod_waits_for_an_image_that_is_missing() -> None:
    with running(SimulatedNode(missing_images=["nginx"])) as cluster:
        cluster.client.created(DEPLOYMENTS, deployment())
        [pod] = cluster.pods()
        [container] = pod["status"]["containerStatuses"]
        assert pod["status"]["phase"] == "Pending"
        assert container["state"]["waiting"]["reason"] == "ImagePullBackOff"
        assert conditions(cluster.status(DEPLOYMENT))["Available"][0] == "False"


def test_the_node_is_ready(cluster: Cluster) -> None:
    [condition] = cluster.client.get("/api/v1/nodes/node-0").content["status"]["conditions"]
    assert (condition["type"], condition["status"]) == ("Ready", "True")


# Load balancers.


def addresses(cluster: Cluster, name: str = "web") -> list[str]:
    return [one["ip"] for one in cluster.status(SERVICE, name)["loadBalancer"].get("ingress", [])]


def test_services_get_addresses_of_their_own(cluster: Cluster) -> None:
    for name in ("a", "b"):
        cluster.client.created(SERVICES, service(name))
    cluster.client.created(SERVICES, service("inner", type="ClusterIP"))
    cluster.client.created(SERVICES, service("other", loadBalancerClass="example.com/other"))
    found = {name: addresses(cluster, name) for name in ("a", "b", "inner", "other")}
    assert found == {"a": ["192.0.2.1"], "b": ["192.0.2.2"], "inner": [], "other": []}


def test_a_service_gets_the_address_it_asks_for(cluster: Cluster) -> None:
    cluster.client.created(SERVICES, service(loadBalancerIP="192.0.2.77"))
    assert addresses(cluster) == ["192.0.2.77"]
    cluster.client.patch(f"{SERVICES}/web", {"spec": {"loadBalancerIP": "192.0.2.78"}})
    assert addresses(cluster) == ["192.0.2.78"]


@pytest.mark.parametrize("asked", ["192.0.2.1", "203.0.113.9"])
def test_a_service_waits_for_an_address_that_is_taken_or_foreign(cluster: Cluster, asked: str) -> None:
    cluster.client.created(SERVICES, service("first"))
    cluster.client.created(SERVICES, service(loadBalancerIP=asked))
    assert addresses(cluster) == []


def test_an_address_is_free_again_with_the_service_or_its_type(cluster: Cluster) -> None:
    for name, path, patch in (("a", SERVICES, None), ("b", SERVICES, {"spec": {"type": "ClusterIP"}})):
        cluster.client.created(path, service(name, loadBalancerIP="192.0.2.9"))
        assert addresses(cluster, name) == ["192.0.2.9"]
        if patch:
            cluster.client.patch(f"{path}/{name}", patch)
        else:
            cluster.client.delete(f"{path}/{name}")
    assert addresses(cluster, "b") == []
    cluster.client.created(SERVICES, service(loadBalancerIP="192.0.2.9"))
    assert addresses(cluster) == ["192.0.2.9"]


def test_a_slow_cloud_gives_addresses_later() -> None:
    with running(SimulatedLoadBalancer(provision=0.05)) as cluster, cluster.client.watch(SERVICES) as stream:
        cluster.client.created(SERVICES, service())
        assert addresses(cluster) == []
        assert stream.event()[1]["status"]["loadBalancer"] == {}
        assert stream.event()[1]["status"]["loadBalancer"]["ingress"][0]["ip"] == "192.0.2.1"


def test_a_server_stops_while_pods_are_starting() -> None:
    with running(SimulatedNode(pod_start=60)) as cluster:
        cluster.client.created(DEPLOYMENTS, deployment())
