"""Objects and patches for the strategic merge oracle: random, typed by Kubernetes' schemas, told by a seed.

Objects are small and made of what patches are about: maps, lists merged by key, lists of single values. A
patch is made from its object, so that it meets what is there; about one in six has something wrong with it.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

from gwdeployer.objects.types import FieldInfo, type_info

KINDS = {
    "ConfigMap": "v1",
    "CronJob": "batch/v1",
    "DaemonSet": "apps/v1",
    "Deployment": "apps/v1",
    "HorizontalPodAutoscaler": "autoscaling/v2",
    "Ingress": "networking.k8s.io/v1",
    "NetworkPolicy": "networking.k8s.io/v1",
    "PersistentVolumeClaim": "v1",
    "Pod": "v1",
    "PodDisruptionBudget": "policy/v1",
    "RoleBinding": "rbac.authorization.k8s.io/v1",
    "Service": "v1",
    "ServiceAccount": "v1",
    "StatefulSet": "apps/v1",
}
_TYPES = {
    "v1": "core.v1",
    "networking.k8s.io/v1": "networking.v1",
    "rbac.authorization.k8s.io/v1": "rbac.v1",
    "autoscaling/v2": "autoscaling.v2",
}
#: Fields on the way to what is merged by key are nearly always there.
_ALWAYS = {"spec", "template", "containers", "jobTemplate", "metadata"}
_TEXTS = ["a", "b", "c", "d"]
_MAX_DEPTH = 9

Map = dict[str, Any]


def pairs(seed: int, count: int) -> Iterator[Map]:
    """Yield ``{"kind", "object", "patch"}``; the same for the same seed."""
    chance = random.Random(seed)
    kinds = list(KINDS)
    for index in range(count):
        kind = kinds[index % len(kinds)]
        yield _Pair(chance, faulty=chance.random() < 1 / 6).made(kind)


def type_name(kind: str) -> str:
    version = KINDS[kind]
    return f"{_TYPES.get(version, version.replace('/', '.'))}.{kind}"


class _Pair:
    """Makes one pair. ``faulty``: put something wrong in here and there."""

    def __init__(self, chance: random.Random, *, faulty: bool) -> None:
        self.chance = chance
        self.faulty = faulty

    def made(self, kind: str) -> Map:
        head = {"apiVersion": KINDS[kind], "kind": kind}
        name = type_name(kind)
        obj = self.fields(name, 0) | head
        patch = self.patch_of_map(obj, FieldInfo(ref=name), 0)
        patch.pop("$patch", None)
        for key in ("apiVersion", "kind"):
            patch.pop(key, None)
        return {"kind": kind, "object": obj, "patch": patch}

    # Objects.

    def fields(self, name: str, depth: int) -> Map:
        fields = type_info(name).fields or {}
        chosen = {key for key in fields if key in _ALWAYS}
        wanted = self.chance.randint(1, 5 if depth < 4 else 3)
        names = list(fields)
        weights = [self.weight(fields[key]) for key in names]
        chosen |= set(self.chance.choices(names, weights, k=wanted)) if names else set()
        return {key: self.value(fields[key], depth + 1) for key in names if key in chosen and key != "status"}

    def weight(self, field: FieldInfo) -> int:
        return 8 if field.patch_strategy else 3 if field.type in {"array", "object"} or field.ref else 1

    def value(self, field: FieldInfo, depth: int) -> Any:
        if field.ref:
            info = type_info(field.ref)
            if info.fields is None:
                return self.value(info.itself, depth)
            return self.fields(field.ref, depth) if depth < _MAX_DEPTH else {}
        if field.type == "array":
            return self.items(field, depth)
        if field.type == "object":
            inner = field.values or FieldInfo(type="string")
            return {key: self.value(inner, depth + 1) for key in self.some(_TEXTS)}
        return self.single(field)

    def items(self, field: FieldInfo, depth: int) -> list[Any]:
        assert field.items
        if field.merge_key:
            return [self.item(field, key, depth) for key in self.keys(field)]
        count = self.chance.randint(0, 3)
        values = [self.value(field.items, depth + 1) for _ in range(count)]
        return self.some(_TEXTS) if field.patch_strategy else values

    def keys(self, field: FieldInfo, least: int = 0) -> list[Any]:
        assert field.items
        fields = type_info(field.items.ref).fields or {}
        pool: list[Any] = [80, 443, 8080, 53] if fields[field.merge_key].type == "integer" else _TEXTS
        return self.some(pool, least)

    def item(self, field: FieldInfo, key: Any, depth: int) -> Map:
        assert field.items
        made = self.fields(field.items.ref, depth + 1) if depth < _MAX_DEPTH else {}
        made[field.merge_key] = key
        if field.merge_key == "port" and self.chance.random() < 0.5:
            made["protocol"] = self.chance.choice(["TCP", "UDP"])
        return made

    def some(self, pool: list[Any], least: int = 0) -> list[Any]:
        return self.chance.sample(pool, self.chance.randint(least, len(pool)))

    def single(self, field: FieldInfo) -> Any:
        if field.format == "date-time":
            return "2024-01-01T00:00:00Z"
        if field.format == "byte":
            return "YQ=="
        if field.format == "quantity":
            return self.chance.choice(["1", "100m", "2Gi"])
        if field.enum:
            return self.chance.choice(field.enum)
        made = {"integer": self.chance.randint(0, 3), "boolean": self.chance.random() < 0.5, "number": 1.5}
        return made.get(field.type, self.chance.choice(_TEXTS))

    # Patches.

    def wrong(self, odds: float = 0.06) -> bool:
        return self.faulty and self.chance.random() < odds

    def patch(self, value: Any, field: FieldInfo, depth: int) -> Any:
        """Return a patch for a value that is there (``None``: is not)."""
        if self.chance.random() < 0.06:
            return None
        if self.wrong(0.03):
            return self.chance.choice([["a"], {"a": "b"}, "a", []])
        if field.ref and type_info(field.ref).fields is not None:
            return self.patch_of_map(value, field, depth)
        if field.type == "array":
            return self.patch_of_list(value, field, depth)
        if field.type == "object":
            inner = field.values or FieldInfo(type="string")
            return {key: self.patch(None, inner, depth + 1) for key in self.some([*_TEXTS, "e"], 1)}
        return self.value(field, depth)

    def patch_of_map(self, value: Any, field: FieldInfo, depth: int) -> Map:
        fields = type_info(field.ref).fields or {}
        value = value if isinstance(value, dict) else {}
        names = [key for key in value if key in fields and self.is_met(key, depth)]
        names += [key for key in self.fields(field.ref, max(depth, 5)) if key not in names]
        made = {key: self.patch(value.get(key), fields[key], depth + 1) for key in names}
        self.add_directives(made, value, fields, depth)
        return made

    def is_met(self, key: str, depth: int) -> bool:
        return self.chance.random() < (0.95 if key in _ALWAYS else 0.5)

    def add_directives(self, made: Map, value: Map, fields: Any, depth: int) -> None:
        for name, field in fields.items():
            if field.type == "array" and (name in value or name in made):
                self.add_list_directives(made, name, value.get(name), field)
        if self.chance.random() < 0.08 and depth:
            made["$patch"] = self.chance.choice(["delete", "replace", "replace"])
        if self.chance.random() < 0.12 and depth > 1:
            self.add_retained(made, value)
        if self.wrong():
            made.update(self.chance.choice(_BAD_ENTRIES))

    def add_retained(self, made: Map, value: Map) -> None:
        names = [key for key in made if not key.startswith("$")]
        if self.wrong(0.3) and names:
            names.pop()
        made["$retainKeys"] = names + [
            key for key in value if self.chance.random() < 0.5 and key not in names
        ]

    def add_list_directives(self, made: Map, name: str, value: Any, field: FieldInfo) -> None:
        texts = field.items and field.items.type == "string"
        if texts and self.chance.random() < 0.15 and name not in made:
            made[f"$deleteFromPrimitiveList/{name}"] = self.some(_TEXTS) + (["z"] if self.wrong() else [])
        sides = [side[name] for side in (made, {} if value is None else {name: value}) if name in side]
        # Kubernetes refuses an order for a null or for empty lists; a few of those will do.
        orderable = (None not in sides and any(sides)) or self.chance.random() < 0.05
        if (texts or field.merge_key) and orderable and self.chance.random() < 0.3:
            made[f"$setElementOrder/{name}"] = self.order(made.get(name), value, field)

    def order(self, patch: Any, value: Any, field: FieldInfo) -> list[Any]:
        """Return an order that names the patch's items in their sequence, and some of the object's."""
        keys = _keys(patch, field)
        if self.chance.random() < 0.05:
            return []
        for key in _keys(value, field):
            if key not in keys and self.chance.random() < 0.7:
                keys.insert(self.chance.randint(0, len(keys)), key)
        if self.wrong(0.3) and keys:
            self.chance.shuffle(keys)
            keys.pop()
        return [_order_item(key, field) for key in keys]

    def patch_of_list(self, value: Any, field: FieldInfo, depth: int) -> list[Any]:
        if not field.merge_key:
            made = self.items(field, depth)
            return made + ([{"$patch": "replace"}, None, 1] if self.wrong() else [])
        there = {item[field.merge_key]: item for item in value or [] if field.merge_key in item}
        keys = dict.fromkeys(self.some(list(there))) | dict.fromkeys(self.keys(field))
        order = list(keys)
        self.chance.shuffle(order)
        made = [self.patch_of_item(there.get(key), key, field, depth) for key in order]
        if self.chance.random() < 0.08:
            made.insert(self.chance.randint(0, len(made)), {"$patch": "replace"})
        return made + ([self.chance.choice(_BAD_ITEMS)] if self.wrong() else [])

    def patch_of_item(self, value: Any, key: Any, field: FieldInfo, depth: int) -> Map:
        assert field.items
        if self.chance.random() < 0.2:
            return self.with_protocol({field.merge_key: key, "$patch": "delete"}, value, field)
        if value is None and self.chance.random() < 0.5:
            made = self.item(field, key, depth)
        else:
            made = self.patch_of_map(value, field.items, depth + 1) if depth < _MAX_DEPTH else {}
            made.pop("$patch", None)
            made[field.merge_key] = key
        self.retained(made, field.merge_key)
        if self.wrong(0.05):
            del made[field.merge_key]
        if self.chance.random() < 0.03:
            made["$patch"] = "replace"
        return self.with_protocol(made, value, field)

    def with_protocol(self, item: Map, value: Any, field: FieldInfo) -> Map:
        """Usually mean the port that is there, protocol included."""
        if field.merge_key == "port" and value and "protocol" in value and self.chance.random() < 0.8:
            item["protocol"] = value["protocol"]
            self.retained(item, "protocol")
        return item

    def retained(self, item: Map, name: str) -> None:
        if isinstance(item.get("$retainKeys"), list) and name not in item["$retainKeys"]:
            item["$retainKeys"].append(name)


def _keys(items: Any, field: FieldInfo) -> list[Any]:
    """Return what an order has to name; of a port, its protocol too."""
    if not isinstance(items, list):
        return []
    if not field.merge_key:
        return [item for item in items if isinstance(item, str)]
    kept = [item for item in items if isinstance(item, dict) and "$patch" not in item]
    keys = [(item[field.merge_key], item.get("protocol")) for item in kept if field.merge_key in item]
    return [key for index, key in enumerate(keys) if key not in keys[:index]]


def _order_item(key: Any, field: FieldInfo) -> Any:
    if not field.merge_key:
        return key
    protocol = {"protocol": key[1]} if field.merge_key == "port" and key[1] else {}
    return {field.merge_key: key[0], **protocol}


_BAD_ENTRIES: list[Map] = [
    {"$patch": "remove"},
    {"$patch": ["delete"]},
    {"$setElementOrder": []},
    {"$setElementOrder/nowhere": ["a"]},
    {"$deleteFromPrimitiveList": ["a"]},
    {"$retainKeys": "a"},
    {"nowhere": {"a": 1}},
    {"nowhere": ["a"]},
]
_BAD_ITEMS: list[Any] = ["a", None, ["a"], {"$patch": "remove"}, {"$patch": "delete"}, {"value": "a"}, 1]
