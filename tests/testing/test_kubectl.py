"""The real kubectl works with the server."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from gwdeployer.testing import APIServer
from tests.testing.test_server import crd

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

BUILT = sorted(Path.home().glob(".cache/gwdeployer/test-servers/*/kubectl"))
FOLDERS = [os.environ.get("KUBEBUILDER_ASSETS", ""), *(str(path.parent) for path in reversed(BUILT))]
KUBECTL = shutil.which("kubectl", path=os.pathsep.join([*filter(None, FOLDERS), os.environ["PATH"]]))

pytestmark = pytest.mark.skipif(KUBECTL is None, reason="there is no kubectl in PATH")

WEB = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: %d
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: main, image: nginx}]}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: settings}
data: {colour: blue}
"""


@pytest.fixture
def server() -> Iterator[APIServer]:
    with APIServer(crds=[crd()]) as one:
        yield one


@pytest.fixture
def kubectl(server: APIServer, tmp_path: Path) -> Callable[..., str]:
    """Run kubectl and return what it prints; its exit status must be the one that is expected."""
    environment = {
        "HOME": str(tmp_path),
        "PATH": "/usr/bin:/bin",
        "KUBECONFIG": str(server.write_kubeconfig(tmp_path / "config")),
    }

    def run(*words: str, code: int = 0) -> str:
        command = [str(KUBECTL), *words]
        done = subprocess.run(
            command, capture_output=True, text=True, env=environment, cwd=tmp_path, timeout=60, check=False
        )
        assert done.returncode == code, done.stdout + done.stderr
        return done.stdout + done.stderr

    (tmp_path / "web.yaml").write_text(WEB % 1)
    (tmp_path / "more.yaml").write_text(WEB % 2)
    return run


def test_apply_creates_changes_and_leaves_alone(kubectl: Callable[..., str]) -> None:
    apply = ("apply", "--server-side", "-f", "web.yaml")
    assert kubectl(*apply) == (
        "deployment.apps/web serverside-applied\nconfigmap/settings serverside-applied\n"
    )
    version = "-o=jsonpath={.metadata.resourceVersion}"
    before = kubectl("get", "deployment", "web", version)
    kubectl(*apply)
    assert kubectl("get", "deployment", "web", version) == before
    other = kubectl("apply", "--server-side", "--field-manager=other", "-f", "more.yaml", code=1)
    assert 'conflict with "kubectl": .spec.replicas' in other
    kubectl("apply", "--server-side", "--field-manager=other", "--force-conflicts", "-f", "more.yaml")
    assert kubectl("get", "deployment", "web", "-o=jsonpath={.spec.replicas}") == "2"


def test_apply_on_the_client_side_works_as_well(kubectl: Callable[..., str]) -> None:
    assert "deployment.apps/web created" in kubectl("apply", "-f", "web.yaml")
    assert "deployment.apps/web configured" in kubectl("apply", "-f", "more.yaml")
    assert "deployment.apps/web unchanged" in kubectl("apply", "-f", "more.yaml")
    assert "server dry run" in kubectl("apply", "--dry-run=server", "-f", "web.yaml")
    assert kubectl("get", "deployment", "web", "-o=jsonpath={.spec.replicas}") == "2"


def test_apply_refuses_unknown_fields(kubectl: Callable[..., str], tmp_path: Path) -> None:
    (tmp_path / "odd.yaml").write_text(
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: odd}\nunheard: {of: it}\n"
    )
    assert 'unknown field "unheard"' in kubectl("create", "-f", "odd.yaml", code=1)


def test_get_shows_tables(kubectl: Callable[..., str]) -> None:
    kubectl("create", "-f", "web.yaml")
    header, row = kubectl("get", "deployments").splitlines()
    assert header.split() == ["NAME", "READY", "UP-TO-DATE", "AVAILABLE", "AGE"]
    assert row.split()[:4] == ["web", "0/1", "0", "0"]
    assert kubectl("get", "configmap", "settings").splitlines()[0].split() == ["NAME", "DATA", "AGE"]
    assert "web" in kubectl("get", "all")
    assert "No resources found in default namespace." in kubectl("get", "pods")
    assert 'pods "p" not found' in kubectl("get", "pod", "p", code=1)
    wide = kubectl("get", "deployments", "-o", "wide", "--show-labels", "-A")
    assert wide.split()[:2] == ["NAMESPACE", "NAME"]


