"""A controller at work on a server, in a namespace of its own, and what tests do around it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Self, TypeVar

from gwdeployer import Deployer, KindRef, ObjectRef, Plugin
from gwdeployer.cluster import Cluster, KubernetesCluster
from gwdeployer.controller import Controller, Handled, Observer, Scope, Settings
from gwdeployer.errors import NotFound, ServerFailure, Throttled, Unreachable
from gwdeployer.objects import Object
from tests.cluster.recording import RecordingCluster, Sent
from tests.servers.servers import Server, eventually

T = TypeVar("T")

#: More requests than any test spoils.
_ATTEMPTS = 100
#: Looks, 50 ms apart, at which nothing has moved.
_LOOKS = 8


class Running(Observer):
    """A running controller. Use it in a ``with`` block."""

    def __init__(
        self,
        server: Server,
        parts: Callable[[Cluster], Sequence[Deployer | Plugin]],
        namespace: str = "",
        *,
        kubeconfig: Path | None = None,
        writes_to: Cluster | None = None,
        **arguments: Any,
    ) -> None:
        """Run a controller of ``parts`` (given the cluster they write to); ``arguments`` are its own.

        It may do what ``kubeconfig`` allows; by default everything.
        """
        self.server = server
        self.namespace = namespace or server.namespace()
        self.direct = KubernetesCluster.connect(server.kubeconfig)
        self._own = KubernetesCluster.connect(kubeconfig or server.kubeconfig)
        self.cluster = RecordingCluster(self._own)
        self.passes: list[Handled] = []
        self.stop = threading.Event()
        arguments.setdefault("scope", Scope({self.namespace}))
        arguments.setdefault("settings", Settings(workers=2))
        self.controller = Controller(
            parts(writes_to or self.cluster), self.cluster, observers=[self], **arguments
        )
        self._thread = threading.Thread(target=self.controller.run, args=(self.stop,))

    def handled(self, handled: Handled, seconds: float) -> None:
        """Take note: this is the controller's observer."""
        self.passes.append(handled)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.end()
        self.direct.close()
        self._own.close()

    def end(self) -> None:
        """Stop the controller and wait until it has ended."""
        self.stop.set()
        self._thread.join(30)
        assert not self._thread.is_alive(), "the controller did not end"

    def put(self, obj: Object, manager: str = "somebody") -> Object:
        """Apply something as somebody else, by force."""
        obj["metadata"].setdefault("namespace", self.namespace)
        return self.insist(lambda: self.direct.apply(obj, manager=manager, force=True))

    def live(self, kind: KindRef, name: str) -> Object | None:
        """Return what the server has."""
        return self.insist(lambda: self.direct.get(kind, self.namespace, name))

    def patch(
        self, kind: KindRef, name: str, *operations: Mapping[str, Any], subresource: str = ""
    ) -> Object:
        """Change something as somebody else, as an edit by hand does."""
        ref = ObjectRef(kind, self.namespace, name)
        return self.direct.json_patch(ref, operations, manager="hand", subresource=subresource)

    def delete(self, kind: KindRef, name: str) -> None:
        """Delete something as somebody else."""
        with suppress(NotFound):
            self.insist(lambda: self.direct.delete(ObjectRef(kind, self.namespace, name)))

    @staticmethod
    def insist(do: Callable[[], T]) -> T:
        """Do something on a server that may be disturbed: as often as it takes."""
        for _ in range(_ATTEMPTS):
            try:
                return do()
            except (Throttled, ServerFailure, Unreachable):
                time.sleep(0.02)
        return do()

    def until(self, what: str, look: Callable[[], T | None]) -> T:
        """Return what ``look`` finds as soon as it finds something."""
        return eventually(what, look)

    def uid(self, kind: KindRef, name: str) -> str:
        """Return what tells this object from an earlier one of its name; "" where there is none."""
        live = self.live(kind, name)
        return str(live["metadata"]["uid"]) if live else ""

    def at_rest(self) -> None:
        """Wait until nothing is left to do, and what was done has come back."""
        quiet: list[int] = []

        def is_quiet() -> bool:
            quiet.append(len(self.passes) + len(self.controller.queue))
            return len(quiet) > _LOOKS and len(set(quiet[-_LOOKS:])) == 1

        eventually("the controller is at rest", is_quiet)

    def writes(self) -> list[Sent]:
        """Return what the controller has written so far."""
        return self.cluster.writes
