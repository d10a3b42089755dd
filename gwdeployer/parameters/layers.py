"""Layers of parameters and what they come to: reading one object, merging several, and who said what.

Layers stay apart until they are merged, and their order is the order in which they are given, least
important first (defaults, class, owner). Precedence is the caller's; how a field merges is the model's
(``policies``).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Generic, TypeVar

from pydantic import BaseModel, ValidationError

from gwdeployer.errors import Fault, ParametersError, nearest, shown
from gwdeployer.parameters.constraints import MERGED
from gwdeployer.parameters.faults import Path, faults_of, path_text
from gwdeployer.parameters.policies import Fields, policy_of, verbatim
from gwdeployer.provenance import Origin, traced

M = TypeVar("M", bound=BaseModel)

_TOP_LEVEL = ("apiVersion", "kind", "metadata", "spec", "status")


@dataclass(frozen=True, slots=True)
class Layer:
    """One layer's values.

    ``name`` says what the layer is for (``default``, ``GatewayClass kgateway``), ``source`` which object
    the values come from (``GatewayParameters default/gw``; empty: none). ``values`` is a copy in plain
    dicts and lists, as written: explicit nulls are kept. Nobody may change it.
    """

    name: str
    source: str
    values: Mapping[str, Any] = field(repr=False)  # may hold a Secret's data

    def __post_init__(self) -> None:
        """Take a copy: what becomes of the caller's object is of no concern to a layer."""
        object.__setattr__(self, "values", verbatim(self.values))


def read_layer(model: type[BaseModel], obj: Mapping[str, Any], *, name: str) -> Layer:
    """Return the layer that a parameters object's ``spec`` makes, checked with ``model``.

    Raises ParametersError with every fault at once: unknown and missing fields, wrong types, bounds, rules
    between fields, and Kubernetes' own types by their published schemas. Paths start at ``spec``, the
    subject is the object (``GatewayParameters default/gw``), the layer is ``name``.
    """
    source = _subject(obj)
    faults = [
        Fault(f"unknown field {shown(key)}", str(key), hint=nearest(str(key), _TOP_LEVEL))
        for key in obj
        if key not in _TOP_LEVEL
    ]
    spec = obj.get("spec")
    if spec is None:
        faults.append(Fault("required field is missing", "spec", hint="set 'spec'"))
    elif not isinstance(spec, Mapping):
        faults.append(Fault(f"must be a mapping, not {shown(spec)}", "spec"))
    else:
        layer = Layer(name, source, spec)
        faults += _spec_faults(model, layer)
    if faults:
        raise ParametersError([replace(fault, subject=source, layer=name) for fault in faults])
    return layer


def _subject(obj: Mapping[str, Any]) -> str:
    metadata = obj.get("metadata")
    metadata = metadata if isinstance(metadata, Mapping) else {}
    named = "/".join(str(metadata[key]) for key in ("namespace", "name") if metadata.get(key))
    return f"{obj.get('kind', 'object')} {named}".rstrip()


def _spec_faults(model: type[BaseModel], layer: Layer) -> list[Fault]:
    try:
        model.model_validate(layer.values)
    except ValidationError as error:
        return faults_of(error, model, "spec")
    return []


@dataclass(frozen=True)
class Merged(Generic[M]):
    """What layers come to: ``values`` (by alias) and ``model`` say the same, without what stays per layer.

    The caller owns ``values``. The model shares the free-form parts with them.
    """

    values: dict[str, Any] = field(repr=False)
    model: M = field(repr=False)
    layers: tuple[Layer, ...]

    def provenance(self) -> Mapping[Path, Layer]:
        """Return the layer of each leaf of the merged values. An empty map or list is a leaf.

        The path of a list's item has its index in the result. Nothing is recorded while merging: the first
        call merges once more, over leaves that carry their layer, and the answer is kept.
        """
        return self._provenance

    def traced(self) -> Merged[M]:
        """Return the same, with values whose leaves know the layer and the field they are from."""
        found = self.provenance()

        def origin(path: Path) -> Origin | None:
            layer = found.get(path)
            return Origin(layer.name, f"{layer.source} {path_text(path, 'spec')}".strip()) if layer else None

        return replace(self, values=traced(self.values, origin))

    @cached_property
    def _provenance(self) -> Mapping[Path, Layer]:
        return trace(policy_of(type(self.model)), self.layers)


