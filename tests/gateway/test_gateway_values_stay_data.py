"""Values stay data: no text, whatever it holds, changes the structure of an object or arrives as another."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from gwdeployer import MemoryStore, Plan
from gwdeployer.plugins import configure
from gwdeployer_gateway.plugin import GatewayPlugin
from tests.gateway.scenarios import gateway, parameters, ref

PLAIN = "plain"

#: Any text that UTF-8 can write; what YAML, JSON, Jinja and shells see more in is made likely.
YAML = [
    "\n",
    "\n- a: b",
    ": ",
    " #",
    "'",
    '"',
    "---\n",
    "null",
    "true",
    "1e3",
    "0x1F",
    "~",
    "*a",
    "&a",
    "!b",
    "<<",
]
CONTROL = ["\t", "\r\n", "\x00", "\x1b", "\x85", "\u2028", "\ufeff"]
LIVELY = st.sampled_from([*YAML, *CONTROL, "{{ 1 }}", "{% if x %}", "{#", "\\", "%v", "é", "\U0001f600"])
TEXT = st.one_of(
    st.text(st.characters(exclude_categories=["Cs"]), max_size=40),
    st.lists(LIVELY | st.text(max_size=3), min_size=1, max_size=6).map("".join),
).filter(lambda text: all(not "\ud800" <= character <= "\udfff" for character in text))


def planned(kube: dict[str, Any], *, inputs: dict[str, Any] | None = None, **spec: Any) -> Plan:
    """Plan a Gateway; many of these values no API server would take, so nothing is checked."""
    infrastructure = {**spec.pop("infrastructure", {}), "parametersRef": ref()}
    owner = gateway(infrastructure=infrastructure, **spec)
    store = MemoryStore([owner, parameters({"kube": kube})])
    [plugin] = configure([GatewayPlugin], inputs or {}, {"class": ["gwdeployer"]})
    deployer = plugin.route(owner, store)
    plan: Plan = deployer.plan(owner, store)  # type: ignore[union-attr]
    return plan


def parsed(plan: Plan) -> list[dict[str, Any]]:
    """Return the objects with the documents inside ConfigMaps read."""
    return [
        {**obj, "data": _read(obj["data"])} if obj["kind"] == "ConfigMap" else obj for obj in plan.objects
    ]


def _read(data: dict[str, str]) -> dict[str, Any]:
    return {key: text if key == "ca.crt" else yaml.safe_load(text) for key, text in data.items()}


def skeleton(node: Any) -> Any:
    """Return types and keys."""
    if isinstance(node, dict):
        return {key: skeleton(value) for key, value in node.items()}
    return [skeleton(item) for item in node] if isinstance(node, list) else type(node).__name__


def holding(node: Any, text: str, path: tuple[Any, ...] = ()) -> dict[tuple[Any, ...], str]:
    """Return the leaves that hold ``text``."""
    if isinstance(node, (dict, list)):
        items = node.items() if isinstance(node, dict) else enumerate(node)
        return {
            place: leaf for key, item in items for place, leaf in holding(item, text, (*path, key)).items()
        }
    return {path: node} if isinstance(node, str) and text in node else {}


def at(node: Any, path: tuple[Any, ...]) -> Any:
    for part in path:
        node = node[part]
    return node


Scene = Callable[[str], Plan]


def kube(path: str) -> Scene:
    def scene(text: str) -> Plan:
        value: Any = text
        for name in reversed(path.split(".")):
            value = [value] if name == "[]" else {name: value}
        return planned(value)

    return scene


def bootstrap(given: Callable[[str], dict[str, Any]]) -> Scene:
    return lambda text: planned({"envoyContainer": {"bootstrap": given(text)}})


def matcher(kind: str) -> Scene:
    return lambda text: planned({"stats": {"matcher": {"inclusionList": [{kind: text}]}}})


def mesh(path: str) -> Scene:
    first, *rest = path.split(".")

    def scene(text: str) -> Plan:
        value: Any = text
        for name in reversed(rest):
            value = {name: value}
        return planned({first: value}, inputs={"istioAutoMtlsEnabled": True})

    return scene


PROXY = "envoyContainer"
#: Where text may stand. Text of at least one character, where the API asks for it; see FILLED.
SCENES: dict[str, Scene] = {
    "log text": bootstrap(lambda text: {"logFormat": {"text": text}}),
    "log JSON": bootstrap(lambda text: {"logFormat": {"json": {"a": {"b": [text]}}}}),
    "log level": bootstrap(lambda text: {"logLevel": text}),
    "component log level": bootstrap(lambda text: {"componentLogLevels": {"upstream": text}}),
    "extraArgs": kube(f"{PROXY}.extraArgs.[]"),
    "env": lambda text: planned({PROXY: {"env": [{"name": "A", "value": text}]}}),
    "OTEL attributes": lambda text: planned(
        {PROXY: {"env": [{"name": "OTEL_RESOURCE_ATTRIBUTES", "value": text}]}}
    ),
    "image registry": kube(f"{PROXY}.image.registry"),
    "image repository": kube(f"{PROXY}.image.repository"),
    "image tag": kube(f"{PROXY}.image.tag"),
    "image digest": kube(f"{PROXY}.image.digest"),
    "pull policy": kube(f"{PROXY}.image.pullPolicy"),
    "mount path": lambda text: planned({PROXY: {"extraVolumeMounts": [{"name": "v", "mountPath": text}]}}),
    "volume": lambda text: planned(
        {"podTemplate": {"extraVolumes": [{"name": "v", "hostPath": {"path": text}}]}}
    ),
    "node selector": kube("podTemplate.nodeSelector.example"),
    "priority class": kube("podTemplate.priorityClassName"),
    "pull secret": lambda text: planned({"podTemplate": {"imagePullSecrets": [{"name": text}]}}),
    "pod annotation": kube("podTemplate.extraAnnotations.example"),
    "pod label": kube("podTemplate.extraLabels.example"),
    "service annotation": kube("service.extraAnnotations.example"),
    "service label": kube("service.extraLabels.example"),
    "account annotation": kube("serviceAccount.extraAnnotations.example"),
    "clusterIP": kube("service.clusterIP"),
    "traffic policy": kube("service.externalTrafficPolicy"),
    "load balancer class": kube("service.loadBalancerClass"),
    "source range": kube("service.loadBalancerSourceRanges.[]"),
    "stats prefix": kube("stats.routePrefixRewrite"),
    "stats route prefix": kube("stats.statsRoutePrefixRewrite"),
    "exact matcher": matcher("exact"),
    "prefix matcher": matcher("prefix"),
    "suffix matcher": matcher("suffix"),
    "containing matcher": matcher("contains"),
    "regular expression": matcher("safeRegex"),
    "sds log level": mesh("sdsContainer.bootstrap.logLevel"),
    "sds image": mesh("sdsContainer.image.tag"),
    "istio discovery": mesh("istio.istioProxyContainer.istioDiscoveryAddress"),
    "istio mesh": mesh("istio.istioProxyContainer.istioMetaMeshId"),
    "istio cluster": mesh("istio.istioProxyContainer.istioMetaClusterId"),
    "istio log level": mesh("istio.istioProxyContainer.logLevel"),
    "infrastructure annotation": lambda text: planned({}, infrastructure={"annotations": {"example": text}}),
    "infrastructure label": lambda text: planned({}, infrastructure={"labels": {"example": text}}),
    "xds host": lambda text: planned({}, inputs={"controlPlane": {"xdsHost": text}}),
    "xds CA": lambda text: planned({}, inputs={"controlPlane": {"xdsTls": True, "xdsCaCert": text}}),
    "input image": lambda text: planned({}, inputs={"image": {"repository": text}}),
}
BASE = {name: parsed(scene(PLAIN)) for name, scene in SCENES.items()}


@pytest.mark.parametrize("name", SCENES)
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(text=TEXT.filter(bool))
@example(text="a\n- b: {{ c }}\n\x00\x85\u2028")
@example(text="null")
@example(text=" 1e3")
@example(text="'\"\\")
def test_text_changes_no_structure_and_arrives_exactly(name: str, text: str) -> None:
    plain, objects = BASE[name], parsed(SCENES[name](text))
    assert skeleton(objects) == skeleton(plain)
    places = holding(plain, PLAIN)
    assert places, "the text goes nowhere"
    for path, around in places.items():
        assert at(objects, path) == around.replace(PLAIN, text)


@settings(max_examples=60, deadline=None)
@given(name=TEXT.filter(bool), text=TEXT)
def test_keys_of_users_arrive_exactly_too(name: str, text: str) -> None:
    """Text that names something: a key of a JSON log, a node label, a component of Envoy."""
    plan = planned(
        {
            PROXY: {"bootstrap": {"logFormat": {"json": {name: text}}}},
            "podTemplate": {"nodeSelector": {name: text}},
        }
    )
    config_map, deployment = parsed(plan)[1], parsed(plan)[3]
    logs = config_map["data"]["envoy.yaml"]["application_log_config"]["log_format"]
    assert logs == {"json_format": {name: text}}
    assert deployment["spec"]["template"]["spec"]["nodeSelector"] == {name: text}


@settings(max_examples=40, deadline=None)
@given(text=st.text(min_size=1, max_size=300))
def test_names_of_classes_and_gateways_change_no_structure(text: str) -> None:
    """Even names that no API server would take; their labels are legal, and nothing is broken by them."""
    owner = {**gateway(class_name=text), "metadata": {"name": text, "namespace": "shop"}}
    [plugin] = configure([GatewayPlugin], {}, {"class": [text]})
    deployer = plugin.route(owner, MemoryStore())
    plan: Plan = deployer.plan(owner, MemoryStore())  # type: ignore[union-attr]
    plain = planned({})
    assert [skeleton(obj["spec"]) for obj in parsed(plan)[2:]] == [
        skeleton(obj["spec"]) for obj in parsed(plain)[2:]
    ]
    assert parsed(plan)[1]["data"]["envoy.yaml"]["node"]["metadata"] == {
        "role": f"kgateway-kube-gateway-api~shop~{text}"
    }
