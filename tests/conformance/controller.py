"""The controller under test: installed by the commands of the documentation, with the rights they give it."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from http import HTTPStatus
from pathlib import Path

import yaml

from gwdeployer import documents
from gwdeployer.objects import Object
from tests.servers.control_plane import kubeconfig_of
from tests.servers.processes import Process
from tests.servers.servers import Server

#: Their classes, which the controller makes, since the inputs ask for them.
DATA_PLANES = {"envoy": "gwdeployer", "agentgateway": "gwdeployer-agentgateway"}
_INPUTS = {"mode": "gateway", "createClasses": True}
_NAMESPACE, _ACCOUNT = "gwdeployer-system", "gwdeployer"
#: Where pods have their inputs file, of the same name.
_MOUNT = "/etc/gwdeployer"
_GWDEPLOYER = [sys.executable, "-c", "from gwdeployer.cli.main import main; main()"]
_CLASSES = "/apis/gateway.networking.k8s.io/v1/gatewayclasses"


class Installation:
    """What ``kubectl`` puts into a cluster for the controller, which runs outside of it."""

    def __init__(self, server: Server, kubectl: Path, folder: Path) -> None:
        """Install nothing yet; files of the controller lie in ``folder``."""
        self._server = server
        self._kubectl = [str(kubectl), f"--kubeconfig={server.kubeconfig}"]
        self._folder = folder
        self.log = folder / "controller.log"

    def gateway_api(self, definitions: Path) -> None:
        """Install the CustomResourceDefinitions of the Gateway API from its own folder."""
        self._run(*self._kubectl, "apply", "--server-side", "-k", str(definitions))
        self._run(*self._kubectl, "wait", "--for=condition=Established", "--timeout=60s", "crd", "--all")

    def controller(self) -> list[str]:
        """Install ``gwdeployer manifests``, without pods; return the arguments that they would have."""
        inputs = self._folder / "inputs.yaml"
        inputs.write_text(yaml.safe_dump(_INPUTS))
        options = [f"--inputs={inputs}", "--image=example.com/gwdeployer:1", "--replicas=0"]
        manifests = self._run(*_GWDEPLOYER, "manifests", *options)
        self._run(*self._kubectl, "apply", "--server-side", "-f", "-", said=manifests)
        (deployment,) = (one for one in documents.load_all(manifests) if one["kind"] == "Deployment")
        (container,) = deployment["spec"]["template"]["spec"]["containers"]
        return [argument.replace(_MOUNT, str(self._folder)) for argument in container["args"]]

    @contextmanager
    def running(self, arguments: Sequence[str]) -> Iterator[None]:
        """Run the controller as its account for the block, which begins when its classes are accepted."""
        outside = [f"--kubeconfig={self._kubeconfig()}", "--listen=off"]
        process = Process([*_GWDEPLOYER, *arguments, *outside], self.log)
        try:
            process.wait_until(self._classes_are_accepted)
            yield
        finally:
            process.stop()

    def _kubeconfig(self) -> Path:
        """Return a kubeconfig of the controller's account, as a pod of it would have."""
        command = [*self._kubectl, f"--namespace={_NAMESPACE}", "create", "token", _ACCOUNT]
        endpoint = replace(self._server.endpoint, token=self._run(*command).strip())
        path = self._folder / "kubeconfig"
        path.write_text(json.dumps(kubeconfig_of(endpoint)))
        return path

    def _classes_are_accepted(self) -> bool:
        with self._server.client() as client:
            answer = client.get(_CLASSES)
        if answer.status != HTTPStatus.OK:  # what was just installed is not served at once
            return False
        accepted = {one["metadata"]["name"] for one in answer.object()["items"] if _is_accepted(one)}
        return accepted >= set(DATA_PLANES.values())

    @staticmethod
    def _run(*command: str, said: str | None = None) -> str:
        done = subprocess.run(command, input=said, capture_output=True, text=True, timeout=120, check=False)
        assert done.returncode == 0, f"{command[-1]}: {done.stderr}"
        return done.stdout


def _is_accepted(gateway_class: Object) -> bool:
    conditions = gateway_class["status"]["conditions"]
    return any(one["type"] == "Accepted" and one["status"] == "True" for one in conditions)
