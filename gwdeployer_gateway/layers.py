"""Which parameters hold for a Gateway: defaults, then its class's object, then its own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from gwdeployer.errors import Fault, ParametersError
from gwdeployer.generator import Context
from gwdeployer.objects import IdentityCache, KindRef, Object, describe, name_of, namespace_of
from gwdeployer.parameters import Layer, Merged, merge_layers, read_layer
from gwdeployer_gateway.api import GATEWAY_CLASS, GatewayClassSpec, GatewaySpec, ParametersRef, spec_of
from gwdeployer_gateway.defaults import default_parameters
from gwdeployer_gateway.inputs import GatewayInputs
from gwdeployer_gateway.parameters import GatewayParametersSpec

GATEWAY_PARAMETERS = KindRef("gateway.kgateway.dev", "v1alpha1", "GatewayParameters")


class Reference(NamedTuple):
    """A parametersRef and where it stands."""

    holder: Object
    path: str
    ref: ParametersRef

    def fault(self, field: str, message: str, hint: str) -> ParametersError:
        """Return the error for a reference that cannot be followed."""
        return ParametersError(Fault(message, f"{self.path}.{field}", describe(self.holder), hint=hint))


class ParametersLayers:
    """Finds, reads and merges the parameters of gateways. What objects say is read once, not once a plan."""

    def __init__(self, inputs: GatewayInputs) -> None:
        """Take the defaults from ``inputs``."""
        self._inputs = inputs
        self._layers: IdentityCache[Layer] = IdentityCache()
        self._merged: IdentityCache[Merged[GatewayParametersSpec]] = IdentityCache()

    def resolve(self, gateway: Object, spec: GatewaySpec, context: Context) -> Merged[GatewayParametersSpec]:
        """Return what the layers of a Gateway come to.

        Raises ParametersError with the faults of all layers: a reference to nothing or to a foreign kind,
        and whatever is wrong in the objects.
        """
        faults: list[Fault] = []
        layers: list[Layer] = []
        for reference in (self._class_reference(spec, context), _own_reference(gateway, spec)):
            if reference is None:
                continue
            try:
                layers.append(self._layer(reference, context))
            except ParametersError as error:
                faults += error.faults
        if faults:
            raise ParametersError(faults)
        waypoint = spec.gateway_class_name == self._inputs.waypoint_gateway_class_name
        return self._merged.get(tuple(layers), lambda: self._merge(layers, waypoint=waypoint), extra=waypoint)

    def _merge(self, layers: list[Layer], *, waypoint: bool) -> Merged[GatewayParametersSpec]:
        image = self._inputs.image
        defaults = default_parameters(
            registry=image.registry,
            repository=image.repository,
            tag=image.tag,
            digest=image.digest,
            pull_policy=image.pull_policy,
            waypoint=waypoint,
            omit_security_context=any(_omits_security_context(layer.values) for layer in layers),
        )
        return merge_layers(GatewayParametersSpec, [Layer("default", "", defaults), *layers])

    def _class_reference(self, spec: GatewaySpec, context: Context) -> Reference | None:
        gateway_class = context.store.get(GATEWAY_CLASS, "", spec.gateway_class_name)
        ref = spec_of(gateway_class, GatewayClassSpec).parameters_ref if gateway_class else None
        return Reference(gateway_class, "spec.parametersRef", ref) if gateway_class and ref else None

    def _layer(self, reference: Reference, context: Context) -> Layer:
        holder, _, ref = reference
        if (ref.group, ref.kind) != GATEWAY_PARAMETERS.group_kind:
            message = f"this data plane has no parameters of kind {ref.kind}.{ref.group}"
            raise reference.fault("kind", message, f"refer to a {GATEWAY_PARAMETERS}")
        own_namespace = namespace_of(holder) or "default"
        namespace = ref.namespace if holder["kind"] == GATEWAY_CLASS.kind else own_namespace
        if not namespace:
            message = "a class must say in which namespace its parameters are"
            raise reference.fault("namespace", message, "set spec.parametersRef.namespace")
        parameters = context.store.get(GATEWAY_PARAMETERS, namespace, ref.name)
        if parameters is None:
            message = f"GatewayParameters {namespace}/{ref.name} does not exist"
            raise reference.fault("name", message, "create it, or correct the reference")
        name = f"{holder['kind']} {name_of(holder)}"
        return self._layers.get(
            (parameters,), lambda: read_layer(GatewayParametersSpec, parameters, name=name), extra=name
        )


def _own_reference(gateway: Object, spec: GatewaySpec) -> Reference | None:
    ref = spec.infrastructure.parameters_ref if spec.infrastructure else None
    return Reference(gateway, "spec.infrastructure.parametersRef", ref) if ref else None


def _omits_security_context(values: Mapping[str, object]) -> bool:
    kube = values.get("kube")
    return isinstance(kube, Mapping) and kube.get("omitDefaultSecurityContext") is True
