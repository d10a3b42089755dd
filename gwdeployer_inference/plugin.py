"""The inference plugin: InferencePools of both APIs, each with an endpoint picker where it is asked for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from gwdeployer.deployer import Deployer
from gwdeployer.errors import Fault
from gwdeployer.generator import Skip
from gwdeployer.objects import KindRef, Object
from gwdeployer.plugins import Plugin
from gwdeployer.store import ObjectStore
from gwdeployer_inference.inputs import InferenceInputs
from gwdeployer_inference.kinds import (
    ENDPOINT_PICKER_PARAMETERS,
    GATEWAY,
    GATEWAY_CLASS,
    INFERENCE_POOL,
    INFERENCE_POOL_ALPHA,
    LISTENER_SET,
    NAMESPACE,
    REFERENCE_GRANT,
    ROUTES,
    SERVICE,
)

if TYPE_CHECKING:
    from gwdeployer.cluster.outcomes import ReconcileResult
    from gwdeployer.crd import CrdDefinition
    from gwdeployer.status import Reporter


class InferencePlugin(Plugin):
    """Deploys the endpoint pickers of InferencePools that are put in our hands."""

    name = "inference"
    inputs_key = "inference"
    inputs_model = InferenceInputs
    owners: ClassVar[Sequence[KindRef]] = (INFERENCE_POOL, INFERENCE_POOL_ALPHA)
    reads: Sequence[KindRef] = (ENDPOINT_PICKER_PARAMETERS, NAMESPACE, SERVICE)
    cluster_scoped: ClassVar[Sequence[KindRef]] = (GATEWAY_CLASS,)

    def __init__(self, inputs: InferenceInputs, options: Mapping[str, Sequence[str]] | None = None) -> None:
        """See :class:`Plugin`. Routes and Gateways are read only where the inputs need what they say."""
        super().__init__(inputs, options)
        self._inputs = inputs
        self._deployers: dict[KindRef, Deployer] = {}
        if inputs.deploy_when == "referenced":
            self.reads = (*self.reads, *ROUTES, REFERENCE_GRANT)
        if inputs.mode == "gateway":
            self.observes = (*ROUTES, REFERENCE_GRANT, LISTENER_SET, GATEWAY, GATEWAY_CLASS)

    @classmethod
    def crds(cls) -> Sequence[CrdDefinition]:
        """Return the definition of the parameters."""
        from gwdeployer_inference.crds import CRDS  # noqa: PLC0415 - previews do not need them

        return CRDS

    def route(self, owner: Object, store: ObjectStore) -> Deployer | Skip:
        """Return the deployer of the pool's API; it says itself which pools it leaves alone."""
        return self._deployer(KindRef.of_object(owner))

    def cleaner(self, kind: KindRef) -> Deployer | None:
        """Return the deployer of a pool's API."""
        return self._deployer(kind)

    def deploys(self) -> Sequence[KindRef]:
        """Return what pickers of any pool may need."""
        return self._deployer(INFERENCE_POOL).kinds

    def permissions(self) -> Sequence[Mapping[str, Any]]:
        """Return the rights that pickers are given, and the right to write references into pools."""
        from gwdeployer_inference.permissions import permissions_to_grant  # noqa: PLC0415 - as above

        pools = {"apiGroups": [INFERENCE_POOL.group], "resources": ["inferencepools"], "verbs": ["patch"]}
        return [*permissions_to_grant(), *([pools] if self._inputs.wire_ref else [])]

    def status(
        self, owner: Object, outcome: ReconcileResult, store: ObjectStore, now: str
    ) -> Mapping[str, Any] | None:
        """Return the status of a pool, where we are the gateway implementation. See :class:`Plugin`."""
        if not self.writes_status:
            return None
        from gwdeployer_inference.reporting import pool_status  # noqa: PLC0415 - as above

        return pool_status(owner, outcome, store, self._inputs.controller_name, now)

    @property
    def writes_status(self) -> bool:
        """Whether we are the gateway implementation."""
        return self._inputs.mode == "gateway"

    def reporters(self) -> Sequence[Reporter]:
        """Return who says of parameters whether they can be used."""
        from gwdeployer_inference.reporting import ParametersReporter  # noqa: PLC0415 - as above

        return (ParametersReporter(),)

    def diagnose(self, owner: Object, store: ObjectStore) -> Iterable[Fault]:
        """Yield why a pool has no picker that answers."""
        from gwdeployer_inference.diagnosing import diagnosed  # noqa: PLC0415 - as above

        return diagnosed(owner, store, self._inputs)

    def _deployer(self, kind: KindRef) -> Deployer:
        """Return the deployer of one API's pools, made once."""
        if kind not in self._deployers:
            self._deployers[kind] = self._made(kind)
        return self._deployers[kind]

    def _made(self, kind: KindRef) -> Deployer:
        """Return a new deployer; its models are large, and many runs meet no pool."""
        from gwdeployer import builtin_chart  # noqa: PLC0415
        from gwdeployer_inference.generator import EndpointPickerGenerator  # noqa: PLC0415

        options: dict[str, Any] = {
            "controller_name": self._inputs.controller_name,
            "managed_by": self._inputs.managed_by,
            "chart": builtin_chart("endpoint-picker"),
            "generator": EndpointPickerGenerator(self._inputs),
        }
        if self.cluster is None or not self._inputs.wire_ref or kind != INFERENCE_POOL:
            return Deployer(kind, cluster=self.cluster, **options)
        from gwdeployer_inference.wiring import WiringDeployer  # noqa: PLC0415 - few are asked to

        return WiringDeployer(kind, cluster=self.cluster, **options)
