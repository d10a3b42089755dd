"""Envoy's OverloadManager (``envoy.config.overload.v3``) as a parameter, in protobuf's JSON.

What Envoy refuses only when the proxy starts, after the rollout began, is refused here.
"""

# Annotations are not postponed: pydantic would compile the text of each of them at every start.

from collections.abc import Iterable, Iterator
from typing import Annotated, Any, ClassVar

from pydantic import BaseModel, Field

from gwdeployer.errors import Fault, nearest, shown
from gwdeployer.parameters import (
    Constraint,
    DistinctBy,
    ExactlyOneOf,
    ParametersModel,
    Replace,
    Rule,
    Validation,
)

__all__ = [
    "GLOBAL_DOWNSTREAM_MONITOR",
    "LoadShedPoint",
    "MonitorsDeclared",
    "MonitorsOnce",
    "OverloadAction",
    "OverloadManager",
    "ResourceMonitor",
    "ScaledTrigger",
    "ThresholdTrigger",
    "Trigger",
]

#: The monitor behind ``bootstrap.maxDownstreamConnections``, which declares it.
GLOBAL_DOWNSTREAM_MONITOR = "envoy.resource_monitors.global_downstream_max_connections"

# protobuf ends at 315,576,000,000 seconds; nobody needs the last digit.
Duration = Annotated[str, Field(pattern=r"^[0-9]{1,11}(\.[0-9]{1,9})?s$")]
Fraction = Annotated[float, Field(ge=0, le=1)]
# Bounds nobody meets: an API server estimates what a rule over lists costs at worst, and refuses a dear one.
Name = Annotated[str, Field(min_length=1, max_length=256)]
_FEW = Field(max_length=32)


class _Typed(Constraint):
    """Envoy finds the extension by the protobuf type."""

    __slots__ = ()

    def faults(self, value: Any, *, merged: bool) -> Iterator[Fault]:
        """Want ``@type``."""
        if not isinstance(value.get("@type"), str):
            hint = "set '@type', such as 'type.googleapis.com/envoy.…'"
            yield Fault("a typed config must name its protobuf type", hint=hint)

    def keywords(self) -> dict[str, Any]:
        """Publish the one field that is known."""
        return {"properties": {"@type": {"type": "string"}}, "required": ["@type"]}


TypedConfig = Annotated[dict[str, Any], _Typed(), Replace(raw=True)]


class ThresholdTrigger(ParametersModel):
    """Fires at full strength from this pressure on."""

    value: Fraction


class _Rising(Rule):
    __slots__ = ()

    def faults(self, model: BaseModel) -> Iterator[Fault]:
        """Envoy would refuse a ramp that does not rise."""
        if isinstance(model, ScaledTrigger) and model.scaling_threshold >= model.saturation_threshold:
            low, high = model.scaling_threshold, model.saturation_threshold
            yield Fault(f"scalingThreshold must be less than saturationThreshold, is {low} and {high}")

    def validations(self) -> Iterator[Validation]:
        """Say the same."""
        yield Validation(
            "self.scalingThreshold < self.saturationThreshold",
            "scalingThreshold must be less than saturationThreshold",
        )


class ScaledTrigger(ParametersModel):
    """Grows in strength from the first pressure to the second."""

    rules: ClassVar = (_Rising(),)

    scaling_threshold: Fraction
    saturation_threshold: Fraction


class Trigger(ParametersModel):
    """When something fires; ``name`` is a resource monitor's."""

    rules: ClassVar = (ExactlyOneOf("threshold", "scaled"),)

    name: Name
    threshold: ThresholdTrigger | None = None
    scaled: ScaledTrigger | None = None


class ResourceMonitor(ParametersModel):
    """What is measured. The type of ``typedConfig`` chooses the extension, so Envoy wants one."""

    name: Name
    typed_config: TypedConfig


class OverloadAction(ParametersModel):
    """What Envoy does under pressure; the strongest trigger counts."""

    name: Name
    triggers: Annotated[list[Trigger], Field(min_length=1, max_length=32), DistinctBy("name")]
    typed_config: TypedConfig | None = None


class LoadShedPoint(ParametersModel):
    """Where Envoy turns work away under pressure."""

    name: Name
    triggers: Annotated[list[Trigger], Field(min_length=1, max_length=32), DistinctBy("name")]


