"""Which parameters hold for a pool: defaults, then those its namespace names, then its own."""

from __future__ import annotations

from collections.abc import Iterator

from gwdeployer.errors import Fault, ParametersError
from gwdeployer.generator import Context
from gwdeployer.objects import IdentityCache, Object, describe, name_of
from gwdeployer.parameters import Layer, Merged, merge_layers, read_layer
from gwdeployer_inference.defaults import default_parameters
from gwdeployer_inference.kinds import ENDPOINT_PICKER_PARAMETERS
from gwdeployer_inference.managing import PARAMETERS, parameters_named_by
from gwdeployer_inference.parameters import EndpointPickerParametersSpec
from gwdeployer_inference.pools import Pool

PickerParameters = Merged[EndpointPickerParametersSpec]


class ParametersLayers:
    """Finds, reads and merges parameters. What objects say is read once, not once a plan."""

    def __init__(self) -> None:
        """Start with the defaults alone."""
        self._defaults = Layer("default", "", default_parameters())
        self._layers: IdentityCache[Layer] = IdentityCache()
        self._merged: IdentityCache[PickerParameters] = IdentityCache()

    def resolve(
        self, owner: Object, namespace: Object | None, pool: Pool, context: Context
    ) -> PickerParameters:
        """Return what a pool's layers come to. Raises ParametersError with the faults of all layers."""
        faults: list[Fault] = []
        layers = [self._defaults]
        for holder, name in _references(owner, namespace):
            try:
                layers.append(self._layer(holder, name, pool, context))
            except ParametersError as error:
                faults += error.faults
        if faults:
            raise ParametersError(faults)
        merged = self._merged.get(tuple(layers), lambda: merge_layers(EndpointPickerParametersSpec, layers))
        if not context.trace:
            return merged
        merged = merged.traced()
        context.parameters = merged.values
        return merged

    def _layer(self, holder: Object, name: str, pool: Pool, context: Context) -> Layer:
        found = context.store.get(ENDPOINT_PICKER_PARAMETERS, pool.namespace, name)
        if found is None:
            message = f"{ENDPOINT_PICKER_PARAMETERS.kind} {pool.namespace}/{name} does not exist"
            path, hint = f"metadata.annotations[{PARAMETERS}]", "create it, or correct the name"
            raise ParametersError(Fault(message, path, describe(holder), hint=hint))
        layer = f"{holder['kind']} {name_of(holder)}"
        return self._layers.get(
            (found,), lambda: read_layer(EndpointPickerParametersSpec, found, name=layer), extra=layer
        )


def _references(owner: Object, namespace: Object | None) -> Iterator[tuple[Object, str]]:
    """Yield who names parameters, and their name: the namespace, then the pool."""
    for holder in (namespace, owner):
        if holder is not None and (name := parameters_named_by(holder)):
            yield holder, name
