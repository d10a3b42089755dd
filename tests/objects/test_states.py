"""Which states of objects are the same, and which was first."""

from __future__ import annotations

import pytest

from gwdeployer.objects import Object
from gwdeployer.objects.states import is_older, is_same, place_of, resource_version


def state(version: str, uid: str = "one") -> Object:
    return {"metadata": {"name": "web", "namespace": "shop", "uid": uid, "resourceVersion": version}}


def test_one_object_is_the_same_while_its_version_is() -> None:
    assert is_same(state("1"), state("1"))
    assert is_same(None, None)
    assert not is_same(state("1"), state("2"))
    assert not is_same(state("1"), state("1", "another"))
    assert not is_same(state("1"), None)


@pytest.mark.parametrize(
    ("one", "other", "older"),
    [("9", "10", True), ("10", "9", False), ("7", "7", False), ("", "7", False), ("a", "b", False)],
)
def test_versions_are_numbers_where_they_are(one: str, other: str, older: bool) -> None:
    assert is_older(one, other) is older


def test_what_an_object_does_not_say_is_empty() -> None:
    assert (place_of(state("1")), resource_version(state("1"))) == (("shop", "web"), "1")
    assert (place_of({"metadata": {"name": "web"}}), resource_version({})) == (("", "web"), "")
