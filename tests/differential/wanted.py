"""Differences that are wanted, each with its reason; docs/testing.md tells them to users.

An entry is as narrow as its reason. After one, the rest of its sequence is not compared: the servers may hold
different objects by then.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from tests.differential.comparing import Difference


class Wanted(NamedTuple):
    """A difference that stays, and why."""

    reason: str
    covers: Callable[[Difference], bool]


WANTED: tuple[Wanted, ...] = (
    Wanted(
        "kube-apiserver panics and closes the connection; the in-process server answers",
        lambda found: found.path == "status" and str(found.theirs).startswith("0"),
    ),
)


def is_wanted(found: Difference) -> bool:
    """Return whether a difference is one of the table's."""
    return any(wanted.covers(found) for wanted in WANTED)
