"""The models against kgateway's own CustomResourceDefinition: no field missing, types and bounds agree."""

from __future__ import annotations

import typing
from pathlib import Path
from typing import Annotated, Any

import pytest
import yaml
from annotated_types import Ge, Le, MaxLen, MinLen
from pydantic.fields import FieldInfo

from gwdeployer.objects.types import KubernetesType
from gwdeployer.parameters import MaxItemsPerLayer
from gwdeployer.parameters.policies import alias_of, model_in
from gwdeployer_gateway.parameters import GatewayParametersSpec

if typing.TYPE_CHECKING:
    from pydantic import BaseModel

CRD = Path(__file__).parents[3] / "shared/data/crds/kgateway/gateway.kgateway.dev_gatewayparameters.yaml"

#: What kgateway's API does not have (yet).
OURS = {
    ".kube.envoyContainer.bootstrap.maxDownstreamConnections",
    ".kube.envoyContainer.bootstrap.overloadManager",
    ".kube.podTemplate.configChecksum",
    ".kube.service.ipFamilies",
    ".kube.service.ipFamilyPolicy",
    ".kube.service.ports[].protocol",
}


def strip(annotation: Any) -> tuple[Any, list[Any]]:
    """Return an annotation's bare type, and all metadata on the way to it."""
    if typing.get_origin(annotation) is Annotated:
        inner, *metadata = typing.get_args(annotation)
        bare, more = strip(inner)
        return bare, [*more, *metadata]
    members = [one for one in typing.get_args(annotation) if one is not type(None)]
    optional = len(members) == 1 and type(None) in typing.get_args(annotation)
    return strip(members[0]) if optional else (annotation, [])


def flat(metadata: list[Any]) -> list[Any]:
    return [one for item in metadata for one in (item.metadata if isinstance(item, FieldInfo) else [item])]


def bounds(metadata: list[Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for item in flat(metadata):
        found |= {"minimum": item.ge} if isinstance(item, Ge) else {}
        found |= {"maximum": item.le} if isinstance(item, Le) else {}
        found |= {"min": item.min_length} if isinstance(item, MinLen) else {}
        found |= {"max": item.max_length} if isinstance(item, MaxLen) else {}
        found |= {"max": item.maximum} if isinstance(item, MaxItemsPerLayer) else {}
    return found


def published_bounds(schema: dict[str, Any]) -> dict[str, Any]:
    names = {"minimum": "minimum", "maximum": "maximum"}
    names |= dict.fromkeys(("minLength", "minItems"), "min") | dict.fromkeys(("maxLength", "maxItems"), "max")
    found = {names[name]: value for name, value in schema.items() if name in names}
    if schema.get("format") == "int32":
        found.setdefault("maximum", 2**31 - 1)
    return found


SCALARS = {int: "integer", str: "string", bool: "boolean", float: "number"}


def differences(annotation: Any, metadata: list[Any], schema: dict[str, Any], path: str) -> list[str]:
    """Walk model and published schema together; say where they part."""
    bare, more = strip(annotation)
    metadata = [*more, *metadata]
    if any(isinstance(item, KubernetesType) for item in metadata):
        return [] if schema["type"] == "object" else [f"{path}: {schema['type']}"]
    if model := model_in(bare):
        return model_differences(model, schema, path)
    origin = typing.get_origin(bare)
    if origin is list:
        inner = differences(typing.get_args(bare)[0], [], schema["items"], f"{path}[]")
        return inner + parted("list", schema["type"] == "array", metadata, schema, path)
    if origin is dict:
        values = typing.get_args(bare)[1]
        free = schema.get("x-kubernetes-preserve-unknown-fields") and values is Any
        same = free or schema.get("additionalProperties") == {"type": "string"}
        return parted("map", same, metadata, schema, path)
    if origin is typing.Literal:
        return parted("enum", list(typing.get_args(bare)) == schema.get("enum"), metadata, schema, path)
    return parted(str(bare), SCALARS.get(bare) == schema["type"], metadata, schema, path)


def parted(what: str, same: Any, metadata: list[Any], schema: dict[str, Any], path: str) -> list[str]:
    found = [] if same else [f"{path}: {what} is not {schema.get('type')}"]
    ours, published = bounds(metadata), published_bounds(schema)
    return found + ([] if ours == published else [f"{path}: {ours} is not {published}"])


def model_differences(model: type[BaseModel], schema: dict[str, Any], path: str) -> list[str]:
    fields = {alias_of(name, info): info for name, info in model.model_fields.items()}
    found = []
    for name in fields.keys() | schema["properties"].keys():
        place = f"{path}.{name}"
        if name not in fields or name not in schema["properties"]:
            found.append(f"{place} only in {'the CRD' if name not in fields else 'the model'}")
            continue
        info = fields[name]
        found += differences(info.annotation, list(info.metadata), schema["properties"][name], place)
        if info.is_required() != (name in schema.get("required", ())):
            found.append(f"{place}: required")
    return found


@pytest.mark.skipif(not CRD.exists(), reason="kgateway's CustomResourceDefinition is not here")
def test_no_field_of_kgateway_s_crd_is_missing() -> None:
    crd = yaml.safe_load(CRD.read_text())
    schema = crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"]
    assert set(model_differences(GatewayParametersSpec, schema, "")) == {
        f"{path} only in the model" for path in OURS
    }
