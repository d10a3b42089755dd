"""What the garbage collector of a controller need not look at."""

from __future__ import annotations

import gc
import threading
from collections.abc import Iterator
from contextlib import contextmanager

#: Seconds in which a controller fills its caches and looks at every owner for the first time.
STARTING = 30.0


@contextmanager
def settling_heap(starting: float = STARTING) -> Iterator[None]:
    """Keep the collector still for the first seconds, and from then on away from what has been made by then.

    Objects as JSON has them hold no cycles: what a cache drops is freed at once, without a collector. It
    would walk over all of them while caches are filled and plans are made, and again and again later, half a
    second at a time for ten thousand owners, in vain. What little is garbage in cycles by then stays.
    """
    gc.disable()
    settled = threading.Timer(starting, _settle)
    settled.daemon = True
    settled.start()
    try:
        yield
    finally:
        settled.cancel()
        gc.enable()


def _settle() -> None:
    gc.freeze()
    gc.enable()
