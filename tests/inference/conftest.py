"""Servers that know pools, and what tests of pools are marked with (see ``numbers``)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from gwdeployer.crd import crd_of
from gwdeployer_inference import InferencePlugin
from gwdeployer_inference.generator import EndpointPickerGenerator
from tests.inference.world import World, install
from tests.servers.servers import Server
from tests.support.post_processing import hold_to_reading

CRDS = Path(__file__).parents[3] / "shared/data/crds"
POOLS = (
    "inference/inference.networking.k8s.io_inferencepools.yaml",
    "inference/inference.networking.x-k8s.io_inferencepools.yaml",
)
GATEWAY_API = tuple(
    f"gateway-api/standard/gateway.networking.k8s.io_{plural}.yaml"
    for plural in (
        "gatewayclasses",
        "gateways",
        "grpcroutes",
        "httproutes",
        "listenersets",
        "referencegrants",
    )
)


def pytest_configure(config: pytest.Config) -> None:
    """Declare the marks."""
    config.addinivalue_line("markers", "case(number): a case of tests/inference/numbers.py")
    config.addinivalue_line("markers", "trap(number): a trap of tests/inference/numbers.py")


def crds(*files: str) -> list[Any]:
    paths = [CRDS / name for name in files]
    if not all(path.exists() for path in paths):
        pytest.skip("shared/ with the CRDs of inference pools is not here")
    return [yaml.safe_load(path.read_text()) for path in paths]


@pytest.fixture(autouse=True)
def generators_only_read(monkeypatch: pytest.MonkeyPatch) -> None:
    hold_to_reading(monkeypatch, EndpointPickerGenerator)


@pytest.fixture(scope="session")
def pools(server: Server) -> Server:
    """A server that knows pools and their parameters."""
    install(server, *crds(*POOLS), *map(crd_of, InferencePlugin.crds()))
    return server


@pytest.fixture(scope="session")
def routes(pools: Server) -> Server:
    """A server that knows pools, Gateways and routes."""
    install(pools, *crds(*GATEWAY_API))
    return pools


@pytest.fixture
def make_world(pools: Server, tmp_path: Path) -> Iterator[Callable[..., World]]:
    """Return a function that makes a world of its own, with the plugin's inputs."""
    made: list[World] = []

    def make(**inputs: Any) -> World:
        made.append(World(pools, tmp_path, **inputs))
        return made[-1]

    yield make
    for world in made:
        world.close()


@pytest.fixture
def world(make_world: Callable[..., World]) -> World:
    return make_world()
