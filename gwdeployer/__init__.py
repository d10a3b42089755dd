"""gwdeployer: deploys the infrastructure behind Gateway API objects, or behind any owner.

::

    from gwdeployer import Chart, Deployer, HelmValuesGenerator, KindRef, MemoryStore

Names are loaded on first use, so that importing the package costs next to nothing; nothing here imports
``kubernetes``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from gwdeployer._lazy import lazy_exports
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
    from gwdeployer.parameters_kind import ParametersKind
    from gwdeployer.plan import Leaf, Plan, Provenance
    from gwdeployer.plugins import Plugin, PluginOption, configure, discover
    from gwdeployer.provenance import Origin
    from gwdeployer.store import Index, Lookup, MemoryStore, ObjectStore, RecordingStore

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
    "parameters_kind": ("ParametersKind",),
    "plan": ("Leaf", "Plan", "Provenance"),
    "plugins": ("Plugin", "PluginOption", "configure", "discover"),
    "provenance": ("Origin",),
    "store": ("Index", "Lookup", "MemoryStore", "ObjectStore", "RecordingStore"),
}
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
    "Index",
    "Inputs",
    "InputsError",
    "KindRef",
    "Leaf",
    "Lookup",
    "MemoryStore",
    "NotSynced",
    "Object",
    "ObjectRef",
    "ObjectStore",
    "Origin",
    "ParametersError",
    "ParametersKind",
    "Plan",
    "PlanError",
    "Plugin",
    "PluginError",
    "PluginOption",
    "Provenance",
    "RecordingStore",
    "Release",
    "RetryableError",
    "Skip",
    "TerminalError",
    "Watch",
    "__version__",
    "builtin_chart",
    "configure",
    "discover",
]


__getattr__, __dir__ = lazy_exports(__name__, _HOMES)
