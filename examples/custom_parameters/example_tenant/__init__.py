"""A platform's own parameters for gateways: teams say what they know, the platform decides what it means.

A ``TenantParameters`` names a cost centre, a size and, if need be, any of our GatewayParameters. Registered
as a ``ParametersKind``, it may stand wherever a GatewayParameters may: on a class, on a Gateway, or both.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from gwdeployer import Context, HelmValuesGenerator, KindRef, Object, ParametersKind
from gwdeployer.parameters import Merged, ParametersModel, Replace, Union

SIZES = {
    "small": {"deployment": {"replicas": 1}},
    "large": {"deployment": {"replicas": 5}, "podTemplate": {"priorityClassName": "business-critical"}},
}


class TenantParametersSpec(ParametersModel):
    """``spec`` of a TenantParameters. The class's and the Gateway's merge by the policies declared here."""

    cost_centre: str | None = None
    size: Literal["small", "large"] | None = None
    contacts: Annotated[dict[str, str], Union()] | None = None
    #: Whatever else of ``spec.kube`` of a GatewayParameters is wanted.
    kube: Annotated[dict[str, Any], Replace(raw=True)] | None = None


def as_gateway_parameters(spec: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the GatewayParameters that a TenantParameters stands for: its size, and what it says itself."""
    return {"kube": {**SIZES.get(spec.get("size") or "", {}), **(spec.get("kube") or {})}}


def with_tenant_labels(
    merged: Merged[TenantParametersSpec], values: Mapping[str, Any], owner: Object, context: Context
) -> Mapping[str, Any]:
    """Put cost centre and contacts on every object, by way of the values that the chart already knows."""
    tenant = merged.model
    gateway = values["gateway"]
    labels = {"tenant.example.com/cost-centre": tenant.cost_centre} if tenant.cost_centre else {}
    contacts = {f"tenant.example.com/{name}": who for name, who in (tenant.contacts or {}).items()}
    if not tenant.cost_centre:
        context.warn("no layer names a cost centre", "spec.costCentre", hint="ask finance")
    return {
        "gateway": {
            **gateway,
            "gatewayLabels": {**gateway["gatewayLabels"], **labels},
            "gatewayAnnotations": {**gateway["gatewayAnnotations"], **contacts},
        }
    }


class Audited(HelmValuesGenerator):
    """A generator around the plugin's own: what it deploys, and a ConfigMap for the auditors."""

    def __init__(self, inner: HelmValuesGenerator) -> None:
        """Wrap ``inner``."""
        self._inner = inner

    def get_values(self, owner: Object, context: Context) -> Any:
        """Return the plugin's own values."""
        return self._inner.get_values(owner, context)

    def post_process(self, owner: Object, objects: list[Object], context: Context) -> list[Object]:
        """Add the ConfigMap; it is owned, ordered, guarded and pruned like everything else."""
        objects = self._inner.post_process(owner, objects, context)
        name = f"{objects[0]['metadata']['name']}-audit"
        kinds = sorted({obj["kind"] for obj in objects})
        audit = {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {"name": name},
            "data": {"deployed": "\n".join(kinds)},
        }
        return [*objects, audit]

    def kinds(self) -> Any:
        """Return the plugin's kinds; a ConfigMap is among them."""
        return self._inner.kinds()


TENANT = ParametersKind(
    kind=KindRef("tenant.example.com", "v1", "TenantParameters"),
    model=TenantParametersSpec,
    plugin="gateway",
    as_base=as_gateway_parameters,
    to_values=with_tenant_labels,
    wrap=Audited,
)
