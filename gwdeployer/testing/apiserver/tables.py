"""Objects as rows: ``meta.k8s.io/v1`` Tables, which ``kubectl get`` asks for.

Custom kinds have the columns of their definition; built-in ones those of ``printing``, as far as kubectl's
users know them, and name and age otherwise.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import replace
from functools import partial
from typing import Any

from gwdeployer.objects import Object
from gwdeployer.testing.apiserver.ages import age
from gwdeployer.testing.apiserver.columns import Column
from gwdeployer.testing.apiserver.json_path import find_all
from gwdeployer.testing.apiserver.kinds import Kind
from gwdeployer.testing.apiserver.kinds.custom import CustomKind
from gwdeployer.testing.apiserver.printing import AGE, COLUMNS, NAME


def table(kind: Kind, objects: Iterable[Object]) -> Object:
    """Return objects of one kind as a Table; each row has its whole object."""
    columns = columns_of(kind)
    return {
        "kind": "Table",
        "apiVersion": "meta.k8s.io/v1",
        "metadata": {},
        "columnDefinitions": [column.definition() for column in columns],
        "rows": [{"cells": [column.cell(obj) for column in columns], "object": obj} for obj in objects],
    }


def columns_of(kind: Kind) -> tuple[Column, ...]:
    """Return the columns of a kind."""
    if not isinstance(kind, CustomKind):
        return COLUMNS.get(kind.resource.kind.group_kind, (NAME, AGE))
    declared = kind.version.get("additionalPrinterColumns")
    return (NAME, *map(_declared, declared)) if declared else (NAME, replace(AGE, type="date"))


def _declared(column: dict[str, Any]) -> Column:
    return Column(
        column["name"],
        partial(_value, column["type"], column["jsonPath"]),
        column["type"],
        priority=column.get("priority", 0),
        format=column.get("format", ""),
        description=column.get("description", ""),
    )


def _value(kind: str, path: str, obj: Object) -> Any:
    """Return the first value at a path, if it is of the column's type; a column of strings takes any."""
    found = find_all(path, obj)
    if not found or found[0] is None:
        return None
    value = found[0]
    match kind:
        case "string":
            return value if isinstance(value, str) else _text(value)
        case "date":
            return age(value) if isinstance(value, str) else None
        case "boolean":
            return value if isinstance(value, bool) else None
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    return int(value) if kind == "integer" else value


def _text(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"))
