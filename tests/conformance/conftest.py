"""The official suite, run once against a controller that is started as users start it."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from itertools import chain
from pathlib import Path

import pytest
import yaml

from gwdeployer import documents
from gwdeployer.objects import Object
from tests.conformance.suite import Implementation, Result, run
from tests.servers import binaries
from tests.servers.fixtures import or_missing
from tests.servers.http_client import Client
from tests.servers.processes import Process
from tests.servers.servers import Server, eventually

CLASS = "conformance"
CONTROLLER = "gwdeployer.dev/conformance"
#: What the tests of ``test_conformance.py`` ask for. Routes are attached and counted, not served.
FEATURES = (
    "BackendTLSPolicy",
    "Gateway",
    "GatewayAddressEmpty",
    "GatewayBackendClientCertificate",
    "GatewayFrontendClientCertificateValidation",
    "GatewayInfrastructurePropagation",
    "GatewayStaticAddresses",
    "HTTPRoute",
    "ListenerSet",
    "ReferenceGrant",
    "TLSRoute",
)
_COMMAND = [sys.executable, "-c", "from gwdeployer.cli.main import main; main()"]
_DEFINITIONS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
_GATEWAY_CLASS = {"apiVersion": "gateway.networking.k8s.io/v1", "kind": "GatewayClass"}
_CLASSES = "/apis/gateway.networking.k8s.io/v1/gatewayclasses"


@pytest.fixture(scope="session")
def results(
    request: pytest.FixtureRequest,
    kube_apiserver: Server,
    say: binaries.Say,
    tmp_path_factory: pytest.TempPathFactory,
) -> Mapping[str, Result]:
    """Run the tests of the suite that were selected and return their results."""
    program = or_missing(lambda: binaries.find("gateway-api-conformance", say))
    _install(kube_apiserver, or_missing(gateway_api_definitions))
    tested = Implementation(
        kubeconfig=kube_apiserver.kubeconfig,
        gateway_class=CLASS,
        features=FEATURES,
        usable_address="198.19.0.1",
        unusable_address="203.0.113.1",
    )
    with _controller(kube_apiserver, tmp_path_factory.mktemp("controller")):
        return run(program, tested, _selected(request.session))


def _selected(session: pytest.Session) -> list[str]:
    cases = (getattr(item, "callspec", None) for item in session.items)
    return [case.params["test"] for case in cases if case and "test" in case.params]


def gateway_api_definitions() -> list[Object]:
    """Return the CustomResourceDefinitions of the release that the suite is of, experimental ones too.

    Raises UnavailableError.
    """
    folder = binaries.sources("gateway-api", "sigs.k8s.io/gateway-api") / "config/crd/experimental"
    files = sorted(folder.glob("gateway.networking.*.yaml"))
    found = chain.from_iterable(documents.load_all(file.read_bytes()) for file in files)
    return [document for document in found if document["kind"] == "CustomResourceDefinition"]


def _install(server: Server, definitions: list[Object]) -> None:
    with server.client() as client:
        for definition in definitions:
            path = f"{_DEFINITIONS}/{definition['metadata']['name']}"
            client.apply(path, definition, "tests", force=True).object()
            eventually(f"{path} is served", partial(_holds, client, path, "Established"))


def _holds(client: Client, path: str, condition: str) -> bool:
    conditions = client.get(path).object().get("status", {}).get("conditions") or ()
    return any(one["type"] == condition and one["status"] == "True" for one in conditions)


@contextmanager
def _controller(server: Server, folder: Path) -> Iterator[None]:
    """Run ``gwdeployer run`` for the block, with a class of its own that it has accepted."""
    inputs = folder / "inputs.yaml"
    inputs.write_text(yaml.safe_dump({"controllerName": CONTROLLER, "mode": "gateway"}))
    options = [f"--kubeconfig={server.kubeconfig}", f"--inputs={inputs}"]
    process = Process([*_COMMAND, "run", *options], folder / "controller.log")
    try:
        with server.client() as client:
            body = {"metadata": {"name": CLASS}, "spec": {"controllerName": CONTROLLER}}
            client.post(
                _CLASSES, {"apiVersion": "gateway.networking.k8s.io/v1", "kind": "GatewayClass", **body}
            )
            process.wait_until(lambda: _holds(client, f"{_CLASSES}/{CLASS}", "Accepted"))
        yield
    finally:
        process.stop()
