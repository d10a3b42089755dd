from __future__ import annotations

import copy
import json
from types import MappingProxyType
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gwdeployer.errors import ParametersError
from gwdeployer.objects import strategic_merge
from tests.oracle.generate_pairs import pairs

Map = dict[str, Any]


def deployment(pod: Map, **spec: Any) -> Map:
    return {"apiVersion": "apps/v1", "kind": "Deployment", "spec": {**spec, "template": {"spec": pod}}}


def merged_pod(pod: Map, patch: Map) -> Map:
    result: Map = strategic_merge(deployment(pod), deployment(patch))["spec"]["template"]["spec"]
    return result


def named(*names: str) -> list[Map]:
    return [{"name": name} for name in names]


def faults_of(obj: Map, patch: Any) -> list[str]:
    with pytest.raises(ParametersError) as caught:
        strategic_merge(obj, patch)
    return [str(fault) for fault in caught.value.faults]


# Each directive, on a pod: the object's, the patch, the result.

MAPS: list[tuple[Map, Map, Map]] = [
    ({"nodeSelector": {"a": "1"}}, {"nodeSelector": {"b": "2"}}, {"nodeSelector": {"a": "1", "b": "2"}}),
    ({"nodeSelector": {"a": "1", "b": "2"}}, {"nodeSelector": {"a": None}}, {"nodeSelector": {"b": "2"}}),
    ({"nodeSelector": {"a": "1"}}, {"nodeSelector": None}, {}),
    ({}, {"nodeSelector": None}, {}),
    ({}, {"nodeSelector": {"a": None, "b": "2"}}, {"nodeSelector": {"b": "2"}}),
    ({"securityContext": {"runAsUser": 1}}, {"securityContext": {}}, {"securityContext": {"runAsUser": 1}}),
    ({"securityContext": {"runAsUser": 1}}, {"securityContext": {"$patch": "delete"}}, {}),
    ({}, {"securityContext": {"$patch": "delete"}}, {}),
    (
        {"securityContext": {"runAsUser": 1, "fsGroup": 2}},
        {"securityContext": {"$patch": "replace", "runAsUser": 3, "fsGroup": None}},
        {"securityContext": {"runAsUser": 3}},
    ),
    # As Kubernetes has it: nothing is there to be replaced.
    ({}, {"securityContext": {"$patch": "replace", "runAsUser": 3}}, {}),
    (
        {"securityContext": {"runAsUser": 1}},
        {"securityContext": {"$patch": "merge", "fsGroup": 2}},
        {"securityContext": {"runAsUser": 1, "fsGroup": 2}},
    ),
    ({}, {"securityContext": {"$patch": "merge", "fsGroup": 2}}, {"securityContext": {"fsGroup": 2}}),
    (
        {"securityContext": {"runAsUser": 1, "fsGroup": 2, "sysctls": []}},
        {"securityContext": {"$retainKeys": ["fsGroup", "runAsGroup"], "runAsGroup": 3, "runAsUser": None}},
        {"securityContext": {"fsGroup": 2, "runAsGroup": 3}},
    ),
    (
        {},
        {"securityContext": {"$retainKeys": ["fsGroup"], "fsGroup": 2}},
        {"securityContext": {"fsGroup": 2}},
    ),
    # A field the type doesn't have is taken over; only merging one is refused.
    ({}, {"newInKubernetes2": {"a": 1}}, {"newInKubernetes2": {"a": 1}}),
]

