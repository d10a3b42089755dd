"""Watching: the changes to a kind's objects as they happen, for whoever asks from a revision on.

Sources: ``k8s.io/apiserver``, ``pkg/endpoints/handlers/watch.go`` and ``pkg/storage/cacher``. What cannot be
watched any more is told by an event of type ERROR in a stream that began with 200.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

from gwdeployer.objects import Object
from gwdeployer.testing.apiserver import statuses
from gwdeployer.testing.apiserver.content import encoded
from gwdeployer.testing.apiserver.options import list_options, revision_of
from gwdeployer.testing.apiserver.selectors import Selects
from gwdeployer.testing.apiserver.state import Call, State
from gwdeployer.testing.apiserver.storage import Change, Forgotten

#: Seconds between bookmarks, and how long a watch lasts unless the client says.
BOOKMARK_EVERY = 60.0
_LASTS = 1800.0
_INITIAL_END = {"k8s.io/initial-events-end": "true"}

#: Brings an object into the form that the client wants.
Shape = Callable[[Object], Object]


class Watch:
    """One stream of events; iterate it once for its lines. ``stop`` ends it before its time."""

    def __init__(self, state: State, call: Call, shape: Shape) -> None:
        """Read the options of the request. Raises StatusError where they make no sense."""
        self._state, self._call, self._shape = state, call, shape
        self._options = options = list_options(call.query, watch=True)
        fields = options.field_selector
        if call.target.name and "metadata.name" not in fields:
            fields = ",".join(filter(None, (fields, f"metadata.name={call.target.name}")))
        self._selects = call.selection(options.label_selector, fields)
        self._within = call.namespace and f"{call.namespace}/"
        self._last_word: bytes | None = None
        self._cursor = state.storage.cursor(call.key("x").resource, revision_of(options.resource_version))

    def stop(self, *, expired: bool = False) -> None:
        """End the stream at once, as one that lasted long enough or with an ERROR event of code 410."""
        too_old = Forgotten(self._cursor.revision, self._state.storage.revision)
        self._last_word = _line("ERROR", _too_old(too_old).status) if expired else b""
        self._state.storage.wake()

    def __iter__(self) -> Iterator[bytes]:
        """Yield events as lines of JSON until time is up, or the server stops."""
        yield self._initial()
        try:
            yield from self._following()
        except Forgotten as error:
            yield _line("ERROR", _too_old(error).status)
        yield self._last_word or b""

    def _following(self) -> Iterator[bytes]:
        now = time.monotonic()
        ends, bookmark = now + (self._options.timeout or _LASTS), now + BOOKMARK_EVERY
        while now < ends and not self._is_over():
            yield self._events(self._cursor.wait(min(ends, bookmark) - now, self._is_over))
            now = time.monotonic()
            if now >= bookmark:
                bookmark += BOOKMARK_EVERY
                yield self._bookmark()

    def _is_over(self) -> bool:
        return self._last_word is not None or self._state.storage.closed

    def _initial(self) -> bytes:
        """Return what is there already, where the client wants that."""
        if not self._options.initial_events:
            self._cursor.revision = self._cursor.revision or self._state.storage.revision
            return b""
        snapshot = self._state.storage.snapshot(self._call.key("x").resource)
        self._cursor.revision = snapshot.revision
        lines = [
            _line("ADDED", self._form(obj))
            for place, obj in snapshot.objects.items()
            if place.startswith(self._within) and _selected(self._selects, obj)
        ]
        return b"".join([*lines, self._bookmark(_INITIAL_END)])

    def _events(self, changes: list[Change]) -> bytes:
        return b"".join(self._event(change) for change in changes if change.place.startswith(self._within))

    def _event(self, change: Change) -> bytes:
        """Return what a change means to this watch: objects come and go with the selector, too."""
        was = change.before is not None and _selected(self._selects, change.before)
        if change.after is not None and _selected(self._selects, change.after):
            return _line("MODIFIED" if was else "ADDED", self._form(change.after))
        if change.before is None or not was:
            return b""
        meta = change.before["metadata"] | {"resourceVersion": str(change.revision)}
        return _line("DELETED", self._form(change.before | {"metadata": meta}))

    def _bookmark(self, annotations: Object | None = None) -> bytes:
        if not self._options.bookmarks:
            return b""
        meta: Object = {"resourceVersion": str(self._cursor.revision)}
        meta |= {"annotations": annotations} if annotations else {}
        return _line("BOOKMARK", self._shape(self._call.kind.empty | {"metadata": meta}))

    def _form(self, obj: Object) -> Object:
        return self._shape(self._call.in_version(obj))


def _too_old(error: Forgotten) -> statuses.StatusError:
    return statuses.expired(f"too old resource version: {error.revision} ({error.oldest})")


def _selected(selects: Selects | None, obj: Object) -> bool:
    return selects is None or selects(obj)


def _line(kind: str, obj: Object) -> bytes:
    return encoded({"type": kind, "object": obj}) + b"\n"
