"""Kubernetes Events (``events.k8s.io/v1``): what a controller tells those who run ``kubectl describe``.

Events are a courtesy: they are written in a thread of their own, and whatever goes wrong with them never
stops or delays anybody.
"""

from __future__ import annotations

import logging
import socket
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from gwdeployer.cluster.port import Cluster
from gwdeployer.controller.event_series import EventSeries, Happening, Reporter
from gwdeployer.controller.times import micro_time
from gwdeployer.errors import GwdeployerError
from gwdeployer.objects import ObjectRef, metadata_of

logger = logging.getLogger(__name__)

#: Events that wait at most; those that come while so many do are dropped.
MOST_WAITING = 1000
#: The API's bounds, in bytes (``ValidateEventCreate``).
_NOTE_BYTES = 1024
_WORD_BYTES = 128
#: Seconds between two looks at series that may be over.
_TIDIED_EVERY = 60.0


class EventRecorder:
    """Records events about objects. Thread-safe; never blocks and never raises.

    ::

        with EventRecorder(cluster, "example.com/sites") as recorder:
            recorder.record(site, "Normal", "Created", "Apply", "Deployment shop/web")

    The account needs ``create`` and ``patch`` on ``events`` of ``events.k8s.io``.
    """

    def __init__(
        self,
        cluster: Cluster,
        controller_name: str,
        instance: str = "",
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Write to ``cluster``, from now on.

        ``instance`` tells processes of one controller apart; by default it is the host's name.
        """
        self._cancel = threading.Event()
        reporter = Reporter(controller_name, _cut(instance or socket.gethostname(), _WORD_BYTES))
        self._series = EventSeries(cluster, reporter, self._cancel, clock)
        self._waiting: deque[tuple[Happening, str]] = deque()
        self._changed = threading.Condition()
        self._closing = False
        self._failing = False
        self._clock = clock
        self._tidied = clock()
        # A request that hangs shall not keep a process from ending.
        self._thread = threading.Thread(target=self._write_all, name="gwdeployer-events", daemon=True)
        self._thread.start()

    def __enter__(self) -> EventRecorder:
        """Return itself: it has begun."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close."""
        self.close()

    def record(
        self,
        regarding: Mapping[str, Any],
        type_: str,
        reason: str,
        action: str,
        note: str,
        related: Mapping[str, Any] | None = None,
    ) -> None:
        """Tell of an object that something happened to it; what was told already is counted.

        ``type_`` is "Normal" or "Warning", ``reason`` says why and ``action`` what was done, in CamelCase;
        ``note`` says it for people, and is cut to the API's bound. ``related`` is another object that had a
        part in it.
        """
        words = _cut(reason, _WORD_BYTES), _cut(action, _WORD_BYTES), _cut(note, _NOTE_BYTES)
        happening = Happening(_reference(regarding), _reference(related or {}), type_, *words)
        with self._changed:
            if self._closing or len(self._waiting) >= MOST_WAITING:
                logger.debug("event dropped: %s", happening)
                return
            self._waiting.append((happening, micro_time(time.time())))
            self._changed.notify()

    def close(self, timeout: float = 5.0) -> None:
        """Write what waits, for ``timeout`` seconds at most, and end."""
        with self._changed:
            self._closing = True
            self._changed.notify()
        self._thread.join(timeout)
        self._cancel.set()

    def _write_all(self) -> None:
        while (waiting := self._next()) is not None:
            for happening, at in waiting:
                self._try(partial(self._series.note, happening, at))
            self._tidy()
        self._try(partial(self._series.tidy, everything=True))

    def _next(self) -> list[tuple[Happening, str]] | None:
        """Wait for events, or until it is time to tidy; None: there are none, and there will be none."""
        with self._changed:
            if not (self._waiting or self._closing):
                self._changed.wait(_TIDIED_EVERY)
            waiting = [*self._waiting]
            self._waiting.clear()
            return waiting if waiting or not self._closing else None

    def _tidy(self) -> None:
        if self._clock() - self._tidied >= _TIDIED_EVERY:
            self._tidied = self._clock()
            self._try(self._series.tidy)

    def _try(self, write: Callable[[], None]) -> None:
        """Write; what fails is dropped, and logged if the last one did not fail too."""
        try:
            write()
        except GwdeployerError as error:
            level = logging.DEBUG if self._failing else logging.WARNING
            logger.log(level, "events cannot be written: %s", error)
            self._failing = True
        except Exception:
            logger.exception("an event could not be written")
        else:
            self._failing = False


def _reference(obj: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    """Return a ``v1.ObjectReference``, without resourceVersion: it is about the object, not its content."""
    if not obj:
        return ()
    kind, namespace, name = ObjectRef.of(obj)
    uid = str(metadata_of(obj).get("uid") or "")
    parts = {"apiVersion": kind.api_version, "kind": kind.kind, "namespace": namespace, "name": name}
    return tuple((part, value) for part, value in {**parts, "uid": uid}.items() if value)


def _cut(text: str, limit: int) -> str:
    """Return text of at most so many bytes in UTF-8, with a mark where it was cut."""
    whole = text.encode(errors="replace")
    if len(whole) > limit:
        whole = whole[: limit - len("…".encode())].decode(errors="ignore").encode() + "…".encode()
    return whole.decode()
