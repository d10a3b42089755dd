"""Keeps what is known of one kind as the cluster has it: a list, then a watch from there on, for ever.

The rules are those of client-go's ``tools/cache`` reflector: a watch goes on where the last one ended, and
what is too old to go on from (410) is listed again. Two are added. A watch in which nothing comes, not even a
bookmark, is given up. And before a watch goes on, the server is asked where it stands: one that stands before
what it has told already was restored from a backup, or is another one, and would be silent until it has
caught up.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterable
from contextlib import closing
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from gwdeployer.cluster.port import Cluster, Event, WatchStream
from gwdeployer.controller.backoff import Backoff
from gwdeployer.errors import ApiError, Expired, KindNotInstalled, Throttled, Unreachable
from gwdeployer.objects import KindRef, Object
from gwdeployer.objects.states import is_older, resource_version

logger = logging.getLogger(__name__)

#: No object has this label: a list of those that have it says only where the server stands.
_NOBODY = {"gwdeployer.dev/nobody": "nobody"}


@dataclass(frozen=True, slots=True)
class Pace:
    """The times of a reflector, in seconds.

    ``silence`` is after how long a watch in which nothing comes is given up: API servers send a bookmark
    every minute. One that ends before ``short`` with nothing told counts as a failure. ``backoff`` makes the
    pauses after failures; ``clock`` tells the time.
    """

    silence: float = 90.0
    short: float = 1.0
    backoff: Callable[[], Backoff] = Backoff
    clock: Callable[[], float] = time.monotonic


class Doing(StrEnum):
    """What a reflector is at."""

    LIST = "list"
    WATCH = "watch"


class Sink(Protocol):
    """Takes what a reflector learns, in its thread."""

    def kept(self, obj: Object) -> Object:
        """Return what is kept of an object in a list that is being read; the rest need not stay in memory."""

    def replace(self, objects: Iterable[Object], namespace: str | None) -> None:
        """Take a list of all there is in a namespace, or everywhere (None); of each object what is kept."""

    def absent(self, namespace: str | None) -> None:
        """Take note that the kind is not installed, and so has no objects."""

    def put(self, obj: Object) -> None:
        """Take an object that was created or has changed."""

    def remove(self, obj: Object) -> None:
        """Take the last state of an object that was deleted."""

    def failed(self, error: ApiError, namespace: str | None) -> None:
        """Take note that the objects in a namespace cannot be read now."""


class Reflector:
    """Reflects one kind, in one namespace or in all (None). ``run`` is for a thread of its own."""

    def __init__(
        self, cluster: Cluster, kind: KindRef, namespace: str | None, sink: Sink, pace: Pace | None = None
    ) -> None:
        """Read from ``cluster``; tell ``sink``."""
        self._cluster = cluster
        self._kind = kind
        self._namespace = namespace
        self._sink = sink
        self._pace = pace or Pace()
        self._backoff = self._pace.backoff()
        self._stopped = threading.Event()
        self._stream: WatchStream | None = None
        self._version = ""
        self._absent = False
        self._doing = Doing.LIST
        self._trouble: tuple[Doing, type[ApiError]] | None = None

    def __str__(self) -> str:
        """Return what is reflected."""
        return f"{self._kind} in {self._namespace}" if self._namespace else str(self._kind)

    def close(self) -> None:
        """Have :meth:`run` return: at once from a watch or a pause, and else when its request is answered."""
        self._stopped.set()
        if self._stream is not None:
            self._stream.close()

    def run(self) -> None:
        """List and watch until :meth:`close`. A kind that is not installed has no objects; it may come."""
        while not self._stopped.is_set():
            self._stopped.wait(self._round())

    def _round(self) -> float:
        """Catch up, and follow until that ends. Return how long to wait before the next round."""
        try:
            if self._absent and not self._cluster.supports(self._kind):
                return self._backoff.next()
            self._catch_up()
            return 0.0 if self._follow() else self._backoff.next()
        except KindNotInstalled as error:
            return self._missing(error)
        except ApiError as error:
            return self._failed(error)
        except Exception:
            # What is held may be half of what was told.
            logger.exception("%s: what the cluster told could not be kept; it is asked again", self)
            self._version = ""
            return self._backoff.next()

    def _catch_up(self) -> None:
        self._doing = Doing.LIST
        if not self._version or self._has_gone_back():
            listing = self._cluster.list(self._kind, self._namespace, keep=self._sink.kept)
            if self._stopped.is_set():
                return
            self._sink.replace(listing.items, self._namespace)
            self._version = listing.resource_version
            self._absent = False
        self._went_well()

    def _has_gone_back(self) -> bool:
        """Return whether the server stands before what it has told already. Costs a list of nothing."""
        listing = self._cluster.list(self._kind, self._namespace, labels=_NOBODY)
        return is_older(listing.resource_version, self._version)

    def _follow(self) -> bool:
        """Take what the watch tells until it ends. Return whether it was of use, and ended well."""
        self._doing = Doing.WATCH
        began = self._pace.clock()
        told = False
        with closing(self._watch()) as self._stream:
            try:
                for event in () if self._stopped.is_set() else self._stream:
                    told = True
                    self._take(event)
            except Expired:
                self._version = ""
                return False
            except Unreachable as error:
                logger.debug("%s: the watch broke off: %s", self, error)
                return False
        if told or self._pace.clock() - began >= self._pace.short:
            self._went_well()
            self._backoff.reset()
            return True
        return False

    def _watch(self) -> WatchStream:
        return self._cluster.watch(
            self._kind, self._namespace, resource_version=self._version, timeout=self._pace.silence
        )

    def _take(self, event: Event) -> None:
        self._went_well()
        self._backoff.reset()
        if event.type == "DELETED":
            self._sink.remove(event.object)
        elif event.type != "BOOKMARK":
            self._sink.put(event.object)
        self._version = resource_version(event.object) or self._version

    def _missing(self, error: KindNotInstalled) -> float:
        """Hold nothing of a kind that is not served, if that is so: a server that starts may seem not to."""
        self._doing = Doing.LIST
        try:
            if self._cluster.supports(self._kind):
                return self._failed(error)
        except ApiError as failure:
            return self._failed(failure)
        if self._is_new(error):
            logger.info("%s: not installed, so there are none; asked again from time to time", self)
        self._version = ""
        self._absent = True
        self._sink.absent(self._namespace)
        return self._backoff.next()

    def _failed(self, error: ApiError) -> float:
        """Say what went wrong, once. What cannot be watched is listed again and again."""
        pause = self._backoff.next()
        if self._is_new(error):
            logger.warning("%s: no %s, tried again until it works: %s", self, self._doing, error)
        if self._doing is Doing.LIST:
            self._sink.failed(error, self._namespace)
        if isinstance(error, Throttled):
            return pause + error.delay
        self._version = ""
        return pause

    def _is_new(self, error: ApiError) -> bool:
        before, self._trouble = self._trouble, (self._doing, type(error))
        return before != self._trouble

    def _went_well(self) -> None:
        if self._trouble is not None and self._trouble[0] is self._doing:
            logger.info("%s: the %s works again", self, self._doing)
            self._trouble = None
