"""What can be imported from the top, and what importing it costs."""

from __future__ import annotations

import subprocess
import sys
from importlib import import_module

import pytest

import gwdeployer

HEAVY = ("kubernetes", "jinja2", "pydantic", "yaml", "click", "jsonschema_rs", "deepmerge")


def test_the_listed_the_shown_and_the_loadable_names_agree() -> None:
    assert sorted(gwdeployer.__all__) == dir(gwdeployer)
    lazy = {name for names in gwdeployer._HOMES.values() for name in names}
    assert set(gwdeployer.__all__) == lazy | {"__version__"}


@pytest.mark.parametrize("name", gwdeployer.__all__)
def test_every_public_name_is_there_and_documented(name: str) -> None:
    found = getattr(gwdeployer, name)
    assert name == "__version__" or found.__doc__ or name == "Object"


@pytest.mark.parametrize("room", ["chart", "cluster", "objects", "parameters"])
def test_every_room_keeps_its_word(room: str) -> None:
    module = import_module(f"gwdeployer.{room}")
    assert [name for name in module.__all__ if not hasattr(module, name)] == []


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="module 'gwdeployer' has no attribute 'Deployr'"):
        gwdeployer.Deployr  # noqa: B018


def loaded_after(code: str) -> set[str]:
    script = f"{code}\nimport sys\nprint(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True)
    return set(done.stdout.split())


def test_importing_the_package_loads_nothing_heavy() -> None:
    assert loaded_after("import gwdeployer").isdisjoint(HEAVY)


def test_planning_needs_no_kubernetes_client_and_knows_no_plugin() -> None:
    loaded = loaded_after("from gwdeployer import Deployer, Plugin, MemoryStore, HelmValuesGenerator, Chart")
    assert "jinja2" in loaded
    assert loaded.isdisjoint({"kubernetes", "gwdeployer_gateway", "gwdeployer_inference", "click"})


def test_the_cluster_half_needs_the_kubernetes_client_only_to_connect() -> None:
    rooms = "applying, contention, live, patience, pruning, writer"
    names = "Cluster, ClusterStore, Deployer, ReconcileResult"
    code = f"from gwdeployer.cluster import {rooms}\nfrom gwdeployer import {names}"
    assert "kubernetes" not in loaded_after(code)
    assert "kubernetes" in loaded_after("from gwdeployer import KubernetesCluster")


def test_a_deployer_without_a_cluster_loads_nothing_of_the_cluster_half() -> None:
    code = "from gwdeployer import Deployer, Plan, Forbidden, ImmutableField, Throttled"
    assert "gwdeployer.cluster" not in loaded_after(code)
