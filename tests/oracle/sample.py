"""The committed sample of Kubernetes' answers: read, or written anew by ``python -m tests.oracle.sample``."""

from __future__ import annotations

import gzip
import json
import tempfile
from pathlib import Path
from typing import Any

from tests.oracle import comparing
from tests.oracle.generate_pairs import pairs

SAMPLE = Path(__file__).with_name("sample.jsonl.gz")
SEED = 20260
COUNT = 700

Map = dict[str, Any]


def read_sample() -> list[tuple[Map, Map]]:
    """Return pairs and answers."""
    with gzip.open(SAMPLE, "rt", encoding="utf-8") as lines:
        cases = [json.loads(line) for line in lines]
    return [(case["pair"], case["answer"]) for case in cases]


def write_sample() -> None:
    with tempfile.TemporaryDirectory() as folder:
        asked = list(pairs(SEED, COUNT))
        answers = comparing.ask(comparing.build(Path(folder)), asked)
    lines = [json.dumps({"pair": p, "answer": a}) for p, a in zip(asked, answers, strict=True)]
    # No time stamp: the same answers make the same file.
    SAMPLE.write_bytes(gzip.compress("\n".join(lines).encode(), 9, mtime=0))


if __name__ == "__main__":
    write_sample()
