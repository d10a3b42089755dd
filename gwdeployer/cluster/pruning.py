"""Deletes what the plan no longer names: only what is the owner's, and never a moment too early."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Iterator, Sequence, Set
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from gwdeployer.cluster.availability import WORKLOADS, is_available, is_workload
from gwdeployer.cluster.live import CONTROLLED_BY, LiveView
from gwdeployer.cluster.outcomes import Pending, PruneResult
from gwdeployer.cluster.port import Cluster
from gwdeployer.errors import Conflict, GwdeployerError, NotFound
from gwdeployer.objects import (
    KindRef,
    Object,
    ObjectRef,
    is_namespaced,
    is_owned_by,
    metadata_of,
    tier,
)
from gwdeployer.objects.order import SERVICE_TIER
from gwdeployer.objects.owners import Owner
from gwdeployer.objects.ownership import OWNER_UID
from gwdeployer.objects.states import Place
from gwdeployer.store import Lookup

logger = logging.getLogger(__name__)

#: Seconds that a workload waits for the one that replaces it, from the creation of that one.
REPLACED_WITHIN = 600.0
_LOOK_AGAIN = 5.0
_NOTHING: frozenset[Place] = frozenset()
_LOOKS = 5


@dataclass(slots=True)
class Pruner:
    """Deletes for one owner. ``now`` tells the time of day in seconds since 1970.

    ``last`` says that the owner will be released: its cluster-scoped objects are then looked for on the
    server, since nobody would find again what a cache does not show yet. Of what is the owner's, only what
    ``may_go`` says may go does.
    """

    cluster: Cluster
    owner: Owner
    live: LiveView
    now: Callable[[], float] = time.time
    last: bool = False
    may_go: Callable[[Object], bool] = lambda _: True

    def prune(self, planned: Sequence[ObjectRef], kinds: Iterable[KindRef]) -> PruneResult:
        """Delete what is there of ``kinds``, is the owner's, and is not planned.

        A kind that cannot be listed loses nothing and is among the errors. One list for each kind, one
        request for each deletion.
        """
        errors: list[GwdeployerError] = []
        stale = list(self._stale(planned, kinds, errors))
        if not stale:
            return PruneResult(self.owner.ref, errors=tuple(errors))
        pending, requeue_after = self._pending(stale, planned, errors)
        staying = {waiting.ref for waiting in pending}
        deleted = []
        for obj in sorted(stale, key=tier, reverse=True):
            ref = ObjectRef.of(obj)
            if ref in staying:
                continue
            try:
                gone = self._delete(ref, obj)
            except GwdeployerError as error:
                errors.append(error)
                continue
            if gone:
                logger.info("%s deleted", ref, extra={"owner": str(self.owner.ref)})
                deleted.append(ref)
        return PruneResult(self.owner.ref, tuple(deleted), tuple(pending), tuple(errors), requeue_after)

    def _stale(
        self, planned: Sequence[ObjectRef], kinds: Iterable[KindRef], errors: list[GwdeployerError]
    ) -> Iterator[Object]:
        kept: dict[tuple[str, str], set[Place]] = {}
        for kind, namespace, name in planned:
            kept.setdefault(kind.group_kind, set()).add((namespace, name))
        of_owner = Lookup(CONTROLLED_BY, self.owner.uid)
        for kind in _each_once(tuple(kinds)):
            try:
                found = self._found(kind, of_owner, kept.get(kind.group_kind, _NOTHING))
            except GwdeployerError as error:
                errors.append(error)
                continue
            if found:  # most often there is nothing
                yield from (obj for obj in found if self._goes(obj) and not _is_leaving(obj))

    def _found(self, kind: KindRef, of_owner: Lookup, kept: Set[Place]) -> Sequence[Object]:
        """Return what may be the owner's and is not kept."""
        if is_namespaced(kind):
            return self.live.controlled(kind, self.owner.namespace, of_owner, but=kept)
        return self.live.labelled(kind, OWNER_UID, self.owner.uid, but=kept, certain=self.last)

    def _goes(self, obj: Object) -> bool:
        return is_owned_by(obj, self.owner.uid) and self.may_go(obj)

    def _pending(
        self, stale: Sequence[Object], planned: Sequence[ObjectRef], errors: list[GwdeployerError]
    ) -> tuple[list[Pending], float | None]:
        """Return what stays for now: workloads whose successors do not serve yet, and their pods' needs.

        A successor that cannot be looked at does not serve, as far as we know.
        """
        refs = [ref for ref in planned if ref.kind.group_kind in WORKLOADS]
        if not refs or not any(is_workload(obj) for obj in stale):
            return [], None
        coming = [(ref, self._look(ref, errors)) for ref in refs]
        awaited = [ref for ref, live in coming if not is_available(live)]
        left = REPLACED_WITHIN - min(
            (self.now() - _created(live) for _, live in coming if live is not None), default=0.0
        )
        if not awaited or left <= 0:
            return [], None
        reason = f"stays until {', '.join(map(str, awaited))} is available, {left:.0f} s at most"
        staying = (obj for obj in stale if is_workload(obj) or tier(obj) < SERVICE_TIER)
        return [Pending(ObjectRef.of(obj), reason) for obj in staying], min(left, _LOOK_AGAIN)

    def _look(self, ref: ObjectRef, errors: list[GwdeployerError]) -> Object | None:
        try:
            return self.live.get(ref)
        except GwdeployerError as error:
            errors.append(error)
            return None

    def _delete(self, ref: ObjectRef, obj: Object) -> bool:
        """Delete this very object; where it has changed, only if it still goes. Return whether."""
        for look in range(_LOOKS):
            metadata = metadata_of(obj)
            try:
                self.cluster.delete(
                    ref, uid=metadata["uid"], resource_version=metadata.get("resourceVersion", "")
                )
            except (Conflict, NotFound):
                found = self.live.ask(ref)
                if found is None:
                    break
                if not self._goes(found):
                    return False
                if look == _LOOKS - 1:
                    raise
                obj = found
            else:
                break
        self.live.learn(ref, None)
        return True


@lru_cache(maxsize=256)
def _each_once(kinds: tuple[KindRef, ...]) -> tuple[KindRef, ...]:
    return tuple({kind.group_kind: kind for kind in kinds}.values())


def _is_leaving(obj: Object) -> bool:
    return bool(metadata_of(obj).get("deletionTimestamp"))


def _created(obj: Object) -> float:
    text = str(metadata_of(obj).get("creationTimestamp") or "")
    return datetime.fromisoformat(text).timestamp() if text else time.time()
