"""The pytest plugin: the fixture ``gwdeployer_apiserver``. It loads the server only for tests that use it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from gwdeployer.testing.apiserver.server import APIServer


@pytest.fixture
def gwdeployer_apiserver() -> Iterator[APIServer]:
    """Return a running API server with nothing in it, of this test's own."""
    from gwdeployer.testing.apiserver.server import APIServer  # noqa: PLC0415 - only for tests that use it

    with APIServer() as server:
        yield server