LISTS: list[tuple[Map, Map, Map]] = [
    # New items come first, or directly behind the item the patch names before them.
    ({"containers": named("a", "b")}, {"containers": named("x")}, {"containers": named("x", "a", "b")}),
    ({"containers": named("a", "b")}, {"containers": named("b", "x")}, {"containers": named("a", "b", "x")}),
    ({"containers": named("a", "b")}, {"containers": named("a", "x")}, {"containers": named("a", "x", "b")}),
    (
        {"containers": named("a", "b", "c")},
        {"containers": named("c", "a")},
        {"containers": named("b", "c", "a")},
    ),
    (
        {"containers": [{"name": "a", "image": "i", "env": [{"name": "A", "value": "1"}]}]},
        {"containers": [{"name": "a", "env": [{"name": "A", "value": "2"}, {"name": "B", "value": None}]}]},
        {"containers": [{"name": "a", "image": "i", "env": [{"name": "A", "value": "2"}, {"name": "B"}]}]},
    ),
    (
        {"containers": named("a", "b")},
        {"containers": [{"name": "a", "$patch": "delete"}]},
        {"containers": named("b")},
    ),
    (
        {"containers": named("a", "b")},
        {"containers": [{"$patch": "replace"}, *named("c")]},
        {"containers": named("c")},
    ),
    ({"containers": named("a")}, {"containers": [{"$patch": "replace"}]}, {"containers": []}),
    # On an item with content it wipes the list: Kubernetes takes only what stands beside it.
    ({"containers": named("a")}, {"containers": [{"name": "c", "$patch": "replace"}]}, {"containers": []}),
    (
        {"containers": [{"name": "a", "image": "i"}]},
        {"containers": [{"$patch": "merge"}, {"name": "a", "tty": True, "$patch": "merge"}]},
        {"containers": [{"name": "a", "image": "i", "tty": True}]},
    ),
    (
        {},
        {"containers": [{"$patch": "replace"}, {"name": "a", "$patch": "delete"}, *named("b")]},
        {"containers": named("b")},
    ),
    # A directive inside a new item: its typed decoding would leave what we leave.
    (
        {"containers": named("a")},
        {
            "containers": [
                {
                    "name": "b",
                    "lifecycle": {"$patch": "delete"},
                    "securityContext": {"$patch": "replace", "runAsUser": 1},
                }
            ]
        },
        {"containers": [{"name": "b", "securityContext": {"runAsUser": 1}}, {"name": "a"}]},
    ),
    (
        {"volumes": [{"name": "v", "emptyDir": {}}]},
        {"volumes": [{"name": "v", "configMap": {"name": "c"}, "$retainKeys": ["name", "configMap"]}]},
        {"volumes": [{"name": "v", "configMap": {"name": "c"}}]},
    ),
    ({"tolerations": [{"key": "a"}]}, {"tolerations": [{"key": "b"}]}, {"tolerations": [{"key": "b"}]}),
    (
        {"tolerations": [{"key": "a"}]},
        {"tolerations": [{"$patch": "replace"}, {"key": "b", "value": None}]},
        {"tolerations": [{"key": "b"}]},
    ),
    # Orders.
    (
        {"containers": named("a", "b", "c")},
        {"$setElementOrder/containers": named("c", "a")},
        {"containers": named("b", "c", "a")},
    ),
    (
        {"containers": named("a", "b")},
        {"containers": named("x"), "$setElementOrder/containers": named("b", "x", "a")},
        {"containers": named("b", "x", "a")},
    ),
    (
        {},
        {"containers": named("x", "y"), "$setElementOrder/containers": named("x", "y")},
        {"containers": named("x", "y")},
    ),
    # Go's slices: a new item takes the place of a deleted one behind those that stay.
    (
        {"containers": named("a", "b", "c")},
        {
            "containers": [*named("x"), {"name": "c", "$patch": "delete"}],
            "$setElementOrder/containers": named("x"),
        },
        {"containers": named("a", "b", "x")},
    ),
    (
        {"containers": named("a", "b")},
        {"containers": named("x", "y"), "$setElementOrder/containers": []},
        {"containers": named("a", "b", "y", "x")},
    ),
    ({}, {"$setElementOrder/containers": named("a")}, {}),
]


@pytest.mark.parametrize(("pod", "patch", "expected"), MAPS + LISTS)
def test_directives(pod: Map, patch: Map, expected: Map) -> None:
    assert merged_pod(pod, patch) == expected


