"""What Gateways of a class support, in the Gateway API's words (``pkg/features`` of gateway-api).

Only what this deployer does itself, and what the API's own conformance tests show: routes, and the features
of their filters, are for the control plane to say.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

_ANY = frozenset({"Gateway", "GatewayInfrastructurePropagation", "ListenerSet", "ReferenceGrant"})
#: What needs an address from outside the cluster; a waypoint is reached by its ClusterIP.
_WITH_ADDRESSES = frozenset({"GatewayAddressEmpty", "GatewayStaticAddresses"})


def supported_features(*, waypoint: bool) -> Sequence[Mapping[str, str]]:
    """Return the features of a class, sorted by name, as its status lists them. All data planes have them."""
    return [{"name": name} for name in sorted(_ANY if waypoint else _ANY | _WITH_ADDRESSES)]
