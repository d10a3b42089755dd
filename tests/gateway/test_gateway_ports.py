"""Which ports a proxy serves: listeners, reserved ports, protocols, node ports, ports of the parameters."""

from __future__ import annotations

from typing import Any

import pytest

from gwdeployer import ParametersError
from tests.gateway.scenarios import Outcome, listener, proxy


def service_ports(outcome: Outcome) -> list[tuple[str, int, str]]:
    ports = outcome.service["spec"]["ports"]
    assert all(port["targetPort"] == port["port"] for port in ports)
    return [(port["name"], port["port"], port["protocol"]) for port in ports]


def container_ports(outcome: Outcome) -> list[tuple[str, int, str]]:
    return [
        (port["name"], port["containerPort"], port.get("protocol", "TCP")) for port in outcome.proxy["ports"]
    ]


def test_ports_are_sorted_and_each_is_served_once() -> None:
    listeners = [listener(port, name=f"l{i}") for i, port in enumerate([9090, 80, 8080, 80])]
    outcome = proxy(listeners=listeners)
    expected = [("listener-80", 80, "TCP"), ("listener-8080", 8080, "TCP"), ("listener-9090", 9090, "TCP")]
    assert service_ports(outcome) == expected
    assert container_ports(outcome) == [*expected, ("http-monitoring", 9091, "TCP")]


@pytest.mark.parametrize(
    ("port", "what"), [(9091, "metrics"), (8082, "readiness"), (19000, "administration")]
)
@pytest.mark.parametrize("stats", [True, False])
def test_a_listener_on_a_port_of_the_proxys_own_is_left_out_with_a_warning(
    port: int, what: str, stats: bool
) -> None:
    outcome = proxy(listeners=[listener(80), listener(port)], kube={"stats": {"enabled": stats}})
    assert outcome.ports == [80]
    assert outcome.warnings == [
        f"Gateway shop/web spec.listeners[1].port: port {port} is the proxy's own ({what}): "
        "the listener is not served; choose another port"
    ]


def test_a_gateway_with_reserved_ports_only_is_left_alone() -> None:
    outcome = proxy(listeners=[listener(9091)])
    assert outcome.skip.reason == "no listener has a port that can be served"
    assert not outcome.skip.cleanup


@pytest.mark.parametrize("listeners", [[], None])
def test_a_gateway_without_listeners_is_left_alone_and_nothing_removed(listeners: Any) -> None:
    outcome = proxy(listeners=listeners)
    assert outcome.skip.reason == "no listener has a port that can be served"
    assert not outcome.skip.cleanup


def test_the_dummy_port_keeps_the_service_of_a_gateway_without_listeners() -> None:
    assert proxy(listeners=[], inputs={"noListenersDummyPort": 65443}).ports == [65443]
    assert proxy(listeners=[listener(80)], inputs={"noListenersDummyPort": 65443}).ports == [80]


@pytest.mark.parametrize(("protocol", "served"), [("HTTP", 80), ("HTTPS", 443)])
@pytest.mark.parametrize("port", [0, None])
def test_port_0_means_the_protocols_own(port: int | None, protocol: str, served: int) -> None:
    assert proxy(listeners=[listener(port, protocol)]).ports == [served]


@pytest.mark.parametrize("protocol", ["TCP", "TLS", "UDP"])
def test_port_0_of_a_protocol_without_a_port_of_its_own_is_left_out(protocol: str) -> None:
    outcome = proxy(listeners=[listener(80), listener(0, protocol)])
    assert outcome.ports == [80]
    assert outcome.warnings == [
        f"Gateway shop/web spec.listeners[1]: protocol {protocol!r} has no default port: "
        "the listener is not served"
    ]


def test_udp_listeners_have_udp_ports_of_their_own_name() -> None:
    outcome = proxy(listeners=[listener(53, "UDP"), listener(53, "TCP"), listener(65535, "UDP")])
    expected = [("listener-53", 53, "TCP"), ("udp-53", 53, "UDP"), ("udp-65535", 65535, "UDP")]
    assert service_ports(outcome) == expected
    assert container_ports(outcome)[:3] == expected


def test_the_proxys_own_ports_are_free_for_udp() -> None:
    outcome = proxy(listeners=[listener(8082, "UDP")])
    assert service_ports(outcome) == [("udp-8082", 8082, "UDP")]
    assert outcome.warnings == []


@pytest.mark.parametrize("service_type", ["NodePort", "LoadBalancer"])
def test_parameters_choose_node_ports(service_type: str) -> None:
    ports = [{"port": 80, "nodePort": 30080}]
    outcome = proxy(
        kube={"service": {"type": service_type, "ports": ports}}, listeners=[listener(80), listener(81)]
    )
    assert [port.get("nodePort") for port in outcome.service["spec"]["ports"]] == [30080, None]


def test_a_cluster_ip_service_has_no_node_ports() -> None:
    outcome = proxy(kube={"service": {"type": "ClusterIP", "ports": [{"port": 80, "nodePort": 30080}]}})
    assert "nodePort" not in outcome.service["spec"]["ports"][0]


