"""Objects are plain dicts; this module names the parts of them that every room asks for."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any, NamedTuple, TypeGuard

#: One Kubernetes object. Never mutated once handed on.
Object = dict[str, Any]

_BESIDE_STATUS = frozenset({"metadata", "status"})
#: What of the metadata every write changes, also one of the status.
_WRITTEN = frozenset({"managedFields", "resourceVersion"})


class KindRef(NamedTuple):
    """A kind of object: group ("" for the core group), version and kind.

    Two references mean the same kind if group and kind agree (``same_kind``); the version only says in which
    form the object is wanted or written.
    """

    group: str
    version: str
    kind: str

    @classmethod
    @lru_cache(maxsize=1024)
    def of(cls, api_version: str, kind: str) -> KindRef:
        """Return the kind that ``apiVersion: api_version`` and ``kind: kind`` name."""
        group, _, version = api_version.rpartition("/")
        return cls(group, version, kind)

    @classmethod
    def of_object(cls, obj: Mapping[str, Any]) -> KindRef:
        """Return the kind of an object."""
        return cls.of(str(obj.get("apiVersion") or ""), str(obj.get("kind") or ""))

    @property
    def api_version(self) -> str:
        """The form used in objects: ``apps/v1``, ``v1``."""
        return f"{self.group}/{self.version}" if self.group else self.version

    @property
    def group_kind(self) -> tuple[str, str]:
        """What identifies the kind whatever the version."""
        return self.group, self.kind

    def __str__(self) -> str:
        """Return ``Deployment.apps`` or ``Service``, as kubectl prints kinds."""
        return f"{self.kind}.{self.group}" if self.group else self.kind


class ObjectRef(NamedTuple):
    """One object: its kind, namespace ("" for cluster-scoped ones) and name."""

    kind: KindRef
    namespace: str
    name: str

    @classmethod
    def of(cls, obj: Mapping[str, Any]) -> ObjectRef:
        """Return the reference to an object."""
        metadata = metadata_of(obj)
        return cls(
            KindRef.of_object(obj), str(metadata.get("namespace") or ""), str(metadata.get("name") or "")
        )

    def __str__(self) -> str:
        """Return ``Deployment shop/web``, or ``GatewayClass web`` for a cluster-scoped object."""
        return (
            f"{self.kind.kind} {self.namespace}/{self.name}"
            if self.namespace
            else f"{self.kind.kind} {self.name}"
        )


def is_mapping(value: object) -> TypeGuard[Mapping[str, Any]]:
    """Return whether a value is a mapping. Most are dicts, and to ask an abstract class takes its time."""
    return value.__class__ is dict or isinstance(value, Mapping)


def mapping_of(value: object) -> Mapping[str, Any]:
    """Return a value that is a mapping, and for any other an empty one."""
    return value if is_mapping(value) else {}


def metadata_of(obj: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return an object's metadata; empty where it has none."""
    metadata = obj.get("metadata")
    return metadata if is_mapping(metadata) else {}


def name_of(obj: Mapping[str, Any]) -> str:
    """Return an object's name; empty where it has none."""
    return str(metadata_of(obj).get("name") or "")


def namespace_of(obj: Mapping[str, Any]) -> str:
    """Return an object's namespace; empty where it has none."""
    return str(metadata_of(obj).get("namespace") or "")


def same_but_for_status(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Return whether two states of an object differ at most in ``status`` and in what each write changes.

    That is ``metadata.resourceVersion`` and ``metadata.managedFields``. Cost: a comparison of the rest.
    """
    return _but_for(one, _BESIDE_STATUS) == _but_for(other, _BESIDE_STATUS) and _but_for(
        metadata_of(one), _WRITTEN
    ) == _but_for(metadata_of(other), _WRITTEN)


def _but_for(content: Mapping[str, Any], names: frozenset[str]) -> dict[str, Any]:
    return {name: value for name, value in content.items() if name not in names}


def describe(obj: Mapping[str, Any]) -> str:
    """Return how messages name an object: ``Gateway shop/web``."""
    return str(ObjectRef.of(obj))


def plain(value: Any) -> Any:
    """Return read-only views (kopf's bodies), all the way down, as plain dicts and lists."""
    if isinstance(value, Mapping):
        return {key: plain(item) for key, item in value.items()}
    return [plain(item) for item in value] if isinstance(value, (list, tuple)) else value
