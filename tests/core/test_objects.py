"""Small facts about objects: how they are named, owned, ordered and selected."""

from __future__ import annotations

from typing import Any

import pytest

from gwdeployer.objects import (
    IdentityCache,
    KindRef,
    ObjectRef,
    is_dns_subdomain,
    is_owned_by,
    matches,
    owned,
    tier,
)
from tests.core.sites import SITE, site


def obj(kind: str, api_version: str = "v1", **metadata: Any) -> dict[str, Any]:
    return {"apiVersion": api_version, "kind": kind, "metadata": metadata}


def test_kinds_and_objects_are_written_as_people_know_them() -> None:
    assert str(KindRef.of("apps/v1", "Deployment")) == "Deployment.apps"
    assert str(KindRef.of("v1", "Service")) == "Service"
    assert KindRef.of("apps/v1", "Deployment").api_version == "apps/v1"
    assert KindRef.of("v1", "Service").api_version == "v1"
    assert str(ObjectRef.of(obj("Service", name="a", namespace="b"))) == "Service b/a"
    assert str(ObjectRef.of(obj("Node", name="a"))) == "Node a"


@pytest.mark.parametrize("broken", [{}, {"metadata": None}, {"metadata": "x", "kind": None, "apiVersion": 7}])
def test_an_object_of_any_shape_can_be_named(broken: dict[str, Any]) -> None:
    assert ObjectRef.of(broken).name == ""


def test_who_owns_an_object() -> None:
    ours = owned(obj("Service", name="a"), site(uid="u"), SITE)
    assert is_owned_by(ours, "u")
    assert not is_owned_by(ours, "v")
    role = owned(obj("ClusterRole", "rbac.authorization.k8s.io/v1", name="a"), site(uid="u"), SITE)
    assert is_owned_by(role, "u")
    assert not is_owned_by(role, "v")
    assert not is_owned_by(obj("Service", name="a", namespace="b"), "u")
    assert not is_owned_by(obj("Service", name="a", ownerReferences=[{"uid": "u"}]), "u")


def test_a_label_does_not_make_a_namespaced_object_ours() -> None:
    labels = {"gwdeployer.dev/owner-uid": "u"}
    assert not is_owned_by(obj("Service", name="a", namespace="b", labels=labels), "u")


def test_owning_changes_a_copy_and_keeps_the_objects_namespace() -> None:
    given = obj("Service", name="a", namespace="own", ownerReferences=[{"uid": "x"}])
    before = repr(given)
    made = owned(given, site(uid="u"), SITE)
    assert repr(given) == before
    assert made["metadata"]["namespace"] == "own"
    assert [reference["uid"] for reference in made["metadata"]["ownerReferences"]] == ["u"]


def test_tiers() -> None:
    order = ["Namespace", "ServiceAccount", "Secret", "Role", "RoleBinding", "Service", "Deployment"]
    assert [tier(obj(kind)) for kind in order] == list(range(7))
    assert tier(obj("ConfigMap")) == tier(obj("Secret"))
    assert tier(obj("Whatever")) == tier({}) == 6


@pytest.mark.parametrize(
    ("selector", "expected"),
    [
        (None, False),
        ({}, True),
        ({"matchLabels": {"a": "1"}}, True),
        ({"matchLabels": {"a": "2"}}, False),
        ({"matchLabels": {"a": "1"}, "matchExpressions": [{"key": "b", "operator": "Exists"}]}, False),
        ({"matchExpressions": [{"key": "b", "operator": "NotIn", "values": ["1"]}]}, True),
        ({"matchExpressions": [{"key": "a", "operator": "Sounds like", "values": ["1"]}]}, False),
    ],
)
def test_selectors(selector: Any, expected: bool) -> None:
    assert matches(selector, {"a": "1"}) is expected


@pytest.mark.parametrize("name", ["a", "1", "a.b", "a-b.c-d", "a" * 253, "1.2.3"])
def test_legal_names(name: str) -> None:
    assert is_dns_subdomain(name)


@pytest.mark.parametrize(
    "name", ["", "A", "a_b", "-a", "a-", "a..b", "a.-b", ".a", "a.", "a\n", "é", "a" * 254]
)
def test_illegal_names(name: str) -> None:
    assert not is_dns_subdomain(name)


def test_what_was_made_of_the_same_objects_is_remembered_and_the_oldest_forgotten() -> None:
    cache: IdentityCache[int] = IdentityCache(size=2)
    made: list[int] = []

    def make() -> int:
        made.append(len(made))
        return made[-1]

    first, second, third = [1], [1], [1]
    assert cache.get((first,), make) == cache.get((first,), make) == 0
    assert cache.get((second,), make) == 1
    assert cache.get((first,), make, extra="x") == 2
    assert cache.get((third,), make) == 3
    assert cache.get((first,), make) == 4
