"""GatewayParameters: what is legal, what is refused and how that is told, and what holds by default."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import BaseModel, ValidationError

import gwdeployer_gateway.parameters as public
from gwdeployer.errors import ParametersError
from gwdeployer.parameters import Layer, merge_layers, read_layer
from gwdeployer_gateway.defaults import default_parameters
from gwdeployer_gateway.parameters import GatewayParameters, GatewayParametersSpec

GLOBAL = "envoy.resource_monitors.global_downstream_max_connections"
HEAP = "envoy.resource_monitors.fixed_heap"


def parameters(spec: Any) -> dict[str, Any]:
    metadata = {"namespace": "default", "name": "gw"}
    return {
        "apiVersion": "gateway.kgateway.dev/v1alpha1",
        "kind": "GatewayParameters",
        "metadata": metadata,
        "spec": spec,
    }


def kube(path: str, value: Any) -> dict[str, Any]:
    for name in reversed(path.split(".")):
        value = {name: value}
    return {"kube": value}


def monitor(name: str = HEAP) -> dict[str, Any]:
    return {"name": name, "typedConfig": {"@type": "type.googleapis.com/a.B", "limit": None}}


def overload(**manager: Any) -> dict[str, Any]:
    return kube("envoyContainer.bootstrap.overloadManager", manager)


def action(*triggers: Any, monitors: tuple[str, ...] = (HEAP,)) -> dict[str, Any]:
    actions = [{"name": "envoy.overload_actions.stop_accepting_requests", "triggers": list(triggers)}]
    return overload(resourceMonitors=[monitor(name) for name in monitors], actions=actions)


def trigger(name: str = HEAP, **when: Any) -> dict[str, Any]:
    return {"name": name, **(when or {"threshold": {"value": 0.9}})}


BOOTSTRAP = "spec.kube.envoyContainer.bootstrap"
MANAGER = f"{BOOTSTRAP}.overloadManager"
TRIGGER = f"{MANAGER}.actions[0].triggers[0]"
HASH = "sha256:0123456789abcdef"

REFUSED = [
    ({}, "spec", "exactly one of kube, selfManaged must be set, none is"),
    (
        {"kube": {}, "selfManaged": {}},
        "spec",
        "exactly one of kube, selfManaged must be set, kube and selfManaged are",
    ),
    (kube("deployment.replicas", -1), "spec.kube.deployment.replicas", "must be at least 0, is -1"),
    (
        kube("deployment.replicas", 2**31),
        "spec.kube.deployment.replicas",
        "must be at most 2147483647, is 2147483648",
    ),
    (
        kube("deployment.strategy", {"typ": "Recreate"}),
        "spec.kube.deployment.strategy.typ",
        "unknown field 'typ'",
    ),
    (kube("deploymnt", {}), "spec.kube.deploymnt", "unknown field 'deploymnt'"),
    (
        kube("service.ports", [{"port": 70000}]),
        "spec.kube.service.ports[0].port",
        "must be at most 65535, is 70000",
    ),
    (
        kube("service.ports", [{"nodePort": 1}]),
        "spec.kube.service.ports[0].port",
        "required field is missing",
    ),
    (
        kube("service.ports", [{"port": 1, "nodePort": 0}]),
        "spec.kube.service.ports[0].nodePort",
        "must be at least 1, is 0",
    ),
    (
        kube("service.ports", [{"port": 1, "protocol": "udp"}]),
        "spec.kube.service.ports[0].protocol",
        "must be 'TCP', 'UDP' or 'SCTP', is 'udp'",
    ),
    (
        kube("service.type", "Headless"),
        "spec.kube.service.type",
        "must be 'ClusterIP', 'NodePort', 'LoadBalancer' or 'ExternalName', is 'Headless'",
    ),
    (kube("service.clusterIp", ""), "spec.kube.service.clusterIp", "unknown field 'clusterIp'"),
    (
        kube("service.ipFamilies", ["IPv5"]),
        "spec.kube.service.ipFamilies[0]",
        "must be 'IPv4' or 'IPv6', is 'IPv5'",
    ),
    (
        kube("service.ipFamilies", ["IPv6", "IPv6"]),
        "spec.kube.service.ipFamilies",
        "must not name a family twice",
    ),
    (
        kube("service.ipFamilies", ["IPv4", "IPv6", "IPv4"]),
        "spec.kube.service.ipFamilies",
        "must have at most 2 items, has 3",
    ),
    (
        kube("service.ipFamilyPolicy", "Dual"),
        "spec.kube.service.ipFamilyPolicy",
        "must be 'SingleStack', 'PreferDualStack' or 'RequireDualStack', is 'Dual'",
    ),
    (
        kube("podTemplate.terminationGracePeriodSeconds", 31536001),
        "spec.kube.podTemplate.terminationGracePeriodSeconds",
        "must be at most 31536000, is 31536001",
    ),
    (
        kube("podTemplate.gracefulShutdown.sleepTimeSeconds", -1),
        "spec.kube.podTemplate.gracefulShutdown.sleepTimeSeconds",
        "must be at least 0, is -1",
    ),
    (
        kube("podTemplate.tolerations", [{"key": 1}]),
        "spec.kube.podTemplate.tolerations[0].key",
        "must be a string, not an integer",
    ),
    (
        kube("podTemplate.extraLabels", {"a": 1}),
        "spec.kube.podTemplate.extraLabels.a",
        "must be a string, not 1",
    ),
    (
        kube("podTemplate.configChecksum", "no"),
        "spec.kube.podTemplate.configChecksum",
        "must be a boolean, not 'no'",
    ),
    (kube("envoyContainer.extraArgs", []), "spec.kube.envoyContainer.extraArgs", "must not be empty"),
    (
        kube("envoyContainer.extraArgs", ["a"] * 33),
        "spec.kube.envoyContainer.extraArgs",
        "must have at most 32 items, has 33",
    ),
    (kube("envoyContainer.extraArgs", [""]), "spec.kube.envoyContainer.extraArgs[0]", "must not be empty"),
    (
        kube("envoyContainer.extraArgs", ["a" * 257]),
        "spec.kube.envoyContainer.extraArgs[0]",
        "must have at most 256 characters, has 257",
    ),
    (
        kube("envoyContainer.env", [{"value": "a"}]),
        "spec.kube.envoyContainer.env[0].name",
        "required field is missing",
    ),
    (
        kube("envoyContainer.bootstrap.logFormat", {}),
        f"{BOOTSTRAP}.logFormat",
        "exactly one of json, text must be set, none is",
    ),
    (
        kube("envoyContainer.bootstrap.logFormat", {"json": {}, "text": ""}),
        f"{BOOTSTRAP}.logFormat",
        "exactly one of json, text must be set, json and text are",
    ),
    (
        kube("envoyContainer.bootstrap.componentLogLevels", {"": "info"}),
        f"{BOOTSTRAP}.componentLogLevels",
        "a component must be named",
    ),
    (
        kube("envoyContainer.bootstrap.componentLogLevels", {"upstream": ""}),
        f"{BOOTSTRAP}.componentLogLevels.upstream",
        "must not be empty",
    ),
    (
        kube("envoyContainer.bootstrap.dnsResolver.udpMaxQueries", -1),
        f"{BOOTSTRAP}.dnsResolver.udpMaxQueries",
        "must be at least 0, is -1",
    ),
    (
        kube("envoyContainer.bootstrap.maxDownstreamConnections", 0),
        f"{BOOTSTRAP}.maxDownstreamConnections",
        "must be at least 1, is 0",
    ),
    (
        kube("stats.matcher", {}),
        "spec.kube.stats.matcher",
        "exactly one of inclusionList, exclusionList must be set, none is",
    ),
    (
        kube("stats.matcher.inclusionList", [{"exact": "a"}] * 17),
        "spec.kube.stats.matcher.inclusionList",
        "must have at most 16 items, has 17",
    ),
    (
        kube("stats.matcher.inclusionList", [{"ignoreCase": True}]),
        "spec.kube.stats.matcher.inclusionList[0]",
        "exactly one of exact, prefix, suffix, contains, safeRegex must be set, none is",
    ),
    (
        kube("stats.matcher.exclusionList", [{"exact": "a", "prefix": ""}]),
        "spec.kube.stats.matcher.exclusionList[0]",
        "exactly one of exact, prefix, suffix, contains, safeRegex must be set, exact and prefix are",
    ),
    (kube("deploymentOverlay", {"sepc": {}}), "spec.kube.deploymentOverlay.sepc", "unknown field 'sepc'"),
    (
        kube("deploymentOverlay.metadata.labels", {"a": 1}),
        "spec.kube.deploymentOverlay.metadata.labels.a",
        "must be a string, not 1",
    ),
    (
        overload(refreshInterval="250ms"),
        f"{MANAGER}.refreshInterval",
        "must match ^[0-9]{1,11}(\\.[0-9]{1,9})?s$, is '250ms'",
    ),
    (overload(resourceMonitors=[monitor("")]), f"{MANAGER}.resourceMonitors[0].name", "must not be empty"),
    (
        overload(resourceMonitors=[monitor()] * 2),
        f"{MANAGER}.resourceMonitors[1].name",
        f"'{HEAP}' is there already",
    ),
    (
        overload(resourceMonitors=[{"name": HEAP, "typedConfig": {}}]),
        f"{MANAGER}.resourceMonitors[0].typedConfig",
        "a typed config must name its protobuf type",
    ),
    (
        overload(resourceMonitors=[{"name": HEAP}]),
        f"{MANAGER}.resourceMonitors[0].typedConfig",
        "required field is missing",
    ),
    (action(), f"{MANAGER}.actions[0].triggers", "must not be empty"),
    (action(trigger(), trigger()), f"{MANAGER}.actions[0].triggers[1].name", f"'{HEAP}' is there already"),
    (action(trigger(), monitors=()), f"{TRIGGER}.name", f"no resource monitor is named '{HEAP}'"),
    (action({"name": HEAP}), TRIGGER, "exactly one of threshold, scaled must be set, none is"),
    (action(trigger(threshold={"value": 1.5})), f"{TRIGGER}.threshold.value", "must be at most 1, is 1.5"),
    (
        action(trigger(scaled={"scalingThreshold": 0.9, "saturationThreshold": 0.9})),
        f"{TRIGGER}.scaled",
        "scalingThreshold must be less than saturationThreshold, is 0.9 and 0.9",
    ),
    (
        overload(loadshedPoints=[{"name": "p", "triggers": [trigger("x")]}]),
        f"{MANAGER}.loadshedPoints[0].triggers[0].name",
        "no resource monitor is named 'x'",
    ),
    (
        kube(
            "envoyContainer.bootstrap",
            {"maxDownstreamConnections": 1, "overloadManager": {"resourceMonitors": [monitor(GLOBAL)]}},
        ),
        f"{MANAGER}.resourceMonitors[0].name",
        "maxDownstreamConnections declares this monitor already",
    ),
]


@pytest.mark.parametrize(("spec", "path", "message"), REFUSED)
def test_refused_with_one_fault(spec: dict[str, Any], path: str, message: str) -> None:
    with pytest.raises(ParametersError) as caught:
        read_layer(GatewayParametersSpec, parameters(spec), name="Gateway default/gw")
    assert [(fault.path, fault.message) for fault in caught.value.faults] == [(path, message)]
    assert caught.value.faults[0].subject == "GatewayParameters default/gw"


ACCEPTED: list[dict[str, Any]] = [
    {"kube": {}},
    {"kube": None, "selfManaged": {}},
    {"selfManaged": {"anything": [1, None]}},
    kube("deployment.replicas", 0),
    kube("podTemplate.extraLabels", {"a": None}),
    kube("service", {"type": "ExternalName", "externalTrafficPolicy": "whatever", "clusterIP": "None"}),
    kube("service.ports", [{"port": 53, "protocol": "UDP"}, {"port": 53}]),
    kube("podTemplate.terminationGracePeriodSeconds", 31536000),
    kube("stats.matcher.inclusionList", []),
    kube("envoyContainer.bootstrap.logFormat", {"text": ""}),
    kube("envoyContainer.bootstrap.logFormat", {"json": {"a": None}}),
    kube("podDisruptionBudget", {}),
    kube("deploymentOverlay", {"metadata": {"labels": {"a": None}}, "spec": {"$patch": "delete", "x": None}}),
    overload(refreshInterval="0.25s", resourceMonitors=[monitor()]),
    action(trigger(), trigger(GLOBAL)),
    action(trigger(scaled={"scalingThreshold": 0, "saturationThreshold": 1})),
]


@pytest.mark.parametrize("spec", ACCEPTED)
def test_accepted(spec: dict[str, Any]) -> None:
    layer = read_layer(GatewayParametersSpec, parameters(spec), name="L")
    assert layer.values == spec
    model = GatewayParameters.model_validate(parameters(spec)).spec
    assert (model.kube is None) == (spec.get("kube") is None)


def test_a_foreign_kind_is_not_gateway_parameters() -> None:
    with pytest.raises(ValidationError, match="kind"):
        GatewayParameters.model_validate({**parameters({"kube": {}}), "kind": "AgentgatewayParameters"})


# Defaults.


def defaults(**settings: Any) -> dict[str, Any]:
    spec = default_parameters(**{"registry": "ghcr.io", "tag": "v1"} | settings)
    merge_layers(GatewayParametersSpec, [Layer("default", "", spec)])
    found: dict[str, Any] = spec["kube"]
    return found


def test_standard_defaults() -> None:
    found = defaults()
    assert found["service"] == {"type": "LoadBalancer"}
    assert found["envoyContainer"]["image"] == {
        "registry": "ghcr.io",
        "repository": "envoy-wrapper",
        "tag": "v1",
    }
    assert found["sdsContainer"]["image"] == {"registry": "ghcr.io", "repository": "sds", "tag": "v1"}
    assert found["envoyContainer"]["securityContext"]["runAsUser"] == 10101
    assert found["podTemplate"]["readinessProbe"]["httpGet"] == {"path": "/ready", "port": 8082}
    assert found["stats"]["routePrefixRewrite"] == "/stats/prometheus?usedonly"
    assert "deployment" not in found


def test_waypoint_defaults() -> None:
    found = defaults(waypoint=True)
    assert found["service"] == {"type": "ClusterIP", "ports": [{"port": 15008}]}
    assert found["podTemplate"]["extraLabels"] == {"istio.io/dataplane-mode": "ambient"}
    assert found["podTemplate"]["extraAnnotations"] == {"ambient.istio.io/dns-capture": "false"}


def test_the_image_is_the_controller_s() -> None:
    found = defaults(repository="own", digest=HASH, pull_policy="Always")
    image = found["envoyContainer"]["image"]
    assert image == {
        "registry": "ghcr.io",
        "repository": "own",
        "tag": "v1",
        "digest": HASH,
        "pullPolicy": "Always",
    }
    assert found["sdsContainer"]["image"]["pullPolicy"] == "Always"
    assert "digest" not in found["sdsContainer"]["image"]


def test_no_default_security_context_where_it_is_not_wanted() -> None:
    assert "securityContext" not in defaults(omit_security_context=True)["envoyContainer"]


def test_defaults_are_the_caller_s() -> None:
    defaults()["istio"]["istioProxyContainer"]["image"]["tag"] = "changed"
    assert defaults()["istio"]["istioProxyContainer"]["image"]["tag"] == "1.30.1"


def test_what_is_public() -> None:
    models = {
        name
        for name, value in vars(public).items()
        if isinstance(value, type) and issubclass(value, BaseModel)
    }
    assert models <= set(public.__all__)
    assert set(public.__all__) <= set(dir(public))
