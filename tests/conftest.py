"""What holds for all tests."""

from __future__ import annotations

import os
from collections import Counter

import pytest
from hypothesis import find, settings
from hypothesis import strategies as st

pytest_plugins = ["tests.servers.fixtures"]

# The gate tries the same examples each time; at a desk, each run tries others (and prints what failed).
settings.register_profile("gate", derandomize=True)
settings.load_profile("gate" if os.environ.get("CI") else "default")

# What one run of the tests leaves in the user's cache, the next one shall not find.
os.environ["GWDEPLOYER_CACHE"] = ""


@pytest.fixture(scope="session", autouse=True)
def characters() -> None:
    """Have the table made that the first text ever drawn needs: a slow machine takes a second for it.

    The test that happens to draw it must not be taken for a slow one.
    """
    find(st.text(), lambda _: True)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say in one line for each reason how many tests were skipped: which server or program they lack."""
    skipped = Counter(report.longrepr[2] for report in terminalreporter.getreports("skipped"))
    for reason, count in skipped.items():
        terminalreporter.write_line(f"{count} {reason[:1].lower()}{reason[1:]}")
