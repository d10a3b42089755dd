"""JSON Patch (RFC 6902) and JSON Merge Patch (RFC 7386) on plain data.

Faults are told as the library of a kube-apiserver tells them apart: a patch that cannot be read is a 400, one
that does not fit what is there a 422. It is laxer than the RFC (``evanphx/json-patch`` v4): a member that is
not there reads as null, an operation without a value sets null, and the whole document is only replaced.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from copy import deepcopy
from typing import Any, NamedTuple

from gwdeployer.testing.apiserver.statuses import bad_request, too_large, unprocessable

_MOST_OPERATIONS = 10_000


def merge_patched(value: Mapping[str, Any], patch: Mapping[str, Any]) -> dict[str, Any]:
    """Return ``value`` with a merge patch applied; neither is changed.

    Nulls within what is new are dropped, those of a list that replaces a map are not.
    """
    result = dict(value)
    for key, said in patch.items():
        before = result.get(key)
        if said is None:
            result.pop(key, None)
        elif not isinstance(before, Mapping):
            result[key] = _without_nulls(said)
        else:
            result[key] = merge_patched(before, said) if isinstance(said, Mapping) else said
    return result


def _without_nulls(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _without_nulls(item) for key, item in value.items() if item is not None}
    return [_without_nulls(item) for item in value] if isinstance(value, list) else value


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
        path, value = operation.get("path"), operation.get("value")
        match operation.get("op"):
            case "add":
                self._holder(path).add(value)
            case "remove":
                self._holder(path).remove()
            case "replace":
                self._replace(path, value)
            case "move":
                self._move(operation.get("from"), path)
            case "copy":
                copied = deepcopy(self._holder(operation.get("from")).value)
                self._holder(path).add(copied)
            case "test":
                self._test(path, value)
            case _:
                raise unprocessable()

    def _replace(self, path: Any, value: Any) -> None:
        if path != "":
            self._holder(path).replace(value)
        elif isinstance(value, (dict, list)):
            self.root = value
        else:
            raise unprocessable()

    def _move(self, origin: Any, path: Any) -> None:
        holder = self._holder(origin)
        moved = holder.value
        holder.remove()
        self._holder(path).add(moved)

    def _test(self, path: Any, value: Any) -> None:
        found = self.root if path == "" else self._holder(path).value
        if not _equal(found, value):
            raise unprocessable()

    def _holder(self, path: Any) -> _Holder:
        """Return the place a path names: its parent must be there. Raises StatusError."""
        if not isinstance(path, str) or "/" not in path:
            raise unprocessable()
        *parents, last = [part.replace("~1", "/").replace("~0", "~") for part in path.split("/")[1:]]
        holder = self.root
        for part in parents:
            holder = _Holder(holder, part).value
        return _Holder(holder, last)


class _Holder(NamedTuple):
    """A map or list, and the key or index in it that an operation is about."""

    container: Any
    key: str

    @property
    def value(self) -> Any:
        """What is there; null where a map has no such member. Raises StatusError."""
        if isinstance(self.container, dict):
            return self.container.get(self.key)
        return self._items[self._index()]

    def add(self, value: Any) -> None:
        """Set a member, or insert an item before the index; ``-`` is the end."""
        if isinstance(self.container, dict):
            self.container[self.key] = value
        elif self.key == "-":
            self._items.append(value)
        else:
            self._items.insert(self._index(one_more=1), value)

    def replace(self, value: Any) -> None:
        """Set a member, there or not, or an item that is there."""
        if isinstance(self.container, dict):
            self.container[self.key] = value
        else:
            self._items[self._index()] = value

    def remove(self) -> None:
        """Remove what is there. Raises StatusError."""
        if isinstance(self.container, dict):
            if self.key not in self.container:
                raise unprocessable()
            del self.container[self.key]
        else:
            del self._items[self._index()]

    @property
    def _items(self) -> list[Any]:
        if not isinstance(self.container, list):
            raise unprocessable()
        return self.container

    def _index(self, *, one_more: int = 0) -> int:
        size = len(self._items) + one_more
        if not re.fullmatch(r"[+-]?[0-9]+", self.key) or not -size <= int(self.key) < size:
            raise unprocessable()
        return int(self.key) % size


def _equal(a: Any, b: Any) -> bool:
    if isinstance(a, bool) is not isinstance(b, bool):
        return False
    if isinstance(a, dict) and isinstance(b, dict):
        return a.keys() == b.keys() and all(_equal(value, b[key]) for key, value in a.items())
    if isinstance(a, list) and isinstance(b, list):
        return len(a) == len(b) and all(map(_equal, a, b))
    return bool(a == b)
