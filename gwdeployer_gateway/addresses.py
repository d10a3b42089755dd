"""The address a Gateway asks for, as far as a Service can ask for one."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from ipaddress import ip_address

from gwdeployer.errors import shown
from gwdeployer.generator import Context
from gwdeployer_gateway.api import Address


def load_balancer_ip(addresses: Sequence[Address], context: Context) -> str | None:
    """Return the one IP address for ``spec.loadBalancerIP``, or None with a warning that says why not.

    A Service takes one address. Hostnames and other types are for other implementations; an address without a
    value asks for any. A Gateway is not refused for its addresses: its status says AddressNotUsable.
    """
    wanted = [(i, address) for i, address in enumerate(addresses) if address.type in (None, "IPAddress")]
    named = [(i, address.value) for i, address in wanted if address.value]
    if addresses and not wanted:
        context.warn("none is an IP address: the load balancer chooses one", "spec.addresses")
    if len(named) > 1:
        context.warn(
            f"{len(named)} IP addresses, but a Service takes one: none is used",
            "spec.addresses",
            hint="keep one",
        )
        return None
    for position, value in named:
        if is_ip(value):
            return value
        message = f"{shown(value)} is not an IP address: it is not used"
        context.warn(message, f"spec.addresses[{position}].value")
    return None


@lru_cache(maxsize=1024)
def is_ip(value: str) -> bool:
    """Return whether a text is an IP address that means the same everywhere."""
    try:
        address = ip_address(value)
    except ValueError:
        return False
    return not getattr(address, "scope_id", None)  # a zone (fe80::1%eth0) means something on one host only
