"""What a plan depends on is on record: all it reads goes through the store, whatever has been read before."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

import pytest

from gwdeployer import Deployer, MemoryStore, Object, Plan
from gwdeployer.objects import describe
from gwdeployer.plugins import configure
from gwdeployer.store import Read, RecordingStore, unchanged
from gwdeployer_gateway import GatewayPlugin
from tests.gateway import agentgateway_scenarios as agents
from tests.gateway.scenarios import (
    gateway,
    gateway_class,
    listener,
    listener_set,
    namespace,
    parameters,
    ref,
)

SELECTOR = {"from": "Selector", "selector": {"matchLabels": {"team": "till"}}}
CA = {"namespace": "platform", "name": "ca"}
INPUTS = {"controlPlane": {"xdsTls": True, "xdsCaRef": CA}}
#: Of each data plane: how it is referred to, parameters of a name, and what only it reads.
PARAMETERS: Mapping[str, Any] = {
    "envoy": (ref, lambda replicas, **place: parameters({"kube": {"deployment": replicas}}, **place)),
    "agentgateway": (
        agents.ref,
        lambda replicas, **place: agents.parameters({"shutdown": replicas}, **place),
    ),
}
SESSION_KEY = "Secret shop/web-session-key"
READ = {
    "GatewayClass gwdeployer",
    "parameters platform/for-class",
    "parameters shop/web",
    "ListenerSet shop/team",
    "ListenerSet till/team",
    "Namespace shop",
    "Namespace till",
    "ConfigMap platform/ca",
}


def name_of(obj: Object) -> str:
    """Return what an object is called here, whichever data plane its kind is of."""
    return (
        describe(obj)
        .replace("AgentgatewayParameters", "parameters")
        .replace("GatewayParameters", "parameters")
    )


def core(kind: str, where: str, name: str, **content: Any) -> Object:
    return {"apiVersion": "v1", "kind": kind, "metadata": {"namespace": where, "name": name}, **content}


class Scene:
    """A Gateway that uses all there is to be read, and a store that has it."""

    def __init__(self, data_plane: str) -> None:
        self.data_plane = data_plane
        refer, settings = PARAMETERS[data_plane]
        of_class = gateway_class()
        of_class["spec"]["parametersRef"] = refer("for-class", namespace="platform")
        self.owner = gateway(
            allowedListeners={"namespaces": SELECTOR}, infrastructure={"parametersRef": refer()}
        )
        sizes = {"envoy": {"replicas": 2}, "agentgateway": {"min": 1, "max": 2}}[data_plane]
        self.store = MemoryStore(
            [
                self.owner,
                of_class,
                settings(sizes),
                settings(sizes, name="for-class", namespace="platform"),
                listener_set(listener(8001), namespace="till"),
                listener_set(listener(8002), namespace="shop"),
                namespace("till", team="till"),
                namespace("shop", team="till"),
                core("ConfigMap", "platform", "ca", data={"ca.crt": "PEM"}),
                core("ConfigMap", "shop", "web", data={"of": "the proxy"}),
                core("Secret", "shop", "web-session-key", stringData={"key": "0" * 64}),
                gateway("another"),
                gateway_class("another"),
                settings(sizes, name="another"),
                namespace("another"),
            ]
        )
        self.plugin = self.fresh()

    def fresh(self) -> GatewayPlugin:
        """Return a plugin that has never planned anything."""
        [plugin] = configure([GatewayPlugin], {**INPUTS, "dataPlane": self.data_plane}, {"seed": ["s"]})
        assert isinstance(plugin, GatewayPlugin)
        return plugin

    def objects(self) -> list[Object]:
        return [obj for obj in self.store_objects() if obj is not self.owner]

    def store_objects(self) -> list[Object]:
        kinds = {Read("list", kind, None) for kind in (*self.plugin.owners, *self.plugin.reads)}
        found = [obj for read in kinds for obj in self.store.list(read.kind)]
        return list({id(obj): obj for obj in found}.values())

    def planned(self, plugin: GatewayPlugin | None = None) -> tuple[Plan, RecordingStore]:
        """Route and plan the Gateway; return the plan, and the store with what both have read."""
        recording = RecordingStore(self.store)
        deployer = (plugin or self.plugin).route(self.owner, recording)
        assert isinstance(deployer, Deployer)
        deployer.forget(self.owner)  # what was read before must not be taken for granted
        return deployer.plan(self.owner, recording), recording

    def expected(self) -> set[str]:
        return READ | ({SESSION_KEY} if self.data_plane == "agentgateway" else set())


@pytest.fixture(params=list(PARAMETERS))
def scene(request: pytest.FixtureRequest) -> Scene:
    return Scene(request.param)


def test_the_scene_has_all_that_plans_read(scene: Scene) -> None:
    _, recording = scene.planned()
    answers = [obj for answer in recording.reads.values() for obj in answer or () if obj]
    assert {name_of(obj) for obj in answers} == scene.expected()
    assert len(scene.objects()) > len(scene.expected())


def test_each_object_that_is_read_makes_a_new_plan_when_it_changes_and_no_other_does(scene: Scene) -> None:
    _, recording = scene.planned()
    for obj in scene.objects():
        scene.store.add(copy.deepcopy(obj))
        assert unchanged(recording.reads, scene.store) == (name_of(obj) not in scene.expected()), name_of(obj)
        scene.store.add(obj)
        assert unchanged(recording.reads, scene.store)


def test_each_object_that_is_read_makes_a_new_plan_when_it_goes(scene: Scene) -> None:
    _, recording = scene.planned()
    for obj in scene.objects():
        scene.store.remove(obj)
        assert unchanged(recording.reads, scene.store) == (name_of(obj) not in scene.expected()), name_of(obj)
        scene.store.add(obj)


def test_what_was_read_before_is_read_again(scene: Scene) -> None:
    first = scene.planned()[1].reads
    for _ in range(2):
        assert scene.planned()[1].reads == first
    assert scene.planned(scene.fresh())[1].reads == first


CHANGES: Mapping[str, Any] = {
    "GatewayClass gwdeployer": lambda obj: obj["spec"].pop("parametersRef"),
    "parameters platform/for-class": lambda obj: obj.update(spec=SPECS[obj["kind"]]),
    "parameters shop/web": lambda obj: obj.update(spec=SPECS[obj["kind"]]),
    "ListenerSet till/team": lambda obj: obj["spec"]["listeners"].append(listener(9001)),
    "Namespace till": lambda obj: obj["metadata"].pop("labels"),
    "ConfigMap platform/ca": lambda obj: obj["data"].update({"ca.crt": "rotated"}),
    SESSION_KEY: lambda obj: obj["stringData"].update(key="1" * 64),
}
SPECS = {
    "GatewayParameters": {
        "kube": {"deployment": {"replicas": 7}, "podTemplate": {"extraLabels": {"a": "b"}}}
    },
    "AgentgatewayParameters": {"shutdown": {"min": 3, "max": 9}, "logging": {"level": "debug"}},
}


@pytest.mark.parametrize("name", CHANGES)
def test_a_plugin_that_has_planned_before_plans_as_one_that_has_not(scene: Scene, name: str) -> None:
    before, _ = scene.planned()
    [obj] = [obj for obj in scene.objects() if name_of(obj) == name]
    changed = copy.deepcopy(obj)
    CHANGES[name](changed)
    scene.store.add(changed)
    warm, _ = scene.planned()
    cold, _ = scene.planned(scene.fresh())
    assert warm.objects == cold.objects
    again = copy.deepcopy(obj)
    scene.store.add(again)
    assert scene.planned()[0].objects == before.objects
