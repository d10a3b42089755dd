"""Console blocks of documents, typed line by line by a shell that finds gwdeployer and kubectl."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.cli.running import Done
from tests.docs.test_documents import blocks, is_shown
from tests.servers import binaries

#: What is different each time: times of logs, ages, and the ends of pods' names.
_ANY_TIME = re.compile(r"\b\d{4}-\d\d-\d\dT[\d:.]+Z|\b\d+(?:\.\d+)?[smhd]\b|-[a-z0-9]{8,10}-[a-z0-9]{5}\b")


class Step(NamedTuple):
    """A line to type, and what the document shows below it."""

    line: str
    shown: str


def steps_of(document: str) -> list[Step]:
    """Return what a document has its readers type, in its order."""
    found = []
    for block in blocks(document, "console"):
        for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            line, shown = part.split("\n", 1)
            found.append(Step(line, shown))
    return found


def shell_for(kubeconfig: Path) -> dict[str, str]:
    """Return the environment of a shell for a cluster; without kubectl, skip the test."""
    kubectl = binaries.existing("kubectl")
    if kubectl is None:
        pytest.skip("no kubectl: put one into KUBEBUILDER_ASSETS or PATH, or run make test-cluster once")
    programs = [str(Path(sys.executable).parent), str(kubectl.parent), os.environ["PATH"]]
    return {**os.environ, "PATH": os.pathsep.join(programs), "KUBECONFIG": str(kubeconfig)}


def typed(line: str, folder: Path, shell: Mapping[str, str]) -> Done:
    """Type a line, and wait until it has ended."""
    command = ["bash", "-c", f"set -o pipefail; {line}"]
    done = subprocess.run(
        command, cwd=folder, env=shell, capture_output=True, text=True, check=False, timeout=120
    )
    return Done(done.returncode, done.stdout, done.stderr)


def prints(done: Done, shown: str) -> bool:
    """Return whether a command has printed what is shown, but for what is different each time."""
    same = Done(done.code, *(_ANY_TIME.sub("*", text) for text in (done.out, done.err)))
    return is_shown(same, _ANY_TIME.sub("*", shown))
