"""Live objects as they are kept in memory: what many of them say alike is held once.

Objects that are managed alike are alike: each shares what it can with the last one that was.
"""

from __future__ import annotations

from collections import OrderedDict
from contextlib import suppress
from typing import TypeAlias

from gwdeployer.objects import Object
from gwdeployer.objects.sharing import share

_Shape: TypeAlias = tuple[object, ...]
#: So many objects are held that others may be like, gone ones too: those that were asked for last.
_MODELS = 256
_models: OrderedDict[_Shape, Object] = OrderedDict()


def compact(live: Object) -> None:
    """Have an object share all it has in common with others; it stays what it says. Thread-safe.

    For an object as it is decoded, of which nobody else knows. Cost: some 10 µs.
    """
    shape = _shape(live)
    model = _models.get(shape)
    if model is not None:
        share(live, model)
    # What is known of managedFields is shared as it is decoded.
    metadata = {name: part for name, part in live["metadata"].items() if name != "managedFields"}
    _remember(shape, {**live, "metadata": metadata})


def _shape(live: Object) -> _Shape:
    """Return what objects have in common that are likely to be alike: their kind, and how it is managed."""
    entries = live["metadata"].get("managedFields") or ()
    # What is equal in there is the same once it is decoded; among the metadata's fields is the owner's UID.
    parts = (
        id(part)
        for entry in entries
        for name, part in (entry.get("fieldsV1") or {}).items()
        if name != "f:metadata"
    )
    return live.get("apiVersion"), live.get("kind"), *parts


def _remember(shape: _Shape, model: Object) -> None:
    _models[shape] = model
    with suppress(KeyError):  # another thread may be here, too
        _models.move_to_end(shape)
        if len(_models) > _MODELS:
            _models.popitem(last=False)
