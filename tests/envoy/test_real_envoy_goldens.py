"""A real Envoy on kgateway's own bootstraps: the harness must judge rightly before it judges ours."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support import ads, envoy

GOLDENS = Path(__file__).parents[2].parent / "shared/data/goldens/kgateway"

if not GOLDENS.is_dir():
    pytest.skip("shared/ with kgateway's golden data is not here", allow_module_level=True)
envoy.require()

pytestmark = pytest.mark.envoy


def _golden(case: str) -> dict[str, Any]:
    objects = yaml.safe_load_all((GOLDENS / f"{case}-out.yaml").read_text())
    return next(obj for obj in objects if obj and obj["kind"] == "ConfigMap")


def _notes(error: BaseException) -> str:
    return "\n".join(error.__notes__)


@pytest.mark.parametrize(
    "case", sorted(path.name.removesuffix("-out.yaml") for path in GOLDENS.glob("*-out.yaml"))
)
def test_envoy_accepts_every_golden_bootstrap(case: str, tmp_path: Path) -> None:
    envoy.validate(_golden(case), tmp_path)


def test_a_golden_bootstrap_becomes_ready_and_shows_its_token(tmp_path: Path) -> None:
    with (
        ads.serve() as control_plane,
        envoy.run(_golden("base-gateway"), tmp_path, xds_port=control_plane.port) as running,
    ):
        running.wait_ready()
        _assert_in_service(running, control_plane)


def test_a_golden_bootstrap_reaches_a_control_plane_with_tls(tmp_path: Path) -> None:
    certificate, key = envoy.authority()
    if not key:
        pytest.skip("no openssl to make a key for the control plane")
    with (
        ads.serve(certificate=certificate, key=key) as control_plane,
        envoy.run(_golden("base-gateway-tls"), tmp_path, xds_port=control_plane.port) as running,
    ):
        running.wait_ready()
        _assert_in_service(running, control_plane)


def _assert_in_service(running: envoy.RunningEnvoy, control_plane: ads.AdsServer) -> None:
    assert running.get(running.ready_port, "/ready") == (200, "LIVE\n")
    assert running.get(running.ready_port, "/envoy-hc")[0] == 200
    status, metrics = running.get(running.metrics_port, "/metrics")
    assert status == 200
    assert "# TYPE envoy_server_live gauge" in metrics
    assert control_plane.wait_for(ads.LISTENERS, timeout=5).node_cluster == "gw.default"
    assert control_plane.metadata[0]["authorization"] == f"Bearer {envoy.TOKEN}"
    assert control_plane.errors == []


def test_wildcard_binds_of_ipv6_are_moved_to_loopback_too(tmp_path: Path) -> None:
    config_map = _golden("base-gateway")
    bootstrap = config_map["data"]["envoy.yaml"]
    dual_stack = bootstrap.replace("address: 0.0.0.0, ", 'address: "::", ipv4_compat: true, ')
    assert dual_stack != bootstrap
    config_map["data"]["envoy.yaml"] = dual_stack
    envoy.validate(config_map, tmp_path)
    with (
        ads.serve() as control_plane,
        envoy.run(config_map, tmp_path, xds_port=control_plane.port) as running,
    ):
        running.wait_ready()


def test_envoy_is_not_ready_while_its_control_plane_is_silent(tmp_path: Path) -> None:
    with (
        pytest.raises(AssertionError, match="not ready within 2 s") as caught,
        envoy.run(_golden("base-gateway"), tmp_path, xds_port=1) as running,
    ):
        running.wait_ready(timeout=2)
    assert "cm init: initializing cds" in _notes(caught.value)
    assert running.process.returncode is not None


def test_an_envoy_that_ends_at_once_shows_its_log(tmp_path: Path) -> None:
    config_map = _golden("base-gateway")
    config_map["data"]["envoy.yaml"] += "no_such_field: 1\n"
    with (
        pytest.raises(AssertionError, match="Envoy ended with 1") as caught,
        envoy.run(config_map, tmp_path, xds_port=1) as running,
    ):
        running.wait_ready(timeout=10)
    assert "no_such_field" in _notes(caught.value)


def test_a_file_that_is_not_mounted_is_refused(tmp_path: Path) -> None:
    config_map = _golden("base-gateway-tls")
    del config_map["data"]["ca.crt"]
    with pytest.raises(AssertionError, match=r"ca\.crt"):
        envoy.validate(config_map, tmp_path)
