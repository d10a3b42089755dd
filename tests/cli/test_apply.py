"""``gwdeployer apply``: what it does in a cluster, what it prints, and how it ends."""

from __future__ import annotations

import io
import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from gwdeployer.cli.apply import lines_of
from gwdeployer.cli.progress import Progress
from gwdeployer.cluster import KubernetesCluster, Pending, PruneResult, ReconcileResult
from gwdeployer.objects import KindRef, Object, ObjectRef
from gwdeployer_gateway import GATEWAY
from tests.cli.cluster_scene import CONFIG_MAP, DEPLOYMENT, SECRET, SERVICE, ClusterScene
from tests.cli.running import run
from tests.servers.control_plane import kubeconfig_of

AUTOSCALER = KindRef("autoscaling", "v2", "HorizontalPodAutoscaler")
NAMES = ["serviceaccount/web", "configmap/web", "service/web", "deployment.apps/web"]
REFERS: dict[str, Any] = {
    "infrastructure": {
        "parametersRef": {"group": "gateway.kgateway.dev", "kind": "GatewayParameters", "name": "web"}
    }
}


def lines(action: str, names: list[str] = NAMES) -> list[str]:
    return [f"{name} {action}" for name in names]


# --- What is done, and said --------------------------------------------------------------------------------


def test_each_object_has_a_line_as_kubectl_words_it(scene: ClusterScene) -> None:
    gateway = scene.gateway()
    scene.put(gateway)
    path = scene.file(gateway)
    first, second = scene.run("apply", path), scene.run("apply", path)
    assert (first.code, first.err, first.out.splitlines()) == (0, "", lines("created"))
    assert (second.code, second.err, second.out.splitlines()) == (0, "", lines("unchanged"))
    owner = scene.there(DEPLOYMENT, "web")["metadata"]["ownerReferences"][0]
    assert owner["uid"] == scene.there(GATEWAY, "web")["metadata"]["uid"]


def test_what_changes_is_configured_and_what_is_no_longer_needed_deleted(scene: ClusterScene) -> None:
    scaled = scene.parameters(horizontalPodAutoscaler={"spec": {"maxReplicas": 3}})
    scene.deployed(scene.gateway(**REFERS), scaled)
    assert scene.live(AUTOSCALER, "web") is not None
    fixed = scene.parameters(deployment={"replicas": 2})
    done = scene.run("apply", scene.file(scene.gateway(**REFERS), fixed))
    assert done.out.splitlines() == [
        *lines("unchanged", NAMES[:3]),
        "deployment.apps/web configured",
        "horizontalpodautoscaler.autoscaling/web deleted",
    ]
    assert scene.live(AUTOSCALER, "web") is None
    assert scene.there(DEPLOYMENT, "web")["spec"]["replicas"] == 2


def test_drift_is_repaired(scene: ClusterScene) -> None:
    path = scene.deployed(scene.gateway())
    drift = [{"op": "replace", "path": "/spec/selector", "value": {"app": "wrong"}}]
    scene.cluster.json_patch(ObjectRef(SERVICE, scene.namespace, "web"), drift, manager="hand")
    assert "service/web configured" in scene.run("apply", path).out
    assert scene.there(SERVICE, "web")["spec"]["selector"] != {"app": "wrong"}


def test_a_server_dry_run_says_the_same_and_does_nothing(scene: ClusterScene) -> None:
    gateway = scene.gateway()
    scene.put(gateway)
    done = scene.run("apply", scene.file(gateway), "--dry-run", "server")
    assert (done.code, done.err) == (0, "")
    assert done.out.splitlines() == lines("created (server dry run)")
    assert scene.live(CONFIG_MAP, "web") is None
    assert scene.live(DEPLOYMENT, "web") is None


def test_what_another_data_plane_has_left_is_deleted(scene: ClusterScene) -> None:
    inputs = scene.folder / "inputs.yaml"
    inputs.write_text("dataPlane: agentgateway\n")
    path = scene.deployed(scene.gateway(), arguments=("--inputs", inputs))
    assert scene.live(SECRET, "web-session-key") is not None
    done = scene.run("apply", path)
    assert (done.code, done.errors) == (0, [])
    assert "secret/web-session-key deleted" in done.out.splitlines()
    assert scene.live(SECRET, "web-session-key") is None


def test_a_session_key_that_only_the_cluster_has_is_kept(scene: ClusterScene) -> None:
    inputs = scene.folder / "inputs.yaml"
    inputs.write_text("dataPlane: agentgateway\n")
    path = scene.deployed(scene.gateway(), arguments=("--inputs", inputs))
    key = scene.there(SECRET, "web-session-key")["data"]
    done = scene.run("apply", path, "--inputs", inputs)
    assert {line.split()[-1] for line in done.out.splitlines()} == {"unchanged"}
    assert scene.there(SECRET, "web-session-key")["data"] == key


