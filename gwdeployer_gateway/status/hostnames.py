"""Hostnames of listeners and routes: when do two of them mean a common name?

Source: ``Listener.hostname`` and ``HTTPRouteSpec.hostnames``: ``*.example.com`` is a suffix, of any depth,
and not ``example.com`` itself; no hostname means any.
"""

from __future__ import annotations


def intersect(one: str, other: str) -> bool:
    """Return whether there is a name that both mean."""
    one, other = one.lower(), other.lower()
    return not one or not other or one == other or _covers(one, other) or _covers(other, one)


def _covers(wildcard: str, name: str) -> bool:
    return wildcard.startswith("*.") and name.endswith(wildcard[1:])
