"""What holds in every test of gateways."""

from __future__ import annotations

import pytest

from gwdeployer_gateway.agentgateway import AgentgatewayGenerator
from gwdeployer_gateway.envoy import EnvoyGenerator
from tests.support.post_processing import hold_to_reading


@pytest.fixture(autouse=True)
def generators_only_read(monkeypatch: pytest.MonkeyPatch) -> None:
    hold_to_reading(monkeypatch, EnvoyGenerator, AgentgatewayGenerator)
