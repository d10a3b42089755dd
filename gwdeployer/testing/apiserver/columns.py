"""A column of a table: how it is headed, and what it shows of an object."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from gwdeployer.objects import Object
from gwdeployer.testing.apiserver.kinds.fieldpaths import found


@dataclass(frozen=True)
class Column:
    """One column: how it is headed, and what it shows of an object."""

    name: str
    cell: Callable[[Object], Any]
    type: str = "string"
    priority: int = 0
    format: str = ""
    description: str = ""

    def definition(self) -> dict[str, Any]:
        """Return the column's TableColumnDefinition."""
        return {
            "name": self.name,
            "type": self.type,
            "format": self.format,
            "description": self.description,
            "priority": self.priority,
        }


def at(path: str, default: Any = None) -> Callable[[Object], Any]:
    """Return a cell that shows what stands at a dotted path, or ``default``."""
    keys = tuple(path.split("."))

    def cell(obj: Object) -> Any:
        value = found(obj, keys)
        return default if value is None else value

    return cell


def number(name: str, path: str) -> Column:
    """Return a column of a count, which is 0 where it is not set."""
    return Column(name, at(path, 0), "integer")


def wide(name: str, cell: Callable[[Object], Any]) -> Column:
    """Return a column that is shown only when asked for wide."""
    return Column(name, cell, priority=1)
