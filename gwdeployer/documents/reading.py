"""Reading YAML streams: events of PyYAML's parser, composed under our rules."""

from __future__ import annotations

import json
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

from gwdeployer.documents.scalars import resolve, resolve_tagged
from gwdeployer.errors import DocumentError, Fault

#: Deepest nesting of one document; real manifests stay below 30.
MAX_DEPTH = 100
#: Most nodes that the aliases of one document may expand to: a "billion laughs" file ends here.
MAX_ALIASED_NODES = 50_000

_PARSER = getattr(yaml, "CLoader", yaml.Loader)
_MARKER = re.compile(r"^(?:---|\.\.\.)(?=\s|$)", re.MULTILINE)

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
        document = json_document(part)
        try:
            document = Loader(part, source, first_line).load() if document is None else document
        except DocumentError as error:
            yield error
        else:
            if document is not None:
                yield document


def json_document(text: str) -> Any:
    """Return a mapping or list in JSON; None where ``text`` is none that we accept.

    JSON is YAML but for its surrogate pairs. What is wrong with it, YAML's reader says, with the line.
    """
    if text.lstrip()[:1] not in ("{", "["):
        return None
    try:
        found = json.loads(text, object_pairs_hook=_unique, parse_int=resolve, parse_float=resolve)
        if "\\u" in text:
            json.dumps(found, ensure_ascii=False).encode()  # refuses half a surrogate pair
    except (ValueError, RecursionError):
        return None
    return found if _is_shallow(found, MAX_DEPTH) else None


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a key appears twice")
    return found


def _is_shallow(value: Any, depth: int) -> bool:
    if not isinstance(value, (dict, list)):
        return True
    items = value.values() if isinstance(value, dict) else value
    return depth >= 0 and all(_is_shallow(item, depth - 1) for item in items)


def split_documents(stream: str) -> Iterator[tuple[int, str]]:
    """Yield first line and text of each document, split at lines of ``---`` and ``...``.

    Each can then be read alone, so that a broken one spares the others. (YAML lets neither line stand inside
    a document, not even in a block of text.) Directives (``%YAML 1.2``) stay with the document they precede.
    """
    line, start = 1, 0
    for marker in _MARKER.finditer(stream):
        part = stream[start : marker.start()]
        if marker.group() == "---" and _is_directives(part):
            continue
        yield line, part
        line += part.count("\n")
        start = marker.end()
    yield line, stream[start:]


def _is_directives(text: str) -> bool:
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    return bool(lines) and all(line.startswith("%") for line in lines)


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
            return self._document()
        except yaml.reader.ReaderError as error:
            character = error.character if isinstance(error.character, int) else ord(error.character)
            self.fail(None, f"is not YAML: {error.reason} (character #x{character:04x})")
        except yaml.MarkedYAMLError as error:
            line = error.problem_mark.line if error.problem_mark else 0
            self.fail_at(line, f"is not YAML: {error.problem}")
        except UnicodeEncodeError as error:
            self.fail_at(self._text.count("\n", 0, error.start), "is not YAML: half of a surrogate pair")

    def _document(self) -> T | None:
        self._next = _PARSER(self._text).get_event
        self._next()  # the stream's start
        if isinstance(self._next(), StreamEndEvent):
            return None
        node = self._node(self._next(), 0)
        self._end()
        return node

    def _end(self) -> None:
        """Refuse what follows the document's root: left unread, it would be lost without a word."""
        self._next()  # the document's end
        event = self._next()
        if not isinstance(event, StreamEndEvent):
            self.fail(event, "another document begins here", "put a line --- before it")

    def fail(self, event: Event | None, message: str, hint: str = "") -> NoReturn:
        """Raise a DocumentError for the line on which ``event`` begins."""
        mark = event.start_mark if event is not None else None
        self.fail_at(mark.line if mark is not None else 0, message, hint)

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
        known = self._anchors.get(str(event.anchor))
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


def copy(value: Any) -> Any:
    """Return a deep copy of JSON data (several times faster than ``copy.deepcopy``)."""
    kind = value.__class__
    if kind is dict:
        return {key: copy(item) for key, item in value.items()}
    if kind is list:
        return [copy(item) for item in value]
    return value
