"""Which parameters hold for a Gateway: defaults, then its class's object, then its own."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Generic, NamedTuple, TypeVar

from pydantic import BaseModel

from gwdeployer.errors import Fault, ParametersError
from gwdeployer.generator import Context
from gwdeployer.objects import IdentityCache, KindRef, Object, describe, name_of, namespace_of
from gwdeployer.parameters import Layer, Merged, merge_layers, path_text, read_layer
from gwdeployer.provenance import LeafPath, Origin, traced
from gwdeployer_gateway.api import (
    GATEWAY,
    GATEWAY_CLASS,
    GatewayClassSpec,
    GatewaySpec,
    ParametersRef,
    spec_of,
)

M = TypeVar("M", bound=BaseModel)

#: Makes the lowest layer's values for a Gateway, given the layers above it.
Defaults = Callable[[GatewaySpec, Sequence[Layer]], Mapping[str, Any]]


class Reference(NamedTuple):
    """A parametersRef and where it stands."""

    holder: Object
    path: str
    ref: ParametersRef

    def fault(self, field: str, message: str, hint: str) -> ParametersError:
        """Return the error for a reference that cannot be followed."""
        return ParametersError(Fault(message, f"{self.path}.{field}", describe(self.holder), hint=hint))

    @property
    def layer(self) -> str:
        """The name of the layer that the object referred to makes."""
        return f"{self.holder['kind']} {name_of(self.holder)}"


class ParametersLayers(Generic[M]):
    """Finds, reads and merges the parameters of one kind. What objects say is read once, not once a plan."""

    def __init__(self, kind: KindRef, model: type[M], defaults: Defaults) -> None:
        """Read objects of ``kind``, whose spec is a ``model``, over ``defaults`` (by class and layers)."""
        self._kind = kind
        self._model = model
        self._defaults = defaults
        self._layers: IdentityCache[Layer] = IdentityCache()
        self._merged: IdentityCache[Merged[M]] = IdentityCache()

    def resolve(self, gateway: Object, spec: GatewaySpec, context: Context) -> Merged[M]:
        """Return what the layers of a Gateway come to.

        Raises ParametersError with the faults of all layers: a reference to nothing or to a foreign kind,
        and whatever is wrong in the objects.
        """
        faults: list[Fault] = []
        layers: list[Layer] = []
        for reference in references(gateway, spec, context):
            try:
                layers.append(self._layer(reference, context))
            except ParametersError as error:
                faults += error.faults
        if faults:
            raise ParametersError(faults)
        name = spec.gateway_class_name
        merged = self._merged.get(tuple(layers), lambda: self._merge(spec, layers), extra=name)
        return _traced(merged, context) if context.trace else merged

    def _merge(self, spec: GatewaySpec, layers: list[Layer]) -> Merged[M]:
        defaults = Layer("default", "", self._defaults(spec, layers))
        return merge_layers(self._model, [defaults, *layers])

    def _layer(self, reference: Reference, context: Context) -> Layer:
        holder, _, ref = reference
        if (ref.group, ref.kind) != self._kind.group_kind:
            message = f"this data plane has no parameters of kind {ref.kind}.{ref.group}"
            raise reference.fault("kind", message, f"refer to a {self._kind}")
        namespace = ref.namespace if holder["kind"] == GATEWAY_CLASS.kind else _home(holder)
        if not namespace:
            message = "a class must say in which namespace its parameters are"
            raise reference.fault("namespace", message, "set spec.parametersRef.namespace")
        parameters = context.store.get(self._kind, namespace, ref.name)
        if parameters is None:
            message = f"{self._kind.kind} {namespace}/{ref.name} does not exist"
            raise reference.fault("name", message, "create it, or correct the reference")
        name = reference.layer
        return self._layers.get(
            (parameters,), lambda: read_layer(self._model, parameters, name=name), extra=name
        )


def is_own(layer: Layer) -> bool:
    """Return whether a layer is a Gateway's own: neither its class's nor the defaults."""
    return layer.name.startswith(f"{GATEWAY.kind} ")


def references(gateway: Object, spec: GatewaySpec, context: Context) -> list[Reference]:
    """Return the references to parameters that hold for a Gateway: its class's, then its own."""
    found: list[Reference] = []
    gateway_class = context.store.get(GATEWAY_CLASS, "", spec.gateway_class_name)
    if gateway_class and (ref := spec_of(gateway_class, GatewayClassSpec).parameters_ref):
        found.append(Reference(gateway_class, "spec.parametersRef", ref))
    if spec.infrastructure and (ref := spec.infrastructure.parameters_ref):
        found.append(Reference(gateway, "spec.infrastructure.parametersRef", ref))
    return found


def _home(obj: Object) -> str:
    return namespace_of(obj) or "default"


def _traced(merged: Merged[M], context: Context) -> Merged[M]:
    """Return merged parameters whose leaves know which layer they are from."""
    found = merged.provenance()

    def origin(path: LeafPath) -> Origin | None:
        layer = found.get(path)
        return Origin(layer.name, f"{layer.source} {path_text(path, 'spec')}".strip()) if layer else None

    values = traced(merged.values, origin)
    context.parameters = values
    return replace(merged, values=values)
