"""GatewayParameters as pydantic models; inside, Envoy's ``overload`` manager and ``kubernetes`` types."""

from gwdeployer_gateway.parameters import models, overload
from gwdeployer_gateway.parameters.models import *  # noqa: F403 - both modules say in __all__ what is public
from gwdeployer_gateway.parameters.overload import *  # noqa: F403

__all__ = [*models.__all__, *overload.__all__]  # noqa: PLE0604
