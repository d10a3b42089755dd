"""The part of the Gateway API that deploying looks at: kinds, and the fields of them we read.

Objects are checked only where we use them: an API server has accepted the rest, perhaps in a version newer
than this one. Fields that no version known here has are pointed out, not refused.
"""

# Annotations are not postponed: pydantic would compile the text of each of them at every start.

import json
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Annotated, Any, TypeVar, cast

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator
from pydantic.alias_generators import to_camel

from gwdeployer.errors import Fault, ParametersError, nearest, one_line
from gwdeployer.objects import IdentityCache, KindRef, Object, describe, plain
from gwdeployer.parameters import drop_nulls, faults_of

GROUP = "gateway.networking.k8s.io"

GATEWAY = KindRef(GROUP, "v1", "Gateway")
GATEWAY_CLASS = KindRef(GROUP, "v1", "GatewayClass")
LISTENER_SET = KindRef(GROUP, "v1", "ListenerSet")
NAMESPACE = KindRef("", "v1", "Namespace")

_MAX_NAME = 64  # of an unknown field in a message


class ApiModel(BaseModel):
    """The base of partial models: fields we do not read are left alone, nulls are unset."""

    model_config = ConfigDict(
        frozen=True,
        defer_build=True,
        extra="ignore",
        strict=True,
        alias_generator=to_camel,
        validate_by_name=True,
        validate_by_alias=True,
        protected_namespaces=(),  # the API names its fields as it likes
    )

    @model_validator(mode="before")
    @classmethod
    def _without_nulls(cls, data: Any) -> Any:
        if data.__class__ is not dict or None not in data.values():
            return data
        return {name: value for name, value in data.items() if value is not None}


#: A map of texts; a null entry is not set.
Texts = Annotated[dict[str, str], BeforeValidator(drop_nulls)]


class Listener(ApiModel):
    """A listener of a Gateway or ListenerSet. Port 0 (or none) in a ListenerSet: the protocol's own."""

    name: str = ""
    port: Annotated[int, Field(ge=0, le=65535)] | None = None
    protocol: str = ""


class Address(ApiModel):
    """An address that is asked for."""

    type: str | None = None
    value: str | None = None


class ParametersRef(ApiModel):
    """A reference to a parameters object, from a GatewayClass (with namespace) or a Gateway (without)."""

    group: str = ""
    kind: str
    name: Annotated[str, Field(min_length=1)]
    namespace: str | None = None


class Infrastructure(ApiModel):
    """What all objects deployed for a Gateway carry, and who customises them."""

    labels: Texts | None = None
    annotations: Texts | None = None
    parameters_ref: ParametersRef | None = None


class SelectorRequirement(ApiModel):
    """One expression of a label selector."""

    key: str
    operator: str
    values: list[str] | None = None


class LabelSelector(ApiModel):
    """Kubernetes' label selector."""

    match_labels: Texts | None = None
    match_expressions: list[SelectorRequirement] | None = None

    def as_mapping(self) -> dict[str, Any]:
        """Return the selector as it stands in objects."""
        return self.model_dump(by_alias=True, exclude_none=True)


class AllowedNamespaces(ApiModel):
    """From which namespaces something may attach."""

    from_: Annotated[str | None, Field(alias="from")] = None
    selector: LabelSelector | None = None


class AllowedListeners(ApiModel):
    """Which ListenerSets may attach; none by default."""

    namespaces: AllowedNamespaces | None = None


class ClassName(ApiModel):
    """What of a Gateway's ``spec`` says whose it is: the rest is only looked at if it is ours."""

    gateway_class_name: Annotated[str, Field(min_length=1)]


class GatewayReferences(ClassName):
    """What of a Gateway's ``spec`` says which parameters hold for it."""

    infrastructure: Infrastructure | None = None


class GatewaySpec(GatewayReferences):
    """``spec`` of a Gateway."""

    listeners: list[Listener] | None = None
    addresses: list[Address] | None = None
    allowed_listeners: AllowedListeners | None = None


class ControllerName(ApiModel):
    """What of a GatewayClass's ``spec`` says whose it is."""

    controller_name: str = ""


class GatewayClassSpec(ControllerName):
    """``spec`` of a GatewayClass."""

    parameters_ref: ParametersRef | None = None


class ParentRef(ApiModel):
    """The Gateway to which a ListenerSet attaches."""

    group: str | None = None
    kind: str | None = None
    namespace: str | None = None
    name: str = ""


class ListenerSetSpec(ApiModel):
    """``spec`` of a ListenerSet."""

    parent_ref: ParentRef
    listeners: list[Listener] | None = None


S = TypeVar("S", bound=ApiModel)


def spec_of(obj: Object, model: type[S]) -> S:
    """Return an object's spec. Raises ParametersError with all faults of the fields we read."""
    try:
        spec = obj.get("spec")
        return model.model_validate(
            {} if spec is None else spec if spec.__class__ is dict is obj.__class__ else plain(spec)
        )
    except ValidationError as error:
        faults = faults_of(error, model, "spec")
        subject = describe(obj)
        raise ParametersError(Fault(f.message, f.path, subject, hint=f.hint) for f in faults) from None


_SHARED: IdentityCache[ApiModel] = IdentityCache(64)


def shared_spec_of(obj: Object, model: type[S]) -> S:
    """Do what :func:`spec_of` does, once for each state of an object that many others refer to."""
    return cast("S", _SHARED.get((obj,), lambda: spec_of(obj, model), extra=model))


def unknown_fields(obj: Object) -> Iterator[Fault]:
    """Yield a fault for each field that no version of the Gateway API known here has."""
    known = _known_fields().get(str(obj.get("kind")))
    if known is not None and obj.get("spec").__class__ is dict:
        for path, name, names in _unknown(obj["spec"], known, "spec"):
            message = f"unknown field {name!r} is ignored"
            hint = nearest(name, names) or "is it newer than this version knows?"
            yield Fault(message, path, describe(obj), hint=hint)


def _unknown(
    value: Any, known: Mapping[str, Any] | None, path: str
) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    if known is None:
        return
    if value.__class__ is list:
        for position, item in enumerate(value):
            yield from _unknown(item, known, f"{path}[{position}]")
    elif value.__class__ is dict:
        for name, item in value.items():
            if name in known:
                yield from _unknown(item, known[name], f"{path}.{name}")
            else:
                shown = one_line(str(name), _MAX_NAME)
                yield f"{path}.{shown}", shown, known


@cache
def _known_fields() -> dict[str, Any]:
    """Field names by kind, made from the published CRDs by ``scripts/make_gateway_api_fields.py``.

    A mapping names the fields of a struct (or of a list's items); null stands for anything else.
    """
    text = Path(__file__).with_name("gateway_api_fields.json").read_text(encoding="utf-8")
    fields: dict[str, Any] = json.loads(text)
    return fields
