"""What makes the controller look at a Gateway again: all that its plan and its status were made of."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from gwdeployer import KindRef
from gwdeployer_gateway import GATEWAY, GATEWAY_CLASS
from tests.cli.cluster_scene import install
from tests.controller.gateways import GROUP, Gateways, crds
from tests.gateway.status.certificates import secret
from tests.servers.servers import Server

CONFIG_MAP, SERVICE, ACCOUNT = (
    KindRef("", "v1", kind) for kind in ("ConfigMap", "Service", "ServiceAccount")
)
DEPLOYMENT = KindRef("apps", "v1", "Deployment")
HPA = KindRef("autoscaling", "v2", "HorizontalPodAutoscaler")
VPA = KindRef("autoscaling.k8s.io", "v1", "VerticalPodAutoscaler")
PDB = KindRef("policy", "v1", "PodDisruptionBudget")


@pytest.fixture(scope="session")
def gateway_api(server: Server) -> Server:
    install(server, *crds())
    return server


@pytest.fixture
def gateways(gateway_api: Server) -> Iterator[Gateways]:
    with Gateways(gateway_api) as running:
        yield running


def replicas(gateways: Gateways, name: str = "web") -> int | None:
    deployment = gateways.live(DEPLOYMENT, name)
    return deployment["spec"]["replicas"] if deployment else None


def test_a_class_that_comes_after_its_gateways_deploys_them(gateways: Gateways) -> None:
    gateways.gateway()
    gateways.at_rest()
    assert gateways.ports() == []
    gateways.gateway_class()
    gateways.until("it is deployed", lambda: gateways.ports() == [80])


def test_a_class_that_is_handed_over_deploys_and_that_is_handed_away_cleans_up(gateways: Gateways) -> None:
    gateways.gateway_class(controller="example.com/another")
    gateways.gateway()
    gateways.at_rest()
    assert gateways.ports() == []
    gateways.remove(GATEWAY_CLASS, gateways.name, "")
    gateways.gateway_class()
    gateways.until("it is deployed", lambda: gateways.ports() == [80])
    gateways.remove(GATEWAY_CLASS, gateways.name, "")
    gateways.at_rest()
    assert gateways.ports() == [80], "a class that is missing takes nothing away"
    gateways.gateway_class(controller="example.com/another")
    gateways.until("it is cleaned up", lambda: gateways.ports() == [])
    gateways.until("all of it is", lambda: gateways.live(DEPLOYMENT, "web") is None)


def test_a_gateway_s_listeners_and_infrastructure_are_followed(gateways: Gateways) -> None:
    gateways.gateway_class()
    gateways.gateway()
    gateways.until("it is deployed", lambda: gateways.ports() == [80])
    gateways.gateway("web", {"name": "a", "protocol": "HTTP", "port": 8080})
    gateways.until("its port is another", lambda: gateways.ports() == [8080])
    gateways.gateway(infrastructure={"labels": {"team": "a"}})

    def labels() -> dict[str, str]:
        service = gateways.live(SERVICE, "web")
        return dict(service["metadata"]["labels"]) if service else {}

    gateways.until("its label is there", lambda: labels().get("team") == "a")
    gateways.gateway()
    gateways.until("its label is gone", lambda: labels() and "team" not in labels())


def test_parameters_of_class_and_gateway_are_followed_also_when_they_come_late(gateways: Gateways) -> None:
    gateways.gateway_class(parameters="of-class")
    for name in ("one", "two"):
        gateways.gateway(name)
    gateways.gateway("own", parameters="own")
    gateways.until(
        "it is refused", lambda: gateways.condition("Accepted", "one") == ("False", "InvalidParameters")
    )
    gateways.parameters("of-class", deployment={"replicas": 2})
    gateways.parameters("own", deployment={"replicas": 3})
    gateways.until(
        "all follow", lambda: [replicas(gateways, name) for name in ("one", "two", "own")] == [2, 2, 3]
    )
    gateways.parameters("of-class", deployment={"replicas": 4})
    gateways.until(
        "all but one do", lambda: [replicas(gateways, name) for name in ("one", "two", "own")] == [4, 4, 3]
    )
    gateways.until("it is accepted", lambda: gateways.condition("Accepted", "one")[0] == "True")


def test_listener_sets_and_their_namespaces_labels_are_followed(gateways: Gateways) -> None:
    gateways.gateway_class()
    selector = {"matchLabels": {"may": "listen"}}
    gateways.gateway(allowedListeners={"namespaces": {"from": "Selector", "selector": selector}})
    gateways.until("it is deployed", lambda: gateways.ports() == [80])
    spec = {
        "parentRef": {"name": "web", "namespace": gateways.namespace},
        "listeners": [{"name": "more", "protocol": "HTTP", "port": 81}],
    }
    gateways.create(f"{GROUP}/v1", "ListenerSet", "more", gateways.other, spec=spec)
    gateways.at_rest()
    assert gateways.ports() == [80]
    gateways.label_other_namespace(may="listen")
    gateways.until("the port is there", lambda: gateways.ports() == [80, 81])
    gateways.remove(KindRef(GROUP, "v1", "ListenerSet"), "more", gateways.other)
    gateways.until("the port is gone", lambda: gateways.ports() == [80])


def test_certificates_and_grants_are_followed(gateways: Gateways) -> None:
    gateways.gateway_class()
    certificate = {"name": "cert", "namespace": gateways.other}
    tls = {"certificateRefs": [certificate]}
    gateways.gateway("web", {"name": "tls", "protocol": "HTTPS", "port": 443, "tls": tls})

    def resolved() -> tuple[str, str]:
        return gateways.condition("ResolvedRefs", listener="tls")

    gateways.until("it is not permitted", lambda: resolved() == ("False", "RefNotPermitted"))
    origin = {"group": GROUP, "kind": "Gateway", "namespace": gateways.namespace}
    grant = {"from": [origin], "to": [{"group": "", "kind": "Secret"}]}
    gateways.create(f"{GROUP}/v1beta1", "ReferenceGrant", "grant", gateways.other, spec=grant)
    gateways.until("it is not there", lambda: resolved() == ("False", "InvalidCertificateRef"))
    gateways.put(secret("cert", gateways.other))
    gateways.until("it is resolved", lambda: resolved() == ("True", "ResolvedRefs"))
    gateways.remove(KindRef(GROUP, "v1beta1", "ReferenceGrant"), "grant", gateways.other)
    gateways.until("it is permitted no more", lambda: resolved() == ("False", "RefNotPermitted"))


def test_routes_are_counted_as_they_come_and_go(gateways: Gateways) -> None:
    gateways.gateway_class()
    gateways.gateway()

    def attached() -> list[int]:
        gateway = gateways.live(GATEWAY, "web") or {}
        return [one["attachedRoutes"] for one in (gateway.get("status") or {}).get("listeners") or ()]

    gateways.until("none are", lambda: attached() == [0])
    gateways.create(f"{GROUP}/v1", "HTTPRoute", "route", spec={"parentRefs": [{"name": "web"}]})
    gateways.until("one is", lambda: attached() == [1])
    gateways.delete(KindRef(GROUP, "v1", "HTTPRoute"), "route")
    gateways.until("none are", lambda: attached() == [0])


Edit = tuple[KindRef, str, Any]
_EDITS: list[Edit] = [
    (ACCOUNT, "/metadata/labels/app.kubernetes.io~1name", "by-hand"),
    (CONFIG_MAP, "/data/envoy.yaml", "by: hand"),
    (SERVICE, "/spec/ports/0/name", "by-hand"),
    (DEPLOYMENT, "/spec/replicas", 7),
    (HPA, "/spec/maxReplicas", 7),
    (PDB, "/spec/minAvailable", 7),
    (VPA, "/spec/updatePolicy/updateMode", "Off"),
]


@pytest.mark.parametrize(("kind", "path", "value"), _EDITS, ids=lambda part: getattr(part, "kind", ""))
def test_every_kind_of_child_is_repaired_and_comes_back(
    gateways: Gateways, kind: KindRef, path: str, value: Any
) -> None:
    # An autoscaler and a number of replicas exclude each other.
    scaling: dict[str, Any] = {"deployment": {"replicas": 2}}
    if kind == HPA:
        scaling = {"horizontalPodAutoscaler": {"spec": {"maxReplicas": 3}}}
    gateways.parameters(
        "all",
        podDisruptionBudget={"spec": {"minAvailable": 1}},
        verticalPodAutoscaler={"spec": {"updatePolicy": {"updateMode": "Auto"}}},
        **scaling,
    )
    gateways.gateway_class(parameters="all")
    gateways.gateway()
    before = gateways.until("it is there", lambda: gateways.live(kind, "web"))
    gateways.at_rest()
    gateways.patch(kind, "web", {"op": "replace", "path": path, "value": value})

    def is_right() -> bool:
        live = gateways.live(kind, "web") or {}
        return _at(live, path) == _at(before, path)

    gateways.until("it is repaired", is_right)
    gateways.at_rest()
    gateways.delete(kind, "web")
    gateways.until("it is back", lambda: gateways.uid(kind, "web") not in {"", before["metadata"]["uid"]})


def _at(obj: Any, pointer: str) -> Any:
    for part in pointer.split("/")[1:]:
        key = part.replace("~1", "/")
        obj = obj[int(key)] if isinstance(obj, list) else obj.get(key)
    return obj


def test_a_rotated_certificate_of_the_control_plane_reaches_every_gateway(gateway_api: Server) -> None:
    namespace = gateway_api.namespace()
    reference = {"name": "xds-ca", "namespace": namespace}
    control_plane = {"xdsTls": True, "xdsCaRef": reference}
    with Gateways(gateway_api, namespace, controlPlane=control_plane) as gateways:
        gateways.create("v1", "ConfigMap", "xds-ca", data={"ca.crt": "old"})
        gateways.gateway_class()
        for name in ("one", "two"):
            gateways.gateway(name)

        def trusted() -> list[str]:
            configs = [gateways.live(CONFIG_MAP, name) or {"data": {}} for name in ("one", "two")]
            return [config["data"].get("ca.crt", "") for config in configs]

        gateways.until("both trust it", lambda: trusted() == ["old", "old"])
        gateways.create("v1", "ConfigMap", "xds-ca", data={"ca.crt": "new"})
        gateways.until("both trust the new one", lambda: trusted() == ["new", "new"])
