"""A pool that names no picker is given the reference to its own, where the inputs ask for that.

Gateways of others find the picker by it. It is all that is ever written to a pool's spec: applied by a field
manager of its own once the Service is there, never over what somebody else has said, and taken back when the
pool leaves our hands.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from gwdeployer.cluster import Action, Cluster, DeployResult, Outcome, ReconcileResult
from gwdeployer.deployer import Deployer
from gwdeployer.errors import Conflict, GwdeployerError, NotFound
from gwdeployer.objects import KindRef, Object, metadata_of
from gwdeployer.store import ObjectStore
from gwdeployer_inference.pools import Pool, pool_of
from gwdeployer_inference.reading import mapping, mappings

_SUFFIX = "-reference"
#: What the API server allows a field manager's name to be.
_MAX_MANAGER = 128
_FIELD = "endpointPickerRef"


class WiringDeployer(Deployer):
    """Deploys pickers of pools, and sees that the pools refer to them."""

    def __init__(self, owner: KindRef, *, controller_name: str, cluster: Cluster, **options: Any) -> None:
        """See :class:`~gwdeployer.Deployer`."""
        super().__init__(owner, controller_name=controller_name, cluster=cluster, **options)
        self._wiring = Wiring(cluster, controller_name[: _MAX_MANAGER - len(_SUFFIX)] + _SUFFIX)

    def reconcile(
        self,
        owner: Mapping[str, Any],
        store: ObjectStore,
        *,
        live: ObjectStore | None = None,
        timeout: float | None = None,
        cancel: threading.Event | None = None,
    ) -> ReconcileResult:
        """See :class:`~gwdeployer.Deployer`. A pool that is wired costs no further request."""
        result = super().reconcile(owner, store, live=live, timeout=timeout, cancel=cancel)
        stopped = cancel is not None and cancel.is_set()
        if result.plan is None or result.errors or stopped or metadata_of(owner).get("deletionTimestamp"):
            return result
        change = self._wiring.take_back if result.plan.skip else self._wiring.give
        try:
            changed = change(pool_of({**owner, "apiVersion": self.owner.api_version}), timeout)
        except (Conflict, NotFound):
            return result  # the pool was written or deleted meanwhile, which makes another reconcile
        except GwdeployerError as error:
            return _with(result, Outcome(result.owner, Action.FAILED, error))
        if changed is None:
            return result
        return _with(
            result, Outcome(result.owner, Action.CONFIGURED, changed=(f"spec.{_FIELD}",), live=changed)
        )


def _with(result: ReconcileResult, outcome: Outcome) -> ReconcileResult:
    deployed = result.deployed or DeployResult(result.owner)
    return replace(result, deployed=replace(deployed, outcomes=(*deployed.outcomes, outcome)))


class Wiring:
    """Writes references to pickers into pools, as ``manager``."""

    def __init__(self, cluster: Cluster, manager: str) -> None:
        """Write to ``cluster``."""
        self._cluster = cluster
        self._manager = manager

    def give(self, pool: Pool, timeout: float | None) -> Object | None:
        """Have a pool without reference refer to its picker; return it as stored, None where it has one.

        A read and a write. Raises ApiErrors; Conflict where the pool is another one by now.
        """
        if pool.ref is not None or _ref_of(self._read(pool, timeout)) is not None:
            return None
        metadata = {"name": pool.name, "namespace": pool.namespace, "uid": pool.uid}
        wanted = {"name": pool.service, "port": {"number": pool.port}}
        obj = {
            "apiVersion": pool.kind.api_version,
            "kind": pool.kind.kind,
            "metadata": metadata,
            "spec": {_FIELD: wanted},
        }
        return self._cluster.apply(obj, manager=self._manager, timeout=timeout)

    def take_back(self, pool: Pool, timeout: float | None) -> Object | None:
        """Remove the reference that we gave a pool; return it as stored, None where it has none of ours.

        A reference of another name cannot be ours, and costs no request. Raises ApiErrors.
        """
        if pool.ref is None or pool.service != pool.picker:
            return None
        found = self._read(pool, timeout)
        if not self._is_ours(found):
            return None
        version = metadata_of(found).get("resourceVersion")
        patch: list[dict[str, Any]] = [
            {"op": "replace", "path": "/metadata/resourceVersion", "value": version},
            {"op": "remove", "path": f"/spec/{_FIELD}"},
        ]
        return self._cluster.json_patch(pool.reference, patch, manager=self._manager, timeout=timeout)

    def _read(self, pool: Pool, timeout: float | None) -> Object:
        found = self._cluster.get(*pool.reference, timeout=timeout)
        if found is None:
            raise NotFound(f"{pool.reference} is gone")
        return found

    def _is_ours(self, found: Object) -> bool:
        """Return whether the picker's name is as we applied it: whoever changes it takes it from us."""
        return any(
            "f:name" in mapping(mapping(mapping(entry.get("fieldsV1")).get("f:spec")).get(f"f:{_FIELD}"))
            for entry in mappings(metadata_of(found).get("managedFields"))
            if (entry.get("manager"), entry.get("operation")) == (self._manager, "Apply")
        )


def _ref_of(found: Object) -> Any:
    return mapping(found.get("spec")).get(_FIELD)
