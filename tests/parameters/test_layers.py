"""Layers: reading one with all its faults, merging several, and knowing who said what."""

from __future__ import annotations

from copy import deepcopy
from typing import Annotated, Any, ClassVar, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, Field, TypeAdapter

from gwdeployer.errors import Fault, ParametersError
from gwdeployer.objects.types import KubernetesType
from gwdeployer.parameters import (
    Append,
    ByKey,
    Custom,
    ExactlyOneOf,
    Layer,
    MaxItemsPerLayer,
    ParametersModel,
    PerLayer,
    Replace,
    Rivals,
    Rule,
    Union,
    merge_layers,
    path_text,
    policy_of,
    read_layer,
    set_members,
)
from gwdeployer.parameters.model import camel


class Port(ParametersModel):
    port: Annotated[int, Field(ge=1, le=65535)]
    name: str | None = None


class Image(ParametersModel):
    merge_rules: ClassVar = (Rivals("tag", "digest"),)
    tag: str | None = None
    digest: str | None = None


class Choice(ParametersModel):
    rules: ClassVar = (ExactlyOneOf("oneWay", "orAnother"),)
    one_way: dict[str, Any] | None = None
    or_another: str | None = None


class NoFiveTwice(Rule):
    def faults(self, model: BaseModel) -> list[Fault]:
        assert isinstance(model, Spec)
        return [Fault("is 5 twice", "numbers")] if (model.numbers or []).count(5) > 1 else []


class Spec(ParametersModel):
    merged_rules: ClassVar = (NoFiveTwice(),)

    replicas: Annotated[int, Field(ge=0)] | None = None
    kind: Literal["A", "B"] | None = None
    enabled: bool | None = None
    ratio: float | None = None
    labels: Annotated[dict[str, str], Union()] | None = None
    numbers: Annotated[list[int], Append(), MaxItemsPerLayer(3)] | None = None
    ports: Annotated[list[Port], ByKey("port")] | None = None
    sources: Annotated[list[str], Field(min_length=1, max_length=2)] | None = None
    title: Annotated[str, Field(min_length=1, max_length=4, pattern="^[a-z]*$")] | None = None
    raw: Annotated[dict[str, Any], Replace(raw=True)] | None = None
    reversed: Annotated[list[str], Custom(lambda base, source: [*source, *base])] | None = None
    image: Image | None = None
    choice: Annotated[Choice, Replace()] | None = None
    probe: Annotated[dict[str, Any], KubernetesType("core.v1.Probe")] | None = None
    overlay: Annotated[dict[str, Any], PerLayer()] | None = None


def parameters(spec: Any) -> dict[str, Any]:
    return {
        "apiVersion": "x/v1",
        "kind": "Parameters",
        "metadata": {"namespace": "ns", "name": "p"},
        "spec": spec,
    }


def faults(obj: dict[str, Any]) -> list[str]:
    with pytest.raises(ParametersError) as caught:
        read_layer(Spec, obj, name="Class c")
    assert {fault.layer for fault in caught.value.faults} == {"Class c"}
    return [f"{f.path}: {f.message}; {f.hint}".rstrip("; ") for f in caught.value.faults]


def test_a_layer_keeps_what_was_written() -> None:
    spec = {"overlay": {"a": None}, "replicas": None}
    layer = read_layer(Spec, parameters(spec), name="Class c")
    assert (layer.name, layer.source, layer.values) == ("Class c", "Parameters ns/p", spec)
    assert "overlay" not in repr(layer)


