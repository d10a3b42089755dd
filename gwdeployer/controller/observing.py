"""What is told of each pass of the loop: to metrics, to events, to an embedder's own observer."""

from __future__ import annotations

import logging
from collections.abc import Callable, Set
from dataclasses import dataclass, field

from gwdeployer.cluster import live
from gwdeployer.cluster.outcomes import ReconcileResult, soonest
from gwdeployer.errors import Conflict, Fault, GwdeployerError, Interrupted, NotSynced, RetryableError
from gwdeployer.objects import Object, ObjectRef
from gwdeployer.objects.states import Version

logger = logging.getLogger(__name__)

#: What another look soon mends: seen often, and no news to people.
PASSING = (Conflict, Interrupted, NotSynced)


@dataclass(frozen=True, slots=True)
class Handled:
    """One pass over one key: an owner, or an object whose status is reported.

    ``name`` is the plugin's, or the owner kind's. ``object`` is None for what is gone. ``result`` is None
    where there was nothing to reconcile. ``repaired`` are objects that were put right though the plan was the
    one before: somebody else had changed them. ``error`` is what kept the status from being written.
    ``stale`` says that something that was read has changed meanwhile. ``seen`` tells the states of objects
    that are no reason for another pass: this one has taken them into account. ``ahead`` says that it rests on
    answers of the server that the cache does not show.
    """

    key: ObjectRef
    name: str
    object: Object | None = field(default=None, repr=False)
    result: ReconcileResult | None = None
    repaired: tuple[ObjectRef, ...] = ()
    status_written: bool = False
    error: GwdeployerError | None = None
    stale: bool = False
    seen: Callable[[], Set[Version]] = field(default=frozenset, repr=False, compare=False)
    ahead: bool = False

    @property
    def wrote(self) -> bool:
        """Whether anything was created or changed."""
        return self.status_written or bool(self.result and self.result.written)

    @property
    def errors(self) -> tuple[GwdeployerError, ...]:
        """Everything that went wrong."""
        return (*(self.result.errors if self.result else ()), *((self.error,) if self.error else ()))

    @property
    def retry_after(self) -> float | None:
        """Seconds after which to try again at the earliest what failed; None: retrying cannot help."""
        delays = [error.delay for error in self.errors if isinstance(error, RetryableError)]
        return min(delays, default=None)

    @property
    def requeue_after(self) -> float | None:
        """Seconds after which to look again though nothing failed; None: there is no need.

        Also once our own answers are believed no more: what was written and has gone before a watch told of
        it leaves no trace in a cache.
        """
        believed = self.ahead or (self.result is not None and self.result.written)
        return soonest(
            (self.result.requeue_after if self.result else None, live.TRUSTED_FOR + 1 if believed else None)
        )


class Observer:
    """Is told what the loop does. Called in the loop's threads: must be quick. The default takes no note."""

    def handled(self, handled: Handled, seconds: float) -> None:
        """Take note of a pass that took ``seconds``."""

    def term_ended(self) -> None:
        """Take note that this controller looks after nothing any more: another one leads, or it stops."""


def unexpected(error: BaseException, key: ObjectRef) -> GwdeployerError:
    """Return what is said of an exception that no contract allows.

    Its words may hold anything, such as what a Secret says, and many may read statuses and Events: only the
    log has them.
    """
    logger.exception("%s: not handled", key, extra={"owner": str(key)}, exc_info=error)
    fault = Fault(f"failed with {type(error).__name__}", subject=str(key), hint="see the controller's log")
    return RetryableError(fault, owner=str(key))
