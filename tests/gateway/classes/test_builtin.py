"""The classes that the controller creates: none unless asked, and then as the inputs say."""

from __future__ import annotations

from typing import Any

import pytest

from gwdeployer import InputsError, MemoryStore, Object
from gwdeployer.plugins import configure
from gwdeployer_gateway import GatewayPlugin
from tests.gateway.scenarios import CONTROLLER, gateway

REF = {"name": "defaults", "namespace": "platform"}


def installed(**inputs: Any) -> dict[str, Object]:
    [plugin] = configure([GatewayPlugin], inputs)
    return {obj["metadata"]["name"]: obj for obj in plugin.installs()}


def test_none_is_created_unless_asked_for() -> None:
    assert installed() == {}


def test_the_classes_known_by_name_are_created_as_ours() -> None:
    made = installed(createClasses=True)
    assert list(made) == ["gwdeployer", "gwdeployer-waypoint", "gwdeployer-agentgateway"]
    assert {obj["spec"]["controllerName"] for obj in made.values()} == {CONTROLLER}
    assert all(0 < len(obj["spec"]["description"]) <= 64 for obj in made.values())
    assert not any("parametersRef" in obj["spec"] for obj in made.values())


def test_istio_is_told_how_a_waypoint_is_reached() -> None:
    made = installed(createClasses=True)
    binding = {"ambient.istio.io/waypoint-inbound-binding": "PROXY/15088"}
    assert made["gwdeployer-waypoint"]["metadata"].get("annotations") == binding
    assert "annotations" not in made["gwdeployer"]["metadata"]


def test_names_and_controller_are_the_inputs() -> None:
    made = installed(createClasses=True, gatewayClassName="front", controllerName="example.com/front")
    assert made["front"]["spec"]["controllerName"] == "example.com/front"
    assert "gwdeployer" not in made


def test_a_gateway_of_a_created_class_is_ours() -> None:
    [plugin] = configure([GatewayPlugin], {"createClasses": True})
    assert plugin.route(gateway(), MemoryStore(plugin.installs())).chart.name == "envoy"  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("class_name", "given", "group", "kind"),
    [
        ("gwdeployer", {}, "gateway.kgateway.dev", "GatewayParameters"),
        ("gwdeployer-waypoint", {}, "gateway.kgateway.dev", "GatewayParameters"),
        ("gwdeployer-agentgateway", {}, "agentgateway.dev", "AgentgatewayParameters"),
        ("gwdeployer", {"kind": "AgentgatewayParameters"}, "agentgateway.dev", "AgentgatewayParameters"),
        ("gwdeployer", {"group": "example.com", "kind": "Settings"}, "example.com", "Settings"),
        ("gwdeployer", {"group": "", "kind": "ConfigMap"}, "", "ConfigMap"),
    ],
)
def test_classes_refer_to_parameters_of_their_data_plane_or_as_said(
    class_name: str, given: dict[str, str], group: str, kind: str
) -> None:
    made = installed(createClasses=True, gatewayClassParametersRefs={class_name: {**REF, **given}})
    assert made[class_name]["spec"]["parametersRef"] == {"group": group, "kind": kind, **REF}
    assert sum("parametersRef" in obj["spec"] for obj in made.values()) == 1


def test_the_default_data_plane_decides_on_the_kind_of_parameters() -> None:
    refs = {"gwdeployer": REF}
    made = installed(createClasses=True, dataPlane="agentgateway", gatewayClassParametersRefs=refs)
    assert made["gwdeployer"]["spec"]["parametersRef"]["kind"] == "AgentgatewayParameters"
    assert made["gwdeployer"]["spec"]["description"] == "Gateways served by agentgateway"


def test_one_class_for_two_purposes_is_created_once() -> None:
    made = installed(createClasses=True, agentgatewayClassName="gwdeployer")
    assert list(made) == ["gwdeployer", "gwdeployer-waypoint"]
    assert made["gwdeployer"]["spec"]["description"] == "Gateways served by agentgateway"


@pytest.mark.parametrize(
    ("inputs", "path", "words"),
    [
        ({"gatewayClassName": "My_Class"}, "gatewayClassName", "'My_Class' is not a name Kubernetes accepts"),
        ({"waypointGatewayClassName": ""}, "waypointGatewayClassName", "'' is not a name Kubernetes accepts"),
        ({"agentgatewayClassName": "a" * 254}, "agentgatewayClassName", "at most 253"),
        (
            {"gatewayClassParametersRefs": {"gwdeployer": {**REF, "namespace": "A"}}},
            "gatewayClassParametersRefs.gwdeployer.namespace",
            "is not a name Kubernetes accepts",
        ),
        (
            {"gatewayClassParametersRefs": {"gwdeployer": {"name": "x"}}},
            "gatewayClassParametersRefs.gwdeployer.namespace",
            "required field is missing",
        ),
        (
            {"gatewayClassParametersRefs": {"gwdeployr": REF}},
            "",
            "gatewayClassParametersRefs: 'gwdeployr' is no class that is created; did you mean 'gwdeployer'?",
        ),
    ],
)
def test_a_name_that_cannot_be_is_a_fault_of_the_inputs(
    inputs: dict[str, Any], path: str, words: str
) -> None:
    with pytest.raises(InputsError) as caught:
        installed(**inputs)
    [fault] = caught.value.faults
    assert fault.path == path
    assert words in fault.message
