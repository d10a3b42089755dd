"""The gateway plugin: which Gateways are ours, and which data plane each gets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

from gwdeployer import builtin_chart
from gwdeployer.deployer import Deployer
from gwdeployer.generator import Skip
from gwdeployer.objects import KindRef, Object, describe
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
from gwdeployer_gateway.envoy import GATEWAY_PARAMETERS, EnvoyGenerator
from gwdeployer_gateway.inputs import GatewayInputs


class GatewayPlugin(Plugin):
    """Deploys proxies for Gateways whose class names our controller."""

    name = "gateway"
    inputs_model = GatewayInputs
    owners: ClassVar[Sequence[KindRef]] = (GATEWAY,)
    reads: ClassVar[Sequence[KindRef]] = (GATEWAY_CLASS, GATEWAY_PARAMETERS, LISTENER_SET, NAMESPACE)
    options: ClassVar[Sequence[PluginOption]] = (
        PluginOption(
            "class",
            "Treat this GatewayClass as ours, whatever its controllerName (also where there is none).",
        ),
    )

    def __init__(self, inputs: GatewayInputs, options: Mapping[str, Sequence[str]] | None = None) -> None:
        """See :class:`Plugin`."""
        super().__init__(inputs, options)
        self._inputs = inputs
        self._classes = frozenset(self.given.get("class", ()))
        self._envoy = Deployer(
            GATEWAY,
            controller_name=inputs.controller_name,
            managed_by=inputs.managed_by,
            chart=builtin_chart("envoy"),
            generator=EnvoyGenerator(inputs),
        )

    def route(self, owner: Object, store: ObjectStore) -> Deployer | Skip:
        """Return the deployer of the Gateway's data plane, or why the Gateway is left alone."""
        class_name = spec_of(owner, ClassName).gateway_class_name
        if reason := self._not_ours(class_name, store):
            return Skip(reason)
        return self._envoy

    def _not_ours(self, class_name: str, store: ObjectStore) -> str:
        if class_name in self._classes:
            return ""
        gateway_class = store.get(GATEWAY_CLASS, "", class_name)
        if gateway_class is None:
            return f"GatewayClass {class_name} does not exist"
        controller = spec_of(gateway_class, ControllerName).controller_name
        if not controller:
            return f"{describe(gateway_class)} names no controller"
        if controller != self._inputs.controller_name:
            ours = self._inputs.controller_name
            return f"{describe(gateway_class)} belongs to {controller!r}, not to us ({ours!r})"
        return ""
