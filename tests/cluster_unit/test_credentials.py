"""How often credentials are looked at, and what is said where there are none."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from gwdeployer import KubernetesCluster
from gwdeployer.cluster.credentials import PAUSE, refresh_seldom
from gwdeployer.errors import InputsError


def test_credentials_are_refreshed_once_in_a_pause_however_many_requests_there_are() -> None:
    looks: list[float] = []
    now = 0.0

    def refresh(configuration: SimpleNamespace) -> None:
        looks.append(now)
        configuration.refresh_api_key_hook = refresh  # as that of a kubeconfig does

    configuration = SimpleNamespace(refresh_api_key_hook=refresh)
    refresh_seldom(configuration, lambda: now)
    for step in range(20):
        now = step * PAUSE / 4
        configuration.refresh_api_key_hook(configuration)

    assert looks == [PAUSE, 2 * PAUSE, 3 * PAUSE, 4 * PAUSE]


def test_credentials_that_never_change_are_not_looked_at() -> None:
    configuration = SimpleNamespace(refresh_api_key_hook=None)
    refresh_seldom(configuration)
    assert configuration.refresh_api_key_hook is None


def kubeconfig(folder: Path, user: dict[str, Any]) -> Path:
    content = {
        "current-context": "a",
        "contexts": [{"name": "a", "context": {"cluster": "a", "user": "a"}}],
        "clusters": [{"name": "a", "cluster": {"server": "http://127.0.0.1:9"}}],
        "users": [{"name": "a", "user": user}],
    }
    path = folder / "kubeconfig"
    path.write_text(json.dumps(content))
    return path


def test_a_credential_plugin_that_gives_nothing_is_bad_input(tmp_path: Path) -> None:
    plugin = {"apiVersion": "client.authentication.k8s.io/v1", "command": "no-such-plugin"}
    path = kubeconfig(tmp_path, {"exec": plugin})
    with pytest.raises(InputsError, match=f"kubeconfig {path}: .*no-such-plugin gives no credentials"):
        KubernetesCluster.connect(path)


@pytest.mark.parametrize("user", [{}, {"token": "t"}])
def test_a_user_without_a_plugin_may_have_credentials_or_none(user: dict[str, Any], tmp_path: Path) -> None:
    KubernetesCluster.connect(kubeconfig(tmp_path, user)).close()
