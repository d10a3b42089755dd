"""Whose an object is, and how it becomes ours."""

from __future__ import annotations

from typing import Any

import pytest

from gwdeployer.cluster.adoption import former_manager, is_applied_by_alone, is_ours, renaming
from gwdeployer.errors import ForeignObject
from gwdeployer.objects import Object, ObjectRef
from gwdeployer.objects.owners import Owner
from tests.cluster_unit.fake import CLUSTER_ROLE, CONFIG_MAP, OURS, OWNER_UID, SITE, thing

REF = ObjectRef(CONFIG_MAP, "shop", "web")
OWNER = Owner(ObjectRef(SITE, "shop", "s"), OWNER_UID)
ADOPTING = Owner(OWNER.ref, OWNER_UID, adopted=frozenset({("ConfigMap", "web")}))


def controlled(**reference: Any) -> Object:
    obj = thing(CONFIG_MAP, mine=False)
    obj["metadata"]["ownerReferences"] = [reference]
    return obj


def entry(manager: str, operation: str, fields: Object, **more: str) -> Object:
    return {"manager": manager, "operation": operation, "apiVersion": "v1", "fieldsV1": fields, **more}


def managed(*entries: Object) -> Object:
    obj = thing(CONFIG_MAP)
    obj["metadata"] |= {"managedFields": list(entries), "resourceVersion": "7"}
    return obj


def test_what_the_owner_controls_is_ours_asked_for_or_not() -> None:
    assert is_ours(thing(CONFIG_MAP), REF, OWNER)
    assert is_ours(thing(CONFIG_MAP), REF, ADOPTING)
    assert is_ours(thing(CLUSTER_ROLE), REF._replace(kind=CLUSTER_ROLE), OWNER)


def test_what_nobody_controls_is_adopted_where_the_owner_asks() -> None:
    assert not is_ours(thing(CONFIG_MAP, mine=False), REF, ADOPTING)
    assert not is_ours(controlled(kind="Pod", name="x", uid="p"), REF, ADOPTING)


FOREIGN = {
    "nobody's": (thing(CONFIG_MAP, mine=False), "is nobody's that we know of"),
    "owned, not controlled": (
        controlled(kind="Site", name="s", uid=OWNER_UID, controller=False),
        "is nobody's that we know of",
    ),
    "an owner of this name before": (
        controlled(kind="Site", name="s", uid="o-0", controller=True),
        "is controlled by Site s",
    ),
    "a labelled object in a namespace": (
        {**thing(CONFIG_MAP), "metadata": {**thing(CLUSTER_ROLE)["metadata"], "namespace": "shop"}},
        "is nobody's",
    ),
}


@pytest.mark.parametrize("name", FOREIGN)
def test_anything_else_is_refused(name: str) -> None:
    live, words = FOREIGN[name]
    with pytest.raises(ForeignObject, match=words) as raised:
        is_ours(live, REF, OWNER)
    assert raised.value.delay == 60


def test_what_another_controls_is_refused_though_the_owner_asks() -> None:
    with pytest.raises(ForeignObject, match="is controlled by ReplicaSet x"):
        is_ours(controlled(kind="ReplicaSet", name="x", uid="r", controller=True), REF, ADOPTING)


def test_a_refusal_says_how_to_adopt() -> None:
    with pytest.raises(
        ForeignObject, match=r'adopt it: gwdeployer.dev/adopt: "ConfigMap/web" on Site shop/s'
    ):
        is_ours(thing(CONFIG_MAP, mine=False), REF, OWNER)


def test_the_former_manager_is_who_owns_most() -> None:
    data = {"f:data": {"f:a": {}, "f:b": {}}}
    live = managed(
        entry("edit", "Update", {"f:data": {"f:c": {}}}),
        entry("helm", "Update", data),
        entry(
            "controller",
            "Update",
            {"f:status": {f"f:{number}": {} for number in range(9)}},
            subresource="status",
        ),
    )
    assert former_manager(live, OURS) == "helm"


def test_what_was_ours_or_nobodys_has_none() -> None:
    assert former_manager(managed(entry(OURS, "Apply", {"f:data": {}})), OURS) == ""
    assert former_manager(managed(), OURS) == ""


def test_renaming_makes_the_formers_fields_ours_and_leaves_the_others() -> None:
    other = entry("another", "Update", {"f:data": {"f:z": {}}})
    status = entry("helm", "Update", {"f:status": {}}, subresource="status")
    live = managed(
        entry("helm", "Apply", {"f:data": {"f:a": {}}}),
        other,
        entry("helm", "Update", {"f:data": {"f:b": {}}}),
        entry(OURS, "Apply", {"f:data": {"f:c": {}}}),
        status,
    )
    replaced, guard = renaming(live, "helm", OURS)
    ours = entry(OURS, "Apply", {"f:data": {"f:a": {}, "f:b": {}, "f:c": {}}})
    assert replaced == {"op": "replace", "path": "/metadata/managedFields", "value": [ours, other, status]}
    assert guard == {"op": "replace", "path": "/metadata/resourceVersion", "value": "7"}


FIELDS = {"f:data": {"f:a": {}}}
MINE = entry(OURS, "Apply", FIELDS)


@pytest.mark.parametrize(
    ("entries", "alone"),
    [
        ([MINE], True),
        ([MINE, entry("hand", "Update", FIELDS)], True),
        ([MINE, entry(f"{OURS}-handover", "Apply", FIELDS)], True),
        ([MINE, entry("other", "Apply", FIELDS, subresource="status")], True),
        ([MINE, entry("other", "Apply", FIELDS)], False),
        ([entry("other", "Apply", FIELDS)], False),
        ([entry(OURS, "Update", FIELDS)], False),
        ([], False),
    ],
)
def test_who_applies_an_object_besides_us_has_taken_it_over(entries: list[Object], alone: bool) -> None:
    assert is_applied_by_alone(managed(*entries), OURS) == alone
