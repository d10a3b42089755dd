"""What goes wrong between a controller and its server, at random."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from random import Random

from gwdeployer.testing import APIServer
from tests.soak.town import CONTROLLERS, Town

#: Does something to a server; the number says how bad it is.
_Fault = Callable[[APIServer, int], object]


def _expire(api: APIServer, times: int) -> None:
    api.compact()
    api.faults.expire_watches(times=times)


def _cut_watches(api: APIServer, times: int) -> None:
    api.faults.cut_body(100, verb="watch", times=times)
    api.faults.drop_watches()


def _answer_from_the_past(api: APIServer, times: int) -> None:
    api.faults.stale(verb="list", times=times)
    api.faults.drop_watches()


def _lose_answers(api: APIServer, times: int) -> None:
    api.faults.lose_answer(verb=["patch", "create", "delete"], times=times)


def _forbid_writing(api: APIServer, times: int) -> None:
    api.faults.forbid("gwdeployer", verb="patch", times=times, when=lambda sent: sent.manager in CONTROLLERS)


def _forbid_reading(api: APIServer, times: int) -> None:
    api.faults.forbid("gwdeployer", verb=["list", "watch"], kind=["Service", "Gateway"], times=times)
    api.faults.drop_watches(kind=["Service", "Gateway"])


_FAULTS: Mapping[str, _Fault] = {
    "watches are dropped": lambda api, _: api.faults.drop_watches(),
    "watches expire": _expire,
    "watches are cut": _cut_watches,
    "connections are closed": lambda api, _: api.disconnect(),
    "lists are stale": _answer_from_the_past,
    "429": lambda api, times: api.faults.answer(429, retry_after=1, times=times),
    "500": lambda api, times: api.faults.answer(500, times=times),
    "503": lambda api, times: api.faults.answer(503, times=times),
    "409": lambda api, times: api.faults.answer(409, verb="patch", times=times),
    "answers are lost": _lose_answers,
    "requests are dropped": lambda api, times: api.faults.drop(times=times),
    "answers are slow": lambda api, times: api.faults.delay(0.1, times=times),
    "writing is forbidden": _forbid_writing,
    "reading is forbidden": _forbid_reading,
    "the past is forgotten": lambda api, _: api.compact(),
}


class Weather:
    """Disturbs a town. Told what it did, one may find out why something went wrong."""

    def __init__(self, town: Town, random: Random) -> None:
        self._town = town
        self._random = random

    def change(self) -> str:
        """Let something go wrong; return what."""
        name = self._random.choice([*_FAULTS, "a replica is killed", "a replica is killed"])
        times, replica = self._random.randint(3, 40), self._random.randrange(2)
        if name in _FAULTS:
            _FAULTS[name](self._town.api, times)
        else:
            self._town.kill(replica)
        return name

    def clear_up(self) -> None:
        """Let nothing go wrong any more."""
        self._town.api.faults.clear()
