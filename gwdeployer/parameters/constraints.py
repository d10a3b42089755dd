"""What must hold of one field's value beyond its type, said once: checked here, published in a CRD.

A pydantic ``AfterValidator`` is a function: nobody can write it into a CustomResourceDefinition. A
``Constraint`` stands in its place in ``Annotated`` and knows both forms.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from pydantic import BaseModel
from pydantic_core import PydanticCustomError, core_schema

from gwdeployer.errors import Fault, shown
from gwdeployer.parameters.declared import Declared

if TYPE_CHECKING:
    from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler, ValidationInfo
    from pydantic.fields import FieldInfo

#: In the context of a validation: what is validated is the result of all layers, not one of them.
MERGED = "gwdeployer.merged"

#: Where a JSON schema made by pydantic carries what only a CustomResourceDefinition can say.
PUBLISHED = "x-gwdeployer-published"
#: Among these: what the keys of a list map are by default. The items' schema gets it.
KEY_DEFAULTS = "x-gwdeployer-key-defaults"
VALIDATIONS = "x-kubernetes-validations"

#: Names that CEL takes for its own. https://kubernetes.io/docs/reference/using-api/cel/ has the escapes.
_CEL_WORDS = frozenset(
    [
        "true",
        "false",
        "null",
        "in",
        "as",
        "break",
        "const",
        "continue",
        "else",
        "for",
        "function",
        "if",
        "import",
        "let",
        "loop",
        "package",
        "namespace",
        "return",
        "var",
        "void",
        "while",
    ]
)
_CEL_ESCAPES = {"__": "__underscores__", ".": "__dot__", "-": "__dash__", "/": "__slash__"}
_CEL_NAME = r"[A-Za-z_][A-Za-z0-9_]*"


class Validation(NamedTuple):
    """A rule in CEL, for the API server; ``self`` is the value that it stands on."""

    rule: str
    message: str

    def published(self) -> dict[str, str]:
        """Return the entry of ``x-kubernetes-validations``."""
        return {"message": self.message, "rule": self.rule}


def cel_name(name: str) -> str:
    """Return a member's name as CEL wants it after ``self.``; ValueError where it has no name in CEL."""
    if name in _CEL_WORDS:
        return f"__{name}__"
    escaped = re.sub(r"__|[./-]", lambda match: _CEL_ESCAPES[match[0]], name)
    if not re.fullmatch(_CEL_NAME, escaped):
        raise ValueError(f"{name!r} cannot be named in CEL")
    return escaped


