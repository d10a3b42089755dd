"""A client for tests: plain HTTP on one connection, dicts in and out."""

from __future__ import annotations

import http.client
import json
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from types import TracebackType

    from gwdeployer.testing import APIServer

JSON_PATCH, MERGE_PATCH = "application/json-patch+json", "application/merge-patch+json"
STRATEGIC_PATCH, APPLY_PATCH = "application/strategic-merge-patch+json", "application/apply-patch+yaml"

CONFIGMAPS = "/api/v1/namespaces/default/configmaps"
DEPLOYMENTS = "/apis/apps/v1/namespaces/default/deployments"


class Reply(NamedTuple):
    """What came back; the content is a dict where the body was JSON."""

    code: int
    headers: Mapping[str, str]
    content: Any

    @property
    def message(self) -> str:
        return str(self.content["message"])

    @property
    def meta(self) -> dict[str, Any]:
        found: dict[str, Any] = self.content["metadata"]
        return found


class Client:
    """Sends one request after the other; made for a ``with`` block."""

    def __init__(self, server: APIServer, **headers: str) -> None:
        self._server = server
        self._headers = {"User-Agent": "tester/1.0", **headers}
        self._connection = http.client.HTTPConnection(server.url.removeprefix("http://"), timeout=10)

    def __enter__(self) -> Client:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._connection.close()

    def request(
        self, method: str, path: str, body: Any = None, content_type: str = "application/json", **headers: str
    ) -> Reply:
        sent = body if isinstance(body, str) or body is None else json.dumps(body)
        said = self._headers | {"Content-Type": content_type}
        said |= {name.replace("_", "-"): value for name, value in headers.items()}
        try:
            self._connection.request(method, path, sent, said)
            response = self._connection.getresponse()
            text = response.read()
        except (OSError, http.client.HTTPException):
            self._connection.close()
            raise
        try:
            content = json.loads(text)
        except ValueError:
            content = text.decode()
        return Reply(response.status, response.headers, content)

    def get(self, path: str, **headers: str) -> Reply:
        return self.request("GET", path, **headers)

    def post(self, path: str, body: Any, **headers: str) -> Reply:
        return self.request("POST", path, body, **headers)

    def put(self, path: str, body: Any) -> Reply:
        return self.request("PUT", path, body)

    def delete(self, path: str, body: Any = None) -> Reply:
        return self.request("DELETE", path, body)

    def patch(self, path: str, body: Any, content_type: str = MERGE_PATCH) -> Reply:
        return self.request("PATCH", path, body, content_type)

    def apply(self, path: str, body: Any, manager: str = "applier", more: str = "") -> Reply:
        return self.patch(f"{path}?fieldManager={manager}{more}", body, APPLY_PATCH)

    def created(self, path: str, body: Any) -> dict[str, Any]:
        """Create an object that must be new, and return it."""
        reply = self.post(path, body)
        assert reply.code == 201, reply
        content: dict[str, Any] = reply.content
        return content

    def watch(self, path: str) -> Stream:
        """Begin to watch, on a connection of its own."""
        return Stream(self._server, path)


class Stream:
    """The events of one watch; made for a ``with`` block."""

    def __init__(self, server: APIServer, path: str) -> None:
        self._connection = http.client.HTTPConnection(server.url.removeprefix("http://"), timeout=5)
        join = "&" if "?" in path else "?"
        self._connection.request("GET", f"{path}{join}watch=true", headers={"User-Agent": "watcher"})
        self._response = self._connection.getresponse()
        self.code = self._response.status

    def __enter__(self) -> Stream:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._response.close()
        self._connection.close()

    def event(self) -> tuple[str, dict[str, Any]]:
        """Return the next event's type and object; ("", {}) when the stream has ended."""
        line = self._response.readline()
        if not line:
            return "", {}
        said = json.loads(line)
        return said["type"], said["object"]

    def names(self, count: int) -> list[str]:
        """Return the next events as ``ADDED a``."""
        return [f"{kind} {obj['metadata'].get('name', '')}".strip() for kind, obj in self._take(count)]

    def _take(self, count: int) -> Iterator[tuple[str, dict[str, Any]]]:
        for _ in range(count):
            yield self.event()


def configmap(name: str = "a", *, labels: dict[str, str] | None = None, **data: str) -> dict[str, Any]:
    metadata = {"name": name} | ({"labels": labels} if labels else {})
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata} | ({"data": data} if data else {})


def deployment(name: str = "web", **spec: Any) -> dict[str, Any]:
    labels = {"app": name}
    template = {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "main", "image": "nginx"}]}}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name},
        "spec": {"selector": {"matchLabels": labels}, "template": template, **spec},
    }
