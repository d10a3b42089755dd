"""Programs of the examples, run as their readers would, against a server of the test's own."""

from __future__ import annotations

import os
import secrets
import subprocess
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Self

import yaml

from gwdeployer import KindRef, KubernetesCluster, Object
from gwdeployer.testing import ALL_CONTROLLERS, APIServer, SimulatedLoadBalancer, SimulatedNode
from tests.servers.servers import eventually

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "examples"
CONFIG_MAP = KindRef("", "v1", "ConfigMap")
DEPLOYMENT = KindRef("apps", "v1", "Deployment")
SERVICE = KindRef("", "v1", "Service")
NAMESPACE = KindRef("", "v1", "Namespace")


def documents(*names: str) -> list[Object]:
    """Return what is in files of the examples."""
    return [one for name in names for one in yaml.safe_load_all((EXAMPLES / name).read_text("utf-8"))]


class Operated:
    """A cluster in this process, and a program in its own that works on it; made for a ``with`` block."""

    def __init__(self, folder: Path, command: Iterable[object], crds: Iterable[Object]) -> None:
        parts = [SimulatedNode(), SimulatedLoadBalancer()]
        self.server = APIServer(crds=crds, controllers=ALL_CONTROLLERS, parts=parts)
        self._command = [sys.executable, *map(str, command)]
        self._folder = folder
        self._log = folder / "log"

    def __enter__(self) -> Self:
        self.server.start()
        kubeconfig = self.server.write_kubeconfig(self._folder / "kubeconfig")
        self.cluster = KubernetesCluster.connect(kubeconfig)
        environment = {**os.environ, "KUBECONFIG": str(kubeconfig), "PYTHONPATH": str(EXAMPLES)}
        with self._log.open("wb") as log:
            self._program = subprocess.Popen(self._command, env=environment, stdout=log, stderr=log)
        return self

    def __exit__(self, *_: object) -> None:
        self._program.terminate()
        try:
            code = self._program.wait(30)
        except subprocess.TimeoutExpired:
            self._program.kill()
            code = self._program.wait()
        self.cluster.close()
        self.server.stop()
        assert code == 0, self.log

    @property
    def log(self) -> str:
        """What the program said."""
        return self._log.read_text("utf-8")

    def namespace(self) -> str:
        """Make a namespace that no other test uses and return its name."""
        name = f"test-{secrets.token_hex(4)}"
        self.put({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
        return name

    def put(self, obj: Object, *, manager: str = "tests") -> Object:
        """Apply an object by force, as somebody else does."""
        return self.cluster.apply(obj, manager=manager, force=True)

    def eventually(self, what: str, look: Any) -> Any:
        """Return what ``look`` finds in the end; what the program said is told where it finds nothing."""
        try:
            return eventually(what, look)
        except AssertionError as error:
            error.add_note(self.log)
            raise

    def appears(self, kind: KindRef, namespace: str, name: str, **spec: Any) -> Object:
        """Wait until an object is there whose spec says this, and return it."""

        def look() -> Object | None:
            found = self.server.get(kind, namespace, name)
            return found if found and spec.items() <= (found.get("spec") or {}).items() else None

        found: Object = self.eventually(f"{kind} {namespace}/{name} {spec}", look)
        return found

    def vanish(self, namespace: str, kinds: Mapping[KindRef, str]) -> None:
        """Wait until none of these objects is there."""
        self.eventually(
            f"nothing of {kinds} is there",
            lambda: not any(self.server.get(kind, namespace, name) for kind, name in kinds.items()),
        )
