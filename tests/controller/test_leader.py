"""Leader election with threads, over HTTP: who leads, when they have to end, and who is next."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from gwdeployer.cluster import KubernetesCluster
from gwdeployer.controller.leader import LeaderElector
from gwdeployer.controller.lease import LEASE, Candidate, Timing
from gwdeployer.errors import Conflict
from gwdeployer.objects import Object, ObjectRef
from gwdeployer.testing import APIServer
from tests.servers.servers import Server, eventually

#: As short as an election can be: a Lease has whole seconds.
QUICK = Timing(lease_duration=1, renew_deadline=0.7, retry_period=0.05)
#: Deadlines that nothing meets by chance, however busy the machine.
PATIENT = Timing(lease_duration=60, renew_deadline=50, retry_period=0.05)
PATIENCE = 30.0


Work = Callable[[threading.Event], object]


class Running:
    """An elector that runs in a thread; ``terms`` are its terms of office: what told each to end."""

    def __init__(
        self, elector: LeaderElector, work: Callable[[threading.Event], object] | None = None
    ) -> None:
        self.elector = elector
        self.stop = threading.Event()
        self.terms: list[threading.Event] = []
        self.error: BaseException | None = None
        self._work = work or self._wait
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _wait(self, lost: threading.Event) -> None:
        lost.wait(PATIENCE)

    def _lead(self, lost: threading.Event) -> None:
        self.terms.append(lost)
        self._work(lost)

    def _run(self) -> None:
        try:
            self.elector.run(self.stop, self._lead)
        except BaseException as error:  # noqa: BLE001 - looked at by tests
            self.error = error

    @property
    def has_ended(self) -> bool:
        return not self._thread.is_alive()

    def leads(self) -> bool:
        return self.elector.is_leader and bool(self.terms)

    def close(self) -> None:
        self.stop.set()
        self._thread.join(PATIENCE)
        assert self.has_ended


@pytest.fixture
def apiserver() -> Iterator[APIServer]:
    with APIServer() as running:
        yield running


@pytest.fixture
def cluster(apiserver: APIServer, tmp_path: Path) -> Iterator[KubernetesCluster]:
    made = KubernetesCluster.connect(apiserver.write_kubeconfig(tmp_path / "kubeconfig"))
    yield made
    made.close()


Start = Callable[..., Running]


@pytest.fixture
def start(cluster: KubernetesCluster) -> Iterator[Start]:
    running: list[Running] = []

    def begin(name: str, timing: Timing = PATIENT, **options: Any) -> Running:
        elector = LeaderElector(cluster, "default", "web", name, timing=timing)
        running.append(Running(elector, **options))
        return running[-1]

    yield begin
    for one in running:
        one.close()


def lease(cluster: KubernetesCluster) -> Object:
    found = cluster.get(LEASE, "default", "web")
    assert found is not None
    spec: Object = found["spec"]
    return spec


def test_one_that_stops_does_not_say_that_it_stands_again(
    start: Start, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", logger="gwdeployer.controller.leader")
    one = start("one")
    eventually("it leads", one.leads)
    one.close()
    said = [record.getMessage().removeprefix("Lease default/web: ") for record in caplog.records]
    assert said == ["standing as one", "leading", "stopping"]


def test_one_of_two_leads_and_the_other_follows_at_once_when_it_stops(
    start: Start, cluster: KubernetesCluster
) -> None:
    first = start("first")
    eventually("the first leads", first.leads)
    second = start("second")
    eventually("the second has seen who leads", lambda: second.elector.leader == "first")
    assert not second.leads()
    first.close()
    assert first.terms[0].is_set()
    assert not first.leads()
    eventually("the second leads", second.leads, timeout=10)  # far less than the lease duration
    assert lease(cluster)["leaseTransitions"] == 1
    assert second.terms[0].is_set() is False


def test_the_lease_is_given_back_only_when_leading_has_ended(
    start: Start, cluster: KubernetesCluster
) -> None:
    finish = threading.Event()

    def take_long(lost: threading.Event) -> None:
        lost.wait(PATIENCE)
        finish.wait(PATIENCE)

    running = start("slow", work=take_long)
    eventually("it leads", running.leads)
    running.stop.set()
    eventually("it is told", running.terms[0].is_set)
    renewed = lease(cluster)["renewTime"]
    eventually("it renews while it ends", lambda: lease(cluster)["renewTime"] != renewed)
    assert lease(cluster)["holderIdentity"] == "slow"
    finish.set()
    running.close()
    assert lease(cluster)["holderIdentity"] == ""
    assert lease(cluster)["leaseDurationSeconds"] == 1


def test_where_a_leader_was_killed_another_takes_over_after_the_lease_duration(
    start: Start, cluster: KubernetesCluster
) -> None:
    killed = Candidate(cluster, ObjectRef(LEASE, "default", "web"), "killed", QUICK)
    assert killed.attempt()
    began = time.monotonic()
    survivor = start("survivor", QUICK)
    eventually("the survivor leads", survivor.leads)
    assert time.monotonic() - began >= QUICK.lease_duration


def test_a_leader_that_cannot_renew_ends_and_leads_again_when_it_can(
    start: Start, apiserver: APIServer
) -> None:
    running = start("web", QUICK)
    eventually("it leads", running.leads)
    with apiserver.faults.answer(503, kind="Lease"):
        eventually("it is told to end", running.terms[0].is_set)
        assert not running.leads()
    eventually("it leads again", lambda: len(running.terms) > 1 and running.leads())
    assert running.error is None


@pytest.mark.parametrize("code", [500, 429, 409])
def test_a_failure_or_two_ends_no_term(start: Start, apiserver: APIServer, code: int) -> None:
    running = start("web")
    eventually("it leads", running.leads)
    with apiserver.faults.answer(code, verb="patch", kind="Lease", times=2) as fault:
        eventually("two renewals have failed", lambda: fault.hits == 2)
    before = len(apiserver.requests)
    eventually("it renews again", lambda: len(apiserver.requests) > before + 2)
    assert running.leads()
    assert len(running.terms) == 1


def test_lost_answers_end_no_term(start: Start, apiserver: APIServer) -> None:
    with apiserver.faults.lose_answer(kind="Lease", verb="create", times=1):
        running = start("web")
        eventually("it leads", running.leads)
    with apiserver.faults.lose_answer(kind="Lease", verb="patch", times=2) as fault:
        eventually("two answers were lost", lambda: fault.hits == 2)
    before = len(apiserver.requests)
    eventually("it renews again", lambda: len(apiserver.requests) > before + 2)
    assert len(running.terms) == 1


def test_a_request_that_hangs_keeps_nobody_in_office(start: Start, cluster: KubernetesCluster) -> None:
    hanging = threading.Event()
    patch = cluster.json_patch

    def hang(*arguments: Any, **options: Any) -> Object:
        hanging.wait(PATIENCE)
        return patch(*arguments, **options)

    running = start("web", QUICK)
    eventually("it leads", running.leads)
    cluster.json_patch = hang  # type: ignore[method-assign]
    try:
        assert running.terms[0].wait(PATIENCE)
        assert not running.leads()
    finally:
        hanging.set()


def test_a_lease_that_another_has_taken_ends_the_term_at_the_next_renewal(
    start: Start, cluster: KubernetesCluster
) -> None:
    running = start("web")
    eventually("it leads", running.leads)
    thief = Candidate(cluster, ObjectRef(LEASE, "default", "web"), "thief", PATIENT, clock=lambda: 0.0)
    assert not thief.attempt()
    thief._clock = lambda: 100.0
    eventually("the Lease is taken", lambda: attempt(thief))
    eventually("the term has ended", lambda: running.terms[0].is_set() and not running.leads())
    assert running.elector.leader == "thief"


def attempt(candidate: Candidate) -> bool:
    """Try in between two renewals: the holder may be faster."""
    candidate._seen_at = 0.0
    try:
        return candidate.attempt()
    except Conflict:
        return False


def test_never_do_two_lead_at_once_however_often_they_come_and_go(
    start: Start, cluster: KubernetesCluster
) -> None:
    leading: list[str] = []
    faults: list[list[str]] = []
    turns = threading.Semaphore(0)

    def work_as(name: str) -> Work:
        def work(lost: threading.Event) -> None:
            leading.append(name)
            if len(leading) > 1:
                faults.append([*leading])
            turns.release()
            lost.wait(PATIENCE)
            leading.remove(name)

        return work

    running = {name: start(name, work=work_as(name)) for name in "abc"}
    for _ in range(6):
        assert turns.acquire(timeout=PATIENCE)
        name = leading[0]
        running[name].close()
        running[name] = start(name, work=work_as(name))
    assert not faults


def test_when_leading_ends_by_itself_the_lease_is_given_back_and_the_election_ends(
    start: Start, cluster: KubernetesCluster
) -> None:
    running = start("web", work=threading.Event.is_set)
    eventually("it has ended", lambda: running.has_ended)
    assert running.error is None
    assert lease(cluster)["holderIdentity"] == ""


def test_what_leading_raises_is_raised_after_the_lease_was_given_back(
    start: Start, cluster: KubernetesCluster
) -> None:
    def fail(lost: threading.Event) -> None:
        raise OSError("disk full")

    running = start("web", work=fail)
    eventually("it has ended", lambda: running.has_ended)
    assert isinstance(running.error, OSError)
    assert lease(cluster)["holderIdentity"] == ""


def test_one_that_works_on_without_the_lease_is_unhealthy(start: Start, apiserver: APIServer) -> None:
    finish = threading.Event()
    running = start("web", QUICK, work=lambda _: finish.wait(PATIENCE))
    eventually("it leads", running.leads)
    with apiserver.faults.answer(503, kind="Lease"):
        expected = "still at work though Lease default/web is not held any more"
        eventually("it is unhealthy", lambda: running.elector.health() == expected)
        finish.set()
        eventually("it is healthy", lambda: running.elector.health() == "")


def test_an_election_that_cannot_begin_says_so_once(
    start: Start, apiserver: APIServer, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    with apiserver.faults.answer(403, "leases are forbidden", kind="Lease") as fault:
        running = start("web")
        eventually("it has tried several times", lambda: fault.hits > 3)
        running.close()
    assert not running.terms
    assert len(caplog.records) == 1
    assert "Lease default/web" in caplog.text


def test_the_identity_is_nobody_elses(cluster: KubernetesCluster) -> None:
    one, other = (LeaderElector(cluster, "default", "web") for _ in range(2))
    assert one.identity != other.identity


def test_every_api_server_takes_what_an_elector_writes(server: Server) -> None:
    cluster, namespace = KubernetesCluster.connect(server.kubeconfig), server.namespace()
    running = Running(LeaderElector(cluster, namespace, "web", timing=PATIENT))
    eventually("it leads", running.leads)
    first = cluster.get(LEASE, namespace, "web")
    eventually("it renews", lambda: cluster.get(LEASE, namespace, "web") != first)
    running.close()
    given_back = cluster.get(LEASE, namespace, "web")
    cluster.close()
    assert given_back is not None
    assert not given_back["spec"].get("holderIdentity")
    assert given_back["spec"]["leaseTransitions"] == 0
