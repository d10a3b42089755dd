"""Sends a sequence to one server and returns its answers in a form that can be compared.

What no two servers share is replaced by symbols in the order of appearance: UIDs, resourceVersions, allocated
addresses and ports, times. So "the same resourceVersion as two answers before" stays visible.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import partial
from http.client import RemoteDisconnected
from typing import Any, ClassVar

from gwdeployer.objects import Object
from tests.differential.steps import Sequence, Step
from tests.differential.vocabulary import Vocabulary, merged, vocabularies
from tests.servers.http_client import (
    APPLY_PATCH,
    JSON,
    JSON_PATCH,
    MERGE_PATCH,
    STRATEGIC_MERGE_PATCH,
    Answer,
    Client,
)

_METHODS = {
    "create": ("POST", JSON),
    "apply": ("PATCH", APPLY_PATCH),
    "merge": ("PATCH", MERGE_PATCH),
    "strategic": ("PATCH", STRATEGIC_MERGE_PATCH),
    "json": ("PATCH", JSON_PATCH),
    "update": ("PUT", JSON),
    "get": ("GET", JSON),
    "list": ("GET", JSON),
    "delete": ("DELETE", JSON),
    "deletecollection": ("DELETE", JSON),
}
#: What stands for a connection that the server closed without an answer.
NO_ANSWER = Answer(0, {})
_ON_COLLECTION = {"create", "list", "deletecollection"}
_UNKNOWN_UID = "99999999-9999-9999-9999-999999999999"


class Runner:
    """Runs sequences on one server, in one namespace, one after the other."""

    def __init__(self, client: Client, namespace: str) -> None:
        """Make the namespace and the ConfigMap ``owner``."""
        self._client = client
        self._namespace = namespace
        client.post("/api/v1/namespaces", {"metadata": {"name": namespace}}).object()
        owner = {"metadata": {"name": "owner"}}
        self._owner = client.post(f"/api/v1/namespaces/{namespace}/configmaps", owner).object()

    def run(self, sequence: Sequence, run: str) -> Iterator[Answer]:
        """Yield the comparable answer to each step; the names of objects begin with ``run``."""
        words = vocabularies()[sequence.kind]
        known = _Known(run, self._owner)
        symbols = _Symbols(run)
        for step in sequence.steps:
            answer = self._send(step, words, known)
            known.learn(step, answer)
            yield symbols.comparable(answer)
        self._tidy(words, known)

    def _send(self, step: Step, words: Vocabulary, known: _Known) -> Answer:
        method, content_type = _METHODS[step.verb]
        path = words.path.format(namespace=self._namespace)
        if step.verb not in _ON_COLLECTION:
            path += f"/{known.name(step.name)}"
        if step.subresource:
            path += f"/{step.subresource}"
        body = known.filled(self._body(step, words, known), step.name)
        query = {key: known.filled(value, step.name) for key, value in step.query.items()}
        try:
            return self._client.request(
                method, path, body, content_type=step.content_type or content_type, query=query
            )
        except RemoteDisconnected:
            return NO_ANSWER

    @staticmethod
    def _body(step: Step, words: Vocabulary, known: _Known) -> Any:
        if step.verb != "update":
            return step.body
        if step.subresource == "scale":
            return merged(words.scale, {"metadata": {"name": f"$name:{step.name}"}} | step.body)
        seen = known.newest.get(step.name) or merged(words.base, {"metadata": {"name": f"$name:{step.name}"}})
        return merged(seen, step.body)

    def _tidy(self, words: Vocabulary, known: _Known) -> None:
        # Node ports are few; objects of other kinds may stay.
        if words.base["kind"] == "Service":
            for name in known.newest:
                path = words.path.format(namespace=self._namespace)
                self._client.delete(f"{path}/{known.name(name)}")


class _Known:
    """What a server has told of the objects of one run."""

    def __init__(self, run: str, owner: Object) -> None:
        self._run = run
        self._first: dict[str, Object] = {"owner": owner}
        self.newest: dict[str, Object] = {}
        self._owner = owner

    def name(self, letter: str) -> str:
        return "owner" if letter == "owner" else f"{self._run}-{letter}"

    def learn(self, step: Step, answer: Answer) -> None:
        """Remember the object of an answer, unless nothing was stored or it is another one."""
        if answer.status >= 300 or "dryRun" in step.query or step.subresource == "scale":
            return
        metadata = answer.body.get("metadata", {}) if isinstance(answer.body, dict) else {}
        if metadata.get("name") == self.name(step.name):
            self.newest[step.name] = answer.body
            self._first.setdefault(step.name, answer.body)

    def filled(self, value: Any, own: str) -> Any:
        """Return ``value`` with its placeholders filled; ``self`` is ``own``."""
        if isinstance(value, dict):
            return {key: self.filled(item, own) for key, item in value.items()}
        if isinstance(value, list):
            return [self.filled(item, own) for item in value]
        if isinstance(value, str) and "$" in value:
            return re.sub(r"\$(name|uid|rv0|rv):(\w+)", lambda found: self._fill(found, own), value)
        return value

    def _fill(self, found: re.Match[str], own: str) -> str:
        what, letter = found[1], own if found[2] == "self" else found[2]
        if what == "name":
            return self.name(letter)
        seen = self._first if what == "rv0" or letter == "owner" else self.newest
        metadata = seen.get(letter, {}).get("metadata", {})
        key, unknown = ("uid", _UNKNOWN_UID) if what == "uid" else ("resourceVersion", "1")
        return str(metadata.get(key, unknown))


class _Symbols:
    """Replaces what differs by nature, the same thing always by the same symbol."""

    # Each group "value" is replaced; what stands before it may be quoted once more, inside a message.
    _VALUES: ClassVar = {
        "uid": r"\b(?P<value>[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\b",
        "version": r"(?:[rR]esourceVersion\W{1,9}|ResourceVersion in [a-z ]+[:(] ?)(?P<value>\d+)\b",
        "address": r"\b(?P<value>10\.0\.\d+\.\d+)\b",
        "port": r"[nN]odePort\W{1,9}(?P<value>3\d{4})\b",
    }
    _TIME = re.compile(r"\b20(?:2[5-9]|[3-9]\d)-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z")
    _GENERATED = re.compile(r"(?<=RUN-[ab]-)[a-z0-9]{5}\b")

    def __init__(self, run: str) -> None:
        self._run = run
        self._symbols: dict[tuple[str, str], str] = {}

    def comparable(self, answer: Answer) -> Answer:
        """Return the answer with symbols, and in order what comes in any order."""
        text = json.dumps(_ordered(answer.body), sort_keys=True).replace(f"{self._run}-", "RUN-")
        for kind, pattern in self._VALUES.items():
            text = re.sub(pattern, partial(self._replaced, kind), text)
        text = self._GENERATED.sub("xxxxx", self._TIME.sub("<time>", text))
        return Answer(answer.status, json.loads(text))

    def _replaced(self, kind: str, found: re.Match[str]) -> str:
        before = found[0].removesuffix(found["value"])
        number = sum(1 for known, _ in self._symbols if known == kind)
        symbol = self._symbols.setdefault((kind, found["value"]), f"<{kind} {number}>")
        # A number stands without quotes, and JSON has no symbols.
        return before + (f'"{symbol}"' if before.endswith(": ") and kind == "port" else symbol)


def _ordered(body: Any) -> Any:
    """Return the body with those lists in order that a server keeps in order of time or in none."""
    if not isinstance(body, dict):
        return body
    if body.get("kind") == "Status":
        return _ordered_status(body)
    if "items" in body:
        listed = {"items": [_ordered(item) for item in body["items"]]}
        return body | listed | {"metadata": body["metadata"] | {"resourceVersion": ""}}
    metadata = body.get("metadata", {})
    if "managedFields" in metadata:
        metadata = metadata | {"managedFields": sorted(metadata["managedFields"], key=_entry_key)}
    return body | {"metadata": metadata}


def _entry_key(entry: Object) -> tuple[str, ...]:
    # Servers sort entries by time too, and a second may end between two requests to one of them.
    return tuple(str(entry.get(key, "")) for key in ("operation", "manager", "apiVersion", "subresource"))


def _ordered_status(status: Object) -> Object:
    """Go walks its maps in random order, and so come conflicts and the faults of custom resources.

    A real server looks at metadata up to three times, and then tells each fault of it as often.
    """
    causes = status.get("details", {}).get("causes", [])
    told = sorted({json.dumps(cause, sort_keys=True) for cause in causes})
    message = status.get("message", "")
    if len(told) > 1:
        message = re.sub(r"(?s)(is invalid:|conflicts?:|conflicts with) .*", r"\1 (see causes)", message)
    details = (
        {"details": status["details"] | {"causes": [json.loads(cause) for cause in told]}} if told else {}
    )
    return status | {"message": message} | details
