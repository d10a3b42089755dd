"""Parts that many objects have alike: what is shared, what never is, and that nothing changes by it."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gwdeployer.objects import sharing
from gwdeployer.objects.sharing import is_equal, shared

#: With few different ones of each, so that most draws have something in common.
JSON = st.recursive(
    st.sampled_from([None, True, False, 0, 1, 1.0, "", "a", "1"]),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["a", "b", "c"]), inner, max_size=3)
    ),
)


@given(JSON, JSON)
def test_what_shares_is_equal_to_what_it_was_and_changes_nothing(value: Any, model: Any) -> None:
    before = json.dumps([value, model])
    assert json.dumps(shared(value, model)) == json.dumps(value)
    assert json.dumps([value, model]) == before


@given(JSON, JSON)
def test_equal_values_are_equal_in_type(one: Any, other: Any) -> None:
    assert is_equal(one, other) == (json.dumps(one) == json.dumps(other))


def test_what_both_have_is_the_models_and_what_differs_is_new() -> None:
    model = {"spec": {"ports": [{"port": 80}], "type": "ClusterIP"}, "name": "a"}
    value = {**copy.deepcopy(model), "name": "b"}
    found = shared(value, model)
    assert found["spec"] is model["spec"]
    assert found["name"] == "b"
    one_more = shared({"spec": {"ports": [{"port": 80}, {"port": 443}]}}, model)
    assert one_more["spec"]["ports"][0] is model["spec"]["ports"][0]


@pytest.mark.parametrize(("value", "model"), [(True, 1), (1, True), (1.0, 1), ([True], [1]), ({"a": 1}, [])])
def test_types_are_never_changed(value: Any, model: Any) -> None:
    assert json.dumps(shared({"v": value}, {"v": model})) == json.dumps({"v": value})


def test_what_is_no_plain_json_equals_only_itself() -> None:
    thing = {"v": object()}
    assert is_equal(thing, thing)
    assert not is_equal(thing, dict(thing))


def test_names_of_fields_are_one_string_each_and_not_remembered_without_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    one, other = (shared({"".join(["long ", "name"]): number}, None) for number in range(2))
    assert next(iter(one)) is next(iter(other))
    monkeypatch.setattr(sharing, "_NAMES", 10)
    for number in range(100):
        assert shared({f"name {number}": 1}, None) == {f"name {number}": 1}
    assert len(sharing._names) < 40
