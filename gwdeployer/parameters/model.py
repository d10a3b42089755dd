"""What parameters models have in common: strictness, Kubernetes' spelling, and rules between members.

Nothing here is needed to be merged: ``policy_of`` and ``read_layer`` take any pydantic model. A model that
derives from ``ParametersModel`` gets what a CustomResourceDefinition would give it, in messages for people.
"""

# Annotations are not postponed: pydantic would compile the text of each of them at every start.

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from typing import Any, ClassVar, cast

from pydantic import BaseModel, ConfigDict, GetCoreSchemaHandler, GetJsonSchemaHandler, ValidationInfo
from pydantic_core import core_schema

from gwdeployer.errors import Fault
from gwdeployer.parameters.constraints import (
    VALIDATIONS,
    Validation,
    alias_of,
    broken_rule,
    cel_name,
    is_merged,
    published,
)
from gwdeployer.parameters.declared import Declared
from gwdeployer.parameters.policies import StructRule

#: Words that Kubernetes writes in capitals inside a name, but not at its start (``clusterIP``,
#: ``ipFamilies``).
_CAPITALS = {"ip": "IP"}


def camel(name: str) -> str:
    """Return a field's name as Kubernetes spells it: ``cluster_ip`` is ``clusterIP``."""
    first, *words = name.split("_")
    return first + "".join(_CAPITALS.get(word, word.capitalize()) for word in words)


class Rule(Declared, ABC):
    """What must hold between the members of one model. Checked only once each member is right by itself."""

    __slots__ = ()

    @abstractmethod
    def faults(self, model: BaseModel) -> Iterable[Fault]:
        """Return what is wrong, paths relative to the model."""

    def validations(self) -> Iterable[Validation]:
        """Return the rule in CEL, for a CRD. Default: nothing, only we check it."""
        return ()


class _Group(Rule):
    """How many of these members, named by alias, may be set."""

    __slots__ = ("names",)

    def __init__(self, *names: str) -> None:
        """Take the members' names."""
        self.names = names

    def _found(self, model: BaseModel) -> list[str]:
        present = set_members(model)
        return [name for name in self.names if name in present]

    def _validation(self, count: str, message: str) -> Validation:
        """Count the members that are there, in the words of Kubernetes' own generators."""
        present = ",".join(f"has(self.{cel_name(name)})" for name in self.names)
        return Validation(
            f"[{present}].filter(x,x==true).size() {count}", message.format(" ".join(self.names))
        )


class ExactlyOneOf(_Group):
    """One of these members, named by alias, is set, and no other of them."""

    __slots__ = ()

    def faults(self, model: BaseModel) -> Iterator[Fault]:
        """Say which are set if it isn't one."""
        found = self._found(model)
        if len(found) != 1:
            what = f"{' and '.join(found)} are" if found else "none is"
            yield Fault(f"exactly one of {', '.join(self.names)} must be set, {what}")

    def validations(self) -> Iterator[Validation]:
        """Return the count that must be one."""
        yield self._validation("== 1", "exactly one of the fields in [{}] must be set")


class AtMostOneOf(_Group):
    """No two of these members, named by alias, are set."""

    __slots__ = ()

    def faults(self, model: BaseModel) -> Iterator[Fault]:
        """Say which are set if there are several."""
        found = self._found(model)
        if len(found) > 1:
            yield Fault(f"at most one of {', '.join(self.names)} may be set, {' and '.join(found)} are")

    def validations(self) -> Iterator[Validation]:
        """Return the count that may not pass one."""
        yield self._validation("<= 1", "at most one of the fields in [{}] may be set")


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
        protected_namespaces=(),  # an API may name its fields as it likes
        defer_build=True,  # one schema for the whole tree at first use, not one for each class at import
    )

    # The values say the types: pydantic would evaluate them for every model that derives from this one.
    rules: ClassVar = tuple[Rule, ...]()
    merged_rules: ClassVar = tuple[Rule, ...]()
    merge_rules: ClassVar = tuple[StructRule, ...]()

    @classmethod
    def __get_pydantic_core_schema__(
        cls, source: type[BaseModel], handler: GetCoreSchemaHandler
    ) -> core_schema.CoreSchema:
        """Add the rules; a model without any pays nothing for them."""
        schema = handler(source)
        if not (cls.rules or cls.merged_rules):
            return schema
        # The reference must name the checked schema: further uses of the model are made from it alone.
        bare = cast("core_schema.CoreSchema", {key: item for key, item in schema.items() if key != "ref"})
        return core_schema.with_info_after_validator_function(_obeying, bare, ref=schema.get("ref"))

    @classmethod
    def __get_pydantic_json_schema__(
        cls, core: core_schema.CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        """Publish the rules of each layer; an API server never sees the result of several."""
        rules = [one.published() for rule in cls.rules for one in rule.validations()]
        schema = handler(core)
        # A definition may be referred to, and what stands beside the reference would be one use's only.
        handler.resolve_ref_schema(schema).update(published({}, {VALIDATIONS: rules} if rules else {}))
        return schema


def _obeying(model: ParametersModel, info: ValidationInfo) -> ParametersModel:
    rules = model.rules + model.merged_rules if is_merged(info) else model.rules
    # A rule of the result may find again what one of each layer found.
    if faults := dict.fromkeys(fault for rule in rules for fault in rule.faults(model)):
        raise broken_rule(faults)
    return model


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
