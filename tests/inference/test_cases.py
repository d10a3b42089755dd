"""What a pool becomes, case by case."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from gwdeployer import MemoryStore
from gwdeployer.objects import Object, is_namespaced
from gwdeployer.objects.refs import KindRef
from gwdeployer_inference.generator import OVERLAYS
from tests.inference.numbers import case
from tests.inference.scenarios import (
    ALPHA,
    alpha_pool,
    args,
    container,
    deployed,
    deployer_of,
    flags,
    parameters,
    planned,
    pool,
    service,
)


def config_of(objects: dict[str, Object]) -> dict[str, Any]:
    return dict(yaml.safe_load(objects["ConfigMap"]["data"]["config.yaml"]))


@case(1)
def test_a_pool_without_parameters_needs_six_objects_of_its_namespace() -> None:
    plan = planned(pool())
    kinds = [obj["kind"] for obj in plan.objects]
    assert kinds == ["ServiceAccount", "ConfigMap", "Role", "RoleBinding", "Service", "Deployment"]
    for obj in plan.objects:
        assert is_namespaced(KindRef.of_object(obj))
        assert obj["metadata"]["namespace"] == "ml"
        [owner] = obj["metadata"]["ownerReferences"]
        assert (owner["apiVersion"], owner["kind"], owner["name"], owner["uid"], owner["controller"]) == (
            "inference.networking.k8s.io/v1",
            "InferencePool",
            "qwen",
            "uid-qwen",
            True,
        )


@case(2)
def test_the_picker_is_told_its_pool_and_each_flag_once() -> None:
    given = flags(deployed())
    assert given.items() >= {
        ("pool-name", "qwen"),
        ("pool-namespace", "ml"),
        ("pool-group", "inference.networking.k8s.io"),
        ("config-file", "/config/config.yaml"),
        ("secure-serving", "true"),
        ("tracing", "false"),
    }


@case(3)
def test_the_service_reaches_the_pods() -> None:
    objects = deployed()
    spec, template = objects["Service"]["spec"], objects["Deployment"]["spec"]["template"]
    assert spec["selector"].items() <= template["metadata"]["labels"].items()
    named = {port["name"] for port in container(objects)["ports"]}
    assert {port["targetPort"] for port in spec["ports"]} <= named
    assert spec["ports"][0]["port"] == 9002


@case(4)
def test_the_service_has_the_name_that_the_pool_refers_to() -> None:
    objects = deployed(pool(ref={"name": "my-picker", "port": {"number": 9002}}))
    assert objects["Service"]["metadata"]["name"] == "my-picker"
    assert objects["Deployment"]["metadata"]["name"] == "qwen-epp"


@case(5)
def test_a_pool_without_reference_gets_a_service_of_its_own_name() -> None:
    objects = deployed(pool(ref={}))
    assert objects["Service"]["metadata"]["name"] == "qwen-epp"
    assert "InferencePool" not in objects


@case(6)
@case(7)
@pytest.mark.parametrize(
    ("owner", "others"),
    [
        (pool(), [service()]),
        (pool(ref={"name": "x", "kind": "Picker"}), []),
        (pool(ref={"name": "x", "group": "example.com"}), []),
        (pool(annotations={"gwdeployer.dev/managed": "false"}), []),
    ],
)
def test_a_pool_that_is_left_alone_has_nothing_and_loses_what_it_had(
    owner: Object, others: list[Object]
) -> None:
    plan = planned(owner, others)
    assert plan.objects == ()
    assert plan.skip is not None
    assert plan.skip.cleanup


@case(8)
def test_a_pool_of_the_alpha_api() -> None:
    objects = deployed(alpha_pool(), profile="gie-0.5")
    assert args(objects) == [
        "-poolName=qwen",
        "-poolNamespace=ml",
        "-grpcPort=9002",
        "-grpcHealthPort=9003",
        "-metricsPort=9090",
        "-zap-encoder=json",
        "-secureServing=true",
    ]
    groups = {(rule["apiGroups"][0], rule["resources"][0]) for rule in objects["Role"]["rules"]}
    assert groups == {("", "pods"), (ALPHA, "inferencepools"), (ALPHA, "inferencemodels")}
    assert container(objects)["livenessProbe"]["grpc"]["service"] == "inference-extension"
    [owner] = objects["Deployment"]["metadata"]["ownerReferences"]
    assert owner["apiVersion"] == f"{ALPHA}/v1alpha2"
    assert objects["Service"]["spec"]["ports"][0]["port"] == 9002


@case(8)
def test_an_alpha_pool_gets_a_generation_that_reads_it() -> None:
    assert container(deployed(alpha_pool()))["image"].endswith("/epp:v1.0.0")


@case(10)
@pytest.mark.parametrize(
    ("spec", "elects", "flag", "strategy"),
    [
        ({}, False, None, {"type": "Recreate"}),
        ({"replicas": 1}, False, None, {"type": "Recreate"}),
        ({"replicas": 0}, False, None, {"type": "Recreate"}),
        ({"replicas": 3}, True, "true", {"type": "Recreate"}),
        ({"replicas": 1, "highAvailability": "LeaderElection"}, True, "true", {"type": "Recreate"}),
        ({"replicas": 3, "highAvailability": "ActiveActive"}, False, "false", None),
        ({"replicas": 3, "profile": "lwepp-1.6"}, False, None, {"type": "Recreate"}),
    ],
)
def test_replicas_elect_a_leader_unless_they_shall_all_work(
    spec: dict[str, Any], elects: bool, flag: str | None, strategy: dict[str, str] | None
) -> None:
    objects = deployed(**spec)
    assert flags(objects).get("ha-enable-leader-election") == flag
    assert (["leases"] in [rule["resources"] for rule in objects["Role"]["rules"]]) is elects
    assert objects["Deployment"]["spec"].get("strategy") == strategy
    assert objects["Deployment"]["spec"].get("replicas") == spec.get("replicas")


@case(11)
def test_an_autoscaler_owns_the_replicas() -> None:
    scaling = {"spec": {"minReplicas": 2, "maxReplicas": 4}}
    objects = deployed(replicas=3, overlays={"horizontalPodAutoscaler": scaling})
    assert "replicas" not in objects["Deployment"]["spec"]
    assert objects["HorizontalPodAutoscaler"]["spec"]["maxReplicas"] == 4
    assert flags(objects)["ha-enable-leader-election"] == "true"


@case(12)
def test_the_same_name_in_two_namespaces_makes_two_bindings() -> None:
    names = []
    for namespace in ("ml", "ml-qwen"):
        owner = pool("qwen" if namespace == "ml" else "x")
        owner["metadata"]["namespace"] = namespace
        given = parameters("given", metrics={"authentication": True})
        given["metadata"]["namespace"] = namespace
        owner["metadata"]["annotations"]["gwdeployer.dev/parameters"] = "given"
        plan = planned(owner, [given])
        [binding] = [obj for obj in plan.objects if obj["kind"] == "ClusterRoleBinding"]
        assert binding["metadata"]["labels"]["gwdeployer.dev/owner-uid"] == owner["metadata"]["uid"]
        names.append(binding["metadata"]["name"])
    assert names == ["ml:qwen-epp", "ml-qwen:x-epp"]


@case(13)
def test_prometheus_finds_the_port_and_the_labels() -> None:
    objects = deployed(metrics={"authentication": True, "serviceMonitor": {"enabled": True}})
    [endpoint] = objects["ServiceMonitor"]["spec"]["endpoints"]
    assert endpoint["port"] in [port["name"] for port in objects["Service"]["spec"]["ports"]]
    assert objects["Secret"]["type"] == "kubernetes.io/service-account-token"
    assert objects["ClusterRole"]["rules"] == [{"nonResourceURLs": ["/metrics"], "verbs": ["get"]}]


@case(15)
@pytest.mark.parametrize(
    ("server", "engine", "parser"),
    [
        ({"type": "vllm", "protocol": "http"}, None, None),
        ({"type": "vllm", "protocol": "grpc"}, None, "vllmgrpc-parser"),
        ({"type": "sglang", "protocol": "http"}, "sglang", None),
        ({"type": "sglang", "protocol": "grpc"}, "sglang", None),
        ({"type": "triton", "protocol": "http"}, "triton", "passthrough-parser"),
        ({"type": "triton", "protocol": "grpc"}, "triton", "passthrough-parser"),
        ({"type": "triton-tensorrt-llm"}, "triton-tensorrt-llm", None),
        ({"type": "trtllm-serve", "protocol": "grpc"}, "trtllm-serve", None),
    ],
)
def test_model_servers_are_understood(server: dict[str, str], engine: str | None, parser: str | None) -> None:
    config = config_of(deployed(modelServer=server))
    [extractor] = [one for one in config["plugins"] if one["type"] == "core-metrics-extractor"]
    assert extractor.get("parameters", {}).get("defaultEngine") == engine
    parsers = config.get("requestHandler", {}).get("parsers", [])
    assert parsers == ([{"pluginRef": parser}] if parser else [])
    assert (parser is None) or {"type": parser} in config["plugins"]


@case(15)
def test_names_of_metrics_are_mapped() -> None:
    server = {"type": "sglang", "metrics": {"queuedRequests": "queue", "loraInfo": ""}}
    [extractor] = [
        one
        for one in config_of(deployed(modelServer=server))["plugins"]
        if one["type"] == "core-metrics-extractor"
    ]
    mapped = {"name": "sglang", "queuedRequestsSpec": "queue", "loraSpec": ""}
    assert extractor["parameters"] == {"defaultEngine": "sglang", "engineConfigs": [mapped]}


@case(16)
def test_tls_by_a_certificate_of_its_own() -> None:
    objects = deployed(tls={"mode": "SelfSigned"})
    assert flags(objects)["secure-serving"] == "true"
    assert [one["name"] for one in container(objects)["volumeMounts"]] == ["config"]


@case(16)
def test_tls_by_a_certificate_of_a_secret() -> None:
    objects = deployed(tls={"mode": "Secret", "secretName": "cert", "reload": True})
    given = flags(objects)
    assert (given["cert-path"], given["enable-cert-reload"]) == ("/certificate", "true")
    volumes = objects["Deployment"]["spec"]["template"]["spec"]["volumes"]
    assert {"name": "certificate", "secret": {"secretName": "cert"}} in volumes


@case(16)
@pytest.mark.parametrize("off", [{"tls": {"mode": "Disabled"}}, {"flags": {"secure-serving": False}}])
def test_without_tls_the_picker_is_told_so_and_istio_is_not(off: dict[str, Any]) -> None:
    objects = deployed(destinationRule={"enabled": True}, **off)
    assert flags(objects)["secure-serving"] == "false"
    assert "DestinationRule" not in objects


@case(16)
def test_istio_is_told_not_to_verify() -> None:
    owner = pool(annotations={"gwdeployer.dev/parameters": "p"})
    plan = planned(owner, [parameters("p", destinationRule={"enabled": True})], clusterDomain="corp.example")
    [rule] = [obj for obj in plan.objects if obj["kind"] == "DestinationRule"]
    assert rule["spec"] == {
        "host": "qwen-epp.ml.svc.corp.example",
        "trafficPolicy": {"tls": {"mode": "SIMPLE", "insecureSkipVerify": True}},
    }


@case(18)
def test_a_users_flags_win_and_stand_once() -> None:
    objects = deployed(verbosity=1, flags={"v": 4, "secure-serving": False, "health-checking": True})
    given = flags(objects)
    assert (given["v"], given["secure-serving"], given["health-checking"]) == ("4", "false", "true")


@case(18)
def test_what_users_add_is_merged_and_not_replaced() -> None:
    objects = deployed(
        env=[{"name": "HF_HOME", "value": "/cache"}, {"name": "NAMESPACE", "value": "mine"}],
        securityContext={"runAsUser": 1000},
        extraVolumeMounts=[{"name": "cache", "mountPath": "/cache"}],
        pod={
            "tolerations": [{"key": "gpu", "operator": "Exists"}],
            "nodeSelector": {"disk": "ssd"},
            "extraVolumes": [{"name": "cache", "emptyDir": {}}],
        },
    )
    made = container(objects)
    assert [variable["name"] for variable in made["env"]] == ["POD_NAME", "HF_HOME", "NAMESPACE"]
    assert made["securityContext"]["runAsUser"] == 1000
    assert made["securityContext"]["runAsNonRoot"] is True
    assert [mount["mountPath"] for mount in made["volumeMounts"]] == ["/config", "/cache"]
    spec = objects["Deployment"]["spec"]["template"]["spec"]
    assert (spec["nodeSelector"], spec["tolerations"][0]["key"]) == ({"disk": "ssd"}, "gpu")
    assert spec["terminationGracePeriodSeconds"] == 130


@case(20)
@pytest.mark.parametrize(
    "changed",
    [
        {"appProtocol": "kubernetes.io/h2c"},
        {"selector": {"matchLabels": {"app": "other"}}},
        {"targetPorts": [{"number": 8001}]},
    ],
)
def test_what_the_picker_reads_from_the_pool_changes_no_object(changed: dict[str, Any]) -> None:
    assert planned(pool(**changed)).objects == planned(pool()).objects


def test_tracing_is_sent_where_it_is_wanted() -> None:
    objects = deployed(tracing={"enabled": True, "endpoint": "http://otel:4317", "samplerArgument": "1"})
    environment = {one["name"]: one.get("value") for one in container(objects)["env"]}
    assert flags(objects)["tracing"] == "true"
    assert environment["OTEL_EXPORTER_OTLP_ENDPOINT"] == "http://otel:4317"
    assert environment["OTEL_TRACES_SAMPLER_ARG"] == "1"


def test_a_namespaces_parameters_hold_below_the_pools() -> None:
    owner = pool(annotations={"gwdeployer.dev/parameters": "own"})
    space = {
        "apiVersion": "v1",
        "kind": "Namespace",
        "metadata": {"name": "ml", "annotations": {"gwdeployer.dev/parameters": "all"}},
    }
    others = [
        space,
        parameters("all", replicas=2, flags={"v": 1, "health-checking": True}),
        parameters("own", flags={"v": 5}),
    ]
    plan = planned(owner, others)
    objects = {obj["kind"]: obj for obj in plan.objects}
    given = flags(objects)
    assert objects["Deployment"]["spec"]["replicas"] == 2
    assert (given["v"], given["health-checking"]) == ("5", "true")


PATCH: dict[str, Any] = {"metadata": {"labels": {"team": "ml"}}}


@pytest.mark.parametrize(("field", "kind"), OVERLAYS.patches.items())
def test_every_object_can_be_patched(field: str, kind: str) -> None:
    objects = deployed(
        metrics={"authentication": True, "serviceMonitor": {"enabled": True}},
        destinationRule={"enabled": True},
        overlays={field: PATCH},
    )
    assert objects[kind]["metadata"]["labels"]["team"] == "ml"


@pytest.mark.parametrize(
    ("field", "kind"),
    [("podDisruptionBudget", "PodDisruptionBudget"), ("verticalPodAutoscaler", "VerticalPodAutoscaler")],
)
def test_overlays_add_objects_about_the_deployment(field: str, kind: str) -> None:
    assert deployed(overlays={field: {"spec": {}}})[kind]["metadata"]["name"] == "qwen-epp"


def test_explain_names_who_set_what_and_changes_nothing() -> None:
    owner = pool(annotations={"gwdeployer.dev/parameters": "p"})
    given = parameters(
        "p",
        replicas=2,
        config={"plugins": [{"type": "queue-scorer"}]},
        flags={"health-checking": True},
        tls={"mode": "Secret", "secretName": "cert"},
    )
    store = MemoryStore([owner, given])
    deployer = deployer_of(owner)
    traced = deployer.plan(owner, store, trace=True)
    assert traced.provenance is not None
    found = {
        ref.kind.kind: {path: leaf.origin.layer for path, leaf in leaves.items()}
        for ref, leaves in traced.provenance.objects.items()
    }
    assert found["Deployment"]["spec", "replicas"] == "InferencePool qwen"
    assert found["ConfigMap"]["data", "config.yaml"] == "InferencePool qwen"
    values = [leaf.value for leaves in traced.provenance.objects.values() for leaf in leaves.values()]
    assert "--health-checking=true" in values
