"""What a gateway implementation says of a pool, and when a picker serves."""

from __future__ import annotations

from typing import Any

import pytest

from gwdeployer.objects import Object
from gwdeployer_inference import Serving, parents_with
from gwdeployer_inference.conditions import MAX_PARENTS, is_serving
from tests.inference.numbers import case
from tests.inference.scenarios import pool, service

OURS = "example.com/ours"
NOW, BEFORE = "2026-01-02T00:00:00Z", "2026-01-01T00:00:00Z"
WEB = Serving("ml", "web")
REFERENCE = {"group": "gateway.networking.k8s.io", "kind": "Gateway", "namespace": "ml", "name": "web"}


def picker(port: int = 9002, **spec: Any) -> Object:
    return {**service(), "spec": {"ports": [{"port": 9090}, {"port": port}], **spec}}


def parents(
    owner: Object,
    *gateways: Serving,
    there: Object | None = None,
    managed: bool = True,
    now: str = NOW,
) -> list[dict[str, Any]]:
    return parents_with(owner, gateways, OURS, service=there, managed=managed, now=now)


def stated(owner: Object, gateway: Serving = WEB, **given: Any) -> dict[str, tuple[str, str, str]]:
    *_, parent = parents(owner, gateway, **given)
    return {
        one["type"]: (one["status"], one["reason"], one["lastTransitionTime"]) for one in parent["conditions"]
    }


@pytest.mark.parametrize(
    ("owner", "there", "status", "reason"),
    [
        (pool(), picker(), "True", "ResolvedRefs"),
        (pool(), None, "False", "InvalidExtensionRef"),
        (pool(), picker(port=9003), "False", "InvalidExtensionRef"),
        (pool(), picker(type="ExternalName"), "False", "InvalidExtensionRef"),
        (pool(ref={"name": "x", "kind": "Picker"}), picker(), "False", "InvalidExtensionRef"),
        (pool(ref={}), None, "True", "ResolvedRefs"),
    ],
)
def test_references_are_resolved_or_not(
    owner: Object, there: Object | None, status: str, reason: str
) -> None:
    found = stated(owner, there=there)
    assert found["ResolvedRefs"] == (status, reason, NOW)
    assert found["Accepted"] == ("True", "Accepted", NOW)


@pytest.mark.parametrize(
    ("owner", "gateway", "managed", "reason"),
    [
        (pool(), WEB, False, "Accepted"),
        (pool(ref={}), WEB, True, "Accepted"),
        (pool(ref={}), WEB, False, "EndpointPickerRefMissing"),
        (pool(), WEB._replace(accepted=False), True, "HTTPRouteNotAccepted"),
    ],
)
def test_a_pool_is_accepted_or_not(owner: Object, gateway: Serving, managed: bool, reason: str) -> None:
    status = "True" if reason == "Accepted" else "False"
    assert stated(owner, gateway, managed=managed)["Accepted"] == (status, reason, NOW)


def test_a_condition_that_stays_keeps_its_time_and_one_that_turns_does_not() -> None:
    owner = pool()
    owner["status"] = {"parents": parents(owner, WEB, there=picker(), now=BEFORE)}
    found = stated(owner)
    assert found["Accepted"][2] == BEFORE
    assert found["ResolvedRefs"] == ("False", "InvalidExtensionRef", NOW)


def test_conditions_of_a_later_generation_stay() -> None:
    owner = pool()
    owner["metadata"]["generation"] = 2
    owner["status"] = {"parents": parents(owner, WEB, now=BEFORE)}
    owner["metadata"]["generation"] = 1
    assert parents(owner, WEB, there=picker()) == owner["status"]["parents"]


def test_entries_of_others_stay_and_ours_for_gone_gateways_go() -> None:
    foreign = {"parentRef": REFERENCE, "controllerName": "example.com/other", "conditions": []}
    gone = {"parentRef": {"name": "gone"}, "controllerName": OURS, "conditions": []}
    owner = pool()
    owner["status"] = {"parents": [gone, foreign]}
    found = parents(owner, WEB)
    assert found[0] == foreign
    assert [one["parentRef"] for one in found] == [REFERENCE, REFERENCE]
    assert parents(owner) == [foreign]


def test_there_are_never_more_entries_than_the_api_takes() -> None:
    assert len(parents(pool(), *(Serving("ml", f"gateway-{number}") for number in range(40)))) == MAX_PARENTS


@case(20)
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
