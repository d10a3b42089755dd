"""Parts that many objects have alike: what is shared, what never is, and that nothing changes by it."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gwdeployer.objects.sharing import is_equal, share

#: With few different ones of each, so that most draws have something in common.
JSON = st.recursive(
    st.sampled_from([None, True, False, 0, 1, 1.0, "", "a", "1"]),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["a", "b", "c"]), inner, max_size=3)
    ),
)


MAPS = st.dictionaries(st.sampled_from(["a", "b", "c"]), JSON, max_size=3)


@given(MAPS, MAPS)
def test_what_shares_says_what_it_said_and_its_model_too(value: Any, model: Any) -> None:
    before = json.dumps([value, model])
    share(value, model)
    assert json.dumps([value, model]) == before


@given(JSON, JSON)
def test_equal_values_are_equal_in_type(one: Any, other: Any) -> None:
    assert is_equal(one, other) == (json.dumps(one) == json.dumps(other))


def test_what_both_have_is_the_models_and_what_differs_stays() -> None:
    model = {"spec": {"ports": [{"port": 80}], "type": "ClusterIP"}, "name": "a"}
    value = {**copy.deepcopy(model), "name": "b"}
    share(value, model)
    assert value["spec"] is model["spec"]
    assert value["name"] == "b"
    one_more = {"spec": {"ports": [{"port": 80}, {"port": 443}]}}
    share(one_more, model)
    assert one_more["spec"]["ports"][0] is model["spec"]["ports"][0]


@pytest.mark.parametrize(("value", "model"), [(True, 1), (1, True), (1.0, 1), ([True], [1]), ({"a": 1}, [])])
def test_types_are_never_changed(value: Any, model: Any) -> None:
    held = {"v": value}
    share(held, {"v": model})
    assert json.dumps(held) == json.dumps({"v": value})


def test_what_is_no_plain_json_equals_only_itself() -> None:
    thing = {"v": object()}
    assert is_equal(thing, thing)
    assert not is_equal(thing, dict(thing))
