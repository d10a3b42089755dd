"""Why has my pool no picker that answers?"""

from __future__ import annotations

from typing import Any

import pytest

from gwdeployer import MemoryStore
from gwdeployer.objects import Object
from gwdeployer.plugins import configure
from gwdeployer_inference import InferencePlugin
from tests.inference.gateways import route
from tests.inference.scenarios import namespace, pool, service


def diagnosed(owner: Object, *others: Object, **inputs: Any) -> list[str]:
    [plugin] = configure([InferencePlugin], {"inference": inputs})
    return list(map(str, plugin.diagnose(owner, MemoryStore([owner, *others]))))


def deployment(available: int = 1, *conditions: dict[str, str]) -> Object:
    metadata = {"name": "qwen-epp", "namespace": "ml"}
    status = {"availableReplicas": available, "conditions": list(conditions)}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": metadata, "status": status}


NOT_OURS = "InferencePool ml/qwen: has no endpoint picker of ours: "
OUT = {"gwdeployer.dev/managed": "false"}


@pytest.mark.parametrize(
    ("owner", "others", "inputs", "reason", "hint"),
    [
        (pool(), [], {"manage": "none"}, "inputs say inference.manage: none", "set inference.manage"),
        (pool(annotations=OUT), [], {}, 'marked gwdeployer.dev/managed: "false"', "mark the pool"),
        (pool(annotations={}), [], {}, "nobody has asked for its endpoint picker", "mark the pool"),
        (pool(annotations={}), [namespace(managed="false")], {}, "marked", "mark the pool"),
        (pool(ref={"name": "x", "kind": "Picker"}), [], {}, "names a Picker", "refer to a Service"),
        (pool(), [service()], {}, "is somebody else's", "gwdeployer.dev/adopt: Service/qwen-epp"),
        (pool(), [route(rules=[])], {"deployWhen": "referenced"}, "no route of a Gateway", "ReferenceGrant"),
    ],
)
def test_a_pool_that_is_left_alone_is_told_why_and_what_to_do(
    owner: Object, others: list[Object], inputs: dict[str, str], reason: str, hint: str
) -> None:
    [line] = diagnosed(owner, *others, **inputs)
    assert line.startswith(NOT_OURS)
    assert reason in line
    assert hint in line.partition("; ")[2]


def test_a_pool_with_a_picker_that_answers_has_nothing() -> None:
    assert diagnosed(pool(), deployment()) == []


def test_a_picker_that_is_not_there_yet_is_missed() -> None:
    [line] = diagnosed(pool())
    assert line.startswith(
        "InferencePool ml/qwen: its endpoint picker, Deployment qwen-epp, is not there yet; "
    )


def test_a_picker_without_available_replica_says_what_its_deployment_says() -> None:
    quota = {"type": "ReplicaFailure", "status": "True", "message": "exceeded quota"}
    healthy = {"type": "Progressing", "status": "True", "message": "all is well"}
    [line] = diagnosed(pool(), deployment(0, healthy, quota))
    assert "Deployment ml/qwen-epp: no replica of its endpoint picker is available (exceeded quota); " in line
    assert "kubectl describe pods --namespace ml -l app.kubernetes.io/instance=qwen-epp" in line


@pytest.mark.parametrize(("inputs", "found"), [({}, 1), ({"wireRef": True}, 0)])
def test_a_pool_without_reference_is_not_found_by_most_gateways(inputs: dict[str, bool], found: int) -> None:
    lines = diagnosed(pool(ref={}), deployment(), **inputs)
    assert len(lines) == found
    assert all("refer to Service qwen-epp, port 9002, or set inference.wireRef" in line for line in lines)


def test_what_keeps_a_pool_from_being_planned_is_not_said_twice() -> None:
    assert diagnosed(pool(annotations={"gwdeployer.dev/managed": "perhaps"})) == []
