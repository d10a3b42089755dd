"""Tables, ages and the paths of printer columns."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from gwdeployer.testing.apiserver.ages import age
from gwdeployer.testing.apiserver.json_path import find_all
from gwdeployer.testing.apiserver.kinds import crd_kinds
from gwdeployer.testing.apiserver.tables import table

NOW = datetime(2026, 1, 10, tzinfo=UTC)
OBJECT = {
    "metadata": {"annotations": {"example.com/key": "value"}},
    "spec": {"ports": [{"name": "a", "port": 80}, {"name": "b", "port": 81}]},
    "status": {"conditions": [{"type": "Ready", "status": "True"}, {"type": "Other", "status": "False"}]},
}


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (-5, "<invalid>"),
        (-1, "0s"),
        (0, "0s"),
        (119, "119s"),
        (120, "2m"),
        (599, "9m59s"),
        (3 * 3600 - 1, "179m"),
        (3 * 3600, "3h"),
        (5 * 3600 + 60, "5h1m"),
        (47 * 3600, "47h"),
        (3 * 86400, "3d"),
        (3 * 86400 + 7200, "3d2h"),
        (100 * 86400, "100d"),
        (3 * 365 * 86400 + 86400, "3y1d"),
        (9 * 365 * 86400, "9y"),
    ],
)
def test_an_age_is_told_in_at_most_two_units(seconds: int, text: str) -> None:
    assert age((NOW - timedelta(seconds=seconds)).isoformat(), NOW) == text


def test_an_age_without_a_time_is_unknown() -> None:
    assert age(None) == "<unknown>"
    assert age("yesterday") == "<invalid>"


@pytest.mark.parametrize(
    ("path", "found"),
    [
        (".spec.ports[0].port", [80]),
        (".spec.ports[-1].port", [81]),
        (".spec.ports[*].name", ["a", "b"]),
        ('.status.conditions[?(@.type=="Ready")].status', ["True"]),
        (".status.conditions[?(@.type=='Nobody')].status", []),
        (r".metadata.annotations.example\.com/key", ["value"]),
        (".metadata.annotations['example.com/key']", ["value"]),
        (".spec.nothing.here", []),
        (".spec.ports[?(@.port > 80)]", []),
    ],
)
def test_a_path_finds_what_stands_there(path: str, found: list[Any]) -> None:
    assert find_all(path, OBJECT) == found


def test_a_custom_object_is_printed_by_the_columns_of_its_definition() -> None:
    columns = [
        {"name": "Size", "type": "integer", "jsonPath": ".spec.size"},
        {"name": "Ready", "type": "string", "jsonPath": '.status.conditions[?(@.type=="Ready")].status'},
        {"name": "Flag", "type": "boolean", "jsonPath": ".spec.flag", "priority": 1},
        {"name": "Labels", "type": "string", "jsonPath": ".metadata.labels"},
        {"name": "Text", "type": "integer", "jsonPath": ".metadata.name"},
    ]
    version = {"name": "v1", "served": True, "additionalPrinterColumns": columns}
    names = {"kind": "Widget", "plural": "widgets"}
    spec = {"group": "example.com", "scope": "Cluster", "names": names, "versions": [version]}
    (kind,) = crd_kinds({"metadata": {"name": "widgets.example.com"}, "spec": spec})
    obj = OBJECT | {"metadata": {"name": "w", "labels": {"a": "b"}}, "spec": {"size": 3.0, "flag": True}}
    result = table(kind, [obj])
    assert result["rows"] == [{"cells": ["w", 3, "True", True, '{"a":"b"}', None], "object": obj}]
    assert [column["priority"] for column in result["columnDefinitions"]] == [0, 0, 0, 1, 0, 0]
