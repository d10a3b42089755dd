"""One step of a field path, as ``managedFields`` writes it.

``f:replicas`` is a field or map entry, ``k:{"name":"web"}`` an item of a list map, ``v:"a"`` an item of a
set, ``i:0`` an item by its position. The written form, made canonical, is the element: equal elements are
equal strings (Kubernetes API Concepts, Field management; ``fieldpath`` of structured-merge-diff).
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from gwdeployer.testing.apiserver.fields import values

#: One step of a path, and a path.
Element = str
Path = tuple[Element, ...]


class PathElementError(ValueError):
    """A string is no path element."""


class UnknownElementError(PathElementError):
    """A string is a path element of a kind that is not known; readers skip it."""


def field(name: str) -> Element:
    """Return the element of a field or map entry."""
    return f"f:{name}"


@lru_cache(maxsize=1 << 14)
def parsed(text: str) -> Element:
    """Return an element from outside in canonical form; raises ``PathElementError``."""
    if len(text) < len("f:"):
        raise PathElementError("key must be 2 characters long:")
    if text[1] != ":":
        raise PathElementError(f"missing colon: {text}")
    if text[0] not in "fvki":
        raise UnknownElementError("unknown path element type")
    return text if text[0] == "f" else text[:2] + values.json_text(_content(text))


def _content(text: str) -> Any:
    try:
        content = json.loads(text[2:])
    except ValueError as error:
        raise PathElementError(str(error)) from None
    expected = {"k": dict, "i": int}.get(text[0])
    if expected and not isinstance(content, expected):
        raise PathElementError(f"not a path element: {text}")
    return content


@lru_cache(maxsize=1 << 14)
def order(element: Element) -> tuple[Any, ...]:
    """Return the sort key of an element: fields, then list-map items, set items and positions."""
    kind, content = element[0], element[2:]
    if kind == "f":
        return (0, content)
    value = json.loads(content)
    if kind == "k":
        return (1, [(name, values.order(value[name])) for name in sorted(value)])
    return (2, values.order(value)) if kind == "v" else (3, value)


@lru_cache(maxsize=1 << 14)
def text(element: Element) -> str:
    """Return an element as messages show it: ``.replicas``, ``[name="web"]``, ``[="a"]``, ``[0]``."""
    kind, content = element[0], element[2:]
    if kind == "f":
        return f".{content}"
    value = json.loads(content)
    if kind == "k":
        return "[" + ",".join(f"{name}={values.path_text(item)}" for name, item in value.items()) + "]"
    return f"[={values.path_text(value)}]" if kind == "v" else f"[{value}]"


def path_text(path: Sequence[Element]) -> str:
    """Return a path as messages show it: ``.spec.ports[port=80,protocol="TCP"].targetPort``."""
    return "".join(map(text, path))
