"""The gateway plugin: which Gateways are ours, and which data plane each gets."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from gwdeployer import builtin_chart
from gwdeployer.deployer import Deployer
from gwdeployer.errors import ParametersError, TerminalError
from gwdeployer.generator import HelmValuesGenerator, Skip
from gwdeployer.objects import KindRef, Object, describe, name_of
from gwdeployer.parameters_kind import ParametersKind
from gwdeployer.plugins import Plugin, PluginOption
from gwdeployer.store import ObjectStore
from gwdeployer_gateway.api import (
    GATEWAY,
    GATEWAY_CLASS,
    LISTENER_SET,
    NAMESPACE,
    ClassName,
    ControllerName,
    shared_spec_of,
    spec_of,
)
from gwdeployer_gateway.control_plane import kind_of_ca
from gwdeployer_gateway.inputs import DataPlane, GatewayInputs
from gwdeployer_gateway.kinds import (
    AGENTGATEWAY_PARAMETERS,
    DEPLOYED,
    GATEWAY_PARAMETERS,
    OBSERVED,
    SECRET,
)
from gwdeployer_gateway.layers import kinds_referred_to

if TYPE_CHECKING:
    from gwdeployer.cluster import ReconcileResult
    from gwdeployer.crd import CrdDefinition
    from gwdeployer.errors import Fault
    from gwdeployer.status import Reporter
    from gwdeployer_gateway.agentgateway import AgentgatewayGenerator
    from gwdeployer_gateway.envoy import EnvoyGenerator

#: By group and kind of a class's parameters.
_DATA_PLANES: Mapping[tuple[str, str], DataPlane] = {
    AGENTGATEWAY_PARAMETERS.group_kind: "agentgateway",
    GATEWAY_PARAMETERS.group_kind: "envoy",
}


class _NotOurs(Skip):
    """Why a Gateway is somebody else's, or nobody's: its status is not ours to write."""


class GatewayPlugin(Plugin):
    """Deploys proxies for Gateways whose class names our controller."""

    name = "gateway"
    inputs_model = GatewayInputs
    owners: ClassVar[Sequence[KindRef]] = (GATEWAY,)
    reads: Sequence[KindRef] = (
        GATEWAY_CLASS,
        GATEWAY_PARAMETERS,
        AGENTGATEWAY_PARAMETERS,
        LISTENER_SET,
        NAMESPACE,
        SECRET,
    )
    cluster_scoped: ClassVar[Sequence[KindRef]] = (GATEWAY_CLASS,)
    options: ClassVar[Sequence[PluginOption]] = (
        PluginOption(
            "class",
            "Treat this GatewayClass as ours, whatever its controllerName (also where there is none).",
        ),
        PluginOption(
            "seed",
            "Derive session keys from this text instead of making random ones: the output stays the same.",
            metavar="TEXT",
        ),
    )

    def __init__(self, inputs: GatewayInputs, options: Mapping[str, Sequence[str]] | None = None) -> None:
        """See :class:`Plugin`."""
        super().__init__(inputs, options)
        self._inputs = inputs
        self._says_all = inputs.mode == "gateway"
        if self._says_all:
            self.observes = OBSERVED
        if kind := kind_of_ca(inputs.control_plane):
            self.reads = (*self.reads, kind)
        self._classes = frozenset(self.given.get("class", ()))
        self._generators: dict[DataPlane, EnvoyGenerator | AgentgatewayGenerator] = {}
        self._deployers: dict[tuple[DataPlane, ParametersKind | None], Deployer] = {}

    @classmethod
    def crds(cls) -> Sequence[CrdDefinition]:
        """Return the definitions of both data planes' parameters."""
        from gwdeployer_gateway.crds import CRDS  # noqa: PLC0415 - previews do not need them

        return CRDS

    def route(self, owner: Object, store: ObjectStore) -> Deployer | Skip:
        """Return the deployer of the Gateway's data plane, or why the Gateway is left alone."""
        class_name = spec_of(owner, ClassName).gateway_class_name
        if skip := self._not_ours(class_name, store):
            return skip
        gateway_class = store.get(GATEWAY_CLASS, "", class_name)
        data_plane = self._data_plane(class_name, gateway_class)
        return self._deployer(data_plane, self._wrapping(owner, gateway_class))

    def cleaner(self, kind: KindRef) -> Deployer | None:
        """Return a deployer that knows all that any data plane deploys."""
        if kind.group_kind != GATEWAY.group_kind:
            return None
        return self._deployer(self._inputs.data_plane, None)

    def deploys(self) -> Sequence[KindRef]:
        """Return what any data plane, and any registered chart, may deploy."""
        charts = [known.chart for known in self.parameters if known.chart]
        return tuple(dict.fromkeys((*DEPLOYED, *(kind for chart in charts for kind in chart.kinds))))

    def status(
        self, owner: Object, outcome: ReconcileResult, store: ObjectStore, now: str
    ) -> Mapping[str, Any] | None:
        """Return the status of a Gateway of ours: see :func:`~gwdeployer_gateway.status.gateway_status`."""
        from gwdeployer_gateway.status.gateway import gateway_status  # noqa: PLC0415 - controllers

        # Were the class asked for again, each change of its status would be a reason to look at all Gateways.
        if isinstance(outcome.plan.skip, _NotOurs) if outcome.plan else not self.is_ours(owner, store):
            return None
        return gateway_status(owner, outcome, store, now, whole=self._says_all)

    def is_ours(self, gateway: Object, store: ObjectStore) -> bool:
        """Return whether a Gateway's class names our controller."""
        try:
            return self._not_ours(spec_of(gateway, ClassName).gateway_class_name, store) is None
        except ParametersError:
            return False

    def warnings_of(self, gateway: Object, store: ObjectStore) -> Sequence[Fault]:
        """Return what the plan for a Gateway warns of; nothing where it cannot be planned."""
        try:
            deployer = self.route(gateway, store)
            return (
                () if isinstance(deployer, Skip) else deployer.plan(gateway, store, remember=False).warnings
            )
        except TerminalError:
            return ()

    def reporters(self) -> Sequence[Reporter]:
        """Return who reports on classes and parameters, and on ListenerSets where nobody else does."""
        from gwdeployer_gateway.classes.parameters import (  # noqa: PLC0415 - controllers
            AgentgatewayParametersReporter,
            GatewayParametersReporter,
        )
        from gwdeployer_gateway.classes.reporter import GatewayClassReporter  # noqa: PLC0415 - controllers

        classes = GatewayClassReporter(self._inputs, self._check_class)
        always = (classes, GatewayParametersReporter(), AgentgatewayParametersReporter())
        if not self._says_all:
            return always
        from gwdeployer_gateway.status.listener_sets import ListenerSetReporter  # noqa: PLC0415 - controllers

        return (*always, ListenerSetReporter(self))

    def installs(self) -> Sequence[Object]:
        """Return the classes that we know by name, where the inputs ask for them."""
        from gwdeployer_gateway.classes.builtin import builtin_classes  # noqa: PLC0415 - controllers

        return builtin_classes(self._inputs)

    def permissions(self) -> Sequence[Mapping[str, Any]]:
        """Return the right to know the cluster's CustomResourceDefinitions: their versions, their fields."""
        from gwdeployer_gateway.classes.definitions import MAY_READ  # noqa: PLC0415 - controllers

        return (MAY_READ,)

    def diagnose(self, owner: Object, store: ObjectStore) -> Iterable[Fault]:
        """Yield what is wrong with a Gateway's class; with its listeners, where nobody else says that."""
        from gwdeployer_gateway.diagnosis import class_faults, listener_faults  # noqa: PLC0415 - as above

        if not self._classes:
            yield from class_faults(owner, self._inputs.controller_name, store)
        if self._says_all and self.is_ours(owner, store):
            yield from listener_faults(owner, self.warnings_of(owner, store), store)

    def _check_class(self, gateway_class: Object, store: ObjectStore) -> str:
        """See :class:`~gwdeployer_gateway.classes.reporter.ClassCheck`."""
        data_plane = self._data_plane(name_of(gateway_class), gateway_class)
        self._generator(data_plane).layers.of_class(gateway_class, store)
        return data_plane

    def _wrapping(self, owner: Object, gateway_class: Object | None) -> ParametersKind | None:
        """Return the registered kind, if any, whose own generator deploys the Gateway."""
        wrapping = {known.kind.group_kind: known for known in self.parameters if known.wrap or known.chart}
        found = (wrapping.get(kind) for kind in reversed(kinds_referred_to(owner, gateway_class)))
        return next((known for known in found if known), None)

    def _deployer(self, data_plane: DataPlane, wrapping: ParametersKind | None) -> Deployer:
        key = data_plane, wrapping
        known = self._deployers.get(key)
        # Of two that are made at once the first one stays: it may be at work already.
        return known or self._deployers.setdefault(key, self._new_deployer(data_plane, wrapping))

    def _new_deployer(self, data_plane: DataPlane, wrapping: ParametersKind | None) -> Deployer:
        generator: HelmValuesGenerator = self._generator(data_plane)
        return Deployer(
            GATEWAY,
            controller_name=self._inputs.controller_name,
            managed_by=self._inputs.managed_by,
            chart=(wrapping.chart if wrapping else None) or builtin_chart(data_plane),
            generator=wrapping.wrap(generator) if wrapping and wrapping.wrap else generator,
            cluster=self.cluster,
            prunes=self.deploys() if self.cluster is not None else (),
        )

    def _generator(self, data_plane: DataPlane) -> EnvoyGenerator | AgentgatewayGenerator:
        """Return a data plane's generator; each has large models, and most runs need one of the two."""
        known = self._generators.get(data_plane)
        return known or self._generators.setdefault(data_plane, self._new_generator(data_plane))

    def _new_generator(self, data_plane: DataPlane) -> EnvoyGenerator | AgentgatewayGenerator:
        if data_plane == "envoy":
            from gwdeployer_gateway.envoy import EnvoyGenerator  # noqa: PLC0415

            return EnvoyGenerator(self._inputs, self.parameters)
        from gwdeployer_gateway.agentgateway import AgentgatewayGenerator  # noqa: PLC0415
        from gwdeployer_gateway.session_keys import random_key, seeded_key  # noqa: PLC0415

        seeds = self.given.get("seed", ())
        session_key = seeded_key(seeds[-1]) if seeds else random_key
        return AgentgatewayGenerator(self._inputs, self.parameters, session_key=session_key)

    def _data_plane(self, class_name: str, gateway_class: Object | None) -> DataPlane:
        """Return the data plane of a class: by its name, its parameters' kind, or by default."""
        if class_name == self._inputs.agentgateway_class_name:
            return "agentgateway"
        kinds = kinds_referred_to({}, gateway_class)
        return _DATA_PLANES.get(kinds[0], self._inputs.data_plane) if kinds else self._inputs.data_plane

    def _not_ours(self, class_name: str, store: ObjectStore) -> _NotOurs | None:
        """Return why Gateways of a class are left alone; None: they are ours.

        Only where somebody else has them is what they were left by us removed: a class that is missing may be
        on its way.
        """
        if class_name in self._classes:
            return None
        gateway_class = store.get(GATEWAY_CLASS, "", class_name)
        if gateway_class is None:
            return _NotOurs(f"GatewayClass {class_name} does not exist")
        controller = shared_spec_of(gateway_class, ControllerName).controller_name
        if not controller:
            return _NotOurs(f"{describe(gateway_class)} names no controller")
        if controller != self._inputs.controller_name:
            ours = self._inputs.controller_name
            reason = f"{describe(gateway_class)} belongs to {controller!r}, not to us ({ours!r})"
            return _NotOurs(reason, cleanup=True)
        return None
