"""An HTTP server on loopback that answers what it is told to, byte by byte."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, Self
from urllib.parse import parse_qs, urlsplit

_DISCOVERY = {
    "/api/v1": [
        {"name": "configmaps", "kind": "ConfigMap", "namespaced": True},
        {"name": "namespaces", "kind": "Namespace", "namespaced": False},
        {"name": "configmaps/status", "kind": "ConfigMap", "namespaced": True},
    ],
    "/apis/rbac.authorization.k8s.io/v1": [
        {"name": "clusterroles", "kind": "ClusterRole", "namespaced": False}
    ],
}


class Asked(NamedTuple):
    """A request as it came."""

    connection: int
    method: str
    path: str
    query: Mapping[str, list[str]]
    headers: Mapping[str, str]
    body: Any


#: Writes an answer; the connection is closed afterwards if it returns False.
Reply = Callable[[socket.socket, Asked], bool | None]


def answer(status: int, content: Any, **headers: str) -> Reply:
    """Return a whole answer."""

    def reply(connection: socket.socket, _asked: Asked) -> None:
        body = content if isinstance(content, bytes) else json.dumps(content).encode()
        extra = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items())
        head = f"HTTP/1.1 {status} X\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n"
        connection.sendall(f"{head}{extra}\r\n".encode() + body)

    return reply


def cut_short(status: int = 200) -> Reply:
    """Promise a body and close in the middle of it."""

    def reply(connection: socket.socket, _asked: Asked) -> bool:
        connection.sendall(f'HTTP/1.1 {status} X\r\nContent-Length: 1000\r\n\r\n{{"kind": "Conf'.encode())
        return False

    return reply


def hang_up(_connection: socket.socket, _asked: Asked) -> bool:
    """Close without a word."""
    return False


def silent(seconds: float) -> Reply:
    """Say nothing for a while, then close."""

    def reply(_connection: socket.socket, _asked: Asked) -> bool:
        time.sleep(seconds)
        return False

    return reply


def streamed(*chunks: bytes, then: str = "end", pause: float = 0.0) -> Reply:
    """Send a chunked body; afterwards "end" it, "cut" it, or be silent for ``pause`` seconds ("wait")."""

    def reply(connection: socket.socket, _asked: Asked) -> bool:
        connection.sendall(b"HTTP/1.1 200 X\r\nTransfer-Encoding: chunked\r\n\r\n")
        for chunk in chunks:
            connection.sendall(f"{len(chunk):x}\r\n".encode() + chunk + b"\r\n")
            time.sleep(0.005)
        if then == "wait":
            time.sleep(pause)
        if then == "end":
            connection.sendall(b"0\r\n\r\n")
        return then == "end"

    return reply


class ScriptedServer:
    """Answers discovery by itself, everything else by the next reply of the script."""

    def __init__(self, *script: Reply) -> None:
        self.asked: list[Asked] = []
        self.script = list(script)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._connections: list[socket.socket] = []
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._threads[0].start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._listener.getsockname()[1]}"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for connection in self._connections:
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue
        for thread in self._threads:
            thread.join(5)

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self._connections.append(connection)
            thread = threading.Thread(
                target=self._serve, args=(connection, len(self._connections)), daemon=True
            )
            self._threads.append(thread)
            thread.start()

    def _serve(self, connection: socket.socket, number: int) -> None:
        with connection, connection.makefile("rb") as lines:
            try:
                while (asked := _read(lines, number)) and self._reply(asked)(connection, asked) is not False:
                    pass
            except OSError:
                return

    def _reply(self, asked: Asked) -> Reply:
        if asked.path in _DISCOVERY and asked.method == "GET":
            return answer(200, {"kind": "APIResourceList", "resources": _DISCOVERY[asked.path]})
        if asked.path.count("/") <= 3 and asked.path.startswith("/apis/"):
            return answer(404, b"404 page not found\n")
        self.asked.append(asked)
        return self.script.pop(0)


def _read(lines: Any, number: int) -> Asked | None:
    first = lines.readline().decode()
    if not first:
        return None
    method, target, _ = first.split()
    headers = {}
    while line := lines.readline().decode().strip():
        name, _, value = line.partition(":")
        headers[name.lower()] = value.strip()
    body = lines.read(int(headers.get("content-length", 0)))
    url = urlsplit(target)
    return Asked(number, method, url.path, parse_qs(url.query), headers, json.loads(body) if body else None)
