"""What parameters objects say on their status: whether they can be used, and who uses them.

Whoever refers to an object counts, whichever controller they belong to: so several controllers that report on
one object say the same, and none takes back what another has written.
"""

# Annotations are not postponed: pydantic would compile the text of each of them at every start.

from collections.abc import Iterable, Mapping
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field

from gwdeployer.errors import ParametersError
from gwdeployer.objects import Object, metadata_of
from gwdeployer.parameters.layers import read_layer
from gwdeployer.parameters.model import ParametersModel
from gwdeployer.parameters.policies import ByKey, Replace
from gwdeployer.status import condition, with_conditions

#: How many users are named; one entry more says how many there are besides.
MAX_USERS = 32


class StatusCondition(ParametersModel):
    """One thing that is said, as everywhere in Kubernetes."""

    type: str
    status: Literal["True", "False", "Unknown"]
    reason: str
    message: str
    last_transition_time: str
    observed_generation: int | None = None


class ParametersStatus(ParametersModel):
    """Whether the parameters can be used (``Accepted``), and who uses them."""

    conditions: Annotated[list[StatusCondition], ByKey("type"), Field(max_length=8)] | None = None
    used_by: Annotated[list[str], Replace(), Field(max_length=MAX_USERS + 1)] | None = None


def parameters_status(
    obj: Object, spec: type[BaseModel], users: Iterable[str], now: str
) -> Mapping[str, Any]:
    """Return the status of a parameters object whose spec is a ``spec``, whole. Pure.

    It has room for it where its CRD has the fields of :class:`ParametersStatus`.
    """
    before = obj.get("status")
    before = before if isinstance(before, Mapping) else {}
    generation = metadata_of(obj).get("generation") or 0
    conditions = with_conditions(before.get("conditions") or (), [_accepted(obj, spec)], generation, now)
    return {**before, "conditions": conditions, "usedBy": _bounded([*dict.fromkeys(users)])}


def _accepted(obj: Object, spec: type[BaseModel]) -> dict[str, Any]:
    try:
        read_layer(spec, obj, name="")
    except ParametersError as error:
        message = "; ".join(map(str, error.faults))
        return condition("Accepted", False, "InvalidParameters", message)
    return condition("Accepted", True, "Accepted", "can be used")


def _bounded(users: list[str]) -> list[str]:
    more = len(users) - MAX_USERS
    return [*users[:MAX_USERS], f"and {more} more"] if more > 0 else users
