"""What became of each object, and what to raise of it."""

from __future__ import annotations

import pytest

from gwdeployer.cluster import Action, DeployResult, Outcome, Pending, PruneResult, ReconcileResult
from gwdeployer.cluster.outcomes import raise_first, soonest
from gwdeployer.errors import (
    Fault,
    Forbidden,
    ForeignObject,
    InvalidObject,
    KindNotInstalled,
    ParametersError,
    RetryableError,
    TerminalError,
    Throttled,
)
from gwdeployer.objects import ObjectRef
from tests.cluster_unit.fake import CONFIG_MAP, DEPLOYMENT, SITE

SITE_REF = ObjectRef(SITE, "shop", "s")
REF = ObjectRef(CONFIG_MAP, "shop", "web")


def test_nothing_wrong_raises_nothing() -> None:
    raise_first([], "Site shop/s")


def test_one_error_is_raised_itself_with_its_owner() -> None:
    error = Forbidden("no")
    with pytest.raises(Forbidden) as raised:
        raise_first([error], "Site shop/s")
    assert raised.value is error
    assert error.owner == "Site shop/s"


def test_several_are_retried_where_one_of_them_can_be_after_the_shortest_delay() -> None:
    errors = [InvalidObject("a"), Throttled("b", delay=7), ForeignObject("c", delay=60)]
    with pytest.raises(RetryableError) as raised:
        raise_first(errors, "Site shop/s")
    assert raised.value.delay == 7
    assert raised.value.owner == "Site shop/s"
    assert [fault.message for fault in raised.value.faults] == ["a", "b", "c"]


def test_several_that_cannot_be_are_terminal() -> None:
    with pytest.raises(TerminalError) as raised:
        raise_first([InvalidObject("a"), ParametersError([Fault("b"), Fault("c")])], "Site shop/s")
    assert str(raised.value) == "a\nb\nc"


def test_the_soonest_of_the_delays_that_there_are() -> None:
    assert soonest([None, 3.0, 2.0]) == 2.0
    assert soonest([None]) is None
    assert soonest([]) is None


def test_an_outcome_is_one_line() -> None:
    assert str(Outcome(REF, Action.CREATED)) == "ConfigMap shop/web created"
    adopted = Outcome(REF, Action.CONFIGURED, adopted_from="helm", live={"data": {"a": "secret"}})
    assert str(adopted) == "ConfigMap shop/web configured (adopted from helm)"
    assert "secret" not in repr(adopted)
    failed = Outcome(REF, Action.FAILED, InvalidObject([Fault("a", "spec.a"), Fault("b", "spec.b")]))
    assert str(failed) == "ConfigMap shop/web failed: spec.a: a; spec.b: b"


def deployed(*outcomes: Outcome) -> ReconcileResult:
    return ReconcileResult(SITE_REF, deployed=DeployResult(SITE_REF, outcomes))


def test_errors_of_planning_deploying_and_pruning_are_all_there() -> None:
    planning, pruning = ParametersError("p"), Forbidden("d")
    failed = Outcome(REF, Action.FAILED, InvalidObject("a"))
    result = ReconcileResult(
        SITE_REF,
        None,
        DeployResult(SITE_REF, (failed, Outcome(REF, Action.CREATED))),
        PruneResult(SITE_REF, errors=(pruning,)),
        planning,
    )
    assert result.errors == (planning, failed.error, pruning)
    with pytest.raises(RetryableError):
        result.raise_for_errors()
    assert ReconcileResult(SITE_REF).errors == ()


def test_it_says_when_to_come_back() -> None:
    assert deployed(Outcome(REF, Action.UNCHANGED)).requeue_after is None
    assert deployed(Outcome(REF, Action.WAITING)).requeue_after == 5
    assert deployed(Outcome(REF, Action.FAILED, InvalidObject("a"))).requeue_after is None
    skipped = Outcome(REF, Action.SKIPPED, warning=KindNotInstalled("c", delay=60))
    assert deployed(skipped).requeue_after == 60
    throttled = Outcome(REF, Action.FAILED, Throttled("b", delay=3))
    assert deployed(throttled, Outcome(REF, Action.WAITING)).requeue_after == 3
    assert ReconcileResult(SITE_REF, pruned=PruneResult(SITE_REF, requeue_after=4)).requeue_after == 4


def test_what_waits_is_named_with_its_reason() -> None:
    waiting = Pending(ObjectRef(DEPLOYMENT, "shop", "web"), "stays until x is available")
    result = ReconcileResult(SITE_REF, pruned=PruneResult(SITE_REF, pending=(waiting,)))
    assert [str(one) for one in result.pending] == ["Deployment shop/web stays until x is available"]
    assert ReconcileResult(SITE_REF).pending == ()


def test_results_raise_what_went_wrong() -> None:
    with pytest.raises(Forbidden):
        PruneResult(SITE_REF, errors=(Forbidden("no"),)).raise_for_errors()
    with pytest.raises(InvalidObject):
        DeployResult(SITE_REF, (Outcome(REF, Action.FAILED, InvalidObject("a")),)).raise_for_errors()
    DeployResult(SITE_REF).raise_for_errors()
