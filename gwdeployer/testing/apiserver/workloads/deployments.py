"""The controller of Deployments: a ReplicaSet for each template, Pods moved from old ones to the new."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import partial
from typing import Any

from gwdeployer.objects import KindRef, Object, name_of
from gwdeployer.testing.apiserver.acting import edit, make
from gwdeployer.testing.apiserver.dependents import controller_of
from gwdeployer.testing.apiserver.metadata import with_metadata
from gwdeployer.testing.apiserver.statuses import ResourceName
from gwdeployer.testing.apiserver.storage import Change, Key
from gwdeployer.testing.apiserver.workloads.pods import (
    PODS,
    blocking_reference,
    template_hash,
)
from gwdeployer.testing.apiserver.workloads.replica_sets import REPLICA_SETS
from gwdeployer.testing.apiserver.workloads.rollouts import ReplicaSet, fenceposts, next_sizes
from gwdeployer.testing.apiserver.workloads.workload import WorkloadController, some

HASH = "pod-template-hash"
_PREFIX = "deployment.kubernetes.io"
REVISION = f"{_PREFIX}/revision"
_COMPLETE = "NewReplicaSetAvailable"


class DeploymentController(WorkloadController):
    """Rolls Deployments out, and says on their status how far that is."""

    resource = ResourceName("apps", "deployments")
    kind = KindRef("apps", "v1", "Deployment")
    part = REPLICA_SETS

    def _concerned(self, key: Key, change: Change) -> Iterable[Key]:
        yield from super()._concerned(key, change)
        if key.resource == PODS and change.after is None:  # which lets a Deployment that is recreated go on
            reference = controller_of(change.before) or {}
            owner = self._state.storage.get(Key(REPLICA_SETS, key.namespace, reference.get("name", "")))
            if deployment := controller_of(owner):
                yield Key(self.resource, key.namespace, deployment["name"])

    def attend(self, key: Key, workload: Object) -> None:
        """Take a rollout one step on, or say where it stands."""
        sets = {name_of(one): one for one in self.parts(workload).values()}
        digest = template_hash(workload["spec"]["template"])
        name = f"{key.name}-{digest}"
        old = [self._counted(one) for other, one in sets.items() if other != name]
        new = self._counted(sets[name]) if name in sets else ReplicaSet(name)
        sizes = {} if workload["spec"].get("paused") else next_sizes(workload["spec"], new, old)
        if name in sizes and name not in sets:
            self._make(key, workload, digest, sizes[name])
        elif not self._resize(key, workload, sizes, sets):
            self._number(key, workload, name, sets)
            self._report(key, name, sets)

    def _counted(self, replica_set: Object) -> ReplicaSet:
        pods = self._dependents.controlled(replica_set, PODS)
        wanted = replica_set["spec"]["replicas"]
        available = (replica_set.get("status") or {}).get("availableReplicas", 0)
        # Pods that are too many are about to go.
        return ReplicaSet(name_of(replica_set), wanted, min(wanted, available), len(pods))

    def _make(self, key: Key, deployment: Object, digest: str, replicas: int) -> None:
        template, labels = deployment["spec"]["template"], {HASH: digest}
        metadata = template["metadata"] | {"labels": template["metadata"]["labels"] | labels}
        selector = deployment["spec"]["selector"]
        selector = selector | {"matchLabels": (selector.get("matchLabels") or {}) | labels}
        name = f"{key.name}-{digest}"
        obj = {
            "metadata": {
                "name": name,
                "namespace": key.namespace,
                "labels": metadata["labels"],
                "annotations": _sizes(deployment),
                "ownerReferences": [blocking_reference(deployment, self.kind)],
            },
            "spec": {
                "replicas": replicas,
                "selector": selector,
                "template": template | {"metadata": metadata},
            },
        }
        make(self._state, Key(REPLICA_SETS, key.namespace, name), obj)

    def _resize(
        self, key: Key, deployment: Object, sizes: Mapping[str, int], sets: Mapping[str, Object]
    ) -> bool:
        """Give the ReplicaSets that are there their sizes; return whether one had another."""
        differing = {
            name: size
            for name, size in sizes.items()
            if name in sets and sets[name]["spec"]["replicas"] != size
        }
        for name, size in differing.items():
            resized = partial(_resized, size, _sizes(deployment))
            edit(self._state, Key(REPLICA_SETS, key.namespace, name), resized)
        return bool(differing)

    def _number(self, key: Key, deployment: Object, name: str, sets: Mapping[str, Object]) -> None:
        """Give the new ReplicaSet and the Deployment the revision after that of the old ones."""
        if name not in sets:
            return
        revision = str(1 + max((_revision(one) for other, one in sets.items() if other != name), default=0))
        numbered = partial(_annotated, {REVISION: revision})
        edit(self._state, Key(REPLICA_SETS, key.namespace, name), numbered)
        edit(self._state, key, numbered, subresource="status")

    def _report(self, key: Key, name: str, sets: Mapping[str, Object]) -> None:
        deployment = self._state.storage.get(key)
        if deployment is None:
            return
        statuses = [one.get("status") or {} for one in sets.values()]
        wanted = sum(one["spec"]["replicas"] for one in sets.values())
        total = {count: sum(one.get(count, 0) for one in statuses) for count in _COUNTS}
        updated = ((sets[name].get("status") or {}) if name in sets else {}).get("replicas", 0)
        counts = {count: some(number) for count, number in total.items()} | {
            "updatedReplicas": some(updated),
            "terminatingReplicas": sum(one.get("terminatingReplicas", 0) for one in statuses),
            "unavailableReplicas": some(max(0, wanted - total["availableReplicas"])),
        }
        conditions = self._conditions(deployment, name, counts)
        self.write_status(key, deployment, counts | {"conditions": conditions})

    def _conditions(self, deployment: Object, name: str, counts: Mapping[str, int | None]) -> list[Object]:
        spec, before = deployment["spec"], deployment.get("status") or {}
        available = (counts["availableReplicas"] or 0) >= spec["replicas"] - fenceposts(spec).unavailable
        word = ("has minimum", "MinimumReplicasAvailable")
        if not available:
            word = ("does not have minimum", "MinimumReplicasUnavailable")
        conditions = {one["type"]: one for one in before.get("conditions") or ()}
        stated = [_condition("Available", available, word[1], f"Deployment {word[0]} availability.")]
        if "progressDeadlineSeconds" in spec:
            stated += _progress(spec["replicas"], name, counts, before, conditions.get("Progressing"))
        now = self._state.now()
        return list((conditions | {one["type"]: _since(conditions, one, now) for one in stated}).values())


_COUNTS = ("replicas", "readyReplicas", "availableReplicas")


def _progress(
    wanted: int, name: str, counts: Mapping[str, Any], before: Mapping[str, Any], last: Object | None
) -> list[Object]:
    """Return what is newly to be said of a rollout's progress: nothing where nothing moved."""
    whole = (counts["replicas"] or 0, counts["updatedReplicas"] or 0, counts["availableReplicas"] or 0)
    if whole == (wanted, wanted, wanted):
        told = _condition("Progressing", True, _COMPLETE, f'ReplicaSet "{name}" has successfully progressed.')
        return [told]
    is_new = last is None or name not in last["message"]
    if last and last["reason"] == _COMPLETE and not is_new:
        return []
    if any(before.get(count) != counts[count] for count in (*_COUNTS, "updatedReplicas")):
        return [_condition("Progressing", True, "ReplicaSetUpdated", f'ReplicaSet "{name}" is progressing.')]
    told = _condition("Progressing", True, "NewReplicaSetCreated", f'Created new replica set "{name}"')
    return [told] if is_new else []


