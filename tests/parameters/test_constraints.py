"""What must hold of a field, as we check it; tests/crd has what is published of it."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar

import pytest
from pydantic import Field, ValidationError

from gwdeployer.parameters import (
    ByKey,
    Distinct,
    DistinctBy,
    ExactlyOneOf,
    MaxItemsPerLayer,
    ParametersModel,
    cel_name,
    faults_of,
)
from gwdeployer.parameters.constraints import MERGED


class Choice(ParametersModel):
    rules: ClassVar = (ExactlyOneOf("one", "other"),)

    one: str | None = None
    other: str | None = None


class Port(ParametersModel):
    number: Annotated[int, Field(alias="port")]
    protocol: str | None = None


class Model(ParametersModel):
    first: Choice | None = None
    second: list[Choice] | None = None
    third: list[Choice] | None = None
    ports: Annotated[list[Port], ByKey("port", "protocol", defaults={"protocol": "TCP"})] | None = None
    maybe: Annotated[list[dict[str, Any]] | None, DistinctBy("name")] = None
    families: Annotated[list[str], Distinct("family")] = []  # noqa: RUF012 - pydantic copies it
    few: Annotated[list[int], MaxItemsPerLayer(1)] = []  # noqa: RUF012


def faults(values: dict[str, Any], *, merged: bool = False) -> list[str]:
    try:
        Model.model_validate(values, context={MERGED: merged})
    except ValidationError as error:
        return [str(fault) for fault in faults_of(error, Model)]
    return []


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({"ports": [{"port": 1}, {"port": 1, "protocol": "UDP"}]}, []),
        (
            {"ports": [{"port": 1}, {"port": 2}, {"port": 1, "protocol": "TCP"}]},
            ["ports[2]: port 1, protocol 'TCP' is there already; remove one of the two"],
        ),
        ({"maybe": None}, []),
        (
            {"maybe": [{"name": "a"}, {"name": "a"}]},
            ["maybe[1].name: 'a' is there already; give each name once"],
        ),
        ({"families": ["a", "a"]}, ["families: must not name a family twice"]),
        ({"few": [1, 2]}, ["few: must have at most 1 items, has 2"]),
    ],
)
def test_faults(values: dict[str, Any], told: list[str]) -> None:
    assert faults(values) == told


def test_a_bound_of_each_layer_is_none_of_the_result() -> None:
    assert faults({"few": [1, 2]}, merged=True) == []


def test_a_rule_holds_wherever_its_model_is_used() -> None:
    """Pydantic makes the second use of a model from what it noted of the first."""
    broken = {"one": "a", "other": "b"}
    told = faults({"first": broken, "second": [broken], "third": [broken]})
    assert [text.split(":")[0] for text in told] == ["first", "second[0]", "third[0]"]


@pytest.mark.parametrize(
    ("name", "escaped"),
    [
        ("plain", "plain"),
        ("namespace", "__namespace__"),
        ("a-b.c/d", "a__dash__b__dot__c__slash__d"),
        ("a__b", "a__underscores__b"),
    ],
)
def test_names_in_cel(name: str, escaped: str) -> None:
    assert cel_name(name) == escaped


def test_a_name_that_cel_cannot_say() -> None:
    with pytest.raises(ValueError, match="'@type' cannot be named in CEL"):
        cel_name("@type")