def test_a_gateways_node_port_wins_over_its_classs() -> None:
    class_kube = {"service": {"ports": [{"port": 80, "nodePort": 30001}]}}
    outcome = proxy(class_kube=class_kube, kube={"service": {"ports": [{"port": 80, "nodePort": 30002}]}})
    assert [port["nodePort"] for port in outcome.service["spec"]["ports"]] == [30002]


def test_a_node_port_belongs_to_port_and_protocol() -> None:
    ports = [{"port": 53, "protocol": "UDP", "nodePort": 30053}]
    outcome = proxy(kube={"service": {"ports": ports}}, listeners=[listener(53, "UDP"), listener(53, "TCP")])
    assert [port.get("nodePort") for port in outcome.service["spec"]["ports"]] == [None, 30053]


def test_parameters_add_ports_after_the_listeners() -> None:
    ports = [{"port": 9000}, {"port": 79, "protocol": "UDP", "nodePort": 30079}]
    outcome = proxy(kube={"service": {"ports": ports}})
    expected = [("listener-80", 80, "TCP"), ("listener-9000", 9000, "TCP"), ("udp-79", 79, "UDP")]
    assert service_ports(outcome) == expected
    assert container_ports(outcome)[:3] == expected
    assert outcome.service["spec"]["ports"][2]["nodePort"] == 30079


def test_one_port_of_three_protocols_has_three_names() -> None:
    ports = [{"port": 80, "protocol": protocol} for protocol in ("UDP", "SCTP")]
    outcome = proxy(kube={"service": {"ports": ports}})
    assert service_ports(outcome) == [
        ("listener-80", 80, "TCP"),
        ("udp-80", 80, "UDP"),
        ("sctp-80", 80, "SCTP"),
    ]


def test_the_metrics_port_may_be_put_into_the_service() -> None:
    outcome = proxy(kube={"service": {"ports": [{"port": 9091}]}})
    assert outcome.ports == [80, 9091]
    assert [port["containerPort"] for port in outcome.proxy["ports"]].count(9091) == 1


def sysctls(outcome: Outcome) -> list[dict[str, str]]:
    found: list[dict[str, str]] = outcome.pod.get("securityContext", {}).get("sysctls", [])
    return found


UNPRIVILEGED = {"name": "net.ipv4.ip_unprivileged_port_start", "value": "0"}


@pytest.mark.parametrize(("port", "expected"), [(1023, [UNPRIVILEGED]), (1024, [])])
@pytest.mark.parametrize("protocol", ["TCP", "UDP"])
def test_ports_below_1024_need_a_sysctl(port: int, protocol: str, expected: list[Any]) -> None:
    assert sysctls(proxy(listeners=[listener(port, protocol)])) == expected


def test_a_port_that_parameters_add_needs_the_sysctl_too() -> None:
    outcome = proxy(kube={"service": {"ports": [{"port": 81}]}}, listeners=[listener(8080)])
    assert sysctls(outcome) == [UNPRIVILEGED]


def test_the_sysctl_joins_a_security_context_and_overrides_its_value() -> None:
    theirs = [{"name": "net.core.somaxconn", "value": "1024"}, {**UNPRIVILEGED, "value": "1024"}]
    outcome = proxy(kube={"podTemplate": {"securityContext": {"fsGroup": 7, "sysctls": theirs}}})
    assert outcome.pod["securityContext"]["fsGroup"] == 7
    assert sysctls(outcome) == [theirs[0], UNPRIVILEGED]


def test_64_listeners_are_64_ports() -> None:
    outcome = proxy(listeners=[listener(20000 + i) for i in range(64)])
    assert outcome.ports == list(range(20000, 20064))


@pytest.mark.parametrize("port", [-1, 65536, 2**70])
def test_a_port_out_of_range_is_a_fault(port: int) -> None:
    with pytest.raises(ParametersError, match=r"^Gateway shop/web spec\.listeners\[0\]\.port: must be at "):
        proxy(listeners=[listener(port)])


def test_a_port_that_is_text_is_a_fault_that_says_what_to_do() -> None:
    with pytest.raises(ParametersError) as caught:
        proxy(listeners=[{**listener(80), "port": "80"}])
    assert str(caught.value) == (
        "Gateway shop/web spec.listeners[0].port: must be an integer, not '80'; write 80 without quotes"
    )


def test_all_faults_of_a_gateway_come_at_once() -> None:
    with pytest.raises(ParametersError) as caught:
        proxy(listeners=[listener(70000), {"name": 1, "protocol": "HTTP", "port": 80}], addresses="10.0.0.1")
    paths = [fault.path for fault in caught.value.faults]
    assert paths == ["spec.listeners[0].port", "spec.listeners[1].name", "spec.addresses"]


def test_explicit_nulls_are_unset() -> None:
    odd = {"name": None, "protocol": "HTTP", "port": None, "hostname": None, "tls": None}
    outcome = proxy(listeners=[odd], addresses=None, infrastructure={"labels": None, "parametersRef": None})
    assert outcome.ports == [80]
    assert outcome.warnings == []
