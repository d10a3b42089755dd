"""What an owner's status says."""

from __future__ import annotations

from typing import Any

import pytest

from gwdeployer.diagnosis.verdicts import Verdict, addresses_of, verdict_of
from gwdeployer.objects import Object


def condition(type_: str, status: str = "True", seen: int | None = 2, **more: str) -> dict[str, Any]:
    return {"type": type_, "status": status, **({"observedGeneration": seen} if seen else {}), **more}


def owner(*conditions: dict[str, Any], **status: Any) -> Object:
    return {"metadata": {"generation": 2}, "status": {"conditions": list(conditions), **status}}


def test_an_owner_of_which_nothing_is_said_is_neither_ready_nor_not() -> None:
    for silent in ({"metadata": {}}, {"metadata": {}, "status": None}, owner()):
        assert verdict_of(silent) == Verdict(
            None, reason="NoStatus", message="no controller has said anything yet"
        )


def test_an_owner_is_ready_when_all_that_should_be_true_is() -> None:
    assert verdict_of(owner(condition("Accepted"), condition("Programmed"))).ready is True
    assert verdict_of(owner(condition("Ready", seen=None))).why == ""


def test_conditions_that_are_false_where_all_is_well_do_not_count() -> None:
    assert verdict_of(owner(condition("Accepted"), condition("Conflicted", "False"))).ready is True


@pytest.mark.parametrize(("status", "ready"), [("False", False), ("Unknown", None)])
def test_the_first_condition_that_is_not_true_decides(status: str, ready: bool | None) -> None:
    late = condition("Programmed", "False", reason="Pending", message="waiting")
    early = condition("Accepted", status, reason="InvalidParameters", message="image: is wrong")
    verdict = verdict_of(owner(late, early))
    assert verdict == Verdict(ready, "Accepted", "InvalidParameters", "image: is wrong")
    assert verdict.why == "InvalidParameters: image: is wrong"


def test_what_was_said_of_a_former_generation_says_nothing_of_this_one() -> None:
    verdict = verdict_of(owner(condition("Accepted", seen=1)))
    assert (verdict.ready, verdict.reason) == (None, "Outdated")


def test_objects_of_several_controllers_have_conditions_for_each() -> None:
    parents = [{"conditions": [condition("Accepted", "False", reason="NotSupported")]}]
    assert verdict_of({"metadata": {}, "status": {"parents": parents}}).why == "NotSupported"


def test_addresses_are_the_status_or_else_those_of_services() -> None:
    ingress = [{"ip": "192.0.2.1"}, {"hostname": "lb.example.com"}]
    service = {"status": {"loadBalancer": {"ingress": ingress}}}
    assert addresses_of(owner(), [service]) == ("192.0.2.1", "lb.example.com")
    said = owner(addresses=[{"type": "IPAddress", "value": "192.0.2.9"}])
    assert addresses_of(said, [service]) == ("192.0.2.9",)
    assert addresses_of(owner(), [{"status": {}}]) == ()
