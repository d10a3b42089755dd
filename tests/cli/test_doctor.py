"""``gwdeployer doctor``: why an owner does not work, and what to do about it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from gwdeployer.objects import KindRef, Object, ObjectRef
from gwdeployer.testing import APIServer
from gwdeployer_gateway import GATEWAY, GATEWAY_CLASS
from tests.cli.cluster_scene import DEPLOYMENT, SERVICE, ClusterScene
from tests.cli.running import Done, run
from tests.servers.control_plane import kubeconfig_of
from tests.servers.servers import eventually

PODS = KindRef("", "v1", "Pod")
REFERS: dict[str, Any] = {
    "infrastructure": {
        "parametersRef": {"group": "gateway.kgateway.dev", "kind": "GatewayParameters", "name": "web"}
    }
}
READY = ({"type": "Accepted", "status": "True", "reason": "Accepted"},)


def doctor(scene: ClusterScene, *arguments: object) -> Done:
    given = ("--kubeconfig", scene.server.kubeconfig, "-n", scene.namespace, *arguments)
    return run("doctor", *given)


def findings(done: Done) -> list[str]:
    return [line.removeprefix("  - ") for line in done.out.splitlines() if line.startswith("  - ")]


def say(scene: ClusterScene, *conditions: Any, kind: KindRef = GATEWAY, name: str = "web") -> None:
    """Write a status, as a controller does."""
    namespace = scene.namespace if kind == GATEWAY else ""
    patch = [{"op": "add", "path": "/status", "value": {"conditions": list(conditions)}}]
    scene.cluster.json_patch(ObjectRef(kind, namespace, name), patch, manager="tests", subresource="status")


def well(scene: ClusterScene, **spec: Any) -> Object:
    """Deploy a Gateway that works: with pods, an address, and a status."""
    gateway = scene.gateway(**spec)
    scene.deployed(gateway)
    scene.server.make_available(scene.there(DEPLOYMENT, "web"))
    service = ObjectRef(SERVICE, scene.namespace, "web")
    ingress = {"loadBalancer": {"ingress": [{"ip": "192.0.2.1"}]}}
    patch = [{"op": "add", "path": "/status", "value": ingress}]
    scene.cluster.json_patch(service, patch, manager="tests", subresource="status")
    say(scene, *READY)
    return gateway


def test_all_is_well_where_all_is_well(scene: ClusterScene) -> None:
    well(scene)
    done = doctor(scene, "web")
    assert (done.code, done.err) == (0, "")
    assert done.out == f"Gateway {scene.namespace}/web: all is well\n"


def test_nothing_is_written(scene: ClusterScene) -> None:
    scene.put(scene.gateway())
    before = scene.state()
    assert doctor(scene).code == 1
    assert scene.state() == before


def test_a_gateway_that_nobody_looks_after_needs_a_controller(scene: ClusterScene) -> None:
    scene.put(scene.gateway())
    done = doctor(scene)
    assert done.code == 1
    [finding] = findings(done)
    assert (
        "no controller has said anything yet, and nobody holds Lease gwdeployer-system/gwdeployer" in finding
    )
    assert "gwdeployer manifests" in finding


def test_a_class_that_is_missing_or_not_accepted_is_named(scene: ClusterScene) -> None:
    scene.put(scene.gateway(gatewayClassName="nobodys"))
    done = doctor(scene, "web")
    assert done.code == 1
    assert "left alone" in done.out
    assert any("GatewayClass nobodys does not exist" in one for one in findings(done))
    scene.put(scene.gateway())
    refused = {"type": "Accepted", "status": "False", "reason": "InvalidParameters", "message": "no such"}
    say(scene, refused, kind=GATEWAY_CLASS, name=scene.class_name)
    assert any("is not accepted: InvalidParameters: no such" in one for one in findings(doctor(scene)))


def test_gateways_of_others_are_shown_and_wrong_only_to_who_asks_for_them(scene: ClusterScene) -> None:
    scene.put(scene.gateway(gatewayClassName="nobodys"))
    assert doctor(scene).code == 0
    assert doctor(scene, "Gateway/web").code == 1


def test_bad_parameters_are_told_with_their_place(scene: ClusterScene) -> None:
    scene.put(scene.gateway(**REFERS))
    assert any("spec.infrastructure.parametersRef" in one for one in findings(doctor(scene)))


def test_a_foreign_object_in_the_way_is_named_with_what_to_do(scene: ClusterScene) -> None:
    scene.put(scene.gateway())
    metadata = {"name": "web", "namespace": scene.namespace}
    scene.put(
        {"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": {"ports": [{"port": 80}]}}
    )
    [finding] = [one for one in findings(doctor(scene)) if "Service" in one]
    assert "exists and is not ours" in finding
    assert 'gwdeployer.dev/adopt: "Service/web"' in finding


def test_drift_that_no_controller_repairs_is_told_field_by_field(scene: ClusterScene) -> None:
    well(scene)
    drift = [{"op": "replace", "path": "/spec/selector", "value": {"app": "wrong"}}]
    scene.cluster.json_patch(ObjectRef(SERVICE, scene.namespace, "web"), drift, manager="hand")
    done = doctor(scene)
    assert done.code == 1
    assert "ready, but" in done.out
    [finding] = findings(done)
    assert f"Service {scene.namespace}/web: is not as planned: spec.selector" in finding


def test_a_service_without_an_address_is_told(scene: ClusterScene) -> None:
    if scene.server.name != "in-process":
        pytest.skip("a load balancer gives addresses here")
    scene.deployed(scene.gateway())
    assert any("waits for a load balancer to give it an address" in one for one in findings(doctor(scene)))


def test_pods_that_no_node_takes_say_why(scene: ClusterScene) -> None:
    # No node of a test has this label, so the pods stay as they are.
    nobody = {"nodeSelector": {"gwdeployer.dev/nobody": "nobody"}}
    scene.deployed(scene.gateway(**REFERS), scene.parameters(podTemplate=nobody))
    refused = {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": "0/3 nodes"}
    patch = [{"op": "add", "path": "/status/conditions", "value": [refused]}]
    ref = ObjectRef.of(_pod_of(scene, scene.there(DEPLOYMENT, "web")))
    scene.cluster.json_patch(ref, patch, manager="tests", subresource="status")
    assert any("has no node: 0/3 nodes; add nodes" in one for one in findings(doctor(scene)))


def _pod_of(scene: ClusterScene, workload: Object) -> Object:
    """Return a pod of a workload; where no controller makes pods, one that is made for it."""
    labels = workload["spec"]["selector"]["matchLabels"]
    if scene.server.name == "in-process":
        metadata = {"name": "web-x", "namespace": scene.namespace, "labels": labels}
        spec = workload["spec"]["template"]["spec"]
        scene.put({"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec})
    pods = eventually(
        "there is a pod", lambda: scene.cluster.list(PODS, scene.namespace, labels=labels).items
    )
    return pods[0]


def test_a_quota_that_refuses_pods_is_told(scene: ClusterScene) -> None:
    if scene.server.name == "in-process":
        pytest.skip("no quotas here")
    metadata = {"name": "none", "namespace": scene.namespace}
    scene.put(
        {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": metadata, "spec": {"hard": {"pods": "0"}}}
    )
    # The quota holds once a controller has counted what there is; none does here, so it is said for it.
    quota = ObjectRef(KindRef("", "v1", "ResourceQuota"), scene.namespace, "none")
    counted = [{"op": "add", "path": "/status", "value": {"hard": {"pods": "0"}, "used": {"pods": "0"}}}]
    scene.cluster.json_patch(quota, counted, manager="tests", subresource="status")
    scene.deployed(scene.gateway())
    eventually(
        "the quota is named",
        lambda: any("pods are refused" in one and "exceeded quota" in one for one in findings(doctor(scene))),
    )


def test_rights_that_the_controller_lacks_are_told_with_how_to_give_them(scene: ClusterScene) -> None:
    if not scene.server.has_rbac:
        pytest.skip("the server asks nobody who they are")
    scene.put(scene.gateway())
    account = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "poor"}}
    scene.put({**account, "metadata": {"name": "poor", "namespace": scene.namespace}})
    done = doctor(scene, "--service-account", f"{scene.namespace}/poor")
    text = "\n".join(findings(done))
    poor, here = f"ServiceAccount {scene.namespace}/poor: may not", f" in namespace {scene.namespace}"
    assert f"{poor} get, list, watch gateways.gateway.networking.k8s.io{here}" in text
    assert f"{poor} get, list, watch, create, patch, delete deployments.apps{here}" in text
    assert "gwdeployer rbac prints the roles" in text


def test_what_whoever_asks_may_not_see_is_a_warning_and_no_finding(scene: ClusterScene) -> None:
    if not scene.server.has_rbac:
        pytest.skip("the server asks nobody who they are")
    well(scene)
    rules = [{"apiGroups": ["*"], "resources": ["*"], "verbs": ["get", "list", "watch"]}]
    kubeconfig = scene.folder / "reader"
    kubeconfig.write_text(json.dumps(kubeconfig_of(scene.server.user(scene.namespace, rules))))
    done = run("doctor", "--kubeconfig", kubeconfig, "-n", scene.namespace, "--timeout", "2s")
    assert done.code == 1
    assert any("cannot be read" in one for one in done.errors)


def test_an_owner_that_is_being_deleted_says_who_holds_it(scene: ClusterScene) -> None:
    gateway = scene.gateway()
    gateway["metadata"]["finalizers"] = ["example.com/hold"]
    scene.put(gateway)
    scene.cluster.delete(ObjectRef(GATEWAY, scene.namespace, "web"))
    assert any("is being deleted, and held by: example.com/hold" in one for one in findings(doctor(scene)))
    release = [{"op": "remove", "path": "/metadata/finalizers"}]
    scene.cluster.json_patch(ObjectRef(GATEWAY, scene.namespace, "web"), release, manager="tests")


def test_listeners_and_grants_are_judged_by_the_plugin(scene: ClusterScene) -> None:
    inputs = scene.folder / "inputs.yaml"
    inputs.write_text("mode: gateway\n")
    reference = {"name": "cert", "namespace": "vault"}
    tls = {"name": "tls", "port": 443, "protocol": "HTTPS", "tls": {"certificateRefs": [reference]}}
    scene.put(scene.gateway(listeners=[tls]))
    text = "\n".join(findings(doctor(scene, "--inputs", inputs)))
    assert "listener tls: RefNotPermitted" in text
    assert "a ReferenceGrant in namespace vault" in text


def test_an_owner_that_is_not_there_is_bad_input(scene: ClusterScene) -> None:
    done = doctor(scene, "Gateway/nobody")
    assert done.code == 2
    assert "there is no such owner" in done.err


def test_a_cluster_without_owners_says_which_kinds_of_them_are_not_installed(tmp_path: Path) -> None:
    with APIServer() as server:
        given = ("--kubeconfig", server.write_kubeconfig(tmp_path / "kubeconfig"))
        examined, listed = run("doctor", *given), run("status", *given)
    said = "there are no owners; not installed: Gateway.gateway.networking.k8s.io, InferencePool"
    assert (examined.code, listed.code) == (2, 0)
    assert said in examined.err
    assert said in listed.err


def test_help_has_an_example_and_the_exit_status() -> None:
    text = run("doctor", "--help").out
    assert "Example: gwdeployer doctor -n shop Gateway/web" in text
    assert "Exit status" in text
