"""The controller: caches, a queue, the loop that keeps owners deployed, and what it takes to operate it.

::

    stop = threading.Event()
    Controller([deployer], cluster).run(stop)
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from gwdeployer._lazy import lazy_exports

if TYPE_CHECKING:
    from gwdeployer.controller.cache import Cache
    from gwdeployer.controller.changes import Change
    from gwdeployer.controller.controller import Controller, Settings
    from gwdeployer.controller.event_reporting import EventReporter
    from gwdeployer.controller.events import EventRecorder
    from gwdeployer.controller.leader import LeaderElector
    from gwdeployer.controller.lease import Timing
    from gwdeployer.controller.metrics import Metrics
    from gwdeployer.controller.observing import Handled, Observer
    from gwdeployer.controller.probes import Probes
    from gwdeployer.controller.scope import Scope
    from gwdeployer.controller.work_queue import WorkQueue

_HOMES = {
    "cache": ("Cache",),
    "changes": ("Change",),
    "controller": ("Controller", "Settings"),
    "event_reporting": ("EventReporter",),
    "events": ("EventRecorder",),
    "leader": ("LeaderElector",),
    "lease": ("Timing",),
    "metrics": ("Metrics",),
    "observing": ("Handled", "Observer"),
    "probes": ("Probes",),
    "scope": ("Scope",),
    "work_queue": ("WorkQueue",),
}
__all__ = [
    "Cache",
    "Change",
    "Controller",
    "EventRecorder",
    "EventReporter",
    "Handled",
    "LeaderElector",
    "Metrics",
    "Observer",
    "Probes",
    "Scope",
    "Settings",
    "Timing",
    "WorkQueue",
]

__getattr__, __dir__ = lazy_exports(__name__, _HOMES)
