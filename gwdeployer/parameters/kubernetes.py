"""Kubernetes' own types as fields of parameters: checked by their schemas, merged by the policies here.

They are kept as plain dicts. Fields that no policy names merge field by field, so a field Kubernetes adds
is never lost. Lists with a key merge by it, because server-side apply refuses two entries of one key.
"""

from __future__ import annotations

from itertools import product
from typing import Annotated, Any

from gwdeployer.objects.types import KubernetesType
from gwdeployer.parameters import Append, ByKey, Custom, Fields, OneOf, Replace, Union

__all__ = [
    "Affinity",
    "ContainerList",
    "ContainerSecurityContext",
    "EnvironmentList",
    "PodSecurityContext",
    "Probe",
    "ResourceRequirements",
    "SecretReferenceList",
    "Strategy",
    "TolerationList",
    "TopologySpreadConstraintList",
    "VolumeList",
    "VolumeMountList",
    "both_terms",
]

_REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"
_PREFERRED = "preferredDuringSchedulingIgnoredDuringExecution"


def both_terms(base: list[dict[str, Any]], source: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return node selector terms that match where a term of ``base`` *and* a term of ``source`` match.

    Terms are alternatives, so appending one layer's to the other's would let pods run where the first layer
    forbids it. A term without expressions matches no node (Kubernetes' rule) and so combines with nothing;
    if no pair is left, one such term is. An explicit empty list clears.
    """
    if not source or not base:
        return source
    pairs = [_both(one, other) for one, other in product(base, source) if _matches(one) and _matches(other)]
    return pairs or [{}]


def _matches(term: dict[str, Any]) -> bool:
    return any(term.values())


def _both(one: dict[str, Any], other: dict[str, Any]) -> dict[str, Any]:
    """Expressions within a term are all required; ``alone`` copies, so that no two pairs share any."""
    distinct = Append(distinct=True)
    return {name: distinct.alone([*one.get(name, ()), *other.get(name, ())]) for name in {**one, **other}}


_POD_TERMS = Fields({_REQUIRED: Append(), _PREFERRED: Append()})

_AFFINITY = Fields(
    {
        "nodeAffinity": Fields(
            {_REQUIRED: Fields({"nodeSelectorTerms": Custom(both_terms)}), _PREFERRED: Append()}
        ),
        "podAffinity": _POD_TERMS,
        "podAntiAffinity": _POD_TERMS,
    }
)
_CAPABILITIES = Fields({"add": Append(distinct=True), "drop": Append(distinct=True)})
_POD_SECURITY_CONTEXT = Fields({"supplementalGroups": Append(distinct=True), "sysctls": ByKey("name")})
_RESOURCES = Fields({"limits": Union(), "requests": Union(), "claims": ByKey("name")})
_PROBE = Fields(rules=(OneOf("exec", "grpc", "httpGet", "tcpSocket"),))
_SPREAD = ByKey("topologyKey", "whenUnsatisfiable")

_Struct = dict[str, Any]

Affinity = Annotated[_Struct, KubernetesType("core.v1.Affinity"), _AFFINITY]
ContainerSecurityContext = Annotated[
    _Struct, KubernetesType("core.v1.SecurityContext"), Fields({"capabilities": _CAPABILITIES})
]
PodSecurityContext = Annotated[_Struct, KubernetesType("core.v1.PodSecurityContext"), _POD_SECURITY_CONTEXT]
Probe = Annotated[_Struct, KubernetesType("core.v1.Probe"), _PROBE]
ResourceRequirements = Annotated[_Struct, KubernetesType("core.v1.ResourceRequirements"), _RESOURCES]
Strategy = Annotated[_Struct, KubernetesType("apps.v1.DeploymentStrategy"), Replace()]

ContainerList = Annotated[list[Annotated[_Struct, KubernetesType("core.v1.Container")]], Replace()]
EnvironmentList = Annotated[list[Annotated[_Struct, KubernetesType("core.v1.EnvVar")]], ByKey("name")]
SecretReferenceList = Annotated[
    list[Annotated[_Struct, KubernetesType("core.v1.LocalObjectReference")]], ByKey("name")
]
TolerationList = Annotated[
    list[Annotated[_Struct, KubernetesType("core.v1.Toleration")]], Append(distinct=True)
]
TopologySpreadConstraintList = Annotated[
    list[Annotated[_Struct, KubernetesType("core.v1.TopologySpreadConstraint")]], _SPREAD
]
VolumeList = Annotated[list[Annotated[_Struct, KubernetesType("core.v1.Volume")]], ByKey("name")]
VolumeMountList = Annotated[
    list[Annotated[_Struct, KubernetesType("core.v1.VolumeMount")]], ByKey("mountPath")
]
