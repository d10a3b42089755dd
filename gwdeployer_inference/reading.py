"""Parts of objects that somebody wrote: what is not what it should be counts as absent."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def mapping(value: Any) -> Mapping[str, Any]:
    """Return a mapping; empty where ``value`` is none."""
    return value if isinstance(value, Mapping) else {}


def mappings(value: Any) -> list[Mapping[str, Any]]:
    """Return the mappings in a list; none where ``value`` is no list."""
    return [item for item in value if isinstance(item, Mapping)] if isinstance(value, list) else []
