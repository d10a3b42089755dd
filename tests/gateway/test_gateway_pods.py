"""The proxy's pods: probes, shutdown, scheduling, arguments, environment, volumes, the mesh's sidecars."""

from __future__ import annotations

from typing import Any

import pytest

from tests.gateway.scenarios import Outcome, listener, proxy

READY = {"path": "/ready", "port": 8082}
ATTRIBUTES = "OTEL_RESOURCE_ATTRIBUTES"
CHECKSUM = "gwdeployer.dev/config-checksum"


def pods(**template: Any) -> Outcome:
    return proxy(kube={"podTemplate": template})


def envoy(**container: Any) -> Outcome:
    return proxy(kube={"envoyContainer": container})


# --- Probes and shutdown ----------------------------------------------------------------------------------


def test_probes_by_default() -> None:
    container = proxy().proxy
    assert container["readinessProbe"] == {"httpGet": READY, "periodSeconds": 10}
    assert container["startupProbe"] == {
        "httpGet": READY,
        "periodSeconds": 1,
        "timeoutSeconds": 2,
        "failureThreshold": 60,
        "successThreshold": 1,
    }
    assert "livenessProbe" not in container


def test_probes_merge_and_another_handler_takes_the_defaults_place() -> None:
    container = pods(
        readinessProbe={"tcpSocket": {"port": 80}}, livenessProbe={"httpGet": READY, "periodSeconds": 0}
    ).proxy
    assert container["readinessProbe"] == {"tcpSocket": {"port": 80}, "periodSeconds": 10}
    assert container["livenessProbe"] == {"httpGet": READY, "periodSeconds": 0}


def commands(outcome: Outcome) -> Any:
    return outcome.proxy["lifecycle"]["preStop"]["exec"]["command"]


@pytest.mark.parametrize(("seconds", "expected"), [(None, 10), (0, 0), (25, 25)])
def test_graceful_shutdown_fails_health_checks_and_waits(seconds: Any, expected: int) -> None:
    outcome = pods(gracefulShutdown={"enabled": True, "sleepTimeSeconds": seconds})
    fail = 'wget --post-data "" -O /dev/null 127.0.0.1:19000/healthcheck/fail'
    assert commands(outcome) == ["/bin/sh", "-c", f"{fail}; sleep {expected}"]


def test_graceful_shutdown_may_be_switched_off() -> None:
    assert "lifecycle" not in pods(gracefulShutdown={"enabled": False}).proxy


@pytest.mark.parametrize("seconds", [0, 1, 31536000])
def test_the_termination_grace_period_may_be_anything_even_0(seconds: int) -> None:
    assert pods(terminationGracePeriodSeconds=seconds).pod["terminationGracePeriodSeconds"] == seconds


# --- Scheduling -------------------------------------------------------------------------------------------

