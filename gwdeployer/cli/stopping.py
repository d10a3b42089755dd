"""Runs something until a signal ends it, and sees to it that it does end.

The first SIGTERM or SIGINT asks for an end, which may take the grace period; a second one does not wait. The
work is done in a thread: signals come to the main one, where nothing may hold a lock that a handler needs.
"""

from __future__ import annotations

import logging
import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from queue import Empty, SimpleQueue
from types import FrameType
from typing import NoReturn, TypeAlias

logger = logging.getLogger(__name__)

_SIGNALS = (signal.SIGTERM, signal.SIGINT)
#: What a shell says of a program that a signal ended.
_BY_SIGNAL = 128
_NOT_IN_TIME = 1


class _Ended:
    """The work has ended; ``error`` is what it raised."""

    def __init__(self, error: BaseException | None) -> None:
        self.error = error


_News: TypeAlias = "SimpleQueue[signal.Signals | _Ended]"


def run_until_stopped(work: Callable[[threading.Event], None], grace: float) -> None:
    """Call ``work`` with an event that a signal sets; return when it has returned. Raises what it raises.

    ``grace`` is in seconds. Work that has not ended by then, or at the second signal, is left where it is,
    and the process ends (exit status 1, or 128 and the signal's number).
    """
    news: _News = SimpleQueue()
    stop = threading.Event()
    with _listening(news):
        worker = threading.Thread(target=_worked, args=(work, stop, news), name="gwdeployer-run", daemon=True)
        worker.start()
        first = news.get()
        if isinstance(first, signal.Signals):
            logger.info("%s: ending, within %.0f s", first.name, grace)
            stop.set()
            first = _last_news(news, grace)
        worker.join()
    if first.error is not None:
        raise first.error


def _worked(work: Callable[[threading.Event], None], stop: threading.Event, news: _News) -> None:
    try:
        work(stop)
    except BaseException as error:  # noqa: BLE001 - raised again in the main thread
        news.put(_Ended(error))
    else:
        news.put(_Ended(None))


def _last_news(news: _News, grace: float) -> _Ended:
    """Return the end of the work; end the process where it does not come."""
    try:
        last = news.get(timeout=grace)
    except Empty:
        logger.error("not ended within %.0f s", grace)  # noqa: TRY400 - where it stands is in no traceback
        _exit(_NOT_IN_TIME)
    if isinstance(last, signal.Signals):
        logger.warning("%s again: ended at once", last.name)
        _exit(_BY_SIGNAL + last)
    return last


def _exit(status: int) -> NoReturn:
    logging.shutdown()
    os._exit(status)


@contextmanager
def _listening(news: _News) -> Iterator[None]:
    """Put signals into ``news``: of all queues this one may be written to in a handler."""

    def handle(number: int, _: FrameType | None) -> None:
        news.put(signal.Signals(number))

    before = {number: signal.signal(number, handle) for number in _SIGNALS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
