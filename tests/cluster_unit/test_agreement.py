"""The quick look sees what is at rest, and nothing else; the properties of drift hold it to that, too."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest

from gwdeployer import MemoryStore, Object
from gwdeployer.cluster.agreement import agrees
from gwdeployer.cluster.decoding import object_in
from gwdeployer.cluster.drift import differences
from gwdeployer.cluster.sending import as_sent
from gwdeployer.plugins import configure
from gwdeployer_gateway import GatewayPlugin
from tests.cluster_unit.server_model import applied
from tests.gateway.scenarios import gateway, gateway_class

OURS = "example.com/gateways"


def plan(**metadata: Any) -> tuple[Object, ...]:
    owner = gateway(**metadata)
    [plugin] = configure([GatewayPlugin], {})
    store = MemoryStore([owner, gateway_class()])
    return plugin.route(owner, store).plan(owner, store).objects


def stored(obj: Object) -> Object:
    return applied(None, as_sent(obj), OURS)


@pytest.mark.parametrize("index", range(4))
def test_what_was_deployed_for_a_gateway_is_seen_to_be_as_planned(index: int) -> None:
    planned = plan()[index]
    live = stored(planned)
    assert agrees(live, planned, OURS)
    assert agrees(live, planned, OURS)
    assert not agrees(live, planned, "somebody")


def changed(obj: Object) -> list[Object]:
    """Return what an object may have become: each of its leaves another one, or gone."""
    found: list[Object] = []

    def walk(value: Any, path: tuple[Any, ...]) -> None:
        steps = value.items() if isinstance(value, dict) else enumerate(value)
        for step, inner in list(steps):
            if isinstance(inner, (dict, list)) and inner:
                walk(inner, (*path, step))
            elif path or step not in ("apiVersion", "kind"):
                found.extend(_with(obj, (*path, step), value) for value in ("other", None))

    walk({name: inner for name, inner in obj.items() if name != "metadata"}, ())
    return found


def _with(obj: Object, path: tuple[Any, ...], value: Any) -> Object:
    made = copy.deepcopy(obj)
    at: Any = made
    for step in path[:-1]:
        at = at[step]
    if value is None:
        del at[path[-1]]
    else:
        at[path[-1]] = value
    return made


@pytest.mark.parametrize("index", range(1, 4))
def test_each_leaf_that_the_plan_changes_or_gives_up_is_seen(index: int) -> None:
    planned = plan()[index]
    live = stored(planned)
    others = changed(planned)
    assert len(others) > 3
    assert agrees(live, planned, OURS)
    assert [other for other in others if agrees(live, other, OURS) and _differs(live, other)] == []


def _differs(live: Object, planned: Object) -> bool:
    """Return whether a close look finds anything; what the API gives as a default may be given up unseen."""
    return bool(differences(live, as_sent(planned), OURS))


@pytest.mark.parametrize("index", range(1, 4))
def test_each_planned_leaf_that_is_another_one_on_the_server_is_seen(index: int) -> None:
    planned = plan()[index]
    live = stored(planned)
    others = [other | {"metadata": live["metadata"]} for other in changed(planned)]
    assert agrees(live, planned, OURS)
    assert [other for other in others if agrees(other, planned, OURS)] == []


def test_what_was_seen_of_one_object_says_nothing_of_another() -> None:
    one, other = plan(name="one")[-1], plan(name="other")[-1]
    assert agrees(stored(one), one, OURS)
    assert agrees(stored(other), other, OURS)
    assert not agrees(stored(one), other, OURS)


def test_of_kinds_that_nobody_has_published_nothing_is_seen() -> None:
    thing = {"apiVersion": "example.com/v1", "kind": "Thing", "metadata": {"name": "a"}, "spec": {"a": 1}}
    entry = {"manager": OURS, "operation": "Apply", "apiVersion": "example.com/v1"}
    live = {
        **thing,
        "metadata": {"name": "a", "managedFields": [entry | {"fieldsV1": {"f:spec": {"f:a": {}}}}]},
    }
    assert not agrees(live, thing, OURS)


def pod_template(limit: str, label: str) -> Object:
    container = {"name": "proxy", "image": "proxy:1", "resources": {"limits": {"cpu": limit}}}
    template = {"metadata": {"labels": {"cpu": label}}, "spec": {"containers": [container]}}
    spec = {"selector": {"matchLabels": {"a": "b"}}, "template": template}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"}, "spec": spec}


def test_what_was_seen_of_a_quantity_says_nothing_of_text_in_a_field_of_the_same_name() -> None:
    planned = pod_template("1000m", "1000m")
    as_quantity, as_text = pod_template("1", "1000m"), pod_template("1000m", "1")
    fields = object_in(json.dumps(stored(planned)).encode())["metadata"]["managedFields"]
    [one, other] = (
        {**obj, "metadata": {"name": "web", "managedFields": fields}} for obj in (as_quantity, as_text)
    )
    assert agrees(one, planned, OURS)
    assert not agrees(other, planned, OURS)


def lists_in(value: Any) -> list[list[Any]]:
    """All lists below a value that have several items."""
    below = [*value.values()] if isinstance(value, dict) else value if isinstance(value, list) else []
    own = [value] if isinstance(value, list) and len(value) > 1 else []
    return [*own, *(found for inner in below for found in lists_in(inner))]


def test_the_order_in_which_items_with_keys_are_live_makes_no_difference() -> None:
    for planned in plan():
        live = stored(planned)
        assert agrees(live, planned, OURS)
        shuffled = copy.deepcopy(live)
        for items in lists_in(shuffled.get("spec")):
            items.reverse()
        assert agrees(shuffled, planned, OURS) <= (not differences(shuffled, as_sent(planned), OURS))
        assert agrees(live, planned, OURS)


def test_items_that_came_or_went_are_seen_whatever_was_seen_before() -> None:
    [planned] = [obj for obj in plan() if obj["kind"] == "Deployment"]
    live = stored(planned)
    assert agrees(live, planned, OURS)
    path = ("spec", "template", "spec", "containers", 0, "env")

    def env(obj: Object) -> list[Any]:
        found: Any = obj
        for step in path:
            found = found[step]
        return list(found)

    more = _with(live, path, [{"name": "ANOTHERS", "value": "x"}, *env(live)])
    assert agrees(more, planned, OURS)
    assert agrees(_with(live, path, [*reversed(env(live))]), planned, OURS)
    for fewer in (env(live)[1:], env(live)[:-1], [], [*env(live)[1:], env(live)[1]]):
        assert not agrees(_with(live, path, fewer), planned, OURS)
        assert not agrees(live, _with(planned, path, fewer), OURS)
    assert agrees(live, planned, OURS)


def test_an_owner_of_another_uid_is_no_owner_of_ours() -> None:
    reference = {"apiVersion": "v1", "kind": "Gateway", "name": "web", "uid": "1", "controller": True}
    [planned, *_] = plan()
    planned = _with(planned, ("metadata", "ownerReferences"), [reference])
    live = stored(planned)
    assert agrees(live, planned, OURS)
    for owners in ([], [{**reference, "uid": "2"}], [{**reference, "name": "x"}], [reference, reference]):
        assert not agrees(live, _with(planned, ("metadata", "ownerReferences"), owners), OURS)
    for owners in ([], [{**reference, "uid": "2"}], [{**reference, "name": "x"}]):
        assert not agrees(_with(live, ("metadata", "ownerReferences"), owners), planned, OURS)
    assert agrees(live, planned, OURS)
