"""gwdeployer: deploys the infrastructure behind Gateway API objects, or behind any owner.

::

    from gwdeployer import Chart, Deployer, HelmValuesGenerator, KindRef, MemoryStore

Names are loaded on first use, so that importing the package costs next to nothing; nothing here imports
``kubernetes``.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from gwdeployer._version import __version__

if TYPE_CHECKING:
    from gwdeployer.chart import Capabilities, Chart, Release
    from gwdeployer.charts import builtin_chart
    from gwdeployer.deployer import Deployer
    from gwdeployer.errors import (
        ChartError,
        DocumentError,
        Fault,
        GwdeployerError,
        InputsError,
        NotSynced,
        ParametersError,
        PlanError,
        PluginError,
        RetryableError,
        TerminalError,
    )
    from gwdeployer.generator import Context, HelmValuesGenerator, Skip, Watch
    from gwdeployer.inputs import Inputs
    from gwdeployer.objects import KindRef, Object, ObjectRef
    from gwdeployer.plan import Plan
    from gwdeployer.plugins import Plugin, PluginOption
    from gwdeployer.store import MemoryStore, ObjectStore, RecordingStore

_HOMES = {
    "chart": ("Capabilities", "Chart", "Release"),
    "charts": ("builtin_chart",),
    "deployer": ("Deployer",),
    "errors": (
        "ChartError",
        "DocumentError",
        "Fault",
        "GwdeployerError",
        "InputsError",
        "NotSynced",
        "ParametersError",
        "PlanError",
        "PluginError",
        "RetryableError",
        "TerminalError",
    ),
    "generator": ("Context", "HelmValuesGenerator", "Skip", "Watch"),
    "inputs": ("Inputs",),
    "objects": ("KindRef", "Object", "ObjectRef"),
    "plan": ("Plan",),
    "plugins": ("Plugin", "PluginOption"),
    "store": ("MemoryStore", "ObjectStore", "RecordingStore"),
}
_HOME_OF = {name: module for module, names in _HOMES.items() for name in names}

__all__ = [
    "Capabilities",
    "Chart",
    "ChartError",
    "Context",
    "Deployer",
    "DocumentError",
    "Fault",
    "GwdeployerError",
    "HelmValuesGenerator",
    "Inputs",
    "InputsError",
    "KindRef",
    "MemoryStore",
    "NotSynced",
    "Object",
    "ObjectRef",
    "ObjectStore",
    "ParametersError",
    "Plan",
    "PlanError",
    "Plugin",
    "PluginError",
    "PluginOption",
    "RecordingStore",
    "Release",
    "RetryableError",
    "Skip",
    "TerminalError",
    "Watch",
    "__version__",
    "builtin_chart",
]


def __getattr__(name: str) -> Any:
    """Load a public name from its room (PEP 562)."""
    try:
        home = _HOME_OF[name]
    except KeyError:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}") from None
    value = getattr(import_module(f"{__name__}.{home}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """List the public names."""
    return sorted(__all__)
