"""Our strategic merge against Kubernetes' own.

The sample, with Kubernetes' answers, is committed. With Go, ``GWDEPLOYER_ORACLE=1`` asks about thousands of
new pairs (``GWDEPLOYER_ORACLE_PAIRS``, ``GWDEPLOYER_ORACLE_SEED``); ``python -m tests.oracle.sample`` writes
the sample anew.
"""

from __future__ import annotations

import os
import random
import shutil
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest

from tests.oracle import comparing
from tests.oracle.generate_pairs import KINDS, pairs
from tests.oracle.sample import read_sample

if TYPE_CHECKING:
    from pathlib import Path

ASKED = os.environ.get("GWDEPLOYER_ORACLE") == "1"


def verdicts(cases: list[tuple[dict[str, Any], dict[str, Any]]]) -> Counter[str]:
    found: Counter[str] = Counter()
    for index, (pair, answer) in enumerate(cases):
        try:
            found[comparing.verdict(pair, answer)] += 1
        except AssertionError as difference:
            raise AssertionError(f"pair {index}: {pair}\n{difference}") from difference
    return found


def test_the_sample_of_kubernetes_answers() -> None:
    cases = read_sample()
    found = verdicts(cases)
    assert {pair["kind"] for pair, _ in cases} == set(KINDS)
    assert len(cases) >= 600
    assert found["same"] >= 400
    assert found["both refuse"] >= 50
    assert found["a deleted map is gone"] >= 20


@pytest.mark.skipif(not ASKED, reason="GWDEPLOYER_ORACLE=1 is not set")
def test_thousands_of_new_pairs(tmp_path: Path) -> None:
    assert shutil.which("go"), "GWDEPLOYER_ORACLE=1 needs Go"
    seed = int(os.environ.get("GWDEPLOYER_ORACLE_SEED") or random.SystemRandom().randrange(2**32))
    count = int(os.environ.get("GWDEPLOYER_ORACLE_PAIRS", "5000"))
    print(f"seed {seed}")  # noqa: T201 - shown with a failure
    asked = list(pairs(seed, count))
    answers = comparing.ask(comparing.build(tmp_path), asked)
    print(dict(verdicts(list(zip(asked, answers, strict=True)))))  # noqa: T201
