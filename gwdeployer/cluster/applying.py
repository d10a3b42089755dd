"""Brings one object to its plan: with no request where it is there already, else with as few as it takes.

Rules, each tried on a kube-apiserver: an object believed absent is applied with ``resourceVersion: "1"``,
which creates it or, where anything is there, conflicts (an unforced apply would merge into a foreign
object). One believed ours is applied by force with the UID and resourceVersion on which ownership was
proven, so that an object deleted or recreated meanwhile is neither created anew nor taken over.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence, Set
from contextlib import suppress
from dataclasses import dataclass, replace

from gwdeployer.cluster.adoption import former_manager, is_ours, owned_twice, renaming
from gwdeployer.cluster.agreement import agrees
from gwdeployer.cluster.contention import Contention
from gwdeployer.cluster.drift import Difference, differences
from gwdeployer.cluster.finalizing import Finalizer
from gwdeployer.cluster.handover import (
    heir,
    replicas_given_up,
    with_default_owned,
    without_duplicates,
)
from gwdeployer.cluster.live import LiveView
from gwdeployer.cluster.outcomes import Action, Outcome
from gwdeployer.cluster.port import Cluster
from gwdeployer.cluster.sending import as_sent, is_stored
from gwdeployer.cluster.settled import Settled
from gwdeployer.errors import (
    Conflict,
    Fault,
    ForeignObject,
    GwdeployerError,
    ImmutableField,
    InvalidObject,
    KindNotInstalled,
    NotFound,
)
from gwdeployer.objects import KindRef, Object, ObjectRef, is_namespaced
from gwdeployer.objects.owners import Owner
from gwdeployer.objects.ownership import RECREATE

logger = logging.getLogger(__name__)

#: After these, an object is as planned, as far as an apply makes it so.
_SETTLED = frozenset({Action.UNCHANGED, Action.CREATED, Action.CONFIGURED, Action.RECREATED})
#: How often an object that changes under our hands is looked at again.
_LOOKS = 5
#: In metadata: what all children of an owner have in common.
_NAMING = ("labels", "ownerReferences")
#: Characters of a text that is better held once.
_LONG = 512


def _hold_once(planned: Object, live: Object) -> None:
    """Let a plan hold what a live object has that is its own: what both name, and long texts."""
    metadata, held = planned["metadata"], live["metadata"]
    for name in _NAMING:
        if name in metadata and metadata[name] == held.get(name):
            metadata[name] = held[name]
    texts, held = planned.get("data"), live.get("data")
    if texts.__class__ is dict is held.__class__:
        long = [name for name, text in texts.items() if text.__class__ is str and len(text) > _LONG]
        same = {name: held[name] for name in long if texts[name] == held.get(name)}
        if same:  # the map may be that of other plans, too
            planned["data"] = {**texts, **same}


@dataclass(slots=True)
class Applier:
    """Applies the objects of one owner. ``manager`` is our field manager.

    Objects of ``optional`` kinds are skipped where the API server does not serve them.
    """

    cluster: Cluster
    manager: str
    owner: Owner
    live: LiveView
    contention: Contention
    settled: Settled
    finalizer: Finalizer
    optional: Set[KindRef] = frozenset()

    def unchanged(self, ref: ObjectRef, planned: Object, *, create_only: bool = False) -> Outcome | None:
        """Return the outcome for an object (that of ``ref``) that a cache shows as planned. No request.

        None: it takes a request, or a closer look; without a cache, always.
        """
        if not self.live.is_cached:
            return None
        try:
            live = self.live.get(ref)
            if live is None:
                return None
            if not self.settled.has(ref, planned, live):
                if not self._is_as_planned(ref, planned, live, create_only):
                    return None
                _hold_once(planned, live)
                self.settled.add(ref, planned, live)
        except GwdeployerError:
            return None
        return Outcome(ref, Action.UNCHANGED, live=live)

    def _is_as_planned(self, ref: ObjectRef, planned: Object, live: Object, create_only: bool) -> bool:
        if live["metadata"].get("deletionTimestamp") or not is_ours(live, ref, self.owner):
            return False
        if create_only or agrees(live, planned, self.manager):
            return True
        return not self._to_repair(ref, as_sent(planned), live)

    def _to_repair(self, ref: ObjectRef, sent: Object, live: Object) -> list[Difference]:
        return self.contention.repairable(ref, sent, differences(live, sent, self.manager))

    def bring(self, planned: Object, *, create_only: bool = False) -> Outcome:
        """Bring an object to its plan and say what became of it; never raises gwdeployer's errors."""
        ref = ObjectRef.of(planned)
        try:
            outcome = self._bring(ref, as_sent(planned), create_only)
        except ForeignObject as error:
            outcome = Outcome(ref, Action.REFUSED, error)
        except KindNotInstalled as error:
            outcome = self._not_installed(ref, error)
        except GwdeployerError as error:
            outcome = Outcome(ref, Action.FAILED, error)
        if outcome.action in _SETTLED and outcome.live is not None:
            self.settled.add(ref, planned, outcome.live)
        level = logging.WARNING if outcome.error or outcome.warning else logging.DEBUG
        logger.log(level, "%s", outcome, extra={"owner": str(self.owner.ref)})
        return outcome

    def _not_installed(self, ref: ObjectRef, error: KindNotInstalled) -> Outcome:
        if ref.kind in self.optional:
            return Outcome(ref, Action.SKIPPED, warning=error)
        return Outcome(ref, Action.FAILED, error)

    def _bring(self, ref: ObjectRef, sent: Object, create_only: bool) -> Outcome:
        live = self.live.get(ref)
        for look in range(_LOOKS):
            try:
                return self._create(ref, sent) if live is None else self._change(ref, sent, live, create_only)
            except (Conflict, NotFound) as error:
                if isinstance(error, NotFound) and live is None:
                    raise  # the namespace is not there
                if look == _LOOKS - 1:
                    raise
                live = self.live.ask(ref)
        raise AssertionError("unreachable")  # pragma: no cover - the last look returns or raises

    def _create(self, ref: ObjectRef, sent: Object) -> Outcome:
        self.contention.check(ref, sent, None, (), self.manager)
        self._hold_owner(ref)
        answered = self._apply(ref, _expecting(sent, resourceVersion="1"))
        self._wrote(ref, sent, answered)
        return Outcome(ref, Action.CREATED, live=answered)

    def _change(self, ref: ObjectRef, sent: Object, live: Object, create_only: bool) -> Outcome:
        ours = is_ours(live, ref, self.owner)
        if live["metadata"].get("deletionTimestamp"):
            return Outcome(ref, Action.WAITING, live=live)
        if ours and create_only:
            return Outcome(ref, Action.UNCHANGED, live=live)
        if not ours:
            self._hold_owner(ref)
            return self._claim(ref, sent, live) if create_only else self._adopt(ref, sent, live)
        found = self._to_repair(ref, sent, live)
        if not found:
            return Outcome(ref, Action.UNCHANGED, live=live)
        self.contention.check(ref, sent, live, found, self.manager)
        return self._configure(ref, sent, live, found)

    def _hold_owner(self, ref: ObjectRef) -> None:
        """See that an object which becomes the owner's will be found again when the owner goes."""
        if not is_namespaced(ref.kind):
            self.finalizer.hold()

    def _adopt(self, ref: ObjectRef, sent: Object, live: Object) -> Outcome:
        former = former_manager(live, self.manager)
        if former:
            patch = renaming(live, former, self.manager)
            live = self.cluster.json_patch(ref, patch, manager=self.manager)
            self.live.learn(ref, live)
        outcome = self._configure(ref, sent, live, list(differences(live, sent, self.manager)))
        return replace(outcome, adopted_from=former or "nobody")

    def _claim(self, ref: ObjectRef, sent: Object, live: Object) -> Outcome:
        """Become the controller of an object whose content is made once; the content stays as it is."""
        mark = {name: sent[name] for name in ("apiVersion", "kind", "metadata")}
        answered = self._apply_to(ref, mark, live)
        adopted_from = former_manager(live, self.manager) or "nobody"
        return Outcome(ref, Action.CONFIGURED, live=answered, adopted_from=adopted_from)

    def _configure(self, ref: ObjectRef, sent: Object, live: Object, found: Sequence[Difference]) -> Outcome:
        if ours_alone := owned_twice(live, self.manager):
            live = self.cluster.json_patch(ref, ours_alone, manager=self.manager)
            self.live.learn(ref, live)
        kept = replicas_given_up(live, sent, self.manager)
        if kept is not None:
            live = self.cluster.apply(kept, manager=heir(self.manager))
            self.live.learn(ref, live)
        action = Action.CONFIGURED
        try:
            answered = self._apply_to(ref, sent, live)
        except ImmutableField as error:
            answered, action = self._recreate(ref, sent, live, error), Action.RECREATED
        except InvalidObject as error:
            answered = self._apply_to(ref, sent, self._clear_the_way(ref, sent, live, error))
        self._wrote(ref, sent, answered)
        return Outcome(ref, action, changed=tuple(map(str, found)), live=answered)

    def _clear_the_way(self, ref: ObjectRef, sent: Object, live: Object, error: InvalidObject) -> Object:
        """Return the object without what made the plan invalid. Raises the error where that is the plan."""
        owning_first = with_default_owned(live, sent, error.causes)
        if owning_first is not None:
            return self._apply_to(ref, owning_first, live)
        removing_first = without_duplicates(live, sent, error.causes)
        if not removing_first:
            raise error
        changed = self.cluster.json_patch(ref, removing_first, manager=self.manager)
        self.live.learn(ref, changed)
        return changed

    def _recreate(self, ref: ObjectRef, sent: Object, live: Object, error: ImmutableField) -> Object:
        if not self.owner.recreates:
            hint = f'allow to delete and create it: {RECREATE}: "immutable" on {self.owner.ref}'
            faults = [replace(fault, hint=fault.hint or hint) for fault in error.faults]
            error.faults = tuple(faults or [Fault("a field cannot change", hint=hint)])
            raise error
        self._rehearse(sent)
        metadata = live["metadata"]
        self.cluster.delete(ref, uid=metadata["uid"], resource_version=metadata["resourceVersion"])
        self.live.learn(ref, None)
        return self._apply(ref, _expecting(sent, resourceVersion="1"))

    def _rehearse(self, sent: Object) -> None:
        """Raise what would keep the object from being created: what is there is not deleted in vain.

        Validation and admission come before the name is found to be taken, which is all that may go wrong.
        """
        with suppress(Conflict):
            self.cluster.create(sent, manager=self.manager, dry_run=True)

    def _wrote(self, ref: ObjectRef, sent: Object, answered: Object) -> None:
        left = () if is_stored(answered, sent) else tuple(differences(answered, sent, self.manager))
        self.contention.wrote(ref, sent, left)

    def _apply_to(self, ref: ObjectRef, sent: Object, live: Object) -> Object:
        metadata = live["metadata"]
        expected = _expecting(sent, uid=metadata["uid"], resourceVersion=metadata["resourceVersion"])
        return self._apply(ref, expected)

    def _apply(self, ref: ObjectRef, obj: Object) -> Object:
        answered = self.cluster.apply(obj, manager=self.manager, force=True)
        self.live.learn(ref, answered)
        return answered


def _expecting(sent: Object, **preconditions: str) -> Object:
    return {**sent, "metadata": {**sent["metadata"], **preconditions}}
