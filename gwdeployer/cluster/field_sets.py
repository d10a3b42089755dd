"""What ``metadata.managedFields`` says: which fields each manager owns (KEP-555, FieldsV1). Pure.

A set of fields is a tree of mappings: ``f:NAME`` is a field, ``k:{"name":"x"}`` the list item with these
keys, ``v:VALUE`` a member of a set, ``.`` the thing itself. An empty tree owns a value whole.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from functools import lru_cache
from typing import Any, Generic, NamedTuple, TypeAlias, TypeVar

from gwdeployer.objects import metadata_of

T = TypeVar("T")

Fields: TypeAlias = Mapping[str, Any]
ITSELF = "."


class Manager(NamedTuple):
    """Who wrote: a field manager, and how. One manager may have an entry for each."""

    name: str
    operation: str
    subresource: str = ""

    @classmethod
    def of(cls, entry: Mapping[str, Any]) -> Manager:
        """Return whose an entry of managedFields is."""
        return cls(entry.get("manager", ""), entry.get("operation", ""), entry.get("subresource", ""))


def entries_of(obj: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    """Return the entries of an object's managedFields."""
    return metadata_of(obj).get("managedFields") or ()


def applied_by(obj: Mapping[str, Any], manager: str) -> Mapping[str, Any] | None:
    """Return the entry of what ``manager`` has applied to the object itself, or None."""
    for entry in entries_of(obj):
        if entry.get("manager") != manager or entry.get("operation") != "Apply":
            continue
        if not entry.get("subresource"):
            return entry
    return None


def fields_of(entry: Mapping[str, Any] | None) -> Fields:
    """Return the fields an entry owns."""
    return (entry or {}).get("fieldsV1") or {}


def _below(fields: Fields, path: Iterable[str]) -> Fields | None:
    """Return what a set owns of the field at ``path``; None: nothing."""
    found: Fields | None = fields
    for name in path:
        found = found.get(f"f:{name}") if found is not None else None
    return found


def owns(fields: Fields, path: Iterable[str]) -> bool:
    """Return whether a set owns the field at ``path``, or something in it."""
    return _below(fields, path) is not None


def owns_whole(fields: Fields, path: Iterable[str]) -> bool:
    """Return whether a set owns the field at ``path`` as a whole: a scalar, or what is atomic."""
    return _below(fields, path) == {}


def managers_of(obj: Mapping[str, Any], path: Sequence[str]) -> list[Manager]:
    """Return who owns the field at ``path``, or something in it."""
    return [Manager.of(entry) for entry in entries_of(obj) if owns(fields_of(entry), path)]


def size(fields: Fields) -> int:
    """Return how many fields a set owns."""
    return sum(size(inner) if inner else 1 for name, inner in fields.items() if name != ITSELF) or 1


def union(one: Fields, other: Fields) -> dict[str, Any]:
    """Return the fields of both sets."""
    merged: dict[str, Any] = dict(one)
    for name, inner in other.items():
        known = merged.get(name)
        if known is None:
            merged[name] = inner
        elif known or inner:
            # What one owns whole the other owns in part: the thing itself stays owned.
            whole: Fields = {} if known and inner else {ITSELF: {}}
            merged[name] = {**whole, **union(known, inner)}
    return merged


class Pairing(NamedTuple):
    """A part of a planned list and the part of the set that owns it; None where there is no such part."""

    planned: Any
    keys: Mapping[str, Any] | None
    inner: Fields | None


def is_list_map(fields: Fields) -> bool:
    """Return whether a set owns a list's items one by one."""
    return any(name[:2] in ("k:", "v:", "i:") for name in fields)


def pairings(planned: Sequence[Any], fields: Fields) -> Iterator[Pairing]:
    """Pair the items of a planned list with the items that a set owns; what has no partner comes alone.

    A key that the planned item leaves out has the API's default there (``protocol: TCP``), which the set
    spells out: so an absent key agrees with any, once those that agree in all keys are paired.
    """
    items, names_by_keys = _items_of(tuple(fields))
    left = dict(items)
    exact = [_taken(names_by_keys.find(item), left) for item in planned]
    for item, same in zip(planned, exact, strict=True):
        name = same or _taken(next((name for name in left if _may_be(item, left[name])), None), left)
        yield Pairing(item, keys_in(name), fields[name]) if name else Pairing(item, None, None)
    for name, keys in left.items():
        yield Pairing(None, keys, fields[name])


@lru_cache(maxsize=1024)
def _items_of(names: tuple[str, ...]) -> tuple[Mapping[str, Mapping[str, Any]], Filed[str]]:
    """Return the items that a set with these names owns, by name, and their names by their keys."""
    items = {name: keys_in(name) for name in names if name != ITSELF}
    return items, Filed((keys, name) for name, keys in items.items())


def _taken(name: str | None, left: dict[str, Mapping[str, Any]]) -> str:
    """Take a name out of those that are left; "": it is not among them."""
    return name if name is not None and left.pop(name, None) is not None else ""


def _may_be(item: Any, keys: Mapping[str, Any]) -> bool:
    return isinstance(item, Mapping) and all(item.get(key, value) == value for key, value in keys.items())


#: The keys of a set's member: see ``keys_in``.
_MEMBER = ("",)


class Filed(Generic[T]):
    """Things by the keys of list items: found without a look at each. A set's members have an empty key."""

    def __init__(self, things: Iterable[tuple[Mapping[str, Any], T]]) -> None:
        """File things, each by its keys; of several with the same keys, the first is found."""
        self._files: dict[tuple[str, ...], dict[tuple[Any, ...], T]] = {}
        for keys, thing in things:
            self._files.setdefault(tuple(keys), {}).setdefault(tuple(keys.values()), thing)

    def find(self, item: Any) -> T | None:
        """Return the thing with an item's keys, or None."""
        for names, files in self._files.items():
            if names == _MEMBER or isinstance(item, Mapping):
                with suppress(TypeError):  # a planned key that is no scalar is nobody's key
                    found = files.get((item,) if names == _MEMBER else tuple(map(item.get, names)))
                    if found is not None:
                        return found
        return None


@lru_cache(maxsize=4096)
def keys_in(name: str) -> Mapping[str, Any]:
    """Return the keys in ``k:{…}``; a set's member (``v:…``), which has none, under the empty key."""
    content = json.loads(name[2:])
    return content if name.startswith("k:") else {"": content}
