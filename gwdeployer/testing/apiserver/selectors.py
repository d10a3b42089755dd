"""Label and field selectors as queries write them: ``app in (a, b),!old`` and ``status.phase!=Running``.

The grammar is that of ``k8s.io/apimachinery/pkg/labels`` and ``pkg/fields``. Which fields of a kind can be
selected by is fixed in Kubernetes, and listed here; for other kinds name and namespace can.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from typing import TypeAlias

from gwdeployer.objects import Object, metadata_of
from gwdeployer.testing.apiserver.kinds.causes import invalid
from gwdeployer.testing.apiserver.kinds.syntax import qualified_name
from gwdeployer.testing.apiserver.statuses import ResourceName, bad_request

Labels: TypeAlias = Mapping[str, str]
#: Whether an object is among those a request is about.
Selects: TypeAlias = Callable[[Object], bool]
_Requirement: TypeAlias = Callable[[Labels], bool]

_TOKEN = re.compile(r"\s*(?:(==|!=|=|>|<|!|,|\(|\))|([^\s=!,()<>]+))")
_END = ""
_MARKS = {"==", "!=", "=", ">", "<", "!", ",", "(", ")"}
_TERM = re.compile(r"([^=!]+?)\s*(==|!=|=)\s*(.*)", re.DOTALL)

#: What objects of every kind can be selected by.
_ALWAYS = ("metadata.name", "metadata.namespace")
#: What an Event says of the object it is about.
_REFERENCE = ("kind", "namespace", "name", "uid", "apiVersion", "resourceVersion", "fieldPath")
#: Fields beyond those, by resource.
_FIELDS: dict[tuple[str, str], frozenset[str]] = {
    ("", "pods"): frozenset(
        {
            "spec.nodeName",
            "spec.restartPolicy",
            "spec.schedulerName",
            "spec.serviceAccountName",
            "spec.hostNetwork",
            "status.phase",
            "status.podIP",
            "status.nominatedNodeName",
        }
    ),
    ("", "nodes"): frozenset({"spec.unschedulable"}),
    ("", "replicationcontrollers"): frozenset({"status.replicas"}),
    ("apps", "replicasets"): frozenset({"status.replicas"}),
    ("", "namespaces"): frozenset({"status.phase"}),
    ("", "secrets"): frozenset({"type"}),
    ("", "services"): frozenset({"spec.clusterIP", "spec.type"}),
    ("batch", "jobs"): frozenset({"status.successful"}),
    ("certificates.k8s.io", "certificatesigningrequests"): frozenset({"spec.signerName"}),
    ("", "events"): frozenset(
        {*(f"involvedObject.{name}" for name in _REFERENCE), "reason", "reportingComponent", "source", "type"}
    ),
    ("events.k8s.io", "events"): frozenset(
        {*(f"regarding.{name}" for name in _REFERENCE), "reason", "reportingController", "type"}
    ),
}


def label_selector(text: str) -> Callable[[Labels], bool]:
    """Return whether labels are selected. Raises StatusError (400) where the selector cannot be read."""
    requirements = _requirements(text)
    return lambda labels: all(requirement(labels) for requirement in requirements)


def selection(resource: ResourceName, labels: str, fields: str, *, builtin: bool = True) -> Selects | None:
    """Return whether an object is selected; None where all are. Raises StatusError (400)."""
    if not labels and not fields:
        return None
    wanted = _requirements(labels)
    terms = list(field_terms(fields))
    for path, _, _ in terms:
        _check_field(resource, path, builtin=builtin)

    def selects(obj: Object) -> bool:
        present = metadata_of(obj).get("labels") or {}
        return all(requirement(present) for requirement in wanted) and all(
            (_field(obj, path) == value) == equal for path, equal, value in terms
        )

    return selects


def _check_field(resource: ResourceName, path: str, *, builtin: bool) -> None:
    """Raise StatusError unless objects can be selected by a field."""
    if path in _ALWAYS or path in _FIELDS.get(resource, ()):
        return
    if resource in _FIELDS or not builtin:
        raise bad_request(f"field label not supported: {path}")
    known = ", ".join(f'"{name}"' for name in _ALWAYS)
    raise bad_request(f'"{path}" is not a known field selector: only {known}')


def field_terms(text: str) -> Iterator[tuple[str, bool, str]]:
    """Yield the terms of a field selector: path, whether it must be equal, value. Raises StatusError."""
    for term in filter(None, re.split(r"(?<!\\),", text)):
        found = _TERM.fullmatch(term.strip())
        if not found:
            raise bad_request(f"invalid selector: '{text}'; can't understand '{term}'")
        yield found[1], found[2] != "!=", re.sub(r"\\([\\,=])", r"\1", found[3])


def _field(obj: Object, path: str) -> str:
    if path == "source":
        return str((obj.get("source") or {}).get("component") or obj.get("reportingComponent") or "")
    value: object = obj
    for part in path.split("."):
        value = value.get(part) if isinstance(value, dict) else None
    if value is None:
        return {"spec.unschedulable": "false", "spec.hostNetwork": "false", "status.replicas": "0"}.get(
            path, ""
        )
    return str(value).lower() if isinstance(value, bool) else str(value)


@lru_cache(512)
def _requirements(text: str) -> tuple[_Requirement, ...]:
    return tuple(_Parser(text).requirements()) if text.strip() else ()


class _Parser:
    """Recursive descent over the tokens of one label selector."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = [match[1] or match[2] for match in _TOKEN.finditer(text.rstrip())]
        self._next = 0

    def requirements(self) -> Iterator[_Requirement]:
        """Yield one requirement for each part between commas."""
        while True:
            yield self._requirement()
            mark = self._take()
            if mark == _END:
                return
            if mark != ",":
                raise bad_request(f"found '{mark}', expected: ',' or 'end of string'")
            if (after := self._peek()) != "!" and (after in _MARKS or after == _END):
                raise bad_request(f"found '{after}', expected: identifier after ','")

    def _requirement(self) -> _Requirement:
        absent = self._peek() == "!"
        if absent:
            self._take()
        key = self._key(after_mark=absent)
        if absent:
            return lambda labels: key not in labels
        if self._peek() in {",", _END}:
            return lambda labels: key in labels
        return self._compared(key, self._take())

    def _key(self, *, after_mark: bool) -> str:
        key = self._take()
        if key in _MARKS or key == _END:
            if after_mark:
                raise self._wrong(f"found '{key}', expected: identifier")
            raise bad_request(f"found '{key}', expected: !, identifier, or 'end of string'")
        if faults := list(qualified_name(key)):
            raise self._wrong(str(invalid("<nil>", key, faults[0])))
        return key

    def _compared(self, key: str, operator: str) -> _Requirement:
        match operator:
            case "in" | "notin":
                values, inside = self._values(), operator == "in"
            case "=" | "==" | "!=":
                values, inside = {self._value()}, operator != "!="
            case "<" | ">":
                return self._bounded(key, operator)
            case _:
                raise self._wrong(f"found '{operator}', expected: in, notin, =, ==, !=, gt, lt")
        if inside:
            return lambda labels: key in labels and labels[key] in values
        return lambda labels: labels.get(key) not in values or key not in labels

    def _bounded(self, key: str, operator: str) -> _Requirement:
        text = self._value()
        if not re.fullmatch(r"-?\d+", text):
            raise self._wrong(f"for 'Gt', 'Lt' operators, the value must be an integer: {text}")
        bound, sign = int(text), 1 if operator == ">" else -1

        def holds(labels: Labels) -> bool:
            value = labels.get(key, "")
            return bool(re.fullmatch(r"-?\d+", value)) and sign * (int(value) - bound) > 0

        return holds

    def _values(self) -> set[str]:
        if (mark := self._take()) != "(":
            raise self._wrong(f"found '{mark}' expected: '('")
        values = set()
        while True:
            values.add(self._value(",)"))
            mark = self._take()
            if mark == ")":
                return values
            if mark != ",":
                raise self._wrong(f"found '{mark}', expected: ',' or ')'")

    def _value(self, ends: str = ",") -> str:
        """Take a value, which may be empty."""
        token = self._peek()
        return "" if token == _END or token in ends else self._take()

    def _peek(self) -> str:
        return self._tokens[self._next] if self._next < len(self._tokens) else _END

    def _take(self) -> str:
        token = self._peek()
        self._next += 1
        return token

    def _wrong(self, why: str) -> Exception:
        return bad_request(f"unable to parse requirement: {why}")
