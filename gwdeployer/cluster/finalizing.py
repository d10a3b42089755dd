"""The owner's finalizer: what cluster-scoped objects need, since no garbage collector finds them.

It is set before the first of them is created and removed after the last of them is gone, by server-side apply
with a manager of its own: so nobody else's finalizers are touched, and no version of the owner is needed.
Where somebody else has come to own it too (an owner restored from a backup, edited as a whole), giving it up
does not remove it, and it is taken out by a patch; unless that is another deployer, which holds it for what
it has made itself and removes it in its turn.
"""

from __future__ import annotations

import threading

from gwdeployer.cluster.field_sets import Manager, entries_of, fields_of, owns
from gwdeployer.cluster.port import Cluster
from gwdeployer.errors import Conflict, Fault, NotFound, RetryableError
from gwdeployer.objects import Object, metadata_of
from gwdeployer.objects.owners import Owner
from gwdeployer.objects.ownership import FINALIZER

_SUFFIX = "-finalizer"
_MAX_MANAGER = 128


class Finalizer:
    """The finalizer of one owner during one deploy. Thread-safe.

    What an owner that was read from a cache says of it may be long past: the owner may have been cleaned up
    since, and nothing would find again what is then made for it. So the server is asked.
    """

    def __init__(self, cluster: Cluster, owner: Owner, manager: str) -> None:
        """Nothing is asked yet."""
        self._cluster, self._owner, self._manager = cluster, owner, manager
        self._held = False
        self._lock = threading.Lock()

    def hold(self) -> None:
        """See that the owner is there and has it. One request, however often it is called.

        Raises ApiErrors, and RetryableError where the owner is gone or another one by now.
        """
        with self._lock:
            if self._held:
                return
            try:
                add_finalizer(self._cluster, self._owner, self._manager)
            except Conflict as error:
                words = "is gone, or another one of its name by now; nothing cluster-scoped is made for it"
                raise RetryableError(Fault(words, subject=str(self._owner.ref))) from error
            self._held = True


def add_finalizer(cluster: Cluster, owner: Owner, manager: str) -> None:
    """Set the finalizer. One request. Raises ApiErrors; Conflict where the owner is another one by now."""
    _apply(cluster, owner, manager, [FINALIZER])


def remove_finalizer(cluster: Cluster, owner: Owner, manager: str) -> None:
    """Remove the finalizer; an owner that is gone, or another one by now, needs none. One request, or two.

    Raises ApiErrors.
    """
    try:
        answered = _apply(cluster, owner, manager, [])
    except (Conflict, NotFound):
        return
    left = metadata_of(answered).get("finalizers") or ()
    if FINALIZER in left and not _holders(answered):
        version = {
            "op": "replace",
            "path": "/metadata/resourceVersion",
            "value": answered["metadata"]["resourceVersion"],
        }
        removal = {"op": "remove", "path": f"/metadata/finalizers/{left.index(FINALIZER)}"}
        cluster.json_patch(owner.ref, [version, removal], manager=manager)


def is_held_by_others(owner: Object, manager: str) -> bool:
    """Return whether other deployers hold an owner's finalizer, and ``manager`` does not."""
    holders = _holders(owner)
    return bool(holders) and _holder(manager) not in holders


def _holders(owner: Object) -> set[str]:
    """Return the managers of deployers that hold an owner's finalizer."""
    applied = (entry for entry in entries_of(owner) if Manager.of(entry).operation == "Apply")
    holding = (entry["manager"] for entry in applied if owns(fields_of(entry), ("metadata", "finalizers")))
    return {name for name in holding if name.endswith(_SUFFIX)}


def _holder(manager: str) -> str:
    return manager[: _MAX_MANAGER - len(_SUFFIX)] + _SUFFIX


def _apply(cluster: Cluster, owner: Owner, manager: str, finalizers: list[str]) -> Object:
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
    return cluster.apply(obj, manager=_holder(manager), force=True)
