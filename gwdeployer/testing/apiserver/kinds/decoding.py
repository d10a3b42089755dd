"""JSON to one of the API server's own types and back: what of a body is kept, and in which form.

The server decodes a body into a Go struct and prints the struct. So quantities, times and base64 get their
one form, a null is nothing, an empty value of a field with ``omitempty`` is dropped, a field without it is
always there, and unknown fields are dropped. Unknown fields and values of a wrong type are told in the
words of ``sigs.k8s.io/json``.
"""

from __future__ import annotations

import base64
import copy
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from gwdeployer.objects.quantities import canonical_quantity
from gwdeployer.objects.types import FieldInfo, TypeInfo, type_info
from gwdeployer.testing.apiserver.kinds.go_types import GoType, go_type
from gwdeployer.testing.apiserver.kinds.times import canonical_micro_time, canonical_time

_RANGES = {"int32": 2**31, "int64": 2**63}


@dataclass(slots=True)
class Decoded:
    """The value in canonical form, the unknown fields (``unknown field "spec.x"``), the first wrong type."""

    value: Any = None
    unknown: list[str] = field(default_factory=list)
    mismatch: str = ""


def decoded(type_name: str, value: Any, *, keep_empty: bool = True) -> Decoded:
    """Return ``value`` as the server decodes and prints it; nothing of the input is aliased.

    A wrong type is told in ``mismatch`` as Go's decoder tells it (the first in document order) and its field
    left out. An empty list is not yet null, as it will be when it comes back from the storage, unless
    ``keep_empty`` says so; an empty ``managedFields`` says something, and stays as long.
    """
    decoder = _Decoder(keep_empty=keep_empty)
    try:
        result = decoder.struct(type_info(type_name), value, _Place("", "", (), go_type(type_name).name))
    except _Wrong as wrong:
        return Decoded({}, [], str(wrong))
    return Decoded(result, decoder.unknown, decoder.mismatch)


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a value stands: its path with indices, the Go struct around it, its path as Go tells it."""

    path: str
    struct: str
    fields: tuple[str, ...]
    go: str = ""

    def below(self, name: str) -> str:
        return f"{self.path}.{name}" if self.path else name

    def field(self, name: str, struct: GoType) -> _Place:
        go = struct.fields[name].removeprefix("*")
        return _Place(self.below(name), struct.name.rpartition(".")[2], (*self.fields, name), go)

    def item(self, index: int) -> _Place:
        return _Place(f"{self.path}[{index}]", self.struct, self.fields, self.go.removeprefix("[]"))

    def entry(self, key: str) -> _Place:
        return _Place(f"{self.path}.{key}", self.struct, self.fields, self.go.removeprefix("map[string]"))


class _Wrong(Exception):  # noqa: N818 - never leaves the decoder
    """A value of a wrong type; its text is Go's."""


class _Decoder:
    """One pass over one body; collects what is told of it."""

    def __init__(self, *, keep_empty: bool) -> None:
        self.keep_empty = keep_empty
        self.unknown: list[str] = []
        self.mismatch = ""

    def struct(self, info: TypeInfo, value: Any, place: _Place) -> Any:
        if not isinstance(value, Mapping):
            raise _Wrong(_cannot(value, place))
        go, fields = go_type(info.name), info.fields or {}
        result: dict[str, Any] = {}
        for key, item in value.items():
            if key not in go.fields:
                self.unknown.append(f'unknown field "{place.below(key)}"')
            elif item is not None:
                found = self._field(fields[key], item, place.field(key, go))
                if found is not None and (
                    go.is_pointer(key)
                    or not _is_zero(fields[key], found)
                    or self._stays_empty(go, key, found)
                ):
                    result[key] = found
        return {**copy.deepcopy(_missing(go, result)), **result}

    def _stays_empty(self, go: GoType, key: str, found: Any) -> bool:
        prints_empty = isinstance(go.zero, dict) and key in go.zero
        return self.keep_empty and found == [] and (prints_empty or key == "managedFields")

    def _field(self, kind: FieldInfo, item: Any, place: _Place) -> Any:
        try:
            return self.value(kind, item, place)
        except _Wrong as wrong:
            self.mismatch = self.mismatch or str(wrong)
            return None

    def value(self, kind: FieldInfo, value: Any, place: _Place) -> Any:
        if kind.ref:
            info = type_info(kind.ref)
            if info.fields is not None or _is_empty_struct(info):
                return self.struct(info, value, place)
            return self.scalar(info.itself, value, place, info.name)
        if kind.items:
            return self._list(kind.items, value, place)
        if kind.values:
            return self._map(kind.values, value, place)
        return self.scalar(kind, value, place, "")

    def _list(self, items: FieldInfo, value: Any, place: _Place) -> list[Any]:
        if not isinstance(value, (list, tuple)):
            raise _Wrong(_cannot(value, place))
        return [self._inner(items, item, place.item(index)) for index, item in enumerate(value)]

    def _map(self, values: FieldInfo, value: Any, place: _Place) -> dict[str, Any]:
        if not isinstance(value, Mapping):
            raise _Wrong(_cannot(value, place))
        decoded = {key: self._inner(values, item, place.entry(key)) for key, item in value.items()}
        return dict(sorted(decoded.items()))  # Go prints a map by its keys, structs by their fields

    def _inner(self, kind: FieldInfo, value: Any, place: _Place) -> Any:
        if value is None:
            return copy.deepcopy(_zero(kind))
        try:
            return self.value(kind, value, place)
        except _Wrong as wrong:
            self.mismatch = self.mismatch or str(wrong)
            return copy.deepcopy(_zero(kind))

    @staticmethod
    def scalar(kind: FieldInfo, value: Any, place: _Place, name: str) -> Any:
        if name.endswith("MicroTime"):
            return _told(canonical_micro_time, _text(value, place))
        decode = _SCALARS.get(kind.format or kind.type, _anything)
        return decode(kind, value, place)


