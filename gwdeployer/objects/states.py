"""States of objects: where an object is, which state of it that is, and which of two was before the other."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias

from gwdeployer.objects.refs import metadata_of

#: A namespace, "" for objects that are in none, and a name.
Place: TypeAlias = tuple[str, str]
#: A state of an object; no object has the same twice.
Version: TypeAlias = tuple[object, object]


def place_of(obj: Mapping[str, Any]) -> Place:
    """Return where an object is, among those of its kind."""
    metadata = metadata_of(obj)
    return str(metadata.get("namespace") or ""), str(metadata.get("name") or "")


def version_of(obj: Mapping[str, Any]) -> Version:
    """Return the UID and resourceVersion of an object: the same for a write's answer and a watch's event."""
    metadata = metadata_of(obj)
    return metadata.get("uid"), metadata.get("resourceVersion")


def resource_version(obj: Mapping[str, Any]) -> str:
    """Return an object's resourceVersion; empty where it has none."""
    return str(metadata_of(obj).get("resourceVersion") or "")


def is_same(one: Mapping[str, Any] | None, other: Mapping[str, Any] | None) -> bool:
    """Return whether two objects are one and the same, unchanged (or both are absent)."""
    if one is other:
        return True
    if one is None or other is None:
        return False
    return version_of(one) == version_of(other)


def is_ordered(version: str) -> bool:
    """Return whether a resourceVersion tells before from after: those of Kubernetes are numbers that grow."""
    return version.isdecimal()  # KEP-5504; other servers may have others


def is_older(one: str, other: str) -> bool:
    """Return whether one resourceVersion is from before another.

    Of a server whose versions are no numbers nothing is known but whether they are equal.
    """
    return is_ordered(one) and is_ordered(other) and int(one) < int(other)