FAULTS = [
    ({"replica": 1}, "spec.replica: unknown field 'replica'; did you mean 'replicas'?"),
    ({"image": {"tga": ""}}, "spec.image.tga: unknown field 'tga'; did you mean 'tag'?"),
    ({"ports": [{"prot": 1, "port": 1}]}, "spec.ports[0].prot: unknown field 'prot'; did you mean 'port'?"),
    ({"ports": [{}]}, "spec.ports[0].port: required field is missing; set 'port'"),
    ({"ports": [{"port": 70000}]}, "spec.ports[0].port: must be at most 65535, is 70000"),
    ({"ports": [{"port": 0}]}, "spec.ports[0].port: must be at least 1, is 0"),
    (
        {"ports": [{"port": "80"}]},
        "spec.ports[0].port: must be an integer, not '80'; write 80 without quotes",
    ),
    ({"ports": [{"port": True}]}, "spec.ports[0].port: must be an integer, not true"),
    ({"ports": [{"port": None}]}, "spec.ports[0].port: must be an integer, not null"),
    ({"ports": [None]}, "spec.ports[0]: must be a mapping, not null"),
    ({"ports": {}}, "spec.ports: must be a list, not a mapping; begin each item with '- '"),
    ({"kind": "C"}, "spec.kind: must be 'A' or 'B', is 'C'"),
    ({"enabled": "true"}, "spec.enabled: must be a boolean, not 'true'; write true without quotes"),
    ({"enabled": "yes"}, "spec.enabled: must be a boolean, not 'yes'"),
    ({"ratio": "1"}, "spec.ratio: must be a number, not '1'"),
    ({"ratio": float("nan")}, "spec.ratio: must be a finite number, not nan"),
    ({"labels": {"a.b/c": 1}}, "spec.labels[a.b/c]: must be a string, not 1; write it in quotes"),
    ({"labels": {"a": True}}, "spec.labels.a: must be a string, not true; write it in quotes"),
    ({"labels": {1: "a"}}, "spec.labels[1]: the key must be a string, not 1; write it in quotes"),
    ({1: "a"}, "spec[1]: the key must be a string, not 1; write it in quotes"),
    ({"ports": [{"port": 1 << 20000}]}, "spec.ports[0].port: must be at most 65535, is an enormous number"),
    ({"labels": ["a"]}, "spec.labels: must be a mapping, not a list"),
    ({"numbers": [1, 2, 3, 4]}, "spec.numbers: must have at most 3 items, has 4"),
    ({"sources": []}, "spec.sources: must not be empty"),
    ({"sources": ["a", "b", "c"]}, "spec.sources: must have at most 2 items, has 3"),
    ({"title": ""}, "spec.title: must not be empty"),
    ({"title": "abcde"}, "spec.title: must have at most 4 characters, has 5"),
    ({"title": "A"}, "spec.title: must match ^[a-z]*$, is 'A'"),
    ({"choice": {}}, "spec.choice: exactly one of oneWay, orAnother must be set, none is"),
    ({"choice": {"oneWay": None}}, "spec.choice: exactly one of oneWay, orAnother must be set, none is"),
    (
        {"choice": {"oneWay": {}, "orAnother": ""}},
        "spec.choice: exactly one of oneWay, orAnother must be set, oneWay and orAnother are",
    ),
    (
        {"probe": {"httpGet": {"port": 80, "pat": "/"}}},
        "spec.probe.httpGet.pat: unknown field 'pat'; did you mean 'path'?",
    ),
    ({"probe": 1}, "spec.probe: must be a mapping, not an integer"),
    ("text", "spec: must be a mapping, not 'text'"),
    (None, "spec: required field is missing; set 'spec'"),
]


@pytest.mark.parametrize(("spec", "told"), FAULTS)
def test_fault(spec: Any, told: str) -> None:
    assert faults(parameters(spec)) == [told]


def test_all_faults_come_at_once_with_their_subject() -> None:
    with pytest.raises(ParametersError) as caught:
        read_layer(
            Spec, parameters({"replicas": -1, "kind": "C", "x": 1, "probe": {"a": 1, "b": 2}}), name="Class c"
        )
    lines = str(caught.value).splitlines()
    assert lines[0] == "Parameters ns/p spec.replicas: must be at least 0, is -1 (from Class c)"
    assert len(lines) == 5


