"""Where each leaf of a rendered object came from: a traced value, an expression, or the template's text."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from gwdeployer.chart.data import OMIT, as_text
from gwdeployer.chart.skeleton import Const, Map, Nested, Node, Seq, Skeleton, Slot, Text
from gwdeployer.chart.slots import Line, Piece, Site
from gwdeployer.provenance import LeafPath, Origin, item_names, leaves, origin_of, together

LAYER = "chart"


def keep(value: Any) -> Any:
    """Return a slot's value as data of its own whose leaves still know where they came from."""
    if isinstance(value, dict):
        return {str(key): keep(item) for key, item in value.items() if item is not OMIT}
    if isinstance(value, (list, tuple)):
        return [keep(item) for item in value if item is not OMIT]
    return value


class Tracer:
    """Walks a skeleton beside the values of its slots."""

    def __init__(self, chart: str, skeleton: Skeleton, sites: list[Site], values: list[Any]) -> None:
        """Trace one rendered template of ``chart``."""
        self._chart = chart
        self._skeleton = skeleton
        self._sites = sites
        self._values = values

    def documents(self, built: list[Any]) -> Iterator[dict[LeafPath, Origin]]:
        """Yield the origin of each leaf of each document; ``built`` are the documents themselves."""
        for node, document in zip(self._skeleton.documents, built, strict=True):
            found: dict[LeafPath, Origin] = {}
            self._walk(node, document, (), found)
            yield found

    def _walk(self, node: Node, built: Any, path: LeafPath, found: dict[LeafPath, Origin]) -> None:
        match node:
            case Slot(number):
                self._slot(number, built, path, found)
            case Map() if isinstance(built, dict) and built:
                self._map(node, built, path, found)
            case Seq(items) if items:
                names = item_names(built, path[-1] if path else "")
                for name, item, value in zip(names, items, built, strict=True):
                    self._walk(item, value, (*path, name), found)
            case Text(parts):
                found[path] = self._text(parts)
            case Const() | Map() | Seq() | Nested():
                found[path] = self._place(*self._skeleton.place(node.line))

    def _map(self, node: Map, built: dict[str, Any], path: LeafPath, found: dict[LeafPath, Origin]) -> None:
        for merged in reversed(node.merged):
            self._walk(merged, built if isinstance(merged, Map) else self._merged(merged), path, found)
        for key, value in node.entries:
            name = self._key(key)
            self._walk(value, built[name], (*path, name), found)

    def _key(self, key: Const | Text) -> str:
        if isinstance(key, Const):
            return str(key.value)
        return "".join(p if isinstance(p, str) else as_text(self._values[p.number]) for p in key.parts)

    def _merged(self, node: Node) -> Any:
        return self._values[node.number] if isinstance(node, Slot) else {}

    def _slot(self, index: int, built: Any, path: LeafPath, found: dict[LeafPath, Origin]) -> None:
        site = self._expression(index)
        for place, leaf in leaves(self._values[index], path):
            found[place] = origin_of(leaf) or site

    def _text(self, parts: tuple[str | Slot, ...]) -> Origin:
        """A text is made by whoever set the values in it; where nobody is known, by the template."""
        slots = [part.number for part in parts if isinstance(part, Slot)]
        origins = [origin for index in slots if (origin := origin_of(self._values[index]))]
        return together(origins) if origins else self._expression(slots[0])

    def _expression(self, index: int) -> Origin:
        return self._place(self._sites[self._skeleton.slots[index]], 0)

    def _place(self, site: Site, further: int) -> Origin:
        text = "" if isinstance(site, (Piece, Line)) else f" {{{{ {site.text} }}}}"
        return Origin(LAYER, f"{self._chart}/templates/{site.template}:{site.line + further}{text}")
