"""``gwdeployer manifests``: what kubectl applies is an install."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
import yaml

from gwdeployer.cluster import KubernetesCluster
from gwdeployer.objects import KindRef, Object
from tests.cli.running import run
from tests.servers import binaries
from tests.servers.servers import Server

IMAGE = "example.com/gwdeployer:1"


@pytest.fixture
def namespace(server: Server) -> str:
    """A name that no namespace has yet."""
    return f"{server.namespace()}-system"


def kubectl(server: Server, *arguments: str, stdin: str) -> subprocess.CompletedProcess[str]:
    program = binaries.existing("kubectl")
    if program is None:
        pytest.skip("no kubectl: put one into KUBEBUILDER_ASSETS or PATH, or run make test-cluster once")
    command = [str(program), f"--kubeconfig={server.kubeconfig}", *arguments, "-f", "-"]
    return subprocess.run(command, input=stdin, capture_output=True, text=True, check=False, timeout=120)


def printed(namespace: str, *arguments: str) -> str:
    done = run("manifests", "--image", IMAGE, "--namespace", namespace, *arguments)
    assert (done.code, done.err) == (0, "")
    return done.out


def test_kubectl_installs_it_and_the_second_time_changes_nothing(server: Server, namespace: str) -> None:
    text = printed(namespace)
    first, second = (kubectl(server, "apply", stdin=text) for _ in range(2))
    assert first.returncode == 0, first.stderr
    assert second.returncode == 0, second.stderr
    changed = [line for line in second.stdout.splitlines() if not line.endswith(" unchanged")]
    # kubectl says so of every PodDisruptionBudget: it always sends its selector, which it replaces.
    assert changed == ["poddisruptionbudget.policy/gwdeployer configured"]
    assert len(second.stdout.splitlines()) == len(list(yaml.safe_load_all(text)))
    # Pod security is checked by warnings when a Deployment is written, and for good when its pods are.
    assert "violate" not in first.stderr


def test_a_server_that_enforces_the_restricted_standard_runs_its_pods(server: Server, namespace: str) -> None:
    assert kubectl(server, "apply", stdin=printed(namespace)).returncode == 0
    cluster = KubernetesCluster.connect(server.kubeconfig)
    try:
        enforced = cluster.get(KindRef("", "v1", "Namespace"), "", namespace)
        deployment = cluster.get(KindRef("apps", "v1", "Deployment"), namespace, "gwdeployer")
    finally:
        cluster.close()
    assert enforced is not None
    assert enforced["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] == "restricted"
    assert deployment is not None
    available = server.make_available(deployment)
    assert available["status"]["availableReplicas"] == 2


def test_a_server_accepts_it_in_a_dry_run(server: Server) -> None:
    # Nothing can be in a namespace that a dry run has only pretended to make.
    namespace = server.namespace()
    done = kubectl(
        server, "apply", "--dry-run=server", stdin=printed(namespace, "--watch-namespace", namespace)
    )
    assert done.returncode == 0, done.stderr
    assert "violate" not in done.stderr


def test_wrong_inputs_are_told_before_anything_is_installed(tmp_path: Path) -> None:
    inputs = tmp_path / "inputs.yaml"
    inputs.write_text("controllerNam: x\n")
    done = run("manifests", "--image", IMAGE, "--inputs", inputs)
    assert (done.code, done.out) == (2, "")
    assert "controllerName" in done.errors[0]


def test_inputs_of_the_environment_are_installed_too(tmp_path: Path) -> None:
    inputs = tmp_path / "inputs.yaml"
    inputs.write_text("version: '1'\n")
    arguments = ("--image", IMAGE, "--inputs", inputs, "-o", "json")
    done = run("manifests", *arguments, env={"GWDEPLOYER_INPUTS_CONTROL_PLANE__XDS_PORT": "1234"})
    [config_map] = [obj for obj in items(done.out) if obj["kind"] == "ConfigMap"]
    read = yaml.safe_load(config_map["data"]["inputs.yaml"])
    assert read == {"version": "1", "controlPlane": {"xdsPort": "1234"}}


def items(text: str) -> list[Object]:
    found: list[Object] = json.loads(text)["items"]
    return found


def test_an_image_has_to_be_named_since_none_is_published() -> None:
    done = run("manifests")
    assert done.code == 2
    assert "Missing option '--image'" in done.err
    assert "Example: gwdeployer manifests --image" in run("manifests", "--help").out
