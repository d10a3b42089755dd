"""How long to wait before trying once more: longer each time, and never all at the same moment."""

from __future__ import annotations

import random
from collections.abc import Callable

#: Doublings after which every bound is reached.
_MOST_DOUBLINGS = 32


def pause_after(failures: int, first: float, longest: float, jitter: Callable[[], float]) -> float:
    """Return how long to wait, in seconds, after so many failures before the last one.

    Pauses double from ``first`` up to ``longest``, each half to all of that; ``jitter`` returns a number from
    0 up to 1.
    """
    bound = min(longest, first * 2.0 ** min(failures, _MOST_DOUBLINGS))
    return bound * (0.5 + jitter() / 2)


class Backoff:
    """Pauses as :func:`pause_after` has them, until something goes well."""

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
        pause = pause_after(self._failures, self._first, self._longest, self._jitter)
        self._failures += 1
        return pause

    def reset(self) -> None:
        """Begin with short pauses again: something went well."""
        self._failures = 0
