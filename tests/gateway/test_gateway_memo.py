"""What a Gateway's plan depends on: exactly the objects it read, whoever else's they are."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from types import MappingProxyType
from typing import Any

import pytest

from gwdeployer import Deployer, MemoryStore
from gwdeployer.plugins import configure
from gwdeployer_gateway.plugin import GatewayPlugin
from tests.gateway.scenarios import (
    gateway,
    gateway_class,
    listener,
    listener_set,
    namespace,
    parameters,
    planned,
    ref,
)

SELECTOR = {"from": "Selector", "selector": {"matchLabels": {"team": "till"}}}
KUBE = {"kube": {"deployment": {"replicas": 2}}}


def scene() -> tuple[Deployer, dict[str, Any], MemoryStore]:
    owner = gateway(allowedListeners={"namespaces": SELECTOR}, infrastructure={"parametersRef": ref()})
    store = MemoryStore(
        [
            gateway_class(parameters=True),
            parameters(KUBE),
            parameters(KUBE, name="for-class", namespace="platform"),
            listener_set(listener(8001), namespace="till"),
            namespace("till", team="till"),
        ]
    )
    [plugin] = configure([GatewayPlugin])
    deployer = plugin.route(owner, store)
    assert isinstance(deployer, Deployer)
    return deployer, owner, store


MATTERS: dict[str, dict[str, Any]] = {
    "its class": gateway_class(parameters=True),
    "its parameters": parameters(KUBE),
    "its class's parameters": parameters(KUBE, name="for-class", namespace="platform"),
    "a ListenerSet of its": listener_set(listener(8001), namespace="till"),
    "another ListenerSet of its": listener_set(listener(8002), namespace="shop"),
    "the namespace of a ListenerSet": namespace("till", team="bank"),
}
MATTERS_NOT: dict[str, dict[str, Any]] = {
    "another class": gateway_class("another"),
    "other parameters": parameters(KUBE, name="other"),
    "parameters of the name elsewhere": parameters(KUBE, namespace="other"),
    "a ListenerSet of another Gateway": listener_set(name="x", parent={"name": "other"}),
    "another namespace": namespace("other"),
    "another Gateway": gateway("other"),
}


@pytest.mark.parametrize("changed", MATTERS.values(), ids=MATTERS)
def test_what_was_read_makes_a_new_plan_when_it_changes(changed: dict[str, Any]) -> None:
    deployer, owner, store = scene()
    before = deployer.plan(owner, store)
    store.add(changed)
    assert deployer.plan(owner, store) is not before


@pytest.mark.parametrize("changed", MATTERS_NOT.values(), ids=MATTERS_NOT)
def test_nothing_else_does(changed: dict[str, Any]) -> None:
    deployer, owner, store = scene()
    before = deployer.plan(owner, store)
    store.add(changed)
    assert deployer.plan(owner, store) is before


def test_a_namespace_that_loses_its_label_takes_its_ports_along() -> None:
    deployer, owner, store = scene()

    def ports() -> list[int]:
        [service] = [obj for obj in deployer.plan(owner, store).objects if obj["kind"] == "Service"]
        return [port["port"] for port in service["spec"]["ports"]]

    assert ports() == [80, 8001]
    store.add(namespace("till", team="bank"))
    assert ports() == [80]
    store.remove(namespace("till"))
    assert ports() == [80]


def test_read_only_views_are_planned_as_their_contents() -> None:
    owner = gateway(listeners=[listener(80), listener(53, "UDP")])
    view: Any = MappingProxyType(owner)
    assert planned(view, gateway_class()).plan.digest == planned(owner, gateway_class()).plan.digest


def frozen(value: Any) -> Any:
    if isinstance(value, dict):
        return MappingProxyType({key: frozen(item) for key, item in value.items()})
    return value


def test_read_only_views_all_the_way_down_are_planned_as_their_contents() -> None:
    owner = gateway(infrastructure={"labels": {"a": "b"}})
    assert planned(frozen(owner), gateway_class()).plan.digest == planned(owner, gateway_class()).plan.digest


def test_many_threads_plan_gateways_that_share_parameters() -> None:
    deployer, _, store = scene()
    owners = [
        gateway(f"g{i}", infrastructure={"parametersRef": ref()}, listeners=[listener(8000 + i)])
        for i in range(40)
    ]
    plan: Callable[[dict[str, Any]], str] = lambda owner: deployer.plan(owner, store).digest  # noqa: E731
    expected = [plan(owner) for owner in owners]
    deployer.close()
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(plan, owners * 5)) == expected * 5
