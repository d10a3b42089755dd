"""What all handlers of one controller share."""

from __future__ import annotations

from gwdeployer.cluster.port import Cluster
from gwdeployer.controller.dependents import Dependents
from gwdeployer.controller.scope import Scope
from gwdeployer.controller.status_keeper import StatusKeeper
from gwdeployer.store import ObjectStore


class Shared:
    """The cluster, the cache of it, who depends on what, and whose namespaces are looked after.

    ``timeout`` (seconds) is for one pass over one owner. ``live`` is what the cluster is known to have: in a
    dry run None, as what would be there is asked of the cluster that rehearses.
    """

    def __init__(
        self,
        cluster: Cluster,
        cache: ObjectStore,
        dependents: Dependents,
        scope: Scope,
        timeout: float | None,
        dry_run: bool,
    ) -> None:
        """See the class."""
        self.cluster = cluster
        self.cache = cache
        self.dependents = dependents
        self.scope = scope
        self.timeout = timeout
        self.live = None if dry_run else cache
        self.dry_run = dry_run
        self._statuses: dict[str, StatusKeeper] = {}

    def statuses(self, controller_name: str) -> StatusKeeper:
        """Return who keeps the statuses that a controller of this name writes: one for all its kinds."""
        manager = f"{controller_name}-status"
        if manager not in self._statuses:
            self._statuses[manager] = StatusKeeper(self.cluster, manager, dry_run=self.dry_run)
        return self._statuses[manager]
