"""The test server's index of ownerReferences."""

from __future__ import annotations

from gwdeployer import KindRef
from gwdeployer.cluster import KubernetesCluster
from gwdeployer.objects import Object, ObjectRef
from gwdeployer.testing import APIServer

CONFIG_MAP = KindRef("", "v1", "ConfigMap")


def config_map(name: str, *owners: Object) -> Object:
    references = [
        {"apiVersion": "v1", "kind": "ConfigMap", "name": name, "uid": owner["metadata"]["uid"]}
        for owner in owners
    ]
    metadata = {"name": name, "namespace": "default", "ownerReferences": references}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata}


def test_of_owners_and_dependents_that_are_gone_nothing_is_left(tmp_path: object) -> None:
    with APIServer() as server:
        cluster = KubernetesCluster.connect(server.write_kubeconfig(f"{tmp_path}/kubeconfig"))
        owner = cluster.create(config_map("owner"), manager="tests")
        cluster.create(config_map("dependent", owner), manager="tests")
        cluster.delete(ObjectRef(CONFIG_MAP, "default", "owner"))
        assert server.get(CONFIG_MAP, "default", "dependent") is None
        assert not server._controllers._dependents._by_uid
        cluster.close()