def _condition(type_: str, status: bool, reason: str, message: str) -> Object:
    return {"type": type_, "status": str(status), "reason": reason, "message": message}


def _since(before: Mapping[str, Object], stated: Object, now: str) -> Object:
    """Return a condition with its times (``SetDeploymentCondition``)."""
    last = before.get(stated["type"], {})
    if (last.get("status"), last.get("reason")) == (stated["status"], stated["reason"]):
        return last
    same = last.get("status") == stated["status"]
    return {
        **stated,
        "lastUpdateTime": now,
        "lastTransitionTime": last["lastTransitionTime"] if same else now,
    }


def _sizes(deployment: Object) -> dict[str, str]:
    """Return the annotations of a ReplicaSet that was given a size: what its Deployment wanted then."""
    wanted = deployment["spec"]["replicas"]
    most = wanted + fenceposts(deployment["spec"]).surge
    return {f"{_PREFIX}/desired-replicas": str(wanted), f"{_PREFIX}/max-replicas": str(most)}


def _resized(size: int, annotations: dict[str, str], replica_set: Object) -> Object:
    spec = replica_set["spec"] | {"replicas": size}
    return _annotated(annotations, replica_set | {"spec": spec})


def _revision(replica_set: Object) -> int:
    return int((replica_set["metadata"].get("annotations") or {}).get(REVISION, 0))


def _annotated(annotations: dict[str, str], obj: Object) -> Object:
    metadata = obj["metadata"]
    return with_metadata(obj, metadata | {"annotations": (metadata.get("annotations") or {}) | annotations})
