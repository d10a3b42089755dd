"""What a preview loads: modules that only other commands need would be paid for at every start."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import BaseModel

import gwdeployer_gateway.crds
import gwdeployer_gateway.plugin
from gwdeployer import cache
from tests.cli.scene import CLASS, gateway, stream

OURS = ("gwdeployer", "gwdeployer_gateway")
#: Loads of a preview that another command, another data plane, a cluster or nobody needs.
OTHERS = (
    "asyncio",
    "gwdeployer.chart.tracing",
    "gwdeployer.cluster",
    "gwdeployer.crd",
    "gwdeployer.explain",
    "gwdeployer.objects.patch_merge",
    "gwdeployer.cli.accounts",
    "gwdeployer.cli.apply",
    "gwdeployer.cli.crds",
    "gwdeployer.cli.diff",
    "gwdeployer.cli.doctor",
    "gwdeployer.cli.explain",
    "gwdeployer.cli.manifests",
    "gwdeployer.cli.program",
    "gwdeployer.cli.rbac",
    "gwdeployer.cli.run",
    "gwdeployer.cli.status",
    "gwdeployer.controller",
    "gwdeployer.diagnosis",
    "gwdeployer.installation",
    "gwdeployer_gateway.agentgateway",
    "gwdeployer_gateway.crds",
    "gwdeployer_gateway.parameters.agentgateway",
    "gwdeployer_gateway.session_keys",
    "gwdeployer_inference.crds",
    "gwdeployer_inference.generator",
    "gwdeployer_inference.managing",
    "gwdeployer_inference.parameters",
    "gwdeployer_inference.profiles",
    "kubernetes",
    "logging",
    "prometheus_client",
    "unittest",
)


def loaded_by_render(folder: Path) -> set[str]:
    """The modules in a process that has rendered a Gateway."""
    (folder / "gateway.yaml").write_text(stream(CLASS, gateway()))
    code = (
        "import sys\nfrom gwdeployer.cli.main import execute\n"
        f"try: execute(['render', '-f', {str(folder)!r}])\n"
        "finally: print('\\n'.join(sys.modules), file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], check=True, capture_output=True, text=True, env=dict(os.environ)
    )
    assert "kind: Deployment" in done.stdout
    return set(done.stderr.split())


def test_a_preview_loads_nothing_that_others_need(tmp_path: Path) -> None:
    loaded = loaded_by_render(tmp_path)
    assert "gwdeployer_gateway.envoy" in loaded
    assert [name for name in sorted(loaded) if name in OTHERS or name.startswith("gwdeployer.cluster.")] == []


def test_a_gateway_without_parameters_needs_no_merge_of_undeclared_structures(tmp_path: Path) -> None:
    assert "deepmerge" not in loaded_by_render(tmp_path)


def test_the_command_line_keeps_compiled_templates_and_their_skeletons_in_the_users_cache(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(cache.VARIABLE)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    kept: list[set[Path]] = []
    for _ in range(2):
        loaded = loaded_by_render(tmp_path)
        kept.append(set((tmp_path / "cache" / "gwdeployer" / "kept").iterdir()))
    assert kept[0] == kept[1]
    # What distributions offer, all templates together, and the skeleton of each.
    assert len(kept[0]) == 1 + 1 + 4
    assert "importlib.metadata" not in loaded  # neither for our plugins, the second time, nor for pydantic's


def models_below(model: type[BaseModel]) -> Iterator[type[BaseModel]]:
    for below in model.__subclasses__():
        yield below
        yield from models_below(below)


def test_annotations_of_models_are_types_and_not_texts_to_compile() -> None:
    assert gwdeployer_gateway.crds.CRDS
    assert gwdeployer_gateway.plugin.GatewayPlugin.name
    ours = [model for model in models_below(BaseModel) if model.__module__.split(".")[0] in OURS]
    assert len(ours) > 50
    postponed = {
        model.__module__
        for model in ours
        if any(isinstance(annotation, str) for annotation in vars(model).get("__annotations__", {}).values())
    }
    assert postponed == set()


def loader_of_pydantics_plugins(disabled: str, code: str) -> list[str]:
    """What a process prints that has taken them away, or would have."""
    code = (
        "from gwdeployer.cli.pydantic_plugins import disable_pydantic_plugins\n"
        "disable_pydantic_plugins()\n"
        f"from pydantic.plugin import _loader\n{code}"
    )
    environment = {**os.environ, "PYDANTIC_DISABLE_PLUGINS": disabled}
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, check=True, capture_output=True, text=True, env=environment)
    return done.stdout.splitlines()


def test_what_stands_in_for_pydantics_loader_of_plugins_gives_way_to_it() -> None:
    code = "print(_loader.get_plugins(), _loader.PYDANTIC_ENTRY_POINT_GROUP)"
    code += "\nfrom pydantic.plugin import _loader\nprint(_loader.__file__.endswith('_loader.py'))"
    assert loader_of_pydantics_plugins("__all__", code) == ["() pydantic", "True"]


def test_pydantics_own_plugins_are_looked_for_where_the_environment_asks_for_them() -> None:
    assert loader_of_pydantics_plugins("one", "print(_loader.__file__.endswith('_loader.py'))") == ["True"]
