"""The example of a control plane that deploys its own proxies: gwdeployer's loop in one of its threads."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from gwdeployer import Object, ObjectRef
from gwdeployer_gateway import GATEWAY
from tests.examples.operating import CONFIG_MAP, DEPLOYMENT, EXAMPLES, SERVICE, Operated, documents

CLASS = {
    "apiVersion": "gateway.networking.k8s.io/v1",
    "kind": "GatewayClass",
    "metadata": {"name": "shop-gateways"},
    "spec": {"controllerName": "gwdeployer.dev/gateway-controller"},
}
DEPLOYED = {DEPLOYMENT: "web", SERVICE: "web", CONFIG_MAP: "web"}


@pytest.fixture
def operated(tmp_path: Path) -> Iterator[Operated]:
    command = [EXAMPLES / "embedded_controller" / "control_plane.py"]
    with Operated(tmp_path, command, documents("demo/gateway_api.yaml")) as one:
        one.put(CLASS)
        yield one


def gateway(namespace: str, port: int = 80) -> Object:
    return {
        "apiVersion": GATEWAY.api_version,
        "kind": "Gateway",
        "metadata": {"name": "web", "namespace": namespace},
        "spec": {
            "gatewayClassName": "shop-gateways",
            "listeners": [{"name": "http", "port": port, "protocol": "HTTP"}],
        },
    }


def ports(service: Any) -> list[int]:
    return [port["port"] for port in service["spec"]["ports"]]


def target_ports(service: Any) -> list[int]:
    return [port["targetPort"] for port in service["spec"]["ports"]]


def test_gateways_are_deployed_changed_put_right_and_cleaned_up(operated: Operated) -> None:
    namespace = operated.namespace()
    operated.put(gateway(namespace))
    for kind, name in DEPLOYED.items():
        operated.appears(kind, namespace, name)
    bootstrap = operated.appears(CONFIG_MAP, namespace, "web")["data"]["envoy.yaml"]
    assert "control-plane.example.svc" in bootstrap

    operated.put(gateway(namespace, port=8080))
    operated.eventually(
        "the Service has the other port",
        lambda: ports(operated.appears(SERVICE, namespace, "web")) == [8080],
    )

    patch = [{"op": "replace", "path": "/spec/ports/0/targetPort", "value": 9}]
    operated.cluster.json_patch(ObjectRef(SERVICE, namespace, "web"), patch, manager="somebody")
    operated.eventually(
        "the port is put right",
        lambda: target_ports(operated.appears(SERVICE, namespace, "web")) == [8080],
    )

    operated.cluster.delete(ObjectRef(GATEWAY, namespace, "web"))
    operated.vanish(namespace, {GATEWAY: "web", **DEPLOYED})
