"""The charts' schemas are those of the public types; made by a script, so that they cannot part."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_the_schemas_are_up_to_date() -> None:
    script = ROOT / "scripts/make_values_schema.py"
    done = subprocess.run([sys.executable, str(script), "--check"], cwd=ROOT, check=False)
    assert done.returncode == 0, "run python scripts/make_values_schema.py"
