"""What a change of an object looks like to a person: a diff without noise and without secrets. Pure."""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from gwdeployer import documents
from gwdeployer.cluster.dry_run import Change
from gwdeployer.objects import Object, ObjectRef, metadata_of

#: What the server notes about each write; it says nothing about what is stored.
_NOTES = frozenset({"managedFields", "resourceVersion", "generation", "uid", "creationTimestamp", "selfLink"})
#: Where a Secret has secrets: kubectl keeps a whole manifest in an annotation.
_SECRET = ("data", "stringData")
_LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"
_MASK = "***"


def texts(change: Change) -> tuple[str, str]:
    """Return an object as YAML, before and after; "" where there is none. Without ``status``.

    Secrets are masked as kubectl does: equal values alike, others as ``*** (before)`` and ``*** (after)``.
    """
    before, after = _content(change.before), _content(change.after)
    if change.ref.kind.group_kind == ("", "Secret"):
        before, after = _masked(before, after, "before"), _masked(after, before, "after")
    return _text(before), _text(after)


def _text(obj: Object) -> str:
    """Return an object as YAML with its fields in alphabetical order, as kubectl prints them."""
    return documents.dump(json.loads(json.dumps(obj, sort_keys=True))) if obj else ""


def _content(obj: Object | None) -> Object:
    if obj is None:
        return {}
    metadata = {name: value for name, value in metadata_of(obj).items() if name not in _NOTES}
    return {name: value for name, value in {**obj, "metadata": metadata}.items() if name != "status"}


def _masked(secret: Object, other: Object, side: str) -> Object:
    """Return a Secret without what it keeps secret; ``other`` is the same one on the other side."""
    masked = {part: _masks(secret[part], other.get(part), side) for part in _SECRET if part in secret}
    metadata = dict(metadata_of(secret))
    annotations = metadata.get("annotations") or {}
    if _LAST_APPLIED in annotations:
        there = metadata_of(other).get("annotations") or {}
        applied = {_LAST_APPLIED: annotations[_LAST_APPLIED]}
        metadata["annotations"] = {**annotations, **_masks(applied, there, side)}
    return {**secret, **({"metadata": metadata} if metadata else {}), **masked}


def _masks(values: Mapping[str, Any] | None, other: Mapping[str, Any] | None, side: str) -> dict[str, str]:
    there = other or {}
    return {
        key: _MASK if there.get(key, value) == value else f"{_MASK} ({side})"
        for key, value in (values or {}).items()
    }


def file_name(reference: ObjectRef) -> str:
    """Return the name of an object's file: ``apps.v1.Deployment.shop.web``, as kubectl diff calls it."""
    kind, namespace, name = reference
    return ".".join(part for part in (kind.group, kind.version, kind.kind, namespace, name) if part)


def unified(name: str, before: str, after: str) -> Iterator[str]:
    """Yield the lines of a unified diff of one object, without line breaks; none where it is the same."""
    files = f"LIVE/{name}", f"MERGED/{name}"
    return difflib.unified_diff(before.splitlines(), after.splitlines(), *files, lineterm="")


def in_order(changes: Iterable[Change]) -> list[Change]:
    """Return changes ordered by namespace, kind and name."""
    return sorted(changes, key=lambda change: (change.ref.namespace, file_name(change.ref)))
