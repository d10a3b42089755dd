"""What a patch holds: its shapes, its directives, and content taken over as it stands.

The half of strategic merge that doesn't look at the object: telling maps, lists and single values apart,
telling directives from data, taking keyed lists apart, and copying what is new to the object without the
directives in it. Each check appends a fault and says no; the walk goes on, so that all faults come at once.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from gwdeployer.errors import Fault, nearest, one_line, shown
from gwdeployer.objects.patch_metadata import FREE, PatchRule, Shape
from gwdeployer.objects.patch_order import Pair, identity

MARKER = "$patch"
RETAIN = "$retainKeys"
ORDER = "$setElementOrder"
DELETE_FROM = "$deleteFromPrimitiveList"

#: Where a value stands: nothing, or the path above it and its key or index. Only faults make text of it.
Path = tuple[Any, ...]

#: Stands for an absent value; ``None`` is JSON's null.
NOTHING: Any = object()
#: The types of single values, null among them; subclasses count too, but are told by ``shape_of`` only.
SCALARS = frozenset({str, int, float, bool, type(None)})

_VALUES = ("delete", "replace", "merge")
_SHAPES: dict[type, Shape] = {
    dict: "map",
    list: "list",
    str: "scalar",
    int: "scalar",
    float: "scalar",
    bool: "scalar",
    type(None): "null",
}
_WORDS = {"map": "a mapping", "list": "a list", "scalar": "a single value", "null": "null"}
_LONGEST_KEY = 256


def shape_of(value: object) -> Shape:
    """Return whether a value is a map, a list, null or, whatever else it is, a single value."""
    try:
        return _SHAPES[type(value)]
    except KeyError:
        if isinstance(value, Mapping):
            return "map"
        return "list" if isinstance(value, (list, tuple)) else "scalar"


def copied(value: Any) -> Any:
    """Return a deep copy of JSON data in plain dicts and lists."""
    # Written for speed: this is a third of what an overlay costs.
    kind = type(value)
    if kind is dict:
        mapping = value.copy()
        for key, item in mapping.items():
            if type(item) is not str and type(item) not in SCALARS:
                mapping[key] = copied(item)
        return mapping
    if kind is list:
        return [item if type(item) in SCALARS else copied(item) for item in value]
    shape = shape_of(value)
    return copied(dict(value)) if shape == "map" else copied(list(value)) if shape == "list" else value


def path_text(path: Path) -> str:
    """Return a path as people write it: ``spec.containers[0]``, ``labels[app.kubernetes.io/name]``."""
    if not path:
        return ""
    above, step = path_text(path[0]), path[1]
    if type(step) is str and (step.isidentifier() or step[:1] == "$") and len(step) <= _LONGEST_KEY:
        return f"{above}.{step}" if above else step
    return f"{above}[{one_line(str(step), _LONGEST_KEY)}]"


def is_special(key: object) -> bool:
    """Whether a key may be a directive, or no key at all."""
    return type(key) is not str or key[:1] == "$"


def may_have_directives(patch: Mapping[Any, Any]) -> bool:
    """Whether a look at each key is worth it. Without a loop: each map of each overlay passes here."""
    try:
        return "$" in "".join(patch)
    except TypeError:
        return True


def key_of(item: Mapping[str, Any], rule: PatchRule) -> Hashable:
    """Return the values of the item's keys, or ``None`` if one is missing."""
    if len(rule.keys) == 1 and type(only := item.get(rule.keys[0][0])) is str:
        return only  # nearly always
    values = []
    for name, default in rule.keys:
        value = item.get(name)
        value = default if value is None else value
        if shape_of(value) != "scalar":
            return None
        values.append(identity(value))
    return values[0] if len(values) == 1 else tuple(values)


def keys_to_order(patch: Sequence[Any], rule: PatchRule) -> list[Hashable]:
    """Return the keys of what a patch's list sets; ``None`` for an item that is a directive."""
    if not rule.keys:
        return [identity(item) for item in patch]
    items = [item for item in patch if shape_of(item) == "map" and item.get(MARKER) != "delete"]
    return [key_of(item, rule) if item.get(MARKER, "merge") == "merge" else None for item in items]


