"""Steps before an apply that would otherwise lose something, or be refused for ever. Pure.

Both are properties of server-side apply, tried on a kube-apiserver: a field that its only manager gives up is
reset to its default, and a default that the server has set is kept though it contradicts what is applied.
"""

from __future__ import annotations

from collections.abc import Sequence

from gwdeployer.cluster.field_sets import applied_by, fields_of, owns
from gwdeployer.cluster.places import at, with_content
from gwdeployer.errors import Cause
from gwdeployer.objects import Object

_REPLICAS = ("spec", "replicas")
#: What the API server allows a field manager's name to be.
_MAX_MANAGER = 128
_SUFFIX = "-handover"


def heir(manager: str) -> str:
    """Return the name of the manager that keeps what we give up until its new manager writes."""
    return manager[: _MAX_MANAGER - len(_SUFFIX)] + _SUFFIX


def replicas_given_up(live: Object, planned: Object, manager: str) -> Object | None:
    """Return what to apply as :func:`heir` so that the number of replicas stays as it is; None: nothing.

    Needed where we own ``spec.replicas`` and the plan no longer has it, as when an autoscaler takes over: the
    server would reset it to 1, and an autoscaler whose target is already in range would never write it.
    """
    fields = fields_of(applied_by(live, manager))
    if "replicas" in (planned.get("spec") or {}) or not owns(fields, _REPLICAS):
        return None
    return {**_identity(live), "spec": {"replicas": live["spec"]["replicas"]}}


def _identity(live: Object) -> Object:
    """Return what names exactly this object, in exactly this state."""
    metadata = live["metadata"]
    kept = ("name", "namespace", "uid", "resourceVersion")
    return {
        "apiVersion": live["apiVersion"],
        "kind": live["kind"],
        "metadata": {name: metadata[name] for name in kept if name in metadata},
    }


def with_default_owned(live: Object, planned: Object, causes: Sequence[Cause]) -> Object | None:
    """Return what to apply first where a server's default makes the plan invalid; None: that is not why.

    The refused field is in the live object and not in the plan (a Deployment's ``strategy.rollingUpdate``
    beside the planned ``type: Recreate``). Once we have applied the live parent of it as ours, the plan,
    which does not have it, removes it.
    """
    for cause in causes:
        path = cause.field.split(".")
        if len(path) > 1 and at(live, path) is not None and at(planned, path) is None:
            return with_content(planned, path[:-1], at(live, path[:-1]))
    return None
