"""Fixtures: ``server``, once for each server that the marks of the run allow, and each server by name.

A run without marks starts the in-process server alone, ``-m cluster`` a real kube-apiserver, ``-m kind`` a
kind cluster. A server that can't be had skips its tests with one line; in CI a missing kube-apiserver fails.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

import pytest
from pytest_kind import KindCluster  # type: ignore[import-untyped]

from tests.servers import binaries
from tests.servers.cluster_parts import FakeKubelet, LoadBalancers
from tests.servers.control_plane import ControlPlane
from tests.servers.http_client import Endpoint
from tests.servers.servers import InProcessServer, KindServer, RealServer, Server, why_no_kind

_Found = TypeVar("_Found")

_KUBE_APISERVER = pytest.param("kube_apiserver", id="kube-apiserver", marks=pytest.mark.cluster)
_KIND = pytest.param("kind", id="kind", marks=pytest.mark.kind)


@pytest.fixture(
    scope="session", params=[pytest.param("in_process_server", id="in-process"), _KUBE_APISERVER, _KIND]
)
def server(request: pytest.FixtureRequest) -> Server:
    """An API server; a test that takes it runs on each."""
    return _fixture(request)


@pytest.fixture(scope="session", params=[_KUBE_APISERVER, _KIND])
def cluster(request: pytest.FixtureRequest) -> Server:
    """A server with controllers and rights; a test that takes it runs on each, and never in a plain run."""
    return _fixture(request)


def _fixture(request: pytest.FixtureRequest) -> Server:
    found: Server = request.getfixturevalue(request.param)
    return found


@pytest.fixture(scope="session")
def in_process_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Start gwdeployer's own server."""
    from gwdeployer.testing import APIServer

    with APIServer() as running:
        kubeconfig = running.write_kubeconfig(tmp_path_factory.mktemp("in-process") / "kubeconfig")
        yield InProcessServer(Endpoint(running.url), kubeconfig)


@pytest.fixture(scope="session")
def kube_apiserver(tmp_path_factory: pytest.TempPathFactory, say: binaries.Say) -> Iterator[Server]:
    """Start a control plane, a node and load balancer addresses."""
    control_plane = _control_plane(tmp_path_factory.mktemp("kube-apiserver"), say)
    with control_plane as running, FakeKubelet(running.endpoint), LoadBalancers(running.endpoint):
        yield RealServer(running.endpoint, running.kubeconfig)


@pytest.fixture(scope="session")
def bare_kube_apiserver(tmp_path_factory: pytest.TempPathFactory, say: binaries.Say) -> Iterator[Server]:
    """Start etcd and kube-apiserver alone: only the tests write."""
    with _control_plane(tmp_path_factory.mktemp("bare"), say, controllers=False) as running:
        yield RealServer(running.endpoint, running.kubeconfig)


def _control_plane(folder: Path, say: binaries.Say, *, controllers: bool = True) -> ControlPlane:
    return or_missing(lambda: ControlPlane(folder, controllers=controllers, say=say))


def or_missing(find: Callable[[], _Found]) -> _Found:
    """Return what ``find`` finds; where it is unavailable, skip the test, and in CI let it fail."""
    try:
        return find()
    except binaries.UnavailableError as error:
        if os.environ.get("CI"):
            pytest.fail(str(error))
        pytest.skip(str(error))


@pytest.fixture(scope="session")
def kind(request: pytest.FixtureRequest, say: binaries.Say) -> Iterator[Server]:
    """Make a kind cluster by pytest-kind, whose options it takes; it gives load balancer addresses too."""
    option = request.config.getoption
    if reason := why_no_kind(option("--kind-bin")):
        pytest.skip(reason)
    program = Path(option("--kind-bin") or shutil.which("kind") or "")
    kubectl = Path(option("--kind-kubectl-bin") or binaries.find("kubectl", say))
    # The plugin's own fixture would download programs of years ago where it is given none.
    made = KindCluster(option("--cluster-name"), None, option("--kind-image"), program, kubectl)
    try:
        made.create()
        running = KindServer(made.kubeconfig_path, kubectl)
        with LoadBalancers(running.endpoint):
            yield running
    finally:
        if not option("--keep-cluster"):
            made.delete()


@pytest.fixture(scope="session")
def say(request: pytest.FixtureRequest) -> binaries.Say:
    """Return what shows a line to the person who waits, although pytest captures output."""
    capture = request.config.pluginmanager.getplugin("capturemanager")

    def show(line: str) -> None:
        with capture.global_and_fixture_disabled():
            print(f"\n{line}", flush=True)  # noqa: T201  it is for the person at the terminal

    return show
