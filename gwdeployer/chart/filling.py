"""From a skeleton to the function that builds its objects: ``fill(values) -> list of documents``.

A skeleton is filled thousands of times, so it is compiled to Python displays (``{"kind": "Service", …}``):
building fresh containers that way is about ten times faster than copying a tree, and nothing of the cached
skeleton is ever handed out. The source is made from the template's own text by ``repr`` alone; slot values
are arguments, never source.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from typing import Any

from gwdeployer import documents
from gwdeployer.chart.environment import ChartFailure, as_text, kind_of
from gwdeployer.chart.skeleton import Const, Map, Nested, Node, Omitted, Seq, Skeleton, Slot, Text

Fill = Callable[[list[Any]], list[Any]]


class SlotFailure(ChartFailure):
    """A slot's value does not fit its place; ``index`` says which slot."""

    def __init__(self, message: str, index: int) -> None:
        """Keep the slot's index for the message."""
        super().__init__(message)
        self.index = index


def compile_fill(skeleton: Skeleton) -> Fill:
    """Return the function that builds the skeleton's documents from a list of slot values.

    The values must be JSON data of their own (they are put in by reference). The function raises
    SlotFailure where a value does not fit: a mapping inside a text, a list where ``<<`` needs a mapping.
    """
    writer = _Writer()
    source = f"lambda v: [{', '.join(writer.expression(node) for node in skeleton.documents)}]"
    scope = {"t": _text, "m": _mapping, "u": _unique, "j": flow, "y": documents.dump, "c": documents.copy, "p": _pretty}
    fill: Fill = eval(compile(source, "<skeleton>", "eval"), scope)
    return fill


class _Writer:
    """Writes the Python expression for each node."""

    def __init__(self) -> None:
        self._used: set[int] = set()

    def expression(self, node: Node) -> str:
        """Return a Python expression that builds the node from ``v``, the slot values."""
        match node:
            case Const(value):
                return repr(value)
            case Slot(index):
                return self._slot(index)
            case Text(parts):
                return self._text(parts)
            case Seq(items):
                return f"[{', '.join(self.expression(item) for item in items)}]"
            case Map():
                return self._map(node)
            case Nested("yaml", content):
                return _joined(NestedYaml(self).parts(content))
            case Nested(_, content):
                text = f"p({self.expression(content)})"
                return text if has_slots(content) else repr(eval(text, {"p": _pretty}))
            case Omitted():
                raise AssertionError("omitted slots are dropped when the skeleton is parsed")

    def _slot(self, index: int) -> str:
        # A YAML alias can name a slot twice; the second place gets a container of its own.
        if index in self._used:
            return f"c(v[{index}])"
        self._used.add(index)
        return f"v[{index}]"

    def _text(self, parts: Iterable[str | Slot]) -> str:
        return _joined([repr(part) if isinstance(part, str) else f"t(v[{part.index}], {part.index})" for part in parts])

    def _map(self, node: Map) -> str:
        merged = [self._merged(value) for value in reversed(node.merged)]
        entries = [(self.expression(key), self.expression(value)) for key, value in node.entries]
        if any(isinstance(key, Text) for key, _ in node.entries):
            pairs = ", ".join(f"({key}, {value})" for key, value in entries)
            entry_list = [f"**u({pairs}{',' if len(entries) == 1 else ''})"]
        else:
            entry_list = [f"{key}: {value}" for key, value in entries]
        return f"{{{', '.join([*merged, *entry_list])}}}"

    def _merged(self, node: Node) -> str:
        if isinstance(node, Slot):
            return f"**m({self._slot(node.index)}, {node.index})"
        return f"**{self.expression(node)}"


class NestedYaml:
    """Writes a nested document as YAML text around its slots, whose values go in as JSON (which is YAML).

    ``parts`` are Python expressions of type str; neighbouring constants are joined when the text is written.
    """

    def __init__(self, writer: _Writer) -> None:
        """Use ``writer`` for what is not constant."""
        self._writer = writer
        self._parts: list[str] = []
        self._text: list[str] = []

    def parts(self, content: Node) -> list[str]:
        """Return the expressions whose joined values are the document."""
        if isinstance(content, (Slot, Text)):
            return [f"y({self._writer.expression(content)})"]
        self._block(content, 0, "")
        self._flush()
        return self._parts

    def _block(self, node: Node, indent: int, lead: str) -> None:
        pad = " " * indent
        if isinstance(node, Map) and node.entries and not node.merged:
            for position, (key, value) in enumerate(node.entries):
                self._entry(lead if lead and position == 0 else pad, key, value, indent)
        elif isinstance(node, Seq) and node.items:
            for position, item in enumerate(node.items):
                self._block(item, indent + 2, (lead if lead and position == 0 else pad) + "- ")
        else:
            self._text.append(lead)
            self._leaf(node, indent)

    def _entry(self, start: str, key: Const | Text, value: Node, indent: int) -> None:
        self._text.append(start)
        self._scalar(key)
        nested = (isinstance(value, Map) and value.entries and not value.merged) or (
            isinstance(value, Seq) and value.items
        )
        if nested:
            self._text.append(":\n")
            self._block(value, indent + 2, "")
        else:
            self._text.append(": ")
            self._leaf(value, indent + 2)

    def _leaf(self, node: Node, indent: int) -> None:
        if isinstance(node, Const):
            self._text.append(documents.leaf_text(node.value, indent))
        else:
            self._scalar(node)
        self._text.append("\n")

    def _scalar(self, node: Node) -> None:
        if isinstance(node, Const):
            self._text.append(documents.scalar_text(node.value))
        else:
            self._flush()
            self._parts.append(f"j({self._writer.expression(node)})")

    def _flush(self) -> None:
        if self._text:
            self._parts.append(repr("".join(self._text)))
            self._text.clear()


def has_slots(node: Node) -> bool:
    """Return whether anything in a node depends on slot values."""
    match node:
        case Seq(items):
            return any(map(has_slots, items))
        case Map(merged, entries):
            return any(map(has_slots, merged)) or any(has_slots(key) or has_slots(value) for key, value in entries)
        case Nested(_, content):
            return has_slots(content)
    return not isinstance(node, Const)


def _joined(parts: list[str]) -> str:
    return parts[0] if len(parts) == 1 else f'"".join(({", ".join(parts)}))'


def _text(value: Any, index: int) -> str:
    if value.__class__ is str:
        return value  # type: ignore[no-any-return]
    try:
        return as_text(value)
    except ChartFailure as failure:
        raise SlotFailure(str(failure), index) from None


def _mapping(value: Any, index: int) -> dict[str, Any]:
    if isinstance(value, dict):
        return value
    raise SlotFailure(f"<< needs a mapping, not {kind_of(value)}", index)


def _unique(*pairs: tuple[str, Any]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) < len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for key in keys if keys.count(key) > 1)
        raise ChartFailure(f"key {twice!r} appears twice in one mapping")
    return result


def flow(value: Any) -> str:
    """Return JSON data as one line that JSON and YAML readers both read back exactly."""
    if value.__class__ is str:
        return documents.quote(value)
    if value.__class__ is int:
        return repr(value)
    return documents.escape_unprintable(json.dumps(value, ensure_ascii=False, allow_nan=False))


def _pretty(value: Any) -> str:
    return documents.escape_unprintable(json.dumps(value, ensure_ascii=False, allow_nan=False, indent=2)) + "\n"
