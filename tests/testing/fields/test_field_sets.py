"""Sets of field paths, and how managedFields writes them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gwdeployer.testing.apiserver.fields import path_elements
from gwdeployer.testing.apiserver.fields.field_set import FieldSet, decoded, encoded
from gwdeployer.testing.apiserver.fields.path_elements import PathElementError

ELEMENTS = ["f:a", "f:b", 'k:{"name":"a"}', 'k:{"name":"b"}', 'v:"a"', "v:1", "i:0"]
Paths = set[tuple[str, ...]]
PATHS = st.lists(st.sampled_from(ELEMENTS), min_size=1, max_size=3).map(tuple)
SETS = st.sets(PATHS, max_size=6)


@given(SETS, SETS)
def test_operations_are_those_of_sets_of_paths(left: Paths, right: Paths) -> None:
    a, b = FieldSet.of(left), FieldSet.of(right)
    assert set(a | b) == left | right
    assert set(a & b) == left & right
    assert set(a - b) == left - right
    below = {path for path in left if any(path[: len(other)] == other for other in right)}
    assert set(a.without(b)) == left - below
    assert all(path in a for path in left)
    assert bool(a) == bool(left)


@given(SETS)
def test_a_set_is_read_as_it_was_written(paths: Paths) -> None:
    assert set(decoded(encoded(FieldSet.of(paths)))) == paths


def test_elements_come_in_the_servers_order() -> None:
    mixed = ["i:1", "v:true", 'v:"a"', "v:10", "v:9", 'k:{"a":2}', 'k:{"a":10}', "f:b", "f:a"]
    written = encoded(FieldSet.of((element,) for element in mixed))
    assert list(written) == [
        "f:a",
        "f:b",
        'k:{"a":2}',
        'k:{"a":10}',
        "v:9",
        "v:10",
        'v:"a"',
        "v:true",
        "i:1",
    ]


def test_elements_are_read_in_any_form_and_unknown_ones_skipped() -> None:
    raw = {'k:{"b": 1.0, "a": "<"}': {".": {}, "x:y": {}}, "z:": {}}
    assert encoded(decoded(raw)) == {'k:{"a":"\\u003c","b":1}': {}}


@pytest.mark.parametrize("text", ["f", "fa:", "k:[]", "v:{", "i:a"])
def test_what_is_no_element_is_refused(text: str) -> None:
    with pytest.raises(PathElementError):
        decoded({text: {}})


def test_paths_are_shown_as_the_server_shows_them() -> None:
    path = ("f:spec", "f:ports", 'k:{"port":80,"protocol":"TCP"}', 'v:"\\u003ca\\n"', "i:0", "v:0.5")
    assert path_elements.path_text(path) == '.spec.ports[port=80,protocol="TCP"][="<a\\n"][0][=0.5]'
