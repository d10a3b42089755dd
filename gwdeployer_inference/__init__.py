"""Inference pools: a plugin of gwdeployer that deploys the endpoint pickers behind InferencePools.

The public names of the plugin; they load on first use.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from gwdeployer import __version__
from gwdeployer._lazy import lazy_exports

if TYPE_CHECKING:
    from gwdeployer_inference.conditions import parents_with
    from gwdeployer_inference.defaults import default_parameters
    from gwdeployer_inference.generator import EndpointPickerGenerator
    from gwdeployer_inference.inputs import InferenceInputs
    from gwdeployer_inference.kinds import ENDPOINT_PICKER_PARAMETERS, INFERENCE_POOL, INFERENCE_POOL_ALPHA
    from gwdeployer_inference.parameters import EndpointPickerParametersSpec
    from gwdeployer_inference.plugin import InferencePlugin
    from gwdeployer_inference.profiles import PROFILES, Profile
    from gwdeployer_inference.serving import Serving
    from gwdeployer_inference.values import EndpointPickerValues

_HOMES = {
    "conditions": ("parents_with",),
    "defaults": ("default_parameters",),
    "generator": ("EndpointPickerGenerator",),
    "inputs": ("InferenceInputs",),
    "kinds": ("ENDPOINT_PICKER_PARAMETERS", "INFERENCE_POOL", "INFERENCE_POOL_ALPHA"),
    "parameters": ("EndpointPickerParametersSpec",),
    "plugin": ("InferencePlugin",),
    "profiles": ("PROFILES", "Profile"),
    "serving": ("Serving",),
    "values": ("EndpointPickerValues",),
}

__all__ = [
    "ENDPOINT_PICKER_PARAMETERS",
    "INFERENCE_POOL",
    "INFERENCE_POOL_ALPHA",
    "PROFILES",
    "EndpointPickerGenerator",
    "EndpointPickerParametersSpec",
    "EndpointPickerValues",
    "InferenceInputs",
    "InferencePlugin",
    "Profile",
    "Serving",
    "__version__",
    "default_parameters",
    "parents_with",
]

__getattr__, __dir__ = lazy_exports(__name__, _HOMES)
