"""ListenerSets: whose listeners a Gateway serves besides its own (GEP-1713)."""

from __future__ import annotations

from typing import Any

import pytest

from gwdeployer import ParametersError
from tests.gateway.scenarios import (
    Outcome,
    gateway,
    gateway_class,
    listener,
    listener_set,
    namespace,
    planned,
    proxy,
)

REFUSED = (
    "ListenerSet {} spec.parentRef: Gateway shop/web does not allow listeners from this namespace: "
    "its ports are not served; see the Gateway's spec.allowedListeners"
)


def allowing(origin: str | None, *others: dict[str, Any], **selector: Any) -> Outcome:
    """Plan a Gateway whose ``allowedListeners`` name ``origin``, beside ListenerSets of two namespaces."""
    namespaces: dict[str, Any] = {} if origin is None else {"from": origin}
    if selector:
        namespaces["selector"] = selector
    sets = [
        listener_set(listener(8001), namespace="shop"),
        listener_set(listener(8002), namespace="till"),
    ]
    return proxy(others=[*sets, *others], allowedListeners={"namespaces": namespaces})


@pytest.mark.parametrize("allowed", [None, {}, {"namespaces": None}, {"namespaces": {"from": "None"}}])
def test_none_is_allowed_unless_the_gateway_says_so(allowed: Any) -> None:
    outcome = proxy(others=[listener_set(listener(8001))], allowedListeners=allowed)
    assert outcome.ports == [80]
    assert outcome.warnings == [REFUSED.format("shop/team")]


def test_all_namespaces_may_be_allowed() -> None:
    outcome = allowing("All")
    assert outcome.ports == [80, 8001, 8002]
    assert outcome.warnings == []


def test_the_gateways_own_namespace_may_be_allowed() -> None:
    outcome = allowing("Same")
    assert outcome.ports == [80, 8001]
    assert outcome.warnings == [REFUSED.format("till/team")]


def test_namespaces_may_be_allowed_by_their_labels() -> None:
    labelled = namespace("till", team="till")
    outcome = allowing("Selector", labelled, namespace("shop"), matchLabels={"team": "till"})
    assert outcome.ports == [80, 8002]
    assert outcome.warnings == [REFUSED.format("shop/team")]


def test_every_namespace_has_its_name_as_a_label_even_where_a_file_does_not_show_the_namespace() -> None:
    by_name = {"matchLabels": {"kubernetes.io/metadata.name": "till"}}
    assert allowing("Selector", **by_name).ports == [80, 8002]
    assert allowing("Selector", namespace("till"), **by_name).ports == [80, 8002]


@pytest.mark.parametrize(
    ("expression", "ports"),
    [
        ({"key": "team", "operator": "In", "values": ["till", "x"]}, [80, 8002]),
        ({"key": "team", "operator": "NotIn", "values": ["till"]}, [80, 8001]),
        ({"key": "team", "operator": "Exists"}, [80, 8002]),
        ({"key": "team", "operator": "DoesNotExist"}, [80, 8001]),
    ],
)
def test_namespaces_may_be_allowed_by_expressions(expression: dict[str, Any], ports: list[int]) -> None:
    outcome = allowing("Selector", namespace("till", team="till"), matchExpressions=[expression])
    assert outcome.ports == ports


def test_a_selector_that_is_missing_matches_nothing_and_an_empty_one_everything() -> None:
    assert allowing("Selector").ports == [80]
    everything = {"from": "Selector", "selector": {}}
    sets = [listener_set(listener(8001)), listener_set(listener(8002), namespace="till")]
    assert proxy(others=sets, allowedListeners={"namespaces": everything}).ports == [80, 8001, 8002]


@pytest.mark.parametrize(
    ("selector", "path"),
    [
        ("team=till", "selector"),
        ({"matchLabels": ["team"]}, "selector.matchLabels"),
        ({"matchLabels": {"team": 1}}, "selector.matchLabels.team"),
        ({"matchExpressions": {"key": "team"}}, "selector.matchExpressions"),
        ({"matchExpressions": ["team"]}, "selector.matchExpressions[0]"),
        (
            {"matchExpressions": [{"key": "a", "operator": "In", "values": 5}]},
            "selector.matchExpressions[0].values",
        ),
        ({"matchExpressions": [{"key": ["a"], "operator": "Exists"}]}, "selector.matchExpressions[0].key"),
    ],
)
def test_a_selector_of_a_wrong_shape_is_a_fault(selector: Any, path: str) -> None:
    with pytest.raises(ParametersError) as caught:
        proxy(
            others=[listener_set(listener(8001))],
            allowedListeners={"namespaces": {"from": "Selector", "selector": selector}},
        )
    assert [fault.path for fault in caught.value.faults] == [f"spec.allowedListeners.namespaces.{path}"]