class Item(NamedTuple):
    """One item of a patch's list."""

    key: Hashable
    value: Mapping[str, Any]
    path: Path


@dataclass(slots=True)
class Items:
    """A patch's list of maps, taken apart."""

    merged: list[Item] = field(default_factory=list)
    deleted: list[Item] = field(default_factory=list)
    replaces: bool = False


class Content:
    """Checks and copies what a patch holds. ``faults`` is what was found wrong so far."""

    def __init__(self) -> None:
        """Begin without faults."""
        self.faults: list[Fault] = []

    # Taking over.

    def taken(self, patch: Any, rule: PatchRule, path: Path, *, raw: bool = False) -> Any:
        """Return a copy of what is new to the object, without directives and nulls, or ``NOTHING``.

        A map that is marked ``$patch: delete`` is nothing. One marked ``$patch: replace`` is nothing either
        where its key is new, as Kubernetes has it (``removeDirectives`` in patch.go), but itself where
        Kubernetes takes over ``raw``, unseen: in a replaced map or list, and in a new item.
        """
        shape = shape_of(patch)
        if rule.shape and rule.shape != shape != "null":
            self.wrong(rule.shape, patch, path)
            return NOTHING
        if shape in {"scalar", "null"}:
            return patch
        if shape == "list":
            return self.taken_items(patch, rule, path, raw=raw)
        if MARKER in patch and not self._is_kept(patch[MARKER], path, raw=raw):
            return NOTHING
        return self._taken_entries(patch, rule, path, raw=raw)

    def taken_items(
        self, patch: Sequence[Any], rule: PatchRule, path: Path, *, raw: bool = False
    ) -> list[Any]:
        """Return a copy of a list that is new to the object; items that are directives are none of it."""
        inner = rule.items or FREE
        result = []
        for index, item in enumerate(patch):
            here = (path, index)
            if shape_of(item) == "map" and MARKER in item and self._is_no_item(item, here):
                continue
            if rule.keys and not inner.type_name:
                self._ask_for_keys(item, rule, here)
            taken = self.taken(item, inner, here, raw=raw)
            if taken is not NOTHING:
                result.append(taken)
        return result

    def _ask_for_keys(self, item: Any, rule: PatchRule, path: Path) -> None:
        """Note keys that an item lacks; of published types, whoever checks the result knows which."""
        for key, default in rule.keys:
            if default is None and shape_of(item) == "map" and item.get(key) is None:
                self.fault(f"an item of this list needs its key, {key!r}", path, f"set {key!r}")

    def _taken_entries(
        self, patch: Mapping[Any, Any], rule: PatchRule, path: Path, *, raw: bool
    ) -> dict[str, Any]:
        result = {}
        for key, item in patch.items():
            if item is None or (is_special(key) and not self.is_data(key, rule, path)):
                continue
            child = rule.child(key) or FREE
            if type(item) in SCALARS and child.shape in {"scalar", ""}:
                result[key] = item
            elif (taken := self.taken(item, child, (path, key), raw=raw)) is not NOTHING:
                result[key] = taken
        return result

    def _is_kept(self, directive: Any, path: Path, *, raw: bool) -> bool:
        return self.is_known(directive, path) and (directive == "merge" or (raw and directive == "replace"))

    def _is_no_item(self, item: Mapping[str, Any], path: Path) -> bool:
        """Whether an item is there for its directive only."""
        return not self.is_known(item[MARKER], path) or item[MARKER] != "merge" or len(item) == 1

    # Lists of maps.

    def items(self, patch: Sequence[Any], rule: PatchRule, path: Path) -> Items:
        """Take a patch's list of maps apart."""
        items = Items()
        for index, value in enumerate(patch):
            here = (path, index)
            if not self.is_map(value, here):
                continue
            directive = value.get(MARKER, NOTHING)
            if directive is NOTHING:
                self.sort_in(items.merged, value, rule, here)
            elif directive == "replace":
                items.replaces = True  # what else the item says counts for nothing, as Kubernetes has it
            elif self.is_known(directive, here) and value != {MARKER: "merge"}:
                self.sort_in(items.deleted if directive == "delete" else items.merged, value, rule, here)
        return items

    def sort_in(self, items: list[Item], value: Mapping[str, Any], rule: PatchRule, path: Path) -> None:
        """Add an item, if it has its key."""
        key = key_of(value, rule)
        if key is None:
            self.keyless(rule, path)
        else:
            items.append(Item(key, value, path))

    def pairs(self, values: Sequence[Any], rule: PatchRule, path: Path, what: str = "the item") -> list[Pair]:
        """Return maps with their keys, without those at fault."""
        pairs: list[Pair] = []
        for index, value in enumerate(values):
            key = key_of(value, rule) if shape_of(value) == "map" else None
            if key is not None:
                pairs.append((key, value))
            elif self.is_map(value, (path, index)):
                self.keyless(rule, (path, index), what)
        return pairs

    def keyless(self, rule: PatchRule, path: Path, what: str = "the item") -> None:
        """Say what an item must have."""
        names = " and ".join(repr(name) for name, _ in rule.keys)
        self.fault(f"{what} needs {names}, which tells the items of this list apart", path)

    # Checks.

    def is_known(self, directive: Any, path: Path) -> bool:
        """Whether ``$patch`` has a value that means something."""
        if directive in _VALUES:
            return True
        self.fault(f"unknown directive {MARKER}: {shown(directive)}", path, f"write {', '.join(_VALUES)}")
        return False

    def is_data(self, key: Any, rule: PatchRule, path: Path) -> bool:
        """Tell an entry's key from a directive's; a key that can be neither is a fault (and no data)."""
        if not isinstance(key, str):
            self.fault(f"the key must be a string, not {shown(key)}", (path, key), "write it in quotes")
            return False
        return not key.startswith("$") or not self._is_directive(key, rule, path)

    def _is_directive(self, key: str, rule: PatchRule, path: Path) -> bool:
        if key in {MARKER, RETAIN} or key.startswith((f"{ORDER}/", f"{DELETE_FROM}/")):
            return True
        if not key.startswith((ORDER, DELETE_FROM)) and rule.child(key) is not None:
            return False  # a field of that name (JSON schema's $ref), or a map whose keys have any name
        known = (MARKER, RETAIN, f"{ORDER}/<list>", f"{DELETE_FROM}/<list>")
        self.fault(f"unknown directive {shown(key)}", (path, key), nearest(key, known))
        return True

    def is_map(self, value: Any, path: Path) -> bool:
        """Whether a value is a map."""
        if shape_of(value) == "map":
            return True
        self.wrong("map", value, path)
        return False

    def is_list(self, value: Any, path: Path) -> bool:
        """Whether a value is a list."""
        if shape_of(value) == "list":
            return True
        self.wrong("list", value, path)
        return False

    def are_single(self, values: Sequence[Any], path: Path, *, text: bool) -> bool:
        """Whether a list's items are single values, strings where the schema says so."""
        bad = [
            (index, value)
            for index, value in enumerate(values)
            if shape_of(value) != "scalar" or (text and not isinstance(value, str))
        ]
        for index, value in bad:
            self.wrong("scalar", value, (path, index), "a string" if text else "")
        return not bad

    def unknown(self, name: str, rule: PatchRule, path: Path) -> None:
        """Say that the type has no such field."""
        self.fault(f"unknown field {shown(name)}", (path, name), nearest(name[:_LONGEST_KEY], rule.names()))

    def wrong(self, wanted: Shape, value: Any, path: Path, word: str = "") -> None:
        """Say that a value has the wrong shape. The value is not shown: it may be a password."""
        self.fault(f"must be {word or _WORDS[wanted]}, not {_WORDS[shape_of(value)]}", path)

    def fault(self, message: str, path: Path, hint: str = "") -> None:
        """Note what is wrong."""
        self.faults.append(Fault(message, path_text(path), hint=hint))
