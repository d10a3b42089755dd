"""Envoy's bootstrap and the Service's own settings, as parameters and inputs shape them."""

from __future__ import annotations

from typing import Any

import pytest

from gwdeployer import ChartError, GwdeployerError, ParametersError
from tests.gateway.scenarios import Outcome, proxy

MONITOR = "envoy.resource_monitors.global_downstream_max_connections"
HEAP = {
    "name": "envoy.resource_monitors.fixed_heap",
    "typedConfig": {"@type": "type.googleapis.com/x", "maxHeapSizeBytes": 1 << 30},
}


def envoy(**bootstrap: Any) -> Outcome:
    return proxy(kube={"envoyContainer": {"bootstrap": bootstrap}})


def serving(**service: Any) -> Outcome:
    return proxy(kube={"service": service})


# --- IP families ------------------------------------------------------------------------------------------


def binds(outcome: Outcome) -> list[tuple[str, Any]]:
    addresses = [
        listener["address"]["socket_address"]
        for listener in outcome.bootstrap["static_resources"]["listeners"]
    ]
    return [(address["address"], address.get("ipv4_compat")) for address in addresses]


IPV4, ANY = [("0.0.0.0", None)] * 2, [("::", True)] * 2  # noqa: S104 - only compared


@pytest.mark.parametrize(
    ("service", "expected"),
    [
        ({}, IPV4),
        ({"ipFamilies": ["IPv4"]}, IPV4),
        ({"ipFamilyPolicy": "SingleStack"}, IPV4),
        ({"ipFamilyPolicy": "PreferDualStack"}, IPV4),
        ({"ipFamilies": ["IPv6"]}, ANY),
        ({"ipFamilies": ["IPv4", "IPv6"], "ipFamilyPolicy": "PreferDualStack"}, ANY),
        ({"ipFamilies": ["IPv6", "IPv4"], "ipFamilyPolicy": "RequireDualStack"}, ANY),
        ({"ipFamilyPolicy": "RequireDualStack"}, ANY),
    ],
)
def test_the_proxy_binds_ipv6_exactly_where_it_is_asked_for(service: Any, expected: Any) -> None:
    outcome = serving(**service)
    assert binds(outcome) == expected
    assert {key: outcome.service["spec"].get(key) for key in service} == service


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("clusterIP", "None"),
        ("clusterIP", "10.0.0.1"),
        ("externalTrafficPolicy", "Local"),
        ("loadBalancerClass", "example.com/lb"),
        ("loadBalancerSourceRanges", ["10.0.0.0/8", "2001:db8::/32"]),
    ],
)
def test_the_services_settings_are_passed_on(field: str, value: Any) -> None:
    assert serving(**{field: value}).service["spec"][field] == value
    assert field not in proxy().service["spec"]


def test_source_ranges_are_replaced_not_appended() -> None:
    ranges: dict[str, Any] = {"service": {"loadBalancerSourceRanges": ["10.0.0.0/8"]}}
    own: dict[str, Any] = {"service": {"loadBalancerSourceRanges": ["10.1.0.0/16"]}}
    spec = proxy(class_kube=ranges, kube=own).service["spec"]
    assert spec["loadBalancerSourceRanges"] == ["10.1.0.0/16"]


# --- Overload ---------------------------------------------------------------------------------------------


def test_there_is_no_overload_manager_unless_asked_for() -> None:
    assert "overload_manager" not in proxy().bootstrap


def test_a_connection_limit_is_a_resource_monitor() -> None:
    assert envoy(maxDownstreamConnections=20000).bootstrap["overload_manager"] == {
        "resourceMonitors": [
            {
                "name": MONITOR,
                "typedConfig": {
                    "@type": "type.googleapis.com/envoy.extensions.resource_monitors."
                    "downstream_connections.v3.DownstreamConnectionsConfig",
                    "maxActiveDownstreamConnections": 20000,
                },
            }
        ]
    }


def test_a_connection_limit_joins_an_overload_manager() -> None:
    manager = {
        "refreshInterval": "0.25s",
        "resourceMonitors": [HEAP],
        "actions": [
            {
                "name": "envoy.overload_actions.stop_accepting_requests",
                "triggers": [{"name": HEAP["name"], "threshold": {"value": 0.95}}],
            }
        ],
    }
    got = envoy(overloadManager=manager, maxDownstreamConnections=5).bootstrap["overload_manager"]
    assert {**got, "resourceMonitors": got["resourceMonitors"][:1]} == manager
    assert [monitor["name"] for monitor in got["resourceMonitors"]] == [HEAP["name"], MONITOR]
    assert envoy(overloadManager=manager).bootstrap["overload_manager"] == manager


# --- Logs, DNS, readiness ---------------------------------------------------------------------------------


def log_format(outcome: Outcome) -> Any:
    return outcome.bootstrap["application_log_config"]["log_format"]


def test_log_formats() -> None:
    assert "application_log_config" not in proxy().bootstrap
    assert log_format(envoy(logFormat={"text": "[%l] %v"})) == {"text_format": "[%l] %v"}
    fields = {"level": "%l", "null": None, "deep": {"a": [1, True, "%v"]}}
    assert log_format(envoy(logFormat={"json": fields})) == {"json_format": fields}


def dns(outcome: Outcome) -> Any:
    return outcome.bootstrap["typed_dns_resolver_config"]["typed_config"].get("udp_max_queries")


@pytest.mark.parametrize(
    ("given", "expected"), [({}, 100), ({"udpMaxQueries": 7}, 7), ({"udpMaxQueries": 0}, None)]
)
def test_the_dns_resolvers_limit(given: Any, expected: int | None) -> None:
    """0 says "no limit", which is what Envoy assumes."""
    assert dns(envoy(dnsResolver=given)) == expected


