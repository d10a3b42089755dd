"""The servers that one suite of tests runs on, seen alike: in-process, a real control plane, kind.

What differs between them is what runs beside the API server. Where controllers and a node are, a workload
becomes available by itself and is waited for; the in-process server has none, so what they would write is
written for it.
"""

from __future__ import annotations

import base64
import secrets
import shutil
import subprocess
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

import yaml

from gwdeployer.objects import Object
from tests.servers.http_client import Answer, Client, Endpoint

_Found = TypeVar("_Found")


class Server(ABC):
    """An API server that tests may fill: each test in a namespace of its own, nothing is cleaned up."""

    #: "in-process", "kube-apiserver" or "kind".
    name: str
    #: Whether tokens have rights, and requests beyond them are answered with 403.
    has_rbac: bool = True

    def __init__(self, endpoint: Endpoint, kubeconfig: Path) -> None:
        """Take a running server and its administrator's access."""
        self.endpoint = endpoint
        self.kubeconfig = kubeconfig

    @property
    def url(self) -> str:
        """Where the server is."""
        return self.endpoint.url

    @property
    def token(self) -> str:
        """The administrator's bearer token; "" where the server asks for none."""
        return self.endpoint.token

    def client(self) -> Client:
        """Return a client of the administrator; use it in a ``with`` block."""
        return Client(self.endpoint)

    def namespace(self) -> str:
        """Make a namespace that no other test uses and return its name."""
        name = f"test-{secrets.token_hex(4)}"
        with self.client() as client:
            body = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}
            client.post("/api/v1/namespaces", body).object()
        return name

    @abstractmethod
    def make_available(self, workload: Object, timeout: float = 60) -> Object:
        """Return a Deployment or DaemonSet, given as created or applied, once it is available as it is now.

        AssertionError when it is not within ``timeout`` seconds.
        """

    def user(self, namespace: str, rules: Sequence[Object]) -> Endpoint:
        """Return the access of a new user who may do in ``namespace`` what a Role's rules say, no more."""
        name = f"user-{secrets.token_hex(4)}"
        with self.client() as client:
            self._grant(client, namespace, name, rules)
            return replace(self.endpoint, token=token_of(client, namespace, name))

    @staticmethod
    def _grant(client: Client, namespace: str, name: str, rules: Sequence[Object]) -> None:
        core, rbac = (
            f"/api/v1/namespaces/{namespace}",
            f"/apis/rbac.authorization.k8s.io/v1/namespaces/{namespace}",
        )
        metadata = {"name": name}
        role = {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": name}
        subject = {"kind": "ServiceAccount", "name": name, "namespace": namespace}
        client.post(f"{core}/serviceaccounts", {"metadata": metadata}).object()
        client.post(f"{rbac}/roles", {"metadata": metadata, "rules": rules}).object()
        binding = {"metadata": metadata, "roleRef": role, "subjects": [subject]}
        client.post(f"{rbac}/rolebindings", binding).object()


def token_of(client: Client, namespace: str, account: str) -> str:
    """Return a new token of a ServiceAccount."""
    path = f"/api/v1/namespaces/{namespace}/serviceaccounts/{account}/token"
    token: str = client.post(path, {"spec": {"expirationSeconds": 3600}}).object()["status"]["token"]
    return token


def eventually(what: str, look: Callable[[], _Found | None], timeout: float = 30) -> _Found:
    """Return what ``look`` finds as soon as it finds something; AssertionError after ``timeout`` seconds."""
    deadline = time.monotonic() + timeout
    while not (found := look()):
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {timeout:.0f} s: {what}")
        time.sleep(0.05)
    return found


# --- servers with controllers ------------------------------------------------------------------------------


class RealServer(Server):
    """A control plane, with controllers and a node where a test needs them."""

    name = "kube-apiserver"

    def make_available(self, workload: Object, timeout: float = 60) -> Object:
        """Wait until controllers and kubelet have done their work."""
        path = path_of_workload(workload)
        with self.client() as client:
            return eventually(f"{path} is available", lambda: _if_available(client.get(path)), timeout)


def path_of_workload(workload: Object) -> str:
    """Return the path of a Deployment, DaemonSet or other kind of apps/v1."""
    plural = f"{workload['kind'].lower()}s"
    metadata = workload["metadata"]
    return f"/apis/apps/v1/namespaces/{metadata['namespace']}/{plural}/{metadata['name']}"


def _if_available(answer: Answer) -> Object | None:
    live = answer.object()
    status, seen = live.get("status", {}), live["metadata"]["generation"]
    wanted = _wanted_pods(live)
    fields = ("numberAvailable", "updatedNumberScheduled")
    if live["kind"] == "Deployment":
        fields = ("availableReplicas", "updatedReplicas")
    done = status.get("observedGeneration") == seen and all(status.get(f, 0) == wanted for f in fields)
    return live if done else None


def _wanted_pods(workload: Object) -> int:
    if workload["kind"] == "Deployment":
        replicas: int = workload["spec"]["replicas"]
        return replicas
    return 1  # of a DaemonSet: there is one node


class KindServer(RealServer):
    """A cluster that pytest-kind made; its kubeconfig has a client certificate, so a token is made."""

    name = "kind"

    def __init__(self, kubeconfig: Path, kubectl: Path) -> None:
        """Take the cluster that ``kubeconfig`` names."""
        cluster = yaml.safe_load(kubeconfig.read_text())["clusters"][0]["cluster"]
        authority = kubeconfig.with_name("ca.crt")
        authority.write_bytes(base64.b64decode(cluster["certificate-authority-data"]))
        token = _administrator_token([str(kubectl), f"--kubeconfig={kubeconfig}", "--namespace=kube-system"])
        super().__init__(Endpoint(cluster["server"], token, str(authority)), kubeconfig)


def _administrator_token(kubectl: list[str]) -> str:
    account = f"test-administrator-{secrets.token_hex(4)}"
    role = ("--clusterrole=cluster-admin", f"--serviceaccount=kube-system:{account}")
    commands: tuple[tuple[str, ...], ...] = (
        ("create", "serviceaccount", account),
        ("create", "clusterrolebinding", account, *role),
        ("create", "token", account, "--duration=8h"),
    )
    outputs = [subprocess.check_output([*kubectl, *words], text=True, timeout=60) for words in commands]
    return outputs[-1].strip()


def why_no_kind(kind: str | None) -> str | None:
    """Return why no kind cluster can be made here, in one line, or None; ``kind`` is its program."""
    if not (kind or shutil.which("kind")):
        return "no kind: install it (kind.sigs.k8s.io) or give --kind-bin"
    docker = shutil.which("docker")
    if (
        not docker
        or subprocess.run([docker, "info"], capture_output=True, check=False, timeout=60).returncode
    ):
        return "no container runtime answers `docker info`"
    return None


# --- the in-process server ---------------------------------------------------------------------------------


class InProcessServer(Server):
    """gwdeployer's own API server for tests: nothing runs beside it, and whoever asks may do everything."""

    name = "in-process"
    has_rbac = False

    def make_available(self, workload: Object, timeout: float = 60) -> Object:
        """Write the status that controllers would have written."""
        path = path_of_workload(workload)
        with self.client() as client:
            live = client.get(path).object()
            return client.patch(f"{path}/status", {"status": _available_status(live)}).object()


def _available_status(live: Object) -> dict[str, Any]:
    wanted = _wanted_pods(live)
    common = {"observedGeneration": live["metadata"]["generation"]}
    if live["kind"] == "Deployment":
        counts = ("replicas", "updatedReplicas", "readyReplicas", "availableReplicas")
        conditions = [{"type": "Available", "status": "True", "reason": "MinimumReplicasAvailable"}]
        return common | dict.fromkeys(counts, wanted) | {"conditions": conditions}
    scheduled = ("desiredNumberScheduled", "currentNumberScheduled", "updatedNumberScheduled")
    return (
        common
        | dict.fromkeys((*scheduled, "numberReady", "numberAvailable"), wanted)
        | {"numberMisscheduled": 0}
    )
