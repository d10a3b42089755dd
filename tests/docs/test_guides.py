"""Guides to the controller are true: typed at a cluster, line by line, their commands print what they show.

The cluster is in this process; nodes and load balancer are simulated. What pods of the installed Deployment
would run is run as soon as it is there, with its arguments and its inputs, and ends when it goes.
"""

from __future__ import annotations

import contextlib
import re
import signal
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
import yaml

from gwdeployer import KindRef, Object
from gwdeployer.testing import ALL_CONTROLLERS, APIServer, SimulatedLoadBalancer, SimulatedNode
from tests.cli.running import Done
from tests.cli.test_process import COMMAND
from tests.docs.console import Step, prints, shell_for, steps_of, typed
from tests.docs.test_documents import TEXTS, blocks, folder, write_files
from tests.examples.operating import documents
from tests.servers.servers import eventually

CONFIG_MAP = KindRef("", "v1", "ConfigMap")
DEPLOYMENT = KindRef("apps", "v1", "Deployment")
HOME, NAME = "gwdeployer-system", "gwdeployer"
#: An image of which docs/troubleshoot.md says that nobody has it.
MISSING = "cr.kgateway.dev/envoy-wrapper:v1.38.O"
#: Where pods find their inputs.
MOUNT = "/etc/gwdeployer"

__all__ = ["folder"]  # a fixture, used by its name


class Installed:
    """The controller that the cluster's objects ask for."""

    def __init__(self, server: APIServer, folder: Path, shell: Mapping[str, str]) -> None:
        self._server = server
        self._folder = folder / "pod"
        self._folder.mkdir()
        self._shell = shell
        self._process: subprocess.Popen[bytes] | None = None

    def follow(self) -> None:
        """Start, or end, what the Deployment in the cluster asks for."""
        deployment = self._server.get(DEPLOYMENT, HOME, NAME)
        if deployment is not None and self._process is None:
            self._start(deployment)
        elif deployment is None:
            self.end()

    def end(self) -> None:
        """End as a kubelet ends it; one that has hardly begun ends by the signal itself."""
        process, self._process = self._process, None
        if process is not None:
            process.terminate()
            assert process.wait(60) in (0, -signal.SIGTERM), self.log

    @property
    def log(self) -> str:
        path = self._folder / "log"
        return path.read_text("utf-8") if path.exists() else ""

    def _start(self, deployment: Object) -> None:
        inputs = self._server.get(CONFIG_MAP, HOME, NAME)
        assert inputs is not None
        for name, text in inputs["data"].items():
            (self._folder / name).write_text(text, "utf-8")
        (container,) = deployment["spec"]["template"]["spec"]["containers"]
        arguments = [argument.replace(MOUNT, str(self._folder)) for argument in container["args"]]
        with (self._folder / "log").open("wb") as log:
            command = [*COMMAND, *arguments, "--listen=off"]
            self._process = subprocess.Popen(command, env=self._shell, stdout=log, stderr=log)


@pytest.fixture
def server() -> Iterator[APIServer]:
    parts = [SimulatedNode(missing_images=[MISSING]), SimulatedLoadBalancer()]
    crds = documents("demo/gateway_api.yaml")
    with APIServer(crds=crds, controllers=ALL_CONTROLLERS, parts=parts) as one:
        yield one


@pytest.fixture
def shell(server: APIServer, folder: Path) -> dict[str, str]:
    return shell_for(server.write_kubeconfig(folder / "kubeconfig"))


@pytest.fixture
def installed(server: APIServer, folder: Path, shell: dict[str, str]) -> Iterator[Installed]:
    one = Installed(server, folder, shell)
    yield one
    one.end()


def take(step: Step, folder: Path, shell: Mapping[str, str], installed: Installed) -> None:
    """Type a step; what it prints must be what is shown below it, if anything is."""
    installed.follow()
    if step.line.startswith("gwdeployer run "):
        run_until(step, folder, shell)
        return
    done = typed(step.line, folder, shell)
    said = f"$ {step.line}\n{done.out}{done.err}\n{installed.log}"
    assert prints(done, step.shown), said


def run_until(step: Step, folder: Path, shell: Mapping[str, str]) -> None:
    """Type what does not end by itself; end it once it has printed what is shown."""
    log = folder / "run.log"
    with log.open("wb") as output:
        command = ["bash", "-c", f"exec {step.line}"]
        process = subprocess.Popen(command, cwd=folder, env=shell, stdout=output, stderr=output)
    try:
        eventually(
            f"{step.line} has printed what is shown",
            lambda: prints(Done(0, log.read_text("utf-8"), ""), step.shown),
        )
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 0
    except AssertionError as error:
        error.add_note(log.read_text("utf-8"))
        raise
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        process.wait()


def install(folder: Path, shell: Mapping[str, str], installed: Installed) -> None:
    """Do what docs/install.md says, with a Gateway that the other guides are about."""
    write_files(folder, "docs/install.md")
    lines = [
        "gwdeployer manifests --image registry.example.com/gwdeployer:1 --inputs inputs.yaml > install.yaml",
        "kubectl apply -f install.yaml",
        "kubectl create namespace shop",
        "sed 's/name: web/name: front-door/' gateway.yaml | kubectl apply -n shop -f -",
        "kubectl wait gateway/front-door -n shop --for condition=Programmed --timeout 60s",
    ]
    for line in lines:
        installed.follow()
        done = typed(line, folder, shell)
        assert done.code == 0, f"$ {line}\n{done.out}{done.err}\n{installed.log}"


def test_the_install_goes_as_shown(folder: Path, shell: dict[str, str], installed: Installed) -> None:
    write_files(folder, "docs/install.md")
    for step in steps_of("docs/install.md"):
        take(step, folder, shell, installed)


@pytest.mark.parametrize("document", ["docs/operate.md", "docs/troubleshoot.md"])
def test_what_an_installed_controller_is_asked_is_answered_as_shown(
    document: str, folder: Path, shell: dict[str, str], installed: Installed
) -> None:
    install(folder, shell, installed)
    write_files(folder, document)
    for step in steps_of(document):
        take(step, folder, shell, installed)
    for line in within_sentences(document):
        done = typed(line, folder, shell)
        assert done.code == 0, f"$ {line}\n{done.out}{done.err}"


def within_sentences(document: str) -> list[str]:
    """Return the commands of kubectl within a document's sentences, about the Gateway that is there."""
    lines = re.findall(r"`(kubectl \w[^`…]*)`", TEXTS[document])
    lines = [line.replace("NAMESPACE", "shop").replace("NAME", "front-door -n shop") for line in lines]
    # Pods have no logs here; kubectl looks at the flags before it shows how to use them.
    return [f"{line} --help" if line.startswith("kubectl logs") else line for line in lines]


def test_the_service_of_an_install_is_the_one_that_is_scraped(folder: Path, shell: dict[str, str]) -> None:
    _, monitor = (yaml.safe_load(block) for block in blocks("docs/metrics.md", "yaml"))
    done = typed("gwdeployer manifests --image registry.example.com/gwdeployer:1", folder, shell)
    [service] = [one for one in yaml.safe_load_all(done.out) if one["kind"] == "Service"]
    assert monitor["spec"]["selector"]["matchLabels"].items() <= service["metadata"]["labels"].items()
    assert monitor["metadata"]["namespace"] == service["metadata"]["namespace"]
    assert [one["port"] for one in monitor["spec"]["endpoints"]] == [
        port["name"] for port in service["spec"]["ports"]
    ]
