"""What installed distributions offer by entry points, remembered until others are installed.

To ask every distribution takes ``importlib.metadata`` longer than a preview takes to render. So what they
offered is kept (see :mod:`gwdeployer.cache`) under a hash of when their entry points were written.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache, reduce
from importlib import import_module
from importlib.machinery import PathFinder
from typing import Any, NamedTuple

from gwdeployer import cache

PLUGINS = "gwdeployer.plugins"
PARAMETERS = "gwdeployer.parameters"
_GROUPS = (PLUGINS, PARAMETERS)
#: By how the folder of a distribution's metadata is named, where in there its entry points are.
_ENTRY_POINTS = {
    ".dist-info": "entry_points.txt",
    ".egg-info": "entry_points.txt",
    ".egg": "EGG-INFO/entry_points.txt",
}


class Offer(NamedTuple):
    """One entry point: what a distribution calls it, and where it is (``module:attribute``)."""

    name: str
    value: str

    def load(self) -> Any:
        """Return what is offered. Raises whatever importing it raises, and AttributeError."""
        module, _, attributes = self.value.partition("[")[0].partition(":")
        return reduce(getattr, filter(None, attributes.strip().split(".")), import_module(module.strip()))


def offers(group: str) -> list[Offer]:
    """Return what the distributions on ``sys.path`` offer in one of our groups, ordered by name."""
    return sorted(Offer(*pair) for pair in _offers(tuple(sys.path))[group])


@lru_cache(maxsize=1)
def _offers(path: tuple[str, ...]) -> Mapping[str, Sequence[Sequence[str]]]:
    """Return names and values by group."""
    state = _state(path) if cache.is_there() else None
    if state is None:
        return _asked()
    name = hashlib.sha256("\0".join(("offers", *_GROUPS, *state)).encode()).hexdigest()
    known = cache.read(name)
    if known is not None:
        remembered: dict[str, list[list[str]]] = json.loads(known)
        return remembered
    found = _asked()
    cache.write(name, json.dumps(found).encode())
    return found


def _asked() -> dict[str, list[list[str]]]:
    from importlib.metadata import entry_points  # noqa: PLC0415 - what all this is to spare

    found = entry_points()
    return {group: [[one.name, one.value] for one in found.select(group=group)] for group in _GROUPS}


def _state(path: Sequence[str]) -> list[str] | None:
    """Return what changes when what is installed does; None where somebody else finds distributions, too."""
    if any(hasattr(finder, "find_distributions") and finder is not PathFinder for finder in sys.meta_path):
        return None
    return [line for place in path for line in _written(place or ".")]


def _written(place: str) -> Iterator[str]:
    """Yield when the entry points of the distributions in a folder were written, or a zipped one was."""
    try:
        with os.scandir(place) as entries:
            names = sorted(entry.name for entry in entries)
    except NotADirectoryError:
        yield f"{place} {_when(place)}"
        return
    except OSError:
        return
    yield place
    for name in names:
        file = _ENTRY_POINTS.get(name[name.rfind(".") :])
        if file is not None:
            yield f"{name} {_when(f'{place}/{name}/{file}')}"


def _when(path: str) -> str:
    try:
        status = os.stat(path)  # noqa: PTH116 - of a hundred, and paths as objects take five times as long
    except OSError:
        return "none"
    return f"{status.st_mtime_ns} {status.st_size}"
