"""Our server-side apply against the API server's own code.

The sample, with the server's answers, is committed. With Go, ``GWDEPLOYER_ORACLE=1`` asks about thousands of
new writes (``GWDEPLOYER_ORACLE_SEQUENCES``, ``GWDEPLOYER_ORACLE_SEED``); ``python -m
tests.oracle.writes_sample`` writes the sample anew.
"""

from __future__ import annotations

import os
import random
import shutil
from collections import Counter
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import pytest

from tests.oracle import judging_writes
from tests.oracle.generate_writes import KINDS, sequences
from tests.oracle.writes_sample import read_sample

if TYPE_CHECKING:
    from pathlib import Path

ASKED = os.environ.get("GWDEPLOYER_ORACLE") == "1"


def verdicts(cases: Iterable[tuple[dict[str, Any], dict[str, Any]]]) -> Counter[str]:
    found: Counter[str] = Counter()
    for index, (request, answer) in enumerate(cases):
        try:
            found[judging_writes.verdict(request, answer)] += 1
        except AssertionError as difference:
            raise AssertionError(f"write {index}: {request}\n{difference}") from difference
        found[request["object"]["kind"]] += 1
    return found


def test_the_sample_of_the_api_servers_answers() -> None:
    found = verdicts(read_sample())
    assert set(KINDS) <= set(found)
    assert min(found[kind] for kind in KINDS) >= 100
    assert found["apply"] >= 150
    assert found["update"] >= 250
    assert found["conflict"] >= 60
    assert found["no change"] >= 15
    assert found["no fit"] >= 40


@pytest.mark.skipif(not ASKED, reason="GWDEPLOYER_ORACLE=1 is not set")
def test_thousands_of_new_writes(tmp_path: Path) -> None:
    assert shutil.which("go"), "GWDEPLOYER_ORACLE=1 needs Go"
    seed = int(os.environ.get("GWDEPLOYER_ORACLE_SEED") or random.SystemRandom().randrange(2**32))
    count = int(os.environ.get("GWDEPLOYER_ORACLE_SEQUENCES", "1000"))
    print(f"seed {seed}")  # noqa: T201 - shown with a failure
    with judging_writes.asking(judging_writes.build(tmp_path)) as ask:
        print(dict(verdicts(sequences(seed, count, ask))))  # noqa: T201
