"""What the collector need not look at once caches are filled."""

from __future__ import annotations

import gc

from gwdeployer.cli.heap import SettledHeap


def test_what_is_there_when_the_first_term_begins_is_out_of_the_collectors_sight() -> None:
    heap = SettledHeap()
    before = gc.get_freeze_count()
    try:
        heap.term_began()
        first = gc.get_freeze_count()
        kept = [[] for _ in range(1000)]
        heap.term_began()
        assert first > before
        assert gc.get_freeze_count() < first + len(kept)
    finally:
        gc.unfreeze()
