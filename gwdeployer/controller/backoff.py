"""How long to wait before trying once more: longer each time, and never all at the same moment."""

from __future__ import annotations

import random
from collections.abc import Callable

#: Doublings after which every bound is reached.
_MOST_DOUBLINGS = 32


class Backoff:
    """Pauses that double up to a bound, each half to all of that (jitter), until something goes well."""

    def __init__(
        self, first: float = 0.5, longest: float = 30.0, jitter: Callable[[], float] = random.random
    ) -> None:
        """``first`` and ``longest`` are in seconds; ``jitter`` returns a number from 0 up to 1."""
        self._first = first
        self._longest = longest
        self._jitter = jitter
        self._failures = 0

    def next(self) -> float:
        """Return how long to wait after one more failure, in seconds."""
        bound = min(self._longest, self._first * 2.0**self._failures)
        self._failures = min(self._failures + 1, _MOST_DOUBLINGS)
        return bound * (0.5 + self._jitter() / 2)

    def reset(self) -> None:
        """Begin with short pauses again: something went well."""
        self._failures = 0
