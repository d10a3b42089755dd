"""Defaults, class and Gateway: whose word holds in what is deployed."""

from __future__ import annotations

from typing import Any

import pytest

from tests.gateway.scenarios import WAYPOINT_CLASS, gateway, gateway_class, parameters, planned, proxy, ref

SECURITY_CONTEXT = {
    "allowPrivilegeEscalation": False,
    "capabilities": {"drop": ["ALL"]},
    "readOnlyRootFilesystem": True,
    "runAsNonRoot": True,
    "runAsUser": 10101,
}


def test_without_parameters_the_defaults_hold() -> None:
    outcome = proxy()
    assert outcome.service["spec"]["type"] == "LoadBalancer"
    assert "replicas" not in outcome.deployment["spec"]
    assert "strategy" not in outcome.deployment["spec"]
    assert outcome.pod["terminationGracePeriodSeconds"] == 60
    assert outcome.proxy["image"] == "cr.kgateway.dev/envoy-wrapper:v2.3.0"
    assert outcome.proxy["securityContext"] == SECURITY_CONTEXT
    assert outcome.proxy["args"][-2:] == ["--log-level", "info"]
    assert "resources" not in outcome.proxy
    assert outcome.warnings == []


def test_the_gateway_wins_over_its_class_and_the_class_over_the_defaults() -> None:
    class_kube = {"deployment": {"replicas": 2}, "service": {"type": "NodePort"}}
    outcome = proxy(class_kube=class_kube, kube={"deployment": {"replicas": 3}})
    assert outcome.deployment["spec"]["replicas"] == 3
    assert outcome.service["spec"]["type"] == "NodePort"
    assert proxy(class_kube=class_kube).deployment["spec"]["replicas"] == 2


@pytest.mark.parametrize("empty", [{}, None, {"deployment": None}, {"deployment": {"replicas": None}}])
def test_what_a_layer_leaves_out_or_nulls_is_inherited(empty: Any) -> None:
    outcome = proxy(class_kube={"deployment": {"replicas": 2}}, kube=empty if empty is not None else {})
    assert outcome.deployment["spec"]["replicas"] == 2


def test_replicas_may_be_zero() -> None:
    outcome = proxy(class_kube={"deployment": {"replicas": 2}}, kube={"deployment": {"replicas": 0}})
    assert outcome.deployment["spec"]["replicas"] == 0


