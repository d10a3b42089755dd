"""The GatewayClasses that the controller creates where the inputs ask for it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from gwdeployer.objects import KindRef, Object, name_of
from gwdeployer_gateway.api import GATEWAY_CLASS
from gwdeployer_gateway.inputs import ClassParametersRef, GatewayInputs
from gwdeployer_gateway.kinds import AGENTGATEWAY_PARAMETERS, GATEWAY_PARAMETERS

#: Tells Istio how a waypoint of another implementation is reached: by PROXY protocol, on this port.
_WAYPOINT_BINDING = {"ambient.istio.io/waypoint-inbound-binding": "PROXY/15088"}
_KINDS = {kind.kind: kind for kind in (GATEWAY_PARAMETERS, AGENTGATEWAY_PARAMETERS)}


def builtin_classes(inputs: GatewayInputs) -> Sequence[Object]:
    """Return the classes that are known by name, each once; none where the inputs do not ask for them."""
    if not inputs.create_classes:
        return ()
    ordinary, waypoint, agentgateway = inputs.class_names
    own = AGENTGATEWAY_PARAMETERS if inputs.data_plane == "agentgateway" else GATEWAY_PARAMETERS
    classes = [
        _class(ordinary, f"Gateways served by {inputs.data_plane}", own, inputs),
        _class(waypoint, "Waypoints of an ambient mesh", own, inputs, **_WAYPOINT_BINDING),
        # The last word: whatever else a class of this name is for, its data plane is agentgateway.
        _class(agentgateway, "Gateways served by agentgateway", AGENTGATEWAY_PARAMETERS, inputs),
    ]
    return tuple({name_of(made): made for made in classes}.values())


def _class(
    name: str, description: str, parameters: KindRef, inputs: GatewayInputs, **annotations: str
) -> Object:
    spec: dict[str, Any] = {"controllerName": inputs.controller_name, "description": description}
    if reference := inputs.gateway_class_parameters_refs.get(name):
        spec["parametersRef"] = _reference(reference, parameters)
    return {
        "apiVersion": GATEWAY_CLASS.api_version,
        "kind": GATEWAY_CLASS.kind,
        "metadata": {"name": name, **({"annotations": annotations} if annotations else {})},
        "spec": spec,
    }


def _reference(given: ClassParametersRef, default: KindRef) -> Mapping[str, str]:
    """Return a parametersRef; a kind of ours that is named alone brings its group along."""
    kind = given.kind or default.kind
    known = _KINDS.get(kind, default)
    group = known.group if given.group is None else given.group
    return {"group": group, "kind": kind, "namespace": given.namespace, "name": given.name}
