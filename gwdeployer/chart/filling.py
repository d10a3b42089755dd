"""From a skeleton to the function that builds its objects: ``fill(values) -> list of documents``.

A skeleton is filled thousands of times, so it is compiled to Python displays (``{"kind": "Service", …}``):
building fresh containers that way is about ten times faster than copying a tree, and nothing of the cached
skeleton is ever handed out. The source is made by ``repr`` alone, from the template's own text; slot values
are arguments.

Parts in which no slot has a say are displays of their own: who only reads what is built can be given the same
ones each time. Where slots have the values of a form (``chart.forms``), they have no say but for its blanks,
and are part of the source: JSON data is all they can be.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from types import CodeType
from typing import Any, NamedTuple, TypeAlias

from gwdeployer import documents
from gwdeployer.chart.data import Blank, TemplateFailure, as_text, kind_of
from gwdeployer.chart.skeleton import Const, Map, Nested, Node, Omitted, Seq, Skeleton, Slot, Text

_Parts: TypeAlias = list[Any]


class Fill(NamedTuple):
    """The function that builds a skeleton's documents. ``parts`` makes those that are the same each time."""

    parts: Callable[[], _Parts]
    build: Callable[[Sequence[Any], _Parts], list[Any]]
    shared: _Parts

    def __call__(self, values: Sequence[Any], *, shared: bool = False) -> list[Any]:
        """Return the documents, with these values in the slots; ``shared`` ones are for reading only.

        The values must be JSON data of their own (they are put in by reference). Raises MisfitError where a
        value does not fit: a mapping inside a text, a list where ``<<`` needs a mapping.
        """
        return self.build(values, self.shared if shared else self.parts())


class MisfitError(TemplateFailure):
    """A slot's value does not fit its place; ``index`` says which slot."""

    def __init__(self, message: str, index: int) -> None:
        """Keep the slot's index for the message."""
        super().__init__(message)
        self.index = index


def compile_fill(skeleton: Skeleton) -> CodeType:
    """Return the code of the function that builds the skeleton's documents."""
    return _compiled(skeleton, _Writer())


def fill_of(code: CodeType) -> Fill:
    """Return the function that builds a skeleton's documents from a list of slot values."""
    parts, build = eval(code, dict(_SCOPE))  # noqa: S307 - made of repr()s
    return Fill(parts, build, parts())


def fill_of_form(skeleton: Skeleton, values: Sequence[Any]) -> Fill:
    """Return the function that builds a skeleton's documents from the texts for the blanks in its slots.

    Raises MisfitError where a value does not fit, and what compilers raise for what they cannot hold.
    """
    return fill_of(_compiled(skeleton, _Writer(values)))


def _compiled(skeleton: Skeleton, writer: _Writer) -> CodeType:
    built = ", ".join(writer.expression(node) for node in skeleton.documents)
    return compile(f"(lambda: [{', '.join(writer.parts)}], lambda v, k: [{built}])", "<skeleton>", "eval")