class Constraint(Declared, ABC):
    """Metadata of a field, in ``Annotated``. Checked after the field's own type; null is not checked."""

    __slots__ = ()

    @abstractmethod
    def faults(self, value: Any, *, merged: bool) -> Iterable[Fault]:
        """Return what is wrong, paths relative to the field; ``merged``: it is the result of all layers."""

    def keywords(self) -> Mapping[str, Any]:
        """Return what a CRD's schema says of it. Default: nothing, only we check it."""
        return {}

    def __get_pydantic_core_schema__(
        self, source: object, handler: GetCoreSchemaHandler
    ) -> core_schema.CoreSchema:
        """Check after the field's own type."""
        return core_schema.with_info_after_validator_function(self._checked, handler(source))

    def __get_pydantic_json_schema__(
        self, core: core_schema.CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        """Put the keywords where the CRD is made from."""
        return published(handler(core), self.keywords())

    def _checked(self, value: Any, info: ValidationInfo) -> Any:
        if value is not None and (faults := list(self.faults(value, merged=is_merged(info)))):
            raise broken_rule(faults)
        return value


def published(schema: Mapping[str, Any], keywords: Mapping[str, Any]) -> dict[str, Any]:
    """Return the schema with these keywords for the CRD; validations add up, of others the last counts."""
    both = dict(schema.get(PUBLISHED, {}))
    for name, value in keywords.items():
        both[name] = [*both.get(name, ()), *value] if name == VALIDATIONS else value
    return {**schema, PUBLISHED: both} if both else dict(schema)


def is_merged(info: ValidationInfo) -> bool:
    """Say whether the result of all layers is validated; for checks that hold for one object only."""
    return bool(info.context and info.context.get(MERGED))


def broken_rule(faults: Iterable[Fault]) -> PydanticCustomError:
    """Return the error for a validator to raise; the faults' paths are relative to the field or model."""
    listed = list(faults)
    context: dict[str, Any] = {"faults": listed, "summary": "; ".join(map(str, listed))}
    return PydanticCustomError("broken_rule", "{summary}", context)


class Published(Constraint):
    """Keywords for the CRD that no Python type says: ``Published({"format": "int64"})``, a ``default``.

    A default that is not said here is not published: an API server writes defaults into each object, where
    they would override what other layers say.
    """

    __slots__ = ("schema",)

    def __init__(self, schema: Mapping[str, Any]) -> None:
        """Take the keywords."""
        self.schema = schema

    def faults(self, value: Any, *, merged: bool) -> Iterable[Fault]:
        """Return nothing: whoever says it has a type that checks it."""
        return ()

    def keywords(self) -> Mapping[str, Any]:
        """Return them."""
        return self.schema


class MaxItemsPerLayer(Constraint):
    """At most so many items in one object's list. Not in the result: layers append to each other."""

    __slots__ = ("maximum",)

    def __init__(self, maximum: int) -> None:
        """Take the bound."""
        self.maximum = maximum

    def faults(self, value: Any, *, merged: bool) -> Iterator[Fault]:
        """Count one layer's items."""
        if len(value) > self.maximum and not merged:
            yield Fault(f"must have at most {self.maximum} items, has {len(value)}")

    def keywords(self) -> Mapping[str, Any]:
        """Return the bound; an API server sees one object, which is one layer."""
        return {"maxItems": self.maximum}


class Distinct(Constraint):
    """No scalar twice in a list."""

    __slots__ = ("what",)

    def __init__(self, what: str = "value") -> None:
        """Take a word for the items."""
        self.what = what

    def faults(self, value: Any, *, merged: bool) -> Iterator[Fault]:
        """Compare the list with its set."""
        if len(set(value)) < len(value):
            yield Fault(f"must not name a {self.what} twice")

    def keywords(self) -> Mapping[str, Any]:
        """Return that the list is a set."""
        return {"x-kubernetes-list-type": "set"}


class DistinctBy(Constraint):
    """A list of maps, or of models, known by a key as Kubernetes' list maps are: no two entries of one key.

    ``keys`` are the aliases of the fields that make the key, ``defaults`` what one that is not given means
    (``protocol``: ``TCP``). A key in neither ``defaults`` nor the item's required fields can't be published.
    """

    __slots__ = ("defaults", "keys")

    def __init__(self, *keys: str, defaults: Mapping[str, Any] | None = None) -> None:
        """Take the names of the fields that make the key."""
        self.keys = keys
        self.defaults = dict(defaults or {})

    def faults(self, value: Any, *, merged: bool) -> Iterator[Fault]:
        """Name each repetition."""
        seen: list[Any] = []
        for index, item in enumerate(value):
            key = self.key_of(item)
            if key in seen:
                yield self._repeated(index, key)
            seen.append(key)

    def _repeated(self, index: int, key: list[Any]) -> Fault:
        if len(self.keys) == 1:
            hint = f"give each {self.keys[0]} once"
            return Fault(f"{shown(key[0])} is there already", f"[{index}].{self.keys[0]}", hint=hint)
        named = ", ".join(f"{name} {shown(value)}" for name, value in zip(self.keys, key, strict=True))
        return Fault(f"{named} is there already", f"[{index}]", hint="remove one of the two")

    def keywords(self) -> Mapping[str, Any]:
        """Return the list map and its keys; an API server wants the defaults on the items."""
        keys = {"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": list(self.keys)}
        return {**keys, KEY_DEFAULTS: dict(self.defaults)}

    def key_of(self, entry: Any) -> Any:
        """Return the values of the keys; what is no map is its own key."""
        if isinstance(entry, BaseModel):
            entry = {alias_of(name, info): getattr(entry, name) for name, info in _fields(entry)}
        if not isinstance(entry, dict):
            return entry
        return [_default(entry.get(key), self.defaults.get(key)) for key in self.keys]


def _fields(model: BaseModel) -> Iterable[tuple[str, FieldInfo]]:
    return type(model).model_fields.items()


def _default(value: Any, default: Any) -> Any:
    return default if value is None else value


def alias_of(name: str, info: FieldInfo) -> str:
    """Return the name under which a model reads a field, which is its name in values, paths and policies."""
    return info.validation_alias if isinstance(info.validation_alias, str) else info.alias or name
