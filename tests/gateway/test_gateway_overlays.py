"""Overlays and the objects they add: what class and Gateway may change, and what is refused."""

from __future__ import annotations

import copy
import re
from typing import Any

import pytest

from gwdeployer import ParametersError
from tests.gateway.scenarios import proxy

PDB, HPA, VPA = "PodDisruptionBudget", "HorizontalPodAutoscaler", "VerticalPodAutoscaler"


def deployment(spec: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"deploymentOverlay": {"spec": spec, **more}}


def pod(spec: dict[str, Any]) -> dict[str, Any]:
    return deployment({"template": {"spec": spec}})


def faults_of(**scene: Any) -> list[str]:
    with pytest.raises(ParametersError) as raised:
        proxy(**scene)
    return [str(fault) for fault in raised.value.faults]


def test_the_class_patches_first_and_the_gateway_last() -> None:
    made = proxy(
        class_kube=pod({"priorityClassName": "class", "hostNetwork": True}),
        kube=pod({"priorityClassName": "own"}),
    )
    assert (made.pod["priorityClassName"], made.pod["hostNetwork"]) == ("own", True)


def test_patching_reaches_nothing_else() -> None:
    """Plans have parts in common, and patches, removals and checksums go deep into them."""
    proxies = {
        "name": "kgateway-proxy",
        "args": [],
        "securityContext": None,
        "readinessProbe": {"periodSeconds": 3},
    }
    overlay = pod({"priorityClassName": "own", "containers": [proxies], "securityContext": {"fsGroup": 1}})
    plain = proxy()
    before = copy.deepcopy(plain.plan.objects)
    patched = proxy(kube=overlay)
    assert patched.pod["priorityClassName"] == "own"
    assert (plain.plan.objects, proxy().plan.objects) == (before, before)


def test_an_overlay_beats_a_typed_field_of_a_more_specific_layer() -> None:
    made = proxy(class_kube=deployment({"replicas": 5}), kube={"deployment": {"replicas": 2}})
    assert made.deployment["spec"]["replicas"] == 5


def test_metadata_is_set_overridden_and_removed() -> None:
    overlay = {"metadata": {"labels": {"team": "a", "kgateway": None}, "annotations": {"note": "b"}}}
    made = proxy(
        kube={"serviceOverlay": overlay},
        infrastructure={"labels": {"team": "infra"}, "annotations": {"note": "infra"}},
    )
    assert made.service["metadata"]["labels"]["team"] == "a"
    assert "kgateway" not in made.service["metadata"]["labels"]
    assert made.service["metadata"]["annotations"] == {"note": "b"}


def test_a_sidecar_comes_first_and_the_proxy_keeps_its_settings() -> None:
    made = proxy(kube=pod({"containers": [{"name": "sidecar", "image": "sidecar:1"}]}))
    assert [container["name"] for container in made.pod["containers"]] == ["sidecar", "kgateway-proxy"]


def test_a_built_in_volume_mount_is_removed_by_its_key() -> None:
    container = {
        "name": "kgateway-proxy",
        "volumeMounts": [{"mountPath": "/etc/podinfo", "$patch": "delete"}],
    }
    made = proxy(kube=pod({"containers": [container]}))
    assert [mount["mountPath"] for mount in made.proxy["volumeMounts"]] == [
        "/etc/envoy",
        "/var/run/secrets/tokens",
    ]


def test_null_removes_a_field() -> None:
    made = proxy(kube=pod({"terminationGracePeriodSeconds": None}))
    assert "terminationGracePeriodSeconds" not in made.pod


def test_service_ports_are_told_apart_by_protocol() -> None:
    ports = [{"port": 80, "protocol": "UDP", "name": "http3", "targetPort": 80}]
    made = proxy(kube={"serviceOverlay": {"spec": {"ports": ports}}})
    assert {(port["port"], port["protocol"]) for port in made.service["spec"]["ports"]} == {
        (80, "UDP"),
        (80, "TCP"),
    }


def test_objects_without_a_spec_are_patched_in_their_own_fields() -> None:
    kube = {
        "serviceAccountOverlay": {"imagePullSecrets": [{"name": "pull"}]},
        "configMapOverlay": {"data": {"extra.txt": "x"}},
    }
    made = proxy(kube=kube)
    assert made.service_account["imagePullSecrets"] == [{"name": "pull"}]
    assert made.config_map["data"]["extra.txt"] == "x"


def test_a_patched_config_map_changes_the_checksum() -> None:
    plain, patched = proxy(), proxy(kube={"configMapOverlay": {"data": {"extra.txt": "x"}}})
    key = "gwdeployer.dev/config-checksum"
    assert plain.pod_metadata["annotations"][key] != patched.pod_metadata["annotations"][key]


def test_every_layer_patches_the_one_disruption_budget() -> None:
    made = proxy(
        class_kube={
            "podDisruptionBudget": {"spec": {"minAvailable": 1}, "metadata": {"labels": {"by": "class"}}}
        },
        kube={"podDisruptionBudget": {"spec": {"minAvailable": 2}}},
    )
    budget = made.kind(PDB)
    assert budget["spec"]["minAvailable"] == 2
    assert budget["spec"]["selector"] == made.deployment["spec"]["selector"]
    assert budget["metadata"]["labels"]["by"] == "class"


def test_an_empty_autoscaler_already_has_target_and_labels_of_the_finished_workload() -> None:
    made = proxy(
        class_kube={"horizontalPodAutoscaler": {"spec": {"maxReplicas": 4}}},
        kube=deployment({}, metadata={"labels": {"late": "yes"}}),
    )
    autoscaler = made.kind(HPA)
    assert autoscaler["spec"]["scaleTargetRef"] == {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "name": "web",
    }
    assert autoscaler["metadata"]["labels"] == made.deployment["metadata"]["labels"]


