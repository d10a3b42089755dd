"""A Gateway changes hands: what we left it is removed, but for what its new controller has taken over."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from gwdeployer import Deployer, KindRef, Skip
from gwdeployer.cluster import ClusterStore, KubernetesCluster, PruneResult
from gwdeployer.objects import Object
from gwdeployer.plugins import configure
from gwdeployer.testing import APIServer
from gwdeployer_gateway import GATEWAY, GATEWAY_CLASS, GatewayPlugin
from gwdeployer_gateway.kinds import DEPLOYED
from tests.cli.cluster_scene import any_fields
from tests.gateway.scenarios import CONTROLLER, gateway, gateway_class

THEIRS = "kgateway.dev/kgateway"
CRDS = (
    any_fields(GATEWAY_CLASS, "gatewayclasses", "Cluster"),
    any_fields(GATEWAY, "gateways", "Namespaced"),
)


class Scene:
    """A server, a Gateway in it, and a plugin that deploys there."""

    def __init__(self, cluster: KubernetesCluster) -> None:
        self.cluster = cluster
        [plugin] = configure([GatewayPlugin], {"dataPlane": "agentgateway"}, cluster=cluster)
        self.plugin = plugin
        self.put({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop"}})
        self.put(gateway_class("ours", controller=CONTROLLER))
        self.put(gateway_class("theirs", controller=THEIRS))

    def put(self, obj: Object, manager: str = "tests") -> Object:
        return self.cluster.apply(obj, manager=manager, force=True)

    def deployed(self) -> Object:
        """Return the Gateway ``shop/web`` of our class with all that it needs."""
        owner = self.put(gateway(class_name="ours"))
        routed = self.routed(owner)
        assert isinstance(routed, Deployer)
        assert routed.reconcile(owner, ClusterStore(self.cluster)).errors == ()
        routed.close()
        return owner

    def routed(self, owner: Object) -> Deployer | Skip:
        return self.plugin.route(owner, ClusterStore(self.cluster))

    def released(self, owner: Object) -> PruneResult:
        cleaner = self.plugin.cleaner(GATEWAY)
        assert cleaner is not None
        result = cleaner.release(owner)
        assert result.errors == ()
        return result

    def there(self) -> set[str]:
        """Return the kinds of which the Gateway has something."""
        served = [kind for kind in DEPLOYED if self.cluster.supports(kind)]
        return {kind.kind for kind in served if self.cluster.list(kind, "shop").items}


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    with APIServer(crds=CRDS) as server:
        cluster = KubernetesCluster.connect(server.write_kubeconfig(tmp_path / "kubeconfig"))
        yield Scene(cluster)
        cluster.close()


def test_c1_a_gateway_that_another_controller_has_now_is_cleaned_up(scene: Scene) -> None:
    scene.deployed()
    assert scene.there() == {"ServiceAccount", "ConfigMap", "Secret", "Service", "Deployment"}
    owner = scene.put(gateway(class_name="theirs"))
    routed = scene.routed(owner)
    assert isinstance(routed, Skip)
    assert routed.cleanup
    assert len(scene.released(owner).deleted) == 5
    assert scene.there() == set()


def test_c1_what_the_new_controller_has_taken_over_is_left_to_it(scene: Scene) -> None:
    before = scene.deployed()
    service = scene.cluster.get(KindRef("", "v1", "Service"), "shop", "web")
    assert service is not None
    kept = ("name", "namespace", "ownerReferences")
    metadata = {name: service["metadata"][name] for name in kept}
    scene.put({**service, "metadata": metadata}, manager=THEIRS)
    owner = scene.put(gateway(class_name="theirs"))
    assert before["metadata"]["uid"] == owner["metadata"]["uid"]
    assert len(scene.released(owner).deleted) == 4
    assert scene.there() == {"Service"}


def test_a_gateway_whose_class_is_missing_keeps_what_it_has(scene: Scene) -> None:
    scene.deployed()
    routed = scene.routed(scene.put(gateway(class_name="soon")))
    assert routed == Skip("GatewayClass soon does not exist")


def test_only_gateways_have_a_cleaner(scene: Scene) -> None:
    assert scene.plugin.cleaner(GATEWAY_CLASS) is None
    cleaner = scene.plugin.cleaner(GATEWAY._replace(version="v1beta1"))
    assert cleaner is not None
    assert set(scene.plugin.deploys()) <= set(cleaner.prunable)
