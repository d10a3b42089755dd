"""What controllers of workloads share: whom a change concerns, and how a status is written."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from typing import Any, ClassVar

from gwdeployer.objects import KindRef, Object
from gwdeployer.testing.apiserver.acting import edit_status
from gwdeployer.testing.apiserver.dependents import Dependents, controller_of
from gwdeployer.testing.apiserver.state import State
from gwdeployer.testing.apiserver.statuses import ResourceName
from gwdeployer.testing.apiserver.storage import Change, Key


class WorkloadController(ABC):
    """Brings workloads of one resource to what they say, whenever they or what they control change."""

    resource: ClassVar[ResourceName]
    kind: ClassVar[KindRef]
    #: What such workloads control.
    part: ClassVar[ResourceName]

    def __init__(self, state: State, dependents: Dependents) -> None:
        """Work in this state; somebody else keeps the index up."""
        self._state = state
        self._dependents = dependents

    def act(self, key: Key, change: Change) -> None:
        """Look after every workload that a change concerns."""
        for concerned in dict.fromkeys(self._concerned(key, change)):
            workload = self._state.storage.get(concerned)
            if workload is not None and not workload["metadata"].get("deletionTimestamp"):
                self.attend(concerned, workload)

    def _concerned(self, key: Key, change: Change) -> Iterable[Key]:
        if key.resource == self.resource:
            yield key
        elif key.resource == self.part:
            for obj in (change.before, change.after):
                reference = controller_of(obj)
                if reference and reference["kind"] == self.kind.kind:
                    yield Key(self.resource, key.namespace, reference["name"])

    @abstractmethod
    def attend(self, key: Key, workload: Object) -> None:
        """Do for a workload what is due now; what that changes leads here again."""

    def parts(self, workload: Object) -> dict[Key, Object]:
        """Return what a workload controls, in order."""
        return self._dependents.controlled(workload, self.part)

    def write_status(self, key: Key, workload: Object, counts: Mapping[str, Any]) -> None:
        """Write a status of these entries (None takes one out); what else it says is kept."""
        seen = {"observedGeneration": workload["metadata"]["generation"], **counts}

        def changed(status: Object) -> Object:
            return {name: value for name, value in (status | seen).items() if value is not None}

        edit_status(self._state, key, changed)


def some(count: int) -> int | None:
    """Return a count as a status has it that leaves out nought (Go's ``omitempty``)."""
    return count or None
