"""What holds for all tests."""

from __future__ import annotations

import os

from hypothesis import settings

# The gate tries the same examples each time; at a desk, each run tries others (and prints what failed).
settings.register_profile("gate", derandomize=True)
settings.load_profile("gate" if os.environ.get("CI") else "default")
