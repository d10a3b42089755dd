"""A controller that writes nothing: what it would do is logged."""

from __future__ import annotations

import logging

from gwdeployer.cli.comparison import file_name, in_order, texts, unified
from gwdeployer.cluster.dry_run import DryRunCluster
from gwdeployer.controller.observing import Handled, Observer
from gwdeployer.objects import ObjectRef

logger = logging.getLogger(__name__)


class Rehearsal(Observer):
    """Logs after each pass what it would have changed, each difference once, and forgets it.

    The next pass begins with what there really is. For one worker: what it finds in the cluster is taken to
    be of the pass that has just ended.
    """

    def __init__(self, cluster: DryRunCluster) -> None:
        """Look at what is rehearsed on ``cluster``."""
        self._cluster = cluster
        self._logged: dict[ObjectRef, str] = {}

    def handled(self, handled: Handled, seconds: float) -> None:
        """See :class:`~gwdeployer.controller.observing.Observer`."""
        for change in in_order(self._cluster.changes):
            difference = "\n".join(unified(file_name(change.ref), *texts(change)))
            if difference != self._logged.get(change.ref, ""):
                logger.info("would change %s:\n%s", change.ref, difference, extra={"owner": str(handled.key)})
            self._logged[change.ref] = difference
        self._cluster.forget()
