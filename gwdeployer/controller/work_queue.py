"""Which keys wait to be worked on, in which order, and when.

A key says what to look at, never what happened: adding a key that waits already changes nothing, and a key
that is added during work on it is handed out again afterwards. So work on a key is never done twice at once
and no change is missed. The rules are those of client-go's ``util/workqueue``, in one queue.
"""

from __future__ import annotations

import heapq
import itertools
import random
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, NamedTuple, Protocol, TypeVar

from gwdeployer.controller.backoff import pause_after

K = TypeVar("K", bound=Hashable)

#: Seconds before the first retry of a key, and the most seconds before any.
FIRST_RETRY = 0.5
LONGEST_RETRY = 300.0
#: Entries of the heap that nobody waits for any more are tolerated up to this number.
_STALE_ENTRIES = 64


class QueueObserver(Protocol):
    """Who is told what a queue does, for metrics. Called under the queue's lock: must be quick."""

    def added(self) -> None:
        """Note that a key became due."""

    def handed_out(self, waited: float) -> None:
        """Note that work on a key begins, ``waited`` seconds after it became due."""

    def finished(self, worked: float) -> None:
        """Note that work on a key ended, after ``worked`` seconds."""

    def retried(self) -> None:
        """Note that a key failed and will be tried again."""


class Running(NamedTuple):
    """The work that goes on: on how many keys, and seconds of all of it together and of the longest."""

    number: int
    total: float
    longest: float


class WorkQueue(Generic[K]):
    """Hands keys out to workers: first due, first served, and each key to one worker at a time.

    Thread-safe. Each call costs O(log n) of the keys that wait for their time.
    """

    def __init__(
        self,
        observer: QueueObserver | None = None,
        *,
        first_retry: float = FIRST_RETRY,
        longest_retry: float = LONGEST_RETRY,
        clock: Callable[[], float] = time.monotonic,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        """Begin empty. ``jitter`` returns numbers from 0 up to 1."""
        self.observer = observer
        self._first_retry = first_retry
        self._longest_retry = longest_retry
        self._clock = clock
        self._jitter = jitter
        self._changed = threading.Condition()
        self._closed = False
        #: Each key is in one of these at most, with the time since when it is due; ``_again`` while at work.
        self._ready: OrderedDict[K, float] = OrderedDict()
        self._again: dict[K, float] = {}
        #: When keys will be due; the heap has these entries, and some that are out of date.
        self._later: dict[K, float] = {}
        self._heap: list[tuple[float, int, K]] = []
        self._order = itertools.count()
        self._working: dict[K, float] = {}
        self._failures: dict[K, int] = {}

    def __len__(self) -> int:
        """Return how many keys are due and not yet handed out."""
        with self._changed:
            self._line_up_due()
            return len(self._ready) + len(self._again)

    def add(self, key: K) -> None:
        """Let a key be handed out as soon as may be."""
        self.add_after(key, 0.0)

    def add_after(self, key: K, seconds: float) -> None:
        """Let a key be handed out in ``seconds``, or when it was due anyway if that is sooner."""
        with self._changed:
            if self._closed:
                return
            self._line_up_due()
            if seconds <= 0:
                self._line_up(key, self._clock())
            elif key not in self._ready and key not in self._again:
                self._line_up_later(key, self._clock() + seconds)

    def retry(self, key: K, *, at_least: float = 0.0) -> float:
        """Add a key that failed, after twice as long as the last time; return the delay in seconds.

        ``at_least`` so many seconds, where it is known that trying sooner would be in vain.
        The delay is drawn from the upper half of what it may be, so that keys that failed together do not
        come back together.
        """
        with self._changed:
            failures = self._failures.get(key, 0)
            self._failures[key] = failures + 1
            pause = pause_after(failures, self._first_retry, self._longest_retry, self._jitter)
            delay = max(at_least, pause)
            self.add_after(key, delay)
            if self.observer is not None:
                self.observer.retried()
        return delay

    def forget(self, key: K) -> None:
        """Let the next retry of a key be its first. When it is due does not change."""
        with self._changed:
            self._failures.pop(key, None)

    def failures(self, key: K) -> int:
        """Return how often a key was retried since it was last forgotten."""
        with self._changed:
            return self._failures.get(key, 0)

    def get(self, timeout: float | None = None) -> K | None:
        """Wait for a key and hand it out; the caller says ``done`` when it has been worked on.

        None: there was none within ``timeout`` seconds, or the queue is closed.
        """
        with self._changed:
            deadline = None if timeout is None else self._clock() + timeout
            while not self._closed:
                self._line_up_due()
                if self._ready:
                    return self._hand_out()
                if not self._wait(deadline):
                    break
            return None

    def done(self, key: K) -> None:
        """End the work on a key. Raises KeyError where it was not handed out."""
        with self._changed:
            worked = self._clock() - self._working.pop(key)
            if self.observer is not None:
                self.observer.finished(worked)
            if key in self._again:
                self._ready[key] = self._again.pop(key)
                self._changed.notify()

    def running(self) -> Running:
        """Return how long the work that goes on has lasted."""
        with self._changed:
            now = self._clock()
            ages = [now - since for since in self._working.values()]
            return Running(len(ages), sum(ages), max(ages, default=0.0))

    def close(self) -> None:
        """Hand out nothing any more, and let nobody wait. Work that goes on is ended by ``done`` as ever."""
        with self._changed:
            self._closed = True
            for keys in (self._ready, self._again, self._later, self._failures):
                keys.clear()
            self._heap.clear()
            self._changed.notify_all()

    def _line_up(self, key: K, since: float) -> None:
        """Put a key into the line, unless it stands there."""
        self._later.pop(key, None)
        line = self._again if key in self._working else self._ready
        if key not in line:
            line[key] = since
            if self.observer is not None:
                self.observer.added()
            self._changed.notify()

    def _line_up_later(self, key: K, due: float) -> None:
        if due >= self._later.get(key, float("inf")):
            return
        self._later[key] = due
        heapq.heappush(self._heap, (due, next(self._order), key))
        if len(self._heap) > 2 * len(self._later) + _STALE_ENTRIES:
            self._heap = [entry for entry in self._heap if self._is_current(entry)]
            heapq.heapify(self._heap)
        if self._heap[0][2] == key:
            self._changed.notify_all()  # nobody who waits may wait longer than this

    def _line_up_due(self) -> None:
        """Put the keys whose time has come into the line, in the order of their times."""
        now = self._clock()
        while self._heap and (self._heap[0][0] <= now or not self._is_current(self._heap[0])):
            entry = heapq.heappop(self._heap)
            if self._is_current(entry):
                self._line_up(entry[2], entry[0])

    def _is_current(self, entry: tuple[float, int, K]) -> bool:
        return self._later.get(entry[2]) == entry[0]

    def _hand_out(self) -> K:
        key, since = self._ready.popitem(last=False)
        now = self._working[key] = self._clock()
        if self.observer is not None:
            self.observer.handed_out(now - since)
        return key

    def _wait(self, deadline: float | None) -> bool:
        """Wait until something may have changed; return False where the deadline has passed."""
        now = self._clock()
        if deadline is not None and now >= deadline:
            return False
        moments = [self._heap[0][0]] if self._heap else []
        until = min([*moments, deadline] if deadline is not None else moments, default=None)
        self._changed.wait(None if until is None else min(until - now, threading.TIMEOUT_MAX))
        return True
