"""Which parameters hold for a Gateway: defaults, then its class's object, then its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Generic, NamedTuple, TypeVar

from pydantic import BaseModel

from gwdeployer.errors import Fault, ParametersError
from gwdeployer.generator import Context
from gwdeployer.objects import IdentityCache, KindRef, Object, describe, is_mapping, name_of, namespace_of
from gwdeployer.parameters import Layer, Merged, merge_layers, read_layer
from gwdeployer.parameters_kind import ParametersKind
from gwdeployer.store import LayeredStore, MemoryStore, ObjectStore
from gwdeployer_gateway.api import (
    GATEWAY,
    GATEWAY_CLASS,
    GatewayClassSpec,
    GatewayReferences,
    ParametersRef,
    shared_spec_of,
    unknown_fields,
)

M = TypeVar("M", bound=BaseModel)

#: Where a class, and a Gateway, refer to parameters.
IN_CLASS, IN_GATEWAY = ("parametersRef",), ("infrastructure", "parametersRef")

#: Makes the lowest layer's values for a Gateway, given the layers above it.
Defaults = Callable[[GatewayReferences, Sequence[Layer]], Mapping[str, Any]]


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

    def __init__(
        self, kind: KindRef, model: type[M], defaults: Defaults, registered: Sequence[ParametersKind] = ()
    ) -> None:
        """Read objects of ``kind``, whose spec is a ``model``, over ``defaults`` (by class and layers).

        Objects of ``registered`` kinds may stand in for them.
        """
        self._kind = kind
        self._registered = {known.kind.group_kind: known for known in registered}
        self._model = model
        self._defaults = defaults
        self._layers: IdentityCache[Layer] = IdentityCache()
        self._merged: IdentityCache[Merged[M]] = IdentityCache()

    def resolve(self, gateway: Object, spec: GatewayReferences, context: Context) -> Merged[M]:
        """Return what the layers of a Gateway come to.

        Raises ParametersError with the faults of all layers: a reference to nothing or to a foreign kind,
        and whatever is wrong in the objects.
        """
        faults: list[Fault] = []
        layers: list[Layer] = []
        foreign: dict[ParametersKind, list[Layer]] = {}
        found = list(_references(gateway, spec, context, faults))
        for reference in found:
            try:
                layers += self._layer(reference, context, foreign)
            except ParametersError as error:
                faults += error.faults
        faults += _unmixable(found, foreign)
        if faults:
            raise ParametersError(faults)
        context.state["registered"] = [
            (known, merge_layers(known.model, own)) for known, own in foreign.items()
        ]
        name = spec.gateway_class_name
        merged = self._merged.get(tuple(layers), lambda: self._merge(spec, layers), extra=name)
        if not context.trace:
            return merged
        merged = merged.traced()
        context.parameters = merged.values
        return merged

    def of_class(self, gateway_class: Object, store: ObjectStore) -> Merged[M]:
        """Return what the layers of a Gateway come to that has none of its own.

        Raises ParametersError with the faults of the class's parameters, as :meth:`resolve` does.
        """
        spec = GatewayReferences.model_construct(gateway_class_name=name_of(gateway_class))
        return self.resolve({}, spec, Context(LayeredStore(MemoryStore([gateway_class]), store)))

    def _merge(self, spec: GatewayReferences, layers: list[Layer]) -> Merged[M]:
        defaults = Layer("default", "", self._defaults(spec, layers))
        return merge_layers(self._model, [defaults, *layers])

    def _layer(
        self, reference: Reference, context: Context, foreign: dict[ParametersKind, list[Layer]]
    ) -> list[Layer]:
        """Return the layer that a reference makes, if it makes one of our kind; note those of other kinds."""
        group_kind = reference.ref.group, reference.ref.kind
        known = self._registered.get(group_kind)
        if known is not None:
            own = self._read(reference, known.kind, known.model, context)
            foreign.setdefault(known, []).append(own)
            as_base = known.as_base
            return [self._layers.get((own, known), lambda: _base(own, as_base))] if as_base else []
        if group_kind != self._kind.group_kind:
            kind = KindRef(reference.ref.group, "", reference.ref.kind)
            message = f"this data plane has no parameters of kind {kind}"
            raise reference.fault("kind", message, f"refer to a {self._kind}")
        return [self._read(reference, self._kind, self._model, context)]

    def _read(self, reference: Reference, kind: KindRef, model: type[BaseModel], context: Context) -> Layer:
        holder, _, ref = reference
        namespace = ref.namespace if holder["kind"] == GATEWAY_CLASS.kind else _home(holder)
        if not namespace:
            message = "a class must say in which namespace its parameters are"
            raise reference.fault("namespace", message, "set spec.parametersRef.namespace")
        parameters = context.store.get(kind, namespace, ref.name)
        if parameters is None:
            message = f"{kind.kind} {namespace}/{ref.name} does not exist"
            raise reference.fault("name", message, "create it, or correct the reference")
        name = reference.layer
        return self._layers.get((parameters,), lambda: read_layer(model, parameters, name=name), extra=name)


def _base(own: Layer, as_base: Callable[[Mapping[str, Any]], Mapping[str, Any]]) -> Layer:
    return Layer(own.name, own.source, as_base(own.values))


def extended(values: Mapping[str, Any], owner: Object, context: Context) -> Mapping[str, Any]:
    """Return the values as the registered kinds among the layers want them."""
    for known, merged in context.state["registered"]:
        if known.to_values is not None:
            values = known.to_values(merged, values, owner, context)
    return values


def _unmixable(
    found: Sequence[Reference], foreign: Mapping[ParametersKind, Sequence[Layer]]
) -> Iterator[Fault]:
    """Find layers of different kinds that do not say how they go together."""
    if len({(reference.ref.group, reference.ref.kind) for reference in found}) < 2:  # noqa: PLR2004
        return
    for known in foreign:
        if known.as_base is None:
            kinds = " and ".join(reference.ref.kind for reference in found)
            message = f"class and Gateway refer to parameters of different kinds ({kinds})"
            yield found[-1].fault("kind", message, "use one kind for both").faults[0]


def is_own(layer: Layer) -> bool:
    """Return whether a layer is a Gateway's own: neither its class's nor the defaults."""
    return layer.name.startswith(f"{GATEWAY.kind} ")


def _references(
    gateway: Object, spec: GatewayReferences, context: Context, faults: list[Fault]
) -> Iterator[Reference]:
    """Yield the references to parameters that hold for a Gateway: its class's, then its own."""
    gateway_class = context.store.get(GATEWAY_CLASS, "", spec.gateway_class_name)
    if gateway_class:
        context.warnings += unknown_fields(gateway_class)
        try:
            ref = shared_spec_of(gateway_class, GatewayClassSpec).parameters_ref
        except ParametersError as error:
            faults += error.faults
        else:
            if ref:
                yield Reference(gateway_class, "spec.parametersRef", ref)
    if spec.infrastructure and (ref := spec.infrastructure.parameters_ref):
        yield Reference(gateway, "spec.infrastructure.parametersRef", ref)


def kinds_referred_to(gateway: Object, gateway_class: Object | None) -> list[tuple[str, str]]:
    """Return group and kind of the parameters that a class and then a Gateway refer to, right or wrong."""
    found = (reference_in(gateway_class or {}, *IN_CLASS), reference_in(gateway, *IN_GATEWAY))
    return [(str(ref.get("group") or ""), str(ref.get("kind") or "")) for ref in found if ref is not None]


def reference_in(obj: Object, *path: str) -> Mapping[str, Any] | None:
    """Return the reference at a path of an object's spec as it stands there, right or wrong."""
    place: Any = obj.get("spec")
    for name in path:
        if not is_mapping(place):
            return None
        place = place.get(name)
    return place if is_mapping(place) else None


def _home(obj: Object) -> str:
    return namespace_of(obj) or "default"
