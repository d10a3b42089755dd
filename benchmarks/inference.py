"""Plans for inference pools, as a fleet of one shape."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import cycle

from gwdeployer import MemoryStore, Object, Plan
from gwdeployer.deployer import Deployer
from gwdeployer.plugins import configure
from gwdeployer_inference import INFERENCE_POOL, InferencePlugin


def pools(count: int) -> Iterator[Object]:
    """Pools of one shape, whose pickers are asked for: different names."""
    for number in range(count):
        name = f"pool-{number}"
        yield {
            "apiVersion": INFERENCE_POOL.api_version,
            "kind": INFERENCE_POOL.kind,
            "metadata": {
                "name": name,
                "namespace": "default",
                "uid": f"uid-{number}",
                "annotations": {"gwdeployer.dev/managed": "true"},
            },
            "spec": {
                "selector": {"matchLabels": {"app": name}},
                "targetPorts": [{"number": 8000}],
                "endpointPickerRef": {"name": f"{name}-epp", "port": {"number": 9002}},
            },
        }


def planner(count: int) -> Callable[[], Plan]:
    """Return what plans the next of ``count`` pools; each has been planned once before."""
    fleet = list(pools(count))
    store = MemoryStore(fleet)
    [plugin] = configure([InferencePlugin])
    deployer = plugin.route(fleet[0], store)
    if not isinstance(deployer, Deployer):
        raise TypeError(deployer.reason)
    rounds = cycle(fleet)

    def plan_next() -> Plan:
        owner = next(rounds)
        deployer.forget(owner)
        return deployer.plan(owner, store)

    for _ in fleet:
        plan_next()
    return plan_next
