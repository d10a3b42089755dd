"""A client of a Kubernetes API with nothing between the test and the wire.

Tests of servers say which request is sent and see which answer comes: no retries, no error types, no caches.
One client is one kept connection and belongs to one thread.
"""

from __future__ import annotations

import http.client
import json
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Self
from urllib.parse import urlencode, urlsplit

from gwdeployer.objects import Object

JSON = "application/json"
MERGE_PATCH = "application/merge-patch+json"
JSON_PATCH = "application/json-patch+json"
STRATEGIC_MERGE_PATCH = "application/strategic-merge-patch+json"
APPLY_PATCH = "application/apply-patch+yaml"


@dataclass(frozen=True)
class Endpoint:
    """Where a server is and who asks: all a client needs."""

    url: str
    token: str = ""
    ca_file: str = ""

    def connect(self, timeout: float | None = 60) -> http.client.HTTPConnection:
        """Return a connection, not yet open."""
        parts = urlsplit(self.url)
        host, port = parts.hostname or "", parts.port
        if parts.scheme == "http":
            return http.client.HTTPConnection(host, port, timeout=timeout)
        context = ssl.create_default_context(cafile=self.ca_file)
        return http.client.HTTPSConnection(host, port, timeout=timeout, context=context)

    @property
    def headers(self) -> dict[str, str]:
        """What each request says of who asks."""
        return {"Authorization": f"Bearer {self.token}"} if self.token else {}


@dataclass(frozen=True)
class Answer:
    """What a server answered; ``body`` is the decoded JSON, or the text where it is none."""

    status: int
    body: Any
    headers: dict[str, str] = field(default_factory=dict, compare=False, repr=False)

    def object(self) -> Object:
        """Return the object of a success; AssertionError with the server's words otherwise."""
        if self.status >= http.client.BAD_REQUEST:
            raise AssertionError(f"{self.status}: {self.body}")
        result: Object = self.body
        return result


class Client:
    """Sends requests one after the other over one connection; a context manager."""

    def __init__(self, endpoint: Endpoint) -> None:
        """Open nothing yet."""
        self._endpoint = endpoint
        self._connection = endpoint.connect()

    def __enter__(self) -> Self:
        """Return the client, to be closed at the end of the block."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the connection."""
        self.close()

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    def get(self, path: str, **query: str) -> Answer:
        """Read."""
        return self.request("GET", path, query=query)

    def post(self, path: str, body: Any, **query: str) -> Answer:
        """Create."""
        return self.request("POST", path, body, query=query)

    def put(self, path: str, body: Any, **query: str) -> Answer:
        """Replace."""
        return self.request("PUT", path, body, query=query)

    def delete(self, path: str, body: Any = None, **query: str) -> Answer:
        """Delete; ``body`` is a DeleteOptions."""
        return self.request("DELETE", path, body, query=query)

    def patch(self, path: str, body: Any, content_type: str = MERGE_PATCH, **query: str) -> Answer:
        """Patch, as ``content_type`` says."""
        return self.request("PATCH", path, body, content_type=content_type, query=query)

    def apply(self, path: str, body: Any, manager: str, *, force: bool = False, **query: str) -> Answer:
        """Apply server-side."""
        query |= {"fieldManager": manager} | ({"force": "true"} if force else {})
        return self.patch(path, body, APPLY_PATCH, **query)

    def request(
        self, method: str, path: str, body: Any = None, *, content_type: str = JSON, query: dict[str, str]
    ) -> Answer:
        """Send one request; ``body`` is sent as JSON, bytes as they are."""
        payload = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
        headers = self._endpoint.headers | ({"Content-Type": content_type} if payload is not None else {})
        self._connection.request(method, _target(path, query), payload, headers)
        response = self._connection.getresponse()
        return Answer(response.status, _decoded(response.read()), dict(response.getheaders()))


class Watch:
    """A watch over a connection of its own; :meth:`cancel` ends it from another thread."""

    def __init__(self, endpoint: Endpoint, path: str, **query: str) -> None:
        """Send the request; AssertionError if it is refused."""
        self._connection = endpoint.connect(timeout=None)
        self._connection.request("GET", _target(path, query | {"watch": "true"}), headers=endpoint.headers)
        # The response takes the socket over once the server says that it will close it.
        self._socket = self._connection.sock
        self._response = self._connection.getresponse()
        if self._response.status != http.client.OK:
            words = self._response.read()
            self.close()
            raise AssertionError(f"{path}: {self._response.status}: {words!r}")

    def __iter__(self) -> Iterator[tuple[str, Object]]:
        """Yield type and object of each event until the server or :meth:`cancel` ends the watch."""
        try:
            for line in self._response:
                event = json.loads(line)
                yield event["type"], event["object"]
        except (OSError, ValueError, http.client.HTTPException):
            return

    def cancel(self) -> None:
        """End the watch; whoever iterates comes to the end."""
        with _ignored_os_error():
            self._socket.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Close the connection."""
        self._response.close()
        self._connection.close()


@contextmanager
def _ignored_os_error() -> Iterator[None]:
    try:
        yield
    except OSError:
        return  # the other side was first


def _target(path: str, query: dict[str, str]) -> str:
    return f"{path}?{urlencode(query)}" if query else path


def _decoded(payload: bytes) -> Any:
    try:
        return json.loads(payload)
    except ValueError:
        return payload.decode(errors="replace")
