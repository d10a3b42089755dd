"""Timing whose ratios hold on any machine: all contestants take turns in one process.

A machine gets slower and faster while it is measured, so two numbers taken one after the other give a ratio
of its moods. Here every round runs each contestant once, each time starting with another, and the ratio is
taken inside the round. Reported is the median over the rounds, so that one round's hiccup counts for nothing.

The collector rests while a contestant is timed and runs between rounds, as otherwise one pays for the garbage
of another; with ``collecting=True`` it stays on, for numbers that include it.
"""

from __future__ import annotations

import gc
import tracemalloc
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from statistics import median
from time import perf_counter

Run = Callable[[], object]

MIN_ROUNDS = 15
_WARM_UP = 3
_TICK = 0.01  # seconds of one timed stretch: drowns the clock, and other runtimes' collectors average out
_MAX_BATCH = 10_000


@dataclass(frozen=True, slots=True)
class Contestant:
    """What is timed; ``before`` runs ahead of each call and is not timed (empty a cache, drop a state)."""

    run: Run
    before: Run | None = None


@dataclass(frozen=True, slots=True)
class Timing:
    """What one contestant needed for one call, round by round, in seconds."""

    name: str
    rounds: tuple[float, ...]

    @property
    def median_ms(self) -> float:
        """The typical round, in milliseconds for one call."""
        return median(self.rounds) * 1000

    @property
    def best_ms(self) -> float:
        """The quietest round, in milliseconds for one call."""
        return min(self.rounds) * 1000

    def ratio_to(self, baseline: Timing) -> float:
        """How many times the baseline's time this one takes: below 1 is faster."""
        return median(own / other for own, other in zip(self.rounds, baseline.rounds, strict=True))


@dataclass(frozen=True, slots=True)
class Comparison:
    """The timings of one run, which alone may be compared with each other."""

    timings: Mapping[str, Timing]

    def __getitem__(self, name: str) -> Timing:
        return self.timings[name]

    def ratio(self, name: str, baseline: str) -> float:
        """The time of ``name`` as a multiple of the time of ``baseline``."""
        return self[name].ratio_to(self[baseline])

    def table(self, baseline: str) -> str:
        """A line for each contestant: median, and its ratio to the baseline."""
        width = max(map(len, self.timings))
        lines = [
            f"{name:<{width}}  {timing.median_ms:9.3f} ms  {self.ratio(name, baseline):8.3f} x"
            for name, timing in self.timings.items()
        ]
        return "\n".join(lines)


def compare(
    contestants: Mapping[str, Run | Contestant],
    *,
    seconds: float = 5.0,
    min_rounds: int = MIN_ROUNDS,
    collecting: bool = False,
) -> Comparison:
    """Time the contestants in turns for about so many seconds, and for so many rounds at least."""
    entered = {name: _as_contestant(one) for name, one in contestants.items()}
    batches = {name: _batch_size(one) for name, one in entered.items()}
    samples: dict[str, list[float]] = {name: [] for name in entered}
    names = list(entered)
    end = perf_counter() + seconds
    done = 0
    with _settled_heap(collecting=collecting):
        while done < min_rounds or perf_counter() < end:
            for name in names:
                samples[name].append(_time(entered[name], batches[name]))
            names.append(names.pop(0))
            gc.collect()
            done += 1
    return Comparison({name: Timing(name, tuple(taken)) for name, taken in samples.items()})


def memory_of(make: Run) -> int:
    """The bytes held by what ``make`` returns and by the caches it fills, as far as Python allocated them."""
    gc.collect()
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        kept = make()
        gc.collect()
        after, _ = tracemalloc.get_traced_memory()
        del kept
    finally:
        tracemalloc.stop()
    return after - before


def _as_contestant(one: Run | Contestant) -> Contestant:
    return one if isinstance(one, Contestant) else Contestant(one)


def _batch_size(contestant: Contestant) -> int:
    """How many calls fill a tick, found after a warm-up."""
    for _ in range(_WARM_UP):
        single = _time(contestant, 1)
    return max(1, min(_MAX_BATCH, round(_TICK / max(single, 1e-9))))


def _time(contestant: Contestant, calls: int) -> float:
    """Seconds for one call, averaged over so many."""
    if contestant.before is not None:
        return sum(_time_prepared(contestant.run, contestant.before) for _ in range(calls)) / calls
    run = contestant.run
    start = perf_counter()
    for _ in range(calls):
        run()
    return (perf_counter() - start) / calls


def _time_prepared(run: Run, before: Run) -> float:
    before()
    start = perf_counter()
    run()
    return perf_counter() - start


@contextmanager
def _settled_heap(*, collecting: bool) -> Iterator[None]:
    """Set what exists already aside, so that collections cost the same whatever was imported before."""
    was_enabled = gc.isenabled()
    gc.collect()
    gc.freeze()
    (gc.enable if collecting else gc.disable)()
    try:
        yield
    finally:
        gc.unfreeze()
        (gc.enable if was_enabled else gc.disable)()
