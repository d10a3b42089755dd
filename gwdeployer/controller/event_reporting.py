"""What a pass of the loop tells people: Kubernetes Events about the owner, only where something happened."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple, Protocol

from gwdeployer.cluster.outcomes import Action, Outcome, ReconcileResult
from gwdeployer.controller.observing import PASSING, Handled, Observer
from gwdeployer.errors import (
    Contested,
    ForeignObject,
    GwdeployerError,
    ParametersError,
    TerminalError,
)
from gwdeployer.objects import Object, ObjectRef

NORMAL, WARNING = "Normal", "Warning"
_NEW = frozenset({Action.CREATED, Action.RECREATED})


class Recorder(Protocol):
    """Sends events; never blocks, never raises."""

    def record(self, regarding: Object, type_: str, reason: str, action: str, note: str) -> None:
        """Send one event, or count it with those like it."""


class _Event(NamedTuple):
    type: str
    reason: str
    action: str
    note: str


class EventReporter(Observer):
    """Records what was created, repaired and deleted for an owner, and what went wrong."""

    def __init__(self, recorder: Recorder) -> None:
        """Record with ``recorder``."""
        self._recorder = recorder

    def handled(self, handled: Handled, seconds: float) -> None:
        """Record the events of a pass."""
        if handled.object is not None:
            for event in _events(handled):
                self._recorder.record(handled.object, *event)


def _events(handled: Handled) -> Iterator[_Event]:
    result = handled.result
    if result is not None:
        repaired = set(handled.repaired)
        outcomes = [one for one in _outcomes(result) if one.ref not in repaired]
        yield from _told("Created", "Apply", (one.ref for one in outcomes if one.action in _NEW))
        yield from _told(
            "Configured", "Apply", (one.ref for one in outcomes if one.action is Action.CONFIGURED)
        )
        yield from _told("Repaired", "Apply", handled.repaired)
        yield from _told("Deleted", "Delete", result.pruned.deleted if result.pruned else ())
    for error in handled.errors:
        if not isinstance(error, PASSING):
            yield _Event(WARNING, _reason(error, handled), "Reconcile", str(error))


def _outcomes(result: ReconcileResult) -> tuple[Outcome, ...]:
    return result.deployed.outcomes if result.deployed else ()


def _told(reason: str, action: str, refs: Iterable[ObjectRef]) -> Iterator[_Event]:
    names = ", ".join(map(str, refs))
    if names:
        yield _Event(NORMAL, reason, action, names)


def _reason(error: GwdeployerError, handled: Handled) -> str:
    """Return the machine-readable reason: whose turn it is to act."""
    if isinstance(error, ParametersError):
        return "InvalidParameters"
    if isinstance(error, ForeignObject):
        return "Refused"
    if isinstance(error, Contested):
        return "Contested"
    if error is handled.error:
        return "StatusNotWritten"
    planning = handled.result.planning if handled.result else None
    return "PlanFailed" if error is planning and isinstance(error, TerminalError) else "DeploymentFailed"