def test_an_unknown_field_beside_spec() -> None:
    found = faults({**parameters({}), "sepc": {}})
    assert found == ["sepc: unknown field 'sepc'; did you mean 'spec'?"]


def test_wrong_strings_are_not_quoted_where_strings_belong() -> None:
    assert "hunter2" not in str(faults(parameters({"labels": {"a": ["hunter2"]}})))


def layers(*specs: dict[str, Any]) -> list[Layer]:
    return [Layer(f"L{number}", "", spec) for number, spec in enumerate(specs)]


def test_merged_says_the_same_as_values_and_as_model() -> None:
    merged = merge_layers(
        Spec, layers({"image": {"tag": "1"}, "overlay": {"a": 1}}, {"image": {"digest": "d"}})
    )
    assert merged.values == {"image": {"tag": "", "digest": "d"}}
    assert merged.model.image == Image(tag="", digest="d")
    assert [layer.values.get("overlay") for layer in merged.layers] == [{"a": 1}, None]


def test_any_mapping_will_do() -> None:
    class Body(dict[str, Any]):
        """As kopf's are: mappings all the way down."""

    layer = read_layer(Spec, Body(parameters(Body(labels=Body(a="b")))), name="L")
    assert type(layer.values["labels"]) is dict


def test_the_bound_of_one_object_is_not_the_result_s() -> None:
    assert merge_layers(Spec, layers({"numbers": [1, 2]}, {"numbers": [3, 4]})).model.numbers == [1, 2, 3, 4]


def test_a_rule_broken_by_the_merge_names_the_layers() -> None:
    three = [Layer(n, f"Parameters {n}", {"numbers": [5]} if n != "b" else {"replicas": 1}) for n in "abc"]
    with pytest.raises(ParametersError, match=r"Parameters c spec\.numbers: is 5 twice \(from a and c\)"):
        merge_layers(Spec, three)


def test_a_layer_nobody_read_is_checked_when_merged() -> None:
    with pytest.raises(ParametersError, match=r"spec\.replicas: must be at least 0, is -1 \(from L1\)"):
        merge_layers(Spec, layers({"replicas": 1}, {"replicas": -1}))


def test_provenance_of_every_leaf() -> None:
    found = merge_layers(
        Spec,
        layers(
            {
                "labels": {"a": "0", "b": "0"},
                "ports": [{"port": 1}, {"port": 2}],
                "numbers": [1],
                "title": "x",
            },
            {
                "labels": {"b": "1"},
                "ports": [{"port": 1, "name": "n"}],
                "numbers": [1],
                "image": {"tag": "t"},
            },
            {"raw": {"n": None}, "image": {"digest": "d"}, "reversed": ["c"], "sources": ["s"]},
            {"reversed": ["d"], "title": None, "choice": {"oneWay": {}}},
        ),
    )
    assert {path_text(path): layer.name for path, layer in found.provenance().items()} == {
        "labels.a": "L0",
        "labels.b": "L1",
        "ports[0].port": "L0",
        "ports[1].port": "L1",
        "ports[1].name": "L1",
        "numbers[0]": "L0",
        "numbers[1]": "L1",
        "title": "L0",
        "image.tag": "L2",  # blanked by the digest
        "image.digest": "L2",
        "raw.n": "L2",
        "reversed[0]": "L3",
        "reversed[1]": "L2",
        "sources[0]": "L2",
        "choice.oneWay": "L3",
    }


# Laws.