def test_strategy_is_passed_on() -> None:
    strategy = {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": "25%", "maxUnavailable": 0}}
    assert proxy(kube={"deployment": {"strategy": strategy}}).deployment["spec"]["strategy"] == strategy


SELF_MANAGED: dict[str, Any] = {"selfManaged": {}}
KUBE: dict[str, Any] = {"kube": {}}


@pytest.mark.parametrize(
    ("of_class", "own"),
    [(SELF_MANAGED, None), (None, SELF_MANAGED), (SELF_MANAGED, KUBE), (KUBE, SELF_MANAGED)],
)
def test_self_managed_on_either_level_deploys_nothing_and_cleans_up(of_class: Any, own: Any) -> None:
    infrastructure = {"parametersRef": ref()} if own else None
    objects = [gateway_class(parameters=of_class is not None)]
    objects += [parameters(of_class, name="for-class", namespace="platform")] if of_class else []
    objects += [parameters(own)] if own else []
    outcome = planned(gateway(infrastructure=infrastructure), *objects)
    assert outcome.skip.reason == "its parameters say selfManaged: somebody else deploys the proxy"
    assert outcome.skip.cleanup
    assert outcome.plan.objects == ()
    assert {kind.kind for kind in outcome.plan.kinds} >= {"Deployment", "Service"}


OMIT = {"omitDefaultSecurityContext": True}


@pytest.mark.parametrize(("of_class", "own"), [(OMIT, None), (None, OMIT), (OMIT, {}), ({}, OMIT)])
def test_the_default_security_context_may_be_omitted_on_either_level(of_class: Any, own: Any) -> None:
    outcome = proxy(class_kube=of_class, kube=own)
    assert "securityContext" not in outcome.proxy
    assert "securityContext" not in outcome.pod  # nor the sysctl, though port 80 is served


def test_what_users_say_of_security_contexts_survives_omitting_the_default() -> None:
    said = {
        "envoyContainer": {"securityContext": {"runAsUser": 7}},
        "podTemplate": {"securityContext": {"fsGroup": 8}},
    }
    outcome = proxy(class_kube=said, kube=OMIT)
    assert outcome.proxy["securityContext"] == {"runAsUser": 7}
    assert outcome.pod["securityContext"] == {"fsGroup": 8}


def test_a_security_context_merges_over_the_default() -> None:
    context = {"runAsUser": 7, "capabilities": {"add": ["NET_BIND_SERVICE"], "drop": ["ALL"]}}
    outcome = proxy(kube={"envoyContainer": {"securityContext": context}})
    expected = {**SECURITY_CONTEXT, **context}
    assert outcome.proxy["securityContext"] == expected


def test_waypoint_defaults_hold_for_the_waypoint_class_and_layers_win_over_them() -> None:
    outcome = proxy(class_name=WAYPOINT_CLASS)
    assert outcome.service["spec"]["type"] == "ClusterIP"
    assert outcome.ports == [80, 15008]
    outcome = proxy(class_name=WAYPOINT_CLASS, kube={"service": {"type": "NodePort", "ports": [{"port": 9}]}})
    assert outcome.service["spec"]["type"] == "NodePort"
    assert outcome.ports == [80, 15008, 9]


def test_the_inputs_say_which_class_is_for_waypoints() -> None:
    assert proxy(class_name="wp", inputs={"waypointGatewayClassName": "wp"}).ports == [80, 15008]
    assert proxy(class_name=WAYPOINT_CLASS, inputs={"waypointGatewayClassName": "wp"}).ports == [80]


def image(**parts: Any) -> dict[str, Any]:
    return {"envoyContainer": {"image": parts}}


REPOSITORY = "cr.kgateway.dev/envoy-wrapper"


@pytest.mark.parametrize(
    ("class_kube", "kube", "expected"),
    [
        (None, image(registry="r.example.com"), "r.example.com/envoy-wrapper:v2.3.0"),
        (None, image(registry=""), "envoy-wrapper:v2.3.0"),
        (None, image(repository="mine"), "cr.kgateway.dev/mine:v2.3.0"),
        (None, image(tag="1.0"), f"{REPOSITORY}:1.0"),
        (None, image(tag=""), REPOSITORY),
        (None, image(digest="sha256:ab"), f"{REPOSITORY}@sha256:ab"),
        (None, image(tag="1.0", digest="sha256:ab"), f"{REPOSITORY}:1.0@sha256:ab"),
        (image(digest="sha256:ab"), image(tag="1.0"), f"{REPOSITORY}:1.0"),
        (image(tag="1.0"), image(digest="sha256:ab"), f"{REPOSITORY}@sha256:ab"),
        (image(tag="1.0"), image(registry="r"), "r/envoy-wrapper:1.0"),
    ],
)
def test_image_parts_and_the_rivals_tag_and_digest(class_kube: Any, kube: Any, expected: str) -> None:
    assert proxy(class_kube=class_kube, kube=kube).proxy["image"] == expected


def test_the_inputs_image_is_the_default() -> None:
    inputs = {"image": {"registry": "r", "repository": "e", "tag": "1", "pullPolicy": "Always"}}
    container = proxy(inputs=inputs).proxy
    assert (container["image"], container["imagePullPolicy"]) == ("r/e:1", "Always")
    digest = {"image": {**inputs["image"], "digest": "sha256:ab"}}
    assert proxy(inputs=digest).proxy["image"] == "r/e:1@sha256:ab"


def test_the_pull_policy_is_left_out_unless_said() -> None:
    assert "imagePullPolicy" not in proxy().proxy
    assert proxy(kube=image(pullPolicy="Never")).proxy["imagePullPolicy"] == "Never"
