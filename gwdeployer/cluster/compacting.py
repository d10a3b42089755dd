"""Live objects as they are kept in memory: what many of them say alike is held once.

``managedFields`` is half of an object, and the same in every object of one shape but for its owner's UID.
Kept as it comes, it would be most of a cache, and the garbage collector would walk over it again and again.
The rest is shared with the last object of that shape, too: objects that are managed alike are alike.
"""

from __future__ import annotations

from collections import OrderedDict
from contextlib import suppress
from typing import Any, TypeAlias

from gwdeployer.objects import Object
from gwdeployer.objects.sharing import shared

#: So many different parts are held, by the names in them, of which so many may have the same; those of an
#: object whose shape is rarer are held by it alone.
_SHAPES = 4096
_ALIKE = 16
_parts: OrderedDict[tuple[str, ...], tuple[Any, ...]] = OrderedDict()

_Shape: TypeAlias = tuple[object, ...]
#: So many objects are held that others may be like, gone ones too: those that were asked for last.
_MODELS = 256
_models: OrderedDict[_Shape, Object] = OrderedDict()


def lightened(live: Object) -> Object:
    """Return an equal object whose managedFields share what is equal with other objects'. Thread-safe.

    For what is not kept for long. ``live`` stays as it is. Cost: a few µs.
    """
    metadata = live["metadata"]
    if not metadata.get("managedFields"):
        return live
    entries = [_entry(entry) for entry in metadata["managedFields"]]
    return {**live, "metadata": {**metadata, "managedFields": entries}}


def compacted(live: Object) -> Object:
    """Return an equal object that shares all it has in common with others. Thread-safe.

    ``live`` stays as it is. Cost: some 20 µs.
    """
    light = lightened(live)
    entries = light["metadata"].get("managedFields") or []
    shape = _shape(light, entries)
    rest = {name: part for name, part in light["metadata"].items() if name != "managedFields"}
    kept: Object = shared({**light, "metadata": rest}, _models.get(shape))
    if entries:
        # What equals the model is the model: not to be changed.
        kept = {**kept, "metadata": {**kept["metadata"], "managedFields": entries}}
    _remember(shape, kept)
    return kept


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
    alike = _parts.get(names, ())
    for known in alike:
        if known == part:
            return known
    _parts[names] = (part, *alike[: _ALIKE - 1])
    if len(_parts) > _SHAPES:
        _parts.popitem(last=False)
    return part


def _shape(live: Object, entries: list[Object]) -> _Shape:
    """Return what objects have in common that are likely to be alike: their kind, and how it is managed."""
    parts = (part for entry in entries for name, part in entry["fieldsV1"].items() if name != "f:metadata")
    return live.get("apiVersion"), live.get("kind"), *map(id, parts)


def _remember(shape: _Shape, model: Object) -> None:
    _models[shape] = model
    with suppress(KeyError):  # another thread may be here, too
        _models.move_to_end(shape)
        if len(_models) > _MODELS:
            _models.popitem(last=False)
