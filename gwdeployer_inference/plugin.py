"""The inference plugin: InferencePools of both APIs, each with an endpoint picker where it is asked for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, ClassVar

from gwdeployer.deployer import Deployer
from gwdeployer.generator import Skip
from gwdeployer.objects import KindRef, Object
from gwdeployer.plugins import Plugin
from gwdeployer.store import ObjectStore
from gwdeployer_inference.inputs import InferenceInputs
from gwdeployer_inference.kinds import (
    ENDPOINT_PICKER_PARAMETERS,
    INFERENCE_POOL,
    INFERENCE_POOL_ALPHA,
    NAMESPACE,
    SERVICE,
)

if TYPE_CHECKING:
    from gwdeployer.crd import CrdDefinition


class InferencePlugin(Plugin):
    """Deploys the endpoint pickers of InferencePools that are put in our hands."""

    name = "inference"
    inputs_key = "inference"
    inputs_model = InferenceInputs
    owners: ClassVar[Sequence[KindRef]] = (INFERENCE_POOL, INFERENCE_POOL_ALPHA)
    reads: ClassVar[Sequence[KindRef]] = (ENDPOINT_PICKER_PARAMETERS, NAMESPACE, SERVICE)

    def __init__(self, inputs: InferenceInputs, options: Mapping[str, Sequence[str]] | None = None) -> None:
        """See :class:`Plugin`."""
        super().__init__(inputs, options)
        self._inputs = inputs
        self._deployers: dict[KindRef, Deployer] = {}

    @classmethod
    def crds(cls) -> Sequence[CrdDefinition]:
        """Return the definition of the parameters."""
        from gwdeployer_inference.crds import CRDS  # noqa: PLC0415 - previews do not need them

        return CRDS

    def route(self, owner: Object, store: ObjectStore) -> Deployer | Skip:
        """Return the deployer of the pool's API; it says itself which pools it leaves alone."""
        kind = KindRef.of_object(owner)
        if kind not in self._deployers:
            self._deployers[kind] = self._deployer(kind)
        return self._deployers[kind]

    def _deployer(self, kind: KindRef) -> Deployer:
        """Return a new deployer; its models are large, and many runs meet no pool."""
        from gwdeployer import builtin_chart  # noqa: PLC0415
        from gwdeployer_inference.generator import EndpointPickerGenerator  # noqa: PLC0415

        return Deployer(
            kind,
            controller_name=self._inputs.controller_name,
            managed_by=self._inputs.managed_by,
            chart=builtin_chart("endpoint-picker"),
            generator=EndpointPickerGenerator(self._inputs),
            cluster=self.cluster,
        )
