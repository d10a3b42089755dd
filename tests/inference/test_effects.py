"""What becomes of a pool on an API server: objects appear, change one by one, and go."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from http import HTTPStatus
from pathlib import Path

import pytest
import yaml

from gwdeployer.cluster import Action
from gwdeployer.errors import ServerFailure
from gwdeployer.objects import Object, ObjectRef
from gwdeployer_inference import INFERENCE_POOL, INFERENCE_POOL_ALPHA, PROFILES, Profile
from gwdeployer_inference.kinds import SERVICE_MONITOR
from tests.cli.running import run
from tests.cluster.recording import Sent, nothing
from tests.inference.numbers import case
from tests.inference.scenarios import STABLE, alpha_pool, by_kind, planned, pool, service
from tests.inference.world import CONFIG_MAP, DEPLOYMENT, SERVICE, World, given, install, named
from tests.servers.servers import Server, eventually

ROOT = Path(__file__).parents[2]


@case(1)
@case(20)
def test_a_picker_appears_with_its_pool_and_then_nothing_is_written(world: World) -> None:
    world.put(pool())
    world.reconcile()
    for kind in (SERVICE, CONFIG_MAP, DEPLOYMENT):
        assert world.there(kind, "qwen-epp") is not None
    assert all(sent.kind != "InferencePool" for sent in world.cluster.writes)
    world.reconcile()
    assert world.written == []


def test_changed_parameters_write_exactly_the_changed_object(world: World) -> None:
    world.put(given(service={"portName": "grpc"}))
    world.put(named())
    world.reconcile()
    world.put(given(service={"portName": "grpc-picker"}))
    world.reconcile()
    assert world.written == ["apply Service"]


@case(14)
def test_a_changed_configuration_writes_it_and_restarts_the_picker(world: World) -> None:
    world.put(given(config={"plugins": [{"type": "queue-scorer"}]}))
    world.put(named())
    world.reconcile()
    world.put(given(config={"plugins": [{"type": "prefix-cache-scorer"}]}))
    world.reconcile()
    assert sorted(world.written) == ["apply ConfigMap", "apply Deployment"]


@case(4)
def test_another_service_name_is_followed_and_the_old_service_goes_last(world: World) -> None:
    world.put(pool())
    world.reconcile()
    world.put(pool(ref={"name": "my-picker", "port": {"number": 9002}}))
    world.reconcile()
    assert world.written == ["apply Service", "delete Service"]
    assert world.there(SERVICE, "qwen-epp") is None
    assert world.there(SERVICE, "my-picker") is not None


@case(19)
def test_what_goes_with_the_pool_includes_cluster_scoped_objects(world: World) -> None:
    world.put(given(metrics={"authentication": True}))
    world.put(named())
    world.reconcile()
    assert world.binding() is not None
    assert world.pool()["metadata"]["finalizers"] == ["gwdeployer.dev/cleanup"]
    world.delete_pool()
    world.reconcile()
    assert world.binding() is None
    eventually("the pool is gone", lambda: world.there(INFERENCE_POOL, "qwen") is None)
    eventually("the picker is gone", lambda: world.there(DEPLOYMENT, "qwen-epp") is None)


@case(12)
def test_the_same_pool_in_another_namespace_keeps_its_binding(make_world: Callable[[], World]) -> None:
    world, other = make_world(), make_world()
    for one in (world, other):
        one.put(given(metrics={"authentication": True}))
        one.put(named())
        one.reconcile()
    world.put(given(metrics={"authentication": False}))
    world.reconcile()
    assert world.binding() is None
    assert other.binding() is not None
    assert "finalizers" not in world.pool()["metadata"]


@case(7)
def test_a_pool_that_is_taken_out_of_our_hands_loses_everything_of_ours(world: World) -> None:
    world.put(given(metrics={"authentication": True}))
    world.put(named())
    world.reconcile()
    foreign = world.put({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "foreign"}})
    world.put(pool(annotations={"gwdeployer.dev/managed": "false"}))
    world.reconcile()
    assert world.binding() is None
    assert world.there(DEPLOYMENT, "qwen-epp") is None
    assert world.there(SERVICE, "qwen-epp") is None
    assert world.there(CONFIG_MAP, "foreign") == foreign
    assert "finalizers" not in world.pool()["metadata"]


@case(6)
def test_a_foreign_service_is_never_taken_over(world: World) -> None:
    foreign = service()
    foreign["metadata"].pop("ownerReferences")
    foreign["spec"] = {"ports": [{"port": 9002}]}
    before = world.put(foreign)
    world.put(pool())
    result = world.reconcile()
    assert result.plan is not None
    assert result.plan.skip is not None
    assert "somebody else's" in result.plan.skip.reason
    assert world.written == []
    assert world.there(SERVICE, "qwen-epp") == before


@case(20)
def test_what_somebody_adds_stays_and_what_somebody_changes_is_put_right(world: World) -> None:
    world.put(pool())
    world.reconcile()
    place = ObjectRef(DEPLOYMENT, world.namespace, "qwen-epp")
    world.direct.json_patch(
        place,
        [
            {"op": "add", "path": "/metadata/labels/team", "value": "ml"},
            {"op": "replace", "path": "/spec/template/spec/containers/0/image", "value": "evil:1"},
        ],
        manager="hand",
    )
    world.reconcile()
    assert world.written == ["apply Deployment"]
    found = world.there(DEPLOYMENT, "qwen-epp")
    assert found is not None
    assert found["metadata"]["labels"]["team"] == "ml"
    assert "llm-d-router" in found["spec"]["template"]["spec"]["containers"][0]["image"]


def test_every_sort_of_object_is_accepted(world: World) -> None:
    overlays = {"podDisruptionBudget": {"spec": {"maxUnavailable": 1}}}
    scaling = {"spec": {"minReplicas": 1, "maxReplicas": 3}}
    world.put(
        given(
            metrics={"authentication": True},
            tls={"mode": "Secret", "secretName": "cert", "reload": True},
            tracing={"enabled": True},
            overlays={**overlays, "horizontalPodAutoscaler": scaling},
        )
    )
    world.put(named())
    result = world.reconcile()
    assert result.plan is not None
    assert {"PodDisruptionBudget", "HorizontalPodAutoscaler", "ClusterRoleBinding"} <= by_kind(
        result.plan
    ).keys()


def test_the_crds_accept_the_examples(routes: Server, world: World) -> None:
    with (ROOT / "examples/inference/pool.yaml").open() as stream:
        objects = [obj for obj in yaml.safe_load_all(stream) if obj["kind"] != "Namespace"]
    for obj in objects:
        if "namespace" in obj["metadata"]:
            obj["metadata"]["namespace"] = world.namespace
        assert world.direct.apply(obj, manager="user", force=True, dry_run=True)["spec"]
    kinds = {obj["kind"] for obj in objects}
    assert {"InferencePool", "EndpointPickerParameters", "Gateway", "GatewayClass", "HTTPRoute"} <= kinds


@pytest.mark.parametrize("profile", PROFILES, ids=lambda profile: profile.name)
def test_the_server_takes_what_each_generation_needs(world: World, profile: Profile) -> None:
    make = pool if STABLE in profile.pools else alpha_pool
    owner = make(annotations={"gwdeployer.dev/parameters": "given"})
    for obj in planned(owner, [given(profile=profile.name, replicas=2)]).objects:
        metadata = {key: value for key, value in obj["metadata"].items() if key != "ownerReferences"}
        sent = {**obj, "metadata": {**metadata, "namespace": world.namespace}}
        if obj["kind"].startswith("Cluster"):
            del sent["metadata"]["namespace"]
        assert world.direct.apply(sent, manager="tests", force=True, dry_run=True)["kind"] == obj["kind"]


@case(8)
def test_a_pool_of_the_alpha_api_owns_its_picker(world: World) -> None:
    owner = world.put(alpha_pool())
    result = world.deployer_of(owner).reconcile(owner, world.store)
    assert [str(error) for error in result.errors] == []
    found = world.there(DEPLOYMENT, "qwen-epp")
    assert found is not None
    [reference] = found["metadata"]["ownerReferences"]
    assert reference["apiVersion"] == INFERENCE_POOL_ALPHA.api_version


@case(19)
def test_a_deletion_that_fails_keeps_our_finalizer_until_it_succeeds(world: World) -> None:
    def refuse(_number: int, sent: Sent) -> None:
        if (sent.verb, sent.kind) == ("delete", "ClusterRoleBinding"):
            raise ServerFailure("the server is busy")

    world.put(given(metrics={"authentication": True}))
    owner = named()
    owner["metadata"]["finalizers"] = ["example.com/theirs"]
    world.put(owner)
    world.reconcile()
    world.delete_pool()
    world.cluster.before = refuse
    result = world.deployer.reconcile(world.pool(), world.store)
    assert result.errors
    assert "gwdeployer.dev/cleanup" in world.pool()["metadata"]["finalizers"]
    world.cluster.before = nothing
    world.reconcile()
    assert world.binding() is None
    assert world.pool()["metadata"]["finalizers"] == ["example.com/theirs"]
    world.reconcile()
    assert world.written == []


def monitor_crd() -> Object:
    """Return the definition of ServiceMonitors, as far as a server needs one."""
    group, version, kind = SERVICE_MONITOR
    schema = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    names = {
        "plural": "servicemonitors",
        "singular": "servicemonitor",
        "kind": kind,
        "listKind": f"{kind}List",
    }
    versions = [{"name": version, "served": True, "storage": True, "schema": {"openAPIV3Schema": schema}}]
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"servicemonitors.{group}"},
        "spec": {"group": group, "names": names, "scope": "Namespaced", "versions": versions},
    }


@pytest.fixture
def install_monitors(pools: Server) -> Iterator[Callable[[], None]]:
    """Return a function that installs the Prometheus operator's definition; it goes with the test."""
    crd = monitor_crd()
    yield lambda: install(pools, crd)
    path = f"/apis/{crd['apiVersion']}/customresourcedefinitions/{crd['metadata']['name']}"
    with pools.client() as client:
        client.delete(path)
        # Until it is gone, with all that was made of it, its kind is served and nothing new is taken.
        eventually("the definition is gone", lambda: client.get(path).status == HTTPStatus.NOT_FOUND)


