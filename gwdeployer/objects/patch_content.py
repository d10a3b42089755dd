"""What a patch holds: its shapes, its directives, and content taken over as it stands.

The half of strategic merge that doesn't look at the object: telling maps, lists and single values apart, telling
directives from data, and copying what is new to the object without the directives in it. Each check appends a
fault and says no; the walk goes on, so that all faults come at once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from gwdeployer.errors import Fault, nearest, one_line, shown
from gwdeployer.objects.patch_metadata import FREE, PatchRule, Shape

MARKER = "$patch"
RETAIN = "$retainKeys"
ORDER = "$setElementOrder"
DELETE_FROM = "$deleteFromPrimitiveList"

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
            if type(item) not in SCALARS:
                mapping[key] = copied(item)
        return mapping
    if kind is list:
        return [item if type(item) in SCALARS else copied(item) for item in value]
    shape = shape_of(value)
    return copied(dict(value)) if shape == "map" else copied(list(value)) if shape == "list" else value


def at(path: str, key: object) -> str:
    """Return the path of a map's entry: ``spec.replicas``, ``metadata.labels[app.kubernetes.io/name]``."""
    if type(key) is str and (key.isidentifier() or key[:1] == "$") and len(key) <= _LONGEST_KEY:
        return f"{path}.{key}" if path else key
    return f"{path}[{one_line(str(key), _LONGEST_KEY)}]"


def is_special(key: object) -> bool:
    """Whether a key may be a directive, or no key at all."""
    return type(key) is not str or key[:1] == "$"


class Content:
    """Checks and copies what a patch holds. ``faults`` is what was found wrong so far."""

    def __init__(self) -> None:
        """Begin without faults."""
        self.faults: list[Fault] = []

    # Taking over.

    def taken(self, patch: Any, rule: PatchRule, path: str, *, raw: bool = False) -> Any:
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
        self, patch: Sequence[Any], rule: PatchRule, path: str, *, raw: bool = False
    ) -> list[Any]:
        """Return a copy of a list that is new to the object; items that are directives are none of it."""
        inner = rule.items or FREE
        result = []
        for index, item in enumerate(patch):
            here = f"{path}[{index}]"
            if shape_of(item) == "map" and MARKER in item and self._is_no_item(item, here):
                continue
            taken = self.taken(item, inner, here, raw=raw)
            if taken is not NOTHING:
                result.append(taken)
        return result

    def _taken_entries(
        self, patch: Mapping[Any, Any], rule: PatchRule, path: str, *, raw: bool
    ) -> dict[str, Any]:
        result = {}
        for key, item in patch.items():
            if item is None or (is_special(key) and not self.is_data(key, rule, path)):
                continue
            child = rule.child(key) or FREE
            if type(item) in SCALARS and child.shape in {"scalar", ""}:
                result[key] = item
            elif (taken := self.taken(item, child, at(path, key), raw=raw)) is not NOTHING:
                result[key] = taken
        return result

    def _is_kept(self, directive: Any, path: str, *, raw: bool) -> bool:
        return self.is_known(directive, path) and (directive == "merge" or (raw and directive == "replace"))

    def _is_no_item(self, item: Mapping[str, Any], path: str) -> bool:
        """Whether an item is there for its directive only."""
        return not self.is_known(item[MARKER], path) or item[MARKER] != "merge" or len(item) == 1

    # Checks.

    def is_known(self, directive: Any, path: str) -> bool:
        """Whether ``$patch`` has a value that means something."""
        if directive in _VALUES:
            return True
        self.fault(f"unknown directive {MARKER}: {shown(directive)}", path, f"write {', '.join(_VALUES)}")
        return False

    def is_data(self, key: Any, rule: PatchRule, path: str) -> bool:
        """Tell an entry's key from a directive's; a key that can be neither is a fault (and no data)."""
        if not isinstance(key, str):
            self.fault(f"the key must be a string, not {shown(key)}", at(path, key), "write it in quotes")
            return False
        return not key.startswith("$") or not self._is_directive(key, rule, path)

    def _is_directive(self, key: str, rule: PatchRule, path: str) -> bool:
        if key in {MARKER, RETAIN} or key.startswith((f"{ORDER}/", f"{DELETE_FROM}/")):
            return True
        if not key.startswith((ORDER, DELETE_FROM)) and rule.child(key) is not None:
            return False  # a field of that name (JSON schema's $ref), or a map whose keys have any name
        known = (MARKER, RETAIN, f"{ORDER}/<list>", f"{DELETE_FROM}/<list>")
        self.fault(f"unknown directive {shown(key)}", at(path, key), nearest(key, known))
        return True

    def is_map(self, value: Any, path: str) -> bool:
        """Whether a value is a map."""
        if shape_of(value) == "map":
            return True
        self.wrong("map", value, path)
        return False

    def is_list(self, value: Any, path: str) -> bool:
        """Whether a value is a list."""
        if shape_of(value) == "list":
            return True
        self.wrong("list", value, path)
        return False

    def are_single(self, values: Sequence[Any], path: str, *, text: bool) -> bool:
        """Whether a list's items are single values, strings where the schema says so."""
        bad = [
            (index, value)
            for index, value in enumerate(values)
            if shape_of(value) != "scalar" or (text and not isinstance(value, str))
        ]
        for index, value in bad:
            self.wrong("scalar", value, f"{path}[{index}]", "a string" if text else "")
        return not bad

    def unknown(self, name: str, rule: PatchRule, path: str) -> None:
        """Say that the type has no such field."""
        self.fault(f"unknown field {shown(name)}", at(path, name), nearest(name[:_LONGEST_KEY], rule.names()))

    def wrong(self, wanted: Shape, value: Any, path: str, word: str = "") -> None:
        """Say that a value has the wrong shape. The value is not shown: it may be a password."""
        self.fault(f"must be {word or _WORDS[wanted]}, not {_WORDS[shape_of(value)]}", path)

    def fault(self, message: str, path: str, hint: str = "") -> None:
        """Note what is wrong."""
        self.faults.append(Fault(message, path, hint=hint))
