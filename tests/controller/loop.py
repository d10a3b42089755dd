"""A controller of Sites at work on a server, in a namespace of its own, and what tests do to it."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from itertools import count
from typing import Any, ClassVar, TypeVar

from gwdeployer import Chart, Context, Deployer, Inputs, KindRef, ObjectRef, ObjectStore, Plugin, Skip
from gwdeployer.chart import Source
from gwdeployer.cluster import Cluster, KubernetesCluster, ReconcileResult
from gwdeployer.controller.controller import Controller, Settings
from gwdeployer.controller.observing import Handled, Observer
from gwdeployer.controller.scope import Scope
from gwdeployer.errors import NotFound, ServerFailure, Throttled, Unreachable
from gwdeployer.objects import Object, name_of, namespace_of
from gwdeployer.status import Condition, condition, with_conditions
from tests.cluster.recording import RecordingCluster, Sent
from tests.cluster.scene import CONFIG_MAP, DEPLOYMENT, MANAGER, SITE, TEMPLATES, SiteValues
from tests.servers.servers import Server, eventually

T = TypeVar("T")


class ConfiguredSites(SiteValues):
    """Values of Sites; ``spec.config`` names a ConfigMap that has the text. Counts its calls by Site."""

    def __init__(self) -> None:
        self.calls: Counter[str] = Counter()

    def get_values(self, owner: Mapping[str, Any], context: Context) -> Mapping[str, Any] | Skip:
        self.calls[name_of(owner)] += 1
        spec = dict(owner.get("spec") or {})
        if spec.pop("bug", False):
            raise KeyError("a fault of the generator")
        if config := spec.pop("config", ""):
            found = context.store.get(CONFIG_MAP, namespace_of(owner), config)
            spec["text"] = found["data"]["text"] if found else "nothing"
        return super().get_values({**owner, "spec": spec}, context)


class Sites(Plugin):
    """Looks after Sites, and says on each whether it is deployed and available."""

    name = "sites"
    owners: ClassVar[Sequence[KindRef]] = (SITE,)
    reads: ClassVar[Sequence[KindRef]] = (CONFIG_MAP,)

    def __init__(self, cluster: Cluster) -> None:
        super().__init__(Inputs(controller_name=MANAGER))
        self.cluster = cluster
        self.generator = ConfiguredSites()
        chart = Chart(Source("site", TEMPLATES))
        self.deployer = Deployer(
            SITE, controller_name=MANAGER, chart=chart, generator=self.generator, cluster=cluster
        )

    def route(self, owner: Object, store: ObjectStore) -> Deployer | Skip:
        if (owner.get("spec") or {}).get("away"):
            return Skip("is somebody else's now", cleanup=True)
        return self.deployer

    def cleaner(self, kind: KindRef) -> Deployer | None:
        return self.deployer

    def deploys(self) -> Sequence[KindRef]:
        return self.deployer.kinds

    def status(
        self, owner: Object, outcome: ReconcileResult, store: ObjectStore, now: str
    ) -> Mapping[str, Any] | None:
        before = owner.get("status") or {}
        stated = [_deployed(outcome), _available(owner, store)]
        generation = owner["metadata"].get("generation", 0)
        conditions = with_conditions(before.get("conditions") or (), stated, generation, now)
        return {**before, "conditions": conditions}


def _deployed(outcome: ReconcileResult) -> Condition:
    if outcome.errors:
        return condition("Deployed", False, "Failed", "; ".join(map(str, outcome.errors)))
    return condition("Deployed", True, "Deployed")


def _available(owner: Object, store: ObjectStore) -> Condition:
    live = store.get(DEPLOYMENT, namespace_of(owner), name_of(owner))
    available = ((live or {}).get("status") or {}).get("availableReplicas", 0)
    return condition("Available", bool(available), "Replicas", f"{available} available")


class Loop(Observer):
    """A running controller of Sites. Use it in a ``with`` block."""

    def __init__(self, server: Server, namespace: str = "", **arguments: Any) -> None:
        """Look after the Sites of one namespace; ``arguments`` are the controller's."""
        self.server = server
        self.namespace = namespace or server.namespace()
        self.direct = KubernetesCluster.connect(server.kubeconfig)
        self._own = KubernetesCluster.connect(server.kubeconfig)
        self.cluster = RecordingCluster(self._own)
        self.plugin = Sites(arguments.pop("writes_to", self.cluster))
        self.passes: list[Handled] = []
        self._numbers = count()
        self.stop = threading.Event()
        arguments.setdefault("scope", Scope({self.namespace}))
        arguments.setdefault("settings", Settings(workers=2))
        self.controller = Controller([self.plugin], self.cluster, observers=[self], **arguments)
        self._thread = threading.Thread(target=self.controller.run, args=(self.stop,))

    def handled(self, handled: Handled, seconds: float) -> None:
        """Take note: this is the controller's observer."""
        self.passes.append(handled)

    def __enter__(self) -> Loop:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.end()
        self.plugin.deployer.close()
        self.direct.close()
        self._own.close()

    def end(self) -> None:
        """Stop the controller and wait until it has ended."""
        self.stop.set()
        self._thread.join(30)
        assert not self._thread.is_alive(), "the controller did not end"

    def site(self, name: str = "", **spec: Any) -> str:
        """Create or replace a Site; return its name."""
        name = name or f"web-{next(self._numbers)}"
        metadata = {"name": name, "namespace": self.namespace}
        site = {"apiVersion": SITE.api_version, "kind": SITE.kind, "metadata": metadata, "spec": spec}
        self._insist(lambda: self.direct.apply(site, manager="tests", force=True))
        return name

    def put(self, obj: Object, manager: str = "somebody") -> Object:
        """Apply something as somebody else, by force."""
        obj["metadata"].setdefault("namespace", self.namespace)
        return self._insist(lambda: self.direct.apply(obj, manager=manager, force=True))

    def config(self, name: str, text: str) -> None:
        """Create or change a ConfigMap that a Site may be configured by."""
        self.put(
            {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": {"text": text}}
        )

    def live(self, kind: KindRef, name: str) -> Object | None:
        """Return what the server has."""
        return self._insist(lambda: self.direct.get(kind, self.namespace, name))

    def patch(
        self, kind: KindRef, name: str, *operations: Mapping[str, Any], subresource: str = ""
    ) -> Object:
        """Change something as somebody else, as an edit by hand does."""
        ref = ObjectRef(kind, self.namespace, name)
        return self.direct.json_patch(ref, operations, manager="hand", subresource=subresource)

    def delete(self, kind: KindRef, name: str) -> None:
        """Delete something as somebody else."""
        with suppress(NotFound):
            self._insist(lambda: self.direct.delete(ObjectRef(kind, self.namespace, name)))

    @staticmethod
    def _insist(do: Callable[[], T]) -> T:
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

    def text(self, name: str) -> str:
        """Return what a Site's own ConfigMap says; "" where there is none."""
        live = self.live(CONFIG_MAP, name)
        return str(live["data"]["text"]) if live else ""

    def condition(self, name: str, type_: str) -> Condition | None:
        """Return a condition of a Site; None where it has none, or an outdated one."""
        site = self.live(SITE, name) or {}
        for one in (site.get("status") or {}).get("conditions") or ():
            if one["type"] == type_ and one["observedGeneration"] == site["metadata"]["generation"]:
                return dict(one)
        return None

    def says(self, name: str, type_: str, status: str) -> Condition | None:
        """Return a condition of a Site where it is current and has this status."""
        found = self.condition(name, type_)
        return found if found and found["status"] == status else None

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


#: More requests than any test spoils.
_ATTEMPTS = 100
#: Looks, 50 ms apart, at which nothing has moved.
_LOOKS = 8
