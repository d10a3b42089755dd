"""The committed sample of the API server's answers to writes: read, or written anew.

``python -m tests.oracle.writes_sample`` writes it, without the definition of the custom kind.
"""

from __future__ import annotations

import gzip
import json
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.oracle import judging_writes
from tests.oracle.generate_writes import sequences

SAMPLE = Path(__file__).with_name("writes_sample.jsonl.gz")
SEED = 20261
COUNT = 100

Map = dict[str, Any]


def read_sample() -> Iterator[tuple[Map, Map]]:
    """Yield requests and answers."""
    with gzip.open(SAMPLE, "rt", encoding="utf-8") as lines:
        for line in lines:
            request, answer = json.loads(line)
            yield request, answer


def write_sample() -> None:
    lines = []
    with tempfile.TemporaryDirectory() as folder:
        program = judging_writes.build(Path(folder))
        with judging_writes.asking(program) as ask:
            for request, answer in sequences(SEED, COUNT, ask):
                request.pop("definition", None)
                lines.append(json.dumps([request, answer]))
    # No time stamp: the same answers make the same file.
    SAMPLE.write_bytes(gzip.compress("\n".join(lines).encode(), 9, mtime=0))


if __name__ == "__main__":
    write_sample()
