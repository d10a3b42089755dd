"""Day after day: trouble, quiet, evening; and what is to be said in the end."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from tests.soak.consistency import problems
from tests.soak.memory import Sample, growth, kept, sample
from tests.soak.people import People
from tests.soak.town import Town
from tests.soak.weather import Weather

_SPELLS = 3
_ACTIONS = 20
_LONGEST_PAUSE = 0.15
#: How often there is trouble, of the times that somebody does something.
_TROUBLE = 0.25
#: Seconds in which a cluster comes to rest once nobody disturbs it, on a machine that has other things to do.
#: What is in the way is looked at again after more than that: who has missed that it went is found out.
_PATIENCE = 45.0
#: Looks, 50 ms apart, at which nothing was written.
_LOOKS = 12
#: What one thing that somebody does may cause, on average: a class change is about all its Gateways.
_WRITES_FOR_ONE = 40


@dataclass
class Verdict:
    """What was found in so many days."""

    seed: int
    faults: list[str] = field(default_factory=list)
    evenings: list[Sample] = field(default_factory=list)
    actions: int = 0
    writes: int = 0

    @property
    def all_faults(self) -> list[str]:
        """What went wrong on any day, and what has grown over all of them."""
        return [*self.faults, *growth(self.evenings)]

    def __str__(self) -> str:
        """Return a few lines for people."""
        days = f"seed {self.seed}: {len(self.evenings)} days, {self.actions} actions, {self.writes} writes"
        faults = [f"FAULT {text}" for text in self.all_faults]
        end = "this is not as it should be" if faults else "consistent, and memory is flat"
        return "\n".join([days, *self._memory(), *faults, end])

    def _memory(self) -> list[str]:
        """Return what was held on the first evening, halfway, and on the last."""
        if not self.evenings:
            return []
        chosen = (self.evenings[0], self.evenings[len(self.evenings) // 2], self.evenings[-1])
        sizes = {name: " -> ".join(f"{one.get(name, 0):.0f}" for one in chosen) for name in chosen[0]}
        return [f"  {name}: {size}" for name, size in sizes.items() if size != "0 -> 0 -> 0"]


class Soak:
    """One life of a town."""

    def __init__(self, town: Town, seed: int, say: Callable[[str], None]) -> None:
        """``say`` tells people what goes on."""
        self._town = town
        self._random = Random(seed)
        self._say = say
        self._people = People(town, self._random)
        self._weather = Weather(town, self._random)
        self.verdict = Verdict(seed)

    def day(self) -> bool:
        """Live through a day. Return whether all went well."""
        self._people.begin()
        for _ in range(_SPELLS):
            self._spell()
            if not self._quiet("after trouble"):
                return False
        self._people.go_home()
        if not self._quiet("in the evening"):
            return False
        evening = sample(self._town)
        self.verdict.evenings.append(evening)
        self.verdict.faults += kept(evening)
        return not self.verdict.faults

    def _spell(self) -> None:
        """Let people do things while things go wrong."""
        before = self._people.actions
        for _ in range(_ACTIONS):
            if self._random.random() < _TROUBLE:
                self._say(self._weather.change())
            self._people.act()
            time.sleep(self._random.uniform(0, _LONGEST_PAUSE))
        self._weather.clear_up()
        self.verdict.actions += self._people.actions - before

    def _quiet(self, when: str) -> bool:
        """Wait until all is as it should be, and see that it stays so. Return whether that is so."""
        deadline = time.monotonic() + _PATIENCE
        before: list[str] = []
        while found := self._problems():
            if found != before:
                self._say(f"not yet: {'; '.join(found)}")
            before = found
            if time.monotonic() > deadline:
                self.verdict.faults += [f"{when}: {text}" for text in found]
                return False
            time.sleep(0.2)
        self._come_to_rest(deadline)
        writes = len(self._town.our_writes())
        self.verdict.writes += writes
        self._town.forget_requests()
        self._town.look_at_everything()
        self._come_to_rest(deadline)
        endless = [f"{when}: at rest, and still: {sent}" for sent in self._town.our_writes()]
        self.verdict.faults += [*endless, *(f"{when}, later: {text}" for text in self._problems())]
        if self.verdict.writes > _WRITES_FOR_ONE * max(self.verdict.actions, 1):
            self.verdict.faults.append(f"{self.verdict.writes} writes for {self.verdict.actions} actions")
        return not self.verdict.faults

    def _problems(self) -> list[str]:
        if self._town.leader() is None:
            return ["nobody leads"]
        return problems(self._town, self._people.foreign)

    def _come_to_rest(self, deadline: float) -> None:
        """Wait until nothing is written, and nothing waits, for a while."""
        looks: list[int] = []
        while len(looks) < _LOOKS or len(set(looks[-_LOOKS:])) > 1:
            if time.monotonic() > deadline:
                return
            waiting = sum(len(replica.controller.queue) for replica in self._town.replicas)
            passes = sum(len(replica.passes) for replica in self._town.replicas)
            looks.append(len(self._town.our_writes()) + waiting + passes)
            time.sleep(0.05)


def soak(seed: int, seconds: float, folder: Path, say: Callable[[str], None]) -> Verdict:
    """Live through as many days as begin within ``seconds``; end at the first on which anything is wrong."""
    until = time.monotonic() + seconds
    with Town(folder) as town:
        life = Soak(town, seed, say)
        while life.day() and time.monotonic() < until:
            say(f"day {len(life.verdict.evenings)} is over")
    return life.verdict
