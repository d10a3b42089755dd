"""One kind in a cache: its objects, how far they are known, and who is told of changes."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import TypeVar

from gwdeployer.controller.changes import Change
from gwdeployer.controller.kind_cache import KindCache
from gwdeployer.errors import ApiError, Fault, Forbidden, NotSynced
from gwdeployer.objects import KindRef, Object

logger = logging.getLogger(__name__)

T = TypeVar("T")


class KeptKind:
    """Takes what reflectors learn of a kind (a ``Sink``), and tells what that changes. Thread-safe.

    The kind is known once each of its namespaces has been listed. An outage changes nothing about that; the
    loss of the right to read does, as nobody knows any more what is there.
    """

    def __init__(
        self,
        kind: KindRef,
        namespaces: Iterable[str | None],
        on_change: Callable[[Change], None],
        on_synced: Callable[[KindRef], None],
    ) -> None:
        """Expect a list of each of the ``namespaces`` (None: one of all)."""
        self.kind = kind
        self.objects = KindCache(kind)
        self._on_change = on_change
        self._on_synced = on_synced
        self._lock = threading.Lock()
        self._awaited: dict[str | None, ApiError | None] = dict.fromkeys(namespaces)
        #: Where the kind was not installed when it was last asked for.
        self._absent: set[str | None] = set()

    @property
    def synced(self) -> bool:
        """Whether all is known."""
        return not self._awaited

    def known(self) -> KindCache:
        """Return the objects. Raises NotSynced, with the reason."""
        if not self._awaited:
            return self.objects
        error = next(filter(None, list(self._awaited.values())), None)
        if error is None:
            raise NotSynced(Fault("not listed yet", subject=str(self.kind)))
        raise NotSynced([replace(fault, subject=str(self.kind)) for fault in error.faults])

    def kept(self, obj: Object) -> Object:
        """See :class:`~gwdeployer.controller.reflector.Sink`."""
        return self.objects.kept(obj)

    def replace(self, objects: Iterable[Object], namespace: str | None) -> None:
        """See :class:`~gwdeployer.controller.reflector.Sink`."""
        self._know(objects, namespace, is_installed=True)

    def absent(self, namespace: str | None) -> None:
        """See :class:`~gwdeployer.controller.reflector.Sink`."""
        self._know((), namespace, is_installed=False)

    def put(self, obj: Object) -> None:
        """See :class:`~gwdeployer.controller.reflector.Sink`."""
        self._tell([self.objects.put(obj)])

    def remove(self, obj: Object) -> None:
        """See :class:`~gwdeployer.controller.reflector.Sink`."""
        self._tell([self.objects.remove(obj)])

    def failed(self, error: ApiError, namespace: str | None) -> None:
        """See :class:`~gwdeployer.controller.reflector.Sink`."""
        with self._lock:
            if namespace in self._awaited or isinstance(error, Forbidden):
                self._awaited[namespace] = error

    def _know(self, objects: Iterable[Object], namespace: str | None, *, is_installed: bool) -> None:
        changes = self.objects.replace(objects, namespace)
        with self._lock:
            is_new = namespace in self._awaited or (is_installed and namespace in self._absent)
            self._awaited.pop(namespace, None)
            (self._absent.discard if is_installed else self._absent.add)(namespace)
            completes = is_new and not self._awaited
        self._tell(changes)
        if completes:
            self._safely(self._on_synced, self.kind)

    def _tell(self, changes: Iterable[Change | None]) -> None:
        for change in changes:
            if change is not None:
                self._safely(self._on_change, change)

    def _safely(self, listener: Callable[[T], None], news: T) -> None:
        """Call somebody else's code: what fails in there is its own affair, and must not stop the news."""
        try:
            listener(news)
        except Exception:
            logger.exception("%s: a listener failed on %r", self.kind, news)
