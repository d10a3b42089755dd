"""What a CRD is declared by, and what goes into it beside the schema."""

from __future__ import annotations

import re
import sys
import types
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

import gwdeployer.crd
from gwdeployer import KindRef, PluginError
from gwdeployer.crd import CrdDefinition, crd_of, structural_schema
from tests.crd.apiserver import installable

DOCUMENT = Path(__file__).parents[2] / "docs/crds.md"


class Spec(BaseModel):
    size: int = 1


def definition(kind: str, **parts: Any) -> CrdDefinition:
    return CrdDefinition(KindRef("example.com", "v1", kind), spec=Spec, **parts)


@pytest.mark.parametrize(
    ("kind", "plural"),
    [
        ("Site", "sites"),
        ("Class", "classes"),
        ("Policy", "policies"),
        ("Gateway", "gateways"),
        ("Status", "statuses"),
        ("SiteParameters", "siteparameters"),
    ],
)
def test_the_plural_is_made_from_the_kind(kind: str, plural: str) -> None:
    assert definition(kind).name == f"{plural}.example.com"
    assert definition(kind, plural="many").name == "many.example.com"


@pytest.mark.parametrize("name", ["Site", "site", "SITES", "st", "sites.example.com", "Site.example.com"])
def test_what_people_call_it(name: str) -> None:
    assert definition("Site", short_names=("st",)).is_called(name)
    assert not definition("Web", short_names=("wb",)).is_called(name)


@pytest.mark.parametrize(
    "kind", [KindRef("", "v1", "Site"), KindRef("a.b", "", "Site"), KindRef("a.b", "v1", "")]
)
def test_a_kind_that_no_crd_can_have_is_refused(kind: KindRef) -> None:
    with pytest.raises(PluginError, match="needs a group, a version and a kind"):
        CrdDefinition(kind, spec=Spec)


def test_a_plain_pydantic_model_will_do() -> None:
    assert structural_schema(Spec) == {
        "type": "object",
        "properties": {"size": {"type": "integer", "format": "int64"}},
    }


def test_without_a_status_model_the_status_is_there_and_empty() -> None:
    [version] = crd_of(definition("Site"))["spec"]["versions"]
    assert version["subresources"] == {"status": {}}
    assert version["schema"]["openAPIV3Schema"]["properties"]["status"] == {"type": "object"}


def test_definitions_have_a_hash() -> None:
    assert len({definition("Site", labels={"a": "b"}), definition("Site", labels={"a": "b"})}) == 1


def test_the_room_s_names() -> None:
    assert dir(gwdeployer.crd) == sorted(gwdeployer.crd.__all__)
    assert all(getattr(gwdeployer.crd, name).__doc__ for name in gwdeployer.crd.__all__)


def test_the_example_of_the_documentation() -> None:
    [example] = re.findall(r"```python\n(.*?)```", DOCUMENT.read_text(), re.DOTALL)
    module = types.ModuleType("example")  # pydantic looks names up where a model was declared
    sys.modules["example"] = module
    try:
        exec(example, module.__dict__)  # noqa: S102
    finally:
        del sys.modules["example"]
    assert installable(module.__dict__["crd"]) == []
