"""Pools under a controller: what makes it look again, and what it says."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from gwdeployer.cluster import Cluster
from gwdeployer.controller import Scope
from gwdeployer.objects import Object, ObjectRef
from gwdeployer.plugins import configure
from gwdeployer_inference import ENDPOINT_PICKER_PARAMETERS, INFERENCE_POOL, InferencePlugin
from gwdeployer_inference.kinds import GATEWAY, REFERENCE_GRANT, ROUTES
from tests.controller.running import Running
from tests.inference.gateways import backend, gateway, gateway_class, grant, route
from tests.inference.numbers import case
from tests.inference.scenarios import NAMESPACE, parameters, pool
from tests.inference.world import BINDING, DEPLOYMENT, given, named
from tests.servers.servers import Server


class Pools(Running):
    """A running controller of pools, in a namespace and a second one, with names that nobody else has."""

    def __init__(self, server: Server, **inputs: Any) -> None:
        namespace, self.other = server.namespace(), server.namespace()
        self.controller_name = f"example.com/{namespace}"

        def parts(cluster: Cluster) -> list[Any]:
            data = {"controllerName": self.controller_name, "inference": inputs}
            return configure([InferencePlugin], data, cluster=cluster)

        super().__init__(server, parts, namespace, scope=Scope({namespace, self.other}))

    def put_here(self, obj: Object) -> Object:
        """Put what was made for the namespace of scenarios into ours."""
        metadata = obj["metadata"]
        if metadata.get("namespace") == NAMESPACE:
            metadata["namespace"] = self.namespace
        metadata.pop("uid", None)
        if not metadata.get("namespace"):
            return self.direct.apply(obj, manager="somebody", force=True)
        return self.put(obj)

    def is_deployed(self) -> bool:
        return self.live(DEPLOYMENT, "qwen-epp") is not None

    def parents(self) -> dict[str, str]:
        """Return the reasons of the conditions of our entry."""
        status = (self.live(INFERENCE_POOL, "qwen") or {}).get("status") or {}
        ours = [
            one for one in status.get("parents") or () if one.get("controllerName") == self.controller_name
        ]
        return {one["type"]: one["reason"] for entry in ours for one in entry["conditions"]}


Run = Callable[..., Pools]


@pytest.fixture
def run(routes: Server) -> Iterator[Run]:
    with ExitStack() as stack:
        yield lambda **inputs: stack.enter_context(Pools(routes, **inputs))


@case(1)
@case(19)
def test_a_picker_comes_and_goes_with_its_pool(run: Run) -> None:
    pools = run()
    binding = ObjectRef(BINDING, "", f"{pools.namespace}:qwen-epp")
    pools.put_here(given(metrics={"authentication": True}))
    pools.put_here(named())
    pools.until("it is deployed", pools.is_deployed)
    pools.until("its readers can be authenticated", lambda: pools.direct.get(*binding) is not None)
    pools.delete(INFERENCE_POOL, "qwen")
    pools.until("the pool is gone", lambda: pools.live(INFERENCE_POOL, "qwen") is None)
    assert pools.direct.get(*binding) is None


@case(20)
def test_at_rest_nothing_is_written(run: Run) -> None:
    pools = run()
    pools.put_here(pool())
    pools.until("it is deployed", pools.is_deployed)
    pools.at_rest()
    before = len(pools.writes())
    pools.put_here({**pool(), "metadata": {**pool()["metadata"], "labels": {"touched": "yes"}}})
    pools.at_rest()
    assert len(pools.writes()) == before


@case(20)
def test_a_picker_follows_routes_and_grants(run: Run) -> None:
    pools = run(deployWhen="referenced")
    pools.put_here(pool())
    elsewhere = [{"backendRefs": [backend(namespace=pools.namespace)]}]
    pools.put(route(namespace=pools.other, rules=elsewhere))
    pools.at_rest()
    assert not pools.is_deployed()
    pools.put_here(grant(source={"namespace": pools.other}))
    pools.until("the grant counts", pools.is_deployed)
    pools.put_here(route())
    pools.at_rest()
    pools.delete(REFERENCE_GRANT, "grant")
    pools.at_rest()
    assert pools.is_deployed()
    pools.delete(ROUTES[0], "qwen")
    pools.until("the last route is gone", lambda: not pools.is_deployed())


def test_a_pool_says_who_serves_it(run: Run) -> None:
    pools = run(mode="gateway")
    name = pools.namespace
    pools.put_here(gateway_class(name, pools.controller_name))
    pools.put_here(pool())
    pools.put_here(gateway(gatewayClassName=name))
    pools.at_rest()
    assert pools.parents() == {}
    pools.put_here(route())
    fine = {"Accepted": "Accepted", "ResolvedRefs": "ResolvedRefs"}
    pools.until("it is served", lambda: pools.parents() == fine)
    refused = {"type": "Accepted", "status": "False", "reason": "NotAllowedByListeners", "message": ""}
    refused |= {"lastTransitionTime": "2026-01-01T00:00:00Z"}
    entry = {"parentRef": {"name": "web"}, "controllerName": pools.controller_name, "conditions": [refused]}
    replaced = {"op": "add", "path": "/status", "value": {"parents": [entry]}}
    pools.patch(ROUTES[0], "qwen", replaced, subresource="status")
    pools.until("no route is taken", lambda: pools.parents() == fine | {"Accepted": "HTTPRouteNotAccepted"})
    pools.delete(GATEWAY, "web")
    pools.until("nobody serves it", lambda: pools.parents() == {})


def test_parameters_say_who_uses_them(run: Run) -> None:
    pools = run()

    def said() -> tuple[str, list[str]]:
        status = (pools.live(ENDPOINT_PICKER_PARAMETERS, "given") or {}).get("status") or {}
        return "".join(one["status"] for one in status.get("conditions", ())), status.get("usedBy", [])

    pools.put_here(parameters("given", replicas=2))
    pools.until("nobody uses them", lambda: said() == ("True", []))
    pools.put_here(named())
    pools.until("a pool uses them", lambda: said() == ("True", [f"InferencePool {pools.namespace}/qwen"]))
    pools.delete(INFERENCE_POOL, "qwen")
    pools.until("nobody does again", lambda: said() == ("True", []))


@case(5)
def test_a_pool_without_reference_is_given_one_and_then_left_in_peace(run: Run) -> None:
    pools = run(wireRef=True)
    pools.put_here(pool(ref={}))

    def ref() -> Any:
        return (pools.live(INFERENCE_POOL, "qwen") or {})["spec"].get("endpointPickerRef", {}).get("name")

    pools.until("it has one", lambda: ref() == "qwen-epp")
    pools.at_rest()
    assert [str(sent) for sent in pools.writes() if sent.kind == "InferencePool"] == [
        "apply InferencePool qwen"
    ]
    pools.put_here(pool(ref={}, annotations={"gwdeployer.dev/managed": "false"}))
    pools.until("it is taken back", lambda: ref() is None)
    assert not pools.is_deployed()
