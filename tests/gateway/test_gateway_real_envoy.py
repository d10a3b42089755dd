"""A real Envoy on what we render: every branch of the bootstrap, and one that starts and becomes ready."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.gateway.scenarios import CLASS, WAYPOINT_CLASS, Outcome, proxy
from tests.support import ads, envoy

envoy.require()

pytestmark = pytest.mark.envoy

TLS = {"controlPlane": {"xdsTls": True, "xdsCaCert": "replaced by a real one"}}
MESH = {"istioAutoMtlsEnabled": True}
HEAP = "envoy.resource_monitors.fixed_heap"
MANAGER = {
    "refreshInterval": "0.25s",
    "resourceMonitors": [
        {
            "name": HEAP,
            "typedConfig": {
                "@type": "type.googleapis.com/envoy.extensions.resource_monitors.fixed_heap.v3."
                "FixedHeapConfig",
                "maxHeapSizeBytes": 1 << 30,
            },
        }
    ],
    "actions": [
        {
            "name": "envoy.overload_actions.stop_accepting_requests",
            "triggers": [{"name": HEAP, "threshold": {"value": 0.95}}],
        },
        {
            "name": "envoy.overload_actions.shrink_heap",
            "triggers": [{"name": HEAP, "scaled": {"scalingThreshold": 0.8, "saturationThreshold": 0.9}}],
        },
    ],
    "loadshedPoints": [
        {
            "name": "envoy.load_shed_points.tcp_listener_accept",
            "triggers": [{"name": HEAP, "threshold": {"value": 0.9}}],
        }
    ],
}
MATCHERS = [
    {"exact": "a"},
    {"prefix": "cluster.", "ignoreCase": True},
    {"suffix": ".rq"},
    {"contains": "http", "ignoreCase": False},
    {"safeRegex": "^a{1,2}$"},
]
NASTY_TEXT = 'a: {b}\n- "%v" {{ Values }} \u00e9 # no comment'
NASTY_JSON = {"msg": "%j", "n:": "x\ny", "deep": {"l": "%l", "t": "true"}}


def bootstrap(**given: Any) -> dict[str, Any]:
    return {"kube": {"envoyContainer": {"bootstrap": given}}}


def stats(**given: Any) -> dict[str, Any]:
    return {"kube": {"stats": given}}


def service(**given: Any) -> dict[str, Any]:
    return {"kube": {"service": given}}


EVERYTHING: dict[str, Any] = {
    "inputs": {**TLS, **MESH},
    "kube": {
        "envoyContainer": {
            "bootstrap": {
                "logFormat": {"json": NASTY_JSON},
                "enableReadinessProbeProxyProtocol": True,
                "maxDownstreamConnections": 5,
                "overloadManager": MANAGER,
                "dnsResolver": {"udpMaxQueries": 0},
            }
        },
        "service": {"ipFamilies": ["IPv6", "IPv4"], "ipFamilyPolicy": "RequireDualStack"},
        "stats": {"matcher": {"inclusionList": MATCHERS}, "routePrefixRewrite": "/a?b=c"},
    },
}
SCENES: dict[str, dict[str, Any]] = {
    "defaults": {},
    "waypoint": {"class_name": WAYPOINT_CLASS},
    "a long name": {"name": "w" * 253},
    "a dotted name": {"name": "shop.example.com"},
    "a name like a number": {"name": "1e3"},
    "a name like a boolean": {"name": "true"},
    "xDS over TLS": {"inputs": TLS},
    "xDS at an IPv6 address": {"inputs": {"controlPlane": {"xdsHost": "::1", "xdsPort": 1}}},
    "the mesh": {"inputs": MESH},
    "the mesh over TLS": {"inputs": {**MESH, **TLS}},
    "text log": bootstrap(logFormat={"text": "[%Y-%m-%d %T.%e][%l] %v"}),
    "nasty text log": bootstrap(logFormat={"text": NASTY_TEXT}),
    "JSON log": bootstrap(logFormat={"json": {"level": "%l", "message": "%j"}}),
    "nasty JSON log": bootstrap(logFormat={"json": NASTY_JSON}),
    "DNS limit": bootstrap(dnsResolver={"udpMaxQueries": 7}),
    "no DNS limit": bootstrap(dnsResolver={"udpMaxQueries": 0}),
    "PROXY protocol": bootstrap(enableReadinessProbeProxyProtocol=True),
    "connection limit": bootstrap(maxDownstreamConnections=20000),
    "overload manager": bootstrap(overloadManager=MANAGER),
    "both limits": bootstrap(overloadManager=MANAGER, maxDownstreamConnections=1),
    "no statistics": stats(enabled=False),
    "no statistics route": stats(enableStatsRoute=False),
    "rewritten statistics": stats(routePrefixRewrite="/a?b=c", statsRoutePrefixRewrite="/x"),
    "included statistics": stats(matcher={"inclusionList": MATCHERS}),
    "excluded statistics": stats(matcher={"exclusionList": MATCHERS}),
    "IPv6": service(ipFamilies=["IPv6"]),
    "both families": service(ipFamilyPolicy="RequireDualStack"),
    "no probe": {"kube": {"podTemplate": {"readinessProbe": {"exec": {"command": ["true"]}}}}},
    "everything": EVERYTHING,
}


def rendered(scene: dict[str, Any]) -> Outcome:
    return proxy(**{"class_name": CLASS, **scene})


@pytest.mark.parametrize("scene", SCENES.values(), ids=SCENES.keys())
def test_envoy_accepts_the_bootstrap(scene: dict[str, Any], tmp_path: Path) -> None:
    envoy.validate(rendered(scene).config_map, tmp_path)


@pytest.mark.parametrize("scene", [{}, {"kube": EVERYTHING["kube"]}], ids=["defaults", "everything"])
def test_a_proxy_becomes_ready_and_is_who_it_should_be(scene: dict[str, Any], tmp_path: Path) -> None:
    config_map = rendered(scene).config_map
    with (
        ads.serve() as control_plane,
        envoy.run(config_map, tmp_path, xds_port=control_plane.port) as running,
    ):
        if not scene:  # the other one's readiness listener may want the PROXY protocol
            running.wait_ready()
            assert running.get(running.ready_port, "/ready") == (200, "LIVE\n")
            assert running.get(running.metrics_port, "/metrics")[0] == 200
        assert control_plane.wait_for(ads.LISTENERS, timeout=10).node_cluster == "web.shop"
        assert control_plane.metadata[0]["authorization"] == f"Bearer {envoy.TOKEN}"
        assert control_plane.errors == []
