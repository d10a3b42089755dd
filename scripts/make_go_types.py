"""Make ``gwdeployer/testing/apiserver/kinds/go_types.json``: what published schemas leave out of Go types.

``python scripts/make_go_types.py`` needs Go and the modules that ``scripts/go_types/go.mod`` names. For each
type of ``kubernetes_types.json`` the file has its ``name`` in Go, the Go type of each of its ``fields`` (a
pointer's zero value differs from none), and ``zero``, how an empty value is printed: fields without
``omitempty`` are printed even when they are not set.
"""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

HERE = Path(__file__).parent
OBJECTS = HERE.parent / "gwdeployer" / "objects" / "kubernetes_types.json"
TARGET = HERE.parent / "gwdeployer" / "testing" / "apiserver" / "kinds" / "go_types.json"


def main() -> None:
    told = subprocess.run(["go", "run", "."], cwd=HERE / "go_types", check=True, capture_output=True).stdout
    published = json.loads(OBJECTS.read_bytes())["types"]
    lines = [
        f"{compact(name)}:{compact(found)}"
        for name, found in sorted(json.loads(told).items())
        if name in published
    ]
    text = "{\n" + ",\n".join(lines) + "\n}\n"
    TARGET.write_text(text, encoding="utf-8")
    print(f"{TARGET.name}: {len(text) / 1024:.0f} KiB")


def compact(value: object) -> str:
    return json.dumps(value, separators=(",", ":"), sort_keys=True)


if __name__ == "__main__":
    main()
