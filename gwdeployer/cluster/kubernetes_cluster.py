"""The cluster port over the official client's connections, with plain dicts.

Of the client only configuration, credentials and connections are used. Its models would be slower by a factor
of six and know only their own release's fields; its discovery writes a file with a guessable name into the
temporary directory; it has no time limit of its own.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache, partial
from pathlib import Path
from typing import Any, cast
from urllib.parse import urlencode

import urllib3
import yaml
from kubernetes import client as official
from kubernetes import config as official_config
from kubernetes.config.kube_config import KUBE_CONFIG_DEFAULT_LOCATION, KubeConfigMerger

from gwdeployer.cluster.answers import OK, Answer, Request, content_of, error_of, no_answer
from gwdeployer.cluster.connection import Connection
from gwdeployer.cluster.credentials import refresh_seldom, silent_plugin
from gwdeployer.cluster.decoding import object_in, page_in
from gwdeployer.cluster.encoding import encoded
from gwdeployer.cluster.endpoints import Endpoints
from gwdeployer.cluster.own_writes import OwnWrites
from gwdeployer.cluster.port import Listing, Operation
from gwdeployer.cluster.watching import HttpWatch
from gwdeployer.errors import (
    ApiError,
    Expired,
    Fault,
    InputsError,
    KindNotInstalled,
    NotFound,
    Unauthorized,
    Unreachable,
    one_line,
)
from gwdeployer.objects import KindRef, Object, ObjectRef

_APPLY = "application/apply-patch+yaml"
_JSON_PATCH = "application/json-patch+json"
_CONNECT_TIMEOUT = 5.0
_PAGE = 500
#: Connections kept: more are opened when needed, and closed again. Each watch holds one.
_CONNECTIONS = 128
_Query = list[tuple[str, str]]
#: The client checks little of what a kubeconfig holds: it stumbles over what is not as it should be.
_UNREADABLE = (
    official_config.ConfigException,
    OSError,
    ValueError,
    TypeError,
    KeyError,
    AttributeError,
    yaml.YAMLError,
)


class KubernetesCluster:
    """A :class:`~gwdeployer.cluster.Cluster` over HTTP. Thread-safe.

    ::

        cluster = KubernetesCluster.connect()               # kubectl's context, or the pod's own account
        cluster = KubernetesCluster(my_api_client)          # an ApiClient of the embedding program
    """

    def __init__(
        self, client: official.ApiClient | Callable[[], official.ApiClient], *, request_timeout: float = 30.0
    ) -> None:
        """Use an ApiClient, or a function that makes one: called again when credentials are refused.

        ``request_timeout`` (seconds) holds for requests that name none: for connecting, and for each wait for
        more of an answer. An ApiClient should have ``configuration.retries = False``, else urllib3 sends
        requests again on its own and waits for throttling servers past every deadline.
        """
        self._connect = client if callable(client) else None
        self._timeout = request_timeout
        #: Told of each request, for metrics: its method, and the status of the answer (0: there was none).
        self.on_answer: Callable[[str, int], object] = _tell_nobody
        self._lock = threading.Lock()
        self._connection = Connection(client() if callable(client) else client)
        self._writes = OwnWrites()
        self.endpoints = Endpoints(self._document)

    @classmethod
    def connect(
        cls,
        kubeconfig: str | Path | None = None,
        context: str | None = None,
        *,
        request_timeout: float = 30.0,
    ) -> KubernetesCluster:
        """Connect as kubectl would: ``kubeconfig``, ``KUBECONFIG``, ``~/.kube/config``; in a pod, as the pod.

        Raises InputsError where there is no such configuration.
        """
        return cls(lambda: _configured(kubeconfig, context), request_timeout=request_timeout)

    def __repr__(self) -> str:
        """Return where the API server is; never credentials."""
        return f"KubernetesCluster({self._connection.host!r})"

    def close(self) -> None:
        """Close the idle connections."""
        self._connection.close_idle()

    def supports(self, kind: KindRef) -> bool:
        """See :class:`~gwdeployer.cluster.Cluster`."""
        try:
            self.endpoints.of(kind)
        except KindNotInstalled:
            return False
        return True

    def get(self, kind: KindRef, namespace: str, name: str, *, timeout: float | None = None) -> Object | None:
        """See :class:`~gwdeployer.cluster.Cluster`."""
        request = Request("get", kind, namespace, name)
        try:
            return self._ask(request, "get", self._object(request), timeout=timeout)
        except NotFound:
            return None

    def list(
        self,
        kind: KindRef,
        namespace: str | None = None,
        *,
        labels: Mapping[str, str] | None = None,
        timeout: float | None = None,
        keep: Callable[[Object], Object] | None = None,
    ) -> Listing:
        """See :class:`~gwdeployer.cluster.Cluster`. A list that expires between two pages is read at once."""
        query = (
            [("labelSelector", ",".join(f"{key}={value}" for key, value in labels.items()))] if labels else []
        )
        try:
            return self._pages(kind, namespace, [*query, ("limit", str(_PAGE))], timeout, keep)
        except Expired:
            return self._pages(kind, namespace, query, timeout, keep)

    def _pages(
        self,
        kind: KindRef,
        namespace: str | None,
        query: _Query,
        timeout: float | None,
        keep: Callable[[Object], Object] | None,
    ) -> Listing:
        request = Request("list", kind, namespace or "")
        path = self.endpoints.of(kind).collection(namespace)
        items: list[Object] = []
        following: _Query = []
        while True:
            response = self._send(request, "get", path, [*query, *following], timeout=timeout)
            read = partial(page_in, shared=keep is not None)
            page = content_of(_answer(response, request), request, read)
            named = (_with_kind(item, kind) for item in page.items)
            items += map(keep, named) if keep else named
            token = page.metadata.get("continue")
            if not token:
                return Listing(items, str(page.metadata.get("resourceVersion") or ""))
            following = [("continue", token)]

    def watch(
        self, kind: KindRef, namespace: str | None = None, *, resource_version: str, timeout: float
    ) -> HttpWatch:
        """See :class:`~gwdeployer.cluster.Cluster`. Holds one connection while it lasts."""
        request = Request("watch", kind, namespace or "")
        query = [
            ("watch", "true"),
            ("allowWatchBookmarks", "true"),
            ("resourceVersion", resource_version),
        ]

        def ask() -> urllib3.BaseHTTPResponse:
            path = self.endpoints.of(kind).collection(namespace)
            return self._send(request, "get", path, query, timeout=timeout)

        return HttpWatch(ask, request, self._writes)

    def create(
        self, obj: Object, *, manager: str, dry_run: bool = False, timeout: float | None = None
    ) -> Object:
        """See :class:`~gwdeployer.cluster.Cluster`."""
        ref = ObjectRef.of(obj)
        path = self.endpoints.of(ref.kind).collection(ref.namespace or "default")
        request = Request("create", *ref)
        answered = self._ask(request, "post", path, _query(manager, dry_run), obj, timeout=timeout)
        return self._stored(answered, dry_run)

    def apply(
        self,
        obj: Object,
        *,
        manager: str,
        force: bool = False,
        dry_run: bool = False,
        subresource: str = "",
        timeout: float | None = None,
    ) -> Object:
        """See :class:`~gwdeployer.cluster.Cluster`."""
        request = Request("patch", *ObjectRef.of(obj))
        query = [*_query(manager, dry_run), ("force", "true" if force else "false")]
        path = self._object(request, subresource)
        answered = self._ask(request, "patch", path, query, obj, content_type=_APPLY, timeout=timeout)
        return self._stored(answered, dry_run)

    def json_patch(
        self,
        ref: ObjectRef,
        patch: Sequence[Operation],
        *,
        manager: str,
        dry_run: bool = False,
        subresource: str = "",
        timeout: float | None = None,
    ) -> Object:
        """See :class:`~gwdeployer.cluster.Cluster`."""
        request = Request("patch", *ref)
        query, path = _query(manager, dry_run), self._object(request, subresource)
        operations = list(patch)
        answered = self._ask(
            request, "patch", path, query, operations, content_type=_JSON_PATCH, timeout=timeout
        )
        return self._stored(answered, dry_run)

    def delete(
        self,
        ref: ObjectRef,
        *,
        uid: str = "",
        resource_version: str = "",
        dry_run: bool = False,
        timeout: float | None = None,
    ) -> None:
        """See :class:`~gwdeployer.cluster.Cluster`."""
        preconditions = {"uid": uid, "resourceVersion": resource_version}
        options = {
            "apiVersion": "v1",
            "kind": "DeleteOptions",
            "propagationPolicy": "Background",
            "preconditions": {name: value for name, value in preconditions.items() if value},
            **({"dryRun": ["All"]} if dry_run else {}),
        }
        request = Request("delete", *ref)
        self._ask(request, "delete", self._object(request), body=options, timeout=timeout)

    def _stored(self, answered: Object, dry_run: bool) -> Object:
        if not dry_run:  # what was rehearsed is no state of an object
            self._writes.note(answered)
        return answered

    def _object(self, request: Request, subresource: str = "") -> str:
        return self.endpoints.of(request.kind).object(request.namespace, request.name, subresource)

    def _document(self, path: str, request: Request) -> Mapping[str, Any]:
        return self._ask(request, "get", path)

    def _ask(
        self,
        request: Request,
        method: str,
        path: str,
        query: _Query | None = None,
        body: Any = None,
        *,
        content_type: str = "application/json",
        timeout: float | None = None,
    ) -> Object:
        response = self._send(request, method, path, query, body, content_type=content_type, timeout=timeout)
        # What is asked for is the caller's own; what a write has made is kept by those who watch.
        read = partial(object_in, shared=method != "get")
        return content_of(_answer(response, request), request, read)

    def _send(
        self,
        request: Request,
        method: str,
        path: str,
        query: _Query | None = None,
        body: Any = None,
        *,
        content_type: str = "application/json",
        timeout: float | None = None,
    ) -> urllib3.BaseHTTPResponse:
        """Send a request; where the credentials are refused, once more with fresh ones."""
        limit = timeout or self._timeout
        limits = urllib3.Timeout(connect=min(_CONNECT_TIMEOUT, limit), read=limit)
        path = f"{path}?{_encoded(tuple(query))}" if query else path
        text = None if body is None else encoded(body)

        def sent(connection: Connection) -> urllib3.BaseHTTPResponse:
            try:
                response = _sent(connection, request, method, path, text, content_type, limits)
            except ApiError as error:
                self.on_answer(method, error.status)
                raise
            self.on_answer(method, response.status)
            return response

        used = self._connection
        try:
            return sent(used)
        except Unauthorized:
            if self._connect is None:
                raise
            return sent(self._renewed(used, self._connect))
        except KindNotInstalled:
            self.endpoints.forget(request.kind)
            raise

    def _renewed(self, refused: Connection, connect: Callable[[], official.ApiClient]) -> Connection:
        with self._lock:
            if self._connection is refused:
                self._connection = Connection(connect())
                refused.close_idle()
            return self._connection


def _tell_nobody(_method: str, _status: int) -> None:
    """Take no note of an answer."""


def _configured(kubeconfig: str | Path | None, context: str | None) -> official.ApiClient:
    configuration = official.Configuration()
    configuration.connection_pool_maxsize = _CONNECTIONS
    # Reads are retried where their deadline is known, writes where their effect is.
    configuration.retries = False
    # The client itself looks at KUBECONFIG once, when it is imported.
    path = str(kubeconfig) if kubeconfig is not None else os.environ.get("KUBECONFIG") or None
    in_pod = path is None and context is None and "KUBERNETES_SERVICE_HOST" in os.environ
    try:
        if in_pod:
            official_config.load_incluster_config(client_configuration=configuration)  # type: ignore[no-untyped-call]
        else:
            official_config.load_kube_config(path, context, client_configuration=configuration)  # type: ignore[no-untyped-call]
            if plugin := silent_plugin(configuration, _content_of(path), context):
                raise official_config.ConfigException(f"{plugin} gives no credentials")
        refresh_seldom(configuration)
        return official.ApiClient(configuration)
    except _UNREADABLE as error:
        hint = "see kubectl config get-contexts" if context else "name a kubeconfig, or set KUBECONFIG"
        words = one_line(str(error) or type(error).__name__, 256).removesuffix(".")
        named = [file for file in (path or "~/.kube/config").split(os.pathsep) if file not in words]
        subject = " ".join(("kubeconfig", *named))
        raise InputsError(Fault(words, subject=subject, hint=hint)) from error


def _content_of(kubeconfig: str | None) -> Any:
    return KubeConfigMerger(kubeconfig or KUBE_CONFIG_DEFAULT_LOCATION).config  # type: ignore[no-untyped-call]


@lru_cache(maxsize=64)
def _encoded(query: tuple[tuple[str, str], ...]) -> str:
    """Return parameters as they are sent; most requests have the same."""
    return urlencode(query)


def _sent(
    connection: Connection,
    request: Request,
    method: str,
    path: str,
    text: bytes | None,
    content_type: str,
    limits: urllib3.Timeout,
) -> urllib3.BaseHTTPResponse:
    try:
        response = connection.send(method.upper(), path, text, content_type, limits)
    except (urllib3.exceptions.HTTPError, OSError) as error:
        raise _no_answer(request, error) from error
    if response.status not in OK:
        raise error_of(_answer(response, request), request)
    return response


def _answer(response: urllib3.BaseHTTPResponse, request: Request) -> Answer:
    """Return an answer that has been read to its end."""
    try:
        return Answer(response.status, cast(Mapping[str, str], response.headers), response.data)
    except urllib3.exceptions.HTTPError as error:
        raise _no_answer(request, error) from error


def _no_answer(request: Request, error: Exception) -> Unreachable:
    return no_answer(request, error if str(error) else type(error).__name__)


def _query(manager: str, dry_run: bool) -> _Query:
    return [
        ("fieldManager", manager),
        ("fieldValidation", "Strict"),
        *([("dryRun", "All")] if dry_run else []),
    ]


def _with_kind(item: Object, kind: KindRef) -> Object:
    """Return a list's item as it would be on its own: built-in kinds leave these two out of lists."""
    item.setdefault("apiVersion", kind.api_version)
    item.setdefault("kind", kind.kind)
    return item