# --- What is read ------------------------------------------------------------------------------------------


def test_what_the_files_do_not_have_is_read_from_the_cluster(scene: ClusterScene) -> None:
    gateway = scene.gateway(**REFERS)
    scene.put(gateway, scene.parameters(deployment={"replicas": 4}))
    assert scene.run("apply", scene.file(gateway)).code == 0
    assert scene.there(DEPLOYMENT, "web")["spec"]["replicas"] == 4


def test_what_the_files_have_takes_the_place_of_what_the_cluster_has(scene: ClusterScene) -> None:
    gateway = scene.gateway(**REFERS)
    scene.put(gateway, scene.parameters(deployment={"replicas": 4}))
    path = scene.file(gateway, scene.parameters(deployment={"replicas": 2}))
    assert scene.run("apply", path).code == 0
    assert scene.there(DEPLOYMENT, "web")["spec"]["replicas"] == 2


def test_an_owner_is_the_one_in_the_cluster_whatever_its_file_remembers(scene: ClusterScene) -> None:
    stale = {"uid": "of-long-ago", "resourceVersion": "1", "finalizers": ["gwdeployer.dev/cleanup"]}
    gateway = scene.gateway(metadata=stale)
    scene.put(scene.gateway())
    done = scene.run("apply", scene.file(gateway))
    assert (done.code, done.out.splitlines()) == (0, lines("created"))
    owner = scene.there(DEPLOYMENT, "web")["metadata"]["ownerReferences"][0]
    assert owner["uid"] == scene.there(GATEWAY, "web")["metadata"]["uid"]


def test_an_owner_that_is_not_in_the_cluster_is_one_fault_and_the_others_go_on(scene: ClusterScene) -> None:
    here, nowhere = scene.gateway("here"), scene.gateway("nowhere")
    scene.put(here)
    done = scene.run("apply", scene.file(nowhere, here))
    assert done.code == 2
    assert done.errors == [
        f"Gateway {scene.namespace}/nowhere: is not in the cluster; kubectl apply it first"
    ]
    assert "deployment.apps/here created" in done.out


def test_an_owner_that_is_being_deleted_is_cleaned_up(scene: ClusterScene) -> None:
    path = scene.deployed(scene.gateway(metadata={"finalizers": ["example.com/stays"]}))
    scene.cluster.delete(ObjectRef(GATEWAY, scene.namespace, "web"))
    done = scene.run("apply", path)
    assert done.code == 0
    assert done.notes == [f"Gateway {scene.namespace}/web is left alone: is being deleted"]
    assert sorted(done.out.splitlines()) == sorted(lines("deleted"))


def test_an_owner_of_somebody_elses_class_is_left_alone_wherever_it_is(scene: ClusterScene) -> None:
    other = {"name": f"theirs-{scene.namespace}"}
    scene.put(
        {
            "apiVersion": GATEWAY.api_version,
            "kind": "GatewayClass",
            "metadata": other,
            "spec": {"controllerName": "istio.io/gateway-controller"},
        }
    )
    done = scene.run("apply", scene.file(scene.gateway(gatewayClassName=other["name"])))
    assert (done.code, done.out) == (0, "")
    assert "belongs to 'istio.io/gateway-controller'" in done.notes[0]


def test_an_object_that_is_being_deleted_is_not_applied_and_said_so(scene: ClusterScene) -> None:
    path = scene.deployed(scene.gateway())
    ref = ObjectRef(CONFIG_MAP, scene.namespace, "web")
    hold = [{"op": "add", "path": "/metadata/finalizers", "value": ["example.com/stays"]}]
    scene.cluster.json_patch(ref, hold, manager="hand")
    scene.cluster.delete(ref)
    done = scene.run("apply", path)
    assert done.code == 1
    assert done.errors == [
        f"ConfigMap {scene.namespace}/web: is being deleted; once it is gone, do the same again"
    ]
    assert "configmap/web" not in done.out


def test_what_stays_for_the_time_being_is_said() -> None:
    owner = ObjectRef(GATEWAY, "shop", "web")
    old = ObjectRef(DEPLOYMENT, "shop", "web")
    stays = Pending(old, "stays until DaemonSet shop/web is available, 600 s at most")
    result = ReconcileResult(owner, pruned=PruneResult(owner, pending=(stays,)))
    assert [*lines_of(result)] == [
        "deployment.apps/web stays until DaemonSet shop/web is available, 600 s at most"
    ]


# --- What is refused ---------------------------------------------------------------------------------------


def foreign(**metadata: Any) -> Object:
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "web", **metadata},
        "spec": {"ports": [{"port": 1, "protocol": "TCP"}], "selector": {"release": "web"}},
    }


