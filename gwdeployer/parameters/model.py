"""What parameters models have in common: strictness, Kubernetes' spelling, and rules between members.

Nothing here is needed to be merged: ``policy_of`` and ``read_layer`` take any pydantic model. A model that
derives from ``ParametersModel`` gets what a CustomResourceDefinition would give it, in messages for people.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import BaseModel, ConfigDict
from pydantic_core import PydanticCustomError, core_schema

from gwdeployer.errors import Fault
from gwdeployer.parameters.policies import StructRule, alias_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from pydantic import GetCoreSchemaHandler, ValidationInfo

#: In the context of a validation: what is validated is the result of all layers, not one of them.
MERGED = "gwdeployer.merged"

#: Words that Kubernetes writes in capitals inside a name, but not at its start (``clusterIP``,
#: ``ipFamilies``).
_CAPITALS = {"ip": "IP"}


def camel(name: str) -> str:
    """Return a field's name as Kubernetes spells it: ``cluster_ip`` is ``clusterIP``."""
    first, *words = name.split("_")
    return first + "".join(_CAPITALS.get(word, word.capitalize()) for word in words)


class Rule(ABC):
    """What must hold between the members of one model. Checked only once each member is right by itself."""

    __slots__ = ()

    @abstractmethod
    def faults(self, model: BaseModel) -> Iterable[Fault]:
        """Return what is wrong, paths relative to the model."""


@dataclass(frozen=True, slots=True, init=False)
class ExactlyOneOf(Rule):
    """One of these members, named by alias, is set, and no other of them."""

    names: tuple[str, ...]

    def __init__(self, *names: str) -> None:
        """Take the members' names."""
        object.__setattr__(self, "names", names)

    def faults(self, model: BaseModel) -> Iterator[Fault]:
        """Say which are set if it isn't one."""
        present = set_members(model)
        found = [name for name in self.names if name in present]
        if len(found) != 1:
            what = f"{' and '.join(found)} are" if found else "none is"
            yield Fault(f"exactly one of {', '.join(self.names)} must be set, {what}")


class ParametersModel(BaseModel):
    """Base of parameters models: strict types, unknown fields refused, frozen, camelCase aliases only.

    A subclass may declare ``rules``, which hold in each layer and in the result; ``merged_rules``, which
    only the result can be asked for, since a layer may rely on what another one says; and ``merge_rules``,
    which say how members depend on each other when layers meet (``StructRule``).
    """

    model_config = ConfigDict(
        alias_generator=camel,
        extra="forbid",
        frozen=True,
        strict=True,
        allow_inf_nan=False,
        defer_build=True,  # one schema for the whole tree at first use, not one for each class at import

    )

    rules: ClassVar[tuple[Rule, ...]] = ()
    merged_rules: ClassVar[tuple[Rule, ...]] = ()
    merge_rules: ClassVar[tuple[StructRule, ...]] = ()

    @classmethod
    def __get_pydantic_core_schema__(
        cls, source: type[BaseModel], handler: GetCoreSchemaHandler
    ) -> core_schema.CoreSchema:
        """Add the rules; a model without any pays nothing for them."""
        schema = handler(source)
        if not (cls.rules or cls.merged_rules):
            return schema
        return core_schema.with_info_after_validator_function(_obeying, schema)


def _obeying(model: ParametersModel, info: ValidationInfo) -> ParametersModel:
    rules = model.rules + model.merged_rules if is_merged(info) else model.rules
    # A rule of the result may find again what one of each layer found.
    if faults := dict.fromkeys(fault for rule in rules for fault in rule.faults(model)):
        raise broken_rule(faults)
    return model


def is_merged(info: ValidationInfo) -> bool:
    """Say whether the result of all layers is validated; for checks that hold for one object only."""
    return bool(info.context and info.context.get(MERGED))


def broken_rule(faults: Iterable[Fault]) -> PydanticCustomError:
    """Return the error for a validator to raise; the faults' paths are relative to the field or model."""
    listed = list(faults)
    context: dict[str, Any] = {"faults": listed, "summary": "; ".join(map(str, listed))}
    return PydanticCustomError("broken_rule", "{summary}", context)


def drop_nulls(value: Any) -> Any:
    """Leave out a map's null entries, which are not set: for ``BeforeValidator`` on a map of scalars."""
    if not isinstance(value, dict):
        return value
    return {key: item for key, item in value.items() if item is not None}


def set_members(model: BaseModel) -> frozenset[str]:
    """Return the aliases of the members that are set; null is unset, empty is set."""
    fields = type(model).model_fields
    return frozenset(
        alias_of(name, fields[name]) for name in model.model_fields_set if getattr(model, name) is not None
    )


@dataclass(frozen=True, slots=True)
class MaxItemsPerLayer:
    """At most so many items in one object's list. Not in the result: layers append to each other."""

    maximum: int

    def __get_pydantic_core_schema__(
        self, source: object, handler: GetCoreSchemaHandler
    ) -> core_schema.CoreSchema:
        """Check after the list's own type."""
        return core_schema.with_info_after_validator_function(self._checked, handler(source))

    def _checked(self, value: list[Any], info: ValidationInfo) -> list[Any]:
        if len(value) > self.maximum and not is_merged(info):
            raise broken_rule([Fault(f"must have at most {self.maximum} items, has {len(value)}")])
        return value
