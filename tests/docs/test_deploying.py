"""``docs/deploying.md`` is true: its commands, typed one after the other at a cluster, print what it shows.

A block's lines that begin with ``$`` are run by a shell where the document's files and the examples are.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.cluster_scene import install_gateway_api
from tests.docs.console import prints, shell_for, steps_of, typed
from tests.docs.test_documents import blocks, executed, folder, write_files
from tests.servers.servers import Server

DOCUMENT = "docs/deploying.md"

__all__ = ["folder"]  # a fixture, used by its name


@pytest.fixture
def shell(server: Server, folder: Path) -> dict[str, str]:
    """The environment of a shell that finds kubectl, this gwdeployer and the cluster."""
    environment = shell_for(server.kubeconfig)
    install_gateway_api(server)
    write_files(folder, DOCUMENT)
    return environment


def test_every_step_prints_what_is_shown_and_the_python_runs(
    shell: dict[str, str], folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for step in steps_of(DOCUMENT):
        done = typed(step.line, folder, shell)
        assert prints(done, step.shown), f"$ {step.line}\n{done.out}{done.err}"
    monkeypatch.setenv("KUBECONFIG", shell["KUBECONFIG"])
    for code in blocks(DOCUMENT, "python"):
        names, printed = executed(code)
        assert "Deployment shop/front-door unchanged" in printed.splitlines()
        assert names["result"].errors == ()


def test_there_are_steps_to_type() -> None:
    commands = {step.line.split()[1] for step in steps_of(DOCUMENT) if step.line.startswith("gwdeployer ")}
    assert commands == {"crds", "apply", "diff"}
