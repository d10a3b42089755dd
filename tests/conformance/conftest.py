"""The official suite, run against the controller once for each data plane."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

import pytest

from gwdeployer.objects import Object
from tests.conformance.controller import DATA_PLANES, Installation
from tests.conformance.suite import Implementation, Result, run
from tests.servers import binaries
from tests.servers.fixtures import or_missing
from tests.servers.servers import Server, eventually

#: What the tests of ``test_conformance.py`` ask for. Routes are attached and counted, not served.
FEATURES = (
    "BackendTLSPolicy",
    "Gateway",
    "GatewayAddressEmpty",
    "GatewayBackendClientCertificate",
    "GatewayFrontendClientCertificateValidation",
    "GatewayInfrastructurePropagation",
    "GatewayPort8080",
    "GatewayStaticAddresses",
    "HTTPRoute",
    "ListenerSet",
    "ReferenceGrant",
    "TLSRoute",
    "TLSRouteModeMixed",
    "TLSRouteModeTerminate",
)


@pytest.fixture(scope="session")
def controller(
    kube_apiserver: Server, say: binaries.Say, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Installation]:
    """Install the Gateway API and the controller, and run it."""
    kubectl = or_missing(lambda: binaries.find("kubectl", say))
    gateway_api = or_missing(lambda: binaries.sources("gateway-api", "sigs.k8s.io/gateway-api"))
    installation = Installation(kube_apiserver, kubectl, tmp_path_factory.mktemp("controller"))
    installation.gateway_api(gateway_api / "config/crd/experimental")
    with installation.running(installation.controller()):
        yield installation


@pytest.fixture(scope="session", params=DATA_PLANES)
def results(
    request: pytest.FixtureRequest, controller: Installation, kube_apiserver: Server, say: binaries.Say
) -> Mapping[str, Result]:
    """Run the tests of the suite that were selected, with one data plane, and return their results."""
    program = or_missing(lambda: binaries.find("gateway-api-conformance", say))
    tested = Implementation(
        kubeconfig=kube_apiserver.kubeconfig,
        gateway_class=DATA_PLANES[request.param],
        features=FEATURES,
        # Of the range that the simulated load balancer gives addresses of, and of another.
        usable_address="198.19.0.1",
        unusable_address="203.0.113.1",
    )
    eventually("nothing is left of an earlier run", lambda: not _leaving(kube_apiserver), timeout=120)
    results = run(program, tested, _selected(request.session))
    if any(result.outcome == "fail" for result in results.values()):
        say(f"the controller's log: {controller.log}")
    return results


def _selected(session: pytest.Session) -> Iterable[str]:
    cases = (getattr(item, "callspec", None) for item in session.items)
    return dict.fromkeys(case.params["test"] for case in cases if case and "test" in case.params)


def _leaving(server: Server) -> list[Object]:
    """Return the namespaces that are being deleted: the suite does not wait for those that it has used."""
    with server.client() as client:
        namespaces = client.get("/api/v1/namespaces").object()["items"]
    return [one for one in namespaces if "deletionTimestamp" in one["metadata"]]
