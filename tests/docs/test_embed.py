"""``docs/embed.md`` is true: its Python runs, block after block, and does to a cluster what it says."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from gwdeployer import KubernetesCluster, Object, errors
from gwdeployer.testing import ALL_CONTROLLERS, APIServer, SimulatedLoadBalancer, SimulatedNode
from gwdeployer_gateway import GATEWAY
from tests.docs.test_documents import ROOT, TEXTS, blocks
from tests.examples.operating import DEPLOYMENT, documents
from tests.servers.servers import eventually

DOCUMENT = "docs/embed.md"
CLASS = {
    "apiVersion": "gateway.networking.k8s.io/v1",
    "kind": "GatewayClass",
    "metadata": {"name": "shop"},
    "spec": {"controllerName": "gwdeployer.dev/gateway-controller"},
}


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[APIServer]:
    parts = [SimulatedNode(), SimulatedLoadBalancer()]
    crds = documents("demo/gateway_api.yaml")
    with APIServer(crds=crds, controllers=ALL_CONTROLLERS, parts=parts) as one:
        monkeypatch.setenv("KUBECONFIG", str(one.write_kubeconfig(tmp_path / "kubeconfig")))
        monkeypatch.chdir(ROOT)
        yield one


@pytest.fixture
def cluster(server: APIServer) -> Iterator[KubernetesCluster]:
    one = KubernetesCluster.connect()
    one.apply(CLASS, manager="tests")
    yield one
    one.close()


@pytest.fixture
def names(server: APIServer, cluster: KubernetesCluster) -> dict[str, Any]:
    """What the blocks define; the first two start a loop, let it deploy a Gateway, and stop it."""
    names: dict[str, Any] = {"__name__": "document"}
    start, stop, *others = blocks(DOCUMENT, "python")
    run(start, names)
    try:
        create(cluster, "first")
        deployed(server, "first")
    finally:
        run(stop, names)
    assert not names["deploying"].is_alive()
    for code in others:
        run(code, names)
    return names


def run(code: str, names: dict[str, Any]) -> None:
    exec(compile(code, DOCUMENT, "exec", dont_inherit=True), names)  # noqa: S102 - the document itself


def create(cluster: KubernetesCluster, name: str) -> None:
    gateway = {
        "apiVersion": GATEWAY.api_version,
        "kind": "Gateway",
        "metadata": {"name": name, "namespace": "default"},
        "spec": {
            "gatewayClassName": "shop",
            "listeners": [{"name": "http", "port": 80, "protocol": "HTTP"}],
        },
    }
    cluster.apply(gateway, manager="tests")


def deployed(server: APIServer, name: str) -> Object:
    return eventually(f"{name} is deployed", lambda: server.get(DEPLOYMENT, "default", name))


def programmed(server: APIServer, name: str) -> bool:
    status = (server.get(GATEWAY, "default", name) or {}).get("status", {})
    return any((one["type"], one["status"]) == ("Programmed", "True") for one in status.get("conditions", ()))


def test_the_loop_is_operated_as_shown(
    server: APIServer, cluster: KubernetesCluster, names: dict[str, Any]
) -> None:
    stop = threading.Event()
    operating = threading.Thread(target=names["operate"], args=(cluster, stop))
    operating.start()
    try:
        create(cluster, "operated")
        eventually("the Gateway is programmed", lambda: programmed(server, "operated"))
    finally:
        stop.set()
        operating.join()


def test_a_loop_of_ones_own_and_asyncio_deploy(
    server: APIServer, cluster: KubernetesCluster, names: dict[str, Any]
) -> None:
    create(cluster, "own")
    assert names["reconcile"](cluster, "default", "own") is None
    assert server.get(DEPLOYMENT, "default", "own")
    create(cluster, "async")
    asyncio.run(names["reconciled"](cluster, "default", "async"))
    assert server.get(DEPLOYMENT, "default", "async")
    assert names["reconcile"](cluster, "default", "nobody") is None


def test_an_observer_is_told_what_became_of_objects(
    server: APIServer, cluster: KubernetesCluster, names: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    plugins = names["configure"]([names["GatewayPlugin"]], cluster=cluster)
    controller = names["Controller"](plugins, cluster, observers=[names["Printer"]()])
    stop = threading.Event()
    loop = threading.Thread(target=controller.run, args=(stop,))
    loop.start()
    try:
        create(cluster, "watched")
        eventually("it is programmed", lambda: programmed(server, "watched"))
    finally:
        stop.set()
        loop.join()
    assert "Deployment default/watched created in 0." in capsys.readouterr().out


def test_the_test_in_the_document_passes(names: dict[str, Any], tmp_path: Path) -> None:
    names["test_gateways_get_addresses"](tmp_path)


def test_every_error_named_is_of_the_sort_that_is_said() -> None:
    section = TEXTS[DOCUMENT].split("## Errors")[1].split("\n## ")[0]
    for sort in (errors.TerminalError, errors.RetryableError):
        [line] = [line for line in section.splitlines() if line.startswith(f"| `{sort.__name__}`")]
        named = [name for name in vars(errors) if f"`{name}`" in line]
        assert len(named) > 1
        assert all(issubclass(getattr(errors, name), sort) for name in named), named
