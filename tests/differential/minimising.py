"""Makes a sequence on which two servers part as small as it gets, so that one can act on it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import count
from typing import Any

from tests.differential.comparing import Difference, Pair
from tests.differential.steps import Sequence, Step

#: Sequences tried for one difference; each takes some milliseconds.
_ATTEMPTS = 150


def minimised(difference: Difference, pair: Pair) -> Difference:
    """Return a difference of the same signature on a smaller sequence, or the same one."""
    runs = (f"m{number}" for number in count())
    attempts = _ATTEMPTS
    smaller: Difference | None = difference
    while smaller and attempts > 0:
        difference = smaller
        smaller = None
        for candidate in _smaller(difference.sequence):
            attempts -= 1
            found = pair.difference(candidate, f"{next(runs)}-{id(difference):x}")
            if found and found.signature == difference.signature:
                smaller = found
                break
            if attempts <= 0:
                break
    return difference


def _smaller(sequence: Sequence) -> Iterator[Sequence]:
    steps = sequence.steps
    for index in range(len(steps)):
        if len(steps) > 1:
            yield replace(sequence, steps=steps[:index] + steps[index + 1 :])
    for index, step in enumerate(steps):
        for simpler in _simpler(step):
            yield replace(sequence, steps=(*steps[:index], simpler, *steps[index + 1 :]))


def _simpler(step: Step) -> Iterator[Step]:
    for key in step.query:
        yield replace(step, query={name: value for name, value in step.query.items() if name != key})
    for body in _without_one_leaf(step.body):
        yield replace(step, body=body)


def _without_one_leaf(value: Any) -> Iterator[Any]:
    """Yield the value with one of its entries gone, big ones first."""
    if isinstance(value, dict):
        for key in value:
            yield {name: item for name, item in value.items() if name != key}
        for key, item in value.items():
            yield from (value | {key: smaller} for smaller in _without_one_leaf(item))
    elif isinstance(value, list):
        for index in range(len(value)):
            yield value[:index] + value[index + 1 :]
        for index, item in enumerate(value):
            yield from ([*value[:index], smaller, *value[index + 1 :]] for smaller in _without_one_leaf(item))
