"""Text into objects: nothing is lost or changed, and what many managedFields say is held once."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gwdeployer.cluster.decoding import Held, Unreadable, event_in, object_in, page_in

NAMES = st.sampled_from(["metadata", "managedFields", "fieldsV1", "f:metadata", "f:spec", "time", "a"])
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats(-1e300, 1e300) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=4),
    max_leaves=20,
)


def managed(name: str, time: str) -> dict[str, Any]:
    fields = {
        "f:metadata": {"f:labels": {"f:app": {}}, "f:ownerReferences": {f'k:{{"uid":"{name}"}}': {}}},
        "f:spec": {"f:replicas": {}, "f:template": {"f:spec": {}}},
    }
    entry = {"manager": "us", "operation": "Apply", "time": time, "fieldsType": "FieldsV1"}
    return {"metadata": {"name": name, "managedFields": [{**entry, "fieldsV1": fields}]}, "spec": {}}


def event(sent: bytes) -> tuple[str, dict[str, Any]]:
    return event_in(sent, lambda _: None)


def text(value: Any) -> bytes:
    # As Go writes it: no spaces, and characters as they are.
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode("utf-8", "replace")


@given(st.dictionaries(NAMES, VALUES, max_size=5), st.booleans())
def test_an_object_says_what_its_text_says_whatever_its_form(obj: dict[str, Any], shared: bool) -> None:
    sent = text(obj)
    came = object_in(sent, shared=shared)
    assert json.dumps(came, sort_keys=True) == json.dumps(json.loads(sent), sort_keys=True)


def test_what_is_in_managed_fields_is_held_once() -> None:
    one, other = (object_in(text(managed(name, f"2026-01-0{name}T00:00:00Z"))) for name in ("1", "2"))
    assert [one, other] == [managed(name, f"2026-01-0{name}T00:00:00Z") for name in ("1", "2")]
    first, second = (obj["metadata"]["managedFields"][0]["fieldsV1"] for obj in (one, other))
    assert first["f:spec"] is second["f:spec"]
    assert first["f:metadata"]["f:labels"] is second["f:metadata"]["f:labels"]


def written(name: str, second: int, **more: Any) -> dict[str, Any]:
    """An object with entries as API servers write them: ours, and that of a controller's status."""
    usual = {"operation": "Apply", "apiVersion": "v1", "time": f"2026-01-01T00:00:0{second}Z"}
    owners = {"f:ownerReferences": {f'k:{{"uid":"{name}"}}': {}}}
    ours = {"manager": "us", **usual, "fieldsType": "FieldsV1", "fieldsV1": {"f:metadata": owners}, **more}
    status = {"f:status": {"f:conditions": {".": {}}}}
    theirs = {
        "manager": "them",
        **usual,
        "fieldsType": "FieldsV1",
        "fieldsV1": status,
        "subresource": "status",
    }
    return {"metadata": {"name": name, "managedFields": [ours, theirs]}}


def without_times(obj: dict[str, Any]) -> dict[str, Any]:
    for entry in obj["metadata"]["managedFields"]:
        del entry["time"]
    return obj


def test_a_cache_holds_entries_without_their_times_and_those_that_do_not_name_an_owner_once() -> None:
    page = text({"items": [written("a", 1), written("b", 2)]})
    one, other = page_in(page, shared=True).items
    assert [one, other] == [without_times(written("a", 1)), without_times(written("b", 2))]
    (ours, theirs), (others, the_same) = (obj["metadata"]["managedFields"] for obj in (one, other))
    assert theirs is the_same
    assert ours is not others
    assert event(text({"type": "ADDED", "object": written("a", 1)})) == ("ADDED", one)
    for shared in (True, False):
        assert object_in(text(written("a", 1)), shared=shared) == written("a", 1)
    assert page_in(page).items == [written("a", 1), written("b", 2)]


@pytest.mark.parametrize("more", [{"new": 1}, {"manager": None}, {"fieldsV1": []}, {"fieldsV1": None}])
def test_entries_of_another_form_are_held_as_they_are(more: dict[str, Any]) -> None:
    page = text({"items": [written("a", 1, **more)]})
    assert page_in(page, shared=True).items == [written("a", 1, **more)]


def workload(name: str) -> dict[str, Any]:
    env = [{"name": "POD_NAME", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}}]
    containers = [{"name": "proxy", "args": ["--service", name], "env": env, "image": "proxy:" + "1" * 400}]
    return {"metadata": {"name": name}, "spec": {"template": {"spec": {"containers": containers}}}}


