"""The server itself: started and stopped, reached by URL or kubeconfig, watched and disturbed by tests."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from types import TracebackType

from gwdeployer.objects import KindRef, Object, plain
from gwdeployer.testing.apiserver.acting import make
from gwdeployer.testing.apiserver.api import Api
from gwdeployer.testing.apiserver.catalogue import CRDS, Catalogue
from gwdeployer.testing.apiserver.controllers import DEFAULT_CONTROLLERS, Controllers
from gwdeployer.testing.apiserver.faults import Faults
from gwdeployer.testing.apiserver.journal import RequestLog
from gwdeployer.testing.apiserver.parts import Part
from gwdeployer.testing.apiserver.state import NAMESPACES, Clock, State, utc_now
from gwdeployer.testing.apiserver.statuses import ResourceName
from gwdeployer.testing.apiserver.storage import HISTORY, Key, Storage
from gwdeployer.testing.apiserver.wire import Listener

#: Namespaces every cluster begins with.
NAMESPACES_AT_START = ("default", "kube-node-lease", "kube-public", "kube-system")
_MANAGER = "kube-apiserver"


class APIServer:
    """A Kubernetes API server in this process, for tests: real HTTP, objects in memory, no authorization.

    ::

        with APIServer() as server:
            client = kubernetes.config.new_client_from_config_dict(yaml.safe_load(server.kubeconfig()))

    It behaves as a kube-apiserver of the version that ``/version`` names does; ``docs/testing.md`` lists what
    differs. Starting takes some milliseconds. Each server is a cluster of its own.
    """

    def __init__(
        self,
        *,
        crds: Iterable[Object] = (),
        tokens: Mapping[str, str] | None = None,
        controllers: Collection[str] = DEFAULT_CONTROLLERS,
        parts: Iterable[Part] = (),
        clock: Clock = utc_now,
        history: int = HISTORY,
        port: int = 0,
    ) -> None:
        """Make a server; it listens once it is started.

        ``crds`` are served from the start. With ``tokens`` (user names by bearer token; change
        ``server.tokens`` at any time) a request without one is a 401. ``controllers`` are those of the
        kube-controller-manager whose work is done, ``parts`` the simulated node and load balancer, of which
        each serves one server. ``clock`` returns the time. ``history`` is how many changes of each resource
        can be watched from the past.
        """
        self._storage = Storage(history)
        self._state = State(self._storage, Catalogue(), clock)
        self._controllers = Controllers(self._state, controllers, parts)
        self._api = Api(self._state, self._controllers, dict(tokens or {}))
        self._port = port
        self._listener: Listener | None = None
        with self._storage.lock:
            for name in NAMESPACES_AT_START:
                make(self._state, Key(NAMESPACES, "", name), {}, _MANAGER)
            for crd in crds:
                make(self._state, Key(CRDS, "", crd["metadata"]["name"]), crd, _MANAGER)
            self._controllers.begin()

    def __enter__(self) -> APIServer:
        """Start."""
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop."""
        self.stop()

    def start(self) -> None:
        """Listen on a port of 127.0.0.1; a server that was stopped cannot be started again."""
        if self._storage.closed:
            raise RuntimeError("this server was stopped; make another one")
        if self._listener is None:
            self._listener = Listener(self._api.handle, self._port)

    def stop(self) -> None:
        """End all watches and connections, and wait for their threads. May be called twice."""
        self._api.stopping.set()
        self._controllers.close()
        self._storage.close()
        if self._listener is not None:
            self._listener.close()
            self._listener = None

    @property
    def url(self) -> str:
        """Where the server listens: ``http://127.0.0.1:PORT``. Raises RuntimeError unless it is started."""
        if self._listener is None:
            raise RuntimeError("the server is not started")
        return f"http://127.0.0.1:{self._listener.port}"

    @property
    def faults(self) -> Faults:
        """What goes wrong, by rule."""
        return self._api.faults

    @property
    def requests(self) -> RequestLog:
        """What was asked."""
        return self._api.requests

    @property
    def tokens(self) -> dict[str, str]:
        """User names by bearer token; a token that is taken out is refused from then on."""
        return self._api.tokens

    def kubeconfig(self, *, namespace: str = "default") -> str:
        """Return a kubeconfig (JSON, which is YAML, too) for this server, with the first of its tokens."""
        user: Object = {"token": next(iter(self.tokens))} if self.tokens else {}
        context = {"cluster": "test", "user": "test", "namespace": namespace}
        config = {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": "test", "cluster": {"server": self.url}}],
            "users": [{"name": "test", "user": user}],
            "contexts": [{"name": "test", "context": context}],
            "current-context": "test",
        }
        return json.dumps(config, indent=2) + "\n"

    def write_kubeconfig(self, path: str | Path, *, namespace: str = "default") -> Path:
        """Write the kubeconfig to a file; return its path."""
        path = Path(path)
        path.write_text(self.kubeconfig(namespace=namespace), encoding="utf-8")
        return path

    def get(self, kind: KindRef, namespace: str, name: str) -> Object | None:
        """Return a copy of an object as it is stored, or None, without a request: all has settled in it."""
        with self._storage.lock:
            obj = self._storage.get(Key(self._resource(kind), namespace, name))
        return None if obj is None else plain(obj)

    def list(self, kind: KindRef, namespace: str = "") -> list[Object]:
        """Return copies of all objects of a kind, or of those in a namespace, in order, without a request."""
        found = self._storage.snapshot(self._resource(kind)).objects.items()
        return [plain(obj) for place, obj in found if not namespace or place.startswith(f"{namespace}/")]

    def compact(self) -> None:
        """Forget what changed: watches, pages and lists from before now are answered with 410."""
        self._storage.compact()

    def disconnect(self) -> None:
        """Close all connections, whatever is going on in them."""
        if self._listener is not None:
            self._listener.disconnect()

    def _resource(self, kind: KindRef) -> ResourceName:
        served = self._state.catalogue.of(kind)
        if served is None:
            raise LookupError(f"{kind} is not served")
        return ResourceName(*served.storage)
