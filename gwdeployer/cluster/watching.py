"""The events of a watch, out of the lines of an answer that does not end."""

from __future__ import annotations

import json
from collections.abc import Callable, Generator, Iterator
from contextlib import closing, suppress

import urllib3

from gwdeployer.cluster.answers import Answer, Request, error_of, no_answer
from gwdeployer.cluster.decoding import Misfit, Unreadable, event_in
from gwdeployer.cluster.own_writes import OwnWrites
from gwdeployer.cluster.port import Event
from gwdeployer.errors import Fault, ServerFailure


class HttpWatch:
    """A :class:`~gwdeployer.cluster.WatchStream`; what it streams is asked for with the first event."""

    def __init__(
        self, ask: Callable[[], urllib3.BaseHTTPResponse], request: Request, writes: OwnWrites
    ) -> None:
        """``ask`` sends ``request``; the connection is held until the events end or are closed.

        What it tells of ``writes`` is the very object that they were answered with.
        """
        self._ask = ask
        self._request = request
        self._writes = writes
        self._response: urllib3.BaseHTTPResponse | None = None
        self._closed = False
        self._events = self._read()

    def __iter__(self) -> HttpWatch:
        """Return itself."""
        return self

    def __next__(self) -> Event:
        """See :class:`~gwdeployer.cluster.WatchStream`."""
        return next(self._events)

    def close(self) -> None:
        """See :class:`~gwdeployer.cluster.WatchStream`.

        A thread that still waits for the answer to begin is not woken: it meets the end when that comes.
        """
        self._closed = True
        if self._response is not None:
            with suppress(ValueError, RuntimeError, TypeError, OSError):  # it is ending by itself
                self._response.shutdown()
        with suppress(ValueError):  # another thread is iterating: it closes what it holds
            self._events.close()

    def _read(self) -> Generator[Event, None, None]:
        with closing(self._ask()) as self._response:
            try:
                for line in () if self._closed else _lines(self._response):
                    yield _event(line, self._request, self._writes)
                    if self._closed:
                        return
            except urllib3.exceptions.ReadTimeoutError:
                return  # nothing came for as long as was asked
            except (urllib3.exceptions.HTTPError, OSError, ValueError, Unreadable) as error:
                if not self._closed:
                    raise no_answer(self._request, error) from error


def _lines(response: urllib3.BaseHTTPResponse) -> Iterator[bytes]:
    rest = b""
    for chunk in response.stream(amt=None, decode_content=True):
        *lines, rest = (rest + chunk).split(b"\n")
        yield from (line for line in lines if line)


def _event(line: bytes, request: Request, writes: OwnWrites) -> Event:
    try:
        match event_in(line, writes.told):
            case "ERROR", {"code": int(code), **rest}:
                raise error_of(Answer(code, {}, json.dumps(rest).encode()), request)
            case "ADDED" | "MODIFIED" | "DELETED" | "BOOKMARK" as happened, obj:
                return Event(happened, obj)
    except Misfit:
        pass
    raise ServerFailure(Fault("a line of the watch is no event", subject=str(request)), delay=2.0)
