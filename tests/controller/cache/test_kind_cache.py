"""The objects of one kind in memory: what counts as news, what is filed where, and what is left out."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gwdeployer import MemoryStore
from gwdeployer.controller import kind_cache
from gwdeployer.controller.kind_cache import KindCache
from gwdeployer.controller.reduction import reduced
from gwdeployer.objects import Object
from gwdeployer.store import Index, Lookup
from tests.controller.caching import CONFIG_MAP, config_map, place_of

BY_V = Index("by v", lambda obj: obj["data"]["v"])


def stored(name: str, version: int, uid: str = "", namespace: str = "default", v: str = "") -> Object:
    """Return an object as a server has it; index BY_V files it under each letter of ``v``."""
    made = config_map(name, namespace, v=v)
    made["metadata"] |= {"uid": uid or f"u-{name}", "resourceVersion": str(version)}
    return made


# --- what is news ------------------------------------------------------------------------------------------


def test_what_is_as_old_as_what_is_held_or_older_changes_nothing() -> None:
    cache = KindCache(CONFIG_MAP)
    first = cache.put(stored("a", 10))
    assert first is not None
    assert cache.put(stored("a", 10)) is None
    assert cache.put(stored("a", 9)) is None
    assert cache.put(stored("a", 9, uid="former")) is None
    assert cache.remove(stored("a", 9, uid="former")) is None
    assert cache.remove(stored("b", 11)) is None
    assert cache.get("default", "a") is first.after


def test_namespaces_that_come_and_go_do_not_pile_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kind_cache, "_REMEMBERED", 2)
    cache = KindCache(CONFIG_MAP)
    for version, namespace in enumerate(("one", "two", "one", "three"), 10):
        cache.put(stored("a", version, namespace=namespace))
        cache.remove(stored("a", version, namespace=namespace))
    seen = [cache.is_past(namespace, "9") for namespace in ("one", "two", "three")]
    assert seen == [True, False, True], "what was longest without news is forgotten"


def test_it_is_past_what_it_has_seen_go() -> None:
    cache = KindCache(CONFIG_MAP)
    cache.put(stored("a", 10))
    cache.put(stored("b", 12))
    assert not cache.is_past("default", "10")
    cache.remove(stored("a", 15))
    assert [cache.is_past("default", version) for version in ("9", "15", "16")] == [True, True, False]
    assert not cache.is_past("another", "9")
    cache.put(stored("c", 20))
    cache.replace([stored("b", 12)])
    assert [cache.is_past("default", version) for version in ("20", "21")] == [True, False]


def test_what_a_list_no_longer_has_never_sets_back_how_far_deletions_have_got() -> None:
    cache = KindCache(CONFIG_MAP)
    cache.put(stored("a", 20))
    cache.put(stored("b", 12))
    cache.replace([])
    assert cache.is_past("default", "20")


def test_what_is_newer_takes_its_place_and_goes() -> None:
    cache = KindCache(CONFIG_MAP)
    cache.put(stored("a", 9))
    before = cache.get("default", "a")
    change = cache.put(stored("a", 10, uid="another"))
    assert change is not None
    assert change.kind == CONFIG_MAP
    assert change.before is before
    assert change.after is cache.get("default", "a")
    gone = cache.remove(stored("a", 10, uid="another"))
    assert gone is not None
    assert gone.after is None
    assert cache.get("default", "a") is None
    assert cache.select(None, None, None) == ()


def test_a_list_is_right_even_where_it_is_older_and_yields_what_differs() -> None:
    cache = KindCache(CONFIG_MAP)
    cache.replace([stored("same", 5), stored("newer", 9), stored("gone", 5), stored("other", 5)])
    same = cache.get("default", "same")
    changes = cache.replace(
        [stored("same", 5), stored("newer", 7), stored("back", 6), stored("other", 5, "another")]
    )
    names = [place_of(change.after or change.before or {})[1] for change in changes]
    assert names == ["gone", "newer", "back", "other"]
    assert cache.get("default", "same") is same


def test_a_list_of_one_namespace_leaves_the_others_alone() -> None:
    cache = KindCache(CONFIG_MAP)
    cache.replace([stored("a", 1, namespace="shop")], "shop")
    cache.replace([stored("b", 1, namespace="bank")], "bank")
    assert cache.replace([], "bank")[0].after is None
    assert [place_of(obj) for obj in cache.select(None, None, None)] == [("shop", "a")]


# --- what is found by what ---------------------------------------------------------------------------------

_steps = st.lists(
    st.tuples(
        st.sampled_from(["put", "remove", "replace"]),
        st.sampled_from("abc"),
        st.sampled_from(["x", "xy", ""]),
    ),
    max_size=30,
)


@given(steps=_steps)
def test_indexes_and_order_are_those_of_a_store_that_is_made_anew(steps: list[tuple[str, str, str]]) -> None:
    cache, there = KindCache(CONFIG_MAP), dict[str, Object]()
    cache.select(None, None, Lookup(BY_V, "x"))
    for version, (verb, name, v) in enumerate(steps):
        obj = stored(name, version, namespace=f"in-{name}", v=v)
        if verb == "put":
            cache.put(obj)
            there[name] = obj
        elif verb == "remove":
            cache.remove(obj)
            there.pop(name, None)
        else:
            there = {name: obj}
            cache.replace([obj])
        fresh = MemoryStore(there.values())
        for key in ("x", "y"):
            for namespace in (None, "in-a"):
                lookup = Lookup(BY_V, key)
                assert list(cache.select(namespace, None, lookup)) == fresh.list(
                    CONFIG_MAP, namespace, lookup=lookup
                )
        assert list(cache.select(None, None, None)) == fresh.list(CONFIG_MAP)


def test_an_object_that_an_index_cannot_read_is_found_by_its_name(caplog: pytest.LogCaptureFixture) -> None:
    cache = KindCache(CONFIG_MAP)
    cache.select(None, None, Lookup(BY_V, "x"))
    unreadable = {**stored("odd", 1), "data": None}
    cache.put(unreadable)
    cache.put(stored("fine", 2, v="x"))
    assert cache.get("default", "odd") == unreadable
    assert [obj["metadata"]["name"] for obj in cache.select(None, None, Lookup(BY_V, "x"))] == ["fine"]
    assert cache.remove({**unreadable, "data": None}) is not None
    assert "index 'by v' cannot read ConfigMap default/odd" in caplog.text


# --- what is left out, and what is shared ------------------------------------------------------------------

LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"


def annotated(**metadata: Any) -> Object:
    obj = stored("a", 1, v="x")
    obj["metadata"] |= {"annotations": {LAST_APPLIED: "{…}", "mine": "1"}, **metadata}
    return obj


def test_the_copy_that_kubectl_makes_of_an_object_is_not_kept() -> None:
    kept = reduced(annotated())
    assert kept["metadata"]["annotations"] == {"mine": "1"}
    assert kept["data"] == {"v": "x"}


def test_what_helm_stores_of_a_release_is_not_kept() -> None:
    release = {"kind": "Secret", "metadata": {"name": "a"}, "type": "helm.sh/release.v1"}
    assert reduced(release | {"data": {"release": "H4s"}}) == release
    opaque = release | {"data": {"release": "H4s"}, "type": "Opaque"}
    assert reduced(opaque) == opaque


def test_what_somebody_controls_is_kept_whole() -> None:
    obj = annotated(ownerReferences=[{"uid": "u", "controller": True}]) | {"type": "helm.sh/release.v1"}
    assert reduced(obj) == obj
    assert reduced(annotated(ownerReferences=[{"uid": "u"}]))["metadata"]["annotations"] == {"mine": "1"}
