"""How the API server's own types, in Go, decode and print: what the published schemas do not tell.

Made by ``scripts/make_go_types.py`` from the types of Kubernetes 1.36: the fields of a type, the Go type of
each, and how an empty value is printed. A field that only a later Kubernetes publishes is unknown here,
too.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from gwdeployer.objects.types import type_info

_DATA = Path(__file__).with_name("go_types.json")


@dataclass(frozen=True, slots=True)
class GoType:
    """One type. ``fields`` maps JSON names to Go types; ``zero`` is what JSON makes of an empty value."""

    name: str
    fields: Mapping[str, str]
    zero: Any

    def is_pointer(self, field: str) -> bool:
        """Return whether nothing and a zero value of the field differ."""
        return self.fields[field].startswith("*")


@cache
def go_type(name: str) -> GoType:
    """Return a type by its published name, short or full."""
    full = type_info(name).name
    raw = _published().get(full)
    if raw is None:
        return GoType(full.rsplit(".", 1)[1], {}, {})
    return GoType(raw["name"], raw.get("fields", {}), raw["zero"])


@cache
def _published() -> dict[str, Any]:
    data: dict[str, Any] = json.loads(_DATA.read_bytes())
    return data
