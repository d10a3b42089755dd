"""Objects out of the JSON that API servers send, with what is known already left as it is.

``managedFields`` is half of an object's text, and the same text in every object that is managed alike, but
for times and UIDs. So it is decoded in parts, and a part that has been seen before is not decoded again: all
objects share the one that is known. That saves half of the time, and half of the memory.

What is in managedFields is therefore for reading only.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any, Literal, NamedTuple, TypeAlias

import msgspec
from msgspec import Raw
from msgspec.json import Decoder

from gwdeployer.objects import Object

#: What text raises that is no JSON, or not of the form that is asked for; and of these, the latter.
Unreadable = msgspec.DecodeError
Misfit = msgspec.ValidationError

Happened: TypeAlias = Literal["ADDED", "MODIFIED", "DELETED", "BOOKMARK", "ERROR"]
_Undecoded: TypeAlias = dict[str, Raw]
_anything = msgspec.json.decode
_object = Decoder(Object).decode
_map = Decoder(_Undecoded).decode
_entries = Decoder(list[_Undecoded]).decode
#: So many different parts are known at once.
_PARTS = 8192


class Page(NamedTuple):
    """One page of a list: its objects, and what its metadata says."""

    items: list[Object]
    metadata: Mapping[str, Any]


class _List(msgspec.Struct):
    items: list[Raw] | None = None
    metadata: dict[str, Any] | None = None


class _Event(msgspec.Struct):
    type: Happened
    object: Raw


_list = Decoder(_List).decode
_event = Decoder(_Event).decode


def object_in(text: bytes | Raw) -> Object:
    """Return the object that a text is. Raises :data:`Unreadable`. Cost: some 15 µs."""
    try:
        return _decoded(_map(text))
    except Misfit:  # not all of it is of the form that objects have
        return _object(text)


def page_in(text: bytes) -> Page:
    """Return the page of a list that a text is. Raises :data:`Unreadable`."""
    page = _list(text)
    return Page([object_in(item) for item in page.items or ()], page.metadata or {})


def event_in(text: bytes, known: Callable[[Raw], Object | None]) -> tuple[Happened, Object]:
    """Return what a watch tells in a line: what happened, and to which object. Raises Unreadable.

    ``known`` may know the object that a text is already.
    """
    event = _event(text)
    return event.type, known(event.object) or object_in(event.object)


def _decoded(parts: _Undecoded) -> Object:
    return {name: _metadata(part) if name == "metadata" else _anything(part) for name, part in parts.items()}


def _metadata(text: Raw) -> Any:
    parts = _map(text)
    managed = parts.pop("managedFields", None)
    metadata: Object = {name: _anything(part) for name, part in parts.items()}
    if managed is not None:
        metadata["managedFields"] = [_entry(entry) for entry in _entries(managed)]
    return metadata


def _entry(parts: _Undecoded) -> Object:
    entry: Object = {}
    for name, part in parts.items():
        if name == "fieldsV1":
            entry[name] = _fields(_map(part))
        else:
            entry[name] = _anything(part) if name == "time" else _known(bytes(part))
    return entry


def _fields(parts: _Undecoded) -> Object:
    # The owner's UID is among the metadata's fields: so what is in them is shared part by part.
    return {
        name: {inner: _known(bytes(text)) for inner, text in _map(part).items()}
        if name == "f:metadata"
        else _known(bytes(part))
        for name, part in parts.items()
    }


@lru_cache(maxsize=_PARTS)
def _known(text: bytes) -> Any:
    return _anything(text)
