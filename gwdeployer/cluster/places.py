"""Fields of objects by their path through maps. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from gwdeployer.objects import Object


def at(value: Any, path: Sequence[str]) -> Any:
    """Return what stands at ``path``; None where there is nothing, or no map on the way."""
    for name in path:
        value = value.get(name) if isinstance(value, dict) else None
    return value


def with_content(value: Object | None, path: Sequence[str], content: Any) -> Object:
    """Return a map with ``content`` at ``path``, with maps on the way to it; ``value`` is not changed."""
    name, *rest = path
    inner = with_content((value or {}).get(name), rest, content) if rest else content
    return {**(value or {}), name: inner}


def without(value: Object, path: Sequence[str]) -> Object:
    """Return a map without what stands at ``path``, which must be there; ``value`` is not changed."""
    name, *rest = path
    if rest:
        return {**value, name: without(value[name], rest)}
    return {key: item for key, item in value.items() if key != name}
