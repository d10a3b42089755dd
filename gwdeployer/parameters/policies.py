"""How two layers' values of one field become one value: merge policies, declared on pydantic models.

::

    class Service(BaseModel):
        type: str | None = None                                       # no policy: the later layer replaces
        labels: Annotated[dict[str, str], Union()] = {}
        ports: Annotated[list[Port], ByKey("port", "protocol", defaults={"protocol": "TCP"})] = []

What holds for every policy:

* Values are plain data (dicts by alias, lists, scalars), not models: a field that is not set is not there.
* A null field is a field that is not set: it inherits. ``Replace(raw=True)`` alone keeps nulls, as data.
* Anything else that is set overrides, however empty: ``0``, ``""`` and ``false`` are values. An explicit
  empty map or list clears what was inherited, where the policy would otherwise add to it.
* A value of the wrong shape replaces: saying that it is wrong is the model's work, not the merge's.
* Neither side is mutated. The result never shares containers with ``source``; it may share them with
  ``base``. So whoever merges layers begins with an empty base, and owns every later one.

How a pydantic model without a policy of its own merges is read off its fields (``policy_of``).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from functools import cache
from types import NoneType, UnionType
from typing import TYPE_CHECKING, Annotated, Any, get_args, get_origin
from typing import Union as TypingUnion

from pydantic import BaseModel

from gwdeployer.parameters.constraints import DistinctBy, alias_of
from gwdeployer.parameters.declared import Declared

if TYPE_CHECKING:
    from deepmerge import Merger
    from pydantic.fields import FieldInfo

Struct = dict[str, Any]


def fresh(value: Any) -> Any:
    """Return a deep copy of plain data without the map entries that are null.

    What it copies comes out of a ``Layer``, which holds nothing but dicts, lists and scalars. Asking for
    these alone is faster than ``without_nulls`` of ``gwdeployer.objects``, and copying is most of a merge.
    """
    if isinstance(value, dict):
        return {key: fresh(item) for key, item in value.items() if item is not None}
    if isinstance(value, list):
        return [fresh(item) for item in value]
    return value


def verbatim(value: Any) -> Any:
    """Return a deep copy of JSON data in plain dicts and lists, nulls kept; any mapping will do."""
    if isinstance(value, Mapping):
        return {key: verbatim(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [verbatim(item) for item in value]
    return value


class Policy(Declared, ABC):
    """How a field's values from two layers become one. Immutable, and without knowledge of any layer."""

    __slots__ = ()

    def alone(self, value: Any) -> Any:
        """Return a copy of a value that nothing is merged into. Default: without null map entries."""
        return fresh(value)

    @abstractmethod
    def merge(self, base: Any, source: Any) -> Any:
        """Return ``base`` overridden by ``source``, by the laws above. Neither is null."""


class Replace(Policy):
    """The overriding value, whole. What every field without a policy gets.

    ``raw``: the value is somebody's JSON, in which a null says something, so nulls are kept.
    """

    __slots__ = ("raw",)

    def __init__(self, raw: bool = False) -> None:
        """Say whether the value is somebody's JSON."""
        self.raw = raw

    def alone(self, value: Any) -> Any:
        """Return a copy, with its nulls if ``raw``."""
        return verbatim(value) if self.raw else fresh(value)

    def merge(self, base: Any, source: Any) -> Any:
        """Return a copy of ``source``."""
        return self.alone(source)


class Union(Policy):
    """A map: the entries of both, the source's where both have a key. An explicit empty map clears."""

    __slots__ = ()

    def merge(self, base: Any, source: Any) -> Any:
        """Return the union, or ``{}`` for an empty source."""
        added = fresh(source)
        if not (source and isinstance(base, dict) and isinstance(source, dict)):
            return added
        return {**base, **added}


class Append(Policy):
    """A list: the base's items, then the source's. An explicit empty list clears.

    ``distinct``: items equal to one that is already there are left out.
    """

    __slots__ = ("distinct",)

    def __init__(self, distinct: bool = False) -> None:
        """Say whether equal items are one."""
        self.distinct = distinct

    def alone(self, value: Any) -> Any:
        """Return a copy, each item once if ``distinct``."""
        return _distinct([], fresh(value)) if self.distinct and isinstance(value, list) else fresh(value)

    def merge(self, base: Any, source: Any) -> Any:
        """Return both lists as one, or ``[]`` for an empty source."""
        if not (source and isinstance(base, list) and isinstance(source, list)):
            return self.alone(source)
        return _distinct(base, fresh(source)) if self.distinct else [*base, *fresh(source)]


