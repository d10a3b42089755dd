"""What the server knows and shares: objects, kinds, the time; and one request on its way through it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import NamedTuple, TypeAlias

from gwdeployer.objects import Object
from gwdeployer.testing.apiserver.catalogue import Catalogue
from gwdeployer.testing.apiserver.kinds import Kind
from gwdeployer.testing.apiserver.selectors import Selects, selection
from gwdeployer.testing.apiserver.statuses import ResourceName
from gwdeployer.testing.apiserver.storage import Key, Storage
from gwdeployer.testing.apiserver.targets import Query, Target

#: Returns the time; tests may bring their own.
Clock: TypeAlias = Callable[[], datetime]

NAMESPACES = ResourceName("", "namespaces")


def utc_now() -> datetime:
    """Return the time, as the server tells it unless a test brings a clock."""
    return datetime.now(UTC)


def timestamp(time: datetime) -> str:
    """Return a time as objects carry it, in whole seconds."""
    return time.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


@dataclass(slots=True)
class State:
    """Everything that outlives a request."""

    storage: Storage
    catalogue: Catalogue
    clock: Clock = utc_now

    def now(self) -> str:
        """Return the time as objects carry it."""
        return timestamp(self.clock())


@dataclass(slots=True)
class Call:
    """One request for the objects of a kind; ``warnings`` are sent along with the answer."""

    target: Target
    kind: Kind
    query: Query = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    warnings: list[str] = field(default_factory=list)

    @property
    def resource(self) -> ResourceName:
        """The resource as messages name it."""
        return self.target.resource_name

    @property
    def namespace(self) -> str:
        """The namespace of the objects; empty for cluster-scoped ones, and for lists of all namespaces."""
        return self.target.namespace if self.kind.resource.namespaced else ""

    def key(self, name: str = "") -> Key:
        """Return where the object of the request, or another one of its kind, is kept."""
        return Key(ResourceName(*self.kind.storage), self.namespace, name or self.target.name)

    def in_version(self, obj: Object) -> Object:
        """Return a stored object in the version of the request."""
        kind = self.kind.resource.kind
        if obj["apiVersion"] == kind.api_version and obj["kind"] == kind.kind:
            return obj
        return self.kind.convert(obj)

    def selection(self, labels: str, fields: str) -> Selects | None:
        """Return which stored objects the selectors mean; None for all. Raises StatusError (400)."""
        selects = selection(self.resource, labels, fields, builtin=self.kind.is_builtin)
        # Fields have the names of the version that is asked for (an Event's, in each of its two groups).
        return None if selects is None else lambda obj: selects(self.in_version(obj))


class Answer(NamedTuple):
    """What came of a request: an HTTP code and an object."""

    code: int
    content: Object
