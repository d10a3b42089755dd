"""A server in this process that knows nothing but Kubernetes' own kinds, and a connection to it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing

import pytest

from gwdeployer.cluster import KubernetesCluster
from gwdeployer.testing import APIServer
from tests.controller.caching import connected


@pytest.fixture
def server() -> Iterator[APIServer]:
    with APIServer() as running:
        yield running


@pytest.fixture
def cluster(server: APIServer) -> Iterator[KubernetesCluster]:
    with closing(connected(server)) as made:
        yield made
