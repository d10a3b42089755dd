"""What a gateway implementation says of a pool, and when a picker serves."""

from __future__ import annotations

from typing import Any

import pytest

from gwdeployer_inference import parents_with
from gwdeployer_inference.conditions import MAX_PARENTS, is_serving
from tests.inference.scenarios import pool

OURS = "example.com/ours"
NOW, BEFORE = "2026-01-02T00:00:00Z", "2026-01-01T00:00:00Z"
GATEWAY = {"name": "web"}


def stated(obj: dict[str, Any], *, there: bool = True) -> dict[str, tuple[str, str, str]]:
    [parent] = parents_with(obj, [GATEWAY], OURS, service_exists=there, now=NOW)
    return {
        one["type"]: (one["status"], one["reason"], one["lastTransitionTime"]) for one in parent["conditions"]
    }


@pytest.mark.parametrize(
    ("owner", "there", "status", "reason"),
    [
        (pool(), True, "True", "ResolvedRefs"),
        (pool(), False, "False", "InvalidExtensionRef"),
        (pool(ref={"name": "x", "kind": "Picker"}), True, "False", "InvalidExtensionRef"),
        (pool(ref={}), False, "True", "ResolvedRefs"),
    ],
)
def test_references_are_resolved_or_not(owner: dict[str, Any], there: bool, status: str, reason: str) -> None:
    found = stated(owner, there=there)
    assert found["ResolvedRefs"] == (status, reason, NOW)
    assert found["Accepted"] == ("True", "Accepted", NOW)


def test_a_condition_that_stays_keeps_its_time_and_one_that_turns_does_not() -> None:
    owner = pool()
    parents = parents_with(owner, [GATEWAY], OURS, service_exists=True, now=BEFORE)
    owner["status"] = {"parents": parents}
    found = stated(owner, there=False)
    assert found["Accepted"][2] == BEFORE
    assert found["ResolvedRefs"] == ("False", "InvalidExtensionRef", NOW)


def test_entries_of_others_stay_and_ours_for_gone_gateways_go() -> None:
    foreign = {"parentRef": GATEWAY, "controllerName": "example.com/other", "conditions": []}
    gone = {"parentRef": {"name": "gone"}, "controllerName": OURS, "conditions": []}
    owner = pool()
    owner["status"] = {"parents": [gone, foreign]}
    parents = parents_with(owner, [GATEWAY], OURS, service_exists=True, now=NOW)
    assert parents[0] == foreign
    assert [one["parentRef"] for one in parents] == [GATEWAY, GATEWAY]
    assert parents_with(owner, [], OURS, service_exists=True, now=NOW) == [foreign]


def test_there_are_never_more_entries_than_the_api_takes() -> None:
    gateways = [{"name": f"gateway-{number}"} for number in range(40)]
    assert len(parents_with(pool(), gateways, OURS, service_exists=True, now=NOW)) == MAX_PARENTS


@pytest.mark.parametrize(
    ("status", "serving"),
    [
        (None, False),
        ({"availableReplicas": 0, "replicas": 1}, False),
        ({"availableReplicas": 1, "replicas": 3}, True),
        (
            {
                "availableReplicas": 1,
                "conditions": [{"type": "Progressing", "reason": "ProgressDeadlineExceeded"}],
            },
            False,
        ),
    ],
)
def test_one_available_pod_is_a_serving_picker(status: dict[str, Any] | None, serving: bool) -> None:
    assert is_serving({"status": status} if status else None) is serving
