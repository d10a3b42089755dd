"""A control plane is reached through its kubeconfig, and leaves nothing running."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from subprocess import check_output

import pytest

from tests.servers import binaries
from tests.servers.processes import Process, StartError, free_ports
from tests.servers.servers import Server


@pytest.mark.cluster
def test_kubectl_reaches_it_through_the_kubeconfig(kube_apiserver: Server, say: binaries.Say) -> None:
    kubectl = binaries.find("kubectl", say)
    command = [str(kubectl), f"--kubeconfig={kube_apiserver.kubeconfig}", "version", "--output=json"]
    versions = json.loads(check_output(command, timeout=60))
    assert versions["serverVersion"]["gitVersion"] == binaries.PROGRAMS["kube-apiserver"].version


def test_a_process_that_ends_at_once_shows_the_end_of_its_log(tmp_path: Path) -> None:
    process = Process([sys.executable, "-c", "raise SystemExit('port in use')"], tmp_path / "log")
    with pytest.raises(StartError, match=r"(?s)ended with 1; .*port in use"):
        process.wait_until(lambda: False)


def test_a_process_that_does_not_get_ready_is_given_up(tmp_path: Path) -> None:
    process = Process([sys.executable, "-c", "import time; time.sleep(60)"], tmp_path / "log")
    with pytest.raises(StartError, match="is not ready after 0 s"):
        process.wait_until(lambda: False, timeout=0.1)
    process.stop()


def test_a_process_that_does_not_want_to_end_is_killed(tmp_path: Path) -> None:
    stubborn = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True)"
    process = Process([sys.executable, "-c", f"{stubborn}; time.sleep(60)"], tmp_path / "log")
    process.wait_until(lambda: "up" in process.log.read_text())
    process.stop(grace=0.1)
    with pytest.raises(StartError, match="ended with -9"):
        process.wait_until(lambda: False)


def test_free_ports_are_different() -> None:
    assert len(set(free_ports(20))) == 20