def test_listener_sets_of_other_gateways_do_not_count() -> None:
    strangers = [
        {"name": "other", "namespace": "shop"},
        {"name": "web", "namespace": "other"},
        {"name": "web", "namespace": "shop", "kind": "Service", "group": ""},
        {"name": "web", "namespace": "shop", "kind": "Mesh"},
        {"name": "web", "namespace": "shop", "group": "example.com"},
        {"name": "web", "namespace": "shop", "group": ""},  # Kubernetes' core group, not "unset"
    ]
    sets = [listener_set(listener(8001), name=f"s{i}", parent=parent) for i, parent in enumerate(strangers)]
    outcome = proxy(others=sets, allowedListeners={"namespaces": {"from": "All"}})
    assert outcome.ports == [80]
    assert outcome.warnings == []


@pytest.mark.parametrize(
    "parent",
    [
        {"name": "web"},
        {"name": "web", "namespace": None, "group": None, "kind": None},
        {"name": "web", "namespace": "shop", "kind": "Gateway", "group": "gateway.networking.k8s.io"},
    ],
)
def test_a_parent_is_a_gateway_of_the_same_namespace_unless_it_says_otherwise(parent: Any) -> None:
    outcome = proxy(
        others=[listener_set(listener(8001), parent=parent)],
        allowedListeners={"namespaces": {"from": "Same"}},
    )
    assert outcome.ports == [80, 8001]


def test_objects_without_a_namespace_are_in_default() -> None:
    theirs = listener_set(listener(8001), parent={"name": "web"})
    mine = gateway(allowedListeners={"namespaces": {"from": "Same"}})
    del theirs["metadata"]["namespace"], mine["metadata"]["namespace"]
    assert planned(mine, gateway_class(), theirs).ports == [80, 8001]


@pytest.mark.parametrize(
    "parent",
    [
        "web",
        ["web"],
        7,
        {},
        {"name": ["web"]},
        {"name": {"a": 1}, "namespace": "shop"},
        {"name": "web", "namespace": ["shop"]},
        {"name": "web", "kind": ["Gateway"], "group": {"a": []}},
    ],
)
def test_a_parent_of_a_wrong_shape_is_nobodys_and_harms_nobody(parent: Any) -> None:
    outcome = proxy(
        others=[listener_set(listener(8001), parent=parent)],
        allowedListeners={"namespaces": {"from": "All"}},
    )
    assert outcome.ports == [80]


@pytest.mark.parametrize("spec", [None, [], "text", 7])
def test_a_listener_set_without_a_sound_spec_is_nobodys(spec: Any) -> None:
    broken = {**listener_set(), "spec": spec}
    assert proxy(others=[broken], allowedListeners={"namespaces": {"from": "All"}}).ports == [80]


def test_port_0_of_a_listener_set_is_the_protocols_own() -> None:
    theirs = listener_set(listener(0, "HTTPS"), listener(None, "HTTP"))
    assert proxy(others=[theirs], allowedListeners={"namespaces": {"from": "All"}}).ports == [80, 443]


def test_a_reserved_port_of_a_listener_set_is_told_of_the_listener_set() -> None:
    outcome = proxy(others=[listener_set(listener(9091))], allowedListeners={"namespaces": {"from": "All"}})
    assert outcome.ports == [80]
    assert outcome.warnings == [
        "ListenerSet shop/team spec.listeners[0].port: port 9091 is the proxy's own (metrics): "
        "the listener is not served; choose another port"
    ]


def test_the_faults_of_a_listener_set_are_warnings_of_the_gateway() -> None:
    """It is somebody else's object, so it must not take the Gateway down."""
    broken = listener_set({"name": "x", "protocol": "HTTP", "port": 70000})
    sound = listener_set(listener(8001), name="zoo")
    outcome = proxy(others=[broken, sound], allowedListeners={"namespaces": {"from": "All"}})
    assert outcome.ports == [80, 8001]
    assert outcome.warnings == [
        "ListenerSet shop/team spec.listeners[0].port: must be at most 65535, is 70000"
    ]


def test_a_namespace_of_a_wrong_shape_has_no_labels() -> None:
    odd = {**namespace("till"), "metadata": {"name": "till", "labels": ["team"]}}
    assert allowing("Selector", odd, matchLabels={"team": "till"}).ports == [80]


def test_a_gateway_without_listeners_of_its_own_serves_those_of_its_sets() -> None:
    outcome = proxy(
        listeners=None,
        others=[listener_set(listener(8001))],
        allowedListeners={"namespaces": {"from": "Same"}},
    )
    assert outcome.ports == [8001]