SPREAD = {
    "maxSkew": 1,
    "topologyKey": "zone",
    "whenUnsatisfiable": "DoNotSchedule",
    "labelSelector": {"matchLabels": {"a": "b"}},
}


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("nodeSelector", {"disk": "ssd", "arch": "true"}),
        ("tolerations", [{"key": "a", "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 0}]),
        (
            "affinity",
            {"podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [{"topologyKey": "z"}]}},
        ),
        ("topologySpreadConstraints", [SPREAD]),
        ("priorityClassName", "system-cluster-critical"),
        ("imagePullSecrets", [{"name": "a"}, {"name": "b"}]),
        ("securityContext", {"fsGroup": 0, "runAsNonRoot": False}),
    ],
)
def test_scheduling_is_passed_on_as_it_is(field: str, value: Any) -> None:
    outcome = proxy(kube={"podTemplate": {field: value}}, listeners=[listener(8080)])
    assert outcome.pod[field] == value


def test_what_nobody_asked_for_is_not_there() -> None:
    assert set(proxy(listeners=[listener(8080)]).pod) == {
        "serviceAccountName",
        "terminationGracePeriodSeconds",
        "containers",
        "volumes",
    }


# --- Arguments, environment, volumes ----------------------------------------------------------------------


def test_arguments_are_appended_layer_by_layer() -> None:
    kube = {"envoyContainer": {"extraArgs": ["--concurrency", "2"]}}
    class_kube = {"envoyContainer": {"extraArgs": ["--log-path=/x y"]}}
    args = proxy(class_kube=class_kube, kube=kube).proxy["args"]
    assert args == [
        "--disable-hot-restart",
        "--service-node",
        "$(POD_NAME).$(POD_NAMESPACE)",
        "--log-level",
        "info",
        "--log-path=/x y",
        "--concurrency",
        "2",
    ]


def test_log_levels() -> None:
    bootstrap = {"logLevel": "debug", "componentLogLevels": {"upstream": "trace", "http": "off"}}
    args = envoy(bootstrap=bootstrap).proxy["args"]
    assert args[3:] == ["--log-level", "debug", "--component-log-level", "http:off,upstream:trace"]


BUILT_IN = ["POD_NAME", "POD_NAMESPACE", "POD_UID", "NODE_NAME", "ENVOY_UID", ATTRIBUTES]


def test_environment_is_added_after_the_built_in_and_a_gateways_wins() -> None:
    theirs = [{"name": "A", "value": "class"}, {"name": "B", "value": "class"}]
    own = [{"name": "B", "value": "own"}, {"name": "C", "valueFrom": {"fieldRef": {"fieldPath": "spec.x"}}}]
    outcome = proxy(class_kube={"envoyContainer": {"env": theirs}}, kube={"envoyContainer": {"env": own}})
    assert [entry["name"] for entry in outcome.proxy["env"]] == [*BUILT_IN, "A", "B", "C"]
    assert outcome.env["B"] == "own"


@pytest.mark.parametrize("name", BUILT_IN[:-1])
def test_a_built_in_variable_may_be_overridden(name: str) -> None:
    outcome = envoy(env=[{"name": name, "value": "mine"}])
    assert outcome.env[name] == "mine"


def test_attributes_of_opentelemetry_are_appended_to_the_built_in_ones() -> None:
    built_in = proxy(inputs={"version": "1.2.3"}).env[ATTRIBUTES]
    assert built_in == (
        "service.namespace=$(POD_NAMESPACE),service.instance.id=$(POD_UID),service.version=1.2.3,"
        "k8s.namespace.name=$(POD_NAMESPACE),k8s.pod.name=$(POD_NAME),k8s.pod.uid=$(POD_UID),"
        "k8s.node.name=$(NODE_NAME),k8s.deployment.name=web,k8s.container.name=kgateway-proxy"
    )
    theirs = [{"name": ATTRIBUTES, "value": "team=a,x=b c"}, {"name": "A", "value": "1"}]
    outcome = proxy(inputs={"version": "1.2.3"}, kube={"envoyContainer": {"env": theirs}})
    assert outcome.env[ATTRIBUTES] == f"{built_in},team=a,x=b c"
    assert [entry["name"] for entry in outcome.proxy["env"]] == [*BUILT_IN, "A"]


def test_resources_are_passed_on() -> None:
    resources = {"requests": {"cpu": "100m", "memory": 1024}, "limits": {"cpu": 1}}
    assert envoy(resources=resources).proxy["resources"] == resources


def test_volumes_and_mounts_come_after_the_built_in() -> None:
    volumes = [{"name": "mine", "emptyDir": {}}, {"name": "theirs", "configMap": {"name": "cm"}}]
    mounts = [{"name": "mine", "mountPath": "/mine"}, {"name": "theirs", "mountPath": "/t", "readOnly": True}]
    kube = {"podTemplate": {"extraVolumes": volumes}, "envoyContainer": {"extraVolumeMounts": mounts}}
    outcome = proxy(kube=kube)
    assert [volume["name"] for volume in outcome.pod["volumes"]] == [
        "xds-token",
        "envoy-config",
        "podinfo",
        "mine",
        "theirs",
    ]
    assert outcome.pod["volumes"][3:] == volumes
    assert outcome.proxy["volumeMounts"][3:] == mounts


def test_the_token_is_for_kgateways_control_plane() -> None:
    [token] = [volume for volume in proxy().pod["volumes"] if volume["name"] == "xds-token"]
    source = {"audience": "kgateway", "expirationSeconds": 43200, "path": "xds-token"}
    assert token["projected"]["sources"] == [{"serviceAccountToken": source}]


# --- The checksum -----------------------------------------------------------------------------------------


def checksum(outcome: Outcome) -> Any:
    return outcome.pod_metadata["annotations"].get(CHECKSUM)


def test_the_checksum_is_there_and_the_same_for_the_same_configuration() -> None:
    assert checksum(proxy()) == checksum(proxy(listeners=[listener(8080)])) != ""


def test_the_checksum_changes_with_the_bootstrap() -> None:
    changed = envoy(bootstrap={"dnsResolver": {"udpMaxQueries": 7}})
    assert checksum(changed) != checksum(proxy())


def test_the_checksum_does_not_change_with_the_ca_which_envoy_watches() -> None:
    first, second = (
        proxy(inputs={"controlPlane": {"xdsTls": True, "xdsCaCert": certificate}})
        for certificate in ("a", "b")
    )
    assert first.config_map["data"]["ca.crt"] != second.config_map["data"]["ca.crt"]
    assert checksum(first) == checksum(second)
    assert checksum(first) != checksum(proxy())


def test_the_checksum_may_be_switched_off() -> None:
    assert checksum(pods(configChecksum=False)) is None


# --- Sidecars ---------------------------------------------------------------------------------------------

MESH = {"istioAutoMtlsEnabled": True}


def test_without_the_mesh_the_proxy_is_alone() -> None:
    outcome = proxy(kube={"sdsContainer": {"image": {"tag": "x"}}})
    assert [container["name"] for container in outcome.pod["containers"]] == ["kgateway-proxy"]


def test_the_meshs_sidecars_by_default() -> None:
    outcome = proxy(inputs=MESH)
    names = [container["name"] for container in outcome.pod["containers"]]
    assert names == ["kgateway-proxy", "sds", "istio-proxy"]
    assert outcome.container("sds")["image"] == "cr.kgateway.dev/sds:v2.3.0"
    istio = outcome.container("istio-proxy")
    assert istio["image"] == "docker.io/istio/proxyv2:1.30.1"
    assert "--proxyLogLevel=warning" in istio["args"]
    env = {entry["name"]: entry.get("value") for entry in istio["env"]}
    assert env["CA_ADDR"] == "istiod.istio-system.svc:15012"
    assert env["PROXY_CONFIG"] == '{"discoveryAddress": istiod.istio-system.svc:15012 }\n'
    assert env["ISTIO_META_MESH_ID"] == "cluster.local"
    assert env["ISTIO_META_CLUSTER_ID"] == "Kubernetes"
    assert {cluster["name"] for cluster in outcome.bootstrap["static_resources"]["clusters"]} >= {
        "gateway_proxy_sds"
    }


def test_the_meshs_sidecars_are_customised() -> None:
    kube = {
        "sdsContainer": {
            "image": {"tag": "1"},
            "bootstrap": {"logLevel": "debug"},
            "resources": {"limits": {"cpu": "1"}},
            "securityContext": {"runAsUser": 1},
        },
        "istio": {
            "istioProxyContainer": {
                "image": {"digest": "sha256:ab"},
                "logLevel": "trace",
                "istioDiscoveryAddress": 'a"b:1',
                "istioMetaMeshId": "mesh",
                "istioMetaClusterId": "c1",
                "resources": {"limits": {"cpu": "2"}},
                "securityContext": {"runAsUser": 2},
            }
        },
    }
    outcome = proxy(inputs=MESH, kube=kube)
    sds, istio = outcome.container("sds"), outcome.container("istio-proxy")
    assert sds["image"] == "cr.kgateway.dev/sds:1"
    assert {"name": "LOG_LEVEL", "value": "debug"} in sds["env"]
    assert (sds["resources"], sds["securityContext"]) == ({"limits": {"cpu": "1"}}, {"runAsUser": 1})
    assert istio["image"] == "docker.io/istio/proxyv2@sha256:ab"
    assert "--proxyLogLevel=trace" in istio["args"]
    env = {entry["name"]: entry.get("value") for entry in istio["env"]}
    assert (env["ISTIO_META_MESH_ID"], env["ISTIO_META_CLUSTER_ID"]) == ("mesh", "c1")
    assert env["PROXY_CONFIG"] == '{"discoveryAddress": a"b:1 }\n'
    assert (istio["resources"], istio["securityContext"]) == ({"limits": {"cpu": "2"}}, {"runAsUser": 2})


def test_sidecars_volumes_come_before_the_users() -> None:
    outcome = proxy(inputs=MESH, kube={"podTemplate": {"extraVolumes": [{"name": "mine", "emptyDir": {}}]}})
    names = [volume["name"] for volume in outcome.pod["volumes"]]
    assert names[-1] == "mine"
    assert "istio-token" in names
