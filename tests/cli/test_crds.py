"""``gwdeployer crds``."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from gwdeployer import PluginError
from gwdeployer.cli.crds import definitions_of
from gwdeployer.crd import crd_of
from gwdeployer_gateway import GatewayPlugin
from tests.cli.running import run

if TYPE_CHECKING:
    pass

NAMES = [
    "agentgatewayparameters.agentgateway.dev",
    "endpointpickerparameters.inference.gwdeployer.dev",
    "gatewayparameters.gateway.kgateway.dev",
]


def names(text: str) -> list[str]:
    return [crd["metadata"]["name"] for crd in yaml.safe_load_all(text)]


def test_prints_all_of_them_ordered_by_name() -> None:
    done = run("crds")
    assert (done.code, done.err) == (0, "")
    assert names(done.out) == NAMES
    assert next(yaml.safe_load_all(done.out)) == crd_of(GatewayPlugin.crds()[1])


@pytest.mark.parametrize("kind", ["AgentgatewayParameters", "agpar", "agentgatewayparameters", NAMES[0]])
def test_prints_the_kinds_that_are_asked_for(kind: str) -> None:
    assert names(run("crds", kind).out) == NAMES[:1]


def test_json_is_one_list() -> None:
    printed: dict[str, Any] = json.loads(run("crds", "-o", "json", "--no-descriptions").out)
    assert (printed["apiVersion"], printed["kind"]) == ("v1", "List")
    assert printed["items"][2] == crd_of(GatewayPlugin.crds()[0], descriptions=False)


def test_an_unknown_kind_is_named_with_those_there_are() -> None:
    done = run("crds", "gateways", "agpar")
    assert done.code == 2
    known = "AgentgatewayParameters, EndpointPickerParameters, GatewayParameters"
    assert f"no plugin defines gateways; there are: {known}" in done.err


def test_help_has_an_example() -> None:
    assert "Example: gwdeployer crds agpar" in run("crds", "--help").out


def test_two_plugins_that_define_one_kind_contradict_each_other() -> None:
    with pytest.raises(PluginError, match=r"CRD gatewayparameters\.gateway\.kgateway\.dev: is defined twice"):
        definitions_of([GatewayPlugin, GatewayPlugin])
