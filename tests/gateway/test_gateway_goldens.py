"""kgateway's own test cases: what we deploy is, object by object, what its deployer makes."""

from __future__ import annotations

from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_loader
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import yaml

from gwdeployer.store import MemoryStore
from gwdeployer_gateway.api import GATEWAY
from gwdeployer_gateway.plugin import GatewayPlugin
from tests.gateway.scenarios import Outcome, planned
from tests.support import envoy

SHARED = Path(__file__).parents[2].parent / "shared"
GOLDENS = SHARED / "data/goldens/kgateway"

if not GOLDENS.is_dir():
    pytest.skip("shared/ with kgateway's golden data is not here", allow_module_level=True)

#: kgateway deploys each autoscaler of two layers twice under one name.
MEANT = {"envoy-both-gwc-and-gw-have-overlays"}
CASES = sorted(path.name.removesuffix("-out.yaml") for path in GOLDENS.glob("*-out.yaml"))


def _checker() -> ModuleType:
    """Load the script that compares; it has no suffix."""
    loader = SourceFileLoader("check_goldens", str(SHARED / "tools/check-goldens"))
    spec = spec_from_loader(loader.name, loader)
    assert spec is not None
    module = module_from_spec(spec)
    loader.exec_module(module)
    return module


checker = _checker()
SETTINGS = yaml.safe_load((GOLDENS.parent / "cases.yaml").read_text())["kgateway"]


def outcome_of(case: str) -> Outcome:
    """Plan the one Gateway of a case under the inputs it was made with."""
    inputs = checker.merge(SETTINGS["inputs"], SETTINGS["cases"].get(case, {}))
    store = MemoryStore.from_files(GOLDENS / f"{case}.yaml")
    [owner] = store.list(GATEWAY)
    others = [obj for kind in GatewayPlugin.reads for obj in store.list(kind)]
    return planned(owner, *others, inputs=inputs)


def differences(case: str) -> list[str]:
    want = checker.index(checker.load_all((GOLDENS / f"{case}-out.yaml").read_text()))
    got: dict[str, Any] = checker.index(outcome_of(case).plan.objects)
    return list(checker.differences(want, got))


def test_there_are_cases() -> None:
    assert len(CASES) == 23
    assert set(CASES) > MEANT


@pytest.mark.parametrize("case", sorted(set(CASES) - MEANT))
def test_we_agree_with_kgateway(case: str) -> None:
    assert differences(case) == []


@pytest.mark.parametrize("case", sorted(MEANT))
def test_a_case_where_we_differ_on_purpose_is_still_deployable(case: str) -> None:
    assert {obj["kind"] for obj in outcome_of(case).plan.objects} >= {"Deployment", "Service"}


@pytest.mark.envoy
@pytest.mark.parametrize("case", CASES)
def test_a_real_envoy_accepts_what_we_make_of_a_case(case: str, tmp_path: Path) -> None:
    envoy.require()
    envoy.validate(outcome_of(case).config_map, tmp_path)
