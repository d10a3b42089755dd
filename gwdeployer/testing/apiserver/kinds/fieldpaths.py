"""Reading and writing parts of an object by their paths."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gwdeployer.testing.apiserver.kinds.model import FieldPath


def found(value: Any, path: FieldPath) -> Any:
    """Return what stands at ``path``, or ``None``."""
    for key in path:
        value = value.get(key) if isinstance(value, Mapping) else None
    return value


def put(obj: dict[str, Any], path: FieldPath, value: Any) -> None:
    """Set what stands at ``path``; ``None`` removes it."""
    *parents, last = path
    for key in parents:
        obj = obj.setdefault(key, {})
    if value is None:
        obj.pop(last, None)
    else:
        obj[last] = value