def test_primitive_lists() -> None:
    obj = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"finalizers": ["a", "b", "c"]}}
    for patch, expected in [
        ({"finalizers": ["x", "b"]}, ["x", "a", "b", "c"]),
        ({"finalizers": []}, ["a", "b", "c"]),
        ({"$deleteFromPrimitiveList/finalizers": ["b", "z"]}, ["a", "c"]),
        ({"finalizers": ["x"], "$deleteFromPrimitiveList/finalizers": ["x", "a"]}, ["b", "c"]),
        ({"$setElementOrder/finalizers": ["c", "a"]}, ["b", "c", "a"]),
        ({"$retainKeys": ["labels"]}, None),
    ]:
        assert strategic_merge(obj, {"metadata": patch})["metadata"].get("finalizers") == expected, patch


def test_items_are_deleted_from_and_ordered_in_lists_that_are_replaced() -> None:
    container = {"name": "a", "args": ["-f", "x", "-v"]}
    patch = {"name": "a", "$setElementOrder/args": ["x", "-f"], "$deleteFromPrimitiveList/args": ["-v"]}
    assert merged_pod({"containers": [container]}, {"containers": [patch]})["containers"] == [
        {"name": "a", "args": ["x", "-f"]}
    ]


def test_a_strategy_is_merged_and_a_budgets_selector_replaced() -> None:
    strategy = {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1}}
    recreate = {"strategy": {"type": "Recreate", "$retainKeys": ["type"]}}
    result = strategic_merge(deployment({}, strategy=strategy), {"spec": recreate})
    assert result["spec"]["strategy"] == {"type": "Recreate"}
    budget = {
        "apiVersion": "policy/v1",
        "kind": "PodDisruptionBudget",
        "spec": {"selector": {"matchLabels": {"a": "b"}}},
    }
    for selector, expected in [
        ({"matchLabels": {"c": "d"}}, {"matchLabels": {"c": "d"}}),
        ({"$patch": "merge", "matchLabels": {"c": "d"}}, {"matchLabels": {"a": "b", "c": "d"}}),
        ({"$patch": "delete"}, None),
    ]:
        spec = strategic_merge(budget, {"spec": {"selector": selector}})["spec"]
        assert spec.get("selector") == expected


def test_service_ports_are_told_apart_by_port_and_protocol() -> None:
    tls, quic = {"port": 443, "name": "tls"}, {"port": 443, "protocol": "UDP", "name": "quic"}
    service = {"apiVersion": "v1", "kind": "Service", "spec": {"ports": [tls, quic]}}
    for items, expected in [
        ([{"port": 443, "protocol": "UDP", "nodePort": 1}], [tls, {**quic, "nodePort": 1}]),
        ([{"port": 443, "nodePort": 1}], [{**tls, "nodePort": 1}, quic]),
        ([{"port": 443, "protocol": "TCP", "$patch": "delete"}], [quic]),
        ([{"port": 443, "protocol": "SCTP"}], [{"port": 443, "protocol": "SCTP"}, tls, quic]),
    ]:
        assert strategic_merge(service, {"spec": {"ports": items}})["spec"]["ports"] == expected


def test_a_vertical_pod_autoscaler_is_merged_deep() -> None:
    policies = [{"containerName": "a", "maxAllowed": {"cpu": "1"}}, {"containerName": "b", "mode": "Off"}]
    vpa = {
        "apiVersion": "autoscaling.k8s.io/v1",
        "kind": "VerticalPodAutoscaler",
        "metadata": {"finalizers": ["a"]},
        "spec": {"resourcePolicy": {"containerPolicies": policies}, "recommenders": [{"name": "x"}]},
    }
    patch = {
        "metadata": {"finalizers": ["b"]},
        "spec": {
            "updatePolicy": {"updateMode": "Auto"},
            "recommenders": [{"name": "y"}],
            "resourcePolicy": {
                "containerPolicies": [
                    {"containerName": "a", "maxAllowed": {"memory": "1Gi"}},
                    {"containerName": "b", "$patch": "delete"},
                ]
            },
        },
    }
    result = strategic_merge(vpa, patch)
    assert result["metadata"]["finalizers"] == ["b", "a"]
    assert result["spec"] == {
        "resourcePolicy": {
            "containerPolicies": [{"containerName": "a", "maxAllowed": {"cpu": "1", "memory": "1Gi"}}]
        },
        "recommenders": [{"name": "y"}],
        "updatePolicy": {"updateMode": "Auto"},
    }


