"""Which data plane a Gateway gets: its class's name, its class's parameters, or the inputs decide."""

from __future__ import annotations

from typing import Any

import pytest

from gwdeployer import ParametersError
from tests.gateway import agentgateway_scenarios as agent
from tests.gateway import scenarios as envoy

REFS = {"agentgateway": agent.ref, "envoy": envoy.ref}
MADE = {
    "agentgateway": lambda name, namespace: agent.parameters({}, name=name, namespace=namespace),
    "envoy": lambda name, namespace: envoy.parameters({"kube": {}}, name=name, namespace=namespace),
}


def data_plane(
    *,
    class_name: str = "some",
    of_class: str | None = None,
    own: str | None = None,
    inputs: dict[str, Any] | None = None,
) -> str:
    """Plan a Gateway whose class and itself refer to parameters of these data planes."""
    made_class = envoy.gateway_class(class_name)
    owner = envoy.gateway(class_name=class_name)
    others = [made_class]
    if of_class:
        made_class["spec"]["parametersRef"] = REFS[of_class]("p", namespace="platform")
        others.append(MADE[of_class]("p", "platform"))
    if own:
        owner["spec"]["infrastructure"] = {"parametersRef": REFS[own]("o")}
        others.append(MADE[own]("o", "shop"))
    made = envoy.planned(owner, *others, inputs=inputs)
    values = made.plan.values
    return str(next(iter(values.values()))["dataPlaneType"])


@pytest.mark.parametrize(
    ("scene", "expected"),
    [
        ({}, "envoy"),
        ({"inputs": {"dataPlane": "agentgateway"}}, "agentgateway"),
        ({"class_name": agent.CLASS}, "agentgateway"),
        ({"class_name": "mine", "inputs": {"agentgatewayClassName": "mine"}}, "agentgateway"),
        ({"of_class": "agentgateway"}, "agentgateway"),
        ({"of_class": "envoy", "inputs": {"dataPlane": "agentgateway"}}, "envoy"),
        ({"of_class": "agentgateway", "own": "agentgateway"}, "agentgateway"),
        ({"class_name": agent.CLASS, "own": "agentgateway"}, "agentgateway"),
        ({"own": "envoy"}, "envoy"),
    ],
)
def test_who_decides(scene: dict[str, Any], expected: str) -> None:
    assert data_plane(**scene) == expected


@pytest.mark.parametrize(
    ("scene", "place", "wanted"),
    [
        (
            {"class_name": agent.CLASS, "of_class": "envoy"},
            f"GatewayClass {agent.CLASS} spec.parametersRef.kind",
            "AgentgatewayParameters.agentgateway.dev",
        ),
        (
            {"of_class": "agentgateway", "own": "envoy"},
            "Gateway shop/web spec.infrastructure.parametersRef.kind",
            "AgentgatewayParameters.agentgateway.dev",
        ),
        (
            {"of_class": "envoy", "own": "agentgateway"},
            "Gateway shop/web spec.infrastructure.parametersRef.kind",
            "GatewayParameters.gateway.kgateway.dev",
        ),
        (
            {"own": "agentgateway"},
            "Gateway shop/web spec.infrastructure.parametersRef.kind",
            "GatewayParameters.gateway.kgateway.dev",
        ),
    ],
)
def test_parameters_of_the_other_data_plane_are_a_fault(
    scene: dict[str, Any], place: str, wanted: str
) -> None:
    with pytest.raises(ParametersError) as raised:
        data_plane(**scene)
    [fault] = raised.value.faults
    assert str(fault).startswith(f"{place}: this data plane has no parameters of kind ")
    assert str(fault).endswith(f"refer to a {wanted}")
