"""The parsed form of one rendered template: a tree of YAML nodes with slots in it.

The text of a skeleton is what the template's static pieces say, with a token in each slot's place. It is
parsed once per shape (see :mod:`gwdeployer.chart.slots`); what comes out is compiled to a function that
builds the objects from slot values (see :mod:`gwdeployer.chart.filling`).
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Sequence
from typing import Any, NamedTuple, NoReturn

from yaml.events import Event, MappingStartEvent, ScalarEvent, SequenceStartEvent

from gwdeployer import documents
from gwdeployer.chart.faults import fault_at
from gwdeployer.chart.slots import Piece, Site
from gwdeployer.errors import ChartError

_LANGUAGES = ("!yaml", "!json")
_YAML_TAG = "tag:yaml.org,2002:"
_TEXT_TAG = _YAML_TAG + "str"

# A token cannot be forged: no value ever becomes skeleton text, and no template can know the nonce.
_NONCE = f"slot{secrets.token_hex(8)}"
_TOKEN = re.compile(_NONCE + r"([so])(\d+)z")


class Const(NamedTuple):
    """A scalar that the template writes itself."""

    value: Any
    line: int = 0


class Slot(NamedTuple):
    """A whole plain scalar that is one expression: its value is inserted as it is, of any type."""

    number: int


class Text(NamedTuple):
    """A scalar with expressions in it: strings, and slots whose values are joined in as text."""

    parts: tuple[str | Slot, ...]


class Seq(NamedTuple):
    """A list."""

    items: tuple[Node, ...]
    line: int = 0


class Map(NamedTuple):
    """A mapping: values merged in by ``<<`` (which explicit keys override), and entries in order."""

    merged: tuple[Node, ...]
    entries: tuple[tuple[Const | Text, Node], ...]
    line: int = 0


class Nested(NamedTuple):
    """A document delivered as text: ``!yaml`` or ``!json``."""

    language: str
    content: Node
    line: int = 0


class Omitted(NamedTuple):
    """A slot whose value was ``omit``: takes its key or item with it."""

    site: int


Node = Const | Slot | Text | Seq | Map | Nested | Omitted


class Skeleton(NamedTuple):
    """The documents of one template in one shape, the site of each slot, and where each document begins.

    A place is a site and a number of lines to count on from it; nodes have their line in the skeleton's text.
    """

    documents: tuple[Node, ...]
    slots: tuple[int, ...]
    places: tuple[tuple[Site, int], ...]
    starts: tuple[tuple[int, Site], ...]

    def place(self, line: int) -> tuple[Site, int]:
        """Return where a line of the text comes from: a site, and how many lines further."""
        return _place(self.starts, line)


def parse(chart: str, shape: Sequence[int], sites: Sequence[Site]) -> Skeleton:
    """Parse the skeleton that ``shape`` describes; a negative number (``~site``) is a slot that was omitted.

    ``sites`` tells pieces from expressions: see :class:`Source`. Raises ChartError naming template and line.
    """
    source = Source(chart, shape, sites)
    found: list[Node] = []
    places: list[tuple[Site, int]] = []
    for line, text in documents.split_documents(source.text):
        node = _Parser(source, text, line).load()
        if node is not None and not _is_nothing(node):
            found.append(node)
            places.append(source.place(line + len(text) - len(text.lstrip("\n"))))
    return Skeleton(tuple(found), source.slots, tuple(places), source.starts)


class Source:
    """The text of a skeleton, and where in the templates each of its lines comes from."""

    def __init__(self, chart: str, shape: Sequence[int], sites: Sequence[Site]) -> None:
        """Write the text out; slots are numbered in the order of the shape."""
        self.chart = chart
        self.sites = sites
        slots: list[int] = []
        parts: list[str] = []
        starts: list[tuple[int, Site]] = []
        line = 1
        for number in shape:
            site = sites[number if number >= 0 else ~number]
            starts.append((line, site))
            if number < 0:
                parts.append(f"{_NONCE}o{~number}z")
            elif isinstance(site, Piece):
                parts.append(site.text)
                line += site.text.count("\n")
            else:
                parts.append(f"{_NONCE}s{len(slots)}z")
                slots.append(number)
        self.text = "".join(parts)
        self.slots = tuple(slots)
        self.starts = tuple(starts)

    def place(self, line: int) -> tuple[Site, int]:
        """Return where a line of the text comes from: a site, and how many lines further."""
        return _place(self.starts, line)

    def fail(self, line: int, message: str, hint: str = "") -> NoReturn:
        """Raise a ChartError for a line of the text, naming the template's line."""
        site, further = self.place(line)
        raise ChartError(fault_at(self.chart, site, message, hint, further))


