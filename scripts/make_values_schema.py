"""Makes each chart's values.schema.json from the public type of its values.

usage: python scripts/make_values_schema.py [--check]
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from gwdeployer_gateway.agentgateway_values import AgentgatewayValues
from gwdeployer_gateway.values import GatewayValues
from gwdeployer_inference.values import EndpointPickerValues

CHARTS = Path(__file__).parents[1] / "templates"
VALUES: dict[str, type] = {
    "agentgateway": AgentgatewayValues,
    "endpoint-picker": EndpointPickerValues,
    "envoy": GatewayValues,
}


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


def text(chart: str) -> str:
    schema = closed(TypeAdapter(VALUES[chart]).json_schema())
    title = f"Values of the {chart if chart != 'envoy' else 'Envoy'} chart"
    head = {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": title}
    return json.dumps({**head, **schema}, indent=2) + "\n"


def main() -> int:
    texts = {CHARTS / chart / "values.schema.json": text(chart) for chart in VALUES}
    if "--check" in sys.argv:
        return 0 if all(path.read_text(encoding="utf-8") == made for path, made in texts.items()) else 1
    for path, made in texts.items():
        path.write_text(made, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
