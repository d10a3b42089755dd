"""The CA of the control plane by a reference: plans look it up, so a rotated one reaches the proxies."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from gwdeployer import Deployer, InputsError, MemoryStore, NotSynced, Object, Plan
from gwdeployer.plugins import configure
from gwdeployer.store import RecordingStore, unchanged
from gwdeployer_gateway import GatewayPlugin
from gwdeployer_gateway.kinds import CONFIG_MAP, SECRET
from tests.gateway.scenarios import gateway, gateway_class

REF = {"namespace": "kgateway-system", "name": "xds-ca"}
DATA_PLANES = ("envoy", "agentgateway")
SOURCES = ("ConfigMap", "Secret")


def source(text: str | None, *, kind: str = "ConfigMap", key: str = "ca.crt") -> Object:
    """Return the object that REF names."""
    if text is not None and kind == "Secret":
        text = base64.b64encode(text.encode()).decode()
    return {
        "apiVersion": "v1",
        "kind": kind,
        "metadata": dict(REF),
        "data": {} if text is None else {key: text},
    }


class Scene:
    """A Gateway whose control plane's CA is found by a reference."""

    def __init__(self, *objects: Object, data_plane: str = "envoy", tls: bool = True, **ref: str) -> None:
        inputs = {"controlPlane": {"xdsTls": tls, "xdsCaRef": {**REF, **ref}}, "dataPlane": data_plane}
        [self.plugin] = configure([GatewayPlugin], inputs, {"seed": ["s"]})
        self.owner = gateway()
        self.store = MemoryStore([self.owner, gateway_class(), *objects])
        routed = self.plugin.route(self.owner, self.store)
        assert isinstance(routed, Deployer)
        self.deployer = routed

    def plan(self) -> Plan:
        return self.deployer.plan(self.owner, self.store)

    @property
    def trusted(self) -> str:
        """The CA that the proxies are given."""
        configs = [obj["data"] for obj in self.plan().objects if obj["kind"] == "ConfigMap"]
        [text] = [data["ca.crt"] for data in configs if "ca.crt" in data]
        return str(text)

    @property
    def pods(self) -> Any:
        [deployment] = [obj for obj in self.plan().objects if obj["kind"] == "Deployment"]
        return deployment["spec"]["template"]


@pytest.mark.parametrize("kind", SOURCES)
@pytest.mark.parametrize("data_plane", DATA_PLANES)
def test_proxies_trust_what_the_object_holds(data_plane: str, kind: str) -> None:
    assert Scene(source("PEM\n", kind=kind), data_plane=data_plane, kind=kind).trusted == "PEM\n"


@pytest.mark.parametrize("kind", SOURCES)
@pytest.mark.parametrize("data_plane", DATA_PLANES)
def test_a_rotated_certificate_reaches_the_proxies(data_plane: str, kind: str) -> None:
    scene = Scene(source("old", kind=kind), data_plane=data_plane, kind=kind)
    before = scene.plan()
    recorded = RecordingStore(scene.store)
    scene.deployer.close()
    scene.deployer.plan(scene.owner, recorded)
    scene.store.add(source("new", kind=kind))
    assert not unchanged(recorded.reads, scene.store)
    assert scene.plan() is not before
    assert scene.trusted == "new"


def test_envoy_reads_a_rotated_certificate_by_itself_and_agentgateway_is_restarted() -> None:
    restarted = {}
    for data_plane in DATA_PLANES:
        scene = Scene(source("old"), data_plane=data_plane)
        before = scene.pods
        scene.store.add(source("new"))
        restarted[data_plane] = scene.pods != before
    assert restarted == {"envoy": False, "agentgateway": True}


def test_the_key_may_be_another() -> None:
    assert Scene(source("PEM", key="tls.crt"), key="tls.crt").trusted == "PEM"


@pytest.mark.parametrize("data_plane", DATA_PLANES)
def test_an_object_that_is_missing_is_a_fault_until_it_comes(data_plane: str) -> None:
    scene = Scene(data_plane=data_plane)
    recorded = RecordingStore(scene.store)
    with pytest.raises(InputsError) as caught:
        scene.deployer.plan(scene.owner, recorded)
    assert str(caught.value) == (
        "ConfigMap kgateway-system/xds-ca: does not exist; "
        "the inputs' controlPlane.xdsCaRef names it, for the CA of the control plane"
    )
    scene.store.add(source("PEM"))
    assert not unchanged(recorded.reads, scene.store)
    assert scene.trusted == "PEM"


NOTHING: dict[str, Object] = {
    "no data": source(None),
    "another key": source("PEM", key="other"),
    "an empty text": source(""),
    "data that is no mapping": {**source("x"), "data": "PEM"},
}


@pytest.mark.parametrize("held", NOTHING.values(), ids=NOTHING)
def test_an_object_without_the_key_is_a_fault_that_names_both(held: Object) -> None:
    with pytest.raises(InputsError, match=r"system/xds-ca: has no certificate under 'ca.crt'"):
        Scene(held).plan()


def test_a_secret_that_holds_no_text_is_never_shown() -> None:
    bad = source("x", kind="Secret")
    bad["data"]["ca.crt"] = "not base64: hush"
    with pytest.raises(InputsError) as caught:
        Scene(bad, kind="Secret").plan()
    assert "hush" not in str(caught.value)


def test_what_is_not_known_yet_is_not_called_missing() -> None:
    class Unsynced(MemoryStore):
        def get(self, kind: Any, namespace: str, name: str) -> Object | None:
            if kind == CONFIG_MAP:
                raise NotSynced("not listed yet")
            return super().get(kind, namespace, name)

    scene = Scene()
    with pytest.raises(NotSynced):
        scene.deployer.plan(scene.owner, Unsynced([gateway_class()]))


def test_without_tls_nothing_is_looked_up() -> None:
    scene = Scene(tls=False)
    recorded = RecordingStore(scene.store)
    scene.deployer.plan(scene.owner, recorded)
    assert CONFIG_MAP not in {read.kind for read in recorded.reads}
    assert CONFIG_MAP not in scene.plugin.reads


@pytest.mark.parametrize(("kind", "read"), [("ConfigMap", CONFIG_MAP), ("Secret", SECRET)])
def test_the_plugin_says_that_it_reads_the_kind(kind: str, read: Any) -> None:
    assert read in Scene(source("x", kind=kind), kind=kind).plugin.reads


@pytest.mark.parametrize(
    ("control_plane", "words"),
    [
        ({"xdsCaCert": "PEM", "xdsCaRef": REF}, "xdsCaCert and xdsCaRef exclude each other; leave one out"),
        ({"xdsCaRef": {"name": "x"}}, "required field is missing"),
        ({"xdsCaRef": {**REF, "name": "A"}}, "'A' is not a name Kubernetes accepts"),
        ({"xdsCaRef": {**REF, "kind": "Pod"}}, "must be 'ConfigMap' or 'Secret', is 'Pod'"),
        ({"xdsCaRef": {**REF, "key": ""}}, "must not be empty"),
    ],
)
def test_a_reference_that_cannot_be_is_an_inputs_fault(control_plane: dict[str, Any], words: str) -> None:
    with pytest.raises(InputsError) as caught:
        configure([GatewayPlugin], {"controlPlane": control_plane})
    [fault] = caught.value.faults
    assert fault.path.startswith("controlPlane")
    assert words in fault.message