def test_a_foreign_object_is_refused_and_the_rest_is_applied(scene: ClusterScene) -> None:
    gateway = scene.gateway()
    scene.put(gateway, foreign(namespace=scene.namespace), manager="helm")
    done = scene.run("apply", scene.file(gateway))
    assert done.code == 1
    assert done.errors == [
        f"Service {scene.namespace}/web: exists and is not ours: it is nobody's that we know of; delete it, "
        f'or adopt it: gwdeployer.dev/adopt: "Service/web" on Gateway {scene.namespace}/web'
    ]
    assert done.out.splitlines() == lines("created", [name for name in NAMES if name != "service/web"])


def test_an_object_is_adopted_where_the_owner_asks(scene: ClusterScene) -> None:
    scene.put(foreign(namespace=scene.namespace), manager="helm")
    gateway = scene.gateway(metadata={"annotations": {"gwdeployer.dev/adopt": "Service/web"}})
    scene.put(gateway)
    done = scene.run("apply", scene.file(gateway))
    assert (done.code, done.errors) == (0, [])
    assert "service/web adopted from helm" in done.out.splitlines()


def deployment(scene: ClusterScene) -> Object:
    labels = {"app": "theirs"}
    template = {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "c", "image": "i"}]}}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "web", "namespace": scene.namespace},
        "spec": {"selector": {"matchLabels": labels}, "template": template},
    }


def test_an_immutable_field_is_named_with_what_would_allow_to_change_it(scene: ClusterScene) -> None:
    scene.put(deployment(scene), manager="helm")
    annotations = {"gwdeployer.dev/adopt": "Deployment/web"}
    gateway = scene.gateway(metadata={"annotations": annotations})
    scene.put(gateway)
    refused = scene.run("apply", scene.file(gateway))
    assert refused.code == 1
    [error] = refused.errors
    assert error.startswith(f"Deployment {scene.namespace}/web spec.selector: ")
    assert 'gwdeployer.dev/recreate: "immutable"' in error
    annotations["gwdeployer.dev/recreate"] = "immutable"
    done = scene.run("apply", scene.file(gateway))
    assert (done.code, done.errors) == (0, [])
    assert "deployment.apps/web recreated" in done.out.splitlines()


def test_a_fault_of_one_owner_does_not_keep_others_and_touches_nothing(scene: ClusterScene) -> None:
    good, bad = scene.gateway("good"), scene.gateway(**REFERS)
    scene.deployed(good, bad, scene.parameters())
    before = scene.there(DEPLOYMENT, "web")["spec"]
    broken = scene.file(scene.gateway("good", port=81), bad, scene.parameters(deployment={"replicas": -1}))
    done = scene.run("apply", broken)
    assert done.code == 2
    assert "spec.kube.deployment.replicas" in done.err
    assert "deployment.apps/good configured" in done.out
    assert "/web" not in done.out
    assert scene.there(DEPLOYMENT, "web")["spec"] == before


def test_what_is_not_done_in_time_is_named(scene: ClusterScene) -> None:
    gateway = scene.gateway()
    scene.put(gateway)
    done = scene.run("apply", scene.file(gateway), "--timeout", "0.000001s")
    assert done.code == 1
    assert "not done within 1e-06 s" in done.err


@pytest.mark.parametrize("given", ["0", "-1", "soon", "", "1d"])
def test_a_time_that_is_none_is_refused(given: str, tmp_path: Path) -> None:
    done = run("apply", "-f", tmp_path, "--timeout", given)
    assert done.code == 2
    assert "is no time; write 90s or 1m30s" in done.err


# --- Clusters that do not answer, or not as hoped ----------------------------------------------------------


@pytest.mark.parametrize(
    "content",
    ["", "a: [", "[]", "{}", "clusters: 3", "\x00", "kind: Config\ncurrent-context: x\ncontexts: []\n"],
)
@pytest.mark.parametrize("command", ["apply", "diff"])
def test_a_kubeconfig_that_is_none_is_one_fault(command: str, content: str, tmp_path: Path) -> None:
    path = tmp_path / "kubeconfig"
    path.write_text(content)
    done = run(command, "-f", tmp_path, "--kubeconfig", path)
    assert done.code == 2
    assert done.err.startswith("error: kubeconfig")
    assert str(path) in done.err
    assert done.err.count("\n") == 1


def test_no_kubeconfig_is_one_fault(tmp_path: Path) -> None:
    path = tmp_path / "nowhere"
    done = run("apply", "-f", tmp_path, env={"KUBECONFIG": str(path), "HOME": str(tmp_path)})
    assert done.code == 2
    said = "Invalid kube-config file. No configuration found; name a kubeconfig, or set KUBECONFIG"
    assert done.errors == [f"kubeconfig {path}: {said}"]