def _distinct(base: list[Any], added: list[Any]) -> list[Any]:
    """Compare by equality: items may be maps, which have no hash, and the lists are short."""
    merged = list(base)
    for item in added:
        if item not in merged:
            merged.append(item)
    return merged


class ByKey(DistinctBy, Policy):
    """A list of maps known by a key, which no two entries of one layer may share. An empty list clears.

    A source entry takes the place of the base entry with the same key, whole, and stands where the source's
    entries stand: after the base entries that nobody overrides.
    """

    __slots__ = ()

    def merge(self, base: Any, source: Any) -> Any:
        """Return the base entries with other keys, then the source's, or ``[]`` for an empty source."""
        added = fresh(source)
        if not (source and isinstance(base, list) and isinstance(source, list)):
            return added
        overridden = [self.key_of(entry) for entry in source]
        return [entry for entry in base if self.key_of(entry) not in overridden] + added


class Deep(Policy):
    """Maps key by key, to any depth; anything else replaces. For structures without declarations.

    This is deepmerge's ground: its strategies are chosen by what two values are. Where a policy is
    declared, the field decides and not the value (one list appends, its neighbour replaces), and a lookup
    by path in each strategy would only hide that; so ``Fields`` walks what is declared and ends here.
    deepmerge's own strategies write into the base and alias the source, hence the two below.
    """

    __slots__ = ()

    def merge(self, base: Any, source: Any) -> Any:
        """Return ``base`` with each leaf that ``source`` sets. An empty map sets nothing."""
        return _deep().value_strategy([], base, source)


def _merge_maps(merger: Merger, path: list[str], base: Struct, source: Struct) -> Struct:
    merged = dict(base)
    for key, value in source.items():
        if value is None:
            continue
        inherited = base.get(key)
        merged[key] = (
            fresh(value) if inherited is None else merger.value_strategy([*path, key], inherited, value)
        )
    return merged


def _take_source(merger: Merger, path: list[str], base: Any, source: Any) -> Any:  # noqa: ARG001
    return fresh(source)


@cache
def _deep() -> Merger:
    from deepmerge import Merger  # noqa: PLC0415 - few parameters say anything where nothing is declared

    return Merger([(dict, _merge_maps)], [_take_source], [_take_source])


class PerLayer(Policy):
    """Not merged: the field is left out of the result and stays in its layer (``Layer.values``), nulls too.

    For patches, which are applied layer by layer to something else (overlays).
    """

    __slots__ = ()

    def merge(self, base: Any, source: Any) -> Any:
        """Return a copy of ``source``, nulls kept; ``Fields`` never asks."""
        return verbatim(source)


class Custom(Policy):
    """What ``function(base, source)`` returns.

    Both are plain data without nulls, ``source`` a copy; neither may be mutated. Leaves may be moved, left
    out, compared and used as keys, but not looked into (no ``isinstance``, no arithmetic): to learn where
    each comes from, the merge is run again over leaves that carry their layer.
    """

    __slots__ = ("function",)

    def __init__(self, function: Callable[[Any, Any], Any]) -> None:
        """Take the function."""
        self.function = function

    def merge(self, base: Any, source: Any) -> Any:
        """Return the function's answer."""
        return self.function(base, fresh(source))


class StructRule(Declared, ABC):
    """How members of one struct depend on each other when two layers meet."""

    __slots__ = ()

    @abstractmethod
    def prepare(self, base: Struct, source: Struct) -> tuple[Struct, Struct]:
        """Return both sides as they are to be merged field by field. Neither is mutated."""


class OneOf(StructRule):
    """At most one of these members makes sense: if the source sets one, the base's are dropped."""

    __slots__ = ("names",)

    def __init__(self, *names: str) -> None:
        """Take the members' names."""
        self.names = frozenset(names)

    def prepare(self, base: Struct, source: Struct) -> tuple[Struct, Struct]:
        """Drop the base's members of the group if the source sets any."""
        if all(source.get(name) is None for name in self.names):
            return base, source
        return {name: value for name, value in base.items() if name not in self.names}, source


class Absorbing(StructRule):
    """A member that ends the discussion: once a layer sets it, no other member of any layer counts."""

    __slots__ = ("name",)

    def __init__(self, name: str) -> None:
        """Take the member's name."""
        self.name = name

    def prepare(self, base: Struct, source: Struct) -> tuple[Struct, Struct]:
        """Keep nothing but that member, on both sides, if either sets it."""
        if base.get(self.name) is None and source.get(self.name) is None:
            return base, source
        return self._alone(base), self._alone(source)

    def _alone(self, struct: Struct) -> Struct:
        return {self.name: struct[self.name]} if self.name in struct else {}


