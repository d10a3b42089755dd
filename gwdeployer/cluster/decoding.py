"""Objects out of the JSON that API servers send, with what is known already left as it is.

``managedFields`` is half of an object's text, and the same text in every object that is managed alike, but
for times and UIDs. So it is decoded in parts, and a part that has been seen before is not decoded again: all
objects share the one that is known. That saves half of the time, and half of the memory.

What is in managedFields is therefore for reading only. All else can be decoded like that, too, for a cache:
objects of many owners have most of their parts in common.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from functools import lru_cache, partial
from sys import getrefcount, intern
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
_parts = Decoder(list[Raw]).decode
_OPENING = b"{["
_MAP = _OPENING[0]
#: So many different parts are known at once: those that were met last. What is longer than so many bytes is
#: decoded part by part, and what is shorter is not worth a look.
_KNOWN = 4096
_LONG, _SHORT = 384, 32
#: What the children of one owner have in common, and nobody else's.
_OF_SIBLINGS = frozenset({"labels", "ownerReferences"})
#: So many texts may be held before it is looked whether anybody else holds what they were decoded to.
_ROOM = 1024
_ALONE = 2  # references: the one that is held, and that of who counts
#: In a set of fields that names the owner.
_NAMES_THE_OWNER = b'"f:ownerReferences"'


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


class _Entry(msgspec.Struct, forbid_unknown_fields=True):
    """An entry of managedFields as API servers write them. When that was is nothing that a cache needs."""

    manager: str
    operation: str
    apiVersion: str  # noqa: N815 - the API's name, as are those below
    fieldsType: str  # noqa: N815
    fieldsV1: Raw  # noqa: N815
    time: str | None = None
    subresource: str | None = None


class Held:
    """What texts were decoded to. What nobody else holds goes once it is looked for. Safe for threads.

    For what the children of one owner have in common: they are of several kinds, and a list has all of one
    kind, so of some thousands that were met last none would be met again where owners are more.
    """

    def __init__(self, decode: Callable[[bytes], Any]) -> None:
        """Hold nothing."""
        self._decode = decode
        self._held: dict[bytes, Any] = {}
        self._room = _ROOM
        self._lock = threading.Lock()

    def __call__(self, text: bytes) -> Any:
        """Return what a text is, for reading only. Raises :data:`Unreadable`."""
        known = self._held.get(text)
        return self._taken(text) if known is None else known

    def __len__(self) -> int:
        """Return how many are held: at most twice as many as others held at the last look, or a thousand."""
        return len(self._held)

    def _taken(self, text: bytes) -> Any:
        value = self._decode(text)
        with self._lock:
            known = self._held.get(text)
            if known is not None:  # by now
                return known
            if len(self._held) >= self._room:
                self._let_go()
            self._held[text] = value
        return value

    def _let_go(self) -> None:
        for text in [*self._held]:
            if getrefcount(self._held[text]) <= _ALONE:
                del self._held[text]
        self._room = max(_ROOM, 2 * len(self._held))


_list = Decoder(_List).decode
_event = Decoder(_Event).decode
_usual_entries = Decoder(list[_Entry]).decode


def object_in(text: bytes | Raw, *, shared: bool = False) -> Object:
    """Return the object that a text is. Raises :data:`Unreadable`. Cost: some 20 µs.

    With ``shared`` it is for reading only, all of it: its parts may be those of other objects.
    """
    if shared:
        return _object_in(text, _shared, _shared_metadata)
    return _object_in(text, _anything, _own_metadata)


def page_in(text: bytes, *, shared: bool = False) -> Page:
    """Return the page of a list that a text is. Raises :data:`Unreadable`.

    With ``shared`` its objects are for a cache: their parts may be those of others, and entries of
    managedFields do not say when they were written.
    """
    page = _list(text)
    read = _held_in if shared else object_in
    return Page([read(item) for item in page.items or ()], page.metadata or {})


def event_in(text: bytes, known: Callable[[Raw], Object | None]) -> tuple[Happened, Object]:
    """Return what a watch tells in a line: what happened, and to which object, which is for a cache.

    ``known`` may know the object that a text is already. Raises :data:`Unreadable`.
    """
    event = _event(text)
    return event.type, known(event.object) or _held_in(event.object)


def _held_in(text: bytes | Raw) -> Object:
    return _object_in(text, _shared, _held_metadata)


def _object_in(text: bytes | Raw, decode: Callable[[Raw], Any], metadata: Callable[[Raw], Any]) -> Object:
    try:
        return {
            name: metadata(part)
            if name == "metadata"
            else _anything(part)
            if len(part) <= _SHORT  # most are, and a call for each would cost more than to decode it
            or name == "status"  # with the times at which all this happened
            else decode(part)
            for name, part in _map(text).items()
        }
    except Misfit:  # not all of it is of the form that objects have
        return _object(text)


def _metadata(text: Raw, named: Callable[[bytes], Any], managed: Callable[[Raw], list[Object]]) -> Any:
    """Return what metadata are; ``named`` decodes what names the owner, ``managed`` managedFields."""
    parts = _map(text)
    entries = parts.pop("managedFields", None)
    metadata: Object = {
        name: named(bytes(part)) if name in _OF_SIBLINGS else _anything(part) for name, part in parts.items()
    }
    if entries is not None:
        metadata["managedFields"] = managed(entries)
    return metadata


def _each_as_it_is(text: Raw) -> list[Object]:
    return [
        {name: _fields(_map(part)) if name == "fieldsV1" else _anything(part) for name, part in entry.items()}
        for entry in _entries(text)
    ]


def _managed(text: Raw) -> list[Object]:
    try:
        return [_usual(read) for read in _usual_entries(text)]
    except Misfit:
        return _each_as_it_is(text)


def _usual(read: _Entry) -> Object:
    fields = bytes(read.fieldsV1)
    made = _made if _NAMES_THE_OWNER in fields else _known_entry
    return made(read.manager, read.operation, read.apiVersion, read.fieldsType, read.subresource, fields)


def _made(
    manager: str, operation: str, version: str, fields_type: str, subresource: str | None, fields: bytes
) -> Object:
    # The words are few, and the same in thousands of objects.
    entry: Object = {
        "manager": intern(manager),
        "operation": intern(operation),
        "apiVersion": intern(version),
        "fieldsType": intern(fields_type),
        "fieldsV1": _fields(_map(fields)),
    }
    return entry if subresource is None else {**entry, "subresource": subresource}


def _fields(parts: _Undecoded) -> Object:
    return {
        name: (_fields_of_metadata if name == "f:metadata" else _known)(bytes(part))
        for name, part in parts.items()
    }


def _metadata_fields(text: bytes) -> Object:
    # The owner's UID is among them: all else in them is that of other owners' objects, too.
    return {name: _known(bytes(part)) for name, part in _map(text).items()}


def _shared(part: Raw) -> Any:
    text = bytes(part)
    if text[0] not in _OPENING:
        return _anything(text)
    if len(text) <= _LONG:
        return _known(text)
    if text[0] == _MAP:
        parts = _map(text)
        return {n: _anything(p) if len(p) <= _SHORT else _shared(p) for n, p in parts.items()}
    return [_anything(p) if len(p) <= _SHORT else _shared(p) for p in _parts(text)]


@lru_cache(maxsize=_KNOWN)
def _known(text: bytes) -> Any:
    return _anything(text)


_known_entry = lru_cache(maxsize=_KNOWN)(_made)
_known_to_siblings = Held(_anything)
_fields_of_metadata = Held(_metadata_fields)
_own_metadata = partial(_metadata, named=_anything, managed=_each_as_it_is)
_shared_metadata = partial(_metadata, named=_known_to_siblings, managed=_each_as_it_is)
_held_metadata = partial(_metadata, named=_known_to_siblings, managed=_managed)