# RFC 7386, appendix A, where both sides are maps.
@pytest.mark.parametrize(
    ("target", "patch", "expected"),
    [
        ({"a": "b"}, {"a": "c"}, {"a": "c"}),
        ({"a": "b"}, {"b": "c"}, {"a": "b", "b": "c"}),
        ({"a": "b"}, {"a": None}, {}),
        ({"a": "b", "b": "c"}, {"a": None}, {"b": "c"}),
        ({"a": ["b"]}, {"a": "c"}, {"a": "c"}),
        ({"a": "c"}, {"a": ["b"]}, {"a": ["b"]}),
        ({"a": {"b": "c"}}, {"a": {"b": "d", "c": None}}, {"a": {"b": "d"}}),
        ({"a": [{"b": "c"}]}, {"a": [1]}, {"a": [1]}),
        ({"e": None}, {"a": 1}, {"e": None, "a": 1}),
        ({}, {"a": {"bb": {"ccc": None}}}, {"a": {"bb": {}}}),
        ({}, {"a": [{"b": None}]}, {"a": [{"b": None}]}),
    ],
)
def test_kinds_without_metadata_are_patched_as_json(target: Map, patch: Map, expected: Map) -> None:
    head = {"apiVersion": "example.com/v1", "kind": "Thing"}
    assert strategic_merge(head | target, patch) == head | expected


def test_a_directive_for_the_whole_object() -> None:
    obj = deployment({}, replicas=1)
    assert strategic_merge(obj, {"$patch": "delete"}) == {}
    assert strategic_merge(obj, {"$patch": "replace", "kind": "X"}) == {"kind": "X"}


POD = {
    "containers": [{"name": "a", "args": ["-f"]}],
    "tolerations": [{"key": "a"}],
    "securityContext": {"runAsUser": 1},
}
AT = "spec.template.spec"
KEYLESS = "the item needs 'name', which tells the items of this list apart"
VALUES = "write delete, replace, merge"


