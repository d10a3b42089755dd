"""Who owns the fields of an object after creates, updates and patches."""

from __future__ import annotations

import pytest

from tests.testing.fields.kinds import (
    LATER,
    NOON,
    apply_deployment,
    changed,
    containers,
    deployment,
    owned,
    stored,
    update_deployment,
    update_widget,
    widget,
)

#: How an empty Deployment is printed: fields that Go types have always.
EMPTY = {
    "metadata": {},
    "spec": {"selector": None, "strategy": {}, "template": {"metadata": {}, "spec": {"containers": None}}},
    "status": {},
}


def test_a_create_owns_all_that_is_new() -> None:
    live = update_deployment(None, deployment(replicas=1), manager="a")
    assert live["metadata"]["managedFields"] == [
        {
            "manager": "a",
            "operation": "Update",
            "apiVersion": "apps/v1",
            "time": NOON,
            "fieldsType": "FieldsV1",
            "fieldsV1": {"f:spec": {".": {}, "f:replicas": {}}},
        }
    ]


def test_what_a_go_type_prints_always_is_not_new() -> None:
    new = deployment(strategy={"type": "Recreate"}, template=containers({"name": "a"}))
    live = update_deployment(None, new, manager="a", empty=EMPTY)
    assert owned(live)["a"] == {
        "f:spec": {
            "f:strategy": {"f:type": {}},
            "f:template": {"f:spec": {"f:containers": {'k:{"name":"a"}': {".": {}, "f:name": {}}}}},
        }
    }


def test_an_update_owns_what_it_changed_and_takes_it_from_others() -> None:
    live = stored(apply_deployment(None, deployment(replicas=1, paused=True), manager="a"))
    live = update_deployment(live, changed(live, replicas=2), manager="b")
    assert owned(live) == {"a": {"f:spec": {"f:paused": {}}}, "b": {"f:spec": {"f:replicas": {}}}}


def test_what_an_update_removes_nobody_owns() -> None:
    live = stored(apply_deployment(None, deployment(replicas=1), manager="a"))
    new = {**live, "spec": {}}
    assert owned(update_deployment(live, new, manager="b")) == {}


def test_an_update_without_changes_keeps_the_time() -> None:
    live = stored(update_deployment(None, deployment(replicas=1), manager="a"))
    again = update_deployment(live, live, manager="a", now=LATER)
    assert again["metadata"]["managedFields"] == live["metadata"]["managedFields"]


def test_updates_of_one_manager_add_up_and_renew_the_time() -> None:
    live = stored(update_deployment(None, deployment(replicas=1), manager="a"))
    live = update_deployment(live, changed(live, paused=True), manager="a", now=LATER)
    (entry,) = live["metadata"]["managedFields"]
    assert entry["time"] == LATER
    assert entry["fieldsV1"] == {"f:spec": {".": {}, "f:paused": {}, "f:replicas": {}}}


def test_each_subresource_has_an_entry_of_its_own() -> None:
    live = stored(update_deployment(None, deployment(replicas=1), manager="a"))
    new = {**live, "status": {"replicas": 1}}
    live = update_deployment(live, new, manager="a", subresource="status", reset=frozenset({("spec",)}))
    assert [entry.get("subresource") for entry in live["metadata"]["managedFields"]] == [None, "status"]


@pytest.mark.parametrize("reset", [[], [{}]])
def test_an_empty_list_of_entries_gives_up_all_ownership(reset: list[object]) -> None:
    live = stored(update_deployment(None, deployment(replicas=1), manager="a"))
    new = changed(live, replicas=2)
    new["metadata"]["managedFields"] = reset
    assert "managedFields" not in update_deployment(live, new, manager="b")["metadata"]
    through_status = update_deployment(live, new, manager="b", subresource="status")
    assert set(owned(through_status)) == {"a", "b"}


def test_an_object_without_owners_stays_without() -> None:
    live = stored(deployment(replicas=1))
    assert owned(update_deployment(live, changed(live, replicas=2), manager="a")) == {}


def test_entries_that_make_no_sense_are_ignored() -> None:
    live = stored(update_deployment(None, deployment(replicas=1), manager="a"))
    new = changed(live)
    new["metadata"]["managedFields"] = [{"manager": "b", "operation": "Guess"}]
    assert list(owned(update_deployment(live, new, manager="b"))) == ["a"]


def test_the_oldest_of_more_than_ten_updaters_become_one() -> None:
    live = stored(update_widget(None, widget(), manager="m00"))
    for number in range(1, 13):
        free = {**live["spec"].get("free", {}), f"f{number:02}": 1}
        now = f"2026-01-01T12:{number:02}:00Z"
        live = update_widget(live, changed(live, free=free), manager=f"m{number:02}", now=now)
    entries = live["metadata"]["managedFields"]
    assert [entry["manager"] for entry in entries] == ["ancient-changes", *(f"m{n:02}" for n in range(4, 13))]
    assert entries[0]["time"] == "2026-01-01T12:03:00Z"
    fields = {".": {}, "f:f01": {}, "f:f02": {}, "f:f03": {}}
    assert entries[0]["fieldsV1"] == {"f:spec": {".": {}, "f:free": fields}}


def test_an_object_that_does_not_fit_its_schema_has_no_owners() -> None:
    live = stored(update_widget(None, widget(tags=["a"]), manager="a"))
    assert owned(update_widget(live, changed(live, tags="a"), manager="a")) == {}


def test_duplicates_in_a_live_list_are_owned_together() -> None:
    live = stored(update_widget(None, widget(tags=["a", "b"]), manager="a"))
    live = update_widget(live, changed(live, tags=["a", "a", "b"]), manager="b")
    assert owned(live)["b"] == {"f:spec": {"f:tags": {'v:"a"': {}}}}
