"""One pass over one object for which nothing is deployed (a class, parameters): its status is kept."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from functools import partial
from typing import NamedTuple

from gwdeployer.controller.observing import Handled
from gwdeployer.controller.shared import Shared
from gwdeployer.controller.status_keeper import Basis
from gwdeployer.errors import Conflict, GwdeployerError
from gwdeployer.objects import KindRef, Object, ObjectRef
from gwdeployer.status import Reporter
from gwdeployer.store import RecordingStore, unchanged


class Reported(NamedTuple):
    """A kind of objects, who computes their status (if anybody), and those that have to be there."""

    kind: KindRef
    controller_name: str
    reporter: Reporter | None
    installs: Mapping[ObjectRef, Object]


class ReportHandler:
    """Keeps the statuses of the objects of one kind, and creates those of them that are to be installed."""

    def __init__(self, reported: Reported, shared: Shared) -> None:
        """Objects, and what their statuses are computed from, are in the shared cache."""
        self.name = reported.kind.kind.lower()
        self._reported = reported
        self._shared = shared
        self._statuses = shared.statuses(reported.controller_name)

    def handle(self, key: ObjectRef, cancel: threading.Event) -> Handled:
        """Bring an object's status to what it should be. Raises NotSynced as :class:`OwnerHandler` does."""
        dependents = self._shared.dependents
        changes = dependents.changes
        cached = self._shared.cache.get(*key)
        obj = self._statuses.latest(key, cached)
        if obj is None or cached is None:
            return self._missing(key)
        reporter, reading = self._reported.reporter, RecordingStore(self._shared.cache)
        if reporter is None:
            return Handled(key, self.name, obj)
        compute = partial(reporter.status, obj)
        written, error = self._statuses.kept(key, obj, cached, Basis((), reading), compute)
        news = dependents.record(key, (), reading.reads, since=changes)
        stale = news and not unchanged(reading.reads, self._shared.cache)
        return Handled(key, self.name, obj, None, (), written, error, stale)

    def close(self) -> None:
        """Do nothing: there are no threads."""

    def _missing(self, key: ObjectRef) -> Handled:
        self._statuses.forget(key)
        self._shared.dependents.forget(key)
        wanted = self._reported.installs.get(key)
        if wanted is None or self._shared.dry_run:
            return Handled(key, self.name)
        try:
            self._shared.cluster.create(wanted, manager=self._reported.controller_name)
        except Conflict:
            return Handled(key, self.name)  # somebody has made it; the cache will show it
        except GwdeployerError as error:
            return Handled(key, self.name, error=error.about(subject=str(key)))
        return Handled(key, self.name)
