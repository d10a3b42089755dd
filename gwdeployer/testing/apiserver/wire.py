"""HTTP/1.1 on sockets of the loopback interface, as much of it as clients of an API server speak.

The standard library's server parses headers with the e-mail package and writes an answer in several pieces;
that costs more than all an API server does for a plain get. Here a request is parsed with a few splits, and
an answer is one ``sendall`` on a socket without Nagle's delay. One thread serves one connection.
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from http import HTTPStatus

_PIECE = 65536
_HEAD_LIMIT = 1 << 20
_PHRASES = {status.value: status.phrase for status in HTTPStatus}


class Disconnected(Exception):  # noqa: N818 - a state of the connection, no fault of anybody
    """The client is gone, or what it sent is not HTTP."""


@dataclass(frozen=True, slots=True)
class HttpRequest:
    """One request as it came in; header names are in lower case."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(slots=True)
class HttpResponse:
    """One answer: a body, or pieces that are sent in chunks as they come.

    ``cut_after`` ends the connection after so many bytes of the body (-1: before the first byte of the head).
    ``finished`` is called once the answer was sent, or could not be.
    """

    code: int
    body: bytes = b""
    content_type: str = "application/json"
    headers: list[tuple[str, str]] = field(default_factory=list)
    pieces: Iterator[bytes] | None = None
    cut_after: int | None = None
    finished: Callable[[], object] = lambda: None


#: What answers requests. It may be called from several threads at once.
Handler = Callable[[HttpRequest], HttpResponse]


class Listener:
    """Accepts connections on 127.0.0.1 and serves each in a thread of its own until :meth:`close`."""

    def __init__(self, handler: Handler, port: int = 0) -> None:
        """Listen on ``port`` (0: any that is free); requests are answered by ``handler``."""
        self._handler = handler
        self._socket = socket.create_server(("127.0.0.1", port), backlog=256)
        self.port: int = self._socket.getsockname()[1]
        self._open: dict[socket.socket, threading.Thread] = {}
        self._lock = threading.Lock()
        self._closed = False
        self._thread = threading.Thread(target=self._accept, name=f"apiserver-{self.port}", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop accepting, end all connections, wait for their threads."""
        self._closed = True
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        self._thread.join()
        for thread in self.disconnect():
            thread.join()

    def disconnect(self) -> list[threading.Thread]:
        """End all connections there are, whatever is going on in them; return their threads."""
        with self._lock:
            ending = list(self._open.items())
        for connection, _ in ending:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        return [thread for _, thread in ending]

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            thread = threading.Thread(target=self._serve, args=(connection,), daemon=True)
            with self._lock:
                self._open[connection] = thread
            thread.start()

    def _serve(self, connection: socket.socket) -> None:
        try:
            stream = _Stream(connection)
            while not self._closed:
                request = stream.read_request()
                self._answer(stream, request)
                if request.headers.get("connection", "").lower() == "close":
                    return
        except (OSError, ValueError, Disconnected):
            pass  # the client is gone, or speaks something else
        finally:
            with self._lock:
                del self._open[connection]
            connection.close()

    def _answer(self, stream: _Stream, request: HttpRequest) -> None:
        response = self._handler(request)
        try:
            stream.send(response, bodiless=request.method == "HEAD")
        finally:
            response.finished()


class _Stream:
    """Requests read from, and answers written to, one connection."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._buffer = b""

    def read_request(self) -> HttpRequest:
        """Return the next request. Raises Disconnected."""
        head = self._until(b"\r\n\r\n").decode("latin-1")
        line, *fields = head.split("\r\n")
        parts = line.split(" ")
        if len(parts) != 3:  # noqa: PLR2004 - method, target, version
            raise Disconnected(line)
        headers = {}
        for one in fields:
            name, _, value = one.partition(":")
            headers[name.lower()] = value.strip()
        if headers.get("expect", "").lower() == "100-continue":
            self._connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
        return HttpRequest(parts[0], parts[1], headers, self._body(headers))

    def send(self, response: HttpResponse, *, bodiless: bool = False) -> None:
        """Write an answer. Raises Disconnected where it is to end the connection."""
        if response.cut_after is not None and response.cut_after < 0:
            raise Disconnected
        head = [f"HTTP/1.1 {response.code} {_PHRASES.get(response.code, '')}"]
        head += [f"Content-Type: {response.content_type}"]
        head += [f"{name}: {value}" for name, value in response.headers]
        if response.pieces is not None:
            self._send_pieces(head, response.pieces, response.cut_after)
            return
        head += [f"Content-Length: {len(response.body)}", "", ""]
        body = b"" if bodiless else response.body[: response.cut_after]
        self._connection.sendall("\r\n".join(head).encode("latin-1", "replace") + body)
        if response.cut_after is not None:
            raise Disconnected

    def _send_pieces(self, head: list[str], pieces: Iterator[bytes], cut_after: int | None) -> None:
        head += ["Transfer-Encoding: chunked", "", ""]
        self._connection.sendall("\r\n".join(head).encode("latin-1", "replace"))
        left = cut_after
        for piece in filter(None, pieces):
            sent = piece if left is None else piece[:left]
            if len(sent) < len(piece):
                self._connection.sendall(b"%x\r\n%b" % (len(piece), sent))
                raise Disconnected
            self._connection.sendall(b"%x\r\n%b\r\n" % (len(piece), piece))
            left = None if left is None else left - len(sent)
        self._connection.sendall(b"0\r\n\r\n")

    def _body(self, headers: Mapping[str, str]) -> bytes:
        if headers.get("transfer-encoding", "").lower() == "chunked":
            return b"".join(self._chunks())
        return self._exactly(int(headers.get("content-length") or 0))

    def _chunks(self) -> Iterator[bytes]:
        while size := int(self._until(b"\r\n").split(b";")[0], 16):
            yield self._exactly(size)
            self._exactly(2)
        while self._until(b"\r\n"):
            pass

    def _until(self, mark: bytes) -> bytes:
        while mark not in self._buffer:
            if len(self._buffer) > _HEAD_LIMIT:
                raise Disconnected
            self._receive()
        found, _, self._buffer = self._buffer.partition(mark)
        return found

    def _exactly(self, size: int) -> bytes:
        pieces, missing = [self._buffer], size - len(self._buffer)
        while missing > 0:
            piece = self._connection.recv(max(_PIECE, missing))
            if not piece:
                raise Disconnected
            pieces.append(piece)
            missing -= len(piece)
        data = b"".join(pieces)
        self._buffer = data[size:]
        return data[:size]

    def _receive(self) -> None:
        piece = self._connection.recv(_PIECE)
        if not piece:
            raise Disconnected
        self._buffer += piece
