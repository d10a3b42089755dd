"""What the official client does about credentials otherwise than we need it.

For each request it looks whether they are still good, which with a kubeconfig means to configure itself anew,
environment and all: a quarter of a millisecond. Credentials that are refused are read anew at once in any
case. And where a plugin should give them, and does not, it goes on as nobody.
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


def silent_plugin(configuration: Any, kubeconfig: Any, context: str | None) -> str:
    """Return the command of a kubeconfig's credential plugin that gave nothing; "" where none is missing.

    ``configuration`` is loaded from ``kubeconfig``, as the client has read it (a ``ConfigNode``).
    """
    if configuration.api_key or configuration.cert_file:
        return ""
    name = context or kubeconfig["current-context"]
    chosen = kubeconfig["contexts"].get_with_name(name)["context"]
    user = kubeconfig["users"].get_with_name(chosen["user"], safe=True) if chosen.safe_get("user") else None
    plugin = user["user"].safe_get("exec") if user else None
    return str(plugin["command"]) if plugin else ""
