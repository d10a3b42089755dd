"""What every gateway has, whatever proxy stands behind it: names, labels, ports, and who its controller is.

The keys of the values are the same in every data plane's chart.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping
from typing import Any, TypeVar

from pydantic import BaseModel

from gwdeployer.errors import Fault, ParametersError
from gwdeployer.generator import Context, Skip
from gwdeployer.objects import Object, describe, dns_label, label_value, name_of, namespace_of
from gwdeployer.parameters import Merged
from gwdeployer.provenance import from_one
from gwdeployer_gateway.api import GatewayReferences, GatewaySpec, spec_of, unknown_fields
from gwdeployer_gateway.inputs import GatewayInputs
from gwdeployer_gateway.layers import ParametersLayers, extended
from gwdeployer_gateway.listeners import Hidden, ServedPort, served_ports

M = TypeVar("M", bound=BaseModel)

NO_PORTS = Skip("no listener has a port that can be served")

_INPUTS = {"managedBy": "managedBy", "version": "version", "xds": "controlPlane"}
_SAID_IN = {
    "name": "metadata.name",
    "gatewayName": "metadata.name",
    "gatewayNamespace": "metadata.namespace",
    "gatewayClassName": "spec.gatewayClassName",
    "gatewayLabels": "spec.infrastructure.labels",
    "gatewayAnnotations": "spec.infrastructure.annotations",
}
_RESERVED_PREFIX = "gateway.networking.k8s.io/"


def read(owner: Object, layers: ParametersLayers[M], context: Context) -> tuple[GatewaySpec, Merged[M]]:
    """Return a Gateway's spec and its parameters. Raises ParametersError with the faults of both."""
    context.warnings += unknown_fields(owner)
    faults: list[Fault] = []
    spec = merged = None
    try:
        spec = spec_of(owner, GatewaySpec)
    except ParametersError as error:
        faults += error.faults
    try:
        merged = layers.resolve(owner, spec or spec_of(owner, GatewayReferences), context)
    except ParametersError as error:
        faults += error.faults
    if faults or spec is None or merged is None:
        raise ParametersError(dict.fromkeys(faults))
    return spec, merged


def controller_values(inputs: GatewayInputs, xds_port: int, ca_certificate: str) -> dict[str, Any]:
    """Return what all gateways of a controller share: who manages them, the control plane, its CA."""
    control_plane = inputs.control_plane
    return {
        "managedBy": label_value(inputs.managed_by),
        "version": label_value(inputs.version),
        "xds": {
            "host": control_plane.xds_host,
            "port": xds_port,
            "tls": {"enabled": control_plane.xds_tls, "caCert": ca_certificate},
        },
    }


def gateway_values(owner: Object, spec: GatewaySpec, context: Context) -> dict[str, Any]:
    """Return what a Gateway itself says: its names, and the labels and annotations all its objects carry."""
    infrastructure = spec.infrastructure
    values = {
        "name": dns_label(name_of(owner)),
        "gatewayName": name_of(owner),
        "gatewayNamespace": namespace_of(owner) or "default",
        "gatewayClassName": label_value(spec.gateway_class_name),
        "gatewayLabels": _propagated(infrastructure.labels if infrastructure else None),
        "gatewayAnnotations": _propagated(infrastructure.annotations if infrastructure else None),
    }
    if context.trace:
        return {key: from_one(value, describe(owner), _SAID_IN[key]) for key, value in values.items()}
    return values


def ports_of(
    owner: Object,
    spec: GatewaySpec,
    reserved: Mapping[int, str],
    inputs: GatewayInputs,
    context: Context,
    hidden: Hidden | None = None,
) -> list[ServedPort]:
    """Return the ports to serve: the listeners', or the dummy port that keeps a Service without any alive."""
    dummy = inputs.no_listeners_dummy_port
    ports = served_ports(owner, spec, reserved, context, hidden)
    return ports or ([ServedPort(dummy)] if dummy else [])


def finished(values: dict[str, Any], owner: Object, context: Context) -> Mapping[str, Any]:
    """Return a chart's values as registered kinds want them, knowing where they came from if asked."""
    if context.trace:
        for section in values.values():
            for key, path in _INPUTS.items():
                section[key] = from_one(section[key], "inputs", path)
            section["ports"] = from_one(section["ports"], describe(owner), "listeners and ListenerSets")
    return extended(values, owner, context)


def alike(generator: object, ours: type, ports: Iterable[ServedPort], context: Context) -> Hashable:
    """Return what tells apart Gateways of the same parameters whose objects differ in more than text.

    None, each is checked by itself, where somebody else has a say in the values.
    """
    foreign = type(generator) is not ours or any(known.to_values for known, _ in context.state["registered"])
    return None if foreign else tuple(ports)


def present(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values that are not None."""
    return {key: value for key, value in values.items() if value is not None}


def environment(variables: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return environment variables as Kubernetes stores them: an empty value is left out."""
    return [{key: value for key, value in variable.items() if value != ""} for variable in variables]


def _propagated(metadata: Mapping[str, str] | None) -> dict[str, str]:
    """Return infrastructure labels or annotations without those whose meaning the Gateway API reserves."""
    return {key: value for key, value in (metadata or {}).items() if not key.startswith(_RESERVED_PREFIX)}
