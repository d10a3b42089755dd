"""What takes a while: jobs done by a thread when they are due."""

from __future__ import annotations

import heapq
import itertools
import threading
import time
from collections.abc import Callable

Job = Callable[[], None]


class Later:
    """Does jobs one at a time, each when it is due. The thread begins with the first job."""

    def __init__(self, run: Callable[[Job], None]) -> None:
        """Hand jobs to ``run`` when they are due."""
        self._run = run
        self._changed = threading.Condition()
        self._jobs: list[tuple[float, int, Job]] = []
        self._numbers = itertools.count()
        self._closed = False
        self._thread: threading.Thread | None = None

    def do(self, job: Job, seconds: float) -> None:
        """Do a job after so many seconds; after none or fewer, it is done before this returns."""
        if seconds <= 0:
            job()
            return
        with self._changed:
            heapq.heappush(self._jobs, (time.monotonic() + seconds, next(self._numbers), job))
            self._changed.notify()
            if self._thread is None and not self._closed:
                self._thread = threading.Thread(target=self._work, name="later", daemon=True)
                self._thread.start()

    def close(self) -> None:
        """Forget what is due, and wait for the job that is being done. May be called twice."""
        with self._changed:
            self._closed = True
            self._changed.notify()
        if self._thread is not None:
            self._thread.join()

    def _work(self) -> None:
        while job := self._next():
            self._run(job)

    def _next(self) -> Job | None:
        """Wait for the next job that is due; None when all is over."""
        with self._changed:
            while not self._closed:
                wait = self._jobs[0][0] - time.monotonic() if self._jobs else None
                if wait is not None and wait <= 0:
                    return heapq.heappop(self._jobs)[2]
                self._changed.wait(wait)
        return None
