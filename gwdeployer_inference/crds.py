"""The CustomResourceDefinition of the parameters."""

from __future__ import annotations

from gwdeployer.crd import CrdDefinition, PrinterColumn
from gwdeployer.parameters.reporting import ParametersStatus
from gwdeployer_inference.kinds import ENDPOINT_PICKER_PARAMETERS
from gwdeployer_inference.parameters import EndpointPickerParametersSpec

CRDS = (
    CrdDefinition(
        ENDPOINT_PICKER_PARAMETERS,
        spec=EndpointPickerParametersSpec,
        status=ParametersStatus,
        plural="endpointpickerparameters",
        singular="endpointpickerparameters",
        short_names=("eppar",),
        printer_columns=(
            PrinterColumn("Profile", ".spec.profile", "string"),
            PrinterColumn("Accepted", ".status.conditions[?(@.type=='Accepted')].status", "string"),
            PrinterColumn("Age", ".metadata.creationTimestamp", "date"),
        ),
        description="How to deploy the endpoint picker of an InferencePool, or of all pools of a namespace.",
    ),
)
