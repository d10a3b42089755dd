"""agentgateway: the values of its chart for a Gateway, and what is done to the objects rendered from them.

What differs from Envoy: parameters of a kind of its own; a Deployment or a DaemonSet; a Service that is a
LoadBalancer unless an overlay says otherwise; internal ports; a Secret with the key of the sessions.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from gwdeployer.checksums import content_checksum, with_pod_annotations
from gwdeployer.errors import Fault
from gwdeployer.generator import Context, HelmValuesGenerator, Skip, reads_only
from gwdeployer.objects import IdentityCache, KindRef, Object, name_of
from gwdeployer.overlays import (
    HORIZONTALPODAUTOSCALER,
    PODDISRUPTIONBUDGET,
    VERTICALPODAUTOSCALER,
    OverlayFields,
    Overlays,
)
from gwdeployer.parameters import Layer, Merged
from gwdeployer.parameters_kind import ParametersKind
from gwdeployer_gateway.addresses import load_balancer_ip
from gwdeployer_gateway.agentgateway_config import catalog_values, config_of, istio_values, spiffe_values
from gwdeployer_gateway.api import GatewayReferences
from gwdeployer_gateway.common import (
    NO_PORTS,
    alike,
    controller_values,
    environment,
    finished,
    gateway_values,
    ports_of,
    present,
    read,
)
from gwdeployer_gateway.control_plane import ca_certificate
from gwdeployer_gateway.inputs import GatewayInputs
from gwdeployer_gateway.internal_ports import internal_ports
from gwdeployer_gateway.kinds import AGENTGATEWAY_PARAMETERS, SECRET
from gwdeployer_gateway.layers import ParametersLayers, is_own
from gwdeployer_gateway.listeners import service_ports
from gwdeployer_gateway.parameters.agentgateway import AgentgatewayParametersSpec
from gwdeployer_gateway.session_keys import SessionKey, random_key, secret_name, session_secret

CHART_KINDS = (
    KindRef("", "v1", "ServiceAccount"),
    KindRef("", "v1", "ConfigMap"),
    KindRef("", "v1", "Service"),
    KindRef("apps", "v1", "Deployment"),
    KindRef("apps", "v1", "DaemonSet"),
)
OVERLAYS = OverlayFields(
    path=(),
    patches={
        "deployment": "Deployment",
        "daemonSet": "DaemonSet",
        "service": "Service",
        "serviceAccount": "ServiceAccount",
        "configMap": "ConfigMap",
    },
    supports={
        "podDisruptionBudget": PODDISRUPTIONBUDGET,
        "horizontalPodAutoscaler": HORIZONTALPODAUTOSCALER,
        "verticalPodAutoscaler": VERTICALPODAUTOSCALER,
    },
)
RESERVED_PORTS = {15000: "administration", 15020: "metrics", 15021: "readiness"}

#: The image and the port of the control plane where nobody says anything.
_REGISTRY, _REPOSITORY, _TAG = "cr.agentgateway.dev", "agentgateway", "v1.5.0"
_XDS_PORT = 9978

_SESSION_KEY = "SESSION_KEY"
#: What the name of the ConfigMap with the control plane's CA ends in: ours alone, so no overlay reaches it.
_AUTHORITY = "-xds-ca"


class _Fixed(NamedTuple):
    """What depends on parameters, inputs and CA alone, not on the Gateway."""

    values: dict[str, Any]
    warnings: tuple[Fault, ...]
    own_session_key: bool
    config_checksum: bool


class AgentgatewayGenerator(HelmValuesGenerator):
    """Values for a Gateway whose data plane is agentgateway."""

    def __init__(
        self,
        inputs: GatewayInputs,
        registered: Sequence[ParametersKind] = (),
        *,
        session_key: SessionKey = random_key,
    ) -> None:
        """Make values for the control plane and image that ``inputs`` name.

        ``session_key`` makes the session key (32 bytes in hex) of a Gateway whose Secret the store does not
        have; the cluster keeps the first one. ``registered`` are kinds of parameters besides
        AgentgatewayParameters.
        """
        self._inputs = inputs
        self._session_key = session_key
        #: Where the parameters of its Gateways come from.
        self.layers = ParametersLayers(
            AGENTGATEWAY_PARAMETERS, AgentgatewayParametersSpec, self._defaults, registered
        )
        self._fixed: IdentityCache[_Fixed] = IdentityCache()
        self._overlays = Overlays(OVERLAYS)

    def get_values(self, owner: Object, context: Context) -> Mapping[str, Any] | Skip:
        """Return the Gateway's values (see ``agentgateway_values.AgentgatewayValues``), or why it has none.

        Warns of unknown fields, unusable addresses, listeners left out and parameters without effect.
        """
        spec, merged = read(owner, self.layers, context)
        ports = ports_of(owner, spec, RESERVED_PORTS, self._inputs, context, internal_ports)
        if not ports:
            return NO_PORTS
        authority = ca_certificate(self._inputs.control_plane, context.store)
        fixed = self._fixed.get((merged,), lambda: self._fixed_of(merged, authority), extra=authority)
        context.warnings += fixed.warnings
        address = load_balancer_ip(spec.addresses, context) if spec.addresses else None
        own = {
            **gateway_values(owner, spec, context),
            "service": {"loadBalancerIP": address} if address else {},
            "ports": service_ports(ports, (), node_ports=False),
            **({} if fixed.own_session_key else {"sessionKeySecretName": secret_name(owner)}),
        }
        context.state.update(
            layers=merged.layers,
            alike=alike(self, AgentgatewayGenerator, ports, context),
            fixed=fixed,
            own=own,
        )
        return finished({"agentgateway": {**fixed.values, **own}}, owner, context)

    @reads_only
    def post_process(self, owner: Object, objects: list[Object], context: Context) -> list[Object]:
        """Apply overlays; add the session key's Secret; put checksums of what proxies read on the pods."""
        state = context.state
        name = state["own"]["name"] + _AUTHORITY
        authority = [obj for obj in objects if obj.get("kind") == "ConfigMap" and name_of(obj) == name]
        rest = [obj for obj in objects if obj not in authority] if authority else objects
        rest = self._overlays.apply(rest, state["layers"], state["alike"], context)
        checksums: dict[str, str] = {}
        if state["fixed"].config_checksum:
            config = [obj for obj in rest if obj.get("kind") == "ConfigMap"]
            checksums["checksum/config"] = content_checksum(config)
        if authority:
            checksums["checksum/xds-ca"] = content_checksum(authority)
        if not state["fixed"].own_session_key:
            labels = _labels_of_secret(state["own"])
            secret, checksums["checksum/session-key"] = session_secret(
                owner, labels, self._session_key, context
            )
            rest.append(secret)
        return with_pod_annotations(rest, checksums) + authority

    def kinds(self) -> Sequence[KindRef]:
        """Return the chart's kinds, the Secret's, and those that overlays add."""
        return (*CHART_KINDS, SECRET, *self._overlays.kinds)

    def _defaults(self, spec: GatewayReferences, layers: Sequence[Layer]) -> Mapping[str, Any]:
        """Return the parameters that hold where nobody says anything."""
        return {
            "workload": {"kind": "Deployment"},
            "image": self._image(),
            "logging": {"level": "info"},
            "resources": {"requests": {"cpu": "100m", "memory": "128Mi"}},
            "shutdown": {"min": 10, "max": 60},
        }

    def _image(self) -> dict[str, Any]:
        """Return the image that inputs name: agentgateway's own, else all proxies', else the default."""
        own, shared = self._inputs.agentgateway.image, self._inputs.image
        merged = {
            "registry": _REGISTRY,
            "repository": _REPOSITORY,
            "tag": _TAG,
            **present(shared.model_dump(include=shared.model_fields_set)),
            **present(own.model_dump()),
        }
        if "pull_policy" in merged:
            merged["pullPolicy"] = merged.pop("pull_policy")
        return merged

    def _xds_port(self) -> int:
        control_plane = self._inputs.control_plane
        shared = control_plane.xds_port if "xds_port" in control_plane.model_fields_set else _XDS_PORT
        return self._inputs.agentgateway.xds_port or shared

    def _fixed_of(self, merged: Merged[AgentgatewayParametersSpec], authority: str) -> _Fixed:
        parameters = merged.values
        env = environment(parameters.get("env") or ())
        catalog = catalog_values(_catalog_sources(merged.layers))
        spiffe = spiffe_values(parameters.get("spiffe"))
        optional = {
            "resources": parameters.get("resources"),
            "env": env or None,
            "istio": istio_values(parameters.get("istio"), self._inputs.istio),
            "spiffe": spiffe,
            "modelCatalog": catalog,
        }
        workload = parameters["workload"]
        values = {
            "dataPlaneType": "agentgateway",
            **controller_values(self._inputs, self._xds_port(), authority),
            "workload": {"kind": workload["kind"]},
            "image": parameters["image"],
            "shutdown": parameters["shutdown"],
            "logging": {"level": parameters["logging"].get("level") or "info"},
            "config": config_of(parameters, catalog, spiffe),
            **present(optional),
        }
        brings_key = any(variable["name"] == _SESSION_KEY for variable in env)
        warnings = tuple(_without_effect(merged.layers))
        return _Fixed(values, warnings, brings_key, workload.get("configChecksum", True))


def _catalog_sources(layers: Sequence[Layer]) -> list[Mapping[str, Any]]:
    """Return the sources of the Gateway's own parameters: their ConfigMaps are its neighbours."""
    catalogs = [layer.values.get("modelCatalog") or {} for layer in layers if is_own(layer)]
    return [source for catalog in catalogs for source in catalog.get("sources") or ()]


def _without_effect(layers: Sequence[Layer]) -> Iterator[Fault]:
    for layer in layers:
        if layer.values.get("modelCatalog") is not None and not is_own(layer):
            message = "has no effect here: its ConfigMaps are looked for beside the Gateway"
            hint = "set it in the parameters that the Gateway's spec.infrastructure refers to"
            yield Fault(message, "spec.modelCatalog", layer.source, layer.name, hint)


def _labels_of_secret(own: Mapping[str, Any]) -> dict[str, str]:
    return {
        "gateway.networking.k8s.io/gateway-class-name": own["gatewayClassName"],
        "gateway.networking.k8s.io/gateway-name": own["name"],
    }