@pytest.mark.parametrize(
    ("patch", "faults"),
    [
        ({"containers": {"a": 1}}, [f"{AT}.containers: must be a list, not a mapping"]),
        ({"containers": "a"}, [f"{AT}.containers: must be a list, not a single value"]),
        ({"securityContext": ["a"]}, [f"{AT}.securityContext: must be a mapping, not a list"]),
        ({"hostname": {"a": 1}}, [f"{AT}.hostname: must be a single value, not a mapping"]),
        ({"containers": ["a"]}, [f"{AT}.containers[0]: must be a mapping, not a single value"]),
        ({"containers": [None]}, [f"{AT}.containers[0]: must be a mapping, not null"]),
        ({"containers": [{"image": "i"}]}, [f"{AT}.containers[0]: {KEYLESS}"]),
        ({"containers": [{"name": None}]}, [f"{AT}.containers[0]: {KEYLESS}"]),
        ({"containers": [{"$patch": "delete"}]}, [f"{AT}.containers[0]: {KEYLESS}"]),
        (
            {"securityContext": {"$patch": "remove"}},
            [f"{AT}.securityContext: unknown directive $patch: 'remove'; {VALUES}"],
        ),
        (
            {"affinity": {"$patch": ["delete"]}},
            [f"{AT}.affinity: unknown directive $patch: ['delete']; {VALUES}"],
        ),
        (
            {"containers": [{"name": "a", "$patch": "x"}]},
            [f"{AT}.containers[0]: unknown directive $patch: 'x'; {VALUES}"],
        ),
        (
            {"$retainkeys": ["a"]},
            [f"{AT}.$retainkeys: unknown directive '$retainkeys'; did you mean '$retainKeys'?"],
        ),
        (
            {"affinity": {"$setElementOrder": []}},
            [
                f"{AT}.affinity.$setElementOrder: unknown directive '$setElementOrder'; "
                "did you mean '$setElementOrder/<list>'?"
            ],
        ),
        (
            {"tolerations": [{"key": "a", "$patch": "delete"}]},
            [
                f"{AT}.tolerations[0]: $patch cannot work on an item of this list, "
                "which is replaced as a whole; write all its items"
            ],
        ),
        (
            {"securityContext": {"$retainKeys": ["fsGroup"], "runAsGroup": 1}},
            [f"{AT}.securityContext.runAsGroup: set, but not among $retainKeys; add it there"],
        ),
        (
            {"securityContext": {"$retainKeys": "fsGroup"}},
            [f"{AT}.securityContext.$retainKeys: must be a list, not a single value"],
        ),
        (
            {"containers": named("b", "a"), "$setElementOrder/containers": named("a", "b")},
            [f"{AT}.$setElementOrder/containers: must name all items the patch sets, in the patch's order"],
        ),
        (
            {"$setElementOrder/containers": [{"image": "a"}]},
            [f"{AT}.$setElementOrder/containers[0]: {KEYLESS}"],
        ),
        (
            {"$setElementOrder/container": []},
            [f"{AT}.container: unknown field 'container'; did you mean 'containers'?"],
        ),
        ({"$setElementOrder/hostname": []}, [f"{AT}.$setElementOrder/hostname: 'hostname' is no list"]),
        (
            {"$setElementOrder/tolerations": []},
            [
                f"{AT}.$setElementOrder/tolerations: the items of this list have no key to order them by; "
                "write all its items"
            ],
        ),
        (
            {"containers": None, "$setElementOrder/containers": named("a")},
            [f"{AT}.containers: must be a list, not null"],
        ),
        (
            {"hostAliases": [], "$setElementOrder/hostAliases": []},
            [f"{AT}.hostAliases: nothing is there that $setElementOrder could put in order"],
        ),
        (
            {"$deleteFromPrimitiveList/containers": ["a"]},
            [
                f"{AT}.$deleteFromPrimitiveList/containers: the items of 'containers' are no single values; "
                "write $patch: delete on an item"
            ],
        ),
        (
            {"containers": [{"name": "a", "$deleteFromPrimitiveList/args": "-f"}]},
            [f"{AT}.containers[0].$deleteFromPrimitiveList/args: must be a list, not a single value"],
        ),
        (
            {"nodeSelector": {1: "a"}},
            [f"{AT}.nodeSelector[1]: the key must be a string, not 1; write it in quotes"],
        ),
        # All at once.
        (
            {"containers": [{"name": "a", "args": {}}, {}], "affinity": 1},
            [
                f"{AT}.containers[1]: {KEYLESS}",
                f"{AT}.containers[0].args: must be a list, not a mapping",
                f"{AT}.affinity: must be a mapping, not a single value",
            ],
        ),
    ],
)
def test_faults(patch: Map, faults: list[str]) -> None:
    assert faults_of(deployment(POD), deployment(patch)) == faults


def test_faults_elsewhere() -> None:
    obj = deployment({"containers": [{"image": "i"}]})
    item = "the object's item needs 'name', which tells the items of this list apart"
    assert faults_of(obj, deployment({"containers": named("a")})) == [f"{AT}.containers[0]: {item}"]
    assert faults_of(obj, ["a"]) == ["must be a mapping, not a list"]
    assert faults_of(obj | {"x": {"a": 1}}, {"x": {"b": 1}}) == [
        "x: unknown field 'x'; known here: apiVersion, kind, metadata, spec, status"
    ]
    thing = {"apiVersion": "example.com/v1", "kind": "Thing"}
    assert faults_of(thing, {"spec": {"a": {"$patch": "delete"}}}) == [
        "spec.a.$patch: directives need a kind whose patch metadata is known"
    ]
    account = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"finalizers": ["a"]}}
    assert faults_of(account, {"metadata": {"finalizers": [1]}}) == [
        "metadata.finalizers[0]: must be a string, not a single value"
    ]


