"""Which Gateways are ours, and what their class says of them."""

from __future__ import annotations

from typing import Any

import pytest

from gwdeployer import MemoryStore, ParametersError, Skip
from gwdeployer.plugins import configure
from gwdeployer_gateway.plugin import GatewayPlugin
from tests.gateway.scenarios import gateway, gateway_class, parameters, planned, proxy, ref

OURS = "gwdeployer.dev/gateway-controller"


def routed(*objects: dict[str, Any], classes: tuple[str, ...] = (), **inputs: Any) -> Any:
    [plugin] = configure([GatewayPlugin], inputs, {"class": classes})
    return plugin.route(objects[0], MemoryStore(objects))


def test_a_gateway_of_our_class_is_ours() -> None:
    assert not isinstance(routed(gateway(), gateway_class()), Skip)


def test_a_gateway_of_another_controllers_class_is_left_alone() -> None:
    found = routed(gateway(), gateway_class(controller="istio.io/gateway-controller"))
    assert found == Skip(
        "GatewayClass gwdeployer belongs to 'istio.io/gateway-controller', "
        "not to us ('gwdeployer.dev/gateway-controller')",
        cleanup=True,
    )


def test_a_gateway_of_a_class_that_is_not_there_is_left_alone() -> None:
    assert routed(gateway()) == Skip("GatewayClass gwdeployer does not exist")


def test_we_stand_in_for_the_controller_that_the_inputs_name() -> None:
    theirs = gateway_class(controller="kgateway.dev/kgateway")
    assert not isinstance(routed(gateway(), theirs, controllerName="kgateway.dev/kgateway"), Skip)


def test_what_is_wrong_with_others_gateways_and_classes_is_not_our_business() -> None:
    theirs = gateway_class(controller="istio.io/gateway-controller")
    theirs["spec"]["parametersRef"] = {"kind": 7}
    found = routed(gateway(listeners=[{"port": "80"}], addresses="x"), theirs)
    assert isinstance(found, Skip)


@pytest.mark.parametrize("others", [[], [gateway_class(controller="istio.io/gateway-controller")]])
def test_a_class_may_be_treated_as_ours(others: list[dict[str, Any]]) -> None:
    assert planned(gateway(), *others, classes=["gwdeployer"]).ports == [80]
    found = routed(gateway(), *others, classes=("another",))
    assert isinstance(found, Skip)


@pytest.mark.parametrize("spec", [None, {}, {"controllerName": None}])
def test_a_class_that_names_no_controller_is_nobodys(spec: Any) -> None:
    found = routed(gateway(), {**gateway_class(), "spec": spec})
    assert found == Skip("GatewayClass gwdeployer names no controller")


@pytest.mark.parametrize("spec", [None, {}, {"gatewayClassName": None}, {"gatewayClassName": ""}])
def test_a_gateway_must_name_its_class(spec: Any) -> None:
    with pytest.raises(ParametersError, match=r"^Gateway shop/web spec\.gatewayClassName: (required|must)"):
        routed({**gateway(), "spec": spec}, gateway_class())


@pytest.mark.parametrize("spec", ["text", 7, [], [1], True, 0, ""])
def test_a_spec_that_is_no_mapping_is_a_fault(spec: Any) -> None:
    with pytest.raises(ParametersError, match=r"^Gateway shop/web spec: must be a mapping, not "):
        routed({**gateway(), "spec": spec}, gateway_class())


def test_an_unknown_field_is_a_warning_that_guesses_what_was_meant() -> None:
    typo = {"name": "http", "protocol": "HTTP", "port": 80, "hostnam": "a.example.com"}
    outcome = proxy(listeners=[typo], tomorrow={"a": 1})
    assert outcome.ports == [80]
    assert outcome.warnings == [
        "Gateway shop/web spec.listeners[0].hostnam: unknown field 'hostnam' is ignored; "
        "did you mean 'hostname'?",
        "Gateway shop/web spec.tomorrow: unknown field 'tomorrow' is ignored; known here: addresses, "
        "allowedListeners, defaultScope, gatewayClassName, infrastructure, listeners, tls",
    ]


def test_an_unknown_field_of_the_class_is_a_warning_too() -> None:
    odd = gateway_class()
    odd["spec"]["controlerName"] = "x"
    assert planned(gateway(), odd).warnings == [
        "GatewayClass gwdeployer spec.controlerName: unknown field 'controlerName' is ignored; "
        "did you mean 'controllerName'?"
    ]


def test_an_endless_field_name_is_cut() -> None:
    odd: Any = {"x" * 100_000: 1}
    [warning] = proxy(**odd).warnings
    assert len(warning) < 1000


def test_a_reference_to_nothing_is_a_fault() -> None:
    with pytest.raises(ParametersError) as caught:
        planned(gateway(infrastructure={"parametersRef": ref()}), gateway_class())
    assert str(caught.value) == (
        "Gateway shop/web spec.infrastructure.parametersRef.name: GatewayParameters shop/web does not exist; "
        "create it, or correct the reference"
    )
    assert caught.value.owner == "Gateway shop/web"


