"""A cluster for the commands that need one, on each server."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.cluster_scene import ClusterScene, install_kinds
from tests.servers.servers import Server


@pytest.fixture(scope="session")
def gateways(server: Server) -> Server:
    """A server that knows Gateways and their parameters."""
    install_kinds(server)
    return server


@pytest.fixture
def scene(gateways: Server, tmp_path: Path) -> Iterator[ClusterScene]:
    made = ClusterScene(gateways, tmp_path)
    yield made
    made.close()