def _place(starts: Sequence[tuple[int, Site]], line: int) -> tuple[Site, int]:
    start, site = next((entry for entry in reversed(starts) if entry[0] <= line), starts[0])
    return site, line - start


class _Parser(documents.Composer[Node]):
    """Composes skeleton nodes from YAML events."""

    def __init__(self, source: Source, text: str, first_line: int) -> None:
        super().__init__(text, first_line=first_line)
        self._skeleton = source

    def fail_at(self, line: int, message: str, hint: str = "") -> NoReturn:
        self._skeleton.fail(self._first_line + line, _TOKEN.sub("{{ … }}", message), hint)

    def scalar(self, event: ScalarEvent) -> Node:
        if _TOKEN.search(event.value):
            return self._nested(event, self._filled(event))
        tag = event.tag if event.tag not in _LANGUAGES else None
        try:
            plain = event.implicit[0] or (tag is None and not event.style)
            value = documents.resolve_tagged(event.value, tag, plain=plain)
        except ValueError as error:
            self.fail(event, str(error))
        return self._nested(event, Const(value, self._line(event)))

    def sequence(self, items: list[Node], event: SequenceStartEvent) -> Node:
        kept = tuple(item for item in items if not isinstance(item, Omitted))
        return self._nested(event, Seq(kept, self._line(event)))

    def mapping(self, pairs: list[tuple[Node, Node, Event]], event: MappingStartEvent) -> Node:
        entries: dict[Const | Text, Node] = {}
        merged: list[Node] = []
        for key, value, at in pairs:
            if _is_merge_key(key) and isinstance(at, ScalarEvent) and at.implicit[0]:
                merged += self._merged(value, at)
                continue
            name = self._key(key, at)
            if name in entries:
                self.fail(at, f"key {_shown(name)} appears twice in one mapping", "remove one of the two")
            entries[name] = value
        kept = tuple((key, value) for key, value in entries.items() if not isinstance(value, Omitted))
        return self._nested(event, Map(tuple(merged), kept, self._line(event)))

    def _merged(self, value: Node, event: Event) -> list[Node]:
        nodes: list[Node] = [
            node
            for node in (value.items if isinstance(value, Seq) else (value,))
            if not isinstance(node, Omitted)
        ]
        if not all(isinstance(node, (Map, Slot)) for node in nodes):
            self.fail(event, "a merge key (<<) needs a mapping or a list of mappings")
        return nodes

    def _filled(self, event: ScalarEvent) -> Node:
        parts = self._parts(event)
        if event.tag and event.tag.startswith(_YAML_TAG) and event.tag != _TEXT_TAG:
            self.fail(event, f"an expression cannot stand under !!{event.tag.removeprefix(_YAML_TAG)}")
        if len(parts) == 1 and not isinstance(parts[0], str) and not event.style and event.tag != _TEXT_TAG:
            return parts[0]
        if any(isinstance(part, Omitted) for part in parts):
            self.fail(event, "omit takes a whole key or list item with it; here it is part of a text")
        return Text(tuple(part for part in parts if not isinstance(part, Omitted)))

    def _parts(self, event: ScalarEvent) -> list[str | Slot | Omitted]:
        pieces = _TOKEN.split(event.value)
        parts: list[str | Slot | Omitted] = [pieces[0]] if pieces[0] else []
        for kind, number, text in zip(pieces[1::3], pieces[2::3], pieces[3::3], strict=True):
            parts.append(Slot(int(number)) if kind == "s" else Omitted(int(number)))
            if text:
                parts.append(text)
        return parts

    def _nested(self, event: Any, node: Node) -> Node:
        tag = event.tag or ""
        if _TOKEN.search(f"{tag}{event.anchor or ''}"):
            self.fail(event, "an expression cannot stand in a tag or an anchor")
        if tag in _LANGUAGES:
            return node if isinstance(node, Omitted) else Nested(tag[1:], node, self._line(event))
        return node

    def _line(self, event: Event) -> int:
        return self._first_line + (event.start_mark.line if event.start_mark else 0)

    def _key(self, key: Node, event: Event) -> Const | Text:
        if isinstance(key, Slot):
            return Text((key,))
        if isinstance(key, Text):
            return key
        if isinstance(key, Omitted):
            self.fail(event, "omit cannot be a key; to leave an entry out, make its value omit")
        if not isinstance(key, Const) or key.value is None:
            self.fail(event, "a key must be text", "quote it")
        return Const(str(key.value).lower() if isinstance(key.value, bool) else str(key.value))


def _is_nothing(node: Node) -> bool:
    return isinstance(node, Omitted) or (isinstance(node, Const) and node.value is None)


def _is_merge_key(node: Node) -> bool:
    return isinstance(node, Const) and node.value == "<<"


def _shown(key: Const | Text) -> str:
    return repr(key.value) if isinstance(key, Const) else "{{ … }}"