def test_any_mapping_will_do_and_plain_data_comes_back() -> None:
    pod = MappingProxyType({"containers": (MappingProxyType({"name": "a", "args": ("x",)}),)})
    patch = MappingProxyType({"containers": (MappingProxyType({"name": "a", "command": ("y",)}),)})
    result = strategic_merge(MappingProxyType(deployment(pod)), deployment(patch))  # type: ignore[arg-type]
    assert result == deployment({"containers": [{"name": "a", "args": ["x"], "command": ["y"]}]})
    json.dumps(result)


# Properties, over the pairs the oracle is asked about.

GENERATED = st.builds(lambda seed: next(iter(pairs(seed, 1))), st.integers(0, 2**32)) | st.builds(
    lambda seed, at: list(pairs(seed, at))[-1], st.integers(0, 2**32), st.integers(2, 14)
)


def containers_in(value: Any) -> set[int]:
    if isinstance(value, dict):
        return {id(value)}.union(*map(containers_in, value.values()))
    return {id(value)}.union(*map(containers_in, value)) if isinstance(value, list) else set()


def has_directive(value: Any) -> bool:
    if isinstance(value, dict):
        return any(key.startswith("$") or has_directive(item) for key, item in value.items())
    return isinstance(value, list) and any(map(has_directive, value))


def has_null_item(value: Any) -> bool:
    if isinstance(value, dict):
        return any(map(has_null_item, value.values()))
    return isinstance(value, list) and any(item is None or has_null_item(item) for item in value)


@given(GENERATED)
@settings(max_examples=200, deadline=None)
def test_nothing_is_mutated_shared_or_left(pair: Map) -> None:
    before = copy.deepcopy(pair)
    try:
        result = strategic_merge(pair["object"], pair["patch"])
    except ParametersError:
        result = {}
    assert pair == before
    assert not containers_in(result) & containers_in(pair)
    assert not has_directive(result)


@given(GENERATED)
@settings(max_examples=100, deadline=None)
def test_an_empty_patch_changes_nothing(pair: Map) -> None:
    assert strategic_merge(pair["object"], {}) == pair["object"]
    assert (
        strategic_merge(pair["object"], {"metadata": {}, "spec": {}})["metadata"]
        == pair["object"]["metadata"]
    )


@given(GENERATED)
@settings(max_examples=200, deadline=None)
def test_a_patch_without_directives_counts_once(pair: Map) -> None:
    # An unknown field can be taken over, but not merged: Kubernetes' answer differs the second time.
    # A null item can be taken over where there is no list, and stands in no list that is there.
    if has_directive(pair["patch"]) or "nowhere" in json.dumps(pair["patch"]) or has_null_item(pair["patch"]):
        return
    try:
        once = strategic_merge(pair["object"], pair["patch"])
    except ParametersError:
        return
    refused: list[str] = []
    try:
        twice = strategic_merge(once, pair["patch"])
    except ParametersError as error:
        twice, refused = once, [fault.message for fault in error.faults]
    assert twice == once
    # Nor is an item without its key merged, which is taken over where there is no list.
    assert all("tells the items of this list apart" in message for message in refused)


def test_an_item_without_its_key_is_taken_over_and_not_merged() -> None:
    patch = {"metadata": {"ownerReferences": [{"name": "d"}]}}
    once = strategic_merge({"apiVersion": "v1", "kind": "Service"}, patch)
    assert once["metadata"] == patch["metadata"]
    with pytest.raises(ParametersError, match="needs 'uid'"):
        strategic_merge(once, patch)
