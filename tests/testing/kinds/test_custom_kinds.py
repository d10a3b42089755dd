"""CustomResourceDefinitions become kinds."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest
import yaml

from gwdeployer.crd import crd_of
from gwdeployer.objects import KindRef
from gwdeployer.testing.apiserver.kinds import BadRequest, Kind, builtin_kinds, crd_kinds
from gwdeployer_gateway import GatewayPlugin

Json = dict[str, Any]

PUBLISHED = Path(__file__).parents[3].parent / "shared/data/crds"
DEFINITION = KindRef("apiextensions.k8s.io", "v1", "CustomResourceDefinition")


def definitions() -> Kind:
    return next(kind for kind in builtin_kinds() if kind.resource.kind == DEFINITION)


def installed(crd: Json) -> Json:
    """Return a definition as the server stores it."""
    kind = definitions()
    decoded, _ = kind.decode(crd)
    prepared = kind.prepare_create(kind.default(decoded))
    assert kind.validate(prepared) == []
    return prepared


def documents() -> list[Json]:
    found = [
        doc for path in sorted(PUBLISHED.rglob("*.yaml")) for doc in yaml.safe_load_all(path.read_text())
    ]
    return [doc for doc in found if doc and doc.get("kind") == "CustomResourceDefinition"]


@pytest.mark.skipif(not PUBLISHED.is_dir(), reason="the definitions of other projects are not here")
def test_the_definitions_of_the_world_are_valid_and_become_kinds() -> None:
    for crd in documents():
        kinds = crd_kinds(installed(crd))
        served = [version["name"] for version in crd["spec"]["versions"] if version["served"]]
        assert [kind.resource.kind.version for kind in kinds] == served
        assert {kind.resource.plural for kind in kinds} == {crd["spec"]["names"]["plural"]}


def test_our_own_definitions_are_valid_and_become_kinds() -> None:
    for definition in GatewayPlugin.crds():
        assert crd_kinds(installed(crd_of(definition)))


def widget(schema: Json, **version: Any) -> Kind:
    """Return a kind whose spec has a schema."""
    root = {"type": "object", "properties": {"spec": schema}}
    known = {"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": root}, **version}
    names = {"kind": "Widget", "plural": "widgets"}
    spec = {"group": "example.com", "scope": "Namespaced", "names": names, "versions": [known]}
    (kind,) = crd_kinds({"metadata": {"name": "widgets.example.com"}, "spec": spec})
    return kind


def an_object(spec: Any) -> Json:
    metadata = {"name": "w", "namespace": "default"}
    return {"apiVersion": "example.com/v1", "kind": "Widget", "metadata": metadata, "spec": spec}


def test_unknown_fields_are_a_fault_a_warning_or_nothing_and_always_dropped() -> None:
    kind = widget({"type": "object", "properties": {"a": {"type": "string"}}})
    given = an_object({"a": "x", "b": 1})
    with pytest.raises(BadRequest, match=r'strict decoding error: unknown field "spec\.b"'):
        kind.decode(given)
    assert kind.decode(given, validation="Warn") == (an_object({"a": "x"}), ['unknown field "spec.b"'])
    assert kind.decode(given, validation="Ignore") == (an_object({"a": "x"}), [])


def test_nothing_that_is_given_is_changed() -> None:
    kind = widget({"type": "object", "properties": {"a": {"type": "object", "default": {"b": []}}}})
    given = an_object({})
    before = copy.deepcopy(given)
    first, second = kind.default(given), kind.default(given)
    first["spec"]["a"]["b"] = ["changed"]
    assert given == before
    assert second["spec"] == {"a": {"b": []}}


def test_what_was_wrong_before_may_stay_and_may_not_come_anew() -> None:
    name = {"type": "string", "maxLength": 3}
    entry = {"type": "object", "properties": {"key": {"type": "string"}, "name": name}, "required": ["key"]}
    entries = {"type": "array", "items": entry}
    entries |= {"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["key"]}
    kind = widget({"type": "object", "properties": {"entries": entries, "name": name}})
    old = an_object({"name": "too long", "entries": [{"key": "a", "name": "too long"}]})
    moved = an_object({"name": "too long", "entries": [{"key": "b"}, {"key": "a", "name": "too long"}]})
    worse = an_object({"name": "as long too", "entries": []})
    assert [cause.field for cause in kind.validate(old)] == ["spec.name", "spec.entries[0].name"]
    assert kind.validate(moved, old) == []
    assert [cause.field for cause in kind.validate(worse, old)] == ["spec.name"]


def test_rules_in_cel_are_not_evaluated() -> None:
    rules = [{"rule": "self.size > 3", "message": "too small"}]
    schema = {"type": "object", "properties": {"size": {"type": "integer"}}}
    kind = widget(schema | {"x-kubernetes-validations": rules})
    assert kind.validate(an_object({"size": 1})) == []


def test_an_embedded_resource_keeps_what_every_object_has() -> None:
    inner = {
        "type": "object",
        "x-kubernetes-embedded-resource": True,
        "properties": {"spec": {"type": "object"}},
    }
    kind = widget({"type": "object", "properties": {"inner": inner}})
    metadata = {"name": "n", "other": 1}
    given = {"inner": {"apiVersion": "v1", "kind": "X", "metadata": metadata, "data": {}}}
    decoded, warnings = kind.decode(an_object(given), validation="Warn")
    assert decoded["spec"]["inner"] == {"apiVersion": "v1", "kind": "X", "metadata": {"name": "n"}}
    assert warnings == ['unknown field "spec.inner.data"', 'unknown field "spec.inner.metadata.other"']


def test_versions_differ_in_nothing_but_their_name() -> None:
    kind = widget({"type": "object"}, name="v2")
    assert kind.convert(an_object({"a": 1})) == an_object({"a": 1}) | {"apiVersion": "example.com/v2"}
