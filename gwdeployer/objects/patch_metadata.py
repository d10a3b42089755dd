"""How Kubernetes patches each field: the metadata behind strategic merge patch.

For Kubernetes' own kinds it is what their schemas publish (``x-kubernetes-patch-strategy`` and
``-merge-key``, read through ``gwdeployer.objects.types``), with one wanted difference, ``_FURTHER_KEYS``.
Kinds of others publish none; those we patch strategically all the same stand in ``_LISTS_OF_OTHERS``, which
is the place to add one. Every other kind has no metadata (``None``) and is patched as JSON.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Literal

from gwdeployer.objects.types import FieldInfo, type_info, type_of_kind

Shape = Literal["map", "list", "scalar", "null", ""]

#: Lists whose items Kubernetes' patches tell apart by too little: a Service may have 443 for TCP and for UDP
#: (HTTP/3), and server-side apply keys its ports by both, yet a strategic merge patch by the port alone.
_FURTHER_KEYS = {("io.k8s.api.core.v1.ServiceSpec", "ports"): ("protocol",)}

#: API group and kind, then each list merged by a key: its path and its items' key. In all versions of the
#: group; other fields of the kind are merged where they are maps and replaced where they are not.
_LISTS_OF_OTHERS: Mapping[tuple[str, str], Mapping[str, str]] = {
    ("autoscaling.k8s.io", "VerticalPodAutoscaler"): {
        "spec.resourcePolicy.containerPolicies": "containerName"
    },
}


@dataclass(frozen=True, slots=True, eq=False)
class PatchRule:
    """How one value is patched.

    ``shape`` is what the value must be; empty: anything. ``merges`` tells a map merged key by key from one
    replaced, and a list whose items are merged or united from one replaced. ``keys`` are the fields that
    tell the items of a list of maps apart, each with what it is where it is left out (``None``: it must be
    given). ``items`` is the rule of a list's items. ``text`` marks a scalar that must be a string.
    """

    shape: Shape = ""
    merges: bool = True
    keys: tuple[tuple[str, str | None], ...] = ()
    items: PatchRule | None = None
    text: bool = False
    type_name: str = ""
    known: Mapping[str, PatchRule] = field(default_factory=dict)
    values: PatchRule | None = None

    def child(self, key: str) -> PatchRule | None:
        """Return the rule of the map's entry ``key``; ``None``: the type has no such field."""
        if self.type_name:
            return _fields_of(self.type_name).get(key)
        return self.values or self.known.get(key, FREE)

    def lookup(self) -> Callable[[str], PatchRule | None]:
        """Return ``child``, made fast for a whole map's entries."""
        return _fields_of(self.type_name).get if self.type_name else self.child

    def names(self) -> tuple[str, ...]:
        """Return the fields of the map's type, or nothing if any key will do."""
        return tuple(_fields_of(self.type_name)) if self.type_name else ()


#: Data without a schema: maps are merged, lists and scalars replaced.
FREE = PatchRule()
_LIST_ITEM = PatchRule("map")


@cache
def rule_of_kind(api_version: str, kind: str) -> PatchRule | None:
    """Return how objects of a kind are patched, or ``None`` if no metadata is known."""
    name = type_of_kind(api_version, kind)
    if name:
        return PatchRule("map", type_name=name)
    lists = _LISTS_OF_OTHERS.get((api_version.partition("/")[0], kind))
    return _rule_with(lists) if lists else None


def _rule_with(lists: Mapping[str, str]) -> PatchRule:
    metadata = PatchRule("map", type_name=type_info("meta.v1.ObjectMeta").name)
    return PatchRule("map", known={"metadata": metadata, **_nested(lists)})


def _nested(lists: Mapping[str, str]) -> dict[str, PatchRule]:
    """Return rules by first path segment for lists given by their paths."""
    rules: dict[str, PatchRule] = {}
    for first in dict.fromkeys(path.partition(".")[0] for path in lists):
        deeper = {path[len(first) + 1 :]: key for path, key in lists.items() if path.startswith(f"{first}.")}
        if deeper:
            rules[first] = PatchRule("map", known=_nested(deeper))
        else:
            rules[first] = PatchRule("list", keys=((lists[first], None),), items=_LIST_ITEM)
    return rules


@cache
def _fields_of(type_name: str) -> dict[str, PatchRule]:
    fields = type_info(type_name).fields or {}
    return {name: _rule(info, _FURTHER_KEYS.get((type_name, name), ())) for name, info in fields.items()}


def _rule(info: FieldInfo, further_keys: tuple[str, ...] = ()) -> PatchRule:
    if info.ref:
        return _rule_of_type(info)
    if info.type == "array":
        return _rule_of_list(info, further_keys)
    if info.type == "object":
        return PatchRule("map", values=_rule(info.values) if info.values else None)
    return PatchRule("scalar", text=info.type == "string" and not info.format) if info.type else FREE


def _rule_of_type(info: FieldInfo) -> PatchRule:
    named = type_info(info.ref)
    if named.fields is None:
        return _rule(named.itself)
    return PatchRule("map", merges="replace" not in info.patch_strategy, type_name=named.name)


def _rule_of_list(info: FieldInfo, further_keys: tuple[str, ...]) -> PatchRule:
    items = _rule(info.items) if info.items else FREE
    names = (info.merge_key, *further_keys) if info.merge_key else ()
    keys = tuple((name, _default(items, name) if name in further_keys else None) for name in names)
    return PatchRule("list", merges="merge" in info.patch_strategy, keys=keys, items=items)


def _default(items: PatchRule, name: str) -> str | None:
    fields = type_info(items.type_name).fields or {}
    return fields[name].default