@case(13)
def test_a_service_monitor_waits_for_its_kind_and_nothing_waits_for_it(
    world: World, install_monitors: Callable[[], None]
) -> None:
    def action() -> Action:
        result = world.reconcile()
        assert result.deployed is not None
        [found] = [one for one in result.deployed.outcomes if one.ref.kind == SERVICE_MONITOR]
        assert (found.action is Action.SKIPPED) == (result.requeue_after == 60)
        return found.action

    world.put(given(metrics={"authentication": True, "serviceMonitor": {"enabled": True}}))
    world.put(named(ref={"name": "old", "port": {"number": 9002}}))
    assert action() is Action.SKIPPED
    world.put(named())
    assert action() is Action.SKIPPED
    assert world.there(SERVICE, "old") is None
    install_monitors()
    world.restart()  # who is not restarted asks again after some seconds
    assert action() is Action.CREATED
    assert action() is Action.UNCHANGED


@case(13)
def test_apply_warns_of_what_is_skipped_and_succeeds(world: World, tmp_path: Path) -> None:
    world.put(given(metrics={"serviceMonitor": {"enabled": True}}))
    owner = world.put(named())
    (tmp_path / "pool.yaml").write_text(yaml.safe_dump(owner))
    done = run("apply", "-f", str(tmp_path / "pool.yaml"), "--kubeconfig", str(world.server.kubeconfig))
    assert done.code == 0
    assert done.errors == []
    [warning] = done.warnings
    assert "the API server does not serve ServiceMonitor in monitoring.coreos.com/v1" in warning
    assert "deployment.apps/qwen-epp created" in done.out.splitlines()


