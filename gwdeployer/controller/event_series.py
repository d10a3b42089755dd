"""Events without repetition: what happens again is counted, and nobody can flood the API server.

The rules are those of client-go's ``tools/events``: what happens again within six minutes makes a series,
which is written when it begins, every half hour, and when it is over. Notes tell events apart here (there,
the first one's note would stand for all), and resourceVersions do not. So that notes that are never the same
do no harm, new events about one object are bounded as in client-go's ``tools/record``: 25 at once, and one
every five minutes.
"""

from __future__ import annotations

import secrets
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Any, NamedTuple

from gwdeployer.cluster.patience import Patience, PatientCluster
from gwdeployer.cluster.port import Cluster
from gwdeployer.errors import NotFound
from gwdeployer.objects import KindRef, Object, ObjectRef
from gwdeployer.objects.names import is_dns_subdomain

EVENT = KindRef("events.k8s.io", "v1", "Event")

#: Seconds without a repetition after which a series is over, and between two writes of one that goes on.
OVER_AFTER = 360.0
WRITTEN_EVERY = 1800.0
#: New events about one object: so many at once, and one more after each so many seconds.
BURST = 25
ONE_EVERY = 300.0
#: Series, and objects that events were about, that are remembered at most.
_REMEMBERED = 4096
#: Seconds for one event, with all tries.
_PATIENCE = 10.0


class Happening(NamedTuple):
    """What an event says, but for when: equal ones make a series. References are ``v1.ObjectReference``s."""

    regarding: tuple[tuple[str, str], ...]
    related: tuple[tuple[str, str], ...]
    type: str
    reason: str
    action: str
    note: str


class Reporter(NamedTuple):
    """Who reports: the controller's name (a qualified one), and which process of it."""

    controller: str
    instance: str


class EventSeries:
    """Writes events and counts those that are repeated. For one thread.

    Methods raise ApiErrors, and Interrupted once ``cancel`` is set; what they were about is not tried again.
    """

    def __init__(
        self,
        cluster: Cluster,
        reporter: Reporter,
        cancel: threading.Event,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Write to ``cluster`` as ``reporter``."""
        self._cluster = cluster
        self._reporter = reporter
        self._cancel = cancel
        self._clock = clock
        self._series: OrderedDict[Happening, _Series] = OrderedDict()
        self._bound = _Bound(clock)

    def note(self, happening: Happening, at: str) -> None:
        """Write what happened ``at`` a moment (``MicroTime``), or count it. At most one event is written."""
        series = self._series.get(happening)
        if series is None or self._is_over(series):
            self._begin(happening, at)
            return
        self._series.move_to_end(happening)
        series.count += 1
        series.last_at, series.seen = at, self._clock()
        if series.count == 2:  # noqa: PLR2004 - the second makes it a series
            self._save(series)

    def tidy(self, *, everything: bool = False) -> None:
        """Write counts that are due (or ``everything``), and forget series that are over."""
        for happening, series in list(self._series.items()):
            if self._is_over(series):
                del self._series[happening]
            due = everything or self._is_over(series) or self._clock() - series.written >= WRITTEN_EVERY
            if due and series.count != series.saved:
                self._save(series)

    def _is_over(self, series: _Series) -> bool:
        return self._clock() - series.seen >= OVER_AFTER

    def _begin(self, happening: Happening, at: str) -> None:
        self._series.pop(happening, None)
        if not self._bound.allows(happening.regarding):
            return
        event = self._event(happening, at)
        self._patient().create(event, manager=self._reporter.controller)
        self._series[happening] = _Series(event, at, self._clock())
        if len(self._series) > _REMEMBERED:
            self._series.popitem(last=False)

    def _save(self, series: _Series) -> None:
        manager = self._reporter.controller
        state = {"count": series.count, "lastObservedTime": series.last_at}
        patch = [{"op": "add", "path": "/series", "value": state}]
        series.saved, series.written = series.count, self._clock()
        try:
            self._patient().json_patch(ObjectRef.of(series.event), patch, manager=manager)
        except NotFound:  # events live for an hour
            self._patient().create({**series.event, "series": state}, manager=manager)

    def _patient(self) -> PatientCluster:
        return PatientCluster(self._cluster, Patience(_PATIENCE, self._cancel))

    def _event(self, happening: Happening, at: str) -> Object:
        regarding = dict(happening.regarding)
        event: dict[str, Any] = {
            "apiVersion": EVENT.api_version,
            "kind": EVENT.kind,
            "metadata": {
                "namespace": regarding.get("namespace") or "default",
                "name": _name(regarding.get("name", "")),
            },
            "eventTime": at,
            "type": happening.type,
            "reason": happening.reason,
            "action": happening.action,
            "note": happening.note,
            "regarding": regarding,
            "reportingController": self._reporter.controller,
            "reportingInstance": self._reporter.instance,
        }
        return {**event, "related": dict(happening.related)} if happening.related else event


class _Series:
    """An event as it was first written, and how often it has happened since."""

    def __init__(self, event: Object, at: str, now: float) -> None:
        self.event = event
        self.count = self.saved = 1
        self.last_at = at
        self.seen = self.written = now


class _Bound:
    """A token bucket for each object that events are about."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._left: OrderedDict[object, tuple[float, float]] = OrderedDict()

    def allows(self, regarding: object) -> bool:
        now = self._clock()
        left, since = self._left.pop(regarding, (float(BURST), now))
        left = min(float(BURST), left + (now - since) / ONE_EVERY)
        allowed = left >= 1
        self._left[regarding] = (left - 1 if allowed else left, now)
        if len(self._left) > _REMEMBERED:
            self._left.popitem(last=False)
        return allowed


def _name(regarding: str) -> str:
    """Return a name of an event that is nobody else's, and says what it is about if it can."""
    suffix = secrets.token_hex(8)
    name = f"{regarding}.{suffix}"
    return name if is_dns_subdomain(name) else f"event.{suffix}"
