"""Parameters in layers: read, merged by policies declared on pydantic models, each leaf knowing its layer.

Works for any pydantic model and knows nothing of Gateways::

    layers = [read_layer(Spec, class_object, name="GatewayClass kgateway"),
              read_layer(Spec, owner_object, name="Gateway default/gw")]
    merged = merge_layers(Spec, layers)
    merged.model, merged.values, merged.provenance()

``policies`` says how fields merge, ``layers`` reads and merges, ``model`` is a base for models of one's own,
``constraints`` are checks of one field that a CRD can publish, ``faults`` turns pydantic's errors into ours.
"""

from gwdeployer.parameters.constraints import (
    Constraint,
    Distinct,
    DistinctBy,
    MaxItemsPerLayer,
    Published,
    Validation,
    broken_rule,
    cel_name,
    is_merged,
)
from gwdeployer.parameters.faults import Path, faults_of, path_text
from gwdeployer.parameters.layers import Layer, Merged, merge_layers, read_layer
from gwdeployer.parameters.model import (
    AtMostOneOf,
    ExactlyOneOf,
    ParametersModel,
    Rule,
    drop_nulls,
    set_members,
)
from gwdeployer.parameters.policies import (
    Absorbing,
    Append,
    ByKey,
    Custom,
    Deep,
    Fields,
    OneOf,
    PerLayer,
    Policy,
    Replace,
    Rivals,
    StructRule,
    Union,
    policy_of,
)

__all__ = [
    "Absorbing",
    "Append",
    "AtMostOneOf",
    "ByKey",
    "Constraint",
    "Custom",
    "Deep",
    "Distinct",
    "DistinctBy",
    "ExactlyOneOf",
    "Fields",
    "Layer",
    "MaxItemsPerLayer",
    "Merged",
    "OneOf",
    "ParametersModel",
    "Path",
    "PerLayer",
    "Policy",
    "Published",
    "Replace",
    "Rivals",
    "Rule",
    "StructRule",
    "Union",
    "Validation",
    "broken_rule",
    "cel_name",
    "drop_nulls",
    "faults_of",
    "is_merged",
    "merge_layers",
    "path_text",
    "policy_of",
    "read_layer",
    "set_members",
]
