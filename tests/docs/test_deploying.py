"""``docs/deploying.md`` is true: its commands, typed one after the other at a cluster, print what it shows.

A block's lines that begin with ``$`` are run by a shell where the document's files and the examples are.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.cli.cluster_scene import install_gateway_api
from tests.cli.running import Done
from tests.docs.test_documents import blocks, executed, folder, is_shown, write_files
from tests.servers import binaries
from tests.servers.servers import Server

DOCUMENT = "docs/deploying.md"


class Step(NamedTuple):
    """A line to type, and what the document shows below it."""

    line: str
    shown: str


def steps() -> list[Step]:
    found = []
    for block in blocks(DOCUMENT, "console"):
        for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            line, shown = part.split("\n", 1)
            found.append(Step(line, shown))
    return found


__all__ = ["folder"]  # a fixture, used by its name


@pytest.fixture
def shell(server: Server, folder: Path, say: binaries.Say) -> dict[str, str]:
    """The environment of a shell that finds kubectl, this gwdeployer and the cluster."""
    kubectl = binaries.existing("kubectl")
    if kubectl is None:
        pytest.skip("no kubectl: put one into KUBEBUILDER_ASSETS or PATH, or run make test-cluster once")
    install_gateway_api(server)
    write_files(folder, DOCUMENT)
    programs = [str(Path(sys.executable).parent), str(kubectl.parent), os.environ["PATH"]]
    return {**os.environ, "PATH": os.pathsep.join(programs), "KUBECONFIG": str(server.kubeconfig)}


def test_every_step_prints_what_is_shown_and_the_python_runs(
    shell: dict[str, str], folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for step in steps():
        done = typed(step.line, folder, shell)
        assert is_shown(done, step.shown), f"$ {step.line}\n{done.out}{done.err}"
    monkeypatch.setenv("KUBECONFIG", shell["KUBECONFIG"])
    for code in blocks(DOCUMENT, "python"):
        names, printed = executed(code)
        assert "Deployment shop/front-door unchanged" in printed.splitlines()
        assert names["result"].errors == ()


def typed(line: str, folder: Path, shell: dict[str, str]) -> Done:
    command = ["bash", "-c", f"set -o pipefail; {line}"]
    done = subprocess.run(
        command, cwd=folder, env=shell, capture_output=True, text=True, check=False, timeout=120
    )
    return Done(done.returncode, done.stdout, done.stderr)


def test_there_are_steps_to_type() -> None:
    commands = {step.line.split()[1] for step in steps() if step.line.startswith("gwdeployer ")}
    assert commands == {"crds", "apply", "diff"}