def test_a_reference_to_a_foreign_kind_is_a_fault() -> None:
    foreign = {"group": "", "kind": "ConfigMap", "name": "web"}
    with pytest.raises(ParametersError, match=r"parametersRef\.kind: this data plane has no parameters of"):
        planned(gateway(infrastructure={"parametersRef": foreign}), gateway_class())


def test_parameters_of_another_namespace_cannot_be_reached_from_a_gateway() -> None:
    elsewhere = parameters({"kube": {}}, namespace="other")
    mine = gateway(infrastructure={"parametersRef": ref(namespace="other")})
    with pytest.raises(ParametersError, match="GatewayParameters shop/web does not exist"):
        planned(mine, gateway_class(), elsewhere)


def test_a_class_must_say_where_its_parameters_are() -> None:
    homeless = gateway_class()
    homeless["spec"]["parametersRef"] = ref()
    with pytest.raises(ParametersError) as caught:
        planned(gateway(), homeless, parameters({"kube": {}}, namespace="default"))
    assert str(caught.value) == (
        "GatewayClass gwdeployer spec.parametersRef.namespace: a class must say in which namespace its "
        "parameters are; set spec.parametersRef.namespace"
    )


@pytest.mark.parametrize("missing", ["kind", "name"])
def test_a_reference_without_its_parts_is_a_fault(missing: str) -> None:
    partial = {key: value for key, value in ref().items() if key != missing}
    with pytest.raises(ParametersError, match=rf"parametersRef\.{missing}: required field is missing"):
        planned(gateway(infrastructure={"parametersRef": partial}), gateway_class())


def test_the_faults_of_both_references_come_at_once() -> None:
    with pytest.raises(ParametersError) as caught:
        planned(gateway(infrastructure={"parametersRef": ref()}), gateway_class(parameters=True))
    assert [fault.subject for fault in caught.value.faults] == ["GatewayClass gwdeployer", "Gateway shop/web"]


def test_the_faults_of_both_layers_come_at_once_and_name_their_layer() -> None:
    with pytest.raises(ParametersError) as caught:
        proxy(kube={"stats": {"enabled": "yes"}}, class_kube={"deployment": {"replicaz": 1}})
    first, second = str(caught.value).splitlines()
    assert first == (
        "GatewayParameters platform/for-class spec.kube.deployment.replicaz: unknown field 'replicaz' "
        "(from GatewayClass gwdeployer); did you mean 'replicas'?"
    )
    assert second == (
        "GatewayParameters shop/web spec.kube.stats.enabled: must be a boolean, not 'yes' (from Gateway web)"
    )


def test_a_broken_class_does_not_hide_the_gateways_own_faults() -> None:
    broken = gateway_class()
    broken["spec"]["parametersRef"] = {"kind": 7}
    with pytest.raises(ParametersError) as caught:
        planned(gateway(infrastructure={"parametersRef": ref()}), broken)
    subjects = {fault.subject for fault in caught.value.faults}
    assert subjects == {"GatewayClass gwdeployer", "Gateway shop/web"}


def test_faulty_listeners_do_not_hide_faulty_parameters() -> None:
    with pytest.raises(ParametersError) as caught:
        proxy(
            kube={"stats": {"enabled": "yes"}}, listeners=[{"name": "x", "protocol": "HTTP", "port": 70000}]
        )
    subjects = {fault.subject for fault in caught.value.faults}
    assert subjects == {"Gateway shop/web", "GatewayParameters shop/web"}


# --- The data plane of a class ----------------------------------------------------------------------------


def of_kind(kind: str, group: str) -> dict[str, Any]:
    made = gateway_class()
    made["spec"]["parametersRef"] = {"group": group, "kind": kind, "name": "p", "namespace": "x"}
    return made


ENVOYS = of_kind("GatewayParameters", "gateway.kgateway.dev")
AGENTS = of_kind("AgentgatewayParameters", "agentgateway.dev")
FOREIGN = of_kind("ConfigMap", "")


@pytest.mark.parametrize(
    ("of_class", "inputs", "data_plane"),
    [
        (gateway_class(), {}, "envoy"),
        (gateway_class(), {"dataPlane": "agentgateway"}, "agentgateway"),
        (gateway_class(), {"agentgatewayClassName": "gwdeployer"}, "agentgateway"),
        (ENVOYS, {}, "envoy"),
        (AGENTS, {}, "agentgateway"),
        (FOREIGN, {}, "envoy"),
        (ENVOYS, {"dataPlane": "agentgateway"}, "envoy"),
        (AGENTS, {"dataPlane": "envoy"}, "agentgateway"),
        (ENVOYS, {"agentgatewayClassName": "gwdeployer"}, "agentgateway"),
    ],
)
def test_the_name_of_a_class_then_its_parameters_then_the_inputs_decide_on_the_data_plane(
    of_class: dict[str, Any], inputs: dict[str, Any], data_plane: str
) -> None:
    assert routed(gateway(), of_class, **inputs).chart.name == data_plane


@pytest.mark.parametrize(
    ("inputs", "data_plane"), [({}, "envoy"), ({"dataPlane": "agentgateway"}, "agentgateway")]
)
def test_a_class_that_is_not_there_but_treated_as_ours_has_the_default_data_plane(
    inputs: dict[str, Any], data_plane: str
) -> None:
    assert routed(gateway(), classes=("gwdeployer",), **inputs).chart.name == data_plane
