"""Gateways that differ in names alone: templates are run for two of them, and plans are no others for it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gwdeployer import Deployer, MemoryStore, Plan
from gwdeployer.chart.rendering import Renderer
from gwdeployer.charts import builtin_chart
from gwdeployer.objects import Object
from gwdeployer.plugins import configure
from gwdeployer_gateway.plugin import GatewayPlugin
from tests.gateway import agentgateway_scenarios
from tests.gateway.scenarios import CLASS, gateway, gateway_class

CLASSES = [CLASS, agentgateway_scenarios.CLASS]
#: Short ones, one that YAML takes for a number, one for a word, and those that labels must shorten.
NAMES = ["a", "web", "12345", "true", "with.dots", "n" * 63, "n" * 64, "l" * 253]


def plans(owners: list[dict[str, Any]], class_name: str, *, together: bool) -> list[Plan]:
    """By one deployer and its chart, or each by those that have never seen another owner."""
    store = MemoryStore([gateway_class(class_name), *owners])
    made, plugin = [], None
    for owner in owners:
        if plugin is None or not together:
            builtin_chart.cache_clear()
            [plugin] = configure([GatewayPlugin], {}, {"seed": ["tests"]})
        deployer = plugin.route(owner, store)
        assert isinstance(deployer, Deployer)
        made.append(deployer.plan(owner, store))
    return made


@pytest.fixture
def runs(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names for which templates were run."""
    found: list[str] = []
    run = Renderer._run

    def counted(self: Renderer, scope: Mapping[str, Any], data: bytes | None, **how: Any) -> list[Object]:
        found.append(scope["Release"]["Name"])
        return run(self, scope, data, **how)

    monkeypatch.setattr(Renderer, "_run", counted)
    return found


@pytest.mark.parametrize("class_name", CLASSES)
def test_templates_are_run_for_the_first_two(class_name: str, runs: list[str]) -> None:
    owners = [gateway(f"gw-{n}", namespace=f"ns-{n}", class_name=class_name) for n in range(6)]
    plans(owners, class_name, together=True)
    assert runs == ["gw-0", "gw-1"]


OWNERS = st.lists(
    st.builds(
        gateway,
        st.sampled_from(NAMES),
        namespace=st.sampled_from(["shop", "1", "null", "n" * 63]),
        infrastructure=st.fixed_dictionaries(
            {"labels": st.dictionaries(st.sampled_from(["a", "b"]), st.sampled_from(["x", "1", "true"]))}
        ),
        listeners=st.lists(st.sampled_from([80, 443]), min_size=1, max_size=1).map(
            lambda ports: [{"name": "http", "protocol": "HTTP", "port": port} for port in ports]
        ),
    ),
    min_size=3,
    max_size=5,
    unique_by=lambda owner: (owner["metadata"]["name"], owner["metadata"]["namespace"]),
)


@pytest.mark.parametrize("class_name", CLASSES)
@settings(deadline=None, max_examples=30)  # each owner's chart is compiled anew
@given(owners=OWNERS)
def test_who_was_planned_before_makes_no_difference(class_name: str, owners: list[dict[str, Any]]) -> None:
    for owner in owners:
        owner["spec"]["gatewayClassName"] = class_name
    together = plans(owners, class_name, together=True)
    assert [plan.objects for plan in together] == [
        plan.objects for plan in plans(owners, class_name, together=False)
    ]
