"""How a Gateway's parameters merge over its class's: the policies, field by field."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gwdeployer.errors import ParametersError
from gwdeployer.parameters import Layer, merge_layers, read_layer
from gwdeployer_gateway.parameters import GatewayParametersSpec
from tests.gateway.test_gateway_parameters import (
    GLOBAL,
    HEAP,
    TRIGGER,
    action,
    kube,
    monitor,
    overload,
    parameters,
    trigger,
)

HASH = "sha256:0123456789abcdef"


def merged(*specs: dict[str, Any]) -> dict[str, Any]:
    layers = [read_layer(GatewayParametersSpec, parameters(spec), name="L") for spec in specs]
    return merge_layers(GatewayParametersSpec, layers).values


def terms(*keys: str) -> dict[str, Any]:
    expressions = [[{"key": key, "operator": "Exists"} for key in term] for term in keys]
    listed = [{"matchExpressions": term} if term else {} for term in expressions]
    return {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": listed}}}


def spread(key: str, when: str = "DoNotSchedule", skew: int = 1) -> dict[str, Any]:
    return {"topologyKey": key, "whenUnsatisfiable": when, "maxSkew": skew}


def pod_term(key: str) -> dict[str, Any]:
    return {"topologyKey": key}


def preferred(key: str) -> dict[str, Any]:
    return {"weight": 1, "preference": {"matchExpressions": [{"key": key, "operator": "Exists"}]}}


REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"
PREFERRED = "preferredDuringSchedulingIgnoredDuringExecution"

MERGES: list[tuple[str, Any, Any, Any]] = [
    ("deployment.replicas", 3, 0, 0),
    ("deployment.replicas", 3, None, 3),
    (
        "deployment.strategy",
        {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1}},
        {"type": "Recreate"},
        {"type": "Recreate"},
    ),
    ("omitDefaultSecurityContext", True, False, False),
    # containers
    (
        "envoyContainer.image",
        {"registry": "r", "tag": "1"},
        {"digest": HASH},
        {"registry": "r", "tag": "", "digest": HASH},
    ),
    ("envoyContainer.image", {"digest": HASH}, {"tag": "2"}, {"digest": "", "tag": "2"}),
    ("sdsContainer.image", {"tag": "1"}, {"tag": "2", "digest": HASH}, {"tag": "2", "digest": HASH}),
    (
        "istio.istioProxyContainer.image",
        {"tag": "1", "registry": "r"},
        {"registry": ""},
        {"tag": "1", "registry": ""},
    ),
    ("envoyContainer.extraArgs", ["a"], ["a", "b"], ["a", "a", "b"]),
    (
        "envoyContainer.env",
        [{"name": "A", "value": "1"}, {"name": "B"}],
        [{"name": "A", "value": ""}],
        [{"name": "B"}, {"name": "A", "value": ""}],
    ),
    ("envoyContainer.env", [{"name": "A"}], [], []),
    (
        "envoyContainer.extraVolumeMounts",
        [{"name": "a", "mountPath": "/x"}],
        [{"name": "b", "mountPath": "/x"}],
        [{"name": "b", "mountPath": "/x"}],
    ),
    (
        "envoyContainer.resources",
        {"limits": {"cpu": "1", "memory": "1Gi"}, "claims": [{"name": "a"}]},
        {"limits": {"cpu": 2}, "claims": [{"name": "a"}, {"name": "b"}]},
        {"limits": {"cpu": 2, "memory": "1Gi"}, "claims": [{"name": "a"}, {"name": "b"}]},
    ),
    (
        "envoyContainer.resources",
        {"requests": {"cpu": "1"}},
        {"limits": {"cpu": "2"}, "requests": {}},
        {"requests": {}, "limits": {"cpu": "2"}},
    ),
    (
        "envoyContainer.securityContext",
        {"capabilities": {"drop": ["ALL"]}, "runAsUser": 1},
        {"capabilities": {"drop": ["ALL"], "add": ["X"]}, "runAsUser": 0},
        {"capabilities": {"drop": ["ALL"], "add": ["X"]}, "runAsUser": 0},
    ),
    (
        "envoyContainer.securityContext",
        {"appArmorProfile": {"type": "Unconfined"}},
        {"privileged": False},
        {"appArmorProfile": {"type": "Unconfined"}, "privileged": False},
    ),
    (
        "sdsContainer.securityContext",
        {"windowsOptions": {"gmsaCredentialSpec": "s", "hostProcess": True}},
        {"windowsOptions": {"gmsaCredentialSpecName": "n"}},
        {"windowsOptions": {"gmsaCredentialSpec": "s", "hostProcess": True, "gmsaCredentialSpecName": "n"}},
    ),
    # bootstrap
    (
        "envoyContainer.bootstrap.componentLogLevels",
        {"a": "info", "b": "info"},
        {"b": "debug"},
        {"a": "info", "b": "debug"},
    ),
    (
        "envoyContainer.bootstrap.logFormat",
        {"json": {"a": "x"}},
        {"json": {"b": None}},
        {"json": {"b": None}},
    ),
    ("envoyContainer.bootstrap.logFormat", {"json": {"a": "x"}}, {"text": "t"}, {"text": "t"}),
    ("envoyContainer.bootstrap.dnsResolver.udpMaxQueries", 100, 0, 0),
    (
        "envoyContainer.bootstrap.overloadManager",
        {"refreshInterval": "1s"},
        {"resourceMonitors": [monitor()]},
        {"resourceMonitors": [monitor()]},
    ),
    # pods
    ("podTemplate.extraLabels", {"a": "1"}, {"b": "2"}, {"a": "1", "b": "2"}),
    ("podTemplate.nodeSelector", {"a": "1"}, {}, {}),
    (
        "podTemplate.imagePullSecrets",
        [{"name": "a"}],
        [{"name": "b"}, {"name": "a"}],
        [{"name": "b"}, {"name": "a"}],
    ),
    (
        "podTemplate.extraVolumes",
        [{"name": "a", "emptyDir": {}}],
        [{"name": "a", "secret": {"secretName": "s"}}],
        [{"name": "a", "secret": {"secretName": "s"}}],
    ),
    ("podTemplate.tolerations", [{"key": "a"}], [{"key": "a"}, {"key": "b"}], [{"key": "a"}, {"key": "b"}]),
    (
        "podTemplate.topologySpreadConstraints",
        [spread("z"), spread("h")],
        [spread("z", skew=2), spread("h", "ScheduleAnyway")],
        [spread("h"), spread("z", skew=2), spread("h", "ScheduleAnyway")],
    ),
    (
        "podTemplate.securityContext",
        {
            "sysctls": [{"name": "a", "value": "1"}],
            "supplementalGroups": [1],
            "supplementalGroupsPolicy": "Strict",
        },
        {"sysctls": [{"name": "a", "value": "2"}], "supplementalGroups": [1, 2]},
        {
            "sysctls": [{"name": "a", "value": "2"}],
            "supplementalGroups": [1, 2],
            "supplementalGroupsPolicy": "Strict",
        },
    ),
    (
        "podTemplate.gracefulShutdown",
        {"enabled": True, "sleepTimeSeconds": 10},
        {"sleepTimeSeconds": 0},
        {"enabled": True, "sleepTimeSeconds": 0},
    ),
    (
        "podTemplate.readinessProbe",
        {"httpGet": {"path": "/a", "port": 1}, "initialDelaySeconds": 5},
        {"initialDelaySeconds": 0},
        {"httpGet": {"path": "/a", "port": 1}, "initialDelaySeconds": 0},
    ),
    (
        "podTemplate.startupProbe",
        {"httpGet": {"port": 1}, "periodSeconds": 5},
        {"tcpSocket": {"port": 2}},
        {"tcpSocket": {"port": 2}, "periodSeconds": 5},
    ),
    (
        "podTemplate.livenessProbe",
        {"exec": {"command": ["a", "b"]}},
        {"exec": {"command": ["c"]}},
        {"exec": {"command": ["c"]}},
    ),
    ("podTemplate.priorityClassName", "high", "", ""),
    # affinity
    ("podTemplate.affinity", terms("a", "b"), terms("c"), terms("ac", "bc")),
    ("podTemplate.affinity", terms("a"), terms("a"), terms("a")),
    ("podTemplate.affinity", terms("a", ""), terms("c"), terms("ac")),
    ("podTemplate.affinity", terms("a"), terms(""), terms("")),
    (
        "podTemplate.affinity",
        terms("a"),
        {"nodeAffinity": {PREFERRED: [preferred("p")]}},
        {"nodeAffinity": {**terms("a")["nodeAffinity"], PREFERRED: [preferred("p")]}},
    ),
    (
        "podTemplate.affinity",
        {"nodeAffinity": {PREFERRED: [preferred("p")]}},
        {"nodeAffinity": {PREFERRED: [preferred("q")]}},
        {"nodeAffinity": {PREFERRED: [preferred("p"), preferred("q")]}},
    ),
    (
        "podTemplate.affinity",
        {"podAntiAffinity": {REQUIRED: [pod_term("a")]}},
        {"podAntiAffinity": {REQUIRED: [pod_term("b")]}},
        {"podAntiAffinity": {REQUIRED: [pod_term("a"), pod_term("b")]}},
    ),
    # service
    (
        "service.ports",
        [{"port": 80, "nodePort": 30000}, {"port": 443}],
        [{"port": 80, "nodePort": 30001}],
        [{"port": 443}, {"port": 80, "nodePort": 30001}],
    ),
    (
        "service.ports",
        [{"port": 53}],
        [{"port": 53, "protocol": "UDP"}],
        [{"port": 53}, {"port": 53, "protocol": "UDP"}],
    ),
    ("service.loadBalancerSourceRanges", ["10.0.0.0/8"], ["1.1.1.1/32"], ["1.1.1.1/32"]),
    ("service.ipFamilies", ["IPv4", "IPv6"], ["IPv6"], ["IPv6"]),
    ("service.extraAnnotations", {"a": "1"}, {"a": "2"}, {"a": "2"}),
    (
        "istio.customSidecars",
        [{"name": "a", "image": "i"}],
        [{"name": "b", "image": "i"}],
        [{"name": "b", "image": "i"}],
    ),
    # stats
    (
        "stats",
        {"enabled": True, "matcher": {"inclusionList": [{"exact": "a"}]}},
        {"enabled": False, "matcher": {"exclusionList": []}},
        {"enabled": False, "matcher": {"exclusionList": []}},
    ),
]


@pytest.mark.parametrize(("path", "of_class", "of_gateway", "result"), MERGES)
def test_merge(path: str, of_class: Any, of_gateway: Any, result: Any) -> None:
    assert merged(kube(path, of_class), kube(path, of_gateway)) == kube(path, result)


@given(
    st.lists(st.sampled_from(["a", "b", "ab", ""]), min_size=1, max_size=3),
    st.lists(st.sampled_from(["b", "c", "bc", ""]), min_size=1, max_size=3),
    st.sets(st.sampled_from("abc")),
)
def test_required_node_affinity_is_met_only_where_both_layers_are(
    base: list[str], source: list[str], node: set[str]
) -> None:
    found = merged(kube("podTemplate.affinity", terms(*base)), kube("podTemplate.affinity", terms(*source)))
    affinity = found["kube"]["podTemplate"]["affinity"]["nodeAffinity"][REQUIRED]["nodeSelectorTerms"]
    keys = ["".join(e["key"] for e in term.get("matchExpressions", ())) for term in affinity]

    def matches(alternatives: list[str]) -> bool:
        return any(term and set(term) <= node for term in alternatives)

    assert matches(keys) == (matches(base) and matches(source))


def test_self_managed_wins_and_stays() -> None:
    assert merged(kube("deployment.replicas", 1), {"selfManaged": {"a": 1}}) == {"selfManaged": {"a": 1}}
    assert merged({"selfManaged": {}}, kube("deployment.replicas", 1)) == {"selfManaged": {}}


OVERLAYS = (
    "deploymentOverlay",
    "serviceOverlay",
    "serviceAccountOverlay",
    "podDisruptionBudget",
    "horizontalPodAutoscaler",
    "verticalPodAutoscaler",
)


@pytest.mark.parametrize("name", OVERLAYS)
def test_overlays_stay_in_their_layer_nulls_and_all(name: str) -> None:
    layer = read_layer(GatewayParametersSpec, parameters(kube(name, {"spec": {"a": None}})), name="L")
    assert merge_layers(GatewayParametersSpec, [layer]).values == {"kube": {}}
    assert layer.values["kube"][name] == {"spec": {"a": None}}


def test_appended_arguments_may_exceed_the_bound_of_one_object() -> None:
    arguments = kube("envoyContainer.extraArgs", ["a"] * 32)
    assert len(merged(arguments, arguments)["kube"]["envoyContainer"]["extraArgs"]) == 64


LIMIT = kube("envoyContainer.bootstrap.maxDownstreamConnections", 100)


def test_a_trigger_may_name_the_monitor_that_another_layer_declares() -> None:
    assert merged(LIMIT, action(trigger(GLOBAL)))["kube"]["envoyContainer"]["bootstrap"].keys() == {
        "maxDownstreamConnections",
        "overloadManager",
    }


BROKEN_BY_MERGING = [
    (
        [{"kube": {}}, overload(refreshInterval="1s")],
        "overloadManager.resourceMonitors: must hold a resource monitor",
    ),
    ([{"kube": {}}, action(trigger(GLOBAL))], f"{TRIGGER}.name: no resource monitor is named"),
    (
        [LIMIT, action(trigger(), monitors=(HEAP, GLOBAL))],
        "maxDownstreamConnections declares this monitor already",
    ),
    (
        [kube("service.ipFamilyPolicy", "SingleStack"), kube("service.ipFamilies", ["IPv4", "IPv6"])],
        "ipFamilies: SingleStack takes one family, there are two",
    ),
]


@pytest.mark.parametrize(("specs", "message"), BROKEN_BY_MERGING)
def test_a_rule_broken_by_merging_names_the_layer(specs: list[dict[str, Any]], message: str) -> None:
    layers = [Layer(f"L{number}", "", spec) for number, spec in enumerate(specs)]
    with pytest.raises(ParametersError) as caught:
        merge_layers(GatewayParametersSpec, layers)
    assert message in str(caught.value)
    assert [fault.layer for fault in caught.value.faults] == ["L1"]
