"""Each policy, and the laws that hold for all of them."""

from __future__ import annotations

from copy import deepcopy
from typing import Annotated, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, Field

from gwdeployer.parameters import (
    Absorbing,
    Append,
    ByKey,
    Custom,
    Deep,
    Fields,
    OneOf,
    PerLayer,
    Policy,
    Replace,
    Rivals,
    Union,
    policy_of,
)

PORTS = ByKey("port", "protocol", defaults={"protocol": "TCP"})
PROBE = Fields(rules=(OneOf("exec", "httpGet"),))
IMAGE = Fields(rules=(Rivals("tag", "digest"),))
SPEC = Fields({"kube": Deep()}, rules=(Absorbing("selfManaged"),))

MERGES = [
    (Replace(), [1], [2], [2]),
    (Replace(), "x", "", ""),
    (Replace(), 5, 0, 0),
    (Replace(), {"a": 1}, {"b": None, "c": 2}, {"c": 2}),
    (Replace(raw=True), {"a": 1}, {"b": None}, {"b": None}),
    (Union(), {"a": "1", "b": "1"}, {"b": "2", "c": "2"}, {"a": "1", "b": "2", "c": "2"}),
    (Union(), {"a": "1"}, {}, {}),
    (Union(), {"a": "1"}, {"a": None}, {"a": "1"}),
    (Append(), [1], [1, 2], [1, 1, 2]),
    (Append(), [1], [], []),
    (Append(distinct=True), ["ALL"], ["ALL", "NET_RAW"], ["ALL", "NET_RAW"]),
    (Append(distinct=True), [{"a": 1}], [{"a": 1}, {"a": 2}], [{"a": 1}, {"a": 2}]),
    (ByKey("name"), [{"name": "a", "v": 1}, {"name": "b"}], [{"name": "a"}], [{"name": "b"}, {"name": "a"}]),
    (ByKey("name"), [{"name": "a"}], [], []),
    (
        PORTS,
        [{"port": 80, "nodePort": 1}],
        [{"port": 80, "protocol": "TCP"}],
        [{"port": 80, "protocol": "TCP"}],
    ),
    (
        PORTS,
        [{"port": 80}],
        [{"port": 80, "protocol": "UDP"}],
        [{"port": 80}, {"port": 80, "protocol": "UDP"}],
    ),
    (PORTS, [{"port": 80, "protocol": None}], [{"port": 80}], [{"port": 80}]),
    (Deep(), {"a": {"b": 1, "c": 1}}, {"a": {"c": 2}, "d": 0}, {"a": {"b": 1, "c": 2}, "d": 0}),
    (Deep(), {"a": 1}, {"a": None}, {"a": 1}),
    (Deep(), {"a": {"b": 1}}, {"a": {}}, {"a": {"b": 1}}),
    (Deep(), {"a": [1]}, {"a": [2]}, {"a": [2]}),
    (Fields({"x": Append()}), {"x": [1], "y": 1}, {"x": [2]}, {"x": [1, 2], "y": 1}),
    (Fields({"x": Append()}), {"x": [1]}, {"x": None}, {"x": [1]}),
    (Fields({"x": PerLayer()}), {"y": 1}, {"x": {"a": None}}, {"y": 1}),
    (PROBE, {"httpGet": {"port": 1}, "periodSeconds": 5}, {"exec": {}}, {"exec": {}, "periodSeconds": 5}),
    (PROBE, {"httpGet": {"path": "/", "port": 1}}, {"httpGet": {"port": 2}}, {"httpGet": {"port": 2}}),
    (
        PROBE,
        {"httpGet": {"port": 1}},
        {"exec": None, "periodSeconds": 0},
        {"httpGet": {"port": 1}, "periodSeconds": 0},
    ),
    (IMAGE, {"tag": "1"}, {"digest": "sha256:a"}, {"tag": "", "digest": "sha256:a"}),
    (IMAGE, {"digest": "sha256:a"}, {"tag": "1"}, {"digest": "", "tag": "1"}),
    (IMAGE, {"tag": "1"}, {"tag": "2", "digest": "sha256:a"}, {"tag": "2", "digest": "sha256:a"}),
    (IMAGE, {"tag": "1", "digest": "sha256:a"}, {"tag": ""}, {"tag": "", "digest": "sha256:a"}),
    (SPEC, {"kube": {"a": 1}}, {"selfManaged": {}}, {"selfManaged": {}}),
    (SPEC, {"selfManaged": {}}, {"kube": {"a": 1}}, {"selfManaged": {}}),
    (SPEC, {"kube": {"a": 1}}, {"kube": {"b": 1}}, {"kube": {"a": 1, "b": 1}}),
    (Custom(lambda base, source: [*source, *base]), [1], [2], [2, 1]),
]


