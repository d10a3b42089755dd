"""Whose picker is it? The table of decisions, and why a pool is left alone."""

from __future__ import annotations

import pytest

from gwdeployer import ParametersError
from gwdeployer.objects import Object
from gwdeployer_inference.managing import decide
from gwdeployer_inference.pools import pool_of
from tests.inference.numbers import case
from tests.inference.scenarios import (
    MANAGED,
    alpha_pool,
    namespace,
    parameters,
    planned,
    pool,
    service,
)


@case(6)
@pytest.mark.parametrize(
    ("owner", "existing", "marks", "manage", "why"),
    [
        (pool(), None, (True, None), "marked", "Managed"),
        (pool(), None, (None, True), "marked", "Managed"),
        (pool(), None, (None, None), "marked", "NotOptedIn"),
        (pool(), None, (None, None), "all", "Managed"),
        (pool(), None, (False, True), "all", "OptedOut"),
        (pool(), None, (None, False), "all", "OptedOut"),
        (pool(), None, (True, False), "marked", "Managed"),
        (pool(), None, (True, True), "none", "SwitchedOff"),
        (pool(ref={}), None, (True, None), "marked", "Managed"),
        (pool(ref={}), service(), (True, None), "marked", "ServiceNotOwned"),
        (pool(), service(), (True, None), "marked", "ServiceNotOwned"),
        (pool(), service(owner="uid-other"), (True, None), "marked", "ServiceNotOwned"),
        (pool(), service(owner="uid-qwen"), (True, None), "marked", "Managed"),
        (pool(ref={"name": "x", "kind": "Picker"}), None, (True, None), "marked", "NotAService"),
        (pool(ref={"name": "x", "group": "example.com"}), None, (True, None), "marked", "NotAService"),
        (alpha_pool(), None, (True, None), "marked", "Managed"),
        (alpha_pool(kind="Picker"), None, (True, None), "marked", "NotAService"),
    ],
)
def test_the_table_of_decisions(
    owner: Object, existing: Object | None, marks: tuple[bool | None, ...], manage: str, why: str
) -> None:
    decision = decide(pool_of(owner), marks=marks, manage=manage, service=existing)  # type: ignore[arg-type]
    assert (decision.why, decision.managed, bool(decision.reason)) == (
        why,
        why == "Managed",
        why != "Managed",
    )


def test_a_service_that_the_pool_hands_over_is_taken() -> None:
    owner = pool(annotations={**MANAGED, "gwdeployer.dev/adopt": "Service/qwen-epp"})
    assert planned(owner, [service()]).skip is None


def test_a_pool_that_nobody_asks_for_is_left_alone_with_the_way_to_ask() -> None:
    plan = planned(pool(annotations={}))
    assert plan.objects == ()
    assert plan.skip is not None
    assert "nobody has asked for its endpoint picker" in plan.skip.reason
    assert plan.skip.cleanup


@pytest.mark.parametrize(
    "others", [[namespace(managed="true")], [namespace(managed="true", parameters="all"), parameters("all")]]
)
def test_a_namespace_asks_for_all_its_pools(others: list[Object]) -> None:
    assert planned(pool(annotations={}), others).skip is None


def test_a_namespace_may_ask_by_a_label() -> None:
    labelled = namespace()
    labelled["metadata"]["labels"] = MANAGED
    assert planned(pool(annotations={}), [labelled]).skip is None


def test_naming_parameters_asks_for_the_picker() -> None:
    assert planned(pool(annotations={"gwdeployer.dev/parameters": "p"}), [parameters("p")]).skip is None


def test_inputs_ask_for_all_pools_or_none() -> None:
    assert planned(pool(annotations={}), manage="all").skip is None
    assert planned(pool(), manage="none").skip is not None


def test_a_mark_that_is_neither_true_nor_false_is_a_fault() -> None:
    with pytest.raises(ParametersError, match=r"gwdeployer\.dev/managed\]: 'yes' is not understood"):
        planned(pool(annotations={"gwdeployer.dev/managed": "yes"}))


@case(20)
def test_the_failure_mode_is_the_gateways_business_and_changes_no_object() -> None:
    closed, opened = (
        planned(pool(ref={"name": "qwen-epp", "port": {"number": 9002}, "failureMode": mode}))
        for mode in ("FailClose", "FailOpen")
    )
    assert closed.objects == opened.objects
