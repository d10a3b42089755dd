"""What our own writes were answered with: a watch tells the same states again, and they are known by then."""

from __future__ import annotations

import threading
from collections import OrderedDict

import msgspec
from msgspec import Raw
from msgspec.json import Decoder

from gwdeployer.objects import Object

#: So many answers wait for a watch to tell of them: that takes milliseconds. Of most kinds none does.
_WAITING = 128


class _Metadata(msgspec.Struct, frozen=True):
    uid: str
    resourceVersion: str  # noqa: N815 - as the API names it


class _State(msgspec.Struct, frozen=True):
    """Which object, and which state of it, in the form that a version of its kind gives it."""

    apiVersion: str  # noqa: N815 - as the API names it
    kind: str
    metadata: _Metadata


_state = Decoder(_State).decode


class OwnWrites:
    """The answers to writes, each until a watch tells of the state that it has. Thread-safe."""

    def __init__(self) -> None:
        """Nothing was written."""
        self._lock = threading.Lock()
        self._answers: OrderedDict[_State, Object] = OrderedDict()

    def note(self, answered: Object) -> None:
        """Remember what a write was answered with."""
        try:
            state = msgspec.convert(answered, _State)
        except msgspec.ValidationError:
            return  # not an object
        with self._lock:
            self._answers[state] = answered
            if len(self._answers) > _WAITING:
                self._answers.popitem(last=False)

    def told(self, text: Raw) -> Object | None:
        """Return the object, as it was answered, of which a watch tells in ``text``; None: that is news."""
        if not self._answers:
            return None
        try:
            state = _state(text)
        except msgspec.ValidationError:
            return None
        with self._lock:
            return self._answers.pop(state, None)
