"""The port through which objects are read and written: dicts in and out, one error type per meaning.

Any object with these methods is a cluster: :class:`~gwdeployer.cluster.KubernetesCluster` over the official
client, one of an embedder's own, a fake. Every method raises the subclasses of
:class:`~gwdeployer.errors.ApiError` that ``errors.py`` draws, and nothing else. Methods are called by several
threads at once. ``timeout`` is in seconds, for one request.

What ``get`` and ``list`` return is the caller's own, but for its managedFields. What a write returns, what a
watch tells, and what a list gives to ``keep`` is for reading only: caches hold it, or parts of it. When
managedFields were written neither a watch nor such a list need tell: no cache is asked for that.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal, NamedTuple, Protocol

from gwdeployer.objects import KindRef, Object, ObjectRef

#: One operation of a JSON patch (RFC 6902).
Operation = Mapping[str, Any]


class Listing(NamedTuple):
    """The objects of a kind at one moment, all pages of them; a watch begins at ``resource_version``."""

    items: list[Object]
    resource_version: str


class Event(NamedTuple):
    """What a watch tells. A ``BOOKMARK`` carries only a resourceVersion."""

    type: Literal["ADDED", "MODIFIED", "DELETED", "BOOKMARK"]
    object: Object


class WatchStream(Protocol):
    """What a watch yields. One thread iterates; whoever stops early closes."""

    def __iter__(self) -> WatchStream:
        """Return itself."""

    def __next__(self) -> Event:
        """Wait for the next event and return it. Raises StopIteration at the end, and ApiErrors."""

    def close(self) -> None:
        """End the stream, from any thread: the one that waits for an event is woken, and meets the end."""


class Cluster(Protocol):
    """Reads and writes objects of any kind. What it returns is shared: for reading only."""

    def supports(self, kind: KindRef) -> bool:
        """Return whether the API server serves the kind in this version. Raises ApiErrors."""

    def get(self, kind: KindRef, namespace: str, name: str, *, timeout: float | None = None) -> Object | None:
        """Return an object, or None where there is none. Raises KindNotInstalled and other ApiErrors."""

    def list(
        self,
        kind: KindRef,
        namespace: str | None = None,
        *,
        labels: Mapping[str, str] | None = None,
        timeout: float | None = None,
        keep: Callable[[Object], Object] | None = None,
    ) -> Listing:
        """Return the objects of a kind, read page by page, with apiVersion and kind on each.

        ``keep`` says what is kept of each object, and is asked as its page arrives: so no more than one page
        is in memory whole. Without it, all is.
        """

    def watch(
        self, kind: KindRef, namespace: str | None = None, *, resource_version: str, timeout: float
    ) -> WatchStream:
        """Yield what happens to a kind after ``resource_version``, bookmarks too.

        Ends when the server ends it, or after ``timeout`` seconds in which nothing came. Raises Expired where
        the version is too old, before the first event or later.
        """

    def create(
        self, obj: Object, *, manager: str, dry_run: bool = False, timeout: float | None = None
    ) -> Object:
        """Create an object and return it as stored. Raises Conflict where there is one already."""

    def apply(
        self,
        obj: Object,
        *,
        manager: str,
        force: bool = False,
        dry_run: bool = False,
        subresource: str = "",
        timeout: float | None = None,
    ) -> Object:
        """Apply an object server-side (KEP-555) as ``manager`` and return it as stored.

        A ``metadata.uid`` or ``metadata.resourceVersion`` in it is a precondition. Raises Conflict where one
        does not hold or, without ``force``, where other managers own fields.
        """

    def json_patch(
        self,
        ref: ObjectRef,
        patch: Sequence[Operation],
        *,
        manager: str,
        dry_run: bool = False,
        subresource: str = "",
        timeout: float | None = None,
    ) -> Object:
        """Change an object by a JSON patch and return it as stored.

        Raises NotFound, Conflict, InvalidObject.
        """

    def delete(
        self,
        ref: ObjectRef,
        *,
        uid: str = "",
        resource_version: str = "",
        dry_run: bool = False,
        timeout: float | None = None,
    ) -> None:
        """Delete an object; what it owns follows in the background.

        Raises NotFound where it is gone, Conflict where it is not the one with this UID and resourceVersion.
        """
