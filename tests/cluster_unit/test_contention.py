"""Two writers that undo each other's work: this one steps back."""

from __future__ import annotations

import pytest

from gwdeployer.cluster import contention as module
from gwdeployer.cluster.contention import TOLERATED, WINDOW, Contention
from gwdeployer.cluster.drift import Difference
from gwdeployer.errors import Contested
from gwdeployer.objects import ObjectRef
from tests.cluster_unit.clock import Clock
from tests.cluster_unit.fake import CONFIG_MAP, OURS, thing

REF = ObjectRef(CONFIG_MAP, "shop", "web")
PLAN = thing(CONFIG_MAP, data={"a": "1"})
FOUND = [Difference(("data", "a"), "1", "2")]
THEIRS = {"manager": "argo", "operation": "Update", "fieldsV1": {"f:data": {"f:a": {}}}}
LIVE = {**PLAN, "metadata": {**PLAN["metadata"], "managedFields": [THEIRS, {**THEIRS, "manager": OURS}]}}


def disputed(clock: Clock, repairs: int = TOLERATED) -> Contention:
    contention = Contention(clock)
    contention.wrote(REF, PLAN)
    for _ in range(repairs):
        contention.wrote(REF, PLAN)
    return contention


def check(contention: Contention) -> None:
    contention.check(REF, PLAN, LIVE, FOUND, OURS)


def test_a_few_repairs_are_accidents() -> None:
    check(Contention(Clock()))
    check(disputed(Clock(), TOLERATED - 1))


def test_more_are_a_dispute_and_name_the_other() -> None:
    with pytest.raises(Contested) as raised:
        check(disputed(Clock()))
    assert raised.value.delay == 30
    assert str(raised.value) == (
        "ConfigMap shop/web data.a: repaired 5 times in 600 s, and changed again by argo; next try in 30 s; "
        "let only one of the two manage this field"
    )


def test_the_next_try_comes_after_the_pause_and_the_pauses_grow() -> None:
    clock = Clock()
    contention = disputed(clock)
    for pause in (30, 60, 120):
        with pytest.raises(Contested) as raised:
            check(contention)
        assert raised.value.delay == pause
        clock.now += pause
        check(contention)
        contention.wrote(REF, PLAN)


def test_a_dispute_is_over_when_the_window_has_passed() -> None:
    clock = Clock()
    contention = disputed(clock)
    clock.now += WINDOW
    check(contention)


def test_another_plan_is_another_matter() -> None:
    contention = disputed(Clock())
    contention.check(REF, thing(CONFIG_MAP, data={"a": "3"}), LIVE, FOUND, OURS)
    contention.wrote(REF, thing(CONFIG_MAP, data={"a": "3"}))
    check(contention)


def test_other_objects_are_not_meant() -> None:
    contention = disputed(Clock())
    contention.check(REF._replace(name="other"), PLAN, LIVE, FOUND, OURS)


def test_an_unknown_opponent_is_somebody() -> None:
    with pytest.raises(Contested, match="changed again by somebody"):
        disputed(Clock()).check(REF, PLAN, PLAN, FOUND, OURS)


def test_what_the_last_apply_has_left_different_is_not_mended_by_another() -> None:
    contention = Contention(Clock())
    contention.wrote(REF, PLAN, FOUND)
    assert contention.repairable(REF, PLAN, FOUND) == []
    other = Difference(("data", "a"), "1", "3")
    assert contention.repairable(REF, PLAN, [*FOUND, other]) == [other]
    assert contention.repairable(REF, thing(CONFIG_MAP, data={}), FOUND) == FOUND
    contention.wrote(REF, PLAN)
    assert contention.repairable(REF, PLAN, FOUND) == FOUND


def test_one_that_keeps_deleting_is_a_dispute_too() -> None:
    with pytest.raises(Contested, match="and deleted again by somebody"):
        disputed(Clock()).check(REF, PLAN, None, (), OURS)


def test_memory_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_REMEMBERED", 3)
    contention = disputed(Clock())
    for number in range(3):
        contention.wrote(REF._replace(name=f"n{number}"), PLAN)
    check(contention)
    assert len(contention._known) == 3


#: Nobody can say what it looks like.
UNREADABLE = {**PLAN, "data": object()}


def test_what_a_plan_looks_like_is_not_asked_where_nothing_differs() -> None:
    contention = Contention(Clock())
    contention.wrote(REF, PLAN, FOUND)
    assert contention.repairable(REF, UNREADABLE, []) == []
    with pytest.raises(TypeError):
        contention.repairable(REF, UNREADABLE, FOUND)


def test_what_a_plan_looks_like_is_not_asked_where_nothing_was_left_behind() -> None:
    contention = Contention(Clock())
    assert contention.repairable(REF, UNREADABLE, FOUND) == FOUND
    contention.wrote(REF, PLAN)
    assert contention.repairable(REF, UNREADABLE, FOUND) == FOUND
