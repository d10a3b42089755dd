"""How often credentials are looked at."""

from __future__ import annotations

from types import SimpleNamespace

from gwdeployer.cluster.credentials import PAUSE, refresh_seldom


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
