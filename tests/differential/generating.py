"""Makes request sequences: the same number gives the same sequence, always.

Most requests are such as controllers and people send; some have a fault. A sequence stays with one
or two objects, so that managers meet: apply after update, conflict, force, removal, stale versions.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from copy import deepcopy
from typing import Any

from gwdeployer.objects import Object
from tests.differential.steps import Sequence, Step, Verb
from tests.differential.vocabulary import Vocabulary, merged, vocabularies

MANAGERS = ("alice", "bob", "carol")
#: Deployments and custom resources have most to get wrong.
_KIND_WEIGHTS = {"deployment": 4, "widget": 4, "service": 3}
#: How often a body has a fault; less often at first, so that there is something to work on.
_FAULT_SHARE, _FIRST_FAULT_SHARE = 1 / 8, 1 / 30


def sequence(seed: int, number: int) -> Sequence:
    """Return a sequence."""
    return _Generator(random.Random(f"{seed}/{number}")).sequence()


class _Generator:
    def __init__(self, chance: random.Random) -> None:
        self._chance = chance
        kinds = list(vocabularies())
        self._fault_share = _FIRST_FAULT_SHARE
        self._kind = chance.choices(kinds, [_KIND_WEIGHTS.get(kind, 1) for kind in kinds])[0]
        self._words: Vocabulary = vocabularies()[self._kind]
        self._makers: dict[Callable[[str], Step], int] = {
            self._create: 2,
            self._apply: 10,
            self._patch: 7,
            self._update: 4,
            self._status: 4 if self._words.status else 0,
            self._scale: 2 if self._words.scale else 0,
            self._read: 2,
            self._delete: 3,
        }

    def sequence(self) -> Sequence:
        names = "a" if self._happens(0.8) else "ab"
        first = self._chance.choice([self._create, self._apply_whole])("a")
        self._fault_share = _FAULT_SHARE
        makers, weights = list(self._makers), list(self._makers.values())
        later = self._chance.choices(makers, weights, k=self._chance.randint(2, 9))
        return Sequence(self._kind, (first, *(maker(self._chance.choice(names)) for maker in later)))

    # --- requests --------------------------------------------------------------------------------------

    def _create(self, name: str) -> Step:
        body = self._whole_object(name)
        if self._happens(0.05) and isinstance(body["metadata"], dict):
            body["metadata"].pop("name")
            body["metadata"]["generateName"] = f"$name:{name}-"
        return Step("create", name, self._sent(body), query=self._query())

    def _apply(self, name: str) -> Step:
        if self._happens(0.6):
            return self._apply_whole(name)
        return self._apply_body(name, self._varied(self._named(self._identity(), name), 2))

    def _apply_whole(self, name: str) -> Step:
        return self._apply_body(name, self._whole_object(name))

    def _apply_body(self, name: str, body: Object, subresource: str = "") -> Step:
        query = self._query() | {"fieldManager": self._chance.choice(MANAGERS)}
        if self._happens(0.35):
            query["force"] = "true"
        if self._happens(0.01):
            del query["fieldManager"]
        return Step("apply", name, self._sent(body), subresource, query)

    def _patch(self, name: str) -> Step:
        verb: Verb = self._chance.choice(("merge", "strategic", "json"))
        fragment = self._varied({}, 1)
        if verb == "json":
            return Step("json", name, self._operations(fragment), query=self._query())
        if verb == "strategic" and self._happens(0.3):
            fragment = self._with_directive(fragment)
        content_type = "application/json" if self._happens(0.01) else ""
        return Step(verb, name, self._sent(fragment), query=self._query(), content_type=content_type)

    def _update(self, name: str) -> Step:
        body = self._varied({}, 1)
        if self._happens(0.3):
            version = self._chance.choice([None, "$rv:self", "$rv0:self", "1"])
            body = merged(body, {"metadata": {"resourceVersion": version}})
        return Step("update", name, body, query=self._query())

    def _status(self, name: str) -> Step:
        body = deepcopy(self._chance.choice(self._words.status))
        if self._happens(0.3):
            body = merged(body, deepcopy(self._chance.choice(self._words.status)))
        verb: Verb = self._chance.choice(("apply", "merge", "strategic", "update", "get"))
        if verb == "apply":
            return self._apply_body(name, self._named(merged(self._identity(), body), name), "status")
        return Step(verb, name, None if verb == "get" else body, "status", self._query())

    def _scale(self, name: str) -> Step:
        body: Any = {"spec": {"replicas": self._chance.choice([0, 1, 4, 4, -1, "x", None])}}
        verb: Verb = self._chance.choice(("apply", "merge", "update", "get"))
        if verb == "apply":
            return self._apply_body(name, self._named(merged(self._words.scale, body), name), "scale")
        return Step(verb, name, None if verb == "get" else body, "scale", self._query())

    def _read(self, name: str) -> Step:
        if self._happens(0.5):
            return Step("get", name)
        query = {"fieldSelector": "metadata.name=$name:self"}
        if self._happens(0.5):
            selectors = ("tier", "!tier", "tier in (front, back)", "app.kubernetes.io/name!=web", "a=b=c")
            query["labelSelector"] = self._chance.choice(selectors)
        return Step("list", name, query=query)

    def _delete(self, name: str) -> Step:
        options: Object = {}
        if self._happens(0.4):
            uid = self._chance.choice(["$uid:self", "$uid:self", "11111111-2222-3333-4444-555555555555"])
            options["preconditions"] = {"uid": uid}
        if self._happens(0.3):
            version = self._chance.choice(["$rv:self", "$rv0:self", "1"])
            options.setdefault("preconditions", {})["resourceVersion"] = version
        if self._happens(0.2):
            options["propagationPolicy"] = self._chance.choice(["Background", "Background", "Sideways"])
        if self._happens(0.1):
            options["gracePeriodSeconds"] = self._chance.choice([0, 5, -1])
        if self._happens(0.08):
            options["dryRun"] = [self._chance.choice(["All", "All", "Some"])]
        verb: Verb = "deletecollection" if self._happens(0.1) else "delete"
        query = {"fieldSelector": "metadata.name=$name:self"} if verb == "deletecollection" else {}
        return Step(verb, name, options or None, query=query)

    # --- bodies ----------------------------------------------------------------------------------------

    def _identity(self) -> Object:
        return {key: self._words.base[key] for key in ("apiVersion", "kind")}

    @staticmethod
    def _named(body: Object, name: str) -> Object:
        named: Object = merged(body, {"metadata": {"name": f"$name:{name}"}})
        return named

    def _whole_object(self, name: str) -> Object:
        return self._varied(self._named(deepcopy(self._words.base), name), 0)

    def _varied(self, body: Object, least: int) -> Object:
        for _ in range(self._chance.randint(least, 3)):
            body = merged(body, deepcopy(self._chance.choice(self._words.fragments)))
        if self._happens(self._fault_share):
            body = merged(body, deepcopy(self._chance.choice(self._words.faults)))
        return body

    def _sent(self, body: Any) -> Any:
        """Return the body, now and then replaced by what is none."""
        if self._happens(0.98):
            return body
        return self._chance.choice([b"{", b"[]", b"null", b'"text"', b"", b"a: b: c", b'{"kind": 5}'])

    def _with_directive(self, fragment: Object) -> Object:
        if self._happens(0.3):
            removal = {"$deleteFromPrimitiveList/finalizers": ["example.com/hold"]}
            with_removal: Object = merged(fragment, {"metadata": removal})
            return with_removal
        maps = [node for _, node in _nodes(fragment) if isinstance(node, dict) and node is not fragment]
        if maps:
            self._chance.choice(maps)["$patch"] = self._chance.choice(
                ["replace", "replace", "delete", "delete", "odd"]
            )
        return fragment

    def _operations(self, fragment: Object) -> list[Object]:
        # What lies deep is mostly not there, and then the patch says no more.
        paths = [
            (path, node) for path, node in _nodes(fragment) if 0 < path.count("/") < 4 or self._happens(0.2)
        ]
        chosen = self._chance.sample(paths, min(len(paths), self._chance.randint(1, 3)))
        return [self._operation(path, node) for path, node in chosen]

    def _operation(self, path: str, node: Any) -> Object:
        name = self._chance.choice(
            (*("add",) * 12, "replace", "replace", "remove", "test", "copy", "move", "odd")
        )
        operation: Object = {"op": name, "path": path}
        if name in {"add", "replace", "test"}:
            operation["value"] = node
        elif name in {"copy", "move"}:
            operation["from"] = self._chance.choice(["/metadata/labels", "/metadata/annotations", "/spec"])
        return operation

    # --- queries ---------------------------------------------------------------------------------------

    def _query(self) -> dict[str, str]:
        query: dict[str, str] = {}
        if self._happens(0.5):
            query["fieldManager"] = self._chance.choice(MANAGERS)
        if self._happens(0.3):
            query["fieldValidation"] = self._chance.choice(["Strict", "Strict", "Warn", "Ignore"])
        if self._happens(0.08):
            query["dryRun"] = "All"
        if self._happens(0.02):
            faults = {
                "fieldManager": "x" * 130,
                "dryRun": "Some",
                "fieldValidation": "Never",
                "force": "true",
            }
            query |= [self._chance.choice(list(faults.items()))]
        return query

    def _happens(self, share: float) -> bool:
        return self._chance.random() < share


def _nodes(value: Any, path: str = "") -> list[tuple[str, Any]]:
    """Every node below a value, the value first, with its JSON pointer."""
    entries: list[tuple[Any, Any]] = []
    if isinstance(value, dict):
        entries = list(value.items())
    elif isinstance(value, list):
        entries = list(enumerate(value))
    below = [_nodes(child, f"{path}/{_escaped(str(key))}") for key, child in entries]
    return [(path, value), *(node for nodes in below for node in nodes)]


def _escaped(key: str) -> str:
    return key.replace("~", "~0").replace("/", "~1")
