"""Objects as the JSON that is sent: it says what they say, in ASCII."""

from __future__ import annotations

import json
from collections import OrderedDict
from enum import IntEnum, StrEnum
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gwdeployer.cluster.encoding import encoded

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=20,
)


class Marked(str):
    """Text that somebody has a class of their own for."""

    __slots__ = ()


class Colour(StrEnum):
    RED = "red"


class Size(IntEnum):
    LARGE = 7


@given(VALUES, st.booleans())
def test_what_is_sent_is_what_json_says(value: Any, ordered: bool) -> None:
    sent = encoded(value, ordered=ordered)
    assert sent.isascii()
    said, expected = json.loads(sent), json.loads(json.dumps(value, sort_keys=ordered))
    assert json.dumps(said) == json.dumps(expected)  # names in their order, too, and NaN is NaN


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ({"a": Marked("b"), Marked("c"): 1}, {"a": "b", "c": 1}),
        (OrderedDict(a=(1, Colour.RED, Size.LARGE)), {"a": [1, "red", 7]}),
        (
            ["half of a pair: \ud800", "two lines:\u2028in YAML"],
            ["half of a pair: \ud800", "two lines:\u2028in YAML"],
        ),
    ],
)
def test_values_of_other_classes_and_odd_characters_are_sent_as_json_has_them(value: Any, said: Any) -> None:
    assert json.loads(encoded(value)) == said


def test_what_json_cannot_say_is_an_error() -> None:
    with pytest.raises(TypeError):
        encoded({"a": object()})
