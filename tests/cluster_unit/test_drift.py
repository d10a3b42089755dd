"""Single cases of what is, and what is not, as planned; the random ones are in test_drift_properties.py."""

from __future__ import annotations

from typing import Any

import pytest

from gwdeployer.cluster.drift import differences
from gwdeployer.objects import Object

OURS = "example.com/sites"


def planned(api_version: str = "v1", kind: str = "Service", **content: Any) -> Object:
    return {
        "apiVersion": api_version,
        "kind": kind,
        "metadata": {"name": "web", "namespace": "shop"},
        **content,
    }


def live(sent: Object, fields: Object, **content: Any) -> Object:
    entry = {"manager": OURS, "operation": "Apply", "apiVersion": sent["apiVersion"], "fieldsV1": fields}
    return {**sent, **content, "metadata": {**sent["metadata"], "uid": "u", "managedFields": [entry]}}


def found(live: Object, sent: Object) -> list[str]:
    return [str(one) for one in differences(live, sent, OURS)]


PORTS = {
    "f:spec": {
        "f:ports": {
            'k:{"port":53,"protocol":"TCP"}': {".": {}, "f:port": {}},
            'k:{"port":53,"protocol":"UDP"}': {".": {}, "f:port": {}, "f:protocol": {}},
        }
    }
}
LIVE_PORTS = [{"port": 53, "protocol": "TCP"}, {"port": 53, "protocol": "UDP"}]


@pytest.mark.parametrize("order", [1, -1])
def test_a_key_left_to_its_default_finds_its_item_beside_one_that_says_it(order: int) -> None:
    ports = [{"port": 53}, {"port": 53, "protocol": "UDP"}][::order]
    owned = dict(list(PORTS["f:spec"]["f:ports"].items())[::order])
    sent = planned(spec={"ports": ports})
    assert found(live(sent, {"f:spec": {"f:ports": owned}}, spec={"ports": LIVE_PORTS}), sent) == []


def test_an_item_that_the_plan_gives_up_is_named_by_its_keys() -> None:
    sent = planned(spec={"ports": [{"port": 53}]})
    assert found(live(sent, PORTS, spec={"ports": LIVE_PORTS}), sent) == ["spec.ports[53,UDP]"]


def test_an_item_that_is_gone_from_the_server_is_a_difference() -> None:
    sent = planned(spec={"ports": [{"port": 53}, {"port": 53, "protocol": "UDP"}]})
    assert found(live(sent, PORTS, spec={"ports": LIVE_PORTS[:1]}), sent) == [
        "spec.ports[53,UDP].port",
        "spec.ports[53,UDP].protocol",
    ]


@pytest.mark.parametrize("empty", [0, False, "", {}, [], {"inner": ""}])
def test_an_empty_value_is_held_where_the_api_stores_none(empty: object) -> None:
    sent = planned("example.com/v1", "Thing", spec={"a": empty, "b": 1})
    assert found(live(sent, {"f:spec": {"f:a": {}, "f:b": {}}}, spec={"b": 1}), sent) == []


@pytest.mark.parametrize("value", [1, True, "x", {"inner": "x"}, ["x"]])
def test_any_other_value_is_not(value: object) -> None:
    sent = planned("example.com/v1", "Thing", spec={"a": value})
    assert found(live(sent, {"f:spec": {"f:a": {}}}, spec={}), sent) == ["spec.a"]


def test_a_key_that_the_plan_gives_up_in_a_map_that_is_owned_whole_is_a_difference() -> None:
    sent = planned(spec={"selector": {"app": "web"}})
    owned = {"f:spec": {"f:selector": {}}}
    assert found(live(sent, owned, spec={"selector": {"app": "web"}}), sent) == []
    assert found(live(sent, owned, spec={"selector": {"app": "web", "track": "a"}}), sent) == [
        "spec.selector"
    ]


def test_a_field_that_the_plan_gives_up_in_a_value_that_is_owned_whole_is_a_difference() -> None:
    rule = {"apiGroups": [""], "resources": ["pods"], "verbs": ["get"]}
    sent = planned("rbac.authorization.k8s.io/v1", "Role", rules=[rule])
    fields = {"f:rules": {}}
    assert found(live(sent, fields, rules=[rule]), sent) == []
    assert found(live(sent, fields, rules=[{**rule, "resourceNames": ["web"]}]), sent) == ["rules"]


def test_a_selector_that_becomes_empty_is_a_difference_and_a_bare_struct_is_none() -> None:
    sent = planned("networking.k8s.io/v1", "NetworkPolicy", spec={"podSelector": {}})
    before = {"podSelector": {"matchLabels": {"app": "web"}}}
    assert found(live(sent, {"f:spec": {"f:podSelector": {}}}, spec=before), sent) == ["spec.podSelector"]
    sent = planned("v1", "Pod", spec={"securityContext": {}})
    theirs = {"securityContext": {"runAsUser": 1}}
    assert found(live(sent, {"f:spec": {"f:securityContext": {}}}, spec=theirs), sent) == []


