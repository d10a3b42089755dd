"""Which namespaces are a controller's own, and what a change is."""

from __future__ import annotations

from typing import Any

import pytest

from gwdeployer import MemoryStore
from gwdeployer.controller.changes import Change, status_only
from gwdeployer.controller.scope import Scope
from gwdeployer.errors import NotSynced
from gwdeployer.objects import KindRef, Object

SITE = KindRef("example.com", "v1", "Site")


def namespace(name: str, **labels: str) -> Object:
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}}


STORE = MemoryStore([namespace("shop", team="web"), namespace("bank", team="core")])


class Unknown(MemoryStore):
    def get(self, kind: KindRef, namespace: str, name: str) -> Object | None:
        raise NotSynced(f"{kind} is not known")


def test_without_a_scope_every_namespace_is_ours() -> None:
    assert Scope().namespaces is None
    assert Scope().includes("shop", Unknown())


def test_names_decide_without_a_look_at_the_namespace() -> None:
    scope = Scope(["shop"])
    assert scope.namespaces == {"shop"}
    assert scope.includes("shop", Unknown())
    assert not scope.includes("bank", Unknown())
    assert not Scope([]).includes("shop", Unknown())


def test_a_selector_is_asked_about_the_labels_that_the_namespace_has() -> None:
    scope = Scope(selector={"matchLabels": {"team": "web"}})
    assert scope.includes("shop", STORE)
    assert not scope.includes("bank", STORE)
    assert not scope.includes("gone", STORE)
    with pytest.raises(NotSynced):
        scope.includes("shop", Unknown())


def test_names_and_a_selector_must_both_hold() -> None:
    scope = Scope(
        ["shop", "bank"], {"matchExpressions": [{"key": "team", "operator": "In", "values": ["web"]}]}
    )
    assert scope.includes("shop", STORE)
    assert not scope.includes("bank", STORE)


def test_cluster_scoped_objects_are_in_every_scope() -> None:
    assert Scope([], {"matchLabels": {"team": "web"}}).includes("", Unknown())


def site(version: str = "1", **fields: Any) -> Object:
    metadata = {"name": "web", "namespace": "shop", "uid": "u", "resourceVersion": version}
    return {"apiVersion": "example.com/v1", "kind": "Site", "metadata": metadata, **fields}


def labelled(obj: Object, **labels: str) -> Object:
    return {**obj, "metadata": {**obj["metadata"], "labels": labels}}


def managed(obj: Object, manager: str) -> Object:
    return {**obj, "metadata": {**obj["metadata"], "managedFields": [{"manager": manager}]}}


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (site("1"), site("2", status={"ready": True})),
        (site("1", status={}, spec={"a": 1}), site("2", spec={"a": 1})),
        (managed(site("1"), "us"), managed(site("2", status={"ready": True}), "them")),
    ],
)
def test_a_status_and_what_comes_with_every_write_is_no_more_than_a_status(
    before: Object, after: Object
) -> None:
    assert status_only(Change(SITE, before, after))


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (None, site()),
        (site(), None),
        (site("1", spec={"a": 1}), site("2", spec={"a": 2})),
        (site("1", spec={"a": 1}, status={}), site("2", status={})),
        (site("1"), labelled(site("2"), team="web")),
        (site("1"), {**site("2"), "metadata": {**site("2")["metadata"], "uid": "another"}}),
    ],
)
def test_anything_else_is_more_than_a_status(before: Object | None, after: Object | None) -> None:
    assert not status_only(Change(SITE, before, after))


def test_a_change_does_not_show_what_is_in_the_objects() -> None:
    secret = site(data={"key": "c2VjcmV0"})
    assert repr(Change(SITE, None, secret)) == "<Site.example.com shop/web added>"
    assert repr(Change(SITE, secret, None)) == "<Site.example.com shop/web deleted>"
    assert repr(Change(SITE, secret, secret)) == "<Site.example.com shop/web changed>"
