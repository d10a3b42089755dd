"""What the controller that embeds inference pools knows, below ``inference`` in the inputs."""

# Annotations are not postponed: pydantic would compile the text of each of them at every start.

from typing import ClassVar, Literal

from gwdeployer.inputs import Inputs

#: Always, or only while a route of a Gateway refers to the pool.
DeployWhen = Literal["always", "referenced"]
#: Pools that are marked, all that are not marked otherwise, or none.
Manage = Literal["marked", "all", "none"]


class InferenceInputs(Inputs):
    """Inputs of the inference plugin."""

    defaults_are_sound: ClassVar[bool] = True

    #: Whose pickers to deploy.
    manage: Manage = "marked"
    #: When to deploy them.
    deploy_when: DeployWhen = "always"
    #: Whether pools that name no picker are given the reference to theirs.
    wire_ref: bool = False
    #: What is said on statuses of pools. ``deploy``: nothing, that is for gateways. ``gateway``: we are the
    #: implementation of Gateways whose class names our controller, and say how they serve a pool.
    mode: Literal["deploy", "gateway"] = "deploy"
    #: The domain of the cluster's Services, for Istio's DestinationRules.
    cluster_domain: str = "cluster.local"
