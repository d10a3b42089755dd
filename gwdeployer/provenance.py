"""Where a value came from: leaves that remember, and the paths by which they are found again.

Asking costs a second run of the planning pipeline over values whose leaves carry their origin; nothing is
recorded otherwise. A traced leaf behaves like the value it stands for (it is a subclass of it), so generators
and templates need not know; what they compute from it is their own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

#: A place in an object: keys of mappings; list items by their own key where they have one, else by position.
LeafPath = tuple[str | int, ...]

# What names the items of Kubernetes' lists, as far as server-side apply and strategic merge agree on it.
_ITEM_KEYS = {
    "containerPolicies": ("containerName",),
    "containers": ("name",),
    "env": ("name",),
    "hostAliases": ("ip",),
    "imagePullSecrets": ("name",),
    "initContainers": ("name",),
    "ownerReferences": ("uid",),
    "ports": ("containerPort", "port"),
    "sysctls": ("name",),
    "topologySpreadConstraints": ("topologyKey",),
    "volumeMounts": ("mountPath",),
    "volumes": ("name",),
}


class Origin(NamedTuple):
    """Who set a value: the layer (``default``, ``GatewayClass web``, ``chart``), the place in its source."""

    layer: str
    source: str = ""

    def __str__(self) -> str:
        """Return both on one line."""
        return f"{self.layer}: {self.source}" if self.source else self.layer


class _Traced:
    """What traced leaves have in common."""

    origin: Origin


class TracedText(str, _Traced):
    """A string that knows where it came from."""


class TracedInt(int, _Traced):
    """A whole number that knows where it came from."""


class TracedFloat(float, _Traced):
    """A number that knows where it came from."""


class TracedFlag(int, _Traced):
    """A boolean that knows where it came from (``bool`` itself has no subclasses)."""


_TRACED: dict[type, Callable[[Any], Any]] = {
    str: TracedText,
    int: TracedInt,
    float: TracedFloat,
    bool: TracedFlag,
}


_BARE: dict[type, Callable[[Any], Any]] = {
    TracedText: str.__str__,
    TracedInt: int.__index__,
    TracedFloat: float.__float__,
    TracedFlag: bool,
}


def traced(value: Any, origin_of: Callable[[LeafPath], Origin | None], path: LeafPath = ()) -> Any:
    """Return a copy of JSON data whose leaves carry ``origin_of(path)``; what has none stays bare."""
    if isinstance(value, Mapping):
        return {key: traced(item, origin_of, (*path, key)) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [traced(item, origin_of, (*path, position)) for position, item in enumerate(value)]
    make, origin = _TRACED.get(type(value)), origin_of(path)
    if make is None or origin is None:
        return value
    leaf = make(value)
    leaf.origin = origin
    return leaf


def together(origins: Iterable[Origin]) -> Origin:
    """Return the origin of what several made together."""
    found = list(dict.fromkeys(origins))
    layers = dict.fromkeys(origin.layer for origin in found)
    sources = dict.fromkeys(origin.source for origin in found if origin.source)
    return Origin(" + ".join(layers), ", ".join(sources))


def from_one(value: Any, layer: str, source: str) -> Any:
    """Return a copy of JSON data whose leaves all come from one place (those that know better are kept)."""
    return traced(value, lambda _: Origin(layer, source))


def origin_of(value: Any) -> Origin | None:
    """Return where a leaf came from, if it knows."""
    return value.origin if isinstance(value, _Traced) else None


def bare(leaf: Any) -> Any:
    """Return the value that a leaf stands for."""
    kind = _BARE.get(type(leaf))
    return kind(leaf) if kind else leaf


def leaves(value: Any, path: LeafPath = ()) -> Iterator[tuple[LeafPath, Any]]:
    """Yield each leaf of JSON data with its path; empty mappings and lists are leaves."""
    if isinstance(value, Mapping) and value:
        for key, item in value.items():
            yield from leaves(item, (*path, key))
    elif isinstance(value, (list, tuple)) and value:
        names = item_names(value, path[-1] if path else "")
        for name, item in zip(names, value, strict=True):
            yield from leaves(item, (*path, name))
    else:
        yield path, value


def item_names(items: Sequence[Any], field: str | int) -> list[str | int]:
    """Return what names the items of the list in ``field``: their keys, or their positions.

    By the field, not by the items, so that an object and a patch of it name them alike.
    """
    for key in _ITEM_KEYS.get(str(field), ()):
        names = [item.get(key) if isinstance(item, Mapping) else None for item in items]
        if None not in names and len(set(map(str, names))) == len(names):
            return [f"[{name}]" for name in names]
    return list(range(len(items)))


def path_name(path: LeafPath) -> str:
    """Return a path as people write it: ``spec.containers[envoy].image``."""
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part}]"
        elif part.startswith("["):
            text += part
        elif "." in part or "/" in part:
            text += f"[{part}]"
        else:
            text += f".{part}" if text else part
    return text
