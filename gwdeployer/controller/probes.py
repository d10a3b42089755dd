"""What kubelet and Prometheus ask a controller over HTTP: is it alive, is it ready, what has it done.

The answers are those of Kubernetes' own components: ``ok``, or one line for each check (with ``?verbose``,
and always where one failed). Plain HTTP without authentication: reasons name kinds and leases, never content.
"""

from __future__ import annotations

import logging
import socket
import socketserver
import threading
from collections.abc import Callable, Mapping
from functools import partial
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from typing import NamedTuple
from urllib.parse import parse_qs, urlsplit

logger = logging.getLogger(__name__)

#: Returns why something is not well; "" where it is. Must be quick.
Check = Callable[[], str]
#: Returns the media type and the text of the metrics, for an ``Accept`` header.
Exposition = Callable[[str], tuple[str, bytes]]

_TEXT = "text/plain; charset=utf-8"
_CLIENT_TIMEOUT = 10.0


class Probes:
    """Serves ``/healthz``, ``/readyz`` and ``/metrics``, from threads of its own.

    ::

        with Probes(8080, ready={"caches": controller.unready}, metrics=metrics.exposition):
            controller.run(stop)
    """

    def __init__(
        self,
        port: int,
        host: str = "",
        *,
        healthy: Mapping[str, Check] | None = None,
        ready: Mapping[str, Check] | None = None,
        metrics: Exposition | None = None,
    ) -> None:
        """Listen on ``host`` ("": on every address, IPv4 and IPv6) once started; port 0 is any free one."""
        self._place = host or ("::" if socket.has_dualstack_ipv6() else "0.0.0.0"), port  # noqa: S104 - asked for
        self._checks = {"healthz": healthy or {}, "readyz": ready or {}}
        self._metrics = metrics
        self._listener: _Listener | None = None
        self._thread: threading.Thread | None = None

    def __enter__(self) -> Probes:
        """Start."""
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Close."""
        self.close()

    def start(self) -> None:
        """Begin to answer. Raises OSError where the port cannot be had."""
        self._listener = _Listener(self._place, self._answer)
        serve = partial(self._listener.serve_forever, poll_interval=0.1)
        self._thread = threading.Thread(target=serve, name="gwdeployer-probes")
        self._thread.start()

    def close(self) -> None:
        """Stop listening; return when it has ended."""
        if self._listener is not None and self._thread is not None:
            self._listener.shutdown()
            self._thread.join()
            self._listener.server_close()
            self._listener = self._thread = None

    @property
    def url(self) -> str:
        """Where it listens, once started."""
        if self._listener is None:
            raise RuntimeError("not started")
        host, port = self._listener.server_address[:2]
        host = str(host)
        return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"

    def _answer(self, target: str, accept: str) -> _Answer:
        url = urlsplit(target)
        name = url.path.strip("/")
        if name in self._checks:
            verbose = "verbose" in parse_qs(url.query, keep_blank_values=True)
            return _checked(name, self._checks[name], verbose)
        if name == "metrics" and self._metrics is not None:
            return _Answer(HTTPStatus.OK, *self._metrics(accept))
        known = " ".join(f"/{name}" for name in (*self._checks, *(["metrics"] if self._metrics else ())))
        return _text(HTTPStatus.NOT_FOUND, f"there are: {known}\n")


class _Answer(NamedTuple):
    status: HTTPStatus
    media_type: str
    body: bytes


def _text(status: HTTPStatus, text: str) -> _Answer:
    return _Answer(status, _TEXT, text.encode())


def _checked(name: str, checks: Mapping[str, Check], verbose: bool) -> _Answer:
    """Run the checks of an endpoint."""
    faults = {check: _fault(ask) for check, ask in checks.items()}
    lines = [f"[-]{check} failed: {why}" if why else f"[+]{check} ok" for check, why in faults.items()]
    if any(faults.values()):
        return _text(HTTPStatus.SERVICE_UNAVAILABLE, "\n".join([*lines, f"{name} check failed", ""]))
    return _text(HTTPStatus.OK, "\n".join([*lines, f"{name} check passed", ""]) if verbose else "ok")


def _fault(check: Check) -> str:
    try:
        return check()
    except Exception as error:
        logger.exception("a check failed itself")
        return f"{type(error).__name__}: {error}"


class _Listener(socketserver.ThreadingTCPServer):
    """Accepts connections; each is answered in a thread that ends with the process at the latest."""

    allow_reuse_address = True
    daemon_threads = True

    def __init__(self, place: tuple[str, int], answer: Callable[[str, str], _Answer]) -> None:
        self.answer = answer
        self.address_family = socket.AF_INET6 if ":" in place[0] else socket.AF_INET
        super().__init__(place, _Handler)

    def server_bind(self) -> None:
        """Bind; the address ``::`` is for IPv4 as well."""
        if self.address_family == socket.AF_INET6:
            self.socket.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        super().server_bind()

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that went away is no news."""
        logger.debug("no answer could be given to %s", client_address, exc_info=True)


class _Handler(BaseHTTPRequestHandler):
    """Answers one request."""

    server: _Listener
    timeout = _CLIENT_TIMEOUT
    server_version, sys_version = "gwdeployer", ""

    def do_GET(self) -> None:
        answer = self._answered()
        self.send_response(answer.status)
        self.send_header("Content-Type", answer.media_type)
        self.send_header("Content-Length", str(len(answer.body)))
        self.send_header("X-Content-Type-Options", "nosniff")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(answer.body)

    do_HEAD = do_GET  # noqa: N815 - named by the base class

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - named by the base class
        logger.debug(format, *args)

    def _answered(self) -> _Answer:
        try:
            return self.server.answer(self.path, self.headers.get("Accept", ""))
        except Exception as error:
            logger.exception("%s cannot be answered", self.path)
            return _text(HTTPStatus.INTERNAL_SERVER_ERROR, f"{type(error).__name__}: {error}\n")
