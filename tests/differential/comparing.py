"""Runs sequences on two servers and says where their answers part."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from http.client import BAD_REQUEST
from itertools import zip_longest
from typing import Any

from tests.differential.generating import sequence
from tests.differential.running import Runner
from tests.differential.steps import Sequence, Step
from tests.servers.http_client import Answer

_ABSENT = "(absent)"


@dataclass(frozen=True)
class Difference:
    """The first place of the first answer in which two servers differ.

    ``path`` leads into the answer; ``theirs`` and ``ours`` are what stands there.
    """

    sequence: Sequence
    step: Step
    path: str
    theirs: Any
    ours: Any

    @property
    def signature(self) -> tuple[str, ...]:
        """What differences of the same origin share."""
        place = re.sub(r"\[\d+\]", "[]", self.path)
        # Of a status the code counts; the message names what other values it is about.
        values = (str(self.theirs).split()[0], str(self.ours).split()[0]) if place == "status" else ()
        return (self.sequence.kind, self.step.verb, self.step.subresource, place, *values)


@dataclass(frozen=True)
class Pair:
    """The real server and the one under test, each with a runner in a namespace of the same name.

    ``is_wanted`` tells the differences that are not to be found. What comes after one is compared only where
    both servers refused: otherwise they may hold different objects from then on.
    """

    real: Runner
    ours: Runner
    is_wanted: Callable[[Difference], bool]

    def difference(self, requests: Sequence, run: str) -> Difference | None:
        """Run a sequence on both; return where they part, or None."""
        answers = zip(requests.steps, self.real.run(requests, run), self.ours.run(requests, run), strict=True)
        found, alike = None, True
        for step, theirs, ours in answers:  # to the end, so that both runners tidy up
            if alike and (parted := next(_parted(theirs, ours), None)):
                difference = Difference(requests, step, *parted)
                found = None if self.is_wanted(difference) else difference
                alike = found is None and min(theirs.status, ours.status) >= BAD_REQUEST
        return found


def _parted(theirs: Answer, ours: Answer) -> Iterator[tuple[str, Any, Any]]:
    if theirs.status != ours.status:
        yield "status", _in_short(theirs), _in_short(ours)
    else:
        yield from _leaves(theirs.body, ours.body, "")


def _in_short(answer: Answer) -> str:
    body = answer.body if isinstance(answer.body, dict) else {"message": answer.body}
    return f"{answer.status} {body.get('message', '') if answer.status >= 300 else ''}".strip()


def _leaves(theirs: Any, ours: Any, path: str) -> Iterator[tuple[str, Any, Any]]:
    if isinstance(theirs, dict) and isinstance(ours, dict):
        for key in sorted(theirs.keys() | ours.keys()):
            yield from _leaves(theirs.get(key, _ABSENT), ours.get(key, _ABSENT), f"{path}.{key}")
    elif isinstance(theirs, list) and isinstance(ours, list):
        for index, (left, right) in enumerate(zip_longest(theirs, ours, fillvalue=_ABSENT)):
            yield from _leaves(left, right, f"{path}[{index}]")
    elif theirs != ours or type(theirs) is not type(ours):
        yield path, theirs, ours


# --- many sequences ----------------------------------------------------------------------------------------


def differences(pairs: list[Pair], seed: int, numbers: range) -> list[Difference]:
    """Run the sequences of ``numbers``, one thread for each pair, and return where servers part."""
    with ThreadPoolExecutor(len(pairs)) as pool:
        shares = [numbers[index :: len(pairs)] for index in range(len(pairs))]
        found = pool.map(_differences_of_one, pairs, [seed] * len(pairs), shares)
        return [difference for share in found for difference in share]


def _differences_of_one(pair: Pair, seed: int, numbers: range) -> list[Difference]:
    found = (pair.difference(sequence(seed, number), f"s{number}") for number in numbers)
    return [difference for difference in found if difference]
