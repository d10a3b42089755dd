"""agentgateway's own test cases: what we deploy is, object by object, what its deployer makes.

Each case's Secret is put into the store, as if it had been deployed before: then even its key is the same.
"""

from __future__ import annotations

import pytest
import yaml

from gwdeployer.store import MemoryStore
from gwdeployer_gateway.api import GATEWAY
from gwdeployer_gateway.plugin import GatewayPlugin
from tests.gateway.scenarios import planned
from tests.gateway.test_gateway_goldens import SHARED, checker

GOLDENS = SHARED / "data/goldens/agentgateway"
CASES = sorted(path.name.removesuffix("-out.yaml") for path in GOLDENS.glob("*-out.yaml"))
SETTINGS = yaml.safe_load((GOLDENS.parent / "cases.yaml").read_text())["agentgateway"]


def test_there_are_cases() -> None:
    assert len(CASES) == 28


@pytest.mark.parametrize("case", CASES)
def test_we_agree_with_agentgateway(case: str) -> None:
    want = checker.load_all((GOLDENS / f"{case}-out.yaml").read_text())
    inputs = checker.merge(SETTINGS["inputs"], SETTINGS["cases"].get(case, {}))
    store = MemoryStore.from_files(GOLDENS / f"{case}.yaml")
    [owner] = store.list(GATEWAY)
    others = [obj for kind in GatewayPlugin.reads for obj in store.list(kind)]
    secrets = [obj for obj in want if obj["kind"] == "Secret"]
    made = planned(owner, *others, *secrets, inputs=inputs)
    assert list(checker.differences(checker.index(want), checker.index(made.plan.objects))) == []
    if secrets:
        assert made.kind("Secret")["data"] == secrets[0]["data"]