def test_what_is_shared_holds_once_what_other_objects_have_too() -> None:
    one, other = (object_in(text(workload(name)), shared=True) for name in ("one", "other"))
    assert [one, other] == [workload("one"), workload("other")]
    first, second = (obj["spec"]["template"]["spec"]["containers"][0] for obj in (one, other))
    assert first["env"] is second["env"]
    assert first is not second


def child(kind: str, owner: str) -> dict[str, Any]:
    fields = {"f:metadata": {"f:labels": {"f:a": {}}, "f:ownerReferences": {f'k:{{"uid":"{owner}"}}': {}}}}
    entry = {"manager": "m", "operation": "Apply", "apiVersion": "v1", "fieldsType": "FieldsV1"}
    metadata = {"labels": {"a": owner}, "ownerReferences": [{"uid": owner}], "annotations": {"a": owner}}
    return {
        "kind": kind,
        "metadata": {**metadata, "managedFields": [{**entry, "fieldsV1": fields}]},
        "status": {"conditions": [{"type": "Ready", "lastTransitionTime": "2026-01-01T00:00:00Z"}]},
    }


def test_what_names_the_owner_is_held_once_for_all_its_children() -> None:
    children = [child(kind, owner) for kind in ("Service", "Deployment") for owner in ("1", "2")]
    items = page_in(text({"items": children}), shared=True).items
    assert items == children
    one, other, sibling, _ = (obj["metadata"] for obj in items)
    for name in ("labels", "ownerReferences"):
        assert one[name] is sibling[name]
        assert one[name] is not other[name]
    owned, foreign, again = (
        obj["managedFields"][0]["fieldsV1"]["f:metadata"] for obj in (one, other, sibling)
    )
    assert owned is again
    assert owned["f:labels"] is foreign["f:labels"]


def test_what_nobody_holds_any_more_is_let_go() -> None:
    held = Held(json.loads)
    kept = {name: held(text({"app": name})) for name in ("a", "b")}
    for number in range(5000):
        assert held(text({"app": number})) == {"app": number}
    assert len(held) <= 1026
    assert all(held(text({"app": name})) is value for name, value in kept.items())
    many = [held(text({"many": number})) for number in range(5000)]
    assert all(held(text({"many": number})) is value for number, value in enumerate(many))
    assert 5000 <= len(held) <= 10_004


def test_a_text_that_two_decode_at_once_is_held_once() -> None:
    def decode(text: bytes) -> Any:
        value = json.loads(text)
        if not found:  # somebody else is faster
            found.append(None)
            found.append(held(text))
        return value

    found: list[Any] = []
    held = Held(decode)
    assert held(b"{}") is found[1] is held(b"{}")


def test_types_stay_apart_however_equal() -> None:
    texts = [text({"spec": {"values": [value] * 20}}) for value in (1, True, 1.0, "1")]
    assert [text(object_in(sent, shared=True)) for sent in texts] == texts


def test_all_else_is_the_objects_own() -> None:
    one, other = (object_in(text(managed("a", "t"))) for _ in range(2))
    assert one == other
    assert one["spec"] is not other["spec"]
    assert one["metadata"] is not other["metadata"]


@pytest.mark.parametrize("sent", [b"", b"[]", b"1", b"null", b"{", b'{"a":1}}', b"<html>", b"\xff"])
def test_what_is_no_object_is_unreadable(sent: bytes) -> None:
    for read in (object_in, page_in, event):
        with pytest.raises(Unreadable):
            read(sent)


def test_a_page_has_its_objects_and_its_metadata() -> None:
    items = [managed("a", "t"), managed("b", "t")]
    sent = text({"kind": "List", "metadata": {"continue": "next"}, "items": items})
    assert page_in(sent) == (items, {"continue": "next"})
    assert page_in(b'{"items":null}') == ([], {})


def test_an_event_says_what_happened_to_which_object() -> None:
    assert event(text({"type": "ADDED", "object": managed("a", "t")})) == ("ADDED", managed("a", "t"))


def test_an_object_that_is_known_is_not_decoded_again() -> None:
    known = managed("a", "t")
    assert event_in(text({"type": "MODIFIED", "object": {}}), lambda _: known)[1] is known


@pytest.mark.parametrize("told", [{"type": "MOVED", "object": {}}, {"type": "ADDED"}, {"object": {}}])
def test_what_no_watch_tells_is_unreadable(told: dict[str, Any]) -> None:
    with pytest.raises(Unreadable):
        event(text(told))
