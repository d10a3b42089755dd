"""YAML as Kubernetes reads it, and as kubectl prints it.

PyYAML's own loaders would not do: they read ``12:30:45`` as 45045, ``2024-01-01`` as a date and ``y`` as a
string, keep the last of two duplicate keys and expand aliases without bound. kubectl and Helm read YAML with
go-yaml v2 and turn it into JSON; this module does the same on top of PyYAML's parser (libyaml's where it is
built in), and refuses what can only be a mistake: duplicate keys, keys without a value as text, documents
nested or aliased beyond any honest use.

Source of the scalar rules: ``resolve.go`` of go-yaml v2, and the conversion to JSON of ``sigs.k8s.io/yaml``.
"""

from __future__ import annotations

import base64
import binascii
import math
import re
from collections.abc import Iterator
from typing import Any, Generic, NoReturn, TypeVar

import yaml
from yaml.events import (
    AliasEvent,
    Event,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
    StreamEndEvent,
)

from gwdeployer.errors import DocumentError, Fault, shown

#: Deepest nesting of one document; real manifests stay below 30.
MAX_DEPTH = 100
#: Most nodes that the aliases of one document may expand to: a "billion laughs" file ends here.
MAX_ALIASED_NODES = 50_000

_PARSER = getattr(yaml, "CLoader", yaml.Loader)
_SEPARATOR = re.compile(r"^---(?=\s|$)", re.MULTILINE)
_NULLS = frozenset(("", "~", "null", "Null", "NULL"))
_TRUE = frozenset("y Y yes Yes YES true True TRUE on On ON".split())
_FALSE = frozenset("n N no No NO false False FALSE off Off OFF".split())
_INFINITE = re.compile(r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_INT = re.compile(r"([-+]?)(?:0[xX]([0-9a-fA-F]+)|0[oO]?([0-7]+)|0[bB]([01]+)|(0|[1-9][0-9]*))")
# Go marshals a float below this without an exponent, so that JSON readers see an integer.
_GO_EXPONENT = 1e21
_TAG = "tag:yaml.org,2002:"

T = TypeVar("T")


def load_all(text: str | bytes, *, source: str = "") -> list[Any]:
    """Return the documents of a YAML (or JSON) stream as JSON data; empty documents are left out.

    Raises DocumentError with every faulty document's fault, each naming ``source`` and the line. A fault in
    one document does not hide those of the others: see :func:`load_each`.
    """
    documents: list[Any] = []
    faults: list[Fault] = []
    for result in load_each(text, source=source):
        if isinstance(result, DocumentError):
            faults += result.faults
        else:
            documents.append(result)
    if faults:
        raise DocumentError(faults)
    return documents


def load_each(text: str | bytes, *, source: str = "") -> Iterator[Any]:
    """Yield each document of a stream as JSON data, or the DocumentError that it is."""
    try:
        stream = text.decode("utf-8-sig") if isinstance(text, bytes) else text.removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        yield DocumentError(
            Fault(f"is not UTF-8 text ({error.reason} at byte {error.start})", subject=source)
        )
        return
    for first_line, part in split_documents(stream):
        try:
            document = Loader(part, source, first_line).load()
        except DocumentError as error:
            yield error
        else:
            if document is not None:
                yield document


def split_documents(stream: str) -> Iterator[tuple[int, str]]:
    """Yield first line and text of each document, split at ``---`` lines as kubectl splits them.

    Each can then be read alone, so that a broken one spares the others.
    """
    line, start = 1, 0
    for separator in _SEPARATOR.finditer(stream):
        yield line, stream[start : separator.start()]
        line += stream.count("\n", start, separator.start())
        start = separator.end()
    yield line, stream[start:]


class Composer(Generic[T]):
    """Walks the YAML events of one document and builds nodes of type ``T`` from them.

    A subclass says what a scalar, a sequence and a mapping become. Aliases are bounded here, for all.
    """

    def __init__(self, text: str, source: str = "", first_line: int = 1) -> None:
        """Read one document; ``first_line`` is the line of ``source`` on which it begins."""
        self._source = source
        self._first_line = first_line
        self._anchors: dict[str, tuple[T, int]] = {}
        self._nodes = 0
        self._aliased = 0
        self._text = text

    def scalar(self, event: ScalarEvent) -> T:
        """Return the node for a scalar."""
        raise NotImplementedError

    def sequence(self, items: list[T], event: SequenceStartEvent) -> T:
        """Return the node for a sequence."""
        raise NotImplementedError

    def mapping(self, pairs: list[tuple[T, T, Event]], event: MappingStartEvent) -> T:
        """Return the node for a mapping; each pair comes with the event of its key."""
        raise NotImplementedError

    def alias(self, node: T) -> T:
        """Return what an alias of ``node`` becomes: by default the node itself."""
        return node

    def load(self) -> T | None:
        """Return the node of the document; None where there is none."""
        try:
            parser = _PARSER(self._text)
            self._next = parser.get_event
            self._next()  # the stream's start
            if isinstance(self._next(), StreamEndEvent):
                return None
            return self._node(self._next(), 0)
        except yaml.reader.ReaderError as error:
            character = error.character if isinstance(error.character, int) else ord(error.character)
            self.fail(None, f"is not YAML: {error.reason} (character #x{character:04x})")
        except yaml.MarkedYAMLError as error:
            line = error.problem_mark.line if error.problem_mark else 0
            self.fail_at(line, f"is not YAML: {error.problem}")
        return None

    def fail(self, event: Event | None, message: str, hint: str = "") -> NoReturn:
        """Raise a DocumentError for the line on which ``event`` begins."""
        self.fail_at(event.start_mark.line if event is not None else 0, message, hint)

    def fail_at(self, line: int, message: str, hint: str = "") -> NoReturn:
        """Raise a DocumentError for a line, counted from ``first_line`` as 0."""
        place = f"{self._source or 'document'}:{self._first_line + line}"
        raise DocumentError(Fault(message, subject=place, hint=hint))

    def _node(self, event: Event, depth: int) -> T:
        if depth > MAX_DEPTH:
            self.fail(event, f"is nested deeper than {MAX_DEPTH} levels")
        if isinstance(event, AliasEvent):
            return self._aliased_node(event)
        before = self._nodes + self._aliased
        self._nodes += 1
        node = self._composed(event, depth)
        if event.anchor:  # type: ignore[attr-defined]
            self._anchors[event.anchor] = node, self._nodes + self._aliased - before  # type: ignore[attr-defined]
        return node

    def _composed(self, event: Event, depth: int) -> T:
        if isinstance(event, ScalarEvent):
            return self.scalar(event)
        if isinstance(event, SequenceStartEvent):
            items: list[T] = []
            while not isinstance(item := self._next(), SequenceEndEvent):
                items.append(self._node(item, depth + 1))
            return self.sequence(items, event)
        pairs: list[tuple[T, T, Event]] = []
        while not isinstance(key := self._next(), MappingEndEvent):
            pairs.append((self._node(key, depth + 1), self._node(self._next(), depth + 1), key))
        return self.mapping(pairs, event)  # type: ignore[arg-type]

    def _aliased_node(self, event: AliasEvent) -> T:
        known = self._anchors.get(event.anchor)
        if known is None:
            self.fail(event, f"alias *{event.anchor} names no anchor before it")
        node, size = known
        self._aliased += size
        if self._aliased > MAX_ALIASED_NODES:
            self.fail(event, f"aliases expand to more than {MAX_ALIASED_NODES} nodes", "write the values out")
        return self.alias(node)


class Loader(Composer[Any]):
    """Builds JSON data: ``dict`` with string keys, ``list``, ``str``, ``int``, ``float``, ``bool``, None."""

    def scalar(self, event: ScalarEvent) -> Any:
        """Resolve a scalar by go-yaml's rules; quoted and block scalars are text."""
        try:
            return resolve_tagged(event.value, event.tag, plain=event.implicit[0])
        except ValueError as error:
            self.fail(event, str(error))

    def sequence(self, items: list[Any], event: SequenceStartEvent) -> Any:
        """Return the items."""
        return items

    def mapping(self, pairs: list[tuple[Any, Any, Event]], event: MappingStartEvent) -> Any:
        """Return a dict; keys become text, merge keys (``<<``) are resolved, duplicates refused."""
        result: dict[str, Any] = {}
        merged: list[Any] = []
        for key, value, at in pairs:
            if key == "<<" and isinstance(at, ScalarEvent) and at.implicit[0]:
                merged += value if isinstance(value, list) else [value]
                continue
            name = self._key(key, at)
            if name in result:
                self.fail(at, f"key {name!r} appears twice in one mapping", "remove one of the two")
            result[name] = value
        for source in merged:
            if not isinstance(source, dict):
                self.fail(event, "a merge key (<<) needs a mapping or a list of mappings")
            result = {**{name: copy(value) for name, value in source.items()}, **result}
        return result

    def alias(self, node: Any) -> Any:
        """Copy, so that no two places of a document share a container."""
        return copy(node)

    def _key(self, key: Any, event: Event) -> str:
        if key is None or isinstance(key, (dict, list)):
            self.fail(event, "a key must be text", "quote it")
        if isinstance(key, bool):
            return "true" if key else "false"
        return str(key)


def resolve_tagged(text: str, tag: str | None, *, plain: bool) -> Any:
    """Return what a scalar means, obeying YAML's own tags; other tags are ignored, as Go ignores them.

    Raises ValueError, in words for the user, where a tag contradicts the text or JSON has no such value.
    """
    if tag is None or not tag.startswith(_TAG):
        return resolve(text) if plain else text
    if tag == _TAG + "binary":
        try:
            return base64.b64decode(text, validate=False).decode()
        except (binascii.Error, UnicodeDecodeError) as error:
            raise ValueError("!!binary does not hold text in base64") from error
    return text if tag == _TAG + "str" else resolve(text)


def resolve(text: str) -> Any:
    """Return what the plain scalar ``text`` means to kubectl and Helm.

    Integral floats become ints (``1e3`` is 1000), as they do on the way through JSON in Go.
    Raises ValueError for infinities and NaN, which JSON does not have.
    """
    if text in _NULLS:
        return None
    if text in _TRUE:
        return True
    if text in _FALSE:
        return False
    if text[0] not in "+-.0123456789":
        return text
    if _INFINITE.fullmatch(text):
        raise ValueError(f"{text} is not a number JSON can hold")
    number = text.replace("_", "")
    return _integer(number) if _INT.fullmatch(number) else _float(number, text)


def _integer(number: str) -> int:
    match = _INT.fullmatch(number)
    assert match is not None
    sign, hexadecimal, octal, binary, decimal = match.groups()
    for digits, base in ((decimal, 10), (hexadecimal, 16), (octal, 8), (binary, 2)):
        if digits:
            return int(sign + digits, base)
    raise AssertionError(number)


def _float(number: str, text: str) -> float | int | str:
    if not _FLOAT.fullmatch(number):
        return text
    value = float(number)
    if math.isinf(value):
        raise ValueError(f"{text} is not a number JSON can hold")
    return int(value) if value.is_integer() and abs(value) < _GO_EXPONENT else value


def copy(value: Any) -> Any:
    """Return a deep copy of JSON data (several times faster than ``copy.deepcopy``)."""
    kind = value.__class__
    if kind is dict:
        return {key: copy(item) for key, item in value.items()}
    if kind is list:
        return [copy(item) for item in value]
    return value


# --- Writing --------------------------------------------------------------------------------------------

_PLAIN = re.compile(r"[A-Za-z_/$(][A-Za-z0-9_./$()=+~%@^-]*(?:[ :,][A-Za-z0-9_./$()=+~%@^-]+)*")
_QUANTITY = re.compile(r"[0-9]+(\.[0-9]+)?(m|[kMGTPE]i?|s|ms|h|%)|[0-9]+(\.[0-9]+){2,3}(/[0-9]+)?")
_WORDS = _NULLS | _TRUE | _FALSE
_UNPRINTABLE = re.compile(
    r"[^\n\t\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]"
)
_ESCAPED = re.compile(r'["\\\n\t]|' + _UNPRINTABLE.pattern)
_SHORT_ESCAPES = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t"}


def dump_all(documents: list[Any]) -> str:
    """Return a YAML stream of the documents, ``---`` between them."""
    return "---\n".join(dump(document) for document in documents)


def dump(value: Any) -> str:
    """Return JSON data as block YAML that every YAML 1.1 and 1.2 reader reads back as the same data.

    Keys keep their order; text of several lines is written as a literal block. Ends with a line break.
    """
    lines: list[str] = []
    write_block(lines, value, 0, "")
    return "\n".join(lines) + "\n"


def write_block(lines: list[str], value: Any, indent: int, lead: str) -> None:
    """Append ``value`` in block style; ``lead`` is what stands before it on its first line."""
    pad = " " * indent
    if value.__class__ is dict and value:
        for position, (key, item) in enumerate(value.items()):
            start = lead if lead and position == 0 else pad
            _write_entry(lines, start + scalar_text(key) + ":", item, indent)
    elif value.__class__ is list and value:
        for position, item in enumerate(value):
            start = lead if lead and position == 0 else pad
            write_block(lines, item, indent + 2, start + "- ")
    else:
        lines.append(lead + leaf_text(value, indent))


def _write_entry(lines: list[str], start: str, item: Any, indent: int) -> None:
    if item.__class__ is dict and item:
        lines.append(start)
        write_block(lines, item, indent + 2, "")
    elif item.__class__ is list and item:
        lines.append(start)
        write_block(lines, item, indent, "")
    else:
        lines.append(f"{start} {leaf_text(item, indent + 2)}")


def leaf_text(value: Any, indent: int) -> str:
    """Return what follows ``key: `` for a scalar or an empty container; ``indent`` is for literal blocks."""
    if value.__class__ is str and "\n" in value and _is_literal(value):
        return _literal(value, indent)
    if value == {} and isinstance(value, dict):
        return "{}"
    if value == [] and isinstance(value, list):
        return "[]"
    return scalar_text(value)


def scalar_text(value: Any) -> str:
    """Return one scalar as flow YAML: plain where that is safe, else in double quotes (valid JSON, too).

    Raises TypeError for what JSON cannot hold.
    """
    if value.__class__ is str:
        return value if _is_plain(value) else quote(value)
    if value is None:
        return "null"
    if value is True:
        return "true"
    if value is False:
        return "false"
    if isinstance(value, (int, float)) and math.isfinite(value):
        return repr(value)
    raise TypeError(f"{shown(value)} is not JSON data")


def quote(text: str) -> str:
    """Return ``text`` as a double-quoted scalar that JSON and YAML readers both read back exactly."""
    return f'"{_ESCAPED.sub(_escape, text)}"'


def escape_unprintable(json_text: str) -> str:
    """Return JSON text with the characters that YAML cannot show escaped (line breaks are kept)."""
    return _UNPRINTABLE.sub(_escape, json_text)


def _escape(match: re.Match[str]) -> str:
    character = match.group()
    return _SHORT_ESCAPES.get(character) or f"\\u{ord(character):04x}"


def _is_plain(text: str) -> bool:
    if _PLAIN.fullmatch(text):
        return text not in _WORDS
    return bool(_QUANTITY.fullmatch(text))


def _is_literal(text: str) -> bool:
    first = text.lstrip("\n")[:1]
    return bool(first) and first not in " \t" and not _UNPRINTABLE.search(text)


def _literal(text: str, indent: int) -> str:
    body = text.rstrip("\n")
    trailing = len(text) - len(body)
    chomping = "-" if trailing == 0 else "" if trailing == 1 else "+"
    pad = " " * indent
    lines = [pad + line if line else "" for line in body.split("\n")]
    return "\n".join([f"|{chomping}", *lines, *[""] * (trailing - 1)])
