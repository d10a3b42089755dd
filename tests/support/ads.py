"""A control plane with nothing to say, so that a real Envoy can become ready in a test.

It serves Envoy's aggregated discovery (state of the world) on loopback, answers every subscription with no
clusters, no listeners and no endpoints, and remembers what it was asked. The two protobuf messages are read
and written by hand: a test needs a few of their fields, which is not worth generated code for Envoy's API.
"""

from __future__ import annotations

import threading
from concurrent import futures
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import grpc

if TYPE_CHECKING:
    from collections.abc import Iterator

SERVICE = "envoy.service.discovery.v3.AggregatedDiscoveryService"
LISTENERS = "type.googleapis.com/envoy.config.listener.v3.Listener"
CLUSTERS = "type.googleapis.com/envoy.config.cluster.v3.Cluster"
ENDPOINTS = "type.googleapis.com/envoy.config.endpoint.v3.ClusterLoadAssignment"

_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5  # protobuf wire types


@dataclass(frozen=True)
class Request:
    """A DiscoveryRequest, as far as tests look at it."""

    type_url: str
    node_id: str = ""
    node_cluster: str = ""
    resource_names: tuple[str, ...] = ()
    nonce: str = ""
    error: str = ""

    @classmethod
    def decode(cls, message: bytes) -> Request:
        """Read envoy.service.discovery.v3.DiscoveryRequest."""
        fields = _fields(message)
        node = _fields(_last(fields, 2))
        return cls(
            type_url=_last(fields, 4).decode(),
            node_id=_last(node, 1).decode(),
            node_cluster=_last(node, 2).decode(),
            resource_names=tuple(name.decode() for name in fields.get(3, ())),
            nonce=_last(fields, 5).decode(),
            error=_last(_fields(_last(fields, 6)), 2).decode(),
        )


@dataclass
class AdsServer:
    """What the control plane saw: read it from the test while the server runs."""

    port: int = 0
    requests: list[Request] = field(default_factory=list)
    metadata: list[dict[str, str]] = field(default_factory=list)
    """The request headers of every stream, in the order of arrival."""
    _changed: threading.Condition = field(default_factory=threading.Condition, repr=False)

    @property
    def errors(self) -> list[str]:
        """What Envoy rejected, in its own words."""
        return [request.error for request in self.requests if request.error]

    def wait_for(self, type_url: str, timeout: float) -> Request:
        """Return the first request for a type; AssertionError if none comes in time."""
        with self._changed:
            self._changed.wait_for(lambda: self._first(type_url) is not None, timeout)
        found = self._first(type_url)
        if found is None:
            raise AssertionError(f"no request for {type_url} within {timeout} s; seen: {self.requests}")
        return found

    def _first(self, type_url: str) -> Request | None:
        return next((request for request in list(self.requests) if request.type_url == type_url), None)

    def _record(self, request: Request) -> None:
        with self._changed:
            self.requests.append(request)
            self._changed.notify_all()

    def _stream(self, messages: Iterator[bytes], context: grpc.ServicerContext) -> Iterator[bytes]:
        self.metadata.append({key: _text(value) for key, value in context.invocation_metadata()})
        answered: dict[str, tuple[str, ...]] = {}
        for message in messages:
            request = Request.decode(message)
            self._record(request)
            # An acknowledgement asks for nothing new; answering it would never end.
            if answered.get(request.type_url) != request.resource_names:
                answered[request.type_url] = request.resource_names
                yield _response(request, nonce=str(len(self.requests)))


@contextmanager
def serve(*, certificate: str = "", key: str = "") -> Iterator[AdsServer]:
    """Run an ADS server on a free loopback port, with TLS if a PEM certificate and its key are given."""
    ads = AdsServer()
    handler: grpc.RpcMethodHandler[bytes, bytes] = grpc.stream_stream_rpc_method_handler(ads._stream)
    server = grpc.server(futures.ThreadPoolExecutor(max_workers=8), options=[("grpc.so_reuseport", 0)])
    server.add_generic_rpc_handlers(
        [grpc.method_handlers_generic_handler(SERVICE, {"StreamAggregatedResources": handler})]
    )
    ads.port = _bind(server, certificate, key)
    server.start()
    try:
        yield ads
    finally:
        server.stop(grace=None).wait(5)


def _bind(server: grpc.Server, certificate: str, key: str) -> int:
    if not certificate:
        return server.add_insecure_port("127.0.0.1:0")
    credentials = grpc.ssl_server_credentials([(key.encode(), certificate.encode())])
    return server.add_secure_port("127.0.0.1:0", credentials)


def _text(value: str | bytes) -> str:
    return value if isinstance(value, str) else value.decode("latin-1")


def _response(request: Request, nonce: str) -> bytes:
    """Write envoy.service.discovery.v3.DiscoveryResponse: version_info, resources, type_url, nonce."""
    resources = b"".join(_field(2, resource) for resource in _resources(request))
    return _string(1, "1") + resources + _string(4, request.type_url) + _string(5, nonce)


def _resources(request: Request) -> list[bytes]:
    # Envoy takes a list without the cluster it asked for as no answer and waits for its timeout, so each
    # cluster gets an assignment that has nothing but its name.
    names = request.resource_names if request.type_url == ENDPOINTS else ()
    return [_string(1, request.type_url) + _field(2, _string(1, name)) for name in names]


def _string(number: int, value: str) -> bytes:
    return _field(number, value.encode())


def _field(number: int, data: bytes) -> bytes:
    return _varint(number << 3 | _BYTES) + _varint(len(data)) + data


def _varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def _read_varint(message: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = message[at]
        value |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:
            return value, at


def _fields(message: bytes) -> dict[int, list[bytes]]:
    """All length-delimited fields of a message by number; fields of other wire types are skipped."""
    found: dict[int, list[bytes]] = {}
    at = 0
    while at < len(message):
        tag, at = _read_varint(message, at)
        start, at = _extent(message, at, tag & 7)
        if tag & 7 == _BYTES:
            found.setdefault(tag >> 3, []).append(message[start:at])
    return found


def _extent(message: bytes, at: int, wire_type: int) -> tuple[int, int]:
    """Where the content of a field starts and ends."""
    if wire_type == _VARINT:
        return at, _read_varint(message, at)[1]
    if wire_type == _BYTES:
        size, at = _read_varint(message, at)
        return at, at + size
    return at, at + {_FIXED64: 8, _FIXED32: 4}[wire_type]


def _last(fields: dict[int, list[bytes]], number: int) -> bytes:
    return fields.get(number, [b""])[-1]