TEXT = st.sampled_from(["", "a", "b"])
COUNTS = st.integers(0, 3)
NULLABLE: dict[str, st.SearchStrategy[Any]] = {
    "replicas": COUNTS,
    "labels": st.dictionaries(st.sampled_from("ab"), TEXT, min_size=1),
    "numbers": st.lists(COUNTS, min_size=1, max_size=2),
    "ports": st.lists(
        st.fixed_dictionaries({"port": st.integers(1, 3), "name": TEXT}),
        min_size=1,
        max_size=3,
        unique_by=lambda port: port["port"],
    ),
    "raw": st.dictionaries(TEXT, st.none() | COUNTS),
    # An explicit "" clears, as an empty list does elsewhere.
    "image": st.dictionaries(st.sampled_from(["tag", "digest"]), st.sampled_from("abc")),
    "overlay": st.dictionaries(TEXT, st.none()),
}
SPECS = st.fixed_dictionaries({}, optional={name: values | st.none() for name, values in NULLABLE.items()})
CLEARING = SPECS | st.sampled_from([{"labels": {}}, {"labels": {"a": None}}, {"numbers": []}, {"ports": []}])


def merge(*specs: dict[str, Any]) -> dict[str, Any]:
    return merge_layers(Spec, layers(*specs)).values


@given(CLEARING)
def test_an_empty_layer_changes_nothing(a: dict[str, Any]) -> None:
    assert merge(a) == merge({}, a) == merge(a, {}) == merge(dict.fromkeys(NULLABLE), a)


@given(SPECS, SPECS, SPECS)
def test_associative_unless_something_is_cleared(
    a: dict[str, Any], b: dict[str, Any], c: dict[str, Any]
) -> None:
    assert merge(merge(a, b), c) == merge(a, merge(b, c)) == merge(a, b, c)


@given(CLEARING)
def test_a_layer_over_itself_changes_nothing_but_what_appends(a: dict[str, Any]) -> None:
    a = {name: value for name, value in a.items() if name != "numbers"}
    assert merge(a, a) == merge(a)


def containers(value: Any) -> set[int]:
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    below = {found for item in inner for found in containers(item)}
    return below | ({id(value)} if isinstance(value, (dict, list)) else set())


@given(st.lists(CLEARING, max_size=3))
def test_inputs_are_neither_mutated_nor_aliased(specs: list[dict[str, Any]]) -> None:
    before = deepcopy(specs)
    given_layers = layers(*specs)
    merged = merge_layers(Spec, given_layers)
    merged.provenance()
    assert specs == before
    assert [layer.values for layer in given_layers] == before
    theirs = containers(specs) | containers([layer.values for layer in given_layers])
    assert not containers(merged.values) & theirs


@given(st.lists(CLEARING, max_size=3))
def test_provenance_covers_exactly_the_leaves(specs: list[dict[str, Any]]) -> None:
    merged = merge_layers(Spec, layers(*specs))
    assert set(merged.provenance()) == set(leaves(merged.values, ()))


def leaves(value: Any, path: tuple[str | int, ...]) -> list[tuple[str | int, ...]]:
    if isinstance(value, (dict, list)) and (value or not path):
        items = value.items() if isinstance(value, dict) else enumerate(value)
        return [leaf for key, item in items for leaf in leaves(item, (*path, key))]
    return [path]


# The base model.


@pytest.mark.parametrize(
    ("name", "alias"),
    [("cluster_ip", "clusterIP"), ("ip_families", "ipFamilies"), ("istio_meta_mesh_id", "istioMetaMeshId")],
)
def test_camel(name: str, alias: str) -> None:
    assert camel(name) == alias


def test_python_names_are_not_read() -> None:
    assert faults(parameters({"choice": {"one_way": {}}}))[0].startswith("spec.choice.one_way: unknown field")


def test_null_is_unset_and_empty_is_set() -> None:
    assert set_members(Choice.model_validate({"oneWay": {}, "orAnother": None})) == {"oneWay"}


def test_models_without_our_base_merge_too() -> None:
    class Plain(BaseModel):
        tags: Annotated[list[str], Append()] = []

    merged = merge_layers(Plain, layers({"tags": ["a"]}, {"tags": ["b"]}))
    assert merged.model.tags == ["a", "b"]
    assert policy_of(Plain) is policy_of(Plain)
    assert TypeAdapter(Plain).json_schema()["properties"]["tags"]["type"] == "array"
