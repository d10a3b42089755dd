"""``gwdeployer run``: the controller as a program.

It has exactly the rights that are derived for it, in the one namespace that it looks after.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from gwdeployer.installation.rights import rights_of
from gwdeployer.objects import KindRef, ObjectRef
from gwdeployer.plugins import configure, discover
from gwdeployer_gateway import GATEWAY
from tests.cli.cluster_scene import DEPLOYMENT, SERVICE, ClusterScene
from tests.cli.running import run
from tests.cli.test_process import COMMAND
from tests.servers.accounts import LimitedAccount
from tests.servers.processes import free_ports
from tests.servers.servers import eventually

EVENT = KindRef("events.k8s.io", "v1", "Event")


class Program:
    """A controller of a scene's namespace, and what it says."""

    def __init__(self, scene: ClusterScene, process: subprocess.Popen[str], log: Path, port: int) -> None:
        self.scene, self.process, self.port = scene, process, port
        self._log = log

    @property
    def log(self) -> str:
        return self._log.read_text()

    def entries(self) -> list[dict[str, Any]]:
        """Return what it says, where that is JSON."""
        return [json.loads(line) for line in self.log.splitlines()]

    def until_deployed(self, name: str = "web") -> None:
        eventually(f"{name} is deployed\n{self.log}", lambda: self.scene.live(DEPLOYMENT, name))

    def page(self, path: str) -> str:
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/{path}", timeout=10) as answer:
            text: str = answer.read().decode()
            return text

    def answers(self, path: str) -> bool:
        try:
            return bool(self.page(path))
        except OSError:
            return False

    def ended(self, *signals: signal.Signals, timeout: float = 60) -> int:
        """Send signals; return the exit status."""
        for number in signals:
            self.process.send_signal(number)
        return self.process.wait(timeout)


@pytest.fixture
def account(scene: ClusterScene) -> LimitedAccount:
    """Whom the controller runs as."""
    made = LimitedAccount(scene.server, rights_of(configure(discover()), lease="gateways"), scene.folder)
    made.let_in(scene.namespace)
    return made


@contextmanager
def program(scene: ClusterScene, account: LimitedAccount, *options: object) -> Iterator[Program]:
    [port] = free_ports(1)
    log = scene.folder / f"{port}.log"
    command = [*COMMAND, "run", f"--kubeconfig={account.kubeconfig}", f"--namespace={scene.namespace}"]
    command += [f"--listen=127.0.0.1:{port}", *map(str, options)]
    with log.open("w") as output:
        process = subprocess.Popen(command, stdout=output, stderr=output, text=True)
    try:
        yield Program(scene, process, log, port)
    finally:
        process.kill()
        process.wait()


def test_deploys_repairs_and_ends_when_it_is_asked_to(scene: ClusterScene, account: LimitedAccount) -> None:
    scene.put(scene.gateway())
    with program(scene, account) as running:
        running.until_deployed()
        ref = ObjectRef(SERVICE, scene.namespace, "web")
        uid = scene.there(SERVICE, "web")["metadata"]["uid"]
        scene.cluster.delete(ref)
        eventually(
            "the Service is there again",
            lambda: (scene.live(SERVICE, "web") or {}).get("metadata", {}).get("uid") not in (None, uid),
        )
        assert running.ended(signal.SIGTERM) == 0
        assert "SIGTERM: ending" in running.log
        assert "forbidden" not in running.log
        assert "Traceback" not in running.log


def test_a_gateway_has_a_status_and_events(scene: ClusterScene, account: LimitedAccount) -> None:
    scene.put(scene.gateway())
    with program(scene, account) as running:
        running.until_deployed()
        eventually(
            f"the status says something\n{running.log}",
            lambda: scene.there(GATEWAY, "web").get("status", {}).get("conditions"),
        )
        eventually(
            f"there is an event\n{running.log}",
            lambda: scene.cluster.list(EVENT, scene.namespace).items,
        )


def test_probes_and_metrics_are_served(scene: ClusterScene, account: LimitedAccount) -> None:
    scene.put(scene.gateway())
    with program(scene, account) as running:
        running.until_deployed()
        eventually("it is ready", lambda: running.answers("readyz"))
        assert running.page("healthz") == "ok"
        passes = 'controller_runtime_reconcile_total{controller="gateway",result="success"}'
        eventually("a pass is counted", lambda: passes in running.page("metrics"))
        metrics = running.page("metrics")
        assert 'rest_client_requests_total{code="200",method="GET"}' in metrics
        assert 'workqueue_adds_total{controller="gwdeployer",name="gwdeployer"}' in metrics
        assert 'gwdeployer_cache_objects{kind="Gateway.gateway.networking.k8s.io"} 1.0' in metrics