@pytest.mark.parametrize(("policy", "base", "source", "merged"), MERGES)
def test_merge(policy: Policy, base: Any, source: Any, merged: Any) -> None:
    before = deepcopy((base, source))
    assert policy.merge(base, source) == merged
    assert (base, source) == before


WRONG_SHAPES = [Union(), Append(), ByKey("name"), Deep(), PROBE, PORTS]


@pytest.mark.parametrize("policy", WRONG_SHAPES)
@pytest.mark.parametrize("source", ["text", 3, True])
@pytest.mark.parametrize("base", [{"a": 1}, [{"name": 1}], "x"])
def test_a_value_of_the_wrong_shape_replaces(policy: Policy, base: Any, source: Any) -> None:
    assert policy.merge(base, source) == source


def test_a_value_alone_loses_nulls_and_repetitions() -> None:
    assert Append(distinct=True).alone([1, 1]) == [1]
    assert Fields({"o": PerLayer(), "r": Replace(raw=True)}).alone(
        {"o": {"a": 1}, "r": {"a": None}, "d": {"a": None}, "n": None}
    ) == {"r": {"a": None}, "d": {}}


class Inner(BaseModel):
    kept: int | None = None
    items: Annotated[list[int] | None, Append()] = None


class Outer(BaseModel):
    plain: list[int] | None = None
    outside: Annotated[dict[str, str] | None, Union()] = None
    inside: Annotated[dict[str, str], Union()] | None = Field(None, alias="inSide")
    inner: Inner | None = None
    whole: Annotated[Inner, Replace()] | None = None
    again: Outer | None = None


def test_policies_are_read_off_a_model_by_alias() -> None:
    fields = policy_of(Outer).fields
    assert fields["plain"] == Replace()
    assert fields["outside"] == fields["inSide"] == Union()
    assert fields["whole"] == Replace()
    assert fields["inner"].merge({"kept": 1, "items": [1]}, {"items": [2]}) == {"kept": 1, "items": [1, 2]}
    assert fields["again"] is policy_of(Outer)


# Laws.

SCALARS = st.sampled_from([0, 1, "", "a", False])
NAMES = st.sampled_from("abc")
LISTS = st.lists(SCALARS, min_size=1, max_size=3)
MAPS = st.dictionaries(NAMES, SCALARS, min_size=1, max_size=3)
ENTRIES = st.lists(st.fixed_dictionaries({"name": NAMES, "value": SCALARS}), min_size=1, max_size=3)
STRUCTS = st.recursive(MAPS, lambda inner: st.dictionaries(NAMES, inner, max_size=2), max_leaves=6)

ASSOCIATIVE = [
    (Replace(), LISTS | MAPS),
    (Union(), MAPS),
    (Append(), LISTS),
    (Append(distinct=True), LISTS),
    (ByKey("name"), ENTRIES),
]


@pytest.mark.parametrize(("policy", "values"), ASSOCIATIVE)
@given(data=st.data())
def test_associative_without_clearing(
    policy: Policy, values: st.SearchStrategy[Any], data: st.DataObject
) -> None:
    a, b, c = (policy.alone(data.draw(values)) for _ in range(3))
    assert policy.merge(policy.merge(a, b), c) == policy.merge(a, policy.merge(b, c))


@pytest.mark.parametrize(
    ("policy", "values"), [(p, v) for p, v in ASSOCIATIVE if p != Append()] + [(Deep(), STRUCTS)]
)
@given(data=st.data())
def test_idempotent(policy: Policy, values: st.SearchStrategy[Any], data: st.DataObject) -> None:
    a = policy.alone(data.draw(values))
    assert policy.merge(a, a) == a
