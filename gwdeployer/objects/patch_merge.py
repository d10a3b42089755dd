"""Kubernetes' strategic merge patch, complete, on plain data.

An overlay in a parameters object is such a patch: maps are merged key by key, lists replaced or, where
Kubernetes says so, merged by their items' key, and directives say what data cannot (``$patch``,
``$retainKeys``, ``$setElementOrder/…``, ``$deleteFromPrimitiveList/…``). What is merged by which key stands
in ``patch_metadata``, where a new item goes in ``patch_order``, what a patch may hold in ``patch_content``.
Objects of kinds without metadata are patched as RFC 7386 says (JSON merge patch).

The measure is k8s.io/apimachinery, ``pkg/util/strategicpatch/patch.go``; ``tests/oracle`` compares the two.
Wanted differences:

- Service ports are told apart by port and protocol.
- ``$patch: delete`` on a map removes its key; Kubernetes leaves an empty map.
- ``$patch: merge`` is what happens anyway (on a map that is otherwise replaced: merge it); Kubernetes has the
  word and refuses it.
- No directive and no null of the patch is left in the result; Kubernetes leaves those inside what it takes
  over unseen (a replaced map, a new item), and its typed decoding drops them later.
- What Kubernetes ignores, or takes over only to fail when decoding the result, is a fault: a directive nobody
  knows, a patch of the wrong shape, a directive for a list that is none or on an item of a list that is
  replaced as a whole, an item whose key is null.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from gwdeployer.errors import ParametersError
from gwdeployer.objects.patch_content import (
    DELETE_FROM,
    MARKER,
    NOTHING,
    ORDER,
    RETAIN,
    SCALARS,
    Content,
    Items,
    Path,
    copied,
    keys_to_order,
    may_have_directives,
    shape_of,
)
from gwdeployer.objects.patch_metadata import FREE, PatchRule, rule_of_kind
from gwdeployer.objects.patch_order import Live, Merged, Pair, by_themselves, identity, positions, woven
from gwdeployer.objects.refs import Object


def strategic_merge(obj: Mapping[str, Any], patch: Mapping[str, Any]) -> Object:
    """Return ``obj`` with the strategic merge patch applied, in dicts and lists of its own.

    Nothing is mutated, and the result shares no container with ``obj`` or ``patch``. The kind is ``obj``'s.
    New keys follow the object's own, new list items stand as ``patch_order`` says. Nulls and directives of
    the patch are gone; nulls of ``obj`` are not touched. ``$patch: delete`` on the whole object returns
    ``{}``.

    Raises ``ParametersError`` with every fault found, paths relative to the object; ``about()`` adds whose
    patch it was.
    """
    merge = _Merge()
    rule = rule_of_kind(str(obj.get("apiVersion", "")), str(obj.get("kind", "")))
    result: dict[str, Any] = {"": copied(obj)}
    if shape_of(patch) != "map":
        merge.wrong("map", patch, ())
    elif rule is None:
        merge.json(result, "", patch, ())
    else:
        merge.value(result, "", patch, rule, ())
    if merge.faults:
        raise ParametersError(merge.faults)
    merged: Object = result.get("", {})
    return merged


@dataclass(slots=True)
class _Entries:
    """A patch's map, taken apart."""

    plain: dict[str, Any] = field(default_factory=dict)
    orders: dict[str, Any] = field(default_factory=dict)
    deletions: dict[str, Any] = field(default_factory=dict)
    retained: Any = NOTHING


