"""Run a soak: ``python -m tests.soak --minutes 30 --seed 7``. Exit status 0: consistent, memory is flat."""

from __future__ import annotations

import logging
import secrets
import sys
import time
from pathlib import Path
from tempfile import mkdtemp

import click

from tests.soak.soak import soak


@click.command()
@click.option("--minutes", type=float, default=30.0, show_default=True)
@click.option("--seed", type=int, help="What people do, and what goes wrong, follows from it.")
def main(minutes: float, seed: int | None) -> None:
    """Let a controller live through random days, and say how it fared."""
    folder = Path(mkdtemp(prefix="gwdeployer-soak-"))
    log = folder / "log"
    _log_to(log)
    seed = secrets.randbelow(10_000) if seed is None else seed
    click.echo(f"seed {seed}, {minutes:g} minutes; {log} has what is logged")
    began = time.monotonic()

    def say(text: str) -> None:
        logging.getLogger("soak").info(text)
        if text.startswith("day"):
            click.echo(f"{time.monotonic() - began:6.0f} s  {text}")

    verdict = soak(seed, minutes * 60, folder, say)
    click.echo(str(verdict))
    sys.exit(1 if verdict.all_faults else 0)


def _log_to(path: Path) -> None:
    """Log what the controller says, and what is done to it; not what is rehearsed in this thread."""
    handler = logging.FileHandler(path)
    handler.addFilter(lambda record: record.threadName != "MainThread" or record.name == "soak")
    handler.setFormatter(logging.Formatter("%(asctime)s %(threadName)s %(levelname)s %(message)s"))
    logging.basicConfig(level=logging.INFO, handlers=[handler])


if __name__ == "__main__":
    main()
