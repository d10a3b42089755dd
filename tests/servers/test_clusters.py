"""A cluster of the tests does what tests wait for: pods run, dependents go, addresses come, rights hold."""

from __future__ import annotations

from ipaddress import ip_address

import pytest

from gwdeployer.objects import Object
from tests.servers.cluster_parts import LOAD_BALANCER_RANGE
from tests.servers.http_client import Client
from tests.servers.servers import Server, eventually


def _deployment(name: str, **pod_spec: object) -> Object:
    labels = {"app": name}
    containers = [{"name": "main", "image": "registry.k8s.io/pause:3.10"}]
    template = {"metadata": {"labels": labels}, "spec": {"containers": containers, **pod_spec}}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name},
        "spec": {"replicas": 2, "selector": {"matchLabels": labels}, "template": template},
    }


def _deployments(namespace: str) -> str:
    return f"/apis/apps/v1/namespaces/{namespace}/deployments"


def _is_gone(client: Client, path: str) -> bool:
    return client.get(path).status == 404


def test_a_deployment_becomes_available(server: Server) -> None:
    namespace = server.namespace()
    with server.client() as client:
        created = client.post(_deployments(namespace), _deployment("web")).object()
    live = server.make_available(created)
    assert live["status"]["availableReplicas"] == 2
    assert {c["type"]: c["status"] for c in live["status"]["conditions"]}["Available"] == "True"


def test_a_daemon_set_becomes_available(server: Server) -> None:
    namespace = server.namespace()
    daemon_set = _deployment("node-agent") | {"kind": "DaemonSet"}
    del daemon_set["spec"]["replicas"]
    with server.client() as client:
        created = client.post(f"/apis/apps/v1/namespaces/{namespace}/daemonsets", daemon_set).object()
    assert server.make_available(created)["status"]["numberAvailable"] == 1


def test_pods_that_select_another_node_stay_pending(cluster: Server) -> None:
    namespace = cluster.namespace()
    pods = f"/api/v1/namespaces/{namespace}/pods"
    elsewhere = {"kubernetes.io/hostname": "elsewhere"}
    with cluster.client() as client:
        client.post(_deployments(namespace), _deployment("stuck", nodeSelector=elsewhere)).object()
        running = client.post(_deployments(namespace), _deployment("web")).object()
        cluster.make_available(running)
        stuck = client.get(pods, labelSelector="app=stuck").object()["items"]
    assert [pod["status"]["phase"] for pod in stuck] == ["Pending", "Pending"]


def test_deleting_a_deployment_takes_its_pods_away(cluster: Server) -> None:
    namespace = cluster.namespace()
    pods = f"/api/v1/namespaces/{namespace}/pods"
    with cluster.client() as client:
        created = client.post(_deployments(namespace), _deployment("web")).object()
        cluster.make_available(created)
        client.delete(f"{_deployments(namespace)}/web").object()
        eventually("the pods are gone", lambda: not client.get(pods).object()["items"])


def test_what_an_owner_owned_goes_with_it(server: Server) -> None:
    config_maps = f"/api/v1/namespaces/{server.namespace()}/configmaps"
    with server.client() as client:
        owner = client.post(config_maps, {"metadata": {"name": "owner"}}).object()
        reference = {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "name": "owner",
            "uid": owner["metadata"]["uid"],
        }
        owned = {"metadata": {"name": "owned", "ownerReferences": [reference]}}
        client.post(config_maps, owned).object()
        client.delete(f"{config_maps}/owner").object()
        eventually("the dependent is gone", lambda: _is_gone(client, f"{config_maps}/owned"))


def test_a_load_balancer_service_gets_an_address(cluster: Server) -> None:
    service = _Service(cluster)
    (address,) = eventually("the Service has an address", service.addresses)
    assert ip_address(address) in LOAD_BALANCER_RANGE


def test_a_load_balancer_service_gets_the_address_it_asks_for_and_no_foreign_one(
    cluster: Server,
) -> None:
    service = _Service(cluster, loadBalancerIP="198.19.0.1")
    eventually("the Service has its address", lambda: service.addresses() == ["198.19.0.1"])
    service.patch(loadBalancerIP="203.0.113.1")
    eventually("the Service has no address", lambda: not service.addresses())
    service.patch(loadBalancerIP="198.19.0.2")
    eventually("the Service has its new address", lambda: service.addresses() == ["198.19.0.2"])


class _Service:
    """A Service of type LoadBalancer, and what has become of it."""

    def __init__(self, server: Server, **spec: str) -> None:
        self._server = server
        self._path = f"/api/v1/namespaces/{server.namespace()}/services/web"
        body = {
            "metadata": {"name": "web"},
            "spec": {"type": "LoadBalancer", "ports": [{"port": 80}], **spec},
        }
        with server.client() as client:
            client.post(self._path.rpartition("/")[0], body).object()

    def patch(self, **spec: str) -> None:
        with self._server.client() as client:
            client.patch(self._path, {"spec": spec}).object()

    def addresses(self) -> list[str]:
        with self._server.client() as client:
            status = client.get(self._path).object()["status"]
        return [ingress["ip"] for ingress in status["loadBalancer"].get("ingress", ())]


@pytest.mark.parametrize(("verb", "status"), [("get", 404), ("delete", 403)])
def test_a_user_may_do_what_the_rules_say_and_no_more(cluster: Server, verb: str, status: int) -> None:
    namespace = cluster.namespace()
    rules = [{"apiGroups": [""], "resources": ["configmaps"], "verbs": ["get", "list"]}]
    with Client(cluster.user(namespace, rules)) as client:
        answer = getattr(client, verb)(f"/api/v1/namespaces/{namespace}/configmaps/any")
    assert answer.status == status


def test_no_two_tests_share_a_namespace(server: Server) -> None:
    assert server.namespace() != server.namespace()