class _Merge(Content):
    """One merge. ``target`` is always part of a private copy, changed in place."""

    # Maps.

    def value(self, target: dict[str, Any], key: str, patch: Any, rule: PatchRule, path: Path) -> None:
        """Merge what the patch says of one entry."""
        shape = shape_of(patch)
        if patch is None:
            target.pop(key, None)
        elif rule.shape and rule.shape != shape:
            self.wrong(rule.shape, patch, path)
        elif shape == "scalar" or shape_of(target.get(key)) != shape:
            _put(target, key, self.taken(patch, rule, path))
        elif shape == "list":
            merged = self.merged_list(target[key], patch, rule, path)
            target[key] = [item for _, item in merged.in_order()]
        elif rule.merges and MARKER not in patch:
            self.entries(target[key], patch, rule, path)
        else:
            self.put_map(target, key, patch, rule, path)

    def put_map(
        self, target: dict[str, Any], key: str, patch: Mapping[str, Any], rule: PatchRule, path: Path
    ) -> None:
        """Merge a marked map, or one that is replaced, into the map that is there."""
        if patch.get(MARKER) == "merge":
            self.entries(target[key], patch, rule, path)
        else:
            _put(target, key, self.taken(patch, rule, path, raw=True))

    def entries(self, target: dict[str, Any], patch: Mapping[Any, Any], rule: PatchRule, path: Path) -> None:
        """Merge a map's entries: first what is retained and ordered, last what is deleted from lists."""
        if not may_have_directives(patch):
            self.plain(target, patch, rule, path)
            return
        entries = self.apart(patch, rule, path)
        if entries.retained is not NOTHING:
            self.retain(target, entries, path)
        for name, order in entries.orders.items():
            self.order(target, name, order, entries.plain.pop(name, NOTHING), rule, path)
        self.plain(target, entries.plain, rule, path)
        for name, values in entries.deletions.items():
            self.delete_from(target, name, values, rule, path)

    def plain(self, target: dict[str, Any], patch: Mapping[str, Any], rule: PatchRule, path: Path) -> None:
        """Merge entries that are no directives."""
        lookup = rule.lookup()
        for key, value in patch.items():
            child = lookup(key)
            if child is None:
                self.unknown_field(target, key, value, rule, path)
            elif child.shape == "scalar" and value is not None and type(value) in SCALARS:
                target[key] = value
            else:
                self.value(target, key, value, child, (path, key))

    def unknown_field(
        self, target: dict[str, Any], key: str, value: Any, rule: PatchRule, path: Path
    ) -> None:
        """Take over a field the type doesn't have, as Kubernetes does; it cannot merge one."""
        shape = shape_of(value)
        if shape in {"map", "list"} and shape_of(target.get(key)) == shape:
            self.unknown(key, rule, path)
        else:
            self.value(target, key, value, FREE, (path, key))

    def apart(self, patch: Mapping[Any, Any], rule: PatchRule, path: Path) -> _Entries:
        """Tell a map's directives from its plain entries."""
        entries = _Entries()
        directives = {ORDER: entries.orders, DELETE_FROM: entries.deletions}
        for key, value in patch.items():
            if self.is_data(key, rule, path):
                entries.plain[key] = value
            elif key == RETAIN:
                entries.retained = value
            elif isinstance(key, str) and key.partition("/")[0] in directives:
                prefix, slash, name = key.partition("/")
                directives[prefix].update({name: value} if slash else {})
        return entries

    def retain(self, target: dict[str, Any], entries: _Entries, path: Path) -> None:
        """Drop what ``$retainKeys`` doesn't name; the patch may set only what it names."""
        retained, here = entries.retained, (path, RETAIN)
        if not self.is_list(retained, here) or not self.are_single(retained, here, text=True):
            return
        for key, value in entries.plain.items():
            if value is not None and key not in retained:
                self.fault(f"set, but not among {RETAIN}", (path, key), "add it there")
        for key in [key for key in target if key not in retained]:
            del target[key]

    # Lists.

    def merged_list(self, target: Sequence[Any], patch: Sequence[Any], rule: PatchRule, path: Path) -> Merged:
        """Merge a list into the list that is there."""
        if rule.shape == "" or not rule.merges:
            return self.replaced(target, patch, rule, path)
        if rule.keys:
            return self.keyed(target, self.items(patch, rule, path), rule, path)
        self.are_single(patch, path, text=_is_text(rule))
        pairs = dict(by_themselves([*target, *patch]))
        return Merged(
            list(pairs.items()), Live([identity(item) for item in target]), positions(map(identity, patch))
        )

    def replaced(self, target: Sequence[Any], patch: Sequence[Any], rule: PatchRule, path: Path) -> Merged:
        """Replace a list as a whole; only ``- $patch: replace`` may say so, being what happens anyway."""
        for index, item in enumerate(patch):
            if shape_of(item) == "map" and MARKER in item and item != {MARKER: "replace"}:
                message = f"{MARKER} cannot work on an item of this list, which is replaced as a whole"
                self.fault(message, (path, index), "write all its items")
        items = self.taken_items(patch, rule, path, raw=True)
        return Merged(by_themselves(items), Live([identity(item) for item in target]))

    def keyed(self, target: Sequence[Any], items: Items, rule: PatchRule, path: Path) -> Merged:
        """Merge a list of maps by key."""
        pairs = self.pairs(target, rule, path, "the object's item")
        live = Live([key for key, _ in pairs])
        deleted = {item.key for item in items.deleted}
        for item in items.deleted:
            live.delete(item.key)
        if items.replaces:
            return Merged(self.new_items(items, rule), live)
        if deleted:
            pairs = [pair for pair in pairs if pair[0] not in deleted]
        self.merge_items(pairs, items, rule, live)
        return Merged(pairs, live, positions([item.key for item in items.merged]))

    def merge_items(self, pairs: list[Pair], items: Items, rule: PatchRule, live: Live) -> None:
        """Merge each item of the patch into the first of its key, or add it."""
        inner = rule.items or FREE
        found = dict(reversed(pairs))
        for key, value, path in items.merged:
            if key in found:
                self.entries(found[key], value, inner, path)
                continue
            found[key] = self.taken(value, inner, path, raw=True)
            pairs.append((key, found[key]))
            live.append(key)

    def new_items(self, items: Items, rule: PatchRule) -> list[Pair]:
        """Return the items that replace a list; those of one key stand together, as Kubernetes has it."""
        inner = rule.items or FREE
        pairs = [(key, self.taken(value, inner, path, raw=True)) for key, value, path in items.merged]
        return woven(pairs, {}, positions(key for key, _ in pairs))

    # Directives for lists.

    def order(
        self, target: dict[str, Any], name: str, order: Any, patch: Any, rule: PatchRule, path: Path
    ) -> None:
        """Merge a list, then put it in the order ``$setElementOrder`` says."""
        here, there = (path, f"{ORDER}/{name}"), (path, name)
        child = self.list_rule(name, order, rule, path, here)
        wanted = self.ordering(order, child, here) if child else None
        if not child or wanted is None or not self.is_orderable(target.get(name, NOTHING), patch, there):
            return
        self.check_order(patch, wanted, child, here)
        merged = self.ordered_content(target, name, patch, child, there)
        pairs = woven(merged.in_order(), positions(wanted), positions(merged.live.everything))
        target[name] = [item for _, item in pairs]

    def list_rule(self, name: str, value: Any, rule: PatchRule, path: Path, here: Path) -> PatchRule | None:
        """Return the rule of the list a directive is about, or ``None``, which is a fault."""
        child = rule.child(name)
        if child is None:
            self.unknown(name, rule, path)
        elif child.shape not in {"", "list"}:
            self.fault(f"{name!r} is no list", here)
        elif self.is_list(value, here):
            return child
        return None

    def is_orderable(self, target: Any, patch: Any, path: Path) -> bool:
        """Whether there is a list to put in order; Kubernetes refuses it for empty ones."""
        given = [side for side in (target, patch) if side is not NOTHING]
        if not all(self.is_list(side, path) for side in given):
            return False
        if given and not any(given):
            self.fault(f"nothing is there that {ORDER} could put in order", path)
        return any(given)

    def ordering(self, order: Sequence[Any], rule: PatchRule, path: Path) -> list[Hashable] | None:
        """Return the keys ``$setElementOrder`` names, or ``None``, which is a fault."""
        if rule.keys:
            pairs = self.pairs(order, rule, path)
            return [key for key, _ in pairs] if len(pairs) == len(order) else None
        if rule.items and rule.items.shape == "map":
            self.fault("the items of this list have no key to order them by", path, "write all its items")
            return None
        return (
            [identity(item) for item in order] if self.are_single(order, path, text=_is_text(rule)) else None
        )

    def ordered_content(
        self, target: dict[str, Any], name: str, patch: Any, rule: PatchRule, path: Path
    ) -> Merged:
        """Return the list merged, as it is before ``$setElementOrder``."""
        if patch is not NOTHING and not rule.keys and (name not in target or not rule.merges):
            self.are_single(patch, path, text=_is_text(rule))
        if name in target and patch is not NOTHING:
            return self.merged_list(target[name], patch, rule, path)
        items = target[name] if name in target else self.taken_items(patch, rule, path)
        pairs = self.pairs(items, rule, path) if rule.keys else by_themselves(items)
        return Merged(pairs, Live([key for key, _ in pairs]) if name in target else Live([]))

    def check_order(self, patch: Any, wanted: Sequence[Hashable], rule: PatchRule, path: Path) -> None:
        """Refuse an order that leaves out what the patch's list sets, or has it in another sequence."""
        items = keys_to_order(patch, rule) if patch is not NOTHING else []
        met = place = 0
        while wanted and met < len(items) and place < len(wanted):
            # An item that is a directive stands for itself.
            step = items[met] is None or items[met] == wanted[place]
            place += items[met] is not None
            met += step
        if wanted and met < len(items):
            self.fault("must name all items the patch sets, in the patch's order", path)

    def delete_from(
        self, target: dict[str, Any], name: str, values: Any, rule: PatchRule, path: Path
    ) -> None:
        """Take single values out of a list, if it is there."""
        here = (path, f"{DELETE_FROM}/{name}")
        child = self.list_rule(name, values, rule, path, here)
        if not child or shape_of(target.get(name)) != "list":
            return
        if child.items and child.items.shape == "map":
            self.fault(
                f"the items of {name!r} are no single values", here, f"write {MARKER}: delete on an item"
            )
        elif self.are_single(values, here, text=_is_text(child)):
            gone = {identity(value) for value in values}
            target[name] = [value for value in target[name] if identity(value) not in gone]

    # Kinds without metadata.

    def json(self, target: dict[str, Any], key: str, patch: Any, path: Path) -> None:
        """Merge one entry by RFC 7386: maps are merged, null deletes, anything else replaces."""
        if shape_of(patch) != "map":
            target[key] = copied(patch)
            return
        if shape_of(target.get(key)) != "map":
            target[key] = {}
        for name, value in patch.items():
            here = (path, name)
            if not isinstance(name, str) or name.partition("/")[0] in {MARKER, RETAIN, ORDER, DELETE_FROM}:
                self.fault("directives need a kind whose patch metadata is known", here)
            elif value is None:
                target[key].pop(name, None)
            else:
                self.json(target[key], name, value, here)


def _put(target: dict[str, Any], key: str, value: Any) -> None:
    if value is NOTHING:
        target.pop(key, None)
    else:
        target[key] = value


def _is_text(rule: PatchRule) -> bool:
    return bool(rule.items and rule.items.text)