class OverloadManager(ParametersModel):
    """Triggers name monitors of this list, or the one that ``maxDownstreamConnections`` declares."""

    refresh_interval: Duration | None = None
    resource_monitors: Annotated[list[ResourceMonitor], _FEW, DistinctBy("name")] | None = None
    actions: Annotated[list[OverloadAction], _FEW, DistinctBy("name")] | None = None
    loadshed_points: Annotated[list[LoadShedPoint], _FEW, DistinctBy("name")] | None = None


# Rules of the bootstrap, which holds both the manager and the connection limit.


class MonitorsDeclared(Rule):
    """Envoy wants a monitor, and triggers that name one.

    A layer may rely on the monitor that another layer's ``maxDownstreamConnections`` declares, so only the
    result (``strict``) can be asked whether anybody does.
    """

    __slots__ = ("strict",)

    def __init__(self, *, strict: bool) -> None:
        """Say whether the connection limit must be set for its monitor to count."""
        self.strict = strict

    def faults(self, model: BaseModel) -> Iterator[Fault]:
        """Name the triggers without a monitor; else say that there is none at all."""
        limit, manager = _limit_and_manager(model)
        if manager is None:
            return
        limited = limit is not None or not self.strict
        faults = list(_undeclared(manager, [GLOBAL_DOWNSTREAM_MONITOR] if limited else []))
        if not (limited or faults or manager.resource_monitors):
            hint = "declare one, or set maxDownstreamConnections"
            faults = [Fault("must hold a resource monitor", "overloadManager.resourceMonitors", hint=hint)]
        yield from faults

    def validations(self) -> Iterator[Validation]:
        """Look for each trigger's monitor, for actions and for load shed points."""
        monitors = "self.overloadManager.resourceMonitors"
        named = f"has({monitors}) && {monitors}.exists(m, m.name == t.name)"
        known = f"t.name == '{GLOBAL_DOWNSTREAM_MONITOR}' || ({named})"
        for users in ("actions", "loadshedPoints"):
            place = f"self.overloadManager.{users}"
            every = f"{place}.all(u, u.triggers.all(t, {known}))"
            message = f"each trigger of overloadManager.{users} must name a resource monitor"
            yield Validation(f"!has(self.overloadManager) || !has({place}) || {every}", message)


class MonitorsOnce(Rule):
    """``maxDownstreamConnections`` declares its monitor itself; Envoy refuses it twice."""

    __slots__ = ()

    def faults(self, model: BaseModel) -> Iterator[Fault]:
        """Name the second declaration."""
        limit, manager = _limit_and_manager(model)
        for index, monitor in enumerate(manager.resource_monitors or () if manager else ()):
            if limit is not None and monitor.name == GLOBAL_DOWNSTREAM_MONITOR:
                yield Fault(
                    "maxDownstreamConnections declares this monitor already",
                    f"overloadManager.resourceMonitors[{index}].name",
                    hint="remove one of the two",
                )

    def validations(self) -> Iterator[Validation]:
        """Want another name, where the limit is set."""
        monitors = "self.overloadManager.resourceMonitors"
        yield Validation(
            f"!has(self.maxDownstreamConnections) || !has(self.overloadManager) || !has({monitors}) || "
            f"{monitors}.all(m, m.name != '{GLOBAL_DOWNSTREAM_MONITOR}')",
            "maxDownstreamConnections declares its resource monitor itself",
        )


def _limit_and_manager(bootstrap: Any) -> tuple[int | None, OverloadManager | None]:
    """Read two fields of ``Bootstrap``, whose module imports this one."""
    return bootstrap.max_downstream_connections, bootstrap.overload_manager


def _undeclared(manager: OverloadManager, declared: Iterable[str]) -> Iterator[Fault]:
    """Yield a fault for each trigger that names neither a monitor of the manager nor one of ``declared``."""
    known = {monitor.name for monitor in manager.resource_monitors or ()} | set(declared)
    for path, trigger in _triggers(manager):
        if trigger.name not in known:
            hint = nearest(trigger.name, known) or "declare it under resourceMonitors"
            yield Fault(
                f"no resource monitor is named {shown(trigger.name)}",
                f"overloadManager.{path}.name",
                hint=hint,
            )


def _triggers(manager: OverloadManager) -> Iterator[tuple[str, Trigger]]:
    users = [(f"actions[{i}]", action.triggers) for i, action in enumerate(manager.actions or ())]
    users += [(f"loadshedPoints[{i}]", p.triggers) for i, p in enumerate(manager.loadshed_points or ())]
    for path, triggers in users:
        for index, trigger in enumerate(triggers):
            yield f"{path}.triggers[{index}]", trigger
