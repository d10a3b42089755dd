"""From a skeleton to the function that builds its objects: ``fill(values) -> list of documents``.

A skeleton is filled thousands of times, so it is compiled to Python displays (``{"kind": "Service", …}``):
building fresh containers that way is about ten times faster than copying a tree, and nothing of the cached
skeleton is ever handed out. The source is made from the template's own text by ``repr`` alone; slot values
are arguments, never source.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from types import CodeType
from typing import Any

from gwdeployer import documents
from gwdeployer.chart.data import TemplateFailure, as_text, kind_of
from gwdeployer.chart.skeleton import Const, Map, Nested, Node, Omitted, Seq, Skeleton, Slot, Text

Fill = Callable[[list[Any]], list[Any]]


class MisfitError(TemplateFailure):
    """A slot's value does not fit its place; ``index`` says which slot."""

    def __init__(self, message: str, index: int) -> None:
        """Keep the slot's index for the message."""
        super().__init__(message)
        self.index = index


def compile_fill(skeleton: Skeleton) -> CodeType:
    """Return the code of the function that builds the skeleton's documents."""
    writer = _Writer()
    source = f"lambda v: [{', '.join(writer.expression(node) for node in skeleton.documents)}]"
    return compile(source, "<skeleton>", "eval")


def fill_of(code: CodeType) -> Fill:
    """Return the function that builds a skeleton's documents from a list of slot values.

    The values must be JSON data of their own (they are put in by reference). The function raises
    MisfitError where a value does not fit: a mapping inside a text, a list where ``<<`` needs a mapping.
    """
    fill: Fill = eval(code, dict(_SCOPE))  # noqa: S307 - made of repr()s
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
            case Slot(number):
                return self._slot(number)
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
                return text if has_slots(content) else repr(eval(text, dict(_SCOPE)))  # noqa: S307 - as above
            case Omitted():
                raise AssertionError("omitted slots are dropped when the skeleton is parsed")

    def _slot(self, index: int) -> str:
        # A YAML alias can name a slot twice; the second place gets a container of its own.
        if index in self._used:
            return f"c(v[{index}])"
        self._used.add(index)
        return f"v[{index}]"

    def _text(self, parts: Iterable[str | Slot]) -> str:
        return _joined([repr(p) if isinstance(p, str) else f"t(v[{p.number}], {p.number})" for p in parts])

    def _map(self, node: Map) -> str:
        merged = [self._merged(value) for value in reversed(node.merged)]
        entries = [(self.expression(key), self.expression(value)) for key, value in node.entries]
        if slots := key_slots(node):
            pairs = ", ".join(f"({key}, {value})" for key, value in entries)
            return f"{{{', '.join([*merged, f'**u({slots[0]}, {pairs})'])}}}"
        return f"{{{', '.join([*merged, *(f'{key}: {value}' for key, value in entries)])}}}"

    def _merged(self, node: Node) -> str:
        if isinstance(node, Slot):
            return f"**m({self._slot(node.number)}, {node.number})"
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
        if not _in_block(content):
            return [f"y({self._writer.expression(content)})"]
        self._block(content, 0, "")
        self._flush()
        return self._parts

    def _block(self, node: Node, indent: int, lead: str) -> None:
        pad = " " * indent
        if isinstance(node, Map) and _in_block(node):
            self._check_keys(node)
            for position, (key, value) in enumerate(node.entries):
                self._entry(lead if lead and position == 0 else pad, key, value, indent)
        elif isinstance(node, Seq) and _in_block(node):
            for position, item in enumerate(node.items):
                self._block(item, indent + 2, (lead if lead and position == 0 else pad) + "- ")
        else:
            self._text.append(lead)
            self._leaf(node, indent)

    def _check_keys(self, node: Map) -> None:
        if slots := key_slots(node):
            keys = ", ".join(f"({self._writer.expression(key)}, None)" for key, _ in node.entries)
            self._dynamic(f"k({slots[0]}, {keys})")

    def _entry(self, start: str, key: Const | Text, value: Node, indent: int) -> None:
        self._text.append(start)
        if isinstance(key, Const):
            self._text.append(documents.key_text(key.value, " " * indent))
        else:
            self._dynamic(f"h({self._writer.expression(key)}, {indent})")
        if _in_block(value):
            self._text.append("\n")
            self._block(value, indent + 2, "")
        else:
            self._text.append(" ")
            self._leaf(value, indent + 2)

    def _leaf(self, node: Node, indent: int) -> None:
        if isinstance(node, Const):
            self._text.append(documents.leaf_text(node.value, indent))
        else:
            self._dynamic(f"j({self._writer.expression(node)})")
        self._text.append("\n")

    def _dynamic(self, expression: str) -> None:
        self._flush()
        self._parts.append(expression)

    def _flush(self) -> None:
        if self._text:
            self._parts.append(repr("".join(self._text)))
            self._text.clear()


def _in_block(node: Node) -> bool:
    """Return whether a node is written over several lines, rather than as a scalar or as JSON."""
    if isinstance(node, Seq):
        return bool(node.items)
    return isinstance(node, Map) and bool(node.entries) and not node.merged


def key_slots(node: Map) -> list[int]:
    """Return the slots in a mapping's keys: only with them can two of its keys turn out equal."""
    keys = [key for key, _ in node.entries if isinstance(key, Text)]
    return [part.number for key in keys for part in key.parts if isinstance(part, Slot)]


def has_slots(node: Node) -> bool:
    """Return whether anything in a node depends on slot values."""
    match node:
        case Seq(items):
            return any(map(has_slots, items))
        case Map(merged, entries):
            nodes = [*merged, *(node for entry in entries for node in entry)]
            return any(map(has_slots, nodes))
        case Nested(_, content):
            return has_slots(content)
    return not isinstance(node, Const)


def _joined(parts: list[str]) -> str:
    return parts[0] if len(parts) == 1 else f'"".join(({", ".join(parts)}))'


# --- What the source of a fill calls --------------------------------------------------------------------


def _text(value: Any, index: int) -> str:
    if value.__class__ is str:
        return value
    try:
        return as_text(value)
    except TemplateFailure as failure:
        raise MisfitError(str(failure), index) from None


def _mapping(value: Any, index: int) -> dict[str, Any]:
    if isinstance(value, dict):
        return value
    raise MisfitError(f"<< needs a mapping, not {kind_of(value)}", index)


def _unique(index: int, *pairs: tuple[str, Any]) -> dict[str, Any]:
    """Return the mapping; ``index`` is the slot to blame where two of its keys are equal."""
    result = dict(pairs)
    if len(result) < len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for key in keys if keys.count(key) > 1)
        raise MisfitError(f"key {twice!r} appears twice in one mapping", index)
    return result


def _checked(index: int, *pairs: tuple[str, None]) -> str:
    _unique(index, *pairs)
    return ""


def _key(text: str, indent: int) -> str:
    return documents.key_text(text, " " * indent)


def _pretty(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, indent=2)
    return documents.escape_unprintable(text) + "\n"


_SCOPE: dict[str, Any] = {
    "c": documents.copy,
    "h": _key,
    "j": documents.flow,
    "k": _checked,
    "m": _mapping,
    "p": _pretty,
    "t": _text,
    "u": _unique,
    "y": documents.dump,
}
