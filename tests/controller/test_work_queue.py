"""The work queue: no key twice at once, no change missed, and each in its turn."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from gwdeployer.controller.work_queue import QueueObserver, Running, WorkQueue
from tests.cluster_unit.clock import Clock

PATIENCE = 30.0


def make_queue(
    clock: Clock | None = None, *, jitter: float = 1.0, observer: QueueObserver | None = None
) -> WorkQueue[str]:
    return WorkQueue(observer, clock=clock or Clock(), jitter=lambda: jitter)


def due(queue: WorkQueue[str]) -> Iterator[str]:
    """Hand out what is due, and end the work on it at once."""
    while (key := queue.get(0)) is not None:
        queue.done(key)
        yield key


def test_keys_are_handed_out_in_the_order_they_were_added() -> None:
    queue = make_queue()
    for key in ("b", "a", "c"):
        queue.add(key)
    assert [*due(queue)] == ["b", "a", "c"]


def test_a_key_that_waits_is_not_added_twice() -> None:
    queue = make_queue()
    for key in ("a", "b", "a"):
        queue.add(key)
    assert len(queue) == 2
    assert [*due(queue)] == ["a", "b"]


def test_a_key_that_is_added_during_work_is_handed_out_once_more_when_it_is_done() -> None:
    queue = make_queue()
    queue.add("a")
    assert queue.get(0) == "a"
    queue.add("a")
    queue.add("a")
    queue.add("b")
    assert len(queue) == 2
    assert queue.get(0) == "b"
    assert queue.get(0) is None
    queue.done("a")
    assert [*due(queue)] == ["a"]


def test_a_key_whose_time_comes_during_work_is_handed_out_when_it_is_done() -> None:
    clock = Clock()
    queue = make_queue(clock)
    queue.add("a")
    queue.get(0)
    queue.add_after("a", 5)
    clock.now += 5
    assert queue.get(0) is None
    queue.done("a")
    assert [*due(queue)] == ["a"]


@pytest.mark.parametrize("delays", [(60, 1), (1, 60)])
def test_the_earlier_of_two_times_counts_and_the_later_is_forgotten(delays: tuple[float, float]) -> None:
    clock = Clock()
    queue = make_queue(clock)
    for delay in delays:
        queue.add_after("a", delay)
    assert [*due(queue)] == []
    clock.now += 1
    assert [*due(queue)] == ["a"]
    clock.now += 1000
    assert [*due(queue)] == []


def test_adding_a_key_now_removes_its_later_time() -> None:
    clock = Clock()
    queue = make_queue(clock)
    queue.add_after("a", 60)
    queue.add("a")
    queue.add_after("a", 30)
    assert [*due(queue)] == ["a"]
    clock.now += 60
    assert [*due(queue)] == []


def test_keys_whose_time_has_come_are_handed_out_in_the_order_of_their_times() -> None:
    clock = Clock()
    queue = make_queue(clock)
    queue.add_after("second", 2)
    queue.add_after("first", 1)
    clock.now += 3
    queue.add("third")
    assert [*due(queue)] == ["first", "second", "third"]


def test_retries_wait_twice_as_long_each_time_up_to_a_bound() -> None:
    clock = Clock()
    queue = make_queue(clock)
    delays = [queue.retry("a") for _ in range(12)]
    assert delays == [0.5, 1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300]
    assert queue.failures("a") == 12
    for _ in range(2000):
        assert queue.retry("a") == 300


def test_the_delay_of_a_retry_is_drawn_from_its_upper_half() -> None:
    assert make_queue(jitter=0.0).retry("a") == 0.25
    assert make_queue(jitter=0.5).retry("a") == 0.375


def test_a_retry_waits_at_least_as_long_as_is_asked_for() -> None:
    queue = make_queue()
    assert [queue.retry("a", at_least=3) for _ in range(5)] == [3, 3, 3, 4, 8]


def test_a_key_that_is_forgotten_begins_with_the_first_delay_again() -> None:
    queue = make_queue()
    queue.retry("a")
    queue.retry("a")
    queue.forget("a")
    queue.forget("never seen")
    assert queue.failures("a") == 0
    assert queue.retry("a") == 0.5


def test_a_key_that_always_fails_never_delays_others() -> None:
    clock = Clock()
    queue = make_queue(clock)
    queue.add("bad")
    worked: Counter[str] = Counter()
    for _ in range(600):
        queue.add("good")
        while (key := queue.get(0)) is not None:
            worked[key] += 1
            if key == "bad":
                queue.retry(key)
            queue.done(key)
        clock.now += 1
    assert worked["good"] == 600
    assert worked["bad"] == 11  # at once, and after 0.5, 1, 2, ... 256 seconds more


def test_a_key_that_is_added_again_and_again_takes_its_turn() -> None:
    queue = make_queue()
    for key in ("busy", "a", "b"):
        queue.add(key)
    handed_out: list[str] = []
    for _ in range(4):
        handed_out += [queue.get(0) or ""]
        queue.add("busy")
        queue.done(handed_out[-1])
    assert handed_out == ["busy", "a", "b", "busy"]


def test_get_gives_up_after_its_timeout() -> None:
    assert WorkQueue[str]().get(0.01) is None


def test_an_added_key_wakes_a_worker_that_waits_for_a_later_one() -> None:
    queue: WorkQueue[str] = WorkQueue()
    found: list[str | None] = []
    queue.add_after("later", 3600)
    worker = threading.Thread(target=lambda: found.append(queue.get(PATIENCE)))
    worker.start()
    queue.add_after("sooner", 0.01)
    worker.join(PATIENCE)
    assert found == ["sooner"]


def test_close_wakes_all_workers_and_nothing_is_handed_out_any_more() -> None:
    queue: WorkQueue[str] = WorkQueue()
    queue.add("at work")
    assert queue.get() == "at work"
    found: list[str | None] = []
    workers = [threading.Thread(target=lambda: found.append(queue.get())) for _ in range(3)]
    for worker in workers:
        worker.start()
    queue.close()
    for worker in workers:
        worker.join(PATIENCE)
    assert found == [None, None, None]
    queue.add("at work")
    queue.retry("a")
    queue.done("at work")
    assert queue.get() is None
    assert len(queue) == 0


def test_done_without_get_is_an_error() -> None:
    queue = make_queue()
    queue.add("a")
    with pytest.raises(KeyError):
        queue.done("a")


def test_a_queue_does_not_grow_with_times_that_count_no_more() -> None:
    queue = make_queue()
    for _ in range(10_000):
        queue.add_after("a", 36_000)
        queue.add("a")
        assert [*due(queue)] == ["a"]
    assert len(queue._heap) < 100


class Watching:
    """A QueueObserver that writes down what it is told."""

    def __init__(self) -> None:
        self.told: list[str] = []

    def added(self) -> None:
        self.told.append("added")

    def handed_out(self, waited: float) -> None:
        self.told.append(f"handed out after {waited:g}")

    def finished(self, worked: float) -> None:
        self.told.append(f"finished after {worked:g}")

    def retried(self) -> None:
        self.told.append("retried")


def test_an_observer_is_told_how_long_keys_waited_and_were_worked_on() -> None:
    clock = Clock()
    watching = Watching()
    queue = make_queue(clock, observer=watching)
    queue.add_after("a", 10)
    clock.now += 13  # all workers are busy for 3 seconds more
    queue.add("a")
    queue.get(0)
    clock.now += 2
    assert queue.running() == Running(1, 2, 2)
    queue.retry("a")
    queue.done("a")
    assert queue.running() == Running(0, 0, 0)
    assert watching.told == ["added", "handed out after 3", "retried", "finished after 2"]


def test_running_work_is_added_up_and_the_longest_is_told() -> None:
    clock = Clock()
    queue = make_queue(clock)
    queue.add("a")
    queue.add("b")
    queue.get(0)
    clock.now += 5
    queue.get(0)
    clock.now += 1
    assert queue.running() == Running(2, 7, 6)


def test_many_workers_never_hold_one_key_at_once_and_miss_no_change() -> None:
    """Each key counts the changes of it that a worker has seen; in the end each has seen the last one."""
    queue: WorkQueue[int] = WorkQueue()
    keys, rounds = range(7), 300
    changed, seen = [0] * len(keys), [0] * len(keys)
    held = [threading.Lock() for _ in keys]
    faults: list[int] = []
    all_seen = threading.Event()

    def work() -> None:
        while (key := queue.get()) is not None:
            if not held[key].acquire(blocking=False):
                faults.append(key)
                continue
            seen[key] = changed[key]
            held[key].release()
            queue.done(key)
            if all(count == rounds for count in seen):
                all_seen.set()

    workers = [threading.Thread(target=work) for _ in range(4)]
    for worker in workers:
        worker.start()
    for change in range(1, rounds + 1):
        for key in keys:
            changed[key] = change
            queue.add_after(key, 0.0005 if (change + key) % 3 == 0 else 0)
    in_time = all_seen.wait(PATIENCE)
    queue.close()
    for worker in workers:
        worker.join(PATIENCE)
    assert not faults
    assert in_time


KEYS = st.sampled_from("abcd")
SECONDS = st.sampled_from([0.0, 0.5, 1.0, 3.0, 60.0])


class QueueMachine(RuleBasedStateMachine):
    """The queue against the plainest model: for each key when it is due, and whether somebody works on it."""

    def __init__(self) -> None:
        super().__init__()
        self.clock = Clock(0.0)
        self.queue = make_queue(self.clock)
        self.due: dict[str, float] = {}
        self.working: set[str] = set()
        self.failures: Counter[str] = Counter()

    def waiting(self) -> dict[str, float]:
        return {key: at for key, at in self.due.items() if at <= self.clock.now}

    def add_to_model(self, key: str, seconds: float) -> None:
        self.due[key] = min(self.due.get(key, float("inf")), self.clock.now + seconds)

    @rule(key=KEYS, seconds=SECONDS)
    def add_after(self, key: str, seconds: float) -> None:
        self.queue.add_after(key, seconds)
        self.add_to_model(key, seconds)

    @rule(key=KEYS)
    def retry(self, key: str) -> None:
        delay = self.queue.retry(key)
        assert delay == min(300.0, 0.5 * 2 ** self.failures[key])
        self.failures[key] += 1
        self.add_to_model(key, delay)

    @rule(key=KEYS)
    def forget(self, key: str) -> None:
        self.queue.forget(key)
        del self.failures[key]

    @rule(seconds=SECONDS)
    def time_passes(self, seconds: float) -> None:
        self.clock.now += seconds

    @rule()
    def get(self) -> None:
        free = {key: at for key, at in self.waiting().items() if key not in self.working}
        key = self.queue.get(0)
        if key is None:
            assert not free
        else:
            assert key in free
            del self.due[key]
            self.working.add(key)

    @precondition(lambda self: self.working)
    @rule(data=st.data())
    def done(self, data: st.DataObject) -> None:
        key = data.draw(st.sampled_from(sorted(self.working)))
        self.queue.done(key)
        self.working.remove(key)

    @invariant()
    def as_many_keys_wait_as_are_due(self) -> None:
        assert len(self.queue) == len(self.waiting())

    @invariant()
    def failures_are_counted(self) -> None:
        assert all(self.queue.failures(key) == self.failures[key] for key in "abcd")


TestQueueMachine = QueueMachine.TestCase
