"""What an owner says to those who write to a cluster."""

from __future__ import annotations

from typing import Any

import pytest

from gwdeployer.errors import PlanError
from gwdeployer.objects import ObjectRef
from gwdeployer.objects.owners import Owner, owner_of
from tests.cluster_unit.fake import CLUSTER_ROLE, CONFIG_MAP, OWNER_UID, SERVICE, SITE, thing


def site(annotations: dict[str, Any] | None = None, **metadata: Any) -> dict[str, Any]:
    return {"metadata": {"name": "s", "namespace": "shop", "annotations": annotations, **metadata}}


def test_an_owner_of_a_file_has_no_uid_and_asks_for_nothing() -> None:
    owner = Owner.of(site(), SITE)
    assert owner == Owner(ObjectRef(SITE, "shop", "s"))
    assert owner.namespace == "shop"
    assert not owner.adopts(ObjectRef(CONFIG_MAP, "shop", "web"))


def test_a_cluster_scoped_owner_deploys_to_the_default_namespace() -> None:
    assert Owner.of({"metadata": {"name": "s"}}, SITE).namespace == "default"


def test_an_owner_says_who_it_is_and_how_it_is() -> None:
    owner = Owner.of(
        site(uid="u", deletionTimestamp="2026-01-01T00:00:00Z", finalizers=["x", "gwdeployer.dev/cleanup"]),
        SITE,
    )
    assert (owner.uid, owner.deleting, owner.finalized, owner.orphans) == ("u", True, True, False)
    assert Owner.of(site(uid="u", finalizers=["orphan"]), SITE).orphans


@pytest.mark.parametrize(
    ("text", "adopted"),
    [
        ("ConfigMap/web", {("ConfigMap", "web")}),
        (" ConfigMap/web ,, Service/a.b,", {("ConfigMap", "web"), ("Service", "a.b")}),
        ("", set()),
    ],
)
def test_what_is_to_be_adopted_is_a_list_of_kinds_and_names(text: str, adopted: set[tuple[str, str]]) -> None:
    owner = Owner.of(site({"gwdeployer.dev/adopt": text}), SITE)
    assert owner.adopted == adopted
    assert owner.faults == ()
    for kind, name in adopted:
        assert owner.adopts(ObjectRef(CONFIG_MAP._replace(kind=kind), "shop", name))


@pytest.mark.parametrize("text", ["web", "/web", "ConfigMap/", "a/b/c"])
def test_what_names_no_object_is_a_fault_and_adopts_nothing(text: str) -> None:
    owner = Owner.of(site({"gwdeployer.dev/adopt": text}), SITE)
    (fault,) = owner.faults
    assert f"{text!r} names no object" in str(fault)
    assert owner.adopted == frozenset()


def test_only_immutable_allows_to_recreate() -> None:
    assert Owner.of(site({"gwdeployer.dev/recreate": "immutable"}), SITE).recreates
    other = Owner.of(site({"gwdeployer.dev/recreate": "always"}), SITE)
    assert not other.recreates
    assert "'always' is not understood" in str(other.faults[0])


def test_objects_say_whose_they_are() -> None:
    owner = owner_of([thing(CONFIG_MAP), thing(SERVICE)], SITE)
    assert owner == Owner(ObjectRef(SITE, "shop", "s"), OWNER_UID)


def test_a_cluster_scoped_object_says_it_by_label_and_annotations() -> None:
    role = thing(CLUSTER_ROLE)
    role["metadata"]["annotations"] = {
        "gwdeployer.dev/owner-namespace": "shop",
        "gwdeployer.dev/owner-name": "s",
    }
    assert owner_of([role, thing(CONFIG_MAP)], SITE) == Owner(ObjectRef(SITE, "shop", "s"), OWNER_UID)


def test_objects_of_nobody_are_refused() -> None:
    with pytest.raises(PlanError, match=r"ConfigMap shop/web metadata.ownerReferences: has no controller"):
        owner_of([thing(CONFIG_MAP, mine=False)], SITE)
    with pytest.raises(PlanError, match=r"must have one owner, not 0 \(none\)"):
        owner_of([], SITE)


def test_objects_of_two_owners_are_refused() -> None:
    other = thing(SERVICE)
    other["metadata"]["ownerReferences"] = [
        {**other["metadata"]["ownerReferences"][0], "uid": "o-2", "name": "t"}
    ]
    with pytest.raises(PlanError, match=r"not 2 \(Site shop/s, Site shop/t\)"):
        owner_of([thing(CONFIG_MAP), other], SITE)
