"""When a key is looked at again after a pass."""

from __future__ import annotations

from gwdeployer.cluster import Action, DeployResult, Outcome, ReconcileResult
from gwdeployer.cluster.live import TRUSTED_FOR
from gwdeployer.controller.controller import _requeue
from gwdeployer.controller.observing import Handled
from gwdeployer.controller.work_queue import WorkQueue
from gwdeployer.errors import ForeignObject, GwdeployerError, InvalidObject, ServerFailure
from gwdeployer.objects import KindRef, ObjectRef

WEB = ObjectRef(KindRef("example.com", "v1", "Site"), "shop", "web")
SECRET = ObjectRef(KindRef("", "v1", "Secret"), "shop", "key")


class Clock:
    """Stands still."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


def due_after(clock: Clock, *outcomes: Outcome, seconds: float) -> ObjectRef | None:
    """Return what is due so many seconds after a pass with these outcomes."""
    queue: WorkQueue[ObjectRef] = WorkQueue(clock=clock, jitter=lambda: 0.0)
    deployed = DeployResult(WEB, outcomes)
    _requeue(Handled(WEB, "site", result=ReconcileResult(WEB, deployed=deployed)), queue)
    clock.now += seconds
    return queue.get(timeout=0)


def failed(error: GwdeployerError) -> Outcome:
    return Outcome(SECRET, Action.FAILED, error)


def test_nothing_is_due_where_all_is_well_or_only_a_change_can_help() -> None:
    assert due_after(Clock(), Outcome(SECRET, Action.UNCHANGED), seconds=3600) is None
    assert due_after(Clock(), failed(InvalidObject("no")), seconds=3600) is None


def test_what_is_waited_for_is_looked_at_though_something_else_failed_for_good() -> None:
    waiting = Outcome(SECRET, Action.WAITING)
    assert due_after(Clock(), waiting, seconds=5) == WEB
    assert due_after(Clock(), waiting, failed(InvalidObject("no")), seconds=5) == WEB


def test_what_failed_is_tried_again_no_sooner_than_may_help() -> None:
    error = ServerFailure("busy", delay=7.0)
    assert due_after(Clock(), failed(error), seconds=6) is None
    assert due_after(Clock(), failed(error), seconds=7) == WEB


def test_what_rests_on_answers_that_no_cache_has_shown_is_looked_at_when_they_are_believed_no_more() -> None:
    queue: WorkQueue[ObjectRef] = WorkQueue(clock=(clock := Clock()), jitter=lambda: 0.0)
    deployed = DeployResult(WEB, (Outcome(SECRET, Action.UNCHANGED),))
    _requeue(Handled(WEB, "site", result=ReconcileResult(WEB, deployed=deployed), ahead=True), queue)
    clock.now += TRUSTED_FOR + 1
    assert queue.get(timeout=0) == WEB


def test_what_failed_for_long_is_looked_at_when_answers_are_believed_no_more() -> None:
    queue: WorkQueue[ObjectRef] = WorkQueue(clock=(clock := Clock()), jitter=lambda: 0.0)
    refused = Outcome(SECRET, Action.REFUSED, ForeignObject("is not ours", delay=TRUSTED_FOR + 100))
    result = ReconcileResult(WEB, deployed=DeployResult(WEB, (refused,)))
    _requeue(Handled(WEB, "site", result=result, ahead=True), queue)
    clock.now += TRUSTED_FOR + 1
    assert queue.get(timeout=0) == WEB
