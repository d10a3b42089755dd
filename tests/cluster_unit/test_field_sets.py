"""Fields as managedFields writes them: who owns what, how much, and both together."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from gwdeployer.cluster.field_sets import (
    Manager,
    applied_by,
    entries_of,
    fields_of,
    is_list_map,
    keys_in,
    managers_of,
    owns,
    pairings,
    size,
    union,
)

NAMES = st.sampled_from(["f:a", "f:b", ".", 'k:{"name":"x"}'])
SETS = st.recursive(
    st.just({}), lambda inner: st.dictionaries(NAMES.filter(lambda name: name != "."), inner, max_size=3)
)
OBJECT = {
    "metadata": {
        "managedFields": [
            {"manager": "us", "operation": "Apply", "fieldsV1": {"f:spec": {"f:a": {}}}},
            {"manager": "us", "operation": "Update", "fieldsV1": {"f:spec": {"f:b": {}}}},
            {
                "manager": "hpa",
                "operation": "Update",
                "subresource": "scale",
                "fieldsV1": {"f:spec": {"f:a": {}}},
            },
        ]
    }
}


def leaves(fields: Any, path: tuple[str, ...] = ()) -> set[tuple[str, ...]]:
    inner = {name: value for name, value in fields.items() if name != "."}
    itself = {path} if "." in fields or not inner else set()
    return itself.union(*(leaves(value, (*path, name)) for name, value in inner.items()))


@given(SETS, SETS)
def test_a_union_owns_what_either_owns_and_nothing_else(one: Any, other: Any) -> None:
    if one and other:  # an empty set owns nothing; an empty tree below a name owns that field whole
        assert leaves(union(one, other)) == leaves(one) | leaves(other)


@given(SETS)
def test_a_union_with_itself_is_the_same(one: Any) -> None:
    assert union(one, one) == one


def test_what_one_owns_whole_and_the_other_in_part_stays_owned_itself() -> None:
    assert union({"f:a": {}}, {"f:a": {"f:b": {}}}) == {"f:a": {".": {}, "f:b": {}}}
    assert union({"f:a": {"f:b": {}}}, {"f:a": {}}) == {"f:a": {".": {}, "f:b": {}}}


def test_neither_operand_of_a_union_is_changed() -> None:
    one, other = {"f:a": {"f:b": {}}}, {"f:a": {"f:c": {}}}
    union(one, other)
    assert (one, other) == ({"f:a": {"f:b": {}}}, {"f:a": {"f:c": {}}})


def test_only_our_apply_to_the_object_itself_is_ours() -> None:
    assert fields_of(applied_by(OBJECT, "us")) == {"f:spec": {"f:a": {}}}
    assert applied_by(OBJECT, "hpa") is None
    assert fields_of(None) == {}
    assert list(entries_of({"metadata": {"managedFields": None}})) == []


def test_everybody_who_owns_a_field_or_something_in_it_is_named() -> None:
    assert managers_of(OBJECT, ("spec", "a")) == [Manager("us", "Apply"), Manager("hpa", "Update", "scale")]
    assert len(managers_of(OBJECT, ("spec",))) == 3
    assert managers_of(OBJECT, ("status",)) == []
    assert owns({"f:a": {}}, ())


def test_a_set_is_as_large_as_the_fields_it_owns() -> None:
    assert size({"f:a": {}, "f:b": {".": {}, "f:c": {}, "f:d": {}}}) == 3
    assert size({"f:a": {".": {}}}) == 1


def test_lists_merged_by_key_and_sets_are_told_from_values_owned_whole() -> None:
    assert is_list_map({'k:{"name":"x"}': {}})
    assert is_list_map({'v:"x"': {}})
    assert not is_list_map({"f:a": {}})
    assert not is_list_map({})


def test_keys_are_read_out_of_a_name() -> None:
    assert keys_in('k:{"port":80,"protocol":"TCP"}') == {"port": 80, "protocol": "TCP"}
    assert keys_in('v:"x"') == {"": "x"}


def test_each_item_is_paired_once_and_what_has_no_partner_comes_alone() -> None:
    fields = {".": {}, 'k:{"name":"a"}': {"f:x": {}}, 'k:{"name":"gone"}': {"f:y": {}}}
    pairs = list(pairings([{"name": "a"}, {"name": "new"}, {"name": "a"}], fields))
    assert [(pair.planned, pair.inner) for pair in pairs] == [
        ({"name": "a"}, {"f:x": {}}),
        ({"name": "new"}, None),
        ({"name": "a"}, None),
        (None, {"f:y": {}}),
    ]


def test_an_item_of_a_plan_that_is_no_mapping_has_no_keys() -> None:
    (pair, alone) = pairings(["text"], {'k:{"name":"a"}': {}})
    assert pair.inner is None
    assert alone.planned is None
