"""The owner's finalizer: what cluster-scoped objects need, since no garbage collector finds them.

It is set before the first of them is created and removed after the last of them is gone, by server-side apply
with a manager of its own: so nobody else's finalizers are touched, and no version of the owner is needed.
"""

from __future__ import annotations

from gwdeployer.cluster.port import Cluster
from gwdeployer.errors import Conflict, NotFound
from gwdeployer.objects import Object
from gwdeployer.objects.owners import Owner
from gwdeployer.objects.ownership import FINALIZER

_SUFFIX = "-finalizer"
_MAX_MANAGER = 128


def add_finalizer(cluster: Cluster, owner: Owner, manager: str) -> None:
    """Set the finalizer. One request. Raises ApiErrors; Conflict where the owner is another one by now."""
    _apply(cluster, owner, manager, [FINALIZER])


def remove_finalizer(cluster: Cluster, owner: Owner, manager: str) -> None:
    """Remove the finalizer; an owner that is gone, or another one by now, needs none. One request."""
    try:
        _apply(cluster, owner, manager, [])
    except (Conflict, NotFound):
        return


def _apply(cluster: Cluster, owner: Owner, manager: str, finalizers: list[str]) -> None:
    kind, namespace, name = owner.ref
    obj: Object = {
        "apiVersion": kind.api_version,
        "kind": kind.kind,
        "metadata": {
            "name": name,
            "uid": owner.uid,
            **({"namespace": namespace} if namespace else {}),
            **({"finalizers": finalizers} if finalizers else {}),
        },
    }
    cluster.apply(obj, manager=manager[: _MAX_MANAGER - len(_SUFFIX)] + _SUFFIX, force=True)
