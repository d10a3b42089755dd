"""JSON Patch (RFC 6902) and JSON Merge Patch (RFC 7386) on plain data.

Faults are told as the library of a kube-apiserver tells them apart: a patch that cannot be read is a 400, one
that does not fit what is there a 422.
"""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from typing import Any

from gwdeployer.testing.apiserver.statuses import bad_request, too_large, unprocessable

_MOST_OPERATIONS = 10_000
_NOTHING = object()


def merge_patched(value: Any, patch: Any) -> Any:
    """Return ``value`` with a merge patch applied; neither is changed."""
    if not isinstance(patch, Mapping):
        return patch
    result = dict(value) if isinstance(value, Mapping) else {}
    for key, said in patch.items():
        if said is None:
            result.pop(key, None)
        else:
            result[key] = merge_patched(result.get(key), said)
    return result


def json_patched(value: Any, operations: Any) -> Any:
    """Return a copy of ``value`` with a JSON patch applied. Raises StatusError."""
    if not isinstance(operations, list) or not all(isinstance(one, dict) for one in operations):
        raise bad_request(
            "error decoding patch: json: cannot unmarshal into Go value of type jsonpatch.Patch"
        )
    if len(operations) > _MOST_OPERATIONS:
        raise too_large(
            f"The allowed maximum operations in a JSON patch is {_MOST_OPERATIONS}, got {len(operations)}"
        )
    document = _Document(deepcopy(value))
    for operation in operations:
        document.do(operation)
    return document.root


class _Document:
    """A private copy that operations change in place."""

    def __init__(self, root: Any) -> None:
        self.root = root

    def do(self, operation: Mapping[str, Any]) -> None:
        """Do one operation. Raises StatusError where it does not fit."""
        path = _pointer(operation.get("path"))
        match operation.get("op"):
            case "add":
                self.add(path, _value_of(operation))
            case "remove":
                self.take(path)
            case "replace":
                self.replace(path, _value_of(operation))
            case "move":
                self.add(path, self.take(_pointer(operation.get("from"))))
            case "copy":
                self.add(path, deepcopy(self.find(_pointer(operation.get("from")))))
            case "test":
                self.test(path, operation.get("value"))
            case _:
                raise unprocessable()

    def find(self, path: list[str]) -> Any:
        """Return the value at a place."""
        value = self.root
        for part in path:
            value = _child(value, part)
        return value

    def add(self, path: list[str], value: Any) -> None:
        """Add a member or an item, or replace the member."""
        if not path:
            self.root = value
            return
        parent, last = self.find(path[:-1]), path[-1]
        if isinstance(parent, dict):
            parent[last] = value
        elif isinstance(parent, list):
            place = len(parent) if last == "-" else _index(last, len(parent) + 1)
            parent.insert(place, value)
        else:
            raise unprocessable()

    def take(self, path: list[str]) -> Any:
        """Remove what is at a place and return it."""
        if not path:
            raise unprocessable()
        parent, last = self.find(path[:-1]), path[-1]
        taken = _child(parent, last)
        if isinstance(parent, dict):
            del parent[last]
        else:
            del parent[_index(last, len(parent))]
        return taken

    def replace(self, path: list[str], value: Any) -> None:
        """Replace what is at a place, in its place."""
        if not path:
            self.root = value
            return
        parent, last = self.find(path[:-1]), path[-1]
        _child(parent, last)
        parent[last if isinstance(parent, dict) else _index(last, len(parent))] = value

    def test(self, path: list[str], value: Any) -> None:
        """Raise StatusError unless the place holds an equal value; an absent one equals null."""
        try:
            found = self.find(path)
        except Exception:
            if value is None:
                return
            raise
        if not _equal(found, value):
            raise unprocessable()


def _child(value: Any, part: str) -> Any:
    if isinstance(value, dict):
        found = value.get(part, _NOTHING)
        if found is not _NOTHING:
            return found
    elif isinstance(value, list):
        return value[_index(part, len(value))]
    raise unprocessable()


def _index(part: str, size: int) -> int:
    digits = part.removeprefix("-")
    if not digits.isascii() or not digits.isdigit() or not -size <= int(part) < size:
        raise unprocessable()
    return int(part) % size if size else 0


def _pointer(path: Any) -> list[str]:
    if not isinstance(path, str) or (path and not path.startswith("/")):
        raise unprocessable()
    return [part.replace("~1", "/").replace("~0", "~") for part in path.split("/")[1:]]


def _value_of(operation: Mapping[str, Any]) -> Any:
    if "value" not in operation:
        raise unprocessable()
    return operation["value"]


def _equal(a: Any, b: Any) -> bool:
    if isinstance(a, bool) is not isinstance(b, bool):
        return False
    if isinstance(a, dict) and isinstance(b, dict):
        return a.keys() == b.keys() and all(_equal(value, b[key]) for key, value in a.items())
    if isinstance(a, list) and isinstance(b, list):
        return len(a) == len(b) and all(map(_equal, a, b))
    return bool(a == b)
