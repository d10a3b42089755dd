"""The simple JSON paths of printer columns: ``.status.conditions[?(@.type=="Ready")].status``.

Fields (dots in names escaped, or in brackets and quotes), indices, ``[*]``, and filters that compare one
field with a text; that is what CustomResourceDefinitions use. Nothing is found by a path of another form.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

_STEP = re.compile(
    r"""\.(?P<field>(?:\\.|[^.\[\\])+)
    | \[\s*'(?P<quoted>[^']*)'\s*\]
    | \[(?P<index>-?\d+|\*)\]
    | \[\?\(\s*@\.(?P<key>[\w.-]+)\s*==\s*["'](?P<value>[^"']*)["']\s*\)\]""",
    re.VERBOSE,
)
#: A field, an index (None: all), or a filter.
Step = str | int | None | tuple[str, str]


def find_all(path: str, value: Any) -> list[Any]:
    """Return what stands at a path, in document order."""
    found = [value]
    for step in _steps(path):
        found = [inner for one in found for inner in _taken(step, one)]
    return found


@lru_cache(maxsize=1024)
def _steps(path: str) -> tuple[Step, ...]:
    matches = list(_STEP.finditer(path))
    if "".join(match[0] for match in matches) != path:
        return (f"{path}: not a simple path",)
    return tuple(_step(match) for match in matches)


def _step(match: re.Match[str]) -> Step:
    if match["field"] is not None:
        return re.sub(r"\\(.)", r"\1", match["field"])
    if match["index"] is not None:
        return None if match["index"] == "*" else int(match["index"])
    return match["quoted"] if match["key"] is None else (match["key"], match["value"])


def _taken(step: Step, value: Any) -> Iterator[Any]:
    if isinstance(step, str):
        yield from [value[step]] if isinstance(value, dict) and step in value else []
    elif isinstance(value, list):
        yield from _items(step, value)
    elif step is None and isinstance(value, dict):
        yield from value.values()


def _items(step: int | tuple[str, str] | None, items: list[Any]) -> Iterator[Any]:
    if step is None:
        yield from items
    elif isinstance(step, int):
        yield from items[step : step + 1 or None]
    else:
        key, wanted = step
        yield from (item for item in items if isinstance(item, dict) and item.get(key) == wanted)
