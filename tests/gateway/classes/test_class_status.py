"""What the status of a GatewayClass says, by the rules of the Gateway API (C1, C2, C4, P3, S1, S4)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import pytest

from gwdeployer import KindRef, MemoryStore, NotSynced, Object
from gwdeployer.errors import Forbidden
from gwdeployer.plugins import configure
from gwdeployer.status import Reporter
from gwdeployer.store import Lookup, ObjectStore, RecordingStore, unchanged
from gwdeployer_gateway import GATEWAY_CLASS, GATEWAY_PARAMETERS, GatewayPlugin
from gwdeployer_gateway.classes.definitions import DEFINITION
from tests.gateway.scenarios import CLASS, WAYPOINT_CLASS, gateway_class, parameters, ref

BUNDLE = "gateway.networking.k8s.io/bundle-version"
NOW, BEFORE = "2026-03-01T00:00:00Z", "2026-01-01T00:00:00Z"
OTHERS = {"type": "Example", "status": "True", "reason": "X", "message": "", "lastTransitionTime": BEFORE}


def reporter(**inputs: Any) -> Reporter:
    [plugin] = configure([GatewayPlugin], inputs)
    [found] = [one for one in plugin.reporters() if one.kind == GATEWAY_CLASS]
    return found


def definition(name: str, version: str | None) -> Object:
    """Return a CustomResourceDefinition of the Gateway API, as far as it matters."""
    group = "gateway.networking.k8s.io"
    annotations = {BUNDLE: version} if version is not None else {}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{name}.{group}", "annotations": annotations},
        "spec": {"group": group, "names": {"plural": name, "kind": name.title()}, "versions": []},
    }


def stored(
    name: str = CLASS, *, generation: int = 3, conditions: Iterable[Mapping[str, Any]] = (), **more: Any
) -> Object:
    """Return a GatewayClass as a server has it; ``more`` is its parametersRef, if any."""
    made = gateway_class(name)
    made["metadata"]["generation"] = generation
    made["spec"] |= more
    made["status"] = {"conditions": list(conditions)}
    return made


def reported(obj: Object, *others: Object, store: ObjectStore | None = None, **inputs: Any) -> Any:
    return reporter(**inputs).status(obj, store or MemoryStore([obj, *others]), NOW)


def condition(status: Mapping[str, Any], type_: str) -> Mapping[str, Any]:
    [found] = [one for one in status["conditions"] if one["type"] == type_]
    assert isinstance(found, Mapping)
    return found


def verdict(status: Mapping[str, Any], type_: str = "Accepted") -> tuple[str, str]:
    found = condition(status, type_)
    return found["status"], found["reason"]


# --- C1: Accepted -----------------------------------------------------------------------------------------


def test_c1_a_class_of_ours_is_accepted() -> None:
    status = reported(stored())
    assert condition(status, "Accepted") == {
        "type": "Accepted",
        "status": "True",
        "reason": "Accepted",
        "message": "its Gateways are served by envoy",
        "observedGeneration": 3,
        "lastTransitionTime": NOW,
    }


@pytest.mark.parametrize("controller", ["istio.io/gateway-controller", ""])
def test_c1_a_class_of_anybody_else_is_left_alone(controller: str) -> None:
    assert reported(gateway_class(controller=controller)) is None


def test_c1_a_class_of_the_controller_that_the_inputs_name_is_ours() -> None:
    theirs = gateway_class(controller="kgateway.dev/kgateway")
    assert verdict(reported(theirs, controllerName="kgateway.dev/kgateway")) == ("True", "Accepted")


def test_c1_a_class_with_sound_parameters_is_accepted() -> None:
    used = parameters({"kube": {}}, name="p", namespace="platform")
    assert verdict(reported(stored(parametersRef=ref("p", namespace="platform")), used)) == (
        "True",
        "Accepted",
    )


UNSOUND: dict[str, tuple[Any, str]] = {
    "an unknown kind": (
        {"group": "", "kind": "ConfigMap", "name": "p", "namespace": "platform"},
        "kind: this",
    ),
    "no namespace": (ref("p"), "namespace: a class must say"),
    "no such object": (ref("other", namespace="platform"), "platform/other does not exist"),
    "a malformed reference": ({"kind": "GatewayParameters"}, "name: required field is missing"),
    "a malformed object": (ref("bad", namespace="platform"), "spec.kube.replicas: unknown field"),
}


@pytest.mark.parametrize(("reference", "words"), UNSOUND.values(), ids=UNSOUND)
def test_p3_a_class_whose_parameters_are_wrong_is_not_accepted(reference: Any, words: str) -> None:
    bad = parameters({"kube": {"replicas": 1, "stats": {"enabled": "yes"}}}, name="bad", namespace="platform")
    status = reported(stored(parametersRef=reference), bad)
    assert verdict(status) == ("False", "InvalidParameters")
    assert words in condition(status, "Accepted")["message"]


def test_p3_all_faults_of_the_parameters_are_told() -> None:
    bad = parameters({"kube": {"replicas": 1, "stats": {"enabled": "yes"}}}, name="bad", namespace="platform")
    message = condition(reported(stored(parametersRef=ref("bad", namespace="platform")), bad), "Accepted")[
        "message"
    ]
    assert "spec.kube.replicas" in message
    assert "spec.kube.stats.enabled" in message


def test_p3_parameters_of_the_other_data_plane_are_an_unknown_kind() -> None:
    used = parameters({"kube": {}}, name="p", namespace="platform")
    of_agents = stored("gwdeployer-agentgateway", parametersRef=ref("p", namespace="platform"))
    assert verdict(reported(of_agents, used)) == ("False", "InvalidParameters")


def test_p3_what_is_not_known_yet_is_not_called_missing() -> None:
    class Unsynced(MemoryStore):
        def get(self, kind: KindRef, namespace: str, name: str) -> Object | None:
            if kind.group_kind == GATEWAY_PARAMETERS.group_kind:
                raise NotSynced("not listed yet")
            return super().get(kind, namespace, name)

    with pytest.raises(NotSynced):
        reported(stored(parametersRef=ref("p", namespace="platform")), store=Unsynced())


def test_p3_a_class_recovers_when_its_parameters_do() -> None:
    owner = stored(parametersRef=ref("p", namespace="platform"))
    store = RecordingStore(held := MemoryStore([owner]))
    assert verdict(reported(owner, store=store)) == ("False", "InvalidParameters")
    held.add(parameters({"kube": {}}, name="p", namespace="platform"))
    assert not unchanged(store.reads, held)
    assert verdict(reported(owner, store=held)) == ("True", "Accepted")


# --- C2: SupportedVersion ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("versions", "said"),
    [
        (["v1.6.1", "v1.6.1"], ("True", "SupportedVersion")),
        (["v1.0.0"], ("True", "SupportedVersion")),
        (["v1.6.0-rc.1", "v1.2.0-dev"], ("True", "SupportedVersion")),
        (["v1.6.1", None], ("False", "UnsupportedVersion")),
        (["v1.6.1", "v1.7.0"], ("False", "UnsupportedVersion")),
        (["v0.8.1"], ("False", "UnsupportedVersion")),
        (["v2.0.0"], ("False", "UnsupportedVersion")),
        (["main"], ("False", "UnsupportedVersion")),
    ],
)
def test_c2_the_version_of_the_gateway_api_is_supported_or_not(
    versions: list[str | None], said: tuple[str, str]
) -> None:
    status = reported(stored(), *(definition(f"kind{n}", version) for n, version in enumerate(versions)))
    assert verdict(status, "SupportedVersion") == said
    assert verdict(status) == ("True", "Accepted")


def test_c2_the_message_says_which_versions_there_are_and_which_are_known() -> None:
    status = reported(stored(), definition("gateways", "v1.9.0"), definition("gatewayclasses", "v1.6.1"))
    assert condition(status, "SupportedVersion")["message"] == (
        "the Gateway API installed is v1.6.1, v1.9.0; known here are v1.0 to v1.6 "
        "(see gateways.gateway.networking.k8s.io)"
    )


def test_c2_definitions_of_other_apis_do_not_matter() -> None:
    other = definition("gateways", "v9.9.9")
    other["spec"]["group"] = "networking.istio.io"
    status = reported(stored(), other, definition("gateways", "v1.6.1"))
    assert verdict(status, "SupportedVersion") == ("True", "SupportedVersion")


class Blind(MemoryStore):
    """May not, or cannot yet, list definitions."""

    def __init__(self, error: Exception, *objects: Object) -> None:
        super().__init__(objects)
        self.error: Exception | None = error

    def list(
        self,
        kind: KindRef,
        namespace: str | None = None,
        selector: Mapping[str, str] | None = None,
        lookup: Lookup | None = None,
    ) -> Sequence[Object]:
        if kind == DEFINITION and self.error:
            raise self.error
        return super().list(kind, namespace, selector, lookup)


BLIND: dict[str, Callable[[], ObjectStore]] = {
    "not known yet": lambda: Blind(NotSynced("not listed yet")),
    "no right to": lambda: Blind(Forbidden("no")),
    "none there": MemoryStore,
}


@pytest.mark.parametrize("store", BLIND.values(), ids=BLIND)
def test_c2_a_class_does_not_wait_for_definitions_that_cannot_be_read(
    store: Callable[[], ObjectStore],
) -> None:
    status = reported(stored(), store=store())
    assert [one["type"] for one in status["conditions"]] == ["Accepted"]


def test_c2_a_class_is_looked_at_again_when_definitions_are_known() -> None:
    blind = Blind(NotSynced("not listed yet"), definition("gateways", "v1.6.1"))
    store = RecordingStore(blind)
    reported(stored(), store=store)
    blind.error = None
    assert not unchanged(store.reads, blind)
    assert verdict(reported(stored(), store=blind), "SupportedVersion") == ("True", "SupportedVersion")


def test_c4_what_was_said_of_the_version_follows_the_generation_when_it_cannot_be_read_any_more() -> None:
    first = reported(stored(generation=3), definition("gateways", "v1.6.1"))
    again = reported(stored(generation=4, conditions=first["conditions"]), store=Blind(Forbidden("no")))
    assert {one["observedGeneration"] for one in again["conditions"]} == {4}
    assert condition(again, "SupportedVersion")["lastTransitionTime"] == NOW


# --- C4, S1, S4: how conditions are written ---------------------------------------------------------------


def test_c4_every_condition_follows_the_generation() -> None:
    crd = definition("gateways", "v1.6.1")
    first = reported(stored(generation=3), crd)
    second = reported(stored(generation=4, conditions=first["conditions"]), crd)
    assert {one["observedGeneration"] for one in second["conditions"]} == {4}


def test_s1_conditions_of_others_and_other_fields_stay_in_their_places() -> None:
    obj = stored(conditions=[OTHERS])
    obj["status"]["example"] = 1
    status = reported(obj)
    assert status["conditions"][0] == OTHERS
    assert status["example"] == 1


def test_s1_what_was_said_of_a_later_generation_stays() -> None:
    later = {**OTHERS, "type": "Accepted", "status": "False", "observedGeneration": 9}
    assert condition(reported(stored(conditions=[later])), "Accepted") == later


def test_s1_the_default_of_the_api_is_replaced() -> None:
    pending = {
        "type": "Accepted",
        "status": "Unknown",
        "reason": "Pending",
        "lastTransitionTime": "1970-01-01",
    }
    found = condition(reported(stored(conditions=[pending])), "Accepted")
    assert (found["status"], found["lastTransitionTime"]) == ("True", NOW)


def test_s4_a_status_that_is_right_stays_as_it_is() -> None:
    crd = definition("gateways", "v1.6.1")
    first = reported(stored(), crd, mode="gateway")
    obj = {**stored(), "status": first}
    assert reporter(mode="gateway").status(obj, MemoryStore([obj, crd]), "2027-01-01T00:00:00Z") == first


def test_a_control_plane_that_accepts_the_class_in_other_words_is_not_contradicted() -> None:
    theirs = {
        **OTHERS,
        "type": "Accepted",
        "reason": "Accepted",
        "message": "reconciled",
        "observedGeneration": 3,
    }
    assert condition(reported(stored(conditions=[theirs])), "Accepted") == theirs
    older = {**theirs, "observedGeneration": 2}
    assert condition(reported(stored(conditions=[older])), "Accepted")["observedGeneration"] == 3


# --- Features ---------------------------------------------------------------------------------------------


ALL = [
    "Gateway",
    "GatewayAddressEmpty",
    "GatewayInfrastructurePropagation",
    "GatewayStaticAddresses",
    "ListenerSet",
    "ReferenceGrant",
]


@pytest.mark.parametrize("name", [CLASS, "gwdeployer-agentgateway"])
def test_c1_features_are_listed_by_name_in_order(name: str) -> None:
    status = reported(stored(name), mode="gateway")
    assert status["supportedFeatures"] == [{"name": feature} for feature in ALL]


def test_c1_a_waypoint_has_no_addresses_of_its_own() -> None:
    status = reported(stored(WAYPOINT_CLASS), mode="gateway")
    names = [feature["name"] for feature in status["supportedFeatures"]]
    assert names == [name for name in ALL if "Address" not in name]


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({}, False),
        ({"supportedFeatures": {"type": "array", "items": {"type": "string"}}}, False),
        ({"supportedFeatures": {"type": "array", "items": {"type": "object"}}}, True),
    ],
    ids=["v1.0", "v1.1, experimental", "v1.2"],
)
def test_features_are_left_out_where_an_older_api_has_no_room_for_them(
    fields: Mapping[str, Any], said: bool
) -> None:
    older = definition("gatewayclasses", "v1.1.0")
    properties = {"status": {"properties": {"conditions": {"type": "array"}, **fields}}}
    version = {"name": "v1", "schema": {"openAPIV3Schema": {"properties": properties}}}
    older["spec"] |= {"names": {"kind": "GatewayClass"}, "versions": [version]}
    assert ("supportedFeatures" in reported(stored(), older, mode="gateway")) is said


def test_features_are_the_control_planes_to_say_where_there_is_one() -> None:
    obj = stored()
    assert "supportedFeatures" not in reported(obj)
    obj["status"]["supportedFeatures"] = [{"name": "HTTPRoute"}]
    assert reported(obj)["supportedFeatures"] == [{"name": "HTTPRoute"}]


def test_the_right_to_read_definitions_is_asked_for_though_it_can_be_done_without() -> None:
    [plugin] = configure([GatewayPlugin])
    assert {"customresourcedefinitions"} in [set(rule["resources"]) for rule in plugin.permissions()]
    assert DEFINITION not in (*plugin.reads, *plugin.observes)