def test_get_watches(kubectl: Callable[..., str]) -> None:
    kubectl("create", "-f", "web.yaml")
    printed = kubectl("get", "configmaps", "--watch", "--request-timeout=1s", code=0)
    assert [line.split()[0] for line in printed.splitlines()[:2]] == ["NAME", "settings"]


def test_diff_shows_what_would_change(kubectl: Callable[..., str]) -> None:
    kubectl("apply", "--server-side", "-f", "web.yaml")
    assert kubectl("diff", "--server-side", "-f", "web.yaml") == ""
    shown = kubectl("diff", "--server-side", "-f", "more.yaml", code=1)
    assert "-  replicas: 1\n+  replicas: 2\n" in shown
    assert kubectl("diff", "--server-side", "-f", "web.yaml") == ""


def test_wait_sees_conditions_and_deletions(kubectl: Callable[..., str]) -> None:
    kubectl("create", "-f", "web.yaml")
    status = {"conditions": [{"type": "Available", "status": "True", "reason": "x", "message": ""}]}
    patch = json.dumps({"status": status})
    kubectl("patch", "deployment", "web", "--subresource=status", "--type=merge", "-p", patch)
    wait = ("wait", "deployment/web", "--timeout=10s")
    assert "condition met" in kubectl(*wait, "--for=condition=Available")
    assert "timed out" in kubectl(
        "wait", "deployment/web", "--for=condition=Progressing", "--timeout=1s", code=1
    )
    kubectl("delete", "deployment", "web", "--wait=false")
    assert kubectl(*wait, "--for=delete") == ""


def test_delete_waits_until_the_object_is_gone(kubectl: Callable[..., str]) -> None:
    kubectl("create", "-f", "web.yaml")
    began = time.monotonic()
    assert 'deployment.apps "web" deleted' in kubectl("delete", "-f", "web.yaml", "--cascade=foreground")
    assert time.monotonic() - began < 10
    assert "NotFound" in kubectl("get", "deployment", "web", code=1)


def test_explain_tells_of_built_in_and_custom_kinds(kubectl: Callable[..., str]) -> None:
    assert "KIND:       Deployment" in kubectl("explain", "deployment")
    field = kubectl("explain", "deployment.spec.template.spec.containers")
    assert "FIELD: containers <[]Container>" in field
    assert "replicas\t<integer>" in kubectl("explain", "site.spec")


def test_create_label_annotate_patch_and_scale(kubectl: Callable[..., str]) -> None:
    assert kubectl("create", "deployment", "web", "--image=nginx") == "deployment.apps/web created\n"
    assert kubectl("create", "configmap", "settings", "--from-literal=a=b") == "configmap/settings created\n"
    assert kubectl("create", "secret", "generic", "s", "--from-literal=a=b") == "secret/s created\n"
    assert kubectl("create", "namespace", "shop") == "namespace/shop created\n"
    assert kubectl("label", "configmap", "settings", "tier=front") == "configmap/settings labeled\n"
    assert kubectl("annotate", "configmap", "settings", "a/b=c") == "configmap/settings annotated\n"
    assert kubectl("scale", "deployment", "web", "--replicas=3") == "deployment.apps/web scaled\n"
    patch = '{"data": {"x": "1"}}'
    assert kubectl("patch", "configmap", "settings", "-p", patch) == "configmap/settings patched\n"
    shown = json.loads(kubectl("get", "configmap", "settings", "-o", "json"))
    assert (shown["data"], shown["metadata"]["labels"]) == ({"a": "b", "x": "1"}, {"tier": "front"})
    assert kubectl("get", "deployment", "web", "-o=jsonpath={.spec.replicas}") == "3"
    assert "already exists" in kubectl("create", "namespace", "shop", code=1)
    assert kubectl("auth", "can-i", "delete", "pods") == "yes\n"


def test_the_cluster_is_described(kubectl: Callable[..., str]) -> None:
    assert "Server Version: v1.36" in kubectl("version")
    assert "sites" in kubectl("api-resources", "--api-group=example.com")
    assert "example.com/v1" in kubectl("api-versions")
    kubectl("create", "-f", "web.yaml")
    described = kubectl("describe", "deployment", "web")
    assert "Replicas:               1 desired" in described