# Scalars.


def _anything(_kind: FieldInfo, value: Any, _place: _Place) -> Any:
    return copy.deepcopy(value)


def _text(value: Any, place: _Place) -> str:
    if not isinstance(value, str):
        raise _Wrong(_cannot(value, place))
    return value


def _string(_kind: FieldInfo, value: Any, place: _Place) -> str:
    return _text(value, place)


def _boolean(_kind: FieldInfo, value: Any, place: _Place) -> bool:
    if not isinstance(value, bool):
        raise _Wrong(_cannot(value, place))
    return value


def _integer(kind: FieldInfo, value: Any, place: _Place) -> int:
    limit = _RANGES[kind.format or "int64"]
    if isinstance(value, bool) or not isinstance(value, int) or not -limit <= value < limit:
        raise _Wrong(_cannot(value, place, number=True))
    return value


def _number(_kind: FieldInfo, value: Any, place: _Place) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise _Wrong(_cannot(value, place))
    return value


def _int_or_string(_kind: FieldInfo, value: Any, place: _Place) -> int | str:
    if isinstance(value, str):
        return value
    if isinstance(value, bool) or not isinstance(value, int) or not -(2**31) <= value < 2**31:
        raise _Wrong(_cannot(value, replace(place, go="int32"), number=True))
    return value


def _quantity(_kind: FieldInfo, value: Any, _place: _Place) -> str:
    return _told(canonical_quantity, value)


def _time(_kind: FieldInfo, value: Any, _place: _Place) -> str:
    if not isinstance(value, str):
        raise _Wrong(f"json: cannot unmarshal {_json_kind(value)} into Go value of type string")
    return _told(canonical_time, value)


def _base64(_kind: FieldInfo, value: Any, place: _Place) -> str:
    text = re.sub(r"[\r\n]", "", _text(value, place))
    try:
        base64.b64decode(text, validate=True)
    except ValueError:
        position = next(
            (i for i, char in enumerate(text) if not re.match(r"[A-Za-z0-9+/=]", char)), len(text)
        )
        raise _Wrong(f"illegal base64 data at input byte {position}") from None
    return text


def _told(parse: Any, value: Any) -> str:
    try:
        return str(parse(value))
    except ValueError as error:
        raise _Wrong(str(error)) from None


_SCALARS: dict[str, Callable[[FieldInfo, Any, _Place], Any]] = {
    "boolean": _boolean,
    "byte": _base64,
    "date-time": _time,
    "double": _number,
    "int-or-string": _int_or_string,
    "int32": _integer,
    "int64": _integer,
    "integer": _integer,
    "number": _number,
    "quantity": _quantity,
    "string": _string,
}


# Zero values.


def _is_empty_struct(info: TypeInfo) -> bool:
    """Tell a struct that has no field from RawExtension and FieldsV1, which hold any JSON."""
    return info.itself.type == "object" and go_type(info.name).zero is not None


def _is_zero(kind: FieldInfo, value: Any) -> bool:
    if kind.ref and type_info(kind.ref).fields is not None:
        return bool(value == go_type(kind.ref).zero)
    return value in ("", 0, [], {})


def _zero(kind: FieldInfo) -> Any:
    """Return how a null among the items of a list or map is printed."""
    if kind.ref:
        return go_type(kind.ref).zero
    if kind.items or kind.values:
        return None
    return {"string": "", "boolean": False, "integer": 0, "number": 0}.get(kind.type)


def _missing(go: GoType, result: Mapping[str, Any]) -> dict[str, Any]:
    zero = go.zero if isinstance(go.zero, dict) else {}
    return {key: value for key, value in zero.items() if key not in result}


# Words.


def _cannot(value: Any, place: _Place, *, number: bool = False) -> str:
    where = f"Go struct field {place.struct}.{'.'.join(place.fields)}" if place.fields else "Go value"
    return f"json: cannot unmarshal {_json_kind(value, number=number)} into {where} of type {place.go}"


def _json_kind(value: Any, *, number: bool = False) -> str:
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, (int, float)):
        return f"number {value}" if number else "number"
    if isinstance(value, str):
        return "string"
    return "object" if isinstance(value, Mapping) else "array"