@pytest.mark.parametrize("setter", [{"deployment": {"replicas": 3}}, deployment({"replicas": 3})])
def test_an_autoscaler_takes_the_replicas_away_whoever_set_them(setter: dict[str, Any]) -> None:
    made = proxy(class_kube=setter, kube={"horizontalPodAutoscaler": {"spec": {"maxReplicas": 4}}})
    assert "replicas" not in made.deployment["spec"]
    assert any(
        "spec.replicas: is left to the HorizontalPodAutoscaler" in warning for warning in made.warnings
    )


def test_a_vertical_autoscaler_is_merged_deep_with_its_policies_by_container() -> None:
    def policies(*items: dict[str, Any]) -> dict[str, Any]:
        return {"verticalPodAutoscaler": {"spec": {"resourcePolicy": {"containerPolicies": list(items)}}}}

    made = proxy(
        class_kube=policies({"containerName": "kgateway-proxy", "mode": "Auto"}),
        kube=policies({"containerName": "kgateway-proxy", "minAllowed": {"cpu": "1"}}),
    )
    spec = made.kind(VPA)["spec"]
    assert spec["targetRef"]["name"] == "web"
    [policy] = spec["resourcePolicy"]["containerPolicies"]
    assert policy == {"containerName": "kgateway-proxy", "mode": "Auto", "minAllowed": {"cpu": "1"}}


def test_plans_do_not_change_what_they_were_made_of() -> None:
    overlay = pod({"containers": [{"name": "sidecar", "image": "sidecar:1"}]})
    first = proxy(kube=overlay)
    first.pod["containers"][0]["image"] = "changed"
    assert proxy(kube=overlay).pod["containers"][0]["image"] == "sidecar:1"


@pytest.mark.parametrize(
    ("kube", "message"),
    [
        (
            pod({"containers": [{"image": "x"}]}),
            r"GatewayParameters shop/\S+ spec\.kube\.deploymentOverlay\.spec\.template\.spec\.containers"
            r"\[0\]:"
            r" .*name.*"
            r" \(from Gateway web\)",
        ),
        (pod({"$patch": "destroy"}), r"deploymentOverlay\.spec\.template\.spec\S*: .*destroy"),
        (pod({"containers": {"name": "x"}}), r"deploymentOverlay\.spec\.template\.spec\.containers: .*list"),
        (deployment({"replicas": "three"}), r"deploymentOverlay\.spec\.replicas: .*integer"),
        (
            pod({"prioritClassName": "x"}),
            r"prioritClassName: unknown field .*did you mean 'priorityClassName'",
        ),
        (
            {"serviceAccountOverlay": {"spec": {"x": 1}}},
            r"serviceAccountOverlay\.spec: a ServiceAccount has no spec",
        ),
        (
            {"podDisruptionBudget": {"spec": {"minAvailable": [1]}}},
            r"podDisruptionBudget\.spec\.minAvailable: ",
        ),
        ({"horizontalPodAutoscaler": {"spec": {}}}, r"horizontalPodAutoscaler\.spec\.maxReplicas: required"),
    ],
)
def test_a_bad_overlay_is_one_line_with_layer_and_path(kube: dict[str, Any], message: str) -> None:
    [fault] = faults_of(kube=kube)
    assert re.search(message, fault), fault


def test_the_faults_of_both_layers_come_together() -> None:
    faults = faults_of(class_kube=deployment({"replicas": "a"}), kube=pod({"containers": [{"image": "x"}]}))
    assert len(faults) == 2
    assert any("GatewayClass" in fault for fault in faults)
    assert any("from Gateway web" in fault for fault in faults)


def test_a_typed_volume_of_a_built_in_ones_name_is_refused_where_it_stands() -> None:
    faults = faults_of(kube={"podTemplate": {"extraVolumes": [{"name": "podinfo", "emptyDir": {}}]}})
    assert len(faults) == 1
    assert faults[0].startswith("Deployment web spec.template.spec.volumes[3]")


def test_a_budget_takes_the_whole_selector_of_the_workload() -> None:
    expressions = [{"key": "app.kubernetes.io/name", "operator": "In", "values": ["web"]}]
    made = proxy(
        kube={
            **deployment({"selector": {"matchLabels": None, "matchExpressions": expressions}}),
            "podDisruptionBudget": {"spec": {"minAvailable": 1}},
        }
    )
    assert made.kind(PDB)["spec"]["selector"] == {"matchExpressions": expressions}


def test_a_workload_patched_to_pieces_is_a_fault_whatever_else_is_asked_for() -> None:
    kube = {**deployment({"$patch": "replace", "replicas": 1}), "podDisruptionBudget": {}}
    assert any("spec.selector" in fault for fault in faults_of(kube=kube))


def test_a_null_label_is_not_set() -> None:
    made = proxy(infrastructure={"labels": {"a": "b", "gone": None}})
    assert made.service["metadata"]["labels"]["a"] == "b"
    assert "gone" not in made.service["metadata"]["labels"]


def test_a_policy_without_its_container_is_refused() -> None:
    policies = {"spec": {"resourcePolicy": {"containerPolicies": [{"mode": "Off"}]}}}
    [fault] = faults_of(kube={"verticalPodAutoscaler": policies})
    assert "containerPolicies[0]: an item of this list needs its key, 'containerName'" in fault
