from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from gwdeployer.testing import APIServer
from tests.testing.client import Client

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def server() -> Iterator[APIServer]:
    with APIServer() as one:
        yield one


@pytest.fixture
def client(server: APIServer) -> Iterator[Client]:
    with Client(server) as one:
        yield one