def merge_layers(model: type[M], layers: Iterable[Layer]) -> Merged[M]:
    """Merge layers, least important first, by the policies declared on ``model``.

    The result shares nothing with the layers. No layer at all is an empty one, an empty one changes
    nothing, and ``merge(merge(a, b), c)`` is ``merge(a, merge(b, c))`` unless an explicit empty map or list
    clears something on the way.

    Raises ParametersError if the result breaks the model's rules although each layer may keep them; each
    fault names the layers that the value at fault comes from. Layers not made by ``read_layer`` are checked
    here only.
    """
    layers = tuple(layers)
    policy = policy_of(model)
    values: dict[str, Any] = {}
    for layer in layers:
        values = policy.merge(values, layer.values)
    try:
        return Merged(values, model.model_validate(values, context={MERGED: True}), layers)
    except ValidationError as error:
        found = trace(policy, layers)
        faults = [_blamed(fault, found) for fault in faults_of(error, model, "spec")]
        raise ParametersError(faults) from None


def _blamed(fault: Fault, found: Mapping[Path, Layer]) -> Fault:
    """Name the layers whose leaves stand at or below a fault's path, and the last one's object.

    Where a value is missing, nobody set it: then those who set what is around it.
    """
    leaves = {path_text(path, "spec"): layer for path, layer in found.items()}
    path = fault.path
    while not (below := [layer for leaf, layer in leaves.items() if _covers(path, leaf)]) and path:
        path = path[: max(path.rfind("."), path.rfind("["), 0)]
    guilty = list({id(layer): layer for layer in below}.values())
    source = next((layer.source for layer in reversed(guilty) if layer.source), "")
    return replace(fault, subject=source, layer=" and ".join(layer.name for layer in guilty))


def _covers(path: str, leaf: str) -> bool:
    return leaf.startswith(path) and leaf[len(path) : len(path) + 1] in {"", ".", "["}


# Provenance: the same merge, over leaves that know their layer. Policies move, drop and compare leaves, and
# never look into them, so what they return says where each leaf came from; what they made up themselves (a
# blanked tag) comes back without a layer, and belongs to the layer that was just merged.


class _Leaf:
    """A scalar and its layer; equal to any scalar, or leaf, of the same value."""

    __slots__ = ("layer", "value")

    def __init__(self, value: Any, layer: Layer) -> None:
        self.value = value
        self.layer = layer

    def __eq__(self, other: object) -> bool:
        return bool(self.value == (other.value if isinstance(other, _Leaf) else other))

    def __hash__(self) -> int:
        return hash(self.value)

    def __bool__(self) -> bool:
        return bool(self.value)


class _EmptyMap(dict[str, Any]):
    """An empty map that is a leaf: a map to the policies."""

    layer: Layer


class _EmptyList(list[Any]):
    """An empty list that is a leaf: a list to the policies."""

    layer: Layer


def trace(policy: Fields, layers: Iterable[Layer]) -> dict[Path, Layer]:
    """Return the layer of each leaf of what ``layers`` merge to."""
    marked: dict[str, Any] = {}
    for layer in layers:
        merged = policy.merge(marked, layer.values)
        marked = {name: _marked(value, layer) for name, value in merged.items()}
    return {path: layer for name, value in marked.items() for path, layer in _leaves(value, (name,))}


def _marked(value: Any, layer: Layer) -> Any:
    """Return ``value`` with each leaf that has no layer yet belonging to ``layer``."""
    if isinstance(value, (_Leaf, _EmptyMap, _EmptyList)):
        return value
    if isinstance(value, dict) and value:
        return {key: _marked(item, layer) for key, item in value.items()}
    if isinstance(value, list) and value:
        return [_marked(item, layer) for item in value]
    if isinstance(value, (dict, list)):
        empty = _EmptyMap() if isinstance(value, dict) else _EmptyList()
        empty.layer = layer
        return empty
    return _Leaf(value, layer)


def _leaves(value: Any, path: Path) -> Iterable[tuple[Path, Layer]]:
    if isinstance(value, (_Leaf, _EmptyMap, _EmptyList)):
        yield path, value.layer
        return
    for key, item in value.items() if isinstance(value, dict) else enumerate(value):
        yield from _leaves(item, (*path, key))
