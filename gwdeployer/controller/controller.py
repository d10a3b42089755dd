"""The loop: what changes in a cluster is looked at until it is as it should be, and its status says so.

::

    caches --changes--> triggers --keys--> queue --> workers: plan, deploy, prune, report

Level-based: a key says which object to look at, never what happened to it. Looking again is always right and
costs no request where nothing has changed.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, NamedTuple, Protocol

from gwdeployer.cluster.outcomes import soonest
from gwdeployer.cluster.port import Cluster
from gwdeployer.controller.cache import Cache
from gwdeployer.controller.changes import Change
from gwdeployer.controller.dependents import Dependents
from gwdeployer.controller.echoes import Echoes
from gwdeployer.controller.observing import PASSING, Handled, Observer, unexpected
from gwdeployer.controller.owner_handler import OwnerHandler
from gwdeployer.controller.owner_kinds import kept_kinds, owner_kinds, reported_kinds, status_kinds
from gwdeployer.controller.report_handler import ReportHandler
from gwdeployer.controller.scope import Scope
from gwdeployer.controller.shared import Shared
from gwdeployer.controller.triggers import Triggers
from gwdeployer.controller.work_queue import QueueObserver, WorkQueue
from gwdeployer.deployer import Deployer
from gwdeployer.errors import Fault, GwdeployerError, PluginError
from gwdeployer.objects import KindRef, ObjectRef
from gwdeployer.plugins import Plugin

if TYPE_CHECKING:
    from gwdeployer.controller.leader import LeaderElector

logger = logging.getLogger(__name__)

#: Seconds that a kind that cannot be read (no rights) may hold up the rest at the start.
_FIRST_SYNC = 30.0


class Settings(NamedTuple):
    """How the loop works; times are in seconds.

    ``timeout`` is what one pass over one owner may take. After ``resync`` everything is looked at again,
    whether or not anything has changed.
    """

    workers: int = 8
    timeout: float | None = 60.0
    resync: float = 600.0


class Handler(Protocol):
    """Handles the keys of one kind."""

    name: str

    def handle(self, key: ObjectRef, cancel: threading.Event) -> Handled:
        """Do what is due for a key; ``cancel`` ends it between two requests."""

    def close(self) -> None:
        """End the threads that handling has started."""


class Controller:
    """Deploys for every owner in a cluster, keeps it right, and reports.

    ::

        stop = threading.Event()
        Controller([deployer], cluster).run(stop)       # until stop is set

    It has a thread for each kind that it watches, and its workers.
    """

    def __init__(
        self,
        parts: Sequence[Deployer | Plugin],
        cluster: Cluster,
        *,
        scope: Scope | None = None,
        elector: LeaderElector | None = None,
        observers: Sequence[Observer] = (),
        settings: Settings | None = None,
        dry_run: bool = False,
    ) -> None:
        """Look after the owners of deployers and plugins, which write to a cluster themselves.

        ``cluster`` is read, and statuses are written to it. ``scope`` says in which namespaces owners are
        looked after. With an ``elector``, only the leader writes; the others keep their caches warm.
        ``observers`` are told of each pass. ``dry_run`` is for parts that rehearse (``DryRunCluster``): no
        status is written, and what is there is asked of their cluster. Raises PluginError where two parts
        have owners of one kind, or a deployer has no cluster.
        """
        _check(parts)
        self._settings = settings or Settings()
        self._elector = elector
        self._observers = tuple(observers)
        scope = scope or Scope()
        plugins = (part for part in parts if isinstance(part, Plugin))
        cluster_scoped = [kind for plugin in plugins for kind in plugin.cluster_scoped]
        self.cache = Cache(
            cluster,
            on_change=self._changed,
            on_synced=self._synced,
            scope=scope,
            cluster_scoped=cluster_scoped,
        )
        self.queue: WorkQueue[ObjectRef] = WorkQueue()
        #: Is told what the queue does, in each term.
        self.queue_observer: QueueObserver | None = None
        self._leading = False
        self._kinds = list(dict.fromkeys((*kept_kinds(parts), *scope.kinds)))
        self._dependents = Dependents(status_kinds(parts))
        self._echoes = Echoes()
        shared = Shared(cluster, self.cache, self._dependents, scope, self._settings.timeout, dry_run)
        owners, reported = owner_kinds(parts), reported_kinds(parts)
        self._handlers: dict[tuple[str, str], Handler] = {
            **{one.kind.group_kind: OwnerHandler(one, shared) for one in owners},
            **{one.kind.group_kind: ReportHandler(one, shared) for one in reported},
        }
        self._installs = [key for one in reported for key in one.installs]
        self._handled = [*(one.kind for one in owners), *(one.kind for one in reported)]
        self._triggers = Triggers(
            [one.kind for one in owners], [one.kind for one in reported], self._dependents, cluster_scoped
        )

    def run(self, stop: threading.Event) -> None:
        """Work until ``stop`` is set; return when everything that was begun has ended. Runs once."""
        self.cache.keep(*self._kinds)
        self.cache.start()
        try:
            if self._elector is None:
                self._lead(stop)
            else:
                self._elector.run(stop, self._lead)
        finally:
            self.cache.close()
            for handler in self._handlers.values():
                handler.close()

    def unready(self) -> str:
        """Return why the work cannot be done now (kinds that are not known yet); "" where it can."""
        kinds = ", ".join(sorted(str(kind) for kind in self._kinds if not self.cache.synced(kind)))
        return f"not synced: {kinds}" if kinds else ""

    def resync(self) -> None:
        """Have everything looked at again soon. Costs no request where all is as it should be."""
        # What is remembered and gone is forgotten: it may have gone while another one led.
        for key in (*self._installs, *self._dependents.keys()):
            self.queue.add(key)
        for kind in self._handled:
            self._add_kind(kind)

    @property
    def is_leading(self) -> bool:
        """Whether owners are being looked after by this one."""
        return self._leading

    def _lead(self, lost: threading.Event) -> None:
        """Look after all owners until ``lost`` is set, with a queue of its own: each term begins afresh."""
        self.cache.wait_for_sync(self._kinds, timeout=_FIRST_SYNC, stop=lost)
        if lost.is_set():
            return
        queue = self.queue = WorkQueue()
        queue.observer = self.queue_observer
        self._leading = True
        threads = [
            threading.Thread(target=self._work, args=(queue, lost), name=f"gwdeployer-worker-{number}")
            for number in range(self._settings.workers)
        ]
        for thread in threads:
            thread.start()
        try:
            self.resync()
            while not lost.wait(self._settings.resync):
                self.resync()
        finally:
            self._leading = False
            queue.close()
            for thread in threads:
                thread.join()
            self._tell(lambda observer: observer.term_ended())

    def _add_kind(self, kind: KindRef) -> None:
        try:
            objects = self.cache.list(kind)
        except GwdeployerError as error:
            logger.warning("%s: not looked after yet: %s", kind, _said(error, kind))
            return
        for obj in objects:
            self.queue.add(ObjectRef(kind, *ObjectRef.of(obj)[1:]))

    def _changed(self, change: Change) -> None:
        if self._leading:
            for key in self._triggers.of(change):
                if self._echoes.is_news(key, change):
                    self.queue.add(key)

    def _synced(self, kind: KindRef) -> None:
        """Look again at whoever may have waited for a kind that comes late: all, or those who read it.

        What no part declares is read from when somebody asks for it, and it is theirs alone.
        """
        if not self._leading:
            return
        logger.info("%s: known now", kind)
        if any(kind.group_kind == one.group_kind for one in self._kinds):
            self.resync()
        for key in self._dependents.readers(kind):
            self.queue.add(key)

    def _work(self, queue: WorkQueue[ObjectRef], lost: threading.Event) -> None:
        while (key := queue.get()) is not None:
            try:
                if not lost.is_set():
                    self._handle(key, queue, lost)
            finally:
                queue.done(key)

    def _handle(self, key: ObjectRef, queue: WorkQueue[ObjectRef], lost: threading.Event) -> None:
        began = time.monotonic()
        handler = self._handlers[key.kind.group_kind]
        self._echoes.began(key)
        try:
            handled = handler.handle(key, lost)
        except GwdeployerError as error:
            handled = Handled(key, handler.name, error=error)
        except BaseException as error:  # noqa: BLE001 - said on the next line; this thread is nobody's to end
            handled = Handled(key, handler.name, error=unexpected(error, key))
        seconds = time.monotonic() - began
        _log(handled)
        self._ended(key, queue, handled)
        if not lost.is_set():
            _requeue(handled, queue)
        self._tell(lambda observer: observer.handled(handled, seconds))

    def _ended(self, key: ObjectRef, queue: WorkQueue[ObjectRef], handled: Handled) -> None:
        """Have a key looked at again if its pass, which has ended, has missed anything."""
        if self._echoes.ended(key, handled.seen, wrote=handled.wrote):
            queue.add(key)

    def _tell(self, tell: Callable[[Observer], None]) -> None:
        for observer in self._observers:
            try:
                tell(observer)
            except Exception:
                logger.exception("%s failed", type(observer).__name__)


def _log(handled: Handled) -> None:
    """Say in one line what was done with which objects, if anything was."""
    written = handled.result.written if handled.result else ()
    if written:
        done = (f"{one.ref.kind.kind} {one.ref.name} {one.action}" for one in written)
        logger.info("%s: %s", handled.key, ", ".join(done), extra={"owner": str(handled.key)})


def _requeue(handled: Handled, queue: WorkQueue[ObjectRef]) -> None:
    """Let a key be looked at again when it should be: at once, later, or not before something changes."""
    key, again = handled.key, handled.requeue_after
    if handled.stale:
        queue.add(key)
    if again is not None:
        queue.add_after(key, again)
    if handled.retry_after is not None:
        again = soonest((again, queue.retry(key, at_least=handled.retry_after)))
    if not handled.errors:
        queue.forget(key)
    when = "when something changes" if again is None else f"in {again:.1f} s"
    for error in handled.errors:
        level = logging.INFO if isinstance(error, PASSING) else logging.WARNING
        said = _said(error, key)
        logger.log(level, "%s: %s (again %s)", key, said, when, extra={"owner": str(key)})


def _said(error: GwdeployerError, subject: object) -> str:
    """Return what an error says, in a line that begins with ``subject``."""
    return "\n".join(str(fault.without(str(subject))) for fault in error.faults)


def _check(parts: Iterable[Deployer | Plugin]) -> None:
    for part in parts:
        if not (part.can_write if isinstance(part, Deployer) else part.cluster):
            name = repr(part) if isinstance(part, Deployer) else f"plugin {part.name}"
            raise PluginError(Fault("has no cluster to deploy to", subject=name, hint="give it cluster="))