class _Writer:
    """Writes the Python expression for each node.

    ``values`` are a form's, with blanks: of these ``v`` are the texts, else the values of all slots.
    """

    def __init__(self, values: Sequence[Any] | None = None, *, sets_apart: bool = True) -> None:
        self._values = values
        self._open = None if values is None else {n for n, value in enumerate(values) if _has_blank(value)}
        self._sets_apart = sets_apart
        self._inline = _Writer(values, sets_apart=False) if sets_apart else self
        self._used: set[int] = set()
        #: Expressions of the parts that are the same each time; in others they are ``k``.
        self.parts: list[str] = []

    def expression(self, node: Node) -> str:
        """Return a Python expression that builds the node."""
        match node:
            case Const(value):
                return repr(value)
            case Slot(number):
                return self._slot(number)
            case Text(parts):
                return self._text(parts)
            case Seq(items):
                return self._apart(node) or f"[{', '.join(self.expression(item) for item in items)}]"
            case Map():
                return self._apart(node) or self._map(node)
            case Nested("yaml", content):
                return _joined(NestedYaml(self).parts(content))
            case Nested(_, content):
                text = f"p({self.inline(content)})"
                return text if self.varies(content) else repr(evaluated(text))
            case Omitted():
                raise AssertionError("omitted slots are dropped when the skeleton is parsed")

    def inline(self, node: Node) -> str:
        """Return an expression for what becomes part of a text."""
        return self._inline.expression(node)

    def varies(self, node: Node) -> bool:
        """Return whether anything in a node depends on ``v``."""
        return any(self._is_open(number) for number in _slots_in(node))

    def _is_open(self, number: int) -> bool:
        return self._open is None or number in self._open

    def _apart(self, node: Node) -> str:
        """Return the expression for a part that is the same each time; empty for any other."""
        if not self._sets_apart or self.varies(node):
            return ""
        self.parts.append(self.inline(node))
        return f"k[{len(self.parts) - 1}]"

    def _slot(self, index: int) -> str:
        if self._values is not None:
            return self._known(self._values[index])
        # A YAML alias can name a slot twice; the second place gets a container of its own.
        if self._sets_apart and index in self._used:
            return f"c(v[{index}])"
        self._used.add(index)
        return f"v[{index}]"

    def _known(self, value: Any) -> str:
        if not (self._sets_apart and value and isinstance(value, (dict, list))) or _has_blank(value):
            return _value_expression(value)
        self.parts.append(repr(value))
        return f"k[{len(self.parts) - 1}]"

    def _text(self, parts: Iterable[str | Slot]) -> str:
        return _joined([repr(part) if isinstance(part, str) else self._text_of(part) for part in parts])

    def _text_of(self, slot: Slot) -> str:
        text = f"t({self._slot(slot.number)}, {slot.number})"
        return text if self._is_open(slot.number) else repr(evaluated(text))

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
            self._put(f"y({self._writer.inline(content)})", content)
            self._flush()
            return self._parts
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
            keys = ", ".join(f"({self._writer.inline(key)}, None)" for key, _ in node.entries)
            self._put(f"e({slots[0]}, {keys})", *(key for key, _ in node.entries))

    def _entry(self, start: str, key: Const | Text, value: Node, indent: int) -> None:
        self._text.append(start)
        if isinstance(key, Const):
            self._text.append(documents.key_text(key.value, " " * indent))
        else:
            self._put(f"h({self._writer.inline(key)}, {indent})", key)
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
            self._put(f"j({self._writer.inline(node)})", node)
        self._text.append("\n")

    def _put(self, expression: str, *nodes: Node) -> None:
        """Add the text that an expression of these nodes is: now, if it is the same each time."""
        if not any(map(self._writer.varies, nodes)):
            self._text.append(evaluated(expression))
            return
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


def _slots_in(node: Node) -> Iterator[int]:
    """Yield the slots that a node depends on."""
    match node:
        case Slot(number):
            yield number
        case Text(parts):
            yield from (part.number for part in parts if isinstance(part, Slot))
        case Seq(items):
            for item in items:
                yield from _slots_in(item)
        case Map(merged, entries):
            for below in (*merged, *(node for entry in entries for node in entry)):
                yield from _slots_in(below)
        case Nested(_, content):
            yield from _slots_in(content)


def _has_blank(value: Any) -> bool:
    if isinstance(value, dict):
        return any(map(_has_blank, value.values()))
    return any(map(_has_blank, value)) if isinstance(value, list) else isinstance(value, Blank)


def _value_expression(value: Any) -> str:
    """Return the Python expression for a form's value, in which ``v`` are the texts."""
    if isinstance(value, Blank):
        return _joined([f"v[{part}]" if isinstance(part, int) else repr(part) for part in value.parts])
    if isinstance(value, dict):
        return f"{{{', '.join(f'{key!r}: {_value_expression(item)}' for key, item in value.items())}}}"
    if isinstance(value, list):
        return f"[{', '.join(map(_value_expression, value))}]"
    return repr(value)


def evaluated(expression: str) -> Any:
    """Return what an expression is in which no values have a say. Raises MisfitError, as a fill does."""
    return eval(expression, dict(_SCOPE))  # noqa: S307 - made of repr()s


def _joined(parts: list[str]) -> str:
    if len(parts) == 1:
        return parts[0]
    return f'"".join(({", ".join(parts)}))' if parts else "''"


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
    "e": _checked,
    "h": _key,
    "j": documents.flow,
    "m": _mapping,
    "p": _pretty,
    "t": _text,
    "u": _unique,
    "y": documents.dump,
}