def test_of_several_one_works_and_the_next_takes_over(scene: ClusterScene, account: LimitedAccount) -> None:
    election = ("--leader-elect", f"--lease-namespace={account.namespace}", "--lease-name=gateways")
    with program(scene, account, *election) as first:
        eventually("there is a leader", lambda: "leading" in first.log)
        with program(scene, account, *election) as second:
            eventually("the other knows", lambda: "held by" in second.log)
            eventually("the other is ready, too", lambda: second.answers("readyz"))
            assert first.ended(signal.SIGTERM) == 0
            scene.put(scene.gateway())
            second.until_deployed()
            assert 'leader_election_master_status{name="gateways"} 1.0' in second.page("metrics")


def test_a_dry_run_writes_nothing_and_logs_each_difference_once(
    scene: ClusterScene, account: LimitedAccount
) -> None:
    scene.put(scene.gateway())
    with program(scene, account, "--dry-run", "--resync=1", "--leader-elect") as running:
        would = f"would change Deployment {scene.namespace}/web"
        eventually("it says what it would do", lambda: would in running.log)
        scene.put(scene.gateway("other"))
        eventually(
            "it has looked again", lambda: f"would change Deployment {scene.namespace}/other" in running.log
        )
        assert running.log.count(would) == 1
        assert "+kind: Deployment" in running.log
        assert scene.live(DEPLOYMENT, "web") is None
        assert "status" not in scene.there(GATEWAY, "web")
        assert scene.cluster.list(EVENT, scene.namespace).items == []
        assert running.ended(signal.SIGINT) == 0


def test_logs_are_one_json_object_a_line_where_that_is_asked_for(
    scene: ClusterScene, account: LimitedAccount
) -> None:
    scene.put(scene.gateway(infrastructure={"parametersRef": {"group": "a", "kind": "B", "name": "c"}}))
    owner = f"Gateway {scene.namespace}/web"
    with program(scene, account, "--log-format=json") as running:
        eventually("the owner's fault is said", lambda: owner in running.log)
        assert running.ended(signal.SIGTERM) == 0
        entry = next(entry for entry in running.entries() if entry.get("owner") == owner)
    assert entry.keys() >= {"ts", "level", "logger", "msg"}
    assert entry["level"] == "warning"


def test_only_namespaces_with_the_labels_are_looked_after(
    scene: ClusterScene, account: LimitedAccount
) -> None:
    team = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": scene.namespace}}
    scene.put(scene.gateway())
    with program(scene, account, f"--namespace-selector=team={scene.namespace}") as running:
        eventually("it is ready", lambda: running.answers("readyz"))
        assert scene.live(DEPLOYMENT, "web") is None
        scene.put({**team, "metadata": {**team["metadata"], "labels": {"team": scene.namespace}}})
        running.until_deployed()


def test_a_second_signal_and_the_end_of_the_grace_period_end_it_at_once() -> None:
    code = (
        "import threading\nfrom gwdeployer.cli.logs import log_to_standard_error\n"
        "from gwdeployer.cli.stopping import run_until_stopped\n"
        "def work(stop):\n    print('ready', flush=True)\n    threading.Event().wait()\n"
        "log_to_standard_error('text', 0)\nrun_until_stopped(work, {grace})"
    )
    for grace, signals, status in ((60, 2, 128 + signal.SIGTERM), (0.1, 1, 1)):
        command = [COMMAND[0], "-c", code.format(grace=grace)]
        with subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=dict(os.environ)
        ) as child:
            assert child.stdout is not None
            assert child.stderr is not None
            assert child.stdout.readline() == "ready\n"
            child.send_signal(signal.SIGTERM)
            assert "SIGTERM: ending" in child.stderr.readline()
            for _ in range(signals - 1):
                child.send_signal(signal.SIGTERM)
            assert child.wait(30) == status


# --- what is wrong is told, and ends in 2 ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("option", "said"),
    [
        ("--listen=8080", "'8080' is no address; write :8080"),
        ("--listen=:65536", "':65536' is no address"),
        ("--namespace=Shop", "'Shop' is no namespace"),
        ("--namespace-selector=a b", "is no label selector"),
        ("--leader-elect", "Give --lease-namespace, or --no-leader-elect"),
        ("--resync=soon", "'soon' is no time"),
        ("--context=nowhere", "nowhere"),
    ],
)
def test_what_cannot_be_meant_is_told(scene: ClusterScene, option: str, said: str) -> None:
    done = run("run", "--kubeconfig", scene.kubeconfig, option)
    assert done.code == 2
    assert said in done.err


def test_a_port_that_is_taken_is_told(scene: ClusterScene, account: LimitedAccount) -> None:
    with program(scene, account) as running:
        eventually("it listens", lambda: running.answers("healthz"))
        done = run("run", "--kubeconfig", scene.kubeconfig, f"--listen=127.0.0.1:{running.port}")
    assert done.code == 2
    assert "--listen: cannot be listened on" in done.err


def test_help_has_an_example_and_the_exit_status() -> None:
    text = run("run", "--help").out
    assert "Example: gwdeployer run --inputs inputs.yaml" in text
    assert "Exit status" in text
