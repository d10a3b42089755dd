"""``gwdeployer status``: how all owners are, one line each."""

from __future__ import annotations

import json
import os
import subprocess
from datetime import UTC, datetime
from typing import Any

import pytest

from gwdeployer.cli.status import Printer, age_of
from gwdeployer.diagnosis.overview import Row
from gwdeployer.objects import Object, ObjectRef
from gwdeployer_gateway import GATEWAY
from tests.cli.cluster_scene import DEPLOYMENT, SERVICE, ClusterScene
from tests.cli.running import Done, run
from tests.cli.test_process import COMMAND

HEADER = ["NAMESPACE", "OWNER", "READY", "OBJECTS", "PODS", "ADDRESS", "AGE", "WHY"]


def status(scene: ClusterScene, *arguments: object) -> Done:
    return run("status", "--kubeconfig", scene.kubeconfig, "-n", scene.namespace, *arguments)


def cells(done: Done) -> list[list[str]]:
    """Return the lines of a table, by columns; the last one may have spaces."""
    return [line.split(maxsplit=len(HEADER) - 1) for line in done.out.splitlines()]


def report(scene: ClusterScene, gateway: Object, *conditions: Any, **more: Any) -> None:
    """Write a Gateway's status, as a controller does."""
    live = scene.there(GATEWAY, gateway["metadata"]["name"])
    stated = [{"type": type_, "status": word, "reason": reason} for type_, word, reason in conditions]
    value = {"conditions": stated, **more}
    patch = [{"op": "add", "path": "/status", "value": value}]
    scene.cluster.json_patch(ObjectRef.of(live), patch, manager="tests", subresource="status")


def test_an_owner_that_no_controller_has_seen_is_not_known_to_be_ready(scene: ClusterScene) -> None:
    scene.put(scene.gateway())
    done = status(scene)
    assert (done.code, done.err) == (1, "")
    header, line = cells(done)
    assert header == HEADER
    assert line[:6] == [scene.namespace, "Gateway/web", "Unknown", "0/4", "0/1", "-"]
    assert line[-1] == "NoStatus: no controller has said anything yet"


def test_a_ready_owner_has_its_objects_pods_and_address(scene: ClusterScene) -> None:
    gateway = scene.gateway()
    scene.deployed(gateway)
    scene.server.make_available(scene.there(DEPLOYMENT, "web"))
    report(scene, gateway, ("Accepted", "True", "Accepted"), addresses=[{"value": "192.0.2.7"}])
    done = status(scene)
    assert (done.code, done.err) == (0, "")
    assert cells(done)[1][:6] == [scene.namespace, "Gateway/web", "True", "4/4", "1/1", "192.0.2.7"]


def test_why_an_owner_is_not_ready_is_its_first_bad_condition(scene: ClusterScene) -> None:
    scene.put(scene.gateway())
    report(scene, scene.gateway(), ("Accepted", "True", "Accepted"), ("Programmed", "False", "NoResources"))
    done = status(scene)
    assert done.code == 1
    assert (cells(done)[1][2], cells(done)[1][-1]) == ("False", "NoResources")


def test_what_cannot_be_planned_says_why(scene: ClusterScene) -> None:
    refers = {"parametersRef": {"group": "gateway.kgateway.dev", "kind": "GatewayParameters", "name": "no"}}
    scene.put(scene.gateway(infrastructure=refers))
    line = cells(status(scene))[1]
    assert line[2:6] == ["Unknown", "-", "-", "-"]
    assert "GatewayParameters" in line[-1]
    assert "Gateway " not in line[-1]


def test_owners_of_others_are_left_alone_and_count_as_nothing_wrong(scene: ClusterScene) -> None:
    scene.put(scene.gateway(gatewayClassName="nobodys"))
    done = status(scene)
    assert done.code == 0
    assert cells(done)[1][2] == "-"
    assert cells(done)[1][-1] == "GatewayClass nobodys does not exist"


def test_objects_of_somebody_else_are_not_the_owners(scene: ClusterScene) -> None:
    scene.put(scene.gateway())
    metadata = {"name": "web", "namespace": scene.namespace}
    ports = {"ports": [{"port": 80}]}
    scene.put({"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": ports})
    assert scene.live(SERVICE, "web") is not None
    assert cells(status(scene))[1][3] == "0/4"


def test_wide_has_the_class_and_json_everything(scene: ClusterScene) -> None:
    scene.put(scene.gateway())
    header, line = (text.split() for text in status(scene, "-o", "wide").out.splitlines())
    assert line[header.index("CLASS")] == scene.class_name
    [item] = json.loads(status(scene, "-o", "json").out)
    assert (item["kind"], item["name"], item["ready"]) == ("Gateway", "web", None)
    assert item["objects"] == {"planned": 4, "there": 0}
    assert item["pods"] == {"available": 0, "wanted": 1}


def test_watching_prints_a_line_again_when_it_changes(scene: ClusterScene) -> None:
    scene.put(scene.gateway())
    command = [*COMMAND, "status", "--kubeconfig", str(scene.kubeconfig), "-n", scene.namespace, "-w"]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONUNBUFFERED": "1"}
    ) as running:
        assert running.stdout is not None
        try:
            assert running.stdout.readline().split() == HEADER
            assert "Unknown" in running.stdout.readline()
            report(scene, scene.gateway(), ("Accepted", "True", "Accepted"))
            assert running.stdout.readline().split()[1:3] == ["Gateway/web", "True"]
            scene.cluster.delete(ObjectRef(GATEWAY, scene.namespace, "web"))
            assert running.stdout.readline().split()[1:] == ["Gateway/web", "is", "gone"]
        finally:
            running.terminate()


def test_a_server_that_does_not_answer_is_told_at_once(scene: ClusterScene) -> None:
    kubeconfig = scene.folder / "elsewhere"
    kubeconfig.write_text(scene.server.kubeconfig.read_text().replace(scene.server.url, "http://127.0.0.1:1"))
    done = run("status", "--kubeconfig", kubeconfig)
    assert done.code == 1
    [error] = done.errors
    assert "Connection refused" in error


# --- what is printed ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [(0, "0s"), (119, "119s"), (120, "2m"), (7199, "119m"), (7200, "2h"), (200000, "2d")],
)
def test_ages_are_shown_as_kubectl_shows_them(seconds: int, shown: str) -> None:
    now = datetime.fromtimestamp(1_800_000_000 + seconds, UTC)
    assert age_of(datetime.fromtimestamp(1_800_000_000, UTC).isoformat(), now) == shown


def test_nothing_is_printed_again_where_nothing_has_changed(capsys: pytest.CaptureFixture[str]) -> None:
    printer = Printer("json")
    row = Row(ObjectRef(GATEWAY, "shop", "web"), "ours", "")
    printer.show([row])
    capsys.readouterr()
    printer.show([row])
    assert capsys.readouterr().out == ""
    printer.show([row._replace(ready=True)])
    assert json.loads(capsys.readouterr().out)["ready"] is True


def test_help_has_an_example_and_the_exit_status() -> None:
    text = run("status", "--help").out
    assert "Example: gwdeployer status -n shop -w" in text
    assert "Exit status" in text
