"""Sequences of applies and updates for the server-side apply oracle: random, told by a seed.

Values are made from the schemas of the kinds and from small pools, so that what managers write meets. What a
manager applies next is made from what it applied before, from the live object, and from something new; about
one write in twelve has something wrong with it.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

from gwdeployer.objects.types import schema_of

#: Kubernetes' own kinds, and the custom kind of ``widget.json`` in two versions.
KINDS = {
    "Deployment": ("apps/v1", "apps.v1.Deployment"),
    "Service": ("v1", "core.v1.Service"),
    "ConfigMap": ("v1", "core.v1.ConfigMap"),
    "NetworkPolicy": ("networking.k8s.io/v1", "networking.v1.NetworkPolicy"),
    "ServiceAccount": ("v1", "core.v1.ServiceAccount"),
    "Widget": ("example.com/v1", ""),
}
DEFINITION = Path(__file__).with_name("widget.json")
STEPS = 8

Map = dict[str, Any]
Ask = Callable[[Map], Map]

_APPLIERS = ["deployer", "kubectl", "operator"]
_UPDATERS = ["kubectl-edit", "manager", "kubectl"]
_TEXTS = ["a", "b", "c", "d"]
_NUMBERS = [0, 1, 2, 80]
#: Fields on the way to lists of items are nearly always there.
_ALWAYS = {"spec", "template", "containers", "ports", "selector", "data", "name"}
_METADATA = {"labels", "annotations", "finalizers", "ownerReferences"}
_MAX_DEPTH = 9
#: Fields that are newer than the server that is asked.
_NEWER = {"bindMountOptions", "defaultUser", "evictionResponders", "mode", "protocol", "user", "volumeHealth"}
_NEWER |= {"healthStatus", "nodeAllocatableResourceClaimStatuses", "podPreemptionPolicy"}
_LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"


def sequences(seed: int, count: int, ask: Ask) -> Iterator[tuple[Map, Map]]:
    """Yield each request with its answer; the same for the same seed and answers."""
    chance = random.Random(seed)
    kinds = list(KINDS)
    for index in range(count):
        yield from _Sequence(chance, kinds[index % len(kinds)], ask).steps()


@cache
def widget() -> Map:
    """Return the CustomResourceDefinition of the custom kind."""
    definition: Map = json.loads(DEFINITION.read_text())
    return definition


def widget_schema() -> Map:
    """Return the structural schema that both versions of the custom kind have."""
    schema: Map = widget()["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
    return schema


@cache
def _schema(kind: str) -> Map:
    own = KINDS[kind][1]
    metadata = schema_of("meta.v1.ObjectMeta")
    kept = {name: inner for name, inner in metadata["properties"].items() if name in _METADATA}
    schema = schema_of(own) if own else widget_schema()
    fields = {name: inner for name, inner in schema["properties"].items() if name not in _HEAD}
    return {"type": "object", "properties": fields | {"metadata": {"type": "object", "properties": kept}}}


_HEAD = {"apiVersion", "kind"}


class _Sequence:
    """The writes of one object."""

    def __init__(self, chance: random.Random, kind: str, ask: Ask) -> None:
        self.chance = chance
        self.kind = kind
        self.ask = ask
        self.values = _Values(chance)
        self.live: Map | None = None
        self.applied: dict[str, Map] = {}
        self.many_updaters = chance.random() < 0.1

    def steps(self) -> Iterator[tuple[Map, Map]]:
        for step in range(STEPS * 3 if self.many_updaters else STEPS):
            request = self.request() | {"now": f"2020-01-01T00:{step:02d}:00Z"}
            if self.live is not None:
                request["live"] = self.live
            if self.kind == "Widget":
                request["definition"] = widget()
            answer = self.ask(request)
            yield request, answer
            self.follow(request, answer)

    def follow(self, request: Map, answer: Map) -> None:
        """Store what came out, sometimes as it was before anybody owned anything."""
        if "object" not in answer:
            return
        self.live = json.loads(json.dumps(answer["object"]))
        self.live["metadata"]["uid"] = "1"
        if request["verb"] == "apply":
            self.applied[request["manager"]] = request["object"]
        if self.chance.random() < 0.05:
            self.live["metadata"].pop("managedFields", None)

    def request(self) -> Map:
        updates = 0.9 if self.many_updaters else 0.4
        made = self.update() if self.chance.random() < updates else self.apply()
        if self.chance.random() < 0.2:
            made |= {"subresource": "status", "reset": [["spec"], ["metadata", "labels"]]}
        elif self.chance.random() < 0.5:
            made["reset"] = [["status"]]
        return made

    def apply(self) -> Map:
        manager = self.chance.choice(_APPLIERS)
        before = self.applied.get(manager) or self.live or {}
        obj = self.values.changed(before, odds=0.1) if self.chance.random() < 0.8 else {}
        if self.chance.random() < 0.6 or not obj:
            obj = self.values.joined(obj, self.new())
        obj.setdefault("metadata", {}).pop("managedFields", None)
        if self.chance.random() < 0.08:
            self.values.spoil(obj)
        force = self.chance.random() < 0.5
        return {"verb": "apply", "manager": manager, "force": force, "object": self.named(obj)}

    def update(self) -> Map:
        manager = f"m{self.chance.randint(1, 20)}" if self.many_updaters else self.chance.choice(_UPDATERS)
        obj = self.values.changed(self.live or self.new(), odds=0.08, kept=("managedFields", "fieldsV1"))
        if self.chance.random() < 0.5:
            obj = self.values.joined(obj, self.new())
        metadata = obj.setdefault("metadata", {})
        if self.chance.random() < 0.3:
            metadata.pop("managedFields", None)
        elif self.chance.random() < 0.08:
            metadata["managedFields"] = self.chance.choice([[], [{}], self.others()])
        if manager == "kubectl":
            said = {_LAST_APPLIED: json.dumps(self.annotated(obj))}
            metadata["annotations"] = (metadata.get("annotations") or {}) | said
        if self.kind != "Widget":
            obj = _without_empty_parts(obj)
        return {"verb": "update", "manager": manager, "object": self.named(obj)}

    def others(self) -> list[Map]:
        """Return entries as somebody may write them by hand."""
        version = "example.com/v2" if self.kind == "Widget" else KINDS[self.kind][0]
        return [entry | {"apiVersion": version} for entry in _OTHERS]

    def annotated(self, obj: Map) -> Map:
        """Return what client-side apply says it applied: most of an object, but for what it does not show."""
        shown = self.values.changed(self.named(obj), odds=0.05)
        for name in ("managedFields", "annotations", "uid"):
            shown.get("metadata", {}).pop(name, None)
        return self.named(shown)

    def new(self) -> Map:
        made: Map = self.values.of(_schema(self.kind), 0)
        return made

    def named(self, obj: Map) -> Map:
        version = KINDS[self.kind][0]
        if self.kind == "Widget" and self.chance.random() < 0.3:
            version = "example.com/v2"
        metadata = obj.get("metadata") if isinstance(obj.get("metadata"), dict) else {}
        return obj | {
            "apiVersion": version,
            "kind": self.kind,
            "metadata": (metadata or {}) | {"name": "x", "namespace": "y"},
        }


_OTHERS = [
    {
        "manager": "hand",
        "operation": "Update",
        "fieldsType": "FieldsV1",
        "fieldsV1": {"f:spec": {"f:replicas": {}}, "f:data": {"f:b": {}, ".": {}, "f:a": {}}, "x:y": {}},
    },
    {
        "manager": "hand",
        "operation": "Apply",
        "time": "2019-01-01T01:00:00+01:00",
        "fieldsType": "FieldsV1",
        "fieldsV1": {"f:spec": {"f:ports": {'k:{"protocol":"TCP","port":80}': {".": {}, "f:port": {}}}}},
    },
]


def _without_empty_parts(value: Any, *, in_list: bool = False) -> Any:
    """Return a value without what is empty in items of lists.

    A Go slice that is empty differs from none while a request is handled, and in nothing that can be seen.
    """
    if isinstance(value, list):
        return [_without_empty_parts(item, in_list=True) for item in value]
    if not isinstance(value, dict):
        return value
    inner = {name: _without_empty_parts(item, in_list=in_list) for name, item in value.items()}
    return {name: item for name, item in inner.items() if not in_list or item not in ([], {}, None)}


class _Values:
    """Makes values of schemas, and others from them."""

    def __init__(self, chance: random.Random) -> None:
        self.chance = chance

    def of(self, schema: Map, depth: int) -> Any:
        if "enum" in schema:
            return self.chance.choice(schema["enum"])
        if "properties" in schema or schema.get("type") == "object":
            return self.map_of(schema, depth)
        if schema.get("type") == "array":
            return self.list_of(schema, depth)
        return self.single(schema)

    def map_of(self, schema: Map, depth: int) -> Map:
        fields = schema.get("properties", {}) if depth < _MAX_DEPTH else {}
        fields = {name: inner for name, inner in fields.items() if name not in _NEWER}
        chosen = set(self.chance.sample(sorted(fields), min(len(fields), self.chance.randint(0, 4))))
        chosen |= {name for name in fields if name in _ALWAYS and self.chance.random() < 0.8}
        made = {name: self.of(fields[name], depth + 1) for name in sorted(chosen)}
        inner = schema.get("additionalProperties")
        if inner or schema.get("x-kubernetes-preserve-unknown-fields"):
            inner = inner if isinstance(inner, dict) else {}
            made |= {name: self.of(inner, depth + 1) for name in self.some(_TEXTS)}
        return made

    def list_of(self, schema: Map, depth: int) -> list[Any]:
        items = [self.of(schema["items"], depth + 1) for _ in range(self.chance.randint(0, 3))]
        if schema.get("x-kubernetes-list-type") == "atomic" or self.chance.random() < 0.02:
            return items
        keys = schema.get("x-kubernetes-list-map-keys", [])
        for item in items:
            for key in keys:
                self.set_key(item, key, schema["items"]["properties"][key])
        identities = [json.dumps([item.get(key) for key in keys] if keys else item) for item in items]
        return list(dict(zip(identities, items, strict=True)).values())

    def set_key(self, item: Map, key: str, schema: Map) -> None:
        if "default" not in schema or self.chance.random() < 0.5:
            item[key] = self.of(schema, _MAX_DEPTH)

    def single(self, schema: Map) -> Any:
        if schema.get("x-kubernetes-int-or-string"):
            return self.chance.choice([1, 80, "50%"] if "pattern" not in schema else ["1", "100m", 1, "0.1"])
        made = {
            "integer": self.chance.choice(_NUMBERS),
            "number": self.chance.choice([0.5, 1, 2.0]),
            "boolean": self.chance.random() < 0.5,
            "string": {"date-time": "2020-01-01T00:00:00Z", "byte": "YQ=="}.get(
                schema.get("format", ""), self.chance.choice(_TEXTS)
            ),
        }
        return made[schema["type"]] if "type" in schema else self.free(2)

    def free(self, depth: int) -> Any:
        """Return a value without a schema."""
        kinds: list[Any] = ["a", "b<", 1, 0.5, True, None]
        if depth:
            kinds += [{name: self.free(depth - 1) for name in self.some(_TEXTS)}] * 3
            kinds += [[self.free(depth - 1) for _ in self.some(_TEXTS)]]
        return self.chance.choice(kinds)

    def some(self, pool: list[Any]) -> list[Any]:
        return self.chance.sample(pool, self.chance.randint(0, len(pool)))

    def changed(self, value: Any, *, odds: float, kept: tuple[str, ...] = ()) -> Any:
        """Return a value like this one: parts gone, others in their place, lists in another order."""
        if isinstance(value, dict):
            return {
                name: inner if name in kept else self.changed(inner, odds=odds, kept=kept)
                for name, inner in value.items()
                if self.chance.random() > odds / 2
            }
        if isinstance(value, list):
            return self.changed_list(value, odds=odds, kept=kept)
        if self.chance.random() > odds:
            return value
        pool: list[Any] = _TEXTS if isinstance(value, str) else _NUMBERS
        pool = [True, False] if isinstance(value, bool) else pool
        return self.chance.choice([*pool, *pool, None])

    def changed_list(self, items: list[Any], *, odds: float, kept: tuple[str, ...]) -> list[Any]:
        made = [self.changed(item, odds=odds, kept=kept) for item in items if self.chance.random() > odds]
        if self.chance.random() < odds:
            self.chance.shuffle(made)
        if made and self.chance.random() < odds / 2:
            made.append(self.chance.choice(made))
        return made

    def joined(self, value: Any, other: Any) -> Any:
        """Return both values in one; where they meet, either."""
        if isinstance(value, dict) and isinstance(other, dict):
            return other | {
                name: self.joined(inner, other[name]) if name in other else inner
                for name, inner in value.items()
            }
        if isinstance(value, list) and isinstance(other, list) and self.chance.random() < 0.5:
            return [*value, *(item for item in other if item not in value)]
        return self.chance.choice([value, other])

    def spoil(self, obj: Map) -> None:
        """Put something into an object that does not fit its schema."""
        place, name = obj, ""
        while isinstance(place, dict) and place and (not name or self.chance.random() < 0.7):
            inner, name = place, self.chance.choice(sorted(place))
            place = inner[name]
        inner[name if self.chance.random() < 0.5 else "unknown"] = self.chance.choice(
            [{"a": "b"}, ["a"], 1, "a", True]
        )
