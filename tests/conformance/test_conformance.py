"""The tests of Gateway API's conformance suite that ask no more than to deploy and to say how it is.

The others send traffic through a proxy, or look at the status of routes: that takes a control plane for the
proxies.
"""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from tests.conformance.suite import Result

pytestmark = pytest.mark.conformance

TESTS = (
    "GatewayClassObservedGenerationBump",
    "GatewayInfrastructure",
    "GatewayInvalidFrontendClientCertificateValidation",
    "GatewayInvalidParametersRef",
    "GatewayInvalidRouteKind",
    "GatewayInvalidTLSBackendConfiguration",
    "GatewayInvalidTLSConfiguration",
    "GatewayListenerUnsupportedProtocol",
    "GatewayModifyListeners",
    "GatewayObservedGenerationBump",
    "GatewayOptionalAddressValue",
    "GatewaySecretInvalidReferenceGrant",
    "GatewaySecretMissingReferenceGrant",
    "GatewaySecretReferenceGrantAllInNamespace",
    "GatewaySecretReferenceGrantSpecific",
    "GatewayStaticAddresses",
    "GatewayWithAttachedRoutesWithPort8080",
    "ListenerSetAllowedNamespaceNone",
    "ListenerSetAllowedNamespaceSame",
    "ListenerSetAllowedNamespaceSelector",
    "ListenerSetAllowedRoutesSupportedKinds",
    "ListenerSetDefaultNotAllowed",
    "ListenerSetHostnameConflict",
    "ListenerSetProtocolConflict",
    "ListenerSetReferenceGrant",
    "TLSRouteListenerPassthroughSupportedKinds",
    "TLSRouteListenerTerminateSupportedKinds",
)
_NOT_RUN = Result("", "")


@pytest.mark.parametrize("test", TESTS)
def test_the_official_suite_passes(test: str, results: Mapping[str, Result]) -> None:
    outcome, output = results.get(test, _NOT_RUN)
    if not outcome:  # the suite gave up before: what it said of itself tells why
        output = results.get("", _NOT_RUN).output
    if outcome != "pass":
        pytest.fail(f"{test}: {outcome or 'not run'}\n{output}", pytrace=False)