def altered(scene: ClusterScene, change: Any) -> Path:
    """Return a kubeconfig with a change."""
    content = yaml.safe_load(scene.server.kubeconfig.read_text())
    change(content)
    path = scene.folder / "kubeconfig"
    path.write_text(json.dumps(content))
    return path


def test_an_unknown_context_is_one_fault(scene: ClusterScene) -> None:
    done = scene.run("apply", scene.file(scene.gateway()), "--context", "nowhere")
    assert done.code == 2
    [error] = done.errors
    assert re.fullmatch(r"kubeconfig: .*nowhere.*; see kubectl config get-contexts", error)


@pytest.mark.parametrize(("command", "code"), [("apply", 1), ("diff", 2)])
def test_a_server_that_does_not_answer_is_one_error_for_all_owners(
    scene: ClusterScene, command: str, code: int
) -> None:
    def elsewhere(content: Any) -> None:
        content["clusters"][0]["cluster"]["server"] = "http://127.0.0.1:1"

    path = scene.file(scene.gateway("a"), scene.gateway("b"))
    done = scene.run(command, path, "--kubeconfig", altered(scene, elsewhere))
    assert (done.code, done.out) == (code, "")
    [error] = done.errors
    assert "no answer to get" in error
    assert "Connection refused" in error


def test_credentials_that_are_not_accepted_are_one_error(scene: ClusterScene) -> None:
    if not scene.server.has_rbac:
        pytest.skip("the server asks nobody who they are")

    def forged(content: Any) -> None:
        content["users"][0]["user"] = {"token": "forged"}

    done = scene.run(
        "apply", scene.file(scene.gateway("a"), scene.gateway("b")), "--kubeconfig", altered(scene, forged)
    )
    assert done.code == 1
    [error] = done.errors
    assert "Unauthorized" in error


def test_what_is_forbidden_is_named_with_the_rule_that_is_missing(scene: ClusterScene) -> None:
    if not scene.server.has_rbac:
        pytest.skip("the server asks nobody who they are")
    gateway = scene.gateway()
    scene.put(gateway)
    rules = [{"apiGroups": ["*"], "resources": ["*"], "verbs": ["get", "list"]}]
    kubeconfig = scene.folder / "kubeconfig"
    kubeconfig.write_text(json.dumps(kubeconfig_of(scene.server.user(scene.namespace, rules))))
    unread = scene.run("apply", scene.file(gateway), "--kubeconfig", kubeconfig)
    assert unread.code == 1
    assert 'resources: ["gatewayclasses"], verbs: ["get"]' in unread.err
    given = ("--class", scene.class_name, "--kubeconfig", kubeconfig)
    class_ = scene.cluster.get(KindRef.of(GATEWAY.api_version, "GatewayClass"), "", scene.class_name)
    assert class_ is not None
    class_["metadata"].pop("managedFields")
    unwritten = scene.run("apply", scene.file(gateway, class_), *given)
    assert unwritten.code == 1
    assert 'resources: ["deployments"], verbs: ["patch"]' in unwritten.err
    assert len(unwritten.errors) == len(NAMES)


def test_a_kind_of_owner_that_is_not_installed_is_said_once(
    scene: ClusterScene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(KubernetesCluster, "supports", lambda *_: False)
    done = scene.run("apply", scene.file(scene.gateway("a"), scene.gateway("b")))
    assert done.code == 1
    [error] = done.errors
    assert "the API server does not serve Gateway in gateway.networking.k8s.io/v1" in error
    assert "install its CustomResourceDefinition" in error


# --- For people --------------------------------------------------------------------------------------------


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_progress_is_shown_on_a_terminal_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    for stream, shown in ((Terminal(), "\r\x1b[2K[1/2] Gateway shop/web\r\x1b[2K"), (io.StringIO(), "")):
        monkeypatch.setattr("sys.stderr", stream)
        progress = Progress()
        progress.show("[1/2] Gateway shop/web")
        progress.clear()
        assert stream.getvalue() == shown


@pytest.mark.parametrize("command", ["apply", "diff"])
def test_help_has_an_example_and_the_exit_status(command: str) -> None:
    text = run(command, "--help").out
    assert f"Example: gwdeployer {command} -f my-gateway.yaml" in text
    assert "Exit status" in text
    assert "--kubeconfig" in text
    assert "--class" in text


def test_help_needs_no_kubernetes(tmp_path: Path) -> None:
    import subprocess
    import sys

    code = (
        "import sys\nfrom gwdeployer.cli.main import execute\n"
        "try: execute(['--help'])\nexcept SystemExit: print('kubernetes' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout.endswith("False\n")
