"""Requests over the official client's connections, with its configuration and its credentials.

Its own ways to send a request look through parameters, headers and body for models of its own, several
times over: a third of all the time that a request takes here. Of the client only what is the same in all its
releases since 31 is used: what it is configured with, its headers, and its pool of connections.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import urllib3


class Connection:
    """Where an ``ApiClient`` is connected to. Thread-safe."""

    def __init__(self, client: Any) -> None:
        """Use a ``kubernetes.client.ApiClient``."""
        self._client = client
        #: The URL of the API server.
        self.host = str(client.configuration.host)
        self._pool: urllib3.HTTPConnectionPool | None = None

    def send(
        self, method: str, path: str, body: bytes | None, content_type: str, timeout: urllib3.Timeout
    ) -> urllib3.BaseHTTPResponse:
        """Send a request; return its answer, of which the body is still to be read. Redirects are answers.

        Raises urllib3's errors, and OSError.
        """
        connections, place = self._connections()
        return connections.urlopen(
            method,
            place + path,
            body=body,
            headers=self._headers(content_type),
            timeout=timeout,
            redirect=False,
            preload_content=False,
        )

    def close_idle(self) -> None:
        """Close what is not in use; what is will be closed by those who use it."""
        self._pool = None
        self._manager.clear()

    @property
    def _manager(self) -> urllib3.PoolManager:
        manager: urllib3.PoolManager = self._client.rest_client.pool_manager
        return manager

    def _connections(self) -> tuple[urllib3.PoolManager | urllib3.HTTPConnectionPool, str]:
        """Return the connections to the API server, and what comes before a path there.

        A manager of several would parse a whole URL for each request; but only it knows how to ask a proxy.
        """
        if self._manager.proxy is not None:
            return self._manager, self.host
        pool = self._pool
        if pool is None:
            pool = self._pool = self._manager.connection_from_url(self.host)
        return pool, urlsplit(self.host).path

    def _headers(self, content_type: str) -> Mapping[str, str]:
        client = self._client
        headers = {"Accept": "application/json", "Content-Type": content_type, **client.default_headers}
        if client.cookie:
            headers["Cookie"] = client.cookie
        # Asking for the settings refreshes them where they are about to expire.
        for setting in client.configuration.auth_settings().values():
            if setting["value"]:
                headers[setting["key"]] = setting["value"]
        return headers
