"""Bodies in protobuf, as typed Go clients and ``kubectl create`` send them, as the JSON they stand for.

An envelope names kind and version, and holds the object's message; numbers of fields are data made by
``scripts/make_protobuf_fields.py``. Fields that are empty are there all the same, as they would be without
``omitempty``: decoding drops them. Source: ``k8s.io/apimachinery/pkg/runtime/serializer/protobuf``.
"""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from struct import unpack
from typing import Any, NamedTuple

from gwdeployer.objects import KindRef, Object

#: The media type of such bodies.
PROTOBUF = "application/vnd.kubernetes.protobuf"

_DATA = Path(__file__).with_name("protobuf_fields.json")
_MAGIC = b"k8s\0"
_VARINT, _FIXED64, _LENGTH, _FIXED32 = 0, 1, 2, 5
_MORE, _LOW = 0x80, 0x7F
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class UnreadableError(ValueError):
    """A body is no protobuf, or of a kind whose messages are not known."""


class _Field(NamedTuple):
    """A field of a message: its name in JSON (empty where it is embedded), and its type."""

    name: str
    several: bool
    is_map: bool
    type: str


def object_of(body: bytes) -> Object:
    """Return the object in a body. Raises UnreadableError."""
    if not body.startswith(_MAGIC):
        raise UnreadableError("the body is no protobuf of Kubernetes")
    try:
        parts = dict(_wire(body[len(_MAGIC) :]))
        about = _message("runtime.TypeMeta", bytes(parts.get(1, b"")))
        kind = KindRef.of(about.get("apiVersion", ""), about.get("kind", ""))
        content = _message(_message_of(kind), bytes(parts.get(2, b"")))
    except (IndexError, UnicodeDecodeError, TypeError, OverflowError) as error:
        raise UnreadableError(f"proto: {error}") from None
    return {"apiVersion": kind.api_version, "kind": kind.kind} | content


@cache
def _fields() -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = json.loads(_DATA.read_bytes())
    return found


@cache
def _fields_of(message: str) -> dict[int, _Field]:
    return {int(number): _field(text) for number, text in _fields()[message].items()}


def _field(text: str) -> _Field:
    name, _, kind = text.partition(" ")
    return _Field(name, kind.startswith("[]"), kind.startswith("{}"), kind.lstrip("[]{}"))


def _message_of(kind: KindRef) -> str:
    package = kind.group.partition(".")[0] or "core"
    for name in (f"{package}.{kind.version}.{kind.kind}", f"meta.v1.{kind.kind}"):
        if name in _fields():
            return name
    raise UnreadableError(f"no message is known for {kind.api_version}, Kind={kind.kind}")


def _message(name: str, data: bytes) -> Object:
    """Return a message as a JSON object."""
    fields = _fields_of(name)
    result: Object = {}
    for number, raw in _wire(data):
        field = fields.get(number)
        if field is None:
            continue
        if field.is_map:
            key, value = _entry(field.type, bytes(raw))
            result.setdefault(field.name, {})[key] = value
        elif field.several:
            result.setdefault(field.name, []).append(_value(field.type, raw))
        elif field.name:
            result[field.name] = _value(field.type, raw)
        else:
            result |= _message(field.type, bytes(raw))
    return result


def _entry(kind: str, data: bytes) -> tuple[str, Any]:
    parts = dict(_wire(data))
    empty: Any = b"" if kind in {"string", "bytes"} or "." in kind else 0
    return bytes(parts.get(1, b"")).decode(), _value(kind, parts.get(2, empty))


def _value(kind: str, raw: Any) -> Any:
    convert = _SPECIAL.get(kind) or _SCALARS.get(kind)
    if convert is not None:
        return convert(raw)
    if kind.endswith((".ExtraValue", ".Verbs")):
        return [bytes(item).decode() for _, item in _wire(raw)]
    return _message(kind, raw)


def _signed(raw: int) -> int:
    return raw - (1 << 64) if raw >> 63 else raw


def _time(raw: bytes) -> str | None:
    moment = _moment(raw)
    return None if moment is None else moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def _micro_time(raw: bytes) -> str | None:
    moment = _moment(raw)
    return None if moment is None else moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _moment(raw: bytes) -> datetime | None:
    """Return a point in time; an empty message is none."""
    parts = dict(_wire(raw))
    if not parts:
        return None
    return _EPOCH + timedelta(seconds=_signed(parts.get(1, 0)), microseconds=_signed(parts.get(2, 0)) // 1000)


def _quantity(raw: bytes) -> str:
    return bytes(dict(_wire(raw)).get(1, b"0")).decode()


def _int_or_string(raw: bytes) -> int | str:
    parts = dict(_wire(raw))
    return bytes(parts.get(3, b"")).decode() if parts.get(1, 0) else _signed(parts.get(2, 0))


def _embedded_json(raw: bytes) -> Any:
    text = bytes(dict(_wire(raw)).get(1, b"")) or b"null"
    return json.loads(text)


_SCALARS: dict[str, Callable[[Any], Any]] = {
    "string": lambda raw: bytes(raw).decode(),
    "bytes": lambda raw: b64encode(raw).decode(),
    "bool": bool,
    "int32": _signed,
    "int64": _signed,
    "uint32": int,
    "uint64": int,
    "double": lambda raw: unpack("<d", raw)[0],
}
_SPECIAL: dict[str, Callable[[bytes], Any]] = {
    "meta.v1.Time": _time,
    "meta.v1.MicroTime": _micro_time,
    "meta.v1.FieldsV1": _embedded_json,
    "runtime.RawExtension": _embedded_json,
    "resource.Quantity": _quantity,
    "intstr.IntOrString": _int_or_string,
}


def _wire(data: bytes) -> Iterator[tuple[int, Any]]:
    """Yield number and raw value of each field. Raises IndexError where the data ends within one."""
    at = 0
    while at < len(data):
        tag, at = _varint(data, at)
        kind: int = tag & 7
        value: Any
        if kind == _VARINT:
            value, at = _varint(data, at)
        elif kind in {_FIXED64, _FIXED32}:
            end = at + (8 if kind == _FIXED64 else 4)
            value, at = data[at:end], end
        elif kind == _LENGTH:
            size, at = _varint(data, at)
            value, at = data[at : at + size], at + size
        else:
            raise IndexError(f"wire type {kind}")
        if at > len(data):
            raise IndexError("unexpected EOF")
        yield tag >> 3, value


def _varint(data: bytes, at: int) -> tuple[int, int]:
    result = shift = 0
    while True:
        byte = data[at]
        result |= (byte & _LOW) << shift
        at, shift = at + 1, shift + 7
        if byte < _MORE:
            return result, at
