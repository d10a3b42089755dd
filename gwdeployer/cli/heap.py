"""What the garbage collector of a controller need not look at."""

from __future__ import annotations

import gc

from gwdeployer.controller.observing import Observer


class SettledHeap(Observer):
    """Takes what is in memory once the caches are filled out of the collector's sight.

    Objects as JSON has them hold no cycles: what a cache drops is freed at once, without a collector. It
    would walk over all of them again and again, half a second at a time for ten thousand owners, in vain.
    Once is enough: what is garbage at that moment stays for ever.
    """

    def __init__(self) -> None:
        """Nothing is settled yet."""
        self._settled = False

    def term_began(self) -> None:
        """See :class:`~gwdeployer.controller.observing.Observer`."""
        if not self._settled:
            self._settled = True
            gc.freeze()
