"""How often the client looks whether its credentials are still good.

For each request, it does so by itself, which with a kubeconfig means to configure itself anew, environment
and all: a quarter of a millisecond. Credentials that are refused are read anew at once in any case.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

#: Seconds between two looks.
PAUSE = 1.0


def refresh_seldom(configuration: Any, clock: Callable[[], float] = time.monotonic) -> None:
    """Have a ``kubernetes.client.Configuration`` refresh its credentials once a second at most."""
    refresh = configuration.refresh_api_key_hook
    if refresh is None:
        return
    refreshed = clock()

    def refresh_if_due(given: Any) -> None:
        nonlocal refreshed
        if clock() - refreshed >= PAUSE:
            refreshed = clock()
            refresh(given)
            given.refresh_api_key_hook = refresh_if_due  # a kubeconfig's hook puts itself back

    configuration.refresh_api_key_hook = refresh_if_due
