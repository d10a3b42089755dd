"""Makes templates/envoy/values.schema.json from the public type GatewayValues.

usage: python scripts/make_values_schema.py [--check]
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from gwdeployer_gateway.values import GatewayValues

TARGET = Path(__file__).parents[1] / "templates" / "envoy" / "values.schema.json"


def closed(schema: Any) -> Any:
    """Refuse unknown keys wherever the known ones are listed; titles say nothing the keys do not."""
    if isinstance(schema, list):
        return [closed(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    result = {
        key: closed(value) for key, value in schema.items() if not (key == "title" and isinstance(value, str))
    }
    if isinstance(schema.get("properties"), dict):
        result["additionalProperties"] = False
    return result


def text() -> str:
    schema = closed(TypeAdapter(GatewayValues).json_schema())
    head = {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "Values of the Envoy chart"}
    return json.dumps({**head, **schema}, indent=2) + "\n"


def main() -> int:
    if "--check" in sys.argv:
        return 0 if TARGET.read_text(encoding="utf-8") == text() else 1
    TARGET.write_text(text(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
