"""``gwdeployer diff``: what would change, and nothing that does."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from gwdeployer import KindRef, ObjectRef
from gwdeployer.cli.comparison import file_name, texts, unified
from gwdeployer.cluster import Change
from gwdeployer.objects import Object
from tests.cli.cluster_scene import SECRET, SERVICE, ClusterScene
from tests.cli.running import Done
from tests.cli.test_apply import REFERS

COMMAND = [sys.executable, "-c", "from gwdeployer.cli.main import main; main()"]


def changed_lines(done: Done) -> list[str]:
    return [line for line in done.out.splitlines() if line[:1] in "+-" and line[:3] not in ("+++", "---")]


def headers(done: Done) -> list[str]:
    return [line for line in done.out.splitlines() if line.startswith("+++")]


# --- What it shows -----------------------------------------------------------------------------------------


def test_nothing_is_shown_where_all_is_as_planned(scene: ClusterScene) -> None:
    path = scene.deployed(scene.gateway())
    assert scene.run("diff", path) == Done(0, "", "")


def test_a_change_is_a_unified_diff_of_what_is_stored(scene: ClusterScene) -> None:
    scene.deployed(scene.gateway(**REFERS), scene.parameters(deployment={"replicas": 2}))
    path = scene.file(scene.gateway(**REFERS), scene.parameters(deployment={"replicas": 3}))
    before = scene.state()
    done = scene.run("diff", path)
    assert (done.code, done.err) == (1, "")
    name = f"apps.v1.Deployment.{scene.namespace}.web"
    assert done.out.splitlines()[:2] == [f"--- LIVE/{name}", f"+++ MERGED/{name}"]
    assert changed_lines(done) == ["-  replicas: 2", "+  replicas: 3"]
    assert scene.state() == before


def test_new_objects_are_compared_with_nothing_and_have_the_servers_defaults(scene: ClusterScene) -> None:
    gateway = scene.gateway()
    scene.put(gateway)
    before = scene.state()
    done = scene.run("diff", scene.file(gateway))
    assert done.code == 1
    kinds = ["apps.v1.Deployment", "v1.ConfigMap", "v1.Service", "v1.ServiceAccount"]
    assert headers(done) == [f"+++ MERGED/{kind}.{scene.namespace}.web" for kind in kinds]
    assert {line[0] for line in changed_lines(done)} == {"+"}
    assert "+  revisionHistoryLimit: 10" in changed_lines(done)
    assert scene.state() == before


def test_what_would_be_deleted_is_compared_with_nothing(scene: ClusterScene) -> None:
    scaled = scene.parameters(podDisruptionBudget={"spec": {"minAvailable": 1}})
    scene.deployed(scene.gateway(**REFERS), scaled)
    before = scene.state()
    done = scene.run("diff", scene.file(scene.gateway(**REFERS), scene.parameters()))
    assert done.code == 1
    assert headers(done) == [f"+++ MERGED/policy.v1.PodDisruptionBudget.{scene.namespace}.web"]
    assert {line[0] for line in changed_lines(done)} == {"-"}
    assert scene.state() == before


def test_replicas_that_an_autoscaler_takes_over_do_not_change(scene: ClusterScene) -> None:
    scene.deployed(scene.gateway(**REFERS), scene.parameters(deployment={"replicas": 3}))
    scaled = scene.parameters(horizontalPodAutoscaler={"spec": {"minReplicas": 2, "maxReplicas": 5}})
    done = scene.run("diff", scene.file(scene.gateway(**REFERS), scaled))
    assert done.code == 1
    assert headers(done) == [
        f"+++ MERGED/autoscaling.v2.HorizontalPodAutoscaler.{scene.namespace}.web",
    ]


def test_drift_is_shown_as_what_would_be_repaired(scene: ClusterScene) -> None:
    path = scene.deployed(scene.gateway())
    drift = [{"op": "replace", "path": "/spec/ports/0/targetPort", "value": 8080}]
    scene.cluster.json_patch(ObjectRef(SERVICE, scene.namespace, "web"), drift, manager="hand")
    done = scene.run("diff", path)
    assert done.code == 1
    assert changed_lines(done) == ["-    targetPort: 8080", "+    targetPort: 80"]


def test_what_the_server_notes_about_writes_is_not_shown(scene: ClusterScene) -> None:
    gateway = scene.gateway()
    scene.put(gateway)
    out = scene.run("diff", scene.file(gateway)).out
    for noise in (
        "managedFields",
        "resourceVersion",
        "generation",
        "creationTimestamp",
        "status",
        "\n+  uid",
    ):
        assert noise not in out


def test_secrets_are_masked_on_their_way_in_and_out(scene: ClusterScene) -> None:
    inputs = scene.folder / "inputs.yaml"
    inputs.write_text("dataPlane: agentgateway\n")
    gateway = scene.gateway()
    scene.put(gateway)
    coming = scene.run("diff", scene.file(gateway), "--inputs", inputs)
    assert '+  key: "***"' in changed_lines(coming)
    scene.deployed(gateway, arguments=("--inputs", inputs))
    going = scene.run("diff", scene.file(gateway))
    assert '-  key: "***"' in changed_lines(going)
    assert scene.there(SECRET, "web-session-key")["data"]["key"] not in going.out


# --- How it ends -------------------------------------------------------------------------------------------


def test_what_is_wrong_ends_in_2_and_the_rest_is_shown(scene: ClusterScene) -> None:
    gateway = scene.gateway()
    foreign = {"apiVersion": "v1", "kind": "ServiceAccount"}
    scene.put(gateway, {**foreign, "metadata": {"name": "web", "namespace": scene.namespace}})
    done = scene.run("diff", scene.file(gateway, scene.gateway("nowhere")))
    assert done.code == 2
    assert [error.split(": ")[1].split(";")[0] for error in done.errors] == [
        "is not in the cluster",
        "exists and is not ours",
    ]
    assert len(headers(done)) == 3


def process(
    scene: ClusterScene, path: Path, stdout: int, **environment: str
) -> subprocess.CompletedProcess[bytes]:
    command = [*COMMAND, "diff", "-f", str(path), "--kubeconfig", str(scene.server.kubeconfig)]
    return subprocess.run(
        command, stdout=stdout, stderr=subprocess.PIPE, check=False, env={**os.environ, **environment}
    )


def test_another_program_compares_two_folders(scene: ClusterScene, tmp_path: Path) -> None:
    scene.deployed(scene.gateway(**REFERS), scene.parameters(deployment={"replicas": 2}))
    path = scene.file(scene.gateway(**REFERS), scene.parameters(deployment={"replicas": 3}))
    done = process(scene, path, subprocess.PIPE, KUBECTL_EXTERNAL_DIFF="diff -r -U 0")
    assert (done.returncode, done.stderr) == (1, b"")
    lines = done.stdout.decode().splitlines()
    assert lines[0].startswith("diff -r -U 0 ")
    assert f"/LIVE/apps.v1.Deployment.{scene.namespace}.web" in lines[0]
    assert lines[-2:] == ["-  replicas: 2", "+  replicas: 3"]


@pytest.mark.parametrize(
    ("program", "said"),
    [
        ("false --", ""),
        ("sh -c 'exit 3' --", "ended with status 3"),
        ("/no/such", "No such file"),
        ("'", "quot"),
    ],
)
def test_another_program_that_fails_is_named(scene: ClusterScene, program: str, said: str) -> None:
    gateway = scene.gateway()
    scene.put(gateway)
    done = scene.run("diff", scene.file(gateway), KUBECTL_EXTERNAL_DIFF=program)
    assert done.code == (2 if said else 1)
    assert said in done.err
    assert done.err == "" or done.err.startswith("error: KUBECTL_EXTERNAL_DIFF: ")


def test_there_is_colour_on_a_terminal_alone(scene: ClusterScene) -> None:
    gateway = scene.gateway()
    scene.put(gateway)
    path = scene.file(gateway)
    ours, theirs = pty.openpty()
    with os.fdopen(ours, "rb", buffering=0) as screen:
        reader = subprocess.Popen(["cat"], stdin=screen, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        process(scene, path, theirs)
        os.close(theirs)
        shown, _ = reader.communicate(timeout=60)
    assert b"\x1b[32m+kind: Deployment\x1b[0m" in shown
    assert b"\x1b" not in process(scene, path, subprocess.PIPE).stdout


# --- Secrets -----------------------------------------------------------------------------------------------


def secret(annotation: str = "", **data: str) -> Object:
    applied = {"kubectl.kubernetes.io/last-applied-configuration": annotation} if annotation else {}
    metadata = {"name": "s", "namespace": "shop", "uid": "1", "annotations": {"a": "b", **applied}}
    return {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "data": data}


REF = ObjectRef(KindRef("", "v1", "Secret"), "shop", "s")


def compared(before: Object | None, after: Object | None) -> list[str]:
    lines = unified(file_name(REF), *texts(Change(REF, before, after)))
    return [line for line in lines if "***" in line or "hidden" in line]


def test_values_of_a_secret_are_masked_and_told_apart() -> None:
    before = secret(same="hidden", changed="hidden-1", gone="hidden-2")
    after = secret(same="hidden", changed="hidden-3", new="hidden-4")
    assert compared(before, after) == [
        '-  changed: "*** (before)"',
        '-  gone: "***"',
        '+  changed: "*** (after)"',
        '+  new: "***"',
        '   same: "***"',
    ]


@pytest.mark.parametrize("part", ["data", "stringData"])
def test_a_secret_without_values_is_no_reason_to_fail(part: str) -> None:
    empty = {**secret(), part: None}
    assert compared(empty, secret(a="hidden")) == ['+  a: "***"']


def test_the_manifest_that_kubectl_keeps_in_a_secret_is_masked_too() -> None:
    name = "kubectl.kubernetes.io/last-applied-configuration"
    assert compared(secret("hidden-1", a="x"), secret("hidden-2", a="x")) == [
        f'-    {name}: "*** (before)"',
        f'+    {name}: "*** (after)"',
    ]


def test_other_kinds_are_not_masked() -> None:
    ref = ObjectRef(KindRef("", "v1", "ConfigMap"), "shop", "s")
    _, after = texts(Change(ref, None, {**secret(a="shown"), "kind": "ConfigMap"}))
    assert "a: shown" in after
    assert "uid" not in after
