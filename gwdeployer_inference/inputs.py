"""What the controller that embeds inference pools knows, below ``inference`` in the inputs."""

# Annotations are not postponed: pydantic would compile the text of each of them at every start.

from gwdeployer.inputs import Inputs
from gwdeployer_inference.managing import Manage


class InferenceInputs(Inputs):
    """Inputs of the inference plugin."""

    #: Whose pickers to deploy: of pools that are marked, of all that are not marked otherwise, or of none.
    manage: Manage = "marked"
    #: The domain of the cluster's Services, for Istio's DestinationRules.
    cluster_domain: str = "cluster.local"
