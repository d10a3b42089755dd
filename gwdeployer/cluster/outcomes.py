"""What became of each object: nothing is lost, and every error is there."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import TYPE_CHECKING

from gwdeployer.errors import GwdeployerError, RetryableError, TerminalError
from gwdeployer.objects import Object, ObjectRef

if TYPE_CHECKING:
    from gwdeployer.plan import Plan

#: Seconds after which an object that is being deleted is looked at again.
_LOOK_AGAIN = 5.0


class Action(StrEnum):
    """What was done with an object."""

    CREATED = "created"
    CONFIGURED = "configured"
    RECREATED = "recreated"
    UNCHANGED = "unchanged"
    #: It is being deleted; it will be created once it is gone.
    WAITING = "waiting"
    #: Its kind is not installed, and the plan can do without it.
    SKIPPED = "skipped"
    #: It is somebody else's.
    REFUSED = "refused"
    FAILED = "failed"


#: What was done with an object that is not as it was before.
_WRITTEN = frozenset({Action.CREATED, Action.CONFIGURED, Action.RECREATED})
_UNCHANGED = Action.UNCHANGED


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one planned object.

    ``error`` says what went wrong; ``warning`` why it was skipped, which is nothing wrong.
    ``changed`` are the paths of the fields that were not as planned, where it was configured.
    ``adopted_from`` names the field manager whose fields became ours. ``live`` is the object as the server
    last showed it.
    """

    ref: ObjectRef
    action: Action
    error: GwdeployerError | None = None
    changed: tuple[str, ...] = ()
    adopted_from: str = ""
    live: Object | None = field(default=None, repr=False, compare=False)
    warning: RetryableError | None = None

    @property
    def at_rest(self) -> Outcome:
        """What the next look finds, if nobody changes the object."""
        return Outcome(self.ref, Action.UNCHANGED, live=self.live) if self.action in _WRITTEN else self

    def __str__(self) -> str:
        """Return one line: ``Deployment shop/web configured``, and why if it went wrong."""
        text = f"{self.ref} {self.action}"
        if self.adopted_from:
            text += f" (adopted from {self.adopted_from})"
        why = self.error or self.warning
        return f"{text}: {'; '.join(map(str, why.faults))}" if why else text


def raise_first(errors: Sequence[GwdeployerError], owner: str) -> None:
    """Raise what the errors amount to; return where there is none.

    One error is raised itself; several become one with all their faults: retryable, after the shortest delay,
    if any of them is.
    """
    if len(errors) == 1:
        raise errors[0].about(owner=owner)
    if errors:
        faults = [fault for error in errors for fault in error.faults]
        delays = [error.delay for error in errors if isinstance(error, RetryableError)]
        if delays:
            raise RetryableError(faults, owner=owner, delay=min(delays))
        raise TerminalError(faults, owner=owner)


def soonest(delays: Iterable[float | None]) -> float | None:
    """Return the shortest of the delays that there are, or None."""
    return min((delay for delay in delays if delay is not None), default=None)


@dataclass(frozen=True, slots=True)
class DeployResult:
    """What became of the objects of one plan, in the order of the plan."""

    owner: ObjectRef
    outcomes: tuple[Outcome, ...] = ()
    #: The outcomes of objects that were not simply as planned; most often none.
    notable: tuple[Outcome, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Find what is notable: many ask."""
        notable = [one for one in self.outcomes if one.action is not _UNCHANGED or one.error or one.warning]
        object.__setattr__(self, "notable", tuple(notable))

    @property
    def errors(self) -> tuple[GwdeployerError, ...]:
        """Every error, in the order of the plan."""
        return tuple([outcome.error for outcome in self.notable if outcome.error])

    @property
    def warnings(self) -> tuple[RetryableError, ...]:
        """Why objects were skipped, in the order of the plan."""
        return tuple([outcome.warning for outcome in self.notable if outcome.warning])

    @property
    def waiting(self) -> bool:
        """Whether an object is being deleted and has to be created once it is gone."""
        return any(outcome.action is Action.WAITING for outcome in self.notable)

    def raise_for_errors(self) -> None:
        """Raise what went wrong, all of it at once: see :func:`raise_first`."""
        raise_first(self.errors, str(self.owner))


@dataclass(frozen=True, slots=True)
class Pending:
    """An object that the plan no longer names and that stays for the time being."""

    ref: ObjectRef
    reason: str

    def __str__(self) -> str:
        """Return the object and why it stays."""
        return f"{self.ref} {self.reason}"


@dataclass(frozen=True, slots=True)
class PruneResult:
    """What was deleted, what will be, and what could not be."""

    owner: ObjectRef
    deleted: tuple[ObjectRef, ...] = ()
    pending: tuple[Pending, ...] = ()
    errors: tuple[GwdeployerError, ...] = ()
    requeue_after: float | None = None

    def raise_for_errors(self) -> None:
        """Raise what went wrong, all of it at once: see :func:`raise_first`."""
        raise_first(self.errors, str(self.owner))


@dataclass(frozen=True, slots=True)
class ReconcileResult:
    """One reconcile: the plan, what became of its objects, what was deleted.

    ``plan`` is None where planning failed: then ``errors`` says why, and nothing was touched.
    ``plan_seconds`` is how long planning took.
    """

    owner: ObjectRef
    plan: Plan | None = field(default=None, repr=False)
    deployed: DeployResult | None = None
    pruned: PruneResult | None = None
    planning: GwdeployerError | None = None
    plan_seconds: float = field(default=0.0, repr=False, compare=False)

    @property
    def errors(self) -> tuple[GwdeployerError, ...]:
        """Every error, of planning, deploying and pruning."""
        planning = (self.planning,) if self.planning else ()
        deployed = self.deployed.errors if self.deployed else ()
        return (*planning, *deployed, *(self.pruned.errors if self.pruned else ()))

    @property
    def written(self) -> tuple[Outcome, ...]:
        """What was created or changed, in the order of the plan."""
        outcomes = self.deployed.notable if self.deployed else ()
        return tuple([outcome for outcome in outcomes if outcome.action in _WRITTEN])

    @property
    def at_rest(self) -> ReconcileResult:
        """The result that says what is, not what was done: what was written is unchanged from now on."""
        if self.deployed is None or not self.written:
            return self
        outcomes = tuple(one.at_rest for one in self.deployed.outcomes)
        return replace(self, deployed=DeployResult(self.deployed.owner, outcomes))

    @property
    def pending(self) -> tuple[Pending, ...]:
        """What stays for the time being though the plan no longer names it."""
        return self.pruned.pending if self.pruned else ()

    @property
    def requeue_after(self) -> float | None:
        """Seconds after which to reconcile again though nothing has changed; None: there is no need."""
        warnings = self.deployed.warnings if self.deployed else ()
        again = [error.delay for error in (*self.errors, *warnings) if isinstance(error, RetryableError)]
        waiting = _LOOK_AGAIN if self.deployed and self.deployed.waiting else None
        return soonest([*again, waiting, self.pruned.requeue_after if self.pruned else None])

    def raise_for_errors(self) -> None:
        """Raise what went wrong, all of it at once: see :func:`raise_first`."""
        raise_first(self.errors, str(self.owner))