@case(19)
def test_nothing_is_said_or_left_where_the_pool_is_gone_before_it_is_released(world: World) -> None:
    world.put(given(metrics={"authentication": True}))
    world.put(named())
    world.reconcile()
    world.delete_pool()
    leaving = world.pool()
    world.direct.json_patch(
        ObjectRef(INFERENCE_POOL, world.namespace, "qwen"),
        [{"op": "remove", "path": "/metadata/finalizers"}],
        manager="hand",
    )
    eventually("the pool is gone", lambda: world.there(INFERENCE_POOL, "qwen") is None)
    world.reconcile(leaving)
    assert world.binding() is None
    world.reconcile(leaving)
    assert world.there(INFERENCE_POOL, "qwen") is None


@case(19)
def test_nothing_cluster_scoped_is_made_for_a_pool_that_is_gone_since_it_was_read(world: World) -> None:
    world.put(given(metrics={"authentication": True}))
    read = world.put(named())
    world.delete_pool()
    result = world.deployer.reconcile(read, world.store)
    # What is in the pool's namespace may fail as well: the collector takes it while it is being made.
    said = [str(error) for error in result.errors]
    assert len([words for words in said if "is gone, or another one of its name by now" in words]) == 1, said
    assert result.requeue_after is not None
    assert world.binding() is None
    assert world.there(INFERENCE_POOL, "qwen") is None
    # The collector learns of new kinds of owners twice a minute.
    eventually("the rest is collected", lambda: world.there(DEPLOYMENT, "qwen-epp") is None, timeout=150)
