"""What a pass sees: the cache, and what the server has answered to writes of ours."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from gwdeployer.cluster.outcomes import ReconcileResult
from gwdeployer.objects import KindRef, Object
from gwdeployer.objects.states import is_older, is_same, resource_version
from gwdeployer.store import Lookup, ObjectStore


class AnsweredStore(ObjectStore):
    """A cache that shows what a reconcile was answered, where it has not caught up with that.

    So a status is right as soon as the objects are written. Lists are the cache's.
    """

    def __init__(self, cache: ObjectStore, result: ReconcileResult) -> None:
        """Show ``cache`` after a reconcile."""
        self._cache = cache
        outcomes = result.deployed.outcomes if result.deployed else ()
        # Also of what is unchanged: an earlier pass may have written it a moment ago.
        self._answers = {_key(*one.ref): one.live for one in outcomes if one.live is not None}

    def get(self, kind: KindRef, namespace: str, name: str) -> Object | None:
        """See :class:`~gwdeployer.ObjectStore`."""
        cached = self._cache.get(kind, namespace, name)
        answer = self._answers.get(_key(kind, namespace, name))
        if answer is None:
            return cached
        version = resource_version(answer)
        if cached is None:
            return None if self._cache.is_past(kind, namespace, version) else answer
        return answer if is_same(cached, answer) or is_older(resource_version(cached), version) else cached

    def list(
        self,
        kind: KindRef,
        namespace: str | None = None,
        selector: Mapping[str, str] | None = None,
        lookup: Lookup | None = None,
    ) -> Sequence[Object]:
        """See :class:`~gwdeployer.ObjectStore`."""
        return self._cache.list(kind, namespace, selector, lookup)

    def is_past(self, kind: KindRef, namespace: str, resource_version: str) -> bool:
        """See :class:`~gwdeployer.ObjectStore`."""
        return self._cache.is_past(kind, namespace, resource_version)


def _key(kind: KindRef, namespace: str, name: str) -> tuple[tuple[str, str], str, str]:
    return kind.group_kind, namespace, name
