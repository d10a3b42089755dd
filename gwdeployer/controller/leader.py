"""Leader election: of several controllers one works at a time, and the next takes over where it ends.

Three threads have a part in a term of office: one leads, one renews the Lease, and one (the caller's) sees to
it that leading ends in time, even while a request hangs.
"""

from __future__ import annotations

import logging
import random
import socket
import threading
import time
import uuid
from collections.abc import Callable

from gwdeployer.cluster.port import Cluster
from gwdeployer.controller.lease import JITTER, LEASE, Candidate, Timing
from gwdeployer.errors import Conflict, GwdeployerError
from gwdeployer.objects import ObjectRef

logger = logging.getLogger(__name__)

#: Leads until the event that it is given is set, then ends what it has begun and returns.
Lead = Callable[[threading.Event], None]


class LeaderElector:
    """Leads while it holds a Lease (``coordination.k8s.io/v1``), as client-go's ``leaderelection`` does.

    ::

        elector = LeaderElector(cluster, "gateways", "gwdeployer")
        elector.run(stop, lead)         # lead(lost) is called in a thread of its own

    The account needs ``get``, ``create`` and ``patch`` on ``leases`` in the namespace.
    """

    def __init__(
        self,
        cluster: Cluster,
        namespace: str,
        name: str,
        identity: str = "",
        *,
        timing: Timing | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Stand for the Lease ``namespace``/``name``, which is created if need be.

        ``identity`` must be nobody else's; by default it is the host's name and a random UUID. Raises
        ValueError for times with which an election cannot work.
        """
        self.name = name
        self.identity = identity or f"{socket.gethostname()}_{uuid.uuid4()}"
        self._lease = ObjectRef(LEASE, namespace, name)
        self._candidate = Candidate(cluster, self._lease, self.identity, timing, clock=clock)
        self._timing = self._candidate.timing
        self._term: _Term | None = None
        self._failing = False

    @property
    def is_leader(self) -> bool:
        """Whether this one leads now."""
        term = self._term
        return term is not None and not term.lost.is_set()

    @property
    def leader(self) -> str:
        """The identity of who held the Lease when it was last seen; "" for nobody."""
        return self._candidate.holder

    def health(self) -> str:
        """Return why this process should be restarted: it works on without the Lease. Else ""."""
        term = self._term
        if term is None or term.ended.is_set() or self._candidate.seconds_left > 0:
            return ""
        return f"still at work though {self._lease} is not held any more"

    def run(self, stop: threading.Event, lead: Lead) -> None:
        """Lead whenever the Lease can be had, until ``stop`` is set.

        ``lead(lost)`` is called in a thread of its own; ``lost`` is set when leading must end: because of
        ``stop``, or because the Lease could not be renewed in time. Once ``lead`` has returned, the Lease is
        given back on ``stop``, or stood for again. Where ``lead`` ends by itself, so does this: it gives the
        Lease back, and raises what ``lead`` raised.
        """
        try:
            while not stop.is_set() and self._won(stop):
                if self._served(stop, _Term(lead)):
                    break
        finally:
            self._attempt(self._candidate.release)

    def _won(self, stop: threading.Event) -> bool:
        """Stand for the Lease until it is won; return False when ``stop`` is set before."""
        logger.info("%s: standing as %s", self._lease, self.identity)
        known = self.leader
        while not stop.is_set():
            if self._attempt(self._candidate.attempt):
                return True
            if self.leader != known:
                known = self.leader
                logger.info("%s: held by %s", self._lease, known or "nobody")
            spread = JITTER * random.random()  # noqa: S311 - no secret
            stop.wait(self._timing.retry_period * (1 + spread))
        return False

    def _served(self, stop: threading.Event, term: _Term) -> bool:
        """Lead for one term; return whether it ended by itself. Raises what leading raised."""
        logger.info("%s: leading", self._lease)
        self._term = term
        renewing = threading.Thread(target=self._renew, args=(term,), name="gwdeployer-lease")
        term.start()
        renewing.start()
        try:
            return self._ended_by_itself(stop, term)
        finally:
            term.lost.set()
            logger.info("%s: %s", self._lease, "stopping" if stop.is_set() else "not leading any more")
            term.ended.wait()
            renewing.join()
            self._term = None
            term.join()

    def _ended_by_itself(self, stop: threading.Event, term: _Term) -> bool:
        """Wait until leading has ended or has to."""
        while not (stop.is_set() or term.lost.is_set()):
            if term.ended.is_set():
                return True
            left = self._candidate.seconds_left
            if left <= 0:
                break
            stop.wait(min(left, self._timing.retry_period))
        return False

    def _renew(self, term: _Term) -> None:
        """Renew the Lease until leading has ended, also while it is ending: nobody shall begin before."""
        while not term.ended.wait(self._timing.retry_period):
            self._attempt(self._candidate.attempt)
            if self.leader != self.identity:
                term.lost.set()

    def _attempt(self, request: Callable[[], bool | None]) -> bool:
        """Return whether a request was granted; a failure is logged, and one like the last is not."""
        try:
            granted = bool(request())
        except Conflict:
            return False  # another candidate was faster
        except GwdeployerError as error:
            level = logging.DEBUG if self._failing else logging.WARNING
            logger.log(level, "leader election: %s", error)
            self._failing = True
            return False
        self._failing = False
        return granted


class _Term:
    """One term of office: the thread that leads, what tells it to end, and whether it has."""

    def __init__(self, lead: Lead) -> None:
        self.lost = threading.Event()
        self.ended = threading.Event()
        self._lead = lead
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="gwdeployer-leader")

    def start(self) -> None:
        self._thread.start()

    def join(self) -> None:
        """Wait for the end. Raises what leading raised."""
        self._thread.join()
        if self._error is not None:
            raise self._error

    def _run(self) -> None:
        try:
            self._lead(self.lost)
        except BaseException as error:  # noqa: BLE001 - raised by join
            self._error = error
        finally:
            self.ended.set()
