"""Does a workload serve?"""

from __future__ import annotations

from typing import Any

import pytest

from gwdeployer.cluster.availability import is_available, is_workload
from gwdeployer.objects import KindRef, Object
from tests.cluster_unit.fake import CONFIG_MAP, DAEMON_SET, DEPLOYMENT, thing

STATEFUL_SET = KindRef("apps", "v1", "StatefulSet")


def workload(kind: KindRef, status: Any, generation: int = 1, **spec: Any) -> Object:
    obj = thing(
        kind, spec=spec, **({} if status is None else {"status": {"observedGeneration": 1, **status}})
    )
    obj["metadata"]["generation"] = generation
    return obj


@pytest.mark.parametrize(
    ("live", "serves"),
    [
        (None, False),
        (workload(DEPLOYMENT, None, replicas=1), False),
        (workload(DEPLOYMENT, {}, replicas=1), False),
        (workload(DEPLOYMENT, {"availableReplicas": 1}, replicas=2), False),
        (workload(DEPLOYMENT, {"availableReplicas": 2}, replicas=2), True),
        (workload(DEPLOYMENT, {"availableReplicas": 3}, replicas=2), True),
        (workload(DEPLOYMENT, {"availableReplicas": 1}), True),
        (workload(DEPLOYMENT, {}, replicas=0), True),
        (workload(DEPLOYMENT, {"availableReplicas": 2}, generation=2, replicas=2), False),
        (workload(STATEFUL_SET, {"availableReplicas": 1}, replicas=1), True),
        (workload(DAEMON_SET, {"desiredNumberScheduled": 0}), False),
        (workload(DAEMON_SET, {"desiredNumberScheduled": 2, "numberAvailable": 1}), False),
        (workload(DAEMON_SET, {"desiredNumberScheduled": 2, "numberAvailable": 2}), True),
    ],
)
def test_a_workload_serves_with_all_the_pods_it_wants(live: Object | None, serves: bool) -> None:
    assert is_available(live) is serves


def test_workloads_are_what_runs_pods_that_serve() -> None:
    assert [is_workload(thing(kind)) for kind in (DEPLOYMENT, DAEMON_SET, STATEFUL_SET)] == [True] * 3
    assert not is_workload(thing(CONFIG_MAP))
