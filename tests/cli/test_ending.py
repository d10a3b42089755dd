"""How the process of a command ends: at once, with all that Python would have seen to."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import IO

import pytest

from tests.cli.scene import CLASS, gateway, stream

MAIN = "from gwdeployer.cli.main import main; main"


@pytest.fixture
def manifests(tmp_path: Path) -> Path:
    file = tmp_path / "gateway.yaml"
    file.write_text(stream(CLASS, gateway()))
    return file


def ended(
    before: str, *arguments: str, stdout: IO[str] | int = subprocess.PIPE
) -> subprocess.CompletedProcess[str]:
    """A process that does something of its own and then calls ``main``."""
    code = f"import atexit, sys, time, threading\n{before}\n{MAIN}({arguments})"
    command = [sys.executable, "-c", code]
    return subprocess.run(command, text=True, timeout=60, check=False, stdout=stdout, stderr=subprocess.PIPE)


def test_heaps_are_not_taken_down(manifests: Path) -> None:
    told = "class Last:\n    def __del__(self): print('freed')\nlast = Last()"
    done = ended(told, "render", "-f", str(manifests), "-o", "name")
    assert "freed" not in done.stdout
    assert done.returncode == 0


@pytest.mark.parametrize(("file", "code"), [("", 0), ("nowhere.yaml", 2)])
def test_what_is_registered_for_the_end_is_done_before_it(manifests: Path, file: str, code: int) -> None:
    done = ended("atexit.register(print, 'bye')", "render", "-f", file or str(manifests), "-o", "name")
    assert done.stdout.endswith("bye\n")
    assert done.returncode == code


def test_threads_come_to_their_end_first(manifests: Path) -> None:
    thread = "def late():\n    time.sleep(0.5)\n    print('late')\nthreading.Thread(target=late).start()"
    done = ended(thread, "render", "-f", str(manifests), "-o", "name")
    assert done.stdout.endswith("late\n")
    assert done.returncode == 0


def test_all_output_gets_into_a_file(manifests: Path, tmp_path: Path) -> None:
    with (tmp_path / "out").open("w") as out:
        ended("sys.stdout.write('first\\n')", "render", "-f", str(manifests), "-o", "name", stdout=out)
    lines = (tmp_path / "out").read_text().splitlines()
    assert lines[0] == "first"
    assert len(lines) == 5


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device that is always full")
def test_output_that_cannot_be_written_is_a_failure() -> None:
    with Path("/dev/full").open("w") as full:
        done = ended("atexit.register(print, 'bye')", "--version", stdout=full)
    assert "No space left on device" in done.stderr
    assert done.returncode != 0


def test_an_interrupted_command_says_so() -> None:
    stdin = "class Interrupted:\n    @property\n    def buffer(self): raise KeyboardInterrupt\n"
    done = ended(f"{stdin}sys.stdin = Interrupted()", "render", "-f", "-")
    assert "Aborted!" in done.stderr
    assert done.returncode == 1