def test_the_readiness_listener_may_take_the_proxy_protocol() -> None:
    filters = envoy(enableReadinessProbeProxyProtocol=True).listener("readiness_listener")["listener_filters"]
    assert [entry["name"] for entry in filters] == ["envoy.filters.listener.proxy_protocol"]
    assert "listener_filters" not in proxy().listener("readiness_listener")
    assert "listener_filters" not in envoy(enableReadinessProbeProxyProtocol=False).listener(
        "readiness_listener"
    )


# --- Statistics -------------------------------------------------------------------------------------------


def routes(outcome: Outcome) -> dict[str, Any]:
    [chain] = outcome.listener("prometheus_listener")["filter_chains"]
    [host] = chain["filters"][0]["typed_config"]["route_config"]["virtual_hosts"]
    return {
        route["match"].get("prefix") or route["match"]["path"]: route["route"].get("prefix_rewrite")
        for route in host["routes"]
    }


def test_statistics_by_default() -> None:
    outcome = proxy()
    assert routes(outcome) == {"/ready": None, "/metrics": "/stats/prometheus?usedonly", "/stats": "/stats"}
    assert "stats_config" not in outcome.bootstrap


def test_statistics_may_be_switched_off() -> None:
    outcome = proxy(kube={"stats": {"enabled": False}})
    names = [listener["name"] for listener in outcome.bootstrap["static_resources"]["listeners"]]
    assert names == ["readiness_listener"]
    assert [port["name"] for port in outcome.proxy["ports"]] == ["listener-80"]


def test_statistics_routes() -> None:
    rewritten = proxy(kube={"stats": {"routePrefixRewrite": "/a", "statsRoutePrefixRewrite": "/b"}})
    assert routes(rewritten) == {"/ready": None, "/metrics": "/a", "/stats": "/b"}
    assert "/stats" not in routes(proxy(kube={"stats": {"enableStatsRoute": False}}))


MATCHERS = [
    ({"exact": "a"}, {"exact": "a"}),
    ({"prefix": "a.", "ignoreCase": True}, {"prefix": "a.", "ignore_case": True}),
    ({"suffix": "b", "ignoreCase": False}, {"suffix": "b"}),  # false is what Envoy assumes
    ({"contains": "c"}, {"contains": "c"}),
    ({"safeRegex": "^a{2}$"}, {"safe_regex": {"regex": "^a{2}$"}}),
]


@pytest.mark.parametrize(
    ("given", "rendered"), [("inclusionList", "inclusion_list"), ("exclusionList", "exclusion_list")]
)
def test_statistics_are_matched(given: str, rendered: str) -> None:
    outcome = proxy(kube={"stats": {"matcher": {given: [matcher for matcher, _ in MATCHERS]}}})
    assert outcome.bootstrap["stats_config"]["stats_matcher"] == {
        rendered: {"patterns": [pattern for _, pattern in MATCHERS]}
    }


def test_a_gateways_matcher_takes_the_place_of_its_classs() -> None:
    class_kube = {"stats": {"matcher": {"inclusionList": [{"exact": "a"}]}}}
    outcome = proxy(class_kube=class_kube, kube={"stats": {"matcher": {"exclusionList": [{"exact": "b"}]}}})
    assert outcome.bootstrap["stats_config"]["stats_matcher"] == {
        "exclusion_list": {"patterns": [{"exact": "b"}]}
    }


# --- The control plane ------------------------------------------------------------------------------------


def xds(outcome: Outcome) -> Any:
    [endpoint] = outcome.cluster("xds_cluster")["load_assignment"]["endpoints"][0]["lb_endpoints"]
    return endpoint["endpoint"]["address"]["socket_address"]


def test_the_control_plane_is_where_the_inputs_say() -> None:
    outcome = proxy(inputs={"controlPlane": {"xdsHost": "xds.example.com", "xdsPort": 1}})
    assert xds(outcome) == {"address": "xds.example.com", "port_value": 1}
    assert "transport_socket" not in outcome.cluster("xds_cluster")
    assert "ca.crt" not in outcome.config_map["data"]
    assert "secrets" not in outcome.bootstrap["static_resources"]


def test_tls_to_the_control_plane() -> None:
    outcome = proxy(inputs={"controlPlane": {"xdsTls": True, "xdsCaCert": "PEM\n"}})
    assert outcome.config_map["data"]["ca.crt"] == "PEM\n"
    assert outcome.cluster("xds_cluster")["transport_socket"]["name"] == "envoy.transport_sockets.tls"
    [secret] = outcome.bootstrap["static_resources"]["secrets"]
    assert secret["validation_context"]["trusted_ca"] == {"filename": "/etc/envoy/ca.crt"}


@pytest.mark.parametrize("certificate", [{}, {"xdsCaCert": ""}, {"xdsCaCert": None}])
def test_tls_without_a_ca_is_an_error(certificate: Any) -> None:
    with pytest.raises(GwdeployerError, match=r"set controlPlane\.xdsCaCert"):
        proxy(inputs={"controlPlane": {"xdsTls": True, **certificate}})


def test_a_bad_merge_of_layers_is_refused_with_the_field() -> None:
    with pytest.raises(ParametersError, match=r"ipFamilies: SingleStack takes one family, there are two"):
        proxy(
            class_kube={"service": {"ipFamilies": ["IPv4", "IPv6"]}},
            kube={"service": {"ipFamilyPolicy": "SingleStack"}},
        )


def test_a_registry_without_a_repository_is_an_error() -> None:
    with pytest.raises(ChartError, match="an image needs a repository"):
        proxy(kube={"envoyContainer": {"image": {"repository": ""}}})