def test_what_lies_beside_the_plan_in_a_kind_that_nobody_knows_may_be_a_default() -> None:
    sent = planned("example.com/v1", "Thing", spec={"items": [{"a": 1}]})
    assert found(live(sent, {"f:spec": {"f:items": {}}}, spec={"items": [{"a": 1, "b": 2}]}), sent) == []


def test_a_default_in_a_value_that_is_owned_whole_is_none() -> None:
    env = {"name": "IP", "valueFrom": {"fieldRef": {"fieldPath": "status.podIP"}}}
    container = {"name": "web", "env": [env]}
    sent = planned("v1", "Pod", spec={"containers": [container]})
    stored = {"name": "IP", "valueFrom": {"fieldRef": {"apiVersion": "v1", "fieldPath": "status.podIP"}}}
    owned_env = {".": {}, "f:name": {}, "f:valueFrom": {"f:fieldRef": {}}}
    owned = {"k:" + '{"name":"web"}': {".": {}, "f:name": {}, "f:env": {'k:{"name":"IP"}': owned_env}}}
    fields = {"f:spec": {"f:containers": owned}}
    assert found(live(sent, fields, spec={"containers": [{"name": "web", "env": [stored]}]}), sent) == []


@pytest.mark.parametrize(
    ("plan", "stored", "same"),
    [
        ("0.1", "100m", True),
        (0.1, "100m", True),
        ("1024Mi", "1Gi", True),
        ("100m", "101m", False),
        ("1Gi", "1G", False),
    ],
)
def test_quantities_are_compared_by_amount(plan: object, stored: str, same: bool) -> None:
    sent = planned("v1", "ResourceQuota", spec={"hard": {"cpu": plan}})
    there = live(sent, {"f:spec": {"f:hard": {"f:cpu": {}}}}, spec={"hard": {"cpu": stored}})
    assert found(there, sent) == ([] if same else ["spec.hard.cpu"])


def test_text_that_looks_like_a_quantity_is_compared_as_text() -> None:
    sent = planned("v1", "ConfigMap", data={"a": "0.1"})
    assert found(live(sent, {"f:data": {"f:a": {}}}, data={"a": "100m"}), sent) == ["data.a"]


@pytest.mark.parametrize(("plan", "stored"), [(True, 1), (1, True), (0, False), (False, 0)])
def test_a_boolean_is_no_number(plan: object, stored: object) -> None:
    sent = planned("example.com/v1", "Thing", spec={"a": plan})
    assert found(live(sent, {"f:spec": {"f:a": {}}}, spec={"a": stored}), sent) == ["spec.a"]


def test_an_object_without_an_entry_of_ours_is_one_difference() -> None:
    sent = planned()
    assert found(sent, sent) == ["metadata.managedFields"]


def test_an_entry_in_another_version_is_written_anew() -> None:
    sent = planned("example.com/v2", "Thing", spec={"a": 1})
    there = live({**sent, "apiVersion": "example.com/v1"}, {"f:spec": {"f:a": {}}})
    assert found(there, sent) == ["metadata.managedFields"]


def test_an_entry_of_another_operation_or_subresource_is_not_ours() -> None:
    sent = planned(spec={"a": 1})
    for other in ({"operation": "Update"}, {"subresource": "status"}, {"manager": "kubectl"}):
        there = live(sent, {"f:spec": {"f:a": {}}})
        there["metadata"]["managedFields"][0].update(other)
        assert found(there, sent) == ["metadata.managedFields"]


def test_what_identifies_an_object_is_never_owned_and_no_difference() -> None:
    sent = planned(data={"a": "1"}, kind="ConfigMap")
    sent["metadata"] |= {"uid": "u", "resourceVersion": "7"}
    assert found(live(sent, {"f:data": {"f:a": {}}}), sent) == []


@pytest.mark.parametrize("set_of", [["a", "b"], ["b", "a"]])
def test_members_of_a_set_are_found_in_any_order(set_of: list[str]) -> None:
    sent = planned("v1", "ConfigMap")
    sent["metadata"]["finalizers"] = set_of
    fields = {"f:metadata": {"f:finalizers": {".": {}, 'v:"a"': {}, 'v:"b"': {}}}}
    there = live(sent, fields)
    assert found({**there, "metadata": {**there["metadata"], "finalizers": ["z", "b", "a"]}}, sent) == []
    gone = {**there, "metadata": {**there["metadata"], "finalizers": ["b"]}}
    assert found(gone, sent) == ["metadata.finalizers[a]"]


def test_values_are_never_shown() -> None:
    sent = planned("v1", "Secret", data={"key": "c2VjcmV0"})
    (one,) = differences(live(sent, {"f:data": {"f:key": {}}}, data={"key": "b2xk"}), sent, OURS)
    assert str(one) == "data.key"
