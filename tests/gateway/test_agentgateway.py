"""What is deployed for a Gateway whose proxy is agentgateway, and how parameters change it."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest

from gwdeployer import ChartError
from gwdeployer.objects import KindRef, ObjectRef
from tests.gateway.agentgateway_scenarios import (
    agentgateway,
    checksums,
    config,
    config_map,
    faults_of,
    kinds,
    mounts,
    template,
    volume,
)
from tests.gateway.scenarios import listener

SECRET = KindRef("", "v1", "Secret")
TLS = {"controlPlane": {"xdsTls": True, "xdsCaCert": "PEM"}}


def env_names(outcome: Any) -> list[str]:
    return [variable["name"] for variable in outcome.proxy["env"]]


class TestDefaults:
    def test_objects_and_their_names(self) -> None:
        made = agentgateway()
        assert kinds(made) == ["ConfigMap", "Deployment", "Secret", "Service", "ServiceAccount"]
        names = {obj["kind"]: obj["metadata"]["name"] for obj in made.plan.objects}
        assert names.pop("Secret") == "web-session-key"
        assert set(names.values()) == {"web"}
        assert made.plan.create_only == {ObjectRef(SECRET, "shop", "web-session-key")}

    def test_every_kind_that_may_appear_is_declared(self) -> None:
        declared = {kind.kind for kind in agentgateway().plan.kinds}
        assert declared >= {"DaemonSet", "Secret", "PodDisruptionBudget", "VerticalPodAutoscaler"}

    def test_the_proxy_runs_unprivileged_and_lists_no_listener(self) -> None:
        made = agentgateway(listeners=[listener(80), listener(443)])
        assert made.ports == [80, 443]
        assert made.service["spec"]["type"] == "LoadBalancer"
        assert [port["containerPort"] for port in made.proxy["ports"]] == [15020]
        assert made.proxy["securityContext"]["runAsNonRoot"] is True
        assert made.pod["securityContext"]["sysctls"][0]["value"] == "0"

    def test_the_config_file_is_not_empty(self) -> None:
        assert config(agentgateway()) == {"config": {}}

    @pytest.mark.parametrize(
        ("inputs", "image", "address"),
        [
            ({}, "cr.agentgateway.dev/agentgateway:v1.5.0", 9978),
            (
                {"image": {"registry": "mirror", "tag": "v9"}, "controlPlane": {"xdsPort": 1}},
                "mirror/agentgateway:v9",
                1,
            ),
            (
                {
                    "image": {"registry": "mirror", "tag": "v9"},
                    "controlPlane": {"xdsPort": 1},
                    "agentgateway": {"image": {"tag": "v1.4.0", "repository": "agw"}, "xdsPort": 2},
                },
                "mirror/agw:v1.4.0",
                2,
            ),
        ],
        ids=["agentgateway's", "everybody's", "its own"],
    )
    def test_image_and_control_plane(self, inputs: dict[str, Any], image: str, address: int) -> None:
        made = agentgateway(inputs=inputs)
        assert made.proxy["image"] == image
        assert made.env["XDS_ADDRESS"] == f"http://kgateway.kgateway-system.svc.cluster.local:{address}"
        assert "imagePullPolicy" not in made.proxy

    def test_the_pull_policy_of_the_inputs(self) -> None:
        made = agentgateway(
            inputs={"agentgateway": {"image": {"pullPolicy": "Always", "digest": "sha256:1"}}}
        )
        assert made.proxy["imagePullPolicy"] == "Always"
        assert made.proxy["image"].endswith(":v1.5.0@sha256:1")


class TestControlPlaneAuthority:
    def test_its_certificate_is_a_config_map_of_its_own(self) -> None:
        made = agentgateway(inputs=TLS)
        assert config_map(made, "web-xds-ca")["data"] == {"ca.crt": "PEM"}
        assert made.env["XDS_ADDRESS"].startswith("https://")
        assert made.env["XDS_ROOT_CA"] == "/etc/xds-tls/ca.crt"
        assert mounts(made)["/etc/xds-tls"] == "xds-ca"
        assert "checksum/xds-ca" in checksums(made)

    def test_a_config_map_overlay_does_not_reach_it(self) -> None:
        made = agentgateway({"configMap": {"data": {"extra": "text"}}}, inputs=TLS)
        assert config_map(made)["data"]["extra"] == "text"
        assert config_map(made, "web-xds-ca")["data"] == {"ca.crt": "PEM"}

    def test_tls_without_a_certificate_is_refused(self) -> None:
        with pytest.raises(ChartError, match=r"set controlPlane\.xdsCaCert"):
            agentgateway(inputs={"controlPlane": {"xdsTls": True}})


class TestWorkload:
    def test_a_daemon_set_with_the_very_same_pods(self) -> None:
        made = agentgateway({"workload": {"kind": "DaemonSet"}})
        assert "DaemonSet" in kinds(made)
        assert "Deployment" not in kinds(made)
        assert template(made)["spec"] == agentgateway().pod

    def test_a_gateway_takes_back_its_classs_choice(self) -> None:
        made = agentgateway(
            {"workload": {"kind": "Deployment"}}, of_class={"workload": {"kind": "DaemonSet"}}
        )
        assert "Deployment" in kinds(made)

    def test_the_budget_of_a_daemon_set_selects_its_pods(self) -> None:
        made = agentgateway({"workload": {"kind": "DaemonSet"}, "podDisruptionBudget": {}})
        selector = made.kind("PodDisruptionBudget")["spec"]["selector"]["matchLabels"]
        assert selector.items() <= template(made)["metadata"]["labels"].items()

    def test_vertical_autoscaling_of_a_daemon_set(self) -> None:
        made = agentgateway({"workload": {"kind": "DaemonSet"}, "verticalPodAutoscaler": {}})
        target = made.kind("VerticalPodAutoscaler")["spec"]["targetRef"]
        assert target == {"apiVersion": "apps/v1", "kind": "DaemonSet", "name": "web"}

    @pytest.mark.parametrize("overlay", ["deployment", "horizontalPodAutoscaler"])
    def test_one_layers_daemon_set_leaves_another_layers_overlay_without_effect(self, overlay: str) -> None:
        [fault] = faults_of({"workload": {"kind": "DaemonSet"}}, of_class={overlay: {"spec": {}}})
        assert fault.startswith(f"AgentgatewayParameters platform/for-class spec.{overlay}: ")
        assert "(from GatewayClass gwdeployer-agentgateway)" in fault

    def test_a_classs_daemon_set_overlay_after_the_gateway_chose_a_deployment(self) -> None:
        of_class = {"workload": {"kind": "DaemonSet"}, "daemonSet": {"spec": {}}}
        [fault] = faults_of({"workload": {"kind": "Deployment"}}, of_class=of_class)
        assert "platform/for-class spec.daemonSet: patches a DaemonSet, and none is rendered" in fault

    def test_what_an_overlay_leaves_of_a_workload_must_still_be_one(self) -> None:
        [*faults] = faults_of({"deployment": {"spec": {"$patch": "replace", "replicas": 1}}})
        assert any("spec.deployment.spec.template" in fault for fault in faults)


class TestEnvironment:
    def test_a_variable_of_the_users_takes_a_built_in_ones_place(self) -> None:
        own = [{"name": "RUST_LOG", "value": "trace"}, {"name": "XDS_ADDRESS", "value": "http://elsewhere"}]
        made = agentgateway({"env": own})
        assert env_names(made)[-2:] == ["RUST_LOG", "XDS_ADDRESS"]
        assert made.env["XDS_ADDRESS"] == "http://elsewhere"

    def test_any_built_in_variable_can_be_replaced(self) -> None:
        scene: dict[str, Any] = {"inputs": {**TLS, "istio": {"clusterId": "c", "network": "n"}}}
        istio = {"additionalTrustDomains": ["a"]}
        built_in = env_names(agentgateway({"istio": istio}, **scene))
        own = [{"name": name, "value": "mine"} for name in reversed(built_in)]
        made = agentgateway({"istio": istio, "env": own}, **scene)
        assert made.proxy["env"] == own

    def test_layers_merge_by_name_and_overriding_entries_move_to_the_end(self) -> None:
        of_class = {"env": [{"name": "A", "value": "1"}, {"name": "B", "value": "1"}]}
        made = agentgateway({"env": [{"name": "A", "value": "2"}]}, of_class=of_class)
        assert made.proxy["env"][-2:] == [{"name": "B", "value": "1"}, {"name": "A", "value": "2"}]

    def test_an_empty_value_is_written_as_kubernetes_stores_it(self) -> None:
        assert agentgateway({"env": [{"name": "A", "value": ""}]}).proxy["env"][-1] == {"name": "A"}

    def test_the_log_level(self) -> None:
        made = agentgateway({"logging": {"format": "json"}}, of_class={"logging": {"level": "debug"}})
        assert made.env["RUST_LOG"] == "debug"
        assert config(made) == {"config": {"logging": {"format": "json"}}}


class TestMerging:
    def test_an_image_part_by_part(self) -> None:
        made = agentgateway({"image": {"registry": ""}}, of_class={"image": {"registry": "r", "tag": "t"}})
        assert made.proxy["image"] == "agentgateway:t"

    def test_resources_by_amount_and_an_empty_map_clears(self) -> None:
        made = agentgateway(
            {"resources": {"requests": {"cpu": "1"}}}, of_class={"resources": {"limits": {"cpu": 2}}}
        )
        assert made.proxy["resources"] == {"requests": {"cpu": "1", "memory": "128Mi"}, "limits": {"cpu": 2}}
        assert agentgateway({"resources": {"requests": {}}}).proxy["resources"] == {"requests": {}}

    def test_shutdown_spiffe_and_raw_config_are_replaced_whole(self) -> None:
        of_class = {
            "shutdown": {"min": 1, "max": 2},
            "rawConfig": {"binds": []},
            "spiffe": {"source": {"socketName": "other.sock"}},
        }
        own = {"shutdown": {"min": 0, "max": 0}, "rawConfig": {"config": {}}, "spiffe": {}}
        made = agentgateway(own, of_class=of_class)
        assert made.pod["terminationGracePeriodSeconds"] == 0
        assert made.env["CONNECTION_MIN_TERMINATION_DEADLINE"] == "0s"
        endpoint = "unix:///spiffe-workload-api/spire-agent.sock"
        assert config(made) == {"config": {"spiffe": {"endpoint": endpoint}}}

    def test_istio_field_by_field_and_trust_domains_whole(self) -> None:
        of_class = {"istio": {"caAddress": "https://ca", "additionalTrustDomains": ["a", "b"]}}
        made = agentgateway({"istio": {"additionalTrustDomains": ["c"]}}, of_class=of_class)
        assert made.env["CA_ADDRESS"] == "https://ca"
        assert made.env["ADDITIONAL_TRUST_DOMAINS"] == "c"


class TestIstio:
    @pytest.mark.parametrize(
        ("istio", "auto", "joins"),
        [
            (None, False, False),
            (None, True, True),
            ({}, False, True),
            ({"network": "n"}, False, True),
            ({"enabled": True}, False, True),
            ({"enabled": False}, True, False),
        ],
    )
    def test_who_joins_the_mesh(self, istio: Any, auto: bool, joins: bool) -> None:
        made = agentgateway(
            {} if istio is None else {"istio": istio}, inputs={"istio": {"autoEnabled": auto}}
        )
        assert ("CA_ADDRESS" in made.env) is joins
        assert ("/var/run/secrets/tokens" in mounts(made)) is joins
        assert (made.pod_metadata["labels"].get("istio.io/dataplane-mode") == "none") is joins

    def test_what_parameters_leave_open_the_inputs_say(self) -> None:
        mesh = {"clusterId": "c1", "network": "n1", "namespace": "mesh", "trustDomain": "corp"}
        made = agentgateway({"istio": {"network": "n2"}}, inputs={"istio": mesh})
        expected = {"CA_ADDRESS": "https://istiod.mesh.svc:15012", "TRUST_DOMAIN": "corp"}
        assert expected.items() | {"CLUSTER_ID": "c1", "NETWORK": "n2"}.items() <= made.env.items()

    def test_what_nobody_says_the_proxy_decides(self) -> None:
        env = agentgateway({"istio": {}}).env
        assert env["TRUST_DOMAIN"] == "cluster.local"
        assert not {"CLUSTER_ID", "NETWORK", "ADDITIONAL_TRUST_DOMAINS"} & env.keys()


class TestSpiffe:
    def test_from_a_directory_of_the_node(self) -> None:
        source = {"hostPath": {"path": "/run/spire"}, "mountPath": "/spiffe/", "socketName": "s"}
        made = agentgateway({"spiffe": {"source": source}})
        assert volume(made, "spiffe-workload-api") == {
            "hostPath": {"path": "/run/spire", "type": "Directory"}
        }
        assert mounts(made)["/spiffe/"] == "spiffe-workload-api"
        assert config(made) == {"config": {"spiffe": {"endpoint": "unix:///spiffe/s"}}}

    def test_from_a_driver(self) -> None:
        made = agentgateway({"spiffe": {"source": {"csi": {"driver": "d"}}}})
        assert volume(made, "spiffe-workload-api") == {"csi": {"driver": "d", "readOnly": True}}

    def test_a_gateway_leaves_what_its_class_joined(self) -> None:
        made = agentgateway({"spiffe": {"enabled": False}}, of_class={"spiffe": {}})
        assert config(made) == {"config": {}}
        assert "/spiffe-workload-api" not in mounts(made)


def catalog(*sources: tuple[str, str | None]) -> dict[str, Any]:
    listed = [{"configMap": {"name": name, **({"key": key} if key else {})}} for name, key in sources]
    return {"modelCatalog": {"sources": listed}}


class TestModelCatalog:
    def test_two_keys_of_one_config_map_are_two_files_of_one_volume(self) -> None:
        made = agentgateway(catalog(("costs", None), ("more", "k"), ("costs", "eu.json"), ("costs", None)))
        folder = "/etc/agentgateway/model-catalog"
        files = [entry["file"] for entry in config(made)["config"]["modelCatalog"]]
        first = f"{folder}/costs/costs.json"
        assert files == [first, f"{folder}/more/more.json", f"{folder}/costs/costs-2.json", first]
        assert volume(made, "model-catalog-costs")["configMap"]["items"] == [
            {"key": "catalog.json", "path": "costs.json"},
            {"key": "eu.json", "path": "costs-2.json"},
        ]

    def test_a_name_that_no_volume_may_have(self) -> None:
        made = agentgateway(catalog(("costs.2026." + "x" * 60, None)))
        assert all(len(one["name"]) <= 63 and "." not in one["name"] for one in made.pod["volumes"])

    def test_a_classs_catalog_has_no_effect_and_a_warning_says_so(self) -> None:
        made = agentgateway(of_class=catalog(("costs", None)))
        assert config(made) == {"config": {}}
        [warning] = made.warnings
        assert warning.startswith(
            "AgentgatewayParameters platform/for-class spec.modelCatalog: has no effect"
        )

    def test_a_source_without_a_config_map_is_none(self) -> None:
        assert config(agentgateway({"modelCatalog": {"sources": [{}]}})) == {"config": {}}


class TestRawConfig:
    def test_typed_fields_win_and_the_rest_stays(self) -> None:
        raw = {"binds": [{"port": 1}], "config": {"logging": {"format": "text", "level": "x"}, "other": None}}
        made = agentgateway({"rawConfig": raw, "logging": {"format": "json"}})
        logging = {"format": "json", "level": "x"}
        assert config(made) == {"binds": [{"port": 1}], "config": {"logging": logging, "other": None}}

    @pytest.mark.parametrize(
        "conflict", [{"config": "text"}, {"config": {"logging": ["list"]}}, {"config": None}]
    )
    def test_typed_fields_win_over_what_has_another_shape(self, conflict: Any) -> None:
        made = agentgateway({"rawConfig": conflict, "logging": {"format": "json"}})
        assert config(made) == {"config": {"logging": {"format": "json"}}}

    def test_strings_stay_strings(self) -> None:
        raw = {"binds": [{"a": "yes", "b": "1e3", "c": "x\ny: z", "d": "{{ nothing }}"}]}
        assert config(agentgateway({"rawConfig": raw})) == raw


class TestChecksums:
    def test_of_what_the_proxy_reads_at_its_start(self) -> None:
        before, after = agentgateway(), agentgateway({"logging": {"format": "json"}})
        assert set(checksums(before)) == {"checksum/config", "checksum/session-key"}
        assert checksums(before)["checksum/config"] != checksums(after)["checksum/config"]

    def test_of_what_overlays_made_of_it(self) -> None:
        made = agentgateway({"configMap": {"data": {"config.yaml": "{}"}}})
        assert checksums(made)["checksum/config"] != checksums(agentgateway())["checksum/config"]

    def test_labels_do_not_count(self) -> None:
        made = agentgateway(infrastructure={"labels": {"a": "b"}})
        assert checksums(made)["checksum/config"] == checksums(agentgateway())["checksum/config"]

    def test_they_win_over_the_gateways_annotations(self) -> None:
        made = agentgateway(
            infrastructure={"annotations": {"checksum/config": "fixed", "prometheus.io/path": "/x"}}
        )
        assert checksums(made)["checksum/config"] == checksums(agentgateway())["checksum/config"]
        assert made.pod_metadata["annotations"]["prometheus.io/path"] == "/x"

    def test_opting_out(self) -> None:
        made = agentgateway({"workload": {"configChecksum": False}})
        assert set(checksums(made)) == {"checksum/session-key"}

    def test_they_are_sha_256(self) -> None:
        assert len(checksums(agentgateway())["checksum/config"]) == len(hashlib.sha256().hexdigest())


class TestPorts:
    @pytest.mark.parametrize(
        ("port", "what"), [(15000, "administration"), (15020, "metrics"), (15021, "readiness")]
    )
    def test_the_proxys_own_are_left_out(self, port: int, what: str) -> None:
        made = agentgateway(listeners=[listener(80), listener(port)])
        assert made.ports == [80]
        assert f"port {port} is the proxy's own ({what})" in made.warnings[0]

    def test_envoys_own_are_free(self) -> None:
        assert agentgateway(listeners=[listener(8082), listener(9091)]).ports == [8082, 9091]

    def test_without_any_port(self) -> None:
        assert agentgateway(listeners=[]).skip.reason == "no listener has a port that can be served"
        assert agentgateway(listeners=[], inputs={"noListenersDummyPort": 65443}).ports == [65443]

    def test_the_gateways_address(self) -> None:
        made = agentgateway(addresses=[{"type": "IPAddress", "value": "203.0.113.1"}])
        assert made.service["spec"]["loadBalancerIP"] == "203.0.113.1"
        assert "loadBalancerIP" not in agentgateway().service["spec"]


NASTY = "x\"\n- a: {{ 1 }}\n'#: &"


def test_values_stay_data() -> None:
    own: dict[str, Any] = {
        "logging": {"level": NASTY},
        "image": {
            "registry": NASTY,
            "repository": NASTY,
            "tag": NASTY,
            "digest": NASTY,
            "pullPolicy": "Always",
        },
        "env": [{"name": "A", "value": NASTY}],
        "istio": {
            "caAddress": NASTY,
            "trustDomain": NASTY,
            "additionalTrustDomains": [NASTY],
            "clusterId": NASTY,
            "network": NASTY,
        },
        "spiffe": {"source": {"mountPath": f"/{NASTY}", "socketName": NASTY}},
        "rawConfig": {NASTY: NASTY},
    }
    made = agentgateway(own, infrastructure={"annotations": {"note": NASTY}})
    assert made.proxy["image"] == f"{NASTY}/{NASTY}:{NASTY}@{NASTY}"
    told = (
        "RUST_LOG",
        "A",
        "CA_ADDRESS",
        "TRUST_DOMAIN",
        "ADDITIONAL_TRUST_DOMAINS",
        "CLUSTER_ID",
        "NETWORK",
    )
    assert {made.env[name] for name in told} == {NASTY}
    assert config(made)[NASTY] == NASTY
    assert made.service["metadata"]["annotations"]["note"] == NASTY
