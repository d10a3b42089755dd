"""The CustomResourceDefinition of the parameters."""

from __future__ import annotations

from gwdeployer.crd import CrdDefinition, PrinterColumn
from gwdeployer_inference.kinds import ENDPOINT_PICKER_PARAMETERS
from gwdeployer_inference.parameters import EndpointPickerParametersSpec

CRDS = (
    CrdDefinition(
        ENDPOINT_PICKER_PARAMETERS,
        spec=EndpointPickerParametersSpec,
        plural="endpointpickerparameters",
        singular="endpointpickerparameters",
        short_names=("eppar",),
        printer_columns=(
            PrinterColumn("Profile", ".spec.profile", "string"),
            PrinterColumn("Age", ".metadata.creationTimestamp", "date"),
        ),
        description="How to deploy the endpoint picker of an InferencePool, or of all pools of a namespace.",
    ),
)
