"""Whose owner a change is about."""

from __future__ import annotations

from collections.abc import Collection

from gwdeployer.controller.changes import Change
from gwdeployer.controller.dependents import Dependents
from gwdeployer.controller.triggers import Triggers
from gwdeployer.objects import KindRef, Object, ObjectRef
from gwdeployer.store import Read

SITE = KindRef("example.com", "v1", "Site")
TENANT = KindRef("example.com", "v1", "Tenant")
SECRET = KindRef("", "v1", "Secret")


def triggers(cluster_scoped: Collection[KindRef] = ()) -> Triggers:
    return Triggers([SITE, TENANT], [], Dependents(), cluster_scoped)


def child(owner: KindRef, *, controller: bool = True) -> Object:
    reference = {"apiVersion": owner.api_version, "kind": owner.kind, "name": "web", "controller": controller}
    metadata = {"name": "key", "namespace": "shop", "ownerReferences": [reference]}
    return {"apiVersion": "v1", "kind": "Secret", "metadata": metadata}


def test_what_was_deployed_is_about_its_owner_beside_it() -> None:
    assert triggers().of(Change(SECRET, child(SITE), None)) == [ObjectRef(SITE, "shop", "web")]


def test_an_owner_that_no_namespace_holds_is_found_there() -> None:
    change = Change(SECRET, child(TENANT), None)
    assert triggers({TENANT}).of(change) == [ObjectRef(TENANT, "", "web")]


def test_who_owns_without_controlling_is_no_owner() -> None:
    assert triggers().of(Change(SECRET, None, child(SITE, controller=False))) == []


def test_an_object_that_changes_hands_is_about_both() -> None:
    change = Change(SECRET, child(SITE), child(TENANT))
    assert triggers({TENANT}).of(change) == [ObjectRef(SITE, "shop", "web"), ObjectRef(TENANT, "", "web")]


def test_an_object_itself_comes_before_those_who_have_read_it() -> None:
    dependents = Dependents()
    readers = [ObjectRef(SITE, "shop", f"reader-{number}") for number in range(20)]
    for reader in readers:
        dependents.record(reader, [Read("get", TENANT, "", "web")])
    tenant = {"apiVersion": "example.com/v1", "kind": "Tenant", "metadata": {"name": "web"}}
    first, *others = Triggers([SITE, TENANT], [], dependents).of(Change(TENANT, None, tenant))
    assert first == ObjectRef(TENANT, "", "web")
    assert set(others) == set(readers)