class Rivals(StructRule):
    """Two members of which the one set last counts: setting one blanks (``""``) the other that was inherited.

    Setting one to ``""`` clears only itself, and a layer that sets both means both.
    """

    __slots__ = ("one", "other")

    def __init__(self, one: str, other: str) -> None:
        """Take the two members' names."""
        self.one = one
        self.other = other

    def prepare(self, base: Struct, source: Struct) -> tuple[Struct, Struct]:
        """Blank the base's rival of what the source sets alone."""
        for name, rival in ((self.one, self.other), (self.other, self.one)):
            if source.get(name) and source.get(rival) is None and base.get(rival):
                base = {**base, rival: ""}
        return base, source


class Fields(Policy):
    """A struct, field by field: each by its own policy, the others by ``default``; nothing is lost.

    An empty source sets nothing, so it changes nothing. ``rules`` are applied first, in turn.
    """

    __slots__ = ("default", "fields", "rules")

    def __init__(
        self,
        fields: Mapping[str, Policy] | None = None,
        rules: tuple[StructRule, ...] = (),
        default: Policy | None = None,
    ) -> None:
        """Take the policies by field; ``default`` is ``Deep()``."""
        self.fields = {} if fields is None else fields
        self.rules = rules
        self.default = Deep() if default is None else default

    def of(self, name: str) -> Policy:
        """Return the policy of one field."""
        return self.fields.get(name, self.default)

    def alone(self, value: Any) -> Any:
        """Return a copy, without what stays with its layer."""
        if not isinstance(value, dict):
            return fresh(value)
        policies = {name: self.of(name) for name, item in value.items() if item is not None}
        return {
            n: policy.alone(value[n]) for n, policy in policies.items() if not isinstance(policy, PerLayer)
        }

    def merge(self, base: Any, source: Any) -> Any:
        """Return the base's fields, each field the source sets merged into them."""
        if not (isinstance(base, dict) and isinstance(source, dict)):
            return self.alone(source)
        for rule in self.rules:
            base, source = rule.prepare(base, source)
        merged = dict(base)
        for name, value in source.items():
            policy = self.of(name)
            if value is None or isinstance(policy, PerLayer):
                continue
            inherited = base.get(name)
            merged[name] = policy.alone(value) if inherited is None else policy.merge(inherited, value)
        return merged


# From models to policies.


@cache
def policy_of(model: type[BaseModel]) -> Fields:
    """Return the policy of a model: its fields by alias, each with the policy declared on it.

    A field's first ``Policy`` in ``Annotated`` counts, wherever in ``X | None`` it stands. Without one, a
    field that is itself a model merges field by field; everything else is replaced. Rules between members
    are the model's class attribute ``merge_rules``, a tuple of ``StructRule``.
    """
    return _compiled(model, {})


def _compiled(model: type[BaseModel], known: dict[type[BaseModel], Fields]) -> Fields:
    """``known`` ends the recursion of a model that contains itself."""
    if model not in known:
        fields: dict[str, Policy] = {}
        known[model] = Fields(fields, getattr(model, "merge_rules", ()), default=Replace())
        for name, info in model.model_fields.items():
            fields[alias_of(name, info)] = _declared(info, known)
    return known[model]


def _declared(info: FieldInfo, known: dict[type[BaseModel], Fields]) -> Policy:
    candidates = [*info.metadata, *_metadata(info.annotation)]
    for candidate in candidates:
        if isinstance(candidate, Policy):
            return candidate
    model = model_in(info.annotation)
    return _compiled(model, known) if model else Replace()


def _metadata(annotation: Any) -> list[Any]:
    if get_origin(annotation) is Annotated:
        return list(annotation.__metadata__)
    return [found for inner in _optional(annotation) for found in _metadata(inner)]


def model_in(annotation: Any, *, items: bool = False) -> type[BaseModel] | None:
    """Return the model an annotation means: ``M``, ``M | None``, ``Annotated[M, …]``; else ``None``.

    ``items``: for a list, the model of its items.
    """
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    origin = get_origin(annotation)
    if origin is Annotated or (items and origin is list):
        return model_in(get_args(annotation)[0], items=items)
    inner = _optional(annotation)
    return model_in(inner[0], items=items) if len(inner) == 1 else None


def _optional(annotation: Any) -> list[Any]:
    """Return the members of a union but for None; nothing if it is no union."""
    if get_origin(annotation) not in {UnionType, TypingUnion}:
        return []
    return [inner for inner in get_args(annotation) if inner is not NoneType]
