"""Our CRDs beside kgateway's and agentgateway's own: every difference is one that docs/crds.md names."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import yaml

from gwdeployer.crd import crd_of
from gwdeployer_gateway import GatewayPlugin
from tests.crd.comparing import differences

ROOT = Path(__file__).parents[2]
PUBLISHED = ROOT.parent / "shared/data/crds"
DOCUMENT = ROOT / "docs/crds.md"
KINDS = ("gatewayparameters", "agentgatewayparameters")


class Row(NamedTuple):
    """One line of the table: a difference that is wanted."""

    crd: str
    field: str
    difference: str
    reason: str

    def names(self, crd: str, field: str, difference: str) -> bool:
        return self.crd in (crd, "both") and alike(self.field, field) and alike(self.difference, difference)


def alike(pattern: str, text: str) -> bool:
    return bool(re.fullmatch(".*".join(map(re.escape, pattern.split("*"))), text, re.DOTALL))


def rows() -> list[Row]:
    """Return the table at the end of the document."""
    lines = DOCUMENT.read_text().split("## Differences")[1].splitlines()
    cells = [
        [cell.strip().strip("`") for cell in line.strip("|").split("|")] for line in lines if line[:1] == "|"
    ]
    return [Row(*row) for row in cells[2:]]


def schema_of(crd: dict[str, Any]) -> dict[str, Any]:
    schema: dict[str, Any] = crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
    return schema


def ours(plural: str) -> dict[str, Any]:
    [definition] = [one for one in GatewayPlugin.crds() if one.plural == plural]
    return crd_of(definition)


def theirs(plural: str) -> dict[str, Any]:
    [path] = PUBLISHED.glob(f"*/*_{plural}.yaml")
    crd: dict[str, Any] = yaml.safe_load(path.read_text())
    return crd


def found(plural: str) -> list[tuple[str, str, str]]:
    our, their = schema_of(ours(plural))["properties"], schema_of(theirs(plural))["properties"]
    parts = [differences(our[part], their[part], part) for part in ("spec", "status")]
    return [(plural, *difference) for part in parts for difference in part]


needs_published = pytest.mark.skipif(not PUBLISHED.exists(), reason="the published CRDs are not here")


@needs_published
@pytest.mark.parametrize("plural", KINDS)
def test_every_difference_is_in_the_table(plural: str) -> None:
    table = rows()
    assert [one for one in found(plural) if not any(row.names(*one) for row in table)] == []


@needs_published
def test_every_row_of_the_table_is_a_difference() -> None:
    all_found = [one for plural in KINDS for one in found(plural)]
    assert [row for row in rows() if not any(row.names(*one) for one in all_found)] == []


def test_no_row_excuses_a_missing_field_or_another_type_and_each_has_a_reason() -> None:
    table = rows()
    assert len(table) > 20
    assert all(row.reason for row in table)
    forbidden = (
        "only theirs",
        "type: string, not integer",
        "required: ['a'], not None",
        "enum: None, not ['a']",
    )
    assert [row for row in table for text in forbidden if alike(row.difference, text)] == []


@needs_published
@pytest.mark.parametrize("plural", KINDS)
def test_names_and_version_are_theirs(plural: str) -> None:
    our, their = ours(plural), theirs(plural)
    assert our["metadata"]["name"] == their["metadata"]["name"]
    for part in ("group", "names", "scope"):
        assert our["spec"][part] == their["spec"][part]
    our_version, their_version = (dict(crd["spec"]["versions"][0], schema=None) for crd in (our, their))
    assert our_version == their_version
    assert schema_of(our)["required"] == schema_of(their)["required"]
