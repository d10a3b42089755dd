"""For tests of what talks to Kubernetes: an API server in the test's own process.

::

    def test_my_controller(gwdeployer_apiserver):    # a fixture, there once gwdeployer is installed
        ...

Names are loaded on first use. ``docs/testing.md`` is the guide.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from gwdeployer._lazy import lazy_exports
from gwdeployer._version import __version__

if TYPE_CHECKING:
    from gwdeployer.testing.apiserver.controllers import ALL_CONTROLLERS, DEFAULT_CONTROLLERS
    from gwdeployer.testing.apiserver.faults import Faults, Rule, Rules
    from gwdeployer.testing.apiserver.journal import Match, Recorded, RequestLog
    from gwdeployer.testing.apiserver.parts import SimulatedLoadBalancer, SimulatedNode
    from gwdeployer.testing.apiserver.server import APIServer

_HOMES = {
    "apiserver.controllers": ("ALL_CONTROLLERS", "DEFAULT_CONTROLLERS"),
    "apiserver.faults": ("Faults", "Rule", "Rules"),
    "apiserver.journal": ("Match", "Recorded", "RequestLog"),
    "apiserver.parts": ("SimulatedLoadBalancer", "SimulatedNode"),
    "apiserver.server": ("APIServer",),
}

__getattr__, __dir__ = lazy_exports(__name__, _HOMES)

__all__ = [
    "ALL_CONTROLLERS",
    "DEFAULT_CONTROLLERS",
    "APIServer",
    "Faults",
    "Match",
    "Recorded",
    "RequestLog",
    "Rule",
    "Rules",
    "SimulatedLoadBalancer",
    "SimulatedNode",
    "__version__",
]
