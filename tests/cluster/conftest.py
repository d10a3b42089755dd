"""A scene on each server."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from gwdeployer.cluster import KubernetesCluster
from tests.cluster.scene import SITE, Scene, site_crd
from tests.servers.servers import Server, eventually


@pytest.fixture(scope="session")
def sites(server: Server) -> Server:
    """A server that knows Sites."""
    cluster = KubernetesCluster.connect(server.kubeconfig)
    cluster.apply(site_crd(), manager="tests", force=True)
    eventually("Sites are served", lambda: KubernetesCluster.connect(server.kubeconfig).supports(SITE))
    cluster.close()
    return server


@pytest.fixture
def scene(sites: Server, tmp_path: Path) -> Iterator[Scene]:
    made = Scene(sites, tmp_path)
    yield made
    made.close()
