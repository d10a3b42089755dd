"""The official suite, run once against the controller."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from tests.conformance.controller import CLASS, Installation
from tests.conformance.suite import Implementation, Result, run
from tests.servers import binaries
from tests.servers.fixtures import or_missing
from tests.servers.servers import Server

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
def results(
    request: pytest.FixtureRequest,
    kube_apiserver: Server,
    say: binaries.Say,
    tmp_path_factory: pytest.TempPathFactory,
) -> Mapping[str, Result]:
    """Run the tests of the suite that were selected and return their results."""
    program = or_missing(lambda: binaries.find("gateway-api-conformance", say))
    kubectl = or_missing(lambda: binaries.find("kubectl", say))
    sources = or_missing(lambda: binaries.sources("gateway-api", "sigs.k8s.io/gateway-api"))
    installation = Installation(kube_apiserver, kubectl, tmp_path_factory.mktemp("controller"))
    installation.gateway_api(sources / "config/crd/experimental")
    arguments = installation.controller()
    tested = Implementation(
        kubeconfig=kube_apiserver.kubeconfig,
        gateway_class=CLASS,
        features=FEATURES,
        # Of the range that the simulated load balancer gives addresses of, and of another.
        usable_address="198.19.0.1",
        unusable_address="203.0.113.1",
    )
    with installation.running(arguments):
        results = run(program, tested, _selected(request.session))
    if any(result.outcome == "fail" for result in results.values()):
        say(f"the controller's log: {installation.log}")
    return results


def _selected(session: pytest.Session) -> list[str]:
    cases = (getattr(item, "callspec", None) for item in session.items)
    return [case.params["test"] for case in cases if case and "test" in case.params]
