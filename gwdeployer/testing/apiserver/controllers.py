"""What a kube-controller-manager would do, done at once: before a write is answered, all has settled.

The names are those that ``kube-controller-manager --controllers`` knows. What they do stands in ``garbage``,
``namespaces`` and ``workloads``; ``parts`` are not controllers, but act likewise.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection, Iterable

from gwdeployer.objects import Object
from gwdeployer.testing.apiserver.catalogue import CRDS
from gwdeployer.testing.apiserver.dependents import Dependents
from gwdeployer.testing.apiserver.garbage import GarbageCollector
from gwdeployer.testing.apiserver.later import Job, Later
from gwdeployer.testing.apiserver.namespaces import DefaultContents, NamespaceController
from gwdeployer.testing.apiserver.parts import Part
from gwdeployer.testing.apiserver.state import State
from gwdeployer.testing.apiserver.storage import Change, Key
from gwdeployer.testing.apiserver.workloads.daemon_sets import DaemonSetController
from gwdeployer.testing.apiserver.workloads.deployments import DeploymentController
from gwdeployer.testing.apiserver.workloads.replica_sets import ReplicaSetController
from gwdeployer.testing.apiserver.workloads.workload import WorkloadController

GARBAGE, NAMESPACE = "garbage-collector-controller", "namespace-controller"
SERVICE_ACCOUNT, ROOT_CA = "serviceaccount-controller", "root-ca-certificate-publisher-controller"
_WORKLOADS: dict[str, type[WorkloadController]] = {
    "replicaset-controller": ReplicaSetController,
    "deployment-controller": DeploymentController,
    "daemonset-controller": DaemonSetController,
}

#: Those that run unless told otherwise.
DEFAULT_CONTROLLERS = (GARBAGE, NAMESPACE)
ALL_CONTROLLERS = (*DEFAULT_CONTROLLERS, SERVICE_ACCOUNT, ROOT_CA, *_WORKLOADS)

#: Looks at one change; what it does about it makes further changes.
Controller = Callable[[Key, Change], None]


class Controllers:
    """Sees every change to the storage, and acts on them when asked to."""

    def __init__(self, state: State, names: Collection[str], parts: Iterable[Part] = ()) -> None:
        """Run the controllers of these names, and parts. Raises ValueError for an unknown name."""
        unknown = sorted(set(names) - set(ALL_CONTROLLERS))
        if unknown:
            raise ValueError(
                f"unknown controllers: {', '.join(unknown)}; known are {', '.join(ALL_CONTROLLERS)}"
            )
        self._state = state
        self._pending: deque[tuple[Key, Change]] = deque()
        self._controllers: list[Controller] = []
        self._dependents = Dependents(state)
        self._later = Later(self._run)
        if GARBAGE in names:
            self._controllers.append(GarbageCollector(state, self._dependents).act)
        if NAMESPACE in names:
            self._controllers.append(NamespaceController(state).act)
        if contents := {SERVICE_ACCOUNT, ROOT_CA} & set(names):
            made = DefaultContents(state, account=SERVICE_ACCOUNT in contents, root_ca=ROOT_CA in contents)
            self._controllers.append(made.act)
        made_by = [work for name, work in _WORKLOADS.items() if name in names]
        self._controllers += [work(state, self._dependents).act for work in made_by]
        self._parts = list(parts)
        self._controllers += [part.act for part in self._parts]
        state.storage.listeners.append(self._noticed)

    def begin(self) -> None:
        """Let the parts take up their work. The caller holds the lock."""
        for part in self._parts:
            part.begin(self._state, self._later)
        self.settle()

    def close(self) -> None:
        """Do no more of what takes a while."""
        self._later.close()

    def settle(self) -> None:
        """Act on all changes since the last time, and on those that this makes. The caller holds the lock."""
        while self._pending:
            key, change = self._pending.popleft()
            for act in self._controllers:
                act(key, change)

    def _run(self, job: Job) -> None:
        with self._state.storage.lock:
            job()
            self.settle()

    def _noticed(self, key: Key, change: Change) -> None:
        self._dependents.note(key, change)
        if key.resource == CRDS:
            self._serve(change.before, change.after)
        self._pending.append((key, change))

    def _serve(self, before: Object | None, after: Object | None) -> None:
        """Serve what a CustomResourceDefinition defines from now on, or nothing more of it."""
        if after is not None:
            self._state.catalogue.install(after)
        elif before is not None:
            for resource in self._state.catalogue.uninstall(before):
                self._state.storage.drop(resource)
