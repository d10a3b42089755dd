"""Objects in, status out: the words in which statuses of Gateways are told.

A world is what the API server has. Where nothing else is said, what is planned for a Gateway has been
deployed, one replica of its workload is available, and its load balancer has an address.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from copy import deepcopy
from typing import Any

from gwdeployer import Action, MemoryStore, Object, ObjectRef, Outcome, Plan, PruneResult, Skip
from gwdeployer.cluster import DeployResult, ReconcileResult
from gwdeployer.errors import GwdeployerError
from gwdeployer.plugins import configure
from gwdeployer.status import Reporter
from gwdeployer_gateway import LISTENER_SET
from gwdeployer_gateway.plugin import GatewayPlugin
from tests.gateway.scenarios import gateway, gateway_class

NOW = "2026-11-21T06:00:00Z"
BEFORE = "2026-11-20T06:00:00Z"
ADDRESS = "192.0.2.1"

Conditions = dict[str, tuple[str, str]]


def stored(obj: Object, **metadata: Any) -> Object:
    """Return an object as an API server has it: with a UID and a generation."""
    given = {"uid": f"uid-{obj['metadata']['name']}", "generation": 1, "resourceVersion": "1"}
    return {**obj, "metadata": {**given, **obj["metadata"], **metadata}}


class World:
    """An API server's objects, and a plugin that looks at them."""

    def __init__(
        self, *objects: Object, mode: str = "gateway", inputs: Mapping[str, Any] | None = None
    ) -> None:
        self.store = MemoryStore([gateway_class(), *map(stored, objects)])
        [self.plugin] = configure([GatewayPlugin], {"mode": mode, **(inputs or {})})

    def add(self, *objects: Object) -> None:
        for obj in objects:
            self.store.add(obj)

    def plan(self, owner: Object) -> Plan:
        deployer = self.plugin.route(owner, self.store)
        assert not isinstance(deployer, Skip), deployer.reason
        return deployer.plan(owner, self.store)

    def reconcile(self, owner: Object, *errors: GwdeployerError) -> ReconcileResult:
        """Return what a reconcile comes to; with ``errors``, the first objects of the plan failed."""
        ref = ObjectRef.of(owner)
        try:
            found = self.plugin.route(owner, self.store)
            plan = Plan(ref, skip=found) if isinstance(found, Skip) else found.plan(owner, self.store)
        except GwdeployerError as error:
            return ReconcileResult(ref, planning=error)
        if plan.skip is not None and not plan.skip.cleanup:
            return ReconcileResult(ref, plan)
        failed = [
            Outcome(ObjectRef.of(obj), Action.FAILED, error)
            for obj, error in zip(plan.objects, errors, strict=False)
        ]
        done = [Outcome(ObjectRef.of(obj), Action.UNCHANGED) for obj in plan.objects[len(errors) :]]
        return ReconcileResult(ref, plan, DeployResult(ref, (*failed, *done)), PruneResult(ref))

    def deploy(
        self,
        owner: Object,
        *,
        available: int = 1,
        wanted: int = 1,
        ingress: Sequence[Mapping[str, str]] = ({"ip": ADDRESS},),
        workload: Mapping[str, Any] | None = None,
    ) -> None:
        """Make the cluster have what is planned for a Gateway, in this state."""
        statuses = {
            "Deployment": {"observedGeneration": 1, "availableReplicas": available, **(workload or {})},
            "Service": {"loadBalancer": {"ingress": list(ingress)}},
        }
        for planned in self.plan(owner).objects:
            live = stored(deepcopy(planned))
            if planned["kind"] == "Deployment":
                live["spec"]["replicas"] = wanted
            if planned["kind"] in statuses:
                live["status"] = statuses[planned["kind"]]
            self.store.add(live)

    def gateway(self, name: str = "web", namespace: str = "shop") -> Object:
        found = self.store.get(self.plugin.owners[0], namespace, name)
        assert found is not None
        return found

    def edit(self, name: str = "web", **spec: Any) -> None:
        """Change the spec of a Gateway, as an API server does: with a new generation."""
        owner = self.gateway(name)
        version = owner["metadata"]["generation"] + 1
        metadata = {**owner["metadata"], "generation": version, "resourceVersion": str(version)}
        self.store.add({**owner, "metadata": metadata, "spec": {**owner["spec"], **spec}})

    def status(self, name: str = "web", *errors: GwdeployerError, now: str = NOW) -> dict[str, Any]:
        """Return the status that a Gateway should have; the store has it from then on."""
        owner = self.gateway(name)
        status = self.plugin.status(owner, self.reconcile(owner, *errors), self.store, now)
        assert status is not None, "the status is left alone"
        self.store.add({**owner, "status": dict(status)})
        return dict(status)

    def listener_set_status(self, name: str = "team", namespace: str = "shop") -> dict[str, Any] | None:
        """Return the status that a ListenerSet should have, given those of its Gateway."""
        obj = self.store.get(LISTENER_SET, namespace, name)
        assert obj is not None
        status = self._reporter().status(obj, self.store, NOW)
        return None if status is None else dict(status)

    def _reporter(self) -> Reporter:
        [found] = [one for one in self.plugin.reporters() if one.kind == LISTENER_SET]
        return found


def running(*objects: Object, mode: str = "gateway", inputs: Any = None, **spec: Any) -> World:
    """Return a world in which the Gateway ``shop/web`` runs."""
    world = World(gateway(**spec), *objects, mode=mode, inputs=inputs)
    world.deploy(world.gateway())
    return world


def web(*objects: Object, mode: str = "gateway", inputs: Any = None, **spec: Any) -> dict[str, Any]:
    """Return the status of the Gateway ``shop/web``, which runs, beside other objects."""
    return running(*objects, mode=mode, inputs=inputs, **spec).status()


def conditions(status: Mapping[str, Any]) -> Conditions:
    """Return status and reason of each condition, by type."""
    return {one["type"]: (one["status"], one["reason"]) for one in status["conditions"]}


def message(status: Mapping[str, Any], type_: str) -> str:
    [found] = [one["message"] for one in status["conditions"] if one["type"] == type_]
    return str(found)


def listener_of(status: Mapping[str, Any], name: str) -> dict[str, Any]:
    [found] = [one for one in status["listeners"] if one["name"] == name]
    return dict(found)


def kinds_of(listener: Mapping[str, Any]) -> list[str]:
    return [kind["kind"] for kind in listener["supportedKinds"]]


def routes_of(status: Mapping[str, Any]) -> dict[str, int]:
    return {one["name"]: one["attachedRoutes"] for one in status["listeners"]}


def names_of(objects: Iterable[Mapping[str, Any]]) -> list[str]:
    return [str(one["name"]) for one in objects]
