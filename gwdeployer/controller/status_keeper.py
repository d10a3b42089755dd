"""Keeping statuses: written when they differ, on the latest that is known, and not computed in vain."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from operator import is_
from typing import Any, NamedTuple, TypeAlias

from gwdeployer.cluster.live import Answers
from gwdeployer.cluster.port import Cluster
from gwdeployer.cluster.status_writing import write_status
from gwdeployer.controller.observing import unexpected
from gwdeployer.errors import GwdeployerError, NotFound
from gwdeployer.objects import Object, ObjectRef
from gwdeployer.store import ObjectStore, Read, RecordingStore, unchanged

#: Computes a status from a store and the time.
Compute: TypeAlias = Callable[[ObjectStore, str], Mapping[str, Any] | None]


class Basis(NamedTuple):
    """What a status is computed from besides its object: what was done (by identity), and what is read."""

    about: tuple[object, ...]
    store: RecordingStore


class _Computed(NamedTuple):
    """What a status was computed from, when it was found to be as it should."""

    obj: Object
    about: tuple[object, ...]
    reads: Mapping[Read, tuple[Object | None, ...] | None]

    def holds(self, obj: Object, basis: Basis) -> bool:
        """Return whether it would be computed from the very same again."""
        return (
            self.obj is obj
            and len(self.about) == len(basis.about)
            and all(map(is_, self.about, basis.about))
            and unchanged(self.reads, basis.store)
        )


class StatusKeeper:
    """Writes the statuses of objects as one field manager.

    Thread-safe; one object is handled by one thread at a time.
    """

    def __init__(self, cluster: Cluster, manager: str, *, dry_run: bool = False) -> None:
        """``dry_run``: compute, and write nothing."""
        self._cluster = cluster
        self._manager = manager
        self._dry_run = dry_run
        self._answers = Answers()
        self._computed: dict[ObjectRef, _Computed] = {}

    def latest(self, key: ObjectRef, cached: Object | None) -> Object | None:
        """Return the newer of what a cache has and what our last write was answered with."""
        return self._answers.over(key, cached)

    def kept(
        self, key: ObjectRef, obj: Object, cached: Object, basis: Basis, compute: Compute
    ) -> tuple[bool, GwdeployerError | None]:
        """Do what :meth:`keep` does, and return what went wrong instead of raising it, whatever it was.

        That the object is gone meanwhile is nothing wrong: there is nobody left to tell.
        """
        try:
            return self.keep(key, obj, cached, basis, compute), None
        except NotFound:
            return False, None
        except GwdeployerError as error:
            return False, error.about(owner=str(key))
        except BaseException as error:  # noqa: BLE001 - said on the next line
            # A third party's plugin or reporter: nobody else may suffer from it.
            return False, unexpected(error, key)

    def keep(self, key: ObjectRef, obj: Object, cached: Object, basis: Basis, compute: Compute) -> bool:
        """See that an object has the status that ``compute`` returns. Return whether it had to be written.

        ``obj`` is the latest of the object, ``cached`` what the cache has. Where object, basis and all that
        was read are as they were when the status was right, nothing is computed. Raises ApiErrors, Conflict
        where the object has changed.
        """
        last = self._computed.get(key)
        if last is not None and last.holds(obj, basis):
            return False
        status = compute(basis.store, datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"))
        stored = None
        if status is not None and not self._dry_run:
            stored = write_status(self._cluster, obj, status, self._manager)
        if stored is None:
            self._computed[key] = _Computed(obj, basis.about, basis.store.reads)
            return False
        self._answers.learn(key, cached, stored)
        self._computed.pop(key, None)
        return True

    def forget(self, key: ObjectRef) -> None:
        """Drop what is known of an object that is gone."""
        self._computed.pop(key, None)
