"""The gateway plugin: which Gateways are ours, and which data plane each gets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, ClassVar

from gwdeployer import builtin_chart
from gwdeployer.deployer import Deployer
from gwdeployer.generator import HelmValuesGenerator, Skip
from gwdeployer.objects import KindRef, Object, describe
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
    spec_of,
)
from gwdeployer_gateway.inputs import GatewayInputs
from gwdeployer_gateway.kinds import AGENTGATEWAY_PARAMETERS, DEPLOYED, GATEWAY_PARAMETERS, SECRET
from gwdeployer_gateway.layers import kinds_referred_to
from gwdeployer_gateway.session_keys import random_key, seeded_key

if TYPE_CHECKING:
    from gwdeployer.crd import CrdDefinition


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
        self._classes = frozenset(self.given.get("class", ()))
        seeds = self.given.get("seed", ())
        self._deployers: dict[tuple[str, ParametersKind | None], Deployer] = {}
        self._session_key = seeded_key(seeds[-1]) if seeds else random_key

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
        data_plane = "agentgateway" if self._is_agentgateway(class_name, store) else "envoy"
        return self._deployer(data_plane, self._wrapping(owner, class_name, store))

    def cleaner(self, kind: KindRef) -> Deployer | None:
        """Return a deployer that knows all that any data plane deploys."""
        if kind.group_kind != GATEWAY.group_kind:
            return None
        return self._deployer(self._inputs.data_plane, None)

    def deploys(self) -> Sequence[KindRef]:
        """Return what any data plane, and any registered chart, may deploy."""
        charts = [known.chart for known in self.parameters if known.chart]
        return tuple(dict.fromkeys((*DEPLOYED, *(kind for chart in charts for kind in chart.kinds))))

    def _wrapping(self, owner: Object, class_name: str, store: ObjectStore) -> ParametersKind | None:
        """Return the registered kind, if any, whose own generator deploys the Gateway."""
        wrapping = {known.kind.group_kind: known for known in self.parameters if known.wrap or known.chart}
        gateway_class = store.get(GATEWAY_CLASS, "", class_name)
        found = (wrapping.get(kind) for kind in reversed(kinds_referred_to(owner, gateway_class)))
        return next((known for known in found if known), None)

    def _deployer(self, data_plane: str, wrapping: ParametersKind | None) -> Deployer:
        key = data_plane, wrapping
        if key not in self._deployers:
            generator = self._generator(data_plane)
            self._deployers[key] = Deployer(
                GATEWAY,
                controller_name=self._inputs.controller_name,
                managed_by=self._inputs.managed_by,
                chart=(wrapping.chart if wrapping else None) or builtin_chart(data_plane),
                generator=wrapping.wrap(generator) if wrapping and wrapping.wrap else generator,
                cluster=self.cluster,
                prunes=self.deploys() if self.cluster is not None else (),
            )
        return self._deployers[key]

    def _generator(self, data_plane: str) -> HelmValuesGenerator:
        """Return a data plane's generator; each has large models, and most runs need one of the two."""
        if data_plane == "envoy":
            from gwdeployer_gateway.envoy import EnvoyGenerator  # noqa: PLC0415

            return EnvoyGenerator(self._inputs, self.parameters)
        from gwdeployer_gateway.agentgateway import AgentgatewayGenerator  # noqa: PLC0415

        return AgentgatewayGenerator(self._inputs, self.parameters, session_key=self._session_key)

    def _is_agentgateway(self, class_name: str, store: ObjectStore) -> bool:
        """Return whether a class is agentgateway's: by its name, its parameters' kind, or by default."""
        if class_name == self._inputs.agentgateway_class_name:
            return True
        kinds = kinds_referred_to({}, store.get(GATEWAY_CLASS, "", class_name))
        if kinds and kinds[0] in (AGENTGATEWAY_PARAMETERS.group_kind, GATEWAY_PARAMETERS.group_kind):
            return kinds[0] == AGENTGATEWAY_PARAMETERS.group_kind
        return self._inputs.data_plane == "agentgateway"

    def _not_ours(self, class_name: str, store: ObjectStore) -> Skip | None:
        """Return why Gateways of a class are left alone; None: they are ours.

        Only where somebody else has them is what they were left by us removed: a class that is missing may be
        on its way.
        """
        if class_name in self._classes:
            return None
        gateway_class = store.get(GATEWAY_CLASS, "", class_name)
        if gateway_class is None:
            return Skip(f"GatewayClass {class_name} does not exist")
        controller = spec_of(gateway_class, ControllerName).controller_name
        if not controller:
            return Skip(f"{describe(gateway_class)} names no controller")
        if controller != self._inputs.controller_name:
            ours = self._inputs.controller_name
            reason = f"{describe(gateway_class)} belongs to {controller!r}, not to us ({ours!r})"
            return Skip(reason, cleanup=True)
        return None
