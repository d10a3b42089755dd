"""What a controller would see of a cluster, for commands that only look."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from gwdeployer.cli.planning import owner_kinds
from gwdeployer.cli.report import Report
from gwdeployer.cluster.port import Cluster
from gwdeployer.controller.cache import Cache
from gwdeployer.controller.owner_kinds import kept_kinds
from gwdeployer.errors import Fault, GwdeployerError
from gwdeployer.objects import KindRef
from gwdeployer.plugins import Plugin


@contextmanager
def followed(
    cluster: Cluster,
    plugins: Sequence[Plugin],
    timeout: float,
    report: Report,
    further: Sequence[KindRef] = (),
) -> Iterator[tuple[Cache, threading.Event]]:
    """Return all that the plugins look at, kept up to date, and what is set when something has changed.

    ``further`` are kinds to keep besides. What cannot be read within ``timeout`` seconds goes to ``report``.
    """
    changed = threading.Event()
    scopes = [kind for plugin in plugins for kind in plugin.cluster_scoped]
    cache = Cache(cluster, on_change=lambda _: changed.set(), cluster_scoped=scopes)
    if _is_there(cluster, plugins, report):
        cache.keep(*kept_kinds(plugins), *further)
        cache.start()
    try:
        if not cache.wait_for_sync(timeout=timeout):
            kinds = ", ".join(sorted(map(str, cache.unsynced())))
            report.failures.append(Fault(f"cannot be read: {kinds}", hint="-v says why"))
        yield cache, changed
    finally:
        cache.close()


def nobody(cluster: Cluster, plugins: Sequence[Plugin], namespace: str | None) -> str:
    """Return the words for a cluster without owners: there may be no kind of them. Raises ApiErrors."""
    words = f"there are no owners in namespace {namespace}" if namespace else "there are no owners"
    absent = [str(kind) for _, kind in owner_kinds(plugins) if not cluster.supports(kind)]
    return f"{words}; not installed: {', '.join(absent)}" if absent else words


def _is_there(cluster: Cluster, plugins: Sequence[Plugin], report: Report) -> bool:
    """Return whether a server answers: caches would wait for it."""
    try:
        for _, kind in owner_kinds(plugins):
            cluster.supports(kind)
    except GwdeployerError as error:
        report.blame(error)
        return False
    return True
