"""Every CRD we make can be installed, and the checker that says so would notice if not."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from gwdeployer.crd import CrdDefinition, crd_of
from gwdeployer_gateway import GatewayPlugin
from tests.crd import all_features
from tests.crd.apiserver import installable, unstructural

if TYPE_CHECKING:
    from gwdeployer.objects import Object

DEFINITIONS = [*GatewayPlugin.crds(), all_features.DEFINITION]
#: kubectl apply without --server-side keeps the object in an annotation; all annotations may be this long.
MAX_ANNOTATIONS = 256 * 1024


@pytest.fixture(params=DEFINITIONS, ids=lambda definition: definition.plural)
def crd(request: pytest.FixtureRequest) -> Object:
    definition: CrdDefinition = request.param
    return crd_of(definition)


def test_an_api_server_would_install_it(crd: Object) -> None:
    assert installable(crd) == []


def test_nothing_of_ours_is_left_in_it(crd: Object) -> None:
    assert "x-gwdeployer" not in json.dumps(crd)


def test_kubectl_apply_can_send_it(crd: Object) -> None:
    assert len(json.dumps(crd, separators=(",", ":"))) < MAX_ANNOTATIONS


def test_without_descriptions_nothing_else_changes() -> None:
    full, bare = (crd_of(GatewayPlugin.crds()[0], descriptions=wanted) for wanted in (True, False))
    assert '"description": "' not in json.dumps(bare)
    assert without_descriptions(full) == bare


def without_descriptions(value: Any) -> Any:
    if isinstance(value, list):
        return [without_descriptions(item) for item in value]
    if not isinstance(value, dict):
        return value
    kept = {name: item for name, item in value.items() if name != "description" or not isinstance(item, str)}
    return {name: without_descriptions(item) for name, item in kept.items()}


def test_every_call_gives_objects_of_its_own() -> None:
    first, second = (crd_of(all_features.DEFINITION) for _ in range(2))
    first["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"].clear()
    first["spec"]["names"]["shortNames"].clear()
    assert second == crd_of(all_features.DEFINITION)


ITEM = {"type": "object", "properties": {"a": {"type": "string"}}}
MAP = {"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["a"]}
BROKEN: list[tuple[dict[str, Any], str]] = [
    ({}, "type is None"),
    ({"type": "null"}, "type is null"),
    ({"$ref": "#/x", "type": "object"}, r"\$ref is forbidden"),
    ({"type": "array", "uniqueItems": True, "items": ITEM}, "uniqueItems is forbidden"),
    ({"type": "string", "anyOf": [{"type": "string"}]}, "anyOf without"),
    ({"type": "string", "x-kubernetes-int-or-string": True}, "int-or-string has a type"),
    ({"type": "array"}, "needs items"),
    ({"type": "array", "items": ITEM, **MAP}, "key a is neither required nor has a default"),
    ({"type": "array", "items": {"type": "object"}, **MAP}, "key a is no scalar property"),
    ({"type": "array", "items": ITEM, "x-kubernetes-list-type": "map"}, "do not fit"),
    ({"type": "array", "items": ITEM, "x-kubernetes-list-type": "set"}, "scalar or atomic"),
    ({"type": "object", "properties": {}, "additionalProperties": ITEM}, "exclude"),
    ({"type": "object", "additionalProperties": True}, "must be a schema"),
    ({"type": "object", "required": ["b"], "properties": {}}, "not declared"),
    ({"type": "number", "exclusiveMinimum": 0}, "must be a boolean"),
    ({"type": "integer", "default": "a"}, "default is not valid"),
    ({"type": "string", "x-kubernetes-preserve-unknown-fields": True}, "must be true, on an object"),
    (
        ITEM | {"x-kubernetes-validations": [{"rule": "has(self.b)", "message": "b"}]},
        "self.b is not declared",
    ),
    (ITEM | {"x-kubernetes-validations": [{"rule": "has(self.a)"}]}, "needs a message"),
]


@pytest.mark.parametrize(("node", "fault"), BROKEN)
def test_the_checker_notices(node: dict[str, Any], fault: str) -> None:
    with pytest.raises(AssertionError, match=fault):
        assert "; ".join(unstructural(node)) == ""
