"""The traps of the upstream charts: what each naive way would have rendered is what these tests refuse."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from gwdeployer import ParametersError
from tests.inference.numbers import case, trap
from tests.inference.scenarios import (
    by_kind,
    container,
    deployed,
    flags,
    parameters,
    planned,
    pool,
)


@trap(1)
def test_another_port_of_the_reference_still_reaches_the_container() -> None:
    objects = deployed(pool(ref={"name": "qwen-epp", "port": {"number": 19002}}), ports={"grpc": 7002})
    ports = {port["name"]: port["containerPort"] for port in container(objects)["ports"]}
    [grpc] = [port for port in objects["Service"]["spec"]["ports"] if port["port"] == 19002]
    assert ports[grpc["targetPort"]] == 7002
    assert flags(objects)["grpc-port"] == "7002"


@trap(2)
@pytest.mark.parametrize("engine", ["sglang", "triton-tensorrt-llm", "trtllm-serve"])
@pytest.mark.parametrize("profile", ["gie-1.5", "llm-d-0.8", "router-0.9", "router-0.10"])
def test_no_metric_flag_reaches_a_generation_that_refuses_it(engine: str, profile: str) -> None:
    objects = deployed(profile=profile, modelServer={"type": engine})
    assert not [name for name in flags(objects) if name.endswith("-metric")]
    config = yaml.safe_load(objects["ConfigMap"]["data"]["config.yaml"])
    assert {"type": "core-metrics-extractor", "parameters": {"defaultEngine": engine}} in config["plugins"]


@trap(2)
@pytest.mark.parametrize("engine", ["sglang", "triton-tensorrt-llm", "trtllm-serve"])
def test_earlier_generations_get_metric_names_without_quotes(engine: str) -> None:
    given = flags(deployed(profile="gie-1.3", modelServer={"type": engine}))
    assert given["total-queued-requests-metric"][0] not in "\"'"
    assert given["lora-info-metric"] == ""


@trap(3)
def test_a_boolean_is_part_of_its_argument() -> None:
    objects = deployed(flags={"health-checking": True}, tracing={"enabled": False})
    assert "--health-checking=true" in container(objects)["args"]
    assert "--tracing=false" in container(objects)["args"]
    assert not {"true", "false"} & set(container(objects)["args"])


@trap(4)
def test_whoever_authenticates_metrics_may_ask_the_api_server() -> None:
    objects = deployed(metrics={"authentication": True})
    assert flags(objects)["metrics-endpoint-auth"] == "true"
    assert objects["ClusterRoleBinding"]["roleRef"]["name"] == "system:auth-delegator"


@trap(4)
def test_a_generation_that_always_authenticates_gets_the_right_to() -> None:
    objects = deployed(profile="gie-1.0")
    assert "metrics-endpoint-auth" not in flags(objects)
    assert objects["ClusterRoleBinding"]["roleRef"]["name"] == "system:auth-delegator"


@trap(5)
@pytest.mark.parametrize("monitored", [True, False])
def test_authentication_is_switched_off_with_or_without_monitoring(monitored: bool) -> None:
    objects = deployed(metrics={"authentication": False, "serviceMonitor": {"enabled": monitored}})
    assert flags(objects)["metrics-endpoint-auth"] == "false"
    assert not {"ClusterRole", "ClusterRoleBinding", "Secret"} & objects.keys()


@trap(6)
def test_two_pools_of_one_namespace_have_two_tokens() -> None:
    monitored = {"metrics": {"authentication": True, "serviceMonitor": {"enabled": True}}}
    one, two = (deployed(pool(name), **monitored) for name in ("qwen", "llama"))
    assert one["Secret"]["metadata"]["name"] != two["Secret"]["metadata"]["name"]
    credentials = one["ServiceMonitor"]["spec"]["endpoints"][0]["authorization"]["credentials"]
    assert credentials == {"name": one["Secret"]["metadata"]["name"], "key": "token"}


@case(17)
@trap(7)
@trap(8)
def test_long_names_stay_legal_and_distinct() -> None:
    names = [
        "qwen.2",
        "qwen-2",
        "a" * 63,
        "a" * 62 + "b",
        "a" * 40 + "-" + "b" * 160,
        "a" * 40 + "-" + "c" * 160,
    ]
    found = [deployed(pool(name, ref={}), metrics={"authentication": True}) for name in names]
    services = [objects["Service"]["metadata"]["name"] for objects in found]
    bindings = [objects["ClusterRoleBinding"]["metadata"]["name"] for objects in found]
    assert len(set(services)) == len(set(bindings)) == len(names)
    assert all(len(name) <= 63 and not name.endswith("-") and "--epp" not in name for name in services)


@trap(8)
def test_the_same_name_comes_out_each_time() -> None:
    name = "model-" * 20 + "x"
    assert deployed(pool(name, ref={})).keys() == deployed(pool(name, ref={})).keys()
    first, second = (deployed(pool(name, ref={}))["Service"]["metadata"]["name"] for _ in range(2))
    assert first == second


@trap(9)
def test_false_and_zero_can_be_said() -> None:
    endpoint = {"scheme": "https", "insecureSkipVerify": False}
    objects = deployed(replicas=0, modelServer={"metricsEndpoint": endpoint})
    assert objects["Deployment"]["spec"]["replicas"] == 0
    config = yaml.safe_load(objects["ConfigMap"]["data"]["config.yaml"])
    [source] = [one for one in config["plugins"] if one["type"] == "metrics-data-source"]
    assert source["parameters"] == {"scheme": "https", "path": "/metrics", "insecureSkipVerify": False}


@trap(10)
def test_a_list_of_values_renders() -> None:
    arguments = ["--first=1", "--second=2"]
    assert container(deployed(extraArgs=arguments))["args"][-2:] == arguments


@case(10)
@trap(11)
@pytest.mark.parametrize(
    "asked", [{"flags": {"ha-enable-leader-election": True}}, {"highAvailability": "LeaderElection"}]
)
def test_one_replica_that_elects_a_leader_has_lease_and_probes(asked: dict[str, Any]) -> None:
    objects = deployed(replicas=1, **asked)
    assert flags(objects)["ha-enable-leader-election"] == "true"
    assert container(objects)["livenessProbe"]["grpc"]["service"] == "liveness"
    assert container(objects)["readinessProbe"]["grpc"]["service"] == "readiness"
    assert ["leases"] in [rule["resources"] for rule in objects["Role"]["rules"]]


@trap(12)
def test_what_prometheus_selects_does_not_change_with_a_release() -> None:
    objects = deployed(metrics={"serviceMonitor": {"enabled": True}})
    selected = objects["ServiceMonitor"]["spec"]["selector"]["matchLabels"]
    assert "app.kubernetes.io/version" not in selected
    assert selected.items() <= objects["Service"]["metadata"]["labels"].items()


@case(14)
@trap(13)
def test_another_configuration_restarts_the_picker_and_another_order_does_not() -> None:
    plugins = [{"type": "queue-scorer", "name": "q"}]
    turned = [{"name": "q", "type": "queue-scorer"}]
    checksums = [
        deployed(config={"plugins": one})["Deployment"]["spec"]["template"]["metadata"]["annotations"]
        for one in (plugins, turned, [{"type": "queue-scorer", "name": "other"}])
    ]
    assert checksums[0] == checksums[1] != checksums[2]


@trap(13)
def test_what_an_overlay_changes_in_the_configuration_restarts_it_too() -> None:
    plain, patched = (
        deployed(**spec)["Deployment"]["spec"]["template"]["metadata"]["annotations"]
        for spec in ({}, {"overlays": {"configMap": {"data": {"more.yaml": "x"}}}})
    )
    assert plain != patched


@trap(14)
def test_replicas_reach_the_deployment() -> None:
    assert deployed(replicas=3)["Deployment"]["spec"]["replicas"] == 3


@trap(14)
@pytest.mark.parametrize("key", ["replica", "router", "failureMode"])
def test_a_key_that_nothing_reads_is_refused(key: str) -> None:
    owner = pool(annotations={"gwdeployer.dev/parameters": "given"})
    with pytest.raises(ParametersError, match=f"unknown field '{key}'"):
        planned(owner, [parameters("given", **{key: 3})])


def test_the_shipped_experimental_plugin_is_allowed_where_it_is_named() -> None:
    config = {"plugins": [{"type": "session-affinity-scorer"}]}
    assert flags(deployed(config=config))["allow-experimental-plugins"] == "true"
    assert "allow-experimental-plugins" not in flags(deployed(profile="router-0.9", config=config))


def test_a_metrics_port_that_the_pool_names_makes_way() -> None:
    objects = by_kind(planned(pool(ref={"name": "qwen-epp", "port": {"number": 9090}})))
    ports = {port["port"] for port in objects["Service"]["spec"]["ports"]}
    assert len(ports) == 2
    assert 9090 in ports
