"""Makes gwdeployer_gateway/gateway_api_fields.json from the Gateway API's CRDs (experimental channel).

usage: python scripts/make_gateway_api_fields.py CRD_FOLDER
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from gwdeployer import documents

KINDS = ("Gateway", "GatewayClass", "ListenerSet")
TARGET = Path(__file__).parents[1] / "gwdeployer_gateway" / "gateway_api_fields.json"


def fields(schema: dict[str, Any]) -> dict[str, Any] | None:
    if schema.get("type") == "array":
        return fields(schema.get("items") or {})
    properties = schema.get("properties")
    return {name: fields(properties[name]) for name in sorted(properties)} if properties else None


def merged(left: dict[str, Any] | None, right: dict[str, Any] | None) -> dict[str, Any] | None:
    if left is None or right is None:
        return left or right
    return {name: merged(left.get(name), right.get(name)) for name in sorted({*left, *right})}


def main() -> None:
    known: dict[str, Any] = {}
    for path in sorted(Path(sys.argv[1]).glob("*.yaml")):
        for crd in documents.load_all(path.read_bytes(), source=str(path)):
            if crd.get("kind") == "CustomResourceDefinition" and crd["spec"]["names"]["kind"] in KINDS:
                for version in crd["spec"]["versions"]:
                    spec = version["schema"]["openAPIV3Schema"]["properties"]["spec"]
                    kind = crd["spec"]["names"]["kind"]
                    known[kind] = merged(known.get(kind), fields(spec))
    TARGET.write_text(json.dumps(known, sort_keys=True, separators=(",", ":")) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
