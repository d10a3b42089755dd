"""Candidates for a Lease: whatever goes wrong, no two of them lead at once, and in the end one does."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from gwdeployer.cluster import Operation
from gwdeployer.controller.lease import LEASE, Candidate, Timing
from gwdeployer.errors import Conflict, GwdeployerError, ServerFailure, Throttled, Unreachable
from gwdeployer.objects import Object, ObjectRef
from tests.cluster_unit.clock import Clock
from tests.cluster_unit.fake import FakeCluster

REF = ObjectRef(LEASE, "system", "web")


class LeaseServer(FakeCluster):
    """Keeps one Lease, and every write to the version it was decided on.

    ``answers`` says what becomes of the next requests: an error, or "lost" for a write whose answer is.
    """

    def __init__(self, spec: Mapping[str, Any] | None = None) -> None:
        super().__init__()
        self.answers: list[str] = []
        self.fail = self._fault
        self.patched = self._patched
        if spec is not None:
            self.put(lease(spec))

    @property
    def spec(self) -> Mapping[str, Any]:
        spec: Mapping[str, Any] = self.objects[REF]["spec"]
        return spec

    def put(self, obj: Object) -> Object:
        stored = super().put(obj)
        if self.answers and self.answers.pop(0) == "lost":
            raise Unreachable("the answer was lost")
        return stored

    def _fault(self, request: str) -> None:
        if self.answers and self.answers[0] != "lost":
            raise {"500": ServerFailure, "429": Throttled, "none": Unreachable}[self.answers.pop(0)]("no")
        if request.startswith("create") and REF in self.objects:
            raise Conflict("there is one")

    def _patched(self, live: Object, patch: Sequence[Operation]) -> Object:
        version, spec = patch
        if version["value"] != live["metadata"]["resourceVersion"]:
            raise Conflict("changed")
        return {**live, "spec": spec["value"]}


def lease(spec: Mapping[str, Any]) -> Object:
    metadata = {"namespace": REF.namespace, "name": REF.name}
    return {"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": metadata, "spec": dict(spec)}


def make(server: LeaseServer, name: str, clock: Clock, wall: float = 1e9) -> Candidate:
    return Candidate(server, REF, name, clock=clock, wall_clock=lambda: wall)


def test_the_first_candidate_creates_the_lease() -> None:
    server, clock = LeaseServer(), Clock()
    candidate = make(server, "a", clock)
    assert candidate.seconds_left == 0
    assert candidate.attempt()
    assert candidate.seconds_left == 10
    assert candidate.holder == "a"
    assert server.spec == {
        "holderIdentity": "a",
        "leaseDurationSeconds": 15,
        "acquireTime": "2001-09-09T01:46:40.000000Z",
        "renewTime": "2001-09-09T01:46:40.000000Z",
        "leaseTransitions": 0,
    }


def test_the_holder_renews_with_one_request_and_keeps_when_it_began() -> None:
    server, clock = LeaseServer(), Clock()
    assert make(server, "a", clock).attempt()
    candidate = make(server, "a", clock, wall=1e9 + 1.5)
    assert candidate.attempt()
    server.requests.clear()
    clock.now += 2
    assert candidate.attempt()
    assert candidate.seconds_left == 10
    assert server.requests == ["json_patch Lease web"]
    assert server.spec["acquireTime"] == "2001-09-09T01:46:40.000000Z"
    assert server.spec["renewTime"] == "2001-09-09T01:46:41.500000Z"
    assert server.spec["leaseTransitions"] == 0


def test_another_takes_over_when_it_has_seen_no_renewal_for_the_lease_duration() -> None:
    server, clock = LeaseServer(), Clock()
    a, b = make(server, "a", clock), make(server, "b", clock)
    assert a.attempt()
    clock.now += 9
    assert not b.attempt()  # sees it for the first time
    assert b.holder == "a"
    clock.now += 14
    assert not b.attempt()
    clock.now += 1
    assert b.attempt()
    assert server.spec["holderIdentity"] == "b"
    assert server.spec["leaseTransitions"] == 1
    assert not a.attempt()
    assert a.holder == "b"


def test_a_lease_that_is_given_back_is_free_at_once() -> None:
    server, clock = LeaseServer(), Clock()
    a, b = make(server, "a", clock), make(server, "b", clock)
    assert a.attempt()
    assert not b.attempt()
    a.release()
    assert a.seconds_left == 0
    assert server.spec["holderIdentity"] == ""
    assert server.spec["leaseDurationSeconds"] == 1
    assert b.attempt()
    a.release()
    assert server.spec["holderIdentity"] == "b"


def test_who_never_held_the_lease_asks_nothing_to_give_it_back() -> None:
    server, clock = LeaseServer(), Clock()
    assert make(server, "a", clock).attempt()
    other = make(server, "b", clock)
    assert not other.attempt()
    server.requests.clear()
    other.release()
    assert server.requests == []


def test_a_lease_won_without_an_answer_is_given_back_too() -> None:
    server = LeaseServer()
    candidate = make(server, "a", Clock())
    server.answers = ["lost"]
    with pytest.raises(Unreachable):
        candidate.attempt()
    assert candidate.seconds_left == 0
    candidate.release()
    assert server.spec["holderIdentity"] == ""


def test_giving_back_is_tried_again_while_the_server_fails() -> None:
    server = LeaseServer()
    candidate = make(server, "a", Clock())
    assert candidate.attempt()
    server.answers = ["500", "500"]
    candidate.release()
    assert server.spec["holderIdentity"] == ""


def test_a_holder_whose_answer_was_lost_holds_on() -> None:
    server, clock = LeaseServer(), Clock()
    candidate = make(server, "a", clock)
    assert candidate.attempt()
    clock.now += 2
    server.answers = ["lost"]
    with pytest.raises(Unreachable):
        candidate.attempt()
    assert candidate.seconds_left == 8
    clock.now += 2
    assert candidate.attempt()
    assert candidate.seconds_left == 10
    assert server.spec["leaseTransitions"] == 0


@pytest.mark.parametrize("fault", ["500", "429", "none"])
def test_a_holder_that_cannot_renew_leads_until_the_renew_deadline_and_no_longer(fault: str) -> None:
    server, clock = LeaseServer(), Clock()
    candidate = make(server, "a", clock)
    assert candidate.attempt()
    server.answers = [fault] * 5
    for _ in range(5):
        clock.now += 2
        with pytest.raises(GwdeployerError):
            candidate.attempt()
    assert candidate.seconds_left == 0
    assert candidate.attempt()


def test_what_others_write_into_the_lease_stays_and_costs_the_holder_nothing() -> None:
    server, clock = LeaseServer(), Clock()
    candidate = make(server, "a", clock)
    assert candidate.attempt()
    stored = server.objects[REF]
    labels = {"labels": {"team": "web"}}
    server.put(
        {**stored, "metadata": {**stored["metadata"], **labels}, "spec": {**stored["spec"], "strategy": "X"}}
    )
    assert candidate.attempt()
    assert candidate.seconds_left == 10
    assert server.objects[REF]["metadata"]["labels"] == {"team": "web"}
    assert server.spec["strategy"] == "X"


def test_a_label_on_the_lease_is_no_renewal() -> None:
    server, clock = LeaseServer(), Clock()
    assert make(server, "a", clock).attempt()
    candidate = make(server, "b", clock)
    assert not candidate.attempt()
    clock.now += 10
    server.put(server.objects[REF])
    assert not candidate.attempt()
    clock.now += 5
    assert candidate.attempt()


def test_a_lease_that_somebody_deletes_is_held_on_to_until_its_time_is_over() -> None:
    server, clock = LeaseServer(), Clock()
    holder, other = make(server, "a", clock), make(server, "b", clock)
    assert holder.attempt()
    assert not other.attempt()
    del server.objects[REF]
    assert not other.attempt()
    clock.now += 2
    assert holder.attempt()
    assert server.spec["holderIdentity"] == "a"
    del server.objects[REF]
    clock.now += 15
    assert other.attempt()


@pytest.mark.parametrize("spec", [{}, {"holderIdentity": ""}, {"holderIdentity": "a"}])
def test_a_lease_that_nobody_else_holds_is_taken(spec: Mapping[str, Any]) -> None:
    assert make(LeaseServer(spec), "a", Clock()).attempt()


def test_a_lease_without_a_duration_is_held_for_ours() -> None:
    clock = Clock()
    candidate = make(LeaseServer({"holderIdentity": "b"}), "a", clock)
    assert not candidate.attempt()
    clock.now += 15
    assert candidate.attempt()


@pytest.mark.parametrize("timing", [Timing(10, 10, 2), Timing(15, 2, 2), Timing(15, 10, 0)])
def test_times_with_which_an_election_cannot_work_are_refused(timing: Timing) -> None:
    with pytest.raises(ValueError, match="lease_duration > renew_deadline"):
        Candidate(LeaseServer(), REF, "a", timing)


NAMES = st.sampled_from("abc")


class Election(RuleBasedStateMachine):
    """Three candidates whose clocks agree on nothing but how fast time passes; requests fail as they like."""

    def __init__(self) -> None:
        super().__init__()
        self.server = LeaseServer()
        self.clocks = {"a": Clock(0.0), "b": Clock(5000.0), "c": Clock(-77.0)}
        self.wall = 1e9
        self.readings = itertools.count()
        self.candidates = {name: self.candidate(name, name) for name in self.clocks}

    def candidate(self, name: str, identity: str) -> Candidate:
        return Candidate(self.server, REF, identity, clock=self.clocks[name], wall_clock=self.read_wall_clock)

    def read_wall_clock(self) -> float:
        """Return the time that somebody has set; no two readings are the same to the microsecond."""
        return self.wall + next(self.readings) / 1e6

    def pass_time(self, seconds: float) -> None:
        self.wall += seconds
        for clock in self.clocks.values():
            clock.now += seconds

    def try_once(self, name: str) -> bool:
        try:
            return self.candidates[name].attempt()
        except GwdeployerError:
            return False

    @rule(name=NAMES)
    def attempt(self, name: str) -> None:
        self.server.answers = []
        self.try_once(name)

    @rule(name=NAMES, answers=st.lists(st.sampled_from(["500", "429", "none", "lost"]), max_size=2))
    def attempt_with_faults(self, name: str, answers: list[str]) -> None:
        self.server.answers = answers
        self.try_once(name)

    @rule(name=NAMES)
    def release(self, name: str) -> None:
        self.server.answers = []
        self.candidates[name].release()

    @rule(name=NAMES)
    def restart(self, name: str) -> None:
        self.candidates[name] = self.candidate(name, f"{name} {self.clocks[name].now}")

    @rule(seconds=st.sampled_from([0.1, 2.0, 4.0, 10.0, 15.0, 100.0]))
    def time_passes(self, seconds: float) -> None:
        self.pass_time(seconds)

    @rule(jump=st.sampled_from([-1e8, -60.0, 60.0, 1e8]))
    def somebody_sets_the_wall_clock(self, jump: float) -> None:
        self.wall += jump

    @rule()
    def somebody_labels_the_lease(self) -> None:
        self.server.answers = []
        if REF in self.server.objects:
            self.server.put(self.server.objects[REF])

    @invariant()
    def no_two_lead_at_once(self) -> None:
        assert sum(candidate.seconds_left > 0 for candidate in self.candidates.values()) <= 1

    def teardown(self) -> None:
        """When all is well again, one leads within a lease duration."""
        self.server.answers = []
        for _ in range(10):
            for name in self.candidates:
                self.try_once(name)
            self.pass_time(2)
        assert any(candidate.seconds_left > 0 for candidate in self.candidates.values())


TestElection = Election.TestCase
