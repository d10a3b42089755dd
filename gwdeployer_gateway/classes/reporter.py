"""The status of GatewayClasses that name our controller.

Source: ``GatewayClassConditionType`` and ``GatewayClassSpec.parametersRef`` of the Gateway API. The finalizer
that it suggests for classes in use is not set: a Gateway keeps what it has when its class goes, so there is
nothing to protect, and a finalizer that nobody removes keeps a class from going for ever.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar, Protocol

from gwdeployer.errors import ParametersError
from gwdeployer.objects import KindRef, Object, metadata_of, name_of
from gwdeployer.status import Condition, Reporter, condition
from gwdeployer.store import ObjectStore
from gwdeployer_gateway.api import GATEWAY_CLASS, ControllerName, spec_of
from gwdeployer_gateway.classes.definitions import status_fields
from gwdeployer_gateway.classes.features import supported_features
from gwdeployer_gateway.classes.versions import SUPPORTED_VERSION, supported_version
from gwdeployer_gateway.inputs import GatewayInputs
from gwdeployer_gateway.status.conditions import ACCEPTED, conditions_before, merged, status_before


class ClassCheck(Protocol):
    """Looks at a class as deploying does."""

    def __call__(self, gateway_class: Object, store: ObjectStore) -> str:
        """Return the data plane of a class.

        Raises ParametersError with all that is wrong with its parameters, and NotSynced.
        """


class GatewayClassReporter(Reporter):
    """Says whether classes are accepted, of which version the Gateway API is, and what they support."""

    kind: ClassVar[KindRef] = GATEWAY_CLASS

    def __init__(self, inputs: GatewayInputs, check: ClassCheck) -> None:
        """Classes are ours by the inputs' ``controllerName``; ``check`` is what accepts them."""
        self._inputs = inputs
        self._check = check

    def status(self, obj: Object, store: ObjectStore, now: str) -> Mapping[str, Any] | None:
        """Return the status of a class of ours; None for any other. See :class:`Reporter`.

        What the class supports is only said where nobody else routes for its Gateways (mode ``gateway``).
        """
        if spec_of(obj, ControllerName).controller_name != self._inputs.controller_name:
            return None
        before = status_before(obj)
        accepted = self._accepted(obj, store)
        stated = [
            *([] if _is_said(accepted, obj) else [accepted]),
            *_version(conditions_before(before), store),
        ]
        status = {**before, "conditions": merged(conditions_before(before), stated, obj, now)}
        if self._inputs.mode == "gateway" and _has_room_for_features(store):
            waypoint = name_of(obj) == self._inputs.waypoint_gateway_class_name
            status["supportedFeatures"] = supported_features(waypoint=waypoint)
        return status

    def _accepted(self, gateway_class: Object, store: ObjectStore) -> Condition:
        try:
            data_plane = self._check(gateway_class, store)
        except ParametersError as error:
            message = "; ".join(map(str, error.faults))
            return condition(ACCEPTED, False, "InvalidParameters", message)
        return condition(ACCEPTED, True, ACCEPTED, f"its Gateways are served by {data_plane}")


def _has_room_for_features(store: ObjectStore) -> bool:
    """Return whether features can be said: not before v1.2 of the API, where they were strings, if anything.

    A definition that is not known is believed to be a later one.
    """
    fields = status_fields(GATEWAY_CLASS, store)
    items = (fields.get("supportedFeatures") or {}).get("items") or {}
    return not fields or items.get("type") == "object"


def _version(before: Sequence[Mapping[str, Any]], store: ObjectStore) -> Iterator[Condition]:
    """Yield the condition on the Gateway API's version; where that is not known now, what was last said.

    It is said again because it does not depend on the class, whose every condition has to follow its
    generation.
    """
    stated = supported_version(store)
    if stated is not None:
        yield stated
        return
    for one in before:
        if one.get("type") == SUPPORTED_VERSION:
            yield {name: one.get(name) for name in ("type", "status", "reason", "message")}


def _is_said(accepted: Condition, gateway_class: Object) -> bool:
    """Return whether a class is accepted already, in whatever words: its control plane may say so, too."""
    said = {
        **{name: accepted[name] for name in ("type", "status", "reason")},
        "observedGeneration": metadata_of(gateway_class).get("generation") or 0,
    }
    before = conditions_before(status_before(gateway_class))
    return accepted["status"] == "True" and any(said.items() <= one.items() for one in before)
