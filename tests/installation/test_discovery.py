"""What rules call each kind is what a kube-apiserver calls it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from gwdeployer.cluster import KubernetesCluster
from gwdeployer.crd import crd_of
from gwdeployer.installation.resources import Resource, Resources
from gwdeployer.installation.rights import EVENT, LEASE
from gwdeployer.objects import KindRef
from gwdeployer.plugins import Plugin, configure, discover
from tests.servers.servers import Server, eventually

CRDS = Path(__file__).parents[3] / "shared/data/crds"
#: Kinds of others that no server has here: as their projects publish them.
ELSEWHERE = {
    "DestinationRule.networking.istio.io": "destinationrules",
    "ServiceMonitor.monitoring.coreos.com": "servicemonitors",
    "VerticalPodAutoscaler.autoscaling.k8s.io": "verticalpodautoscalers",
}


def kinds_of(plugin: Plugin) -> set[KindRef]:
    reported = (reporter.kind for reporter in plugin.reporters())
    installed = map(KindRef.of_object, plugin.installs())
    return {*plugin.owners, *plugin.reads, *plugin.observes, *plugin.deploys(), *reported, *installed}


def resources(plugins: list[Plugin]) -> Resources:
    definitions = [definition for plugin in plugins for definition in plugin.crds()]
    return Resources(definitions, [kind for plugin in plugins for kind in plugin.cluster_scoped])


@pytest.fixture(scope="module")
def connected(bare_kube_apiserver: Server) -> Iterator[KubernetesCluster]:
    """A server that has every CustomResourceDefinition that we know of."""
    if not CRDS.exists():
        pytest.skip("shared/ with the CRDs of gateways and pools is not here")
    made = KubernetesCluster.connect(bare_kube_apiserver.kubeconfig)
    files = [*CRDS.glob("gateway-api/experimental/*.yaml"), *CRDS.glob("inference/*.yaml")]
    found = [crd for path in files for crd in yaml.safe_load_all(path.read_text())]
    for crd in (*found, *(crd_of(own) for plugin in discover() for own in plugin.crds())):
        if crd and crd.get("kind") == "CustomResourceDefinition":
            crd.pop("status", None)
            made.apply(crd, manager="kubectl", force=True)
    yield made
    made.close()


@pytest.mark.cluster
def test_names_and_scopes_are_those_that_the_server_discovers(connected: KubernetesCluster) -> None:
    plugins = configure(discover())
    known = resources(plugins)
    for kind in sorted({EVENT, LEASE}.union(*map(kinds_of, plugins))):
        ours = known.of(kind)
        if str(kind) in ELSEWHERE:
            assert ours == Resource(kind.group, ELSEWHERE[str(kind)], namespaced=True)
            continue
        eventually(f"{kind} is served", lambda kind=kind: connected.supports(kind))  # type: ignore[misc]
        endpoint = connected.endpoints.of(kind)
        assert ours == Resource(kind.group, endpoint.plural, endpoint.namespaced)
