"""Make ``gwdeployer/testing/apiserver/protobuf_fields.json`` from Kubernetes' ``generated.proto`` files.

``python scripts/make_protobuf_fields.py API APIMACHINERY`` writes the file; the arguments are folders of the
Go modules ``k8s.io/api`` and ``k8s.io/apimachinery`` (``go list -m -f '{{.Dir}}' k8s.io/api``).

The file maps messages (``core.v1.Volume``) to their fields by number: ``name type`` for one value,
``name []type`` for several, ``name {}type`` for a map with text keys. A field without a name is embedded: its
fields stand among those of the message.
"""

from __future__ import annotations

import argparse
import json
import re
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parent.parent
TARGET = ROOT / "gwdeployer" / "testing" / "apiserver" / "protobuf_fields.json"
TYPES = ROOT / "gwdeployer" / "objects" / "kubernetes_types.json"
RESOURCES = ROOT / "gwdeployer" / "testing" / "apiserver" / "kinds" / "resources.json"

#: Groups whose objects are read by path only, or that are served by another server.
SKIPPED = {"apiextensions", "apiregistration"}
MACHINERY = ("pkg/api/resource", "pkg/apis/meta/v1", "pkg/runtime", "pkg/util/intstr")
EXTRA = ("autoscaling/v1", "policy/v1", "authentication/v1", "authorization/v1")

FIELD = re.compile(r"(optional|repeated|required)\s+(\S+)\s+(\w+)\s*=\s*(\d+)")
MAP = re.compile(r"map<string,\s*(\S+)>\s+(\w+)\s*=\s*(\d+)")
MESSAGE = re.compile(r"^message (\w+) \{\n(.*?)^\}", re.DOTALL | re.MULTILINE)
PACKAGE = re.compile(r"^package (\S+);", re.MULTILINE)


def files(api: Path, machinery: Path) -> Iterator[Path]:
    """Yield the proto files of the packages that are served."""
    versions = {entry["apiVersion"] for entry in json.loads(RESOURCES.read_bytes())} | set(EXTRA)
    for version in sorted(versions):
        group, _, name = version.rpartition("/")
        package = group.partition(".")[0] or "core"
        if package not in SKIPPED:
            yield api / package / name / "generated.proto"
    for package in MACHINERY:
        yield machinery / package / "generated.proto"


def short(name: str) -> str:
    """Return a message's or package's name without what all have in common."""
    name = re.sub(r"^\.?k8s\.io\.(api|apimachinery\.pkg(\.apis|\.api|\.util)?)\.", "", name)
    return name.replace("pkg.", "")


def fields(text: str, package: str, known: set[str] | None) -> Iterator[tuple[str, str]]:
    """Yield number and description of each field of a message."""
    for line in (line.strip() for line in text.splitlines()):
        if line.startswith("//"):
            continue
        if found := MAP.match(line):
            yield found[3], f"{found[2]} {{}}{typed(found[1], package)}"
        elif found := FIELD.match(line):
            label, kind, name, number = found.groups()
            several = "[]" if label == "repeated" else ""
            yield number, f"{json_name(name, known)} {several}{typed(kind, package)}"


def json_name(name: str, known: set[str] | None) -> str:
    """Return a field's name in JSON, which may differ in case; empty for an embedded field."""
    if known is None or name in known:
        return name
    return next((one for one in known if one.lower() == name.lower()), "")


def typed(kind: str, package: str) -> str:
    """Return a field's type: a scalar's name, or the short name of a message."""
    if kind.islower() or re.fullmatch(r"u?int\d+|fixed\d+", kind):
        return kind
    return short(kind) if "." in kind else f"{package}.{kind}"


def known_fields() -> dict[str, set[str]]:
    """Return the names of the JSON fields of each published type."""
    types = json.loads(TYPES.read_bytes())["types"]
    return {
        re.sub(r"^io\.k8s\.(api|apimachinery\.pkg\.apis)\.", "", name): set(one["fields"])
        for name, one in types.items()
        if one.get("fields")
    }


def made(api: Path, machinery: Path) -> str:
    """Return the text of the data file."""
    known = known_fields()
    messages = {}
    for path in files(api, machinery):
        text = path.read_text(encoding="utf-8")
        package = short(PACKAGE.search(text)[1])  # type: ignore[index]
        for name, body in MESSAGE.findall(text):
            full = f"{package}.{name}"
            if name.endswith("List") and full not in known:
                continue
            messages[full] = dict(fields(body, package, known.get(full)))
    return json.dumps(messages, separators=(",", ":"), sort_keys=True) + "\n"


def main() -> None:
    """Write the file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("api", type=Path)
    parser.add_argument("machinery", type=Path)
    arguments = parser.parse_args()
    TARGET.write_text(made(arguments.api, arguments.machinery), encoding="utf-8")


if __name__ == "__main__":
    main()
