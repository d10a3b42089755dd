"""What the collector does not look at when a controller starts, and later."""

from __future__ import annotations

import gc

import pytest

from gwdeployer.cli.heap import settling_heap
from tests.servers.servers import eventually


def test_the_collector_is_still_at_first_and_then_away_from_what_there_is() -> None:
    before = gc.get_freeze_count()
    try:
        with settling_heap(0.2):
            assert not gc.isenabled()
            eventually("it works again", gc.isenabled)
            settled = gc.get_freeze_count()
            made = [[] for _ in range(1000)]
            assert before < settled
            assert gc.get_freeze_count() < settled + len(made)
    finally:
        gc.unfreeze()


def test_the_collector_works_again_when_a_start_is_broken_off() -> None:
    before = gc.get_freeze_count()
    with pytest.raises(KeyboardInterrupt), settling_heap():
        raise KeyboardInterrupt
    assert gc.isenabled()
    assert gc.get_freeze_count() == before
