"""What the controller that embeds inference pools knows, below ``inference`` in the inputs."""

# Annotations are not postponed: pydantic would compile the text of each of them at every start.

from typing import Literal

from gwdeployer.inputs import Inputs

#: Pools that are marked, all that are not marked otherwise, or none.
Manage = Literal["marked", "all", "none"]


class InferenceInputs(Inputs):
    """Inputs of the inference plugin."""

    #: Whose pickers to deploy.
    manage: Manage = "marked"
    #: The domain of the cluster's Services, for Istio's DestinationRules.
    cluster_domain: str = "cluster.local"
