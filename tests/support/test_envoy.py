"""The Envoy harness on a small bootstrap of its own: it must be able to fail, and say why."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.support import envoy

if TYPE_CHECKING:
    from pathlib import Path

envoy.require()

pytestmark = pytest.mark.envoy

BOOTSTRAP = """
admin: {address: {socket_address: {address: 127.0.0.1, port_value: 19000}}}
node: {cluster: gw.default}
static_resources:
  listeners: []
  clusters: []
"""


def _config_map(bootstrap: str) -> dict[str, Any]:
    return {"kind": "ConfigMap", "metadata": {"name": "gw"}, "data": {"envoy.yaml": bootstrap}}


def test_a_sound_bootstrap_is_accepted(tmp_path: Path) -> None:
    envoy.validate(_config_map(BOOTSTRAP), tmp_path)


def test_an_unknown_field_is_refused_in_envoys_words(tmp_path: Path) -> None:
    broken = BOOTSTRAP.replace("listeners:", "lissteners:")
    with pytest.raises(AssertionError, match=r"(?s)refuses the bootstrap of .*gw:.*lissteners"):
        envoy.validate(_config_map(broken), tmp_path)


def test_only_whole_folders_are_moved_to_the_work_directory(tmp_path: Path) -> None:
    text = "a: /etc/envoy/ca.crt\nb: /etc/envoy\nc: /etc/envoy-extra/x\n"
    moved = envoy._relocate(text, tmp_path)
    assert moved == f"a: {tmp_path}/etc-envoy/ca.crt\nb: {tmp_path}/etc-envoy\nc: /etc/envoy-extra/x\n"
