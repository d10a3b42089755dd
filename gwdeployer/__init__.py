"""gwdeployer: deploys the infrastructure behind Gateway API objects, or behind any owner.

::

    from gwdeployer import Chart, Deployer, HelmValuesGenerator, KindRef, MemoryStore

Names are loaded on first use, so that importing the package costs next to nothing; ``kubernetes`` is imported
when ``KubernetesCluster`` is asked for, and not before.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from gwdeployer._lazy import lazy_exports
from gwdeployer._version import __version__

if TYPE_CHECKING:
    from gwdeployer.chart import Capabilities, Chart, Release
    from gwdeployer.charts import builtin_chart
    from gwdeployer.cluster import (
        Action,
        Cluster,
        ClusterStore,
        DeployResult,
        KubernetesCluster,
        Outcome,
        PruneResult,
        ReconcileResult,
    )
    from gwdeployer.deployer import Deployer
    from gwdeployer.errors import (
        ApiError,
        ChartError,
        Conflict,
        Contested,
        Denied,
        DocumentError,
        Expired,
        Fault,
        Forbidden,
        ForeignObject,
        GwdeployerError,
        ImmutableField,
        InputsError,
        Interrupted,
        InvalidObject,
        KindNotInstalled,
        NotFound,
        NotSynced,
        ParametersError,
        PlanError,
        PluginError,
        RetryableError,
        ServerFailure,
        TerminalError,
        Throttled,
        Unauthorized,
        Unreachable,
    )
    from gwdeployer.generator import Context, HelmValuesGenerator, Skip, Watch, reads_only
    from gwdeployer.inputs import Inputs
    from gwdeployer.objects import KindRef, Object, ObjectRef
    from gwdeployer.parameters_kind import ParametersKind
    from gwdeployer.plan import Leaf, Plan, Provenance
    from gwdeployer.plugins import Plugin, PluginOption, configure, discover
    from gwdeployer.provenance import Origin
    from gwdeployer.status import Condition, Reporter, condition, with_conditions
    from gwdeployer.store import Index, Lookup, MemoryStore, ObjectStore, RecordingStore

_HOMES = {
    "chart": ("Capabilities", "Chart", "Release"),
    "charts": ("builtin_chart",),
    "cluster": (
        "Action",
        "Cluster",
        "ClusterStore",
        "DeployResult",
        "KubernetesCluster",
        "Outcome",
        "PruneResult",
        "ReconcileResult",
    ),
    "deployer": ("Deployer",),
    "errors": (
        "ApiError",
        "ChartError",
        "Conflict",
        "Contested",
        "Denied",
        "DocumentError",
        "Expired",
        "Fault",
        "Forbidden",
        "ForeignObject",
        "GwdeployerError",
        "ImmutableField",
        "InputsError",
        "Interrupted",
        "InvalidObject",
        "KindNotInstalled",
        "NotFound",
        "NotSynced",
        "ParametersError",
        "PlanError",
        "PluginError",
        "RetryableError",
        "ServerFailure",
        "TerminalError",
        "Throttled",
        "Unauthorized",
        "Unreachable",
    ),
    "generator": ("Context", "HelmValuesGenerator", "Skip", "Watch", "reads_only"),
    "inputs": ("Inputs",),
    "objects": ("KindRef", "Object", "ObjectRef"),
    "parameters_kind": ("ParametersKind",),
    "plan": ("Leaf", "Plan", "Provenance"),
    "plugins": ("Plugin", "PluginOption", "configure", "discover"),
    "provenance": ("Origin",),
    "status": ("Condition", "Reporter", "condition", "with_conditions"),
    "store": ("Index", "Lookup", "MemoryStore", "ObjectStore", "RecordingStore"),
}
__all__ = [
    "Action",
    "ApiError",
    "Capabilities",
    "Chart",
    "ChartError",
    "Cluster",
    "ClusterStore",
    "Condition",
    "Conflict",
    "Contested",
    "Context",
    "Denied",
    "DeployResult",
    "Deployer",
    "DocumentError",
    "Expired",
    "Fault",
    "Forbidden",
    "ForeignObject",
    "GwdeployerError",
    "HelmValuesGenerator",
    "ImmutableField",
    "Index",
    "Inputs",
    "InputsError",
    "Interrupted",
    "InvalidObject",
    "KindNotInstalled",
    "KindRef",
    "KubernetesCluster",
    "Leaf",
    "Lookup",
    "MemoryStore",
    "NotFound",
    "NotSynced",
    "Object",
    "ObjectRef",
    "ObjectStore",
    "Origin",
    "Outcome",
    "ParametersError",
    "ParametersKind",
    "Plan",
    "PlanError",
    "Plugin",
    "PluginError",
    "PluginOption",
    "Provenance",
    "PruneResult",
    "ReconcileResult",
    "RecordingStore",
    "Release",
    "Reporter",
    "RetryableError",
    "ServerFailure",
    "Skip",
    "TerminalError",
    "Throttled",
    "Unauthorized",
    "Unreachable",
    "Watch",
    "__version__",
    "builtin_chart",
    "condition",
    "configure",
    "discover",
    "reads_only",
    "with_conditions",
]


__getattr__, __dir__ = lazy_exports(__name__, _HOMES)
