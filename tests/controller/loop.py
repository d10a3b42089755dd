"""A controller of Sites at work on a server, in a namespace of its own."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import count
from typing import Any, ClassVar

from gwdeployer import Chart, Context, Deployer, Inputs, KindRef, ObjectStore, ParametersError, Plugin, Skip
from gwdeployer.chart import Source
from gwdeployer.cluster import Cluster, ReconcileResult
from gwdeployer.objects import Object, name_of, namespace_of
from gwdeployer.status import Condition, condition, with_conditions
from tests.cluster.scene import CONFIG_MAP, DEPLOYMENT, MANAGER, SITE, TEMPLATES, SiteValues
from tests.controller.running import Running
from tests.servers.servers import Server


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
        if (owner.get("spec") or {}).get("lost"):
            raise ParametersError("spec.lost: nobody knows who deploys it")
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


class Loop(Running):
    """A running controller of Sites."""

    def __init__(
        self, server: Server, namespace: str = "", *, plugin: type[Sites] = Sites, **arguments: Any
    ) -> None:
        """Look after the Sites of one namespace; ``arguments`` are the controller's."""
        self._numbers = count()

        def parts(cluster: Cluster) -> list[Plugin]:
            self.plugin = plugin(cluster)
            return [self.plugin]

        super().__init__(server, parts, namespace, **arguments)

    def site(self, name: str = "", **spec: Any) -> str:
        """Create or replace a Site; return its name."""
        name = name or f"web-{next(self._numbers)}"
        metadata = {"name": name, "namespace": self.namespace}
        site = {"apiVersion": SITE.api_version, "kind": SITE.kind, "metadata": metadata, "spec": spec}
        self.insist(lambda: self.direct.apply(site, manager="tests", force=True))
        return name

    def config(self, name: str, text: str) -> None:
        """Create or change a ConfigMap that a Site may be configured by."""
        self.put(
            {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": {"text": text}}
        )

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
