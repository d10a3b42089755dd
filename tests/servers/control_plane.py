"""A real control plane without containers: etcd, kube-apiserver and, where asked for, the controllers.

All of it listens on loopback and lives in one folder. The serving key that kube-apiserver makes for itself
also signs service account tokens, as it did by default for years: so nothing else has to make a key.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Self

from tests.servers import binaries
from tests.servers.http_client import Client, Endpoint
from tests.servers.processes import LOOPBACK, Process, free_ports

#: Controllers whose work effect tests wait for; no scheduler and no kubelet are among them.
CONTROLLERS = (
    "garbage-collector-controller",
    "namespace-controller",
    "deployment-controller",
    "replicaset-controller",
    "daemonset-controller",
    "serviceaccount-controller",
    "disruption-controller",
    "horizontal-pod-autoscaler-controller",
    "endpointslice-controller",
)


class ControlPlane:
    """A context manager: started at its beginning, and all of it ended at its end."""

    def __init__(self, folder: Path, *, controllers: bool = True, say: binaries.Say = print) -> None:
        """Find the programs (raises UnavailableError); nothing is started yet."""
        names = ("etcd", "kube-apiserver", *(("kube-controller-manager",) if controllers else ()))
        self._programs = {name: str(binaries.find(name, say)) for name in names}
        self._folder = folder
        self._processes = ExitStack()
        self._token = secrets.token_hex(16)
        self._etcd = ""
        self._port = 0

    @property
    def kubeconfig(self) -> Path:
        """A kubeconfig of the cluster's administrator."""
        return self._folder / "kubeconfig"

    @property
    def endpoint(self) -> Endpoint:
        """The server as its administrator reaches it."""
        return Endpoint(
            f"https://{LOOPBACK}:{self._port}", self._token, str(self._folder / "pki/apiserver.crt")
        )

    def __enter__(self) -> Self:
        """Start everything, and wait until the server is ready; StartError with the log's end otherwise."""
        with self._processes:
            self._etcd = self._start_etcd()
            (self._port,) = free_ports(1)
            self._api_server = self._start_api_server()
            self.kubeconfig.write_text(json.dumps(kubeconfig_of(self.endpoint)))
            if "kube-controller-manager" in self._programs:
                self._start_controllers()
            self._processes = self._processes.pop_all()  # a failure above has stopped what was started
        return self

    def __exit__(self, *_: object) -> None:
        """Stop everything, last started first."""
        self._processes.close()

    def restart_api_server(self) -> None:
        """Kill kube-apiserver and start it again, where it was; return when it is ready.

        It knows no past then: of what is before that, clients learn nothing but what there is.
        """
        self._api_server.stop(grace=0)
        self._api_server = self._start_api_server()

    def compact(self, resource_version: str) -> None:
        """Have etcd forget what was before a resourceVersion; kube-apiserver may still know some of it."""
        with Client(Endpoint(self._etcd)) as client:
            request = {"revision": resource_version, "physical": True}
            assert client.post("/v3/kv/compaction", request).status == 200

    def _start_etcd(self) -> str:
        client, peer = (f"http://{LOOPBACK}:{port}" for port in free_ports(2))
        urls = {
            "listen-client-urls": client,
            "advertise-client-urls": client,
            "listen-peer-urls": peer,
            "initial-advertise-peer-urls": peer,
            "initial-cluster": f"default={peer}",
        }
        process = self._start(
            "etcd", {"data-dir": str(self._folder / "etcd"), **urls}, ("--unsafe-no-fsync",)
        )
        process.wait_until(lambda: _answers(Endpoint(client), "/health"))
        return client

    def _start_api_server(self) -> Process:
        users = self._folder / "users.csv"
        users.write_text(f'{self._token},administrator,administrator,"system:masters"\n')
        key = str(self._folder / "pki/apiserver.key")
        flags = {
            "etcd-servers": self._etcd,
            "secure-port": str(self._port),
            "bind-address": LOOPBACK,
            "cert-dir": str(self._folder / "pki"),
            "service-account-key-file": key,
            "service-account-signing-key-file": key,
            "service-account-issuer": "https://kubernetes.default.svc",
            "authorization-mode": "RBAC",
            "token-auth-file": str(users),
            "service-cluster-ip-range": "10.0.0.0/16",
            "disable-admission-plugins": "ServiceAccount",
            "allow-privileged": "true",
        }
        process = self._start("kube-apiserver", flags)
        process.wait_until(lambda: _answers(self.endpoint, "/readyz"))
        return process

    def _start_controllers(self) -> None:
        kubeconfig = str(self.kubeconfig)
        flags = {
            "kubeconfig": kubeconfig,
            "authentication-kubeconfig": kubeconfig,
            "authorization-kubeconfig": kubeconfig,
            "leader-elect": "false",
            "service-account-private-key-file": str(self._folder / "pki/apiserver.key"),
            "secure-port": "0",
            "controllers": ",".join(CONTROLLERS),
        }
        self._start("kube-controller-manager", flags)

    def _start(self, name: str, flags: dict[str, str], switches: Sequence[str] = ()) -> Process:
        command = [self._programs[name], *(f"--{flag}={value}" for flag, value in flags.items()), *switches]
        process = Process(command, self._folder / f"{name}.log")
        self._processes.callback(process.stop)
        return process


def kubeconfig_of(endpoint: Endpoint) -> dict[str, object]:
    """Return a kubeconfig with one cluster, one user and one context."""
    cluster = {"server": endpoint.url, "certificate-authority": endpoint.ca_file}
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "test", "cluster": cluster}],
        "users": [{"name": "test", "user": {"token": endpoint.token}}],
        "contexts": [{"name": "test", "context": {"cluster": "test", "user": "test"}}],
        "current-context": "test",
    }


def _answers(endpoint: Endpoint, path: str) -> bool:
    if endpoint.ca_file and not Path(endpoint.ca_file).exists():
        return False  # kube-apiserver has not yet made its certificate
    with Client(endpoint) as client:
        try:
            return client.get(path).status == 200
        except OSError:
            return False
