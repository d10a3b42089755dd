"""Live objects as they are kept in memory: what many of them say alike is held once.

``managedFields`` is half of an object, and the same in every object of one shape but for its owner's UID.
Kept as it comes, it would be most of a cache, and the garbage collector would walk over it again and again.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from typing import Any

from gwdeployer.objects import Object

#: So many different parts are held, by the names in them, of which so many may have the same; those of an
#: object whose shape is rarer are held by it alone.
_SHAPES = 4096
_ALIKE = 16
_shared: OrderedDict[tuple[str, ...], tuple[Any, ...]] = OrderedDict()

#: So many different strings are remembered at once, each of so many characters at most.
_STRINGS = 16384
_SHORT = 48
_strings: dict[str, str] = {}


def compacted(live: Object, *, alone: bool = False) -> Object:
    """Return an equal object whose managedFields share what is equal with other objects'. Thread-safe.

    One that came ``alone``, not in a list whose objects share their names, shares names and short strings,
    too. Cost: the managedFields are compared with those seen before (a few µs), and those that
    came alone are copied (40 µs).
    """
    entries = live["metadata"].get("managedFields")
    if not entries and not alone:
        return live
    kept = {**live, "metadata": {k: v for k, v in live["metadata"].items() if k != "managedFields"}}
    if alone:
        kept = _sharing(kept)
    if entries:
        kept["metadata"]["managedFields"] = [_entry(entry) for entry in entries]
    return kept


def _sharing(obj: Object) -> Object:
    """Return a copy in which equal short strings are one string (``sys.intern`` keeps them for ever)."""
    if len(_strings) > _STRINGS:
        _strings.clear()
    return {_strings.setdefault(name, name): _shared_value(value) for name, value in obj.items()}


def _shared_value(value: Any, once: Callable[[str, str], str] = _strings.setdefault) -> Any:
    kind = value.__class__
    if kind is str:
        return once(value, value) if len(value) <= _SHORT else value
    if kind is dict:
        return {once(name, name): _shared_value(inner) for name, inner in value.items()}
    return [_shared_value(inner) for inner in value] if kind is list else value


def _entry(entry: Object) -> Object:
    fields = entry.get("fieldsV1") or {}
    # The owner's UID is among the metadata's fields: so what is in them is shared part by part.
    parts = {
        name: {key: _once(part) for key, part in inner.items()} if name == "f:metadata" else _once(inner)
        for name, inner in fields.items()
    }
    return {**entry, "fieldsV1": parts}


def _once(part: Any) -> Any:
    """Return the part that was first seen of all that are equal to this one."""
    names = tuple(part)
    alike = _shared.get(names, ())
    for known in alike:
        if known == part:
            return known
    _shared[names] = (part, *alike[: _ALIKE - 1])
    if len(_shared) > _SHAPES:
        _shared.popitem(last=False)
    return part
