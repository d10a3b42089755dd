"""Classes and parameters under a running controller: what it creates, says, and does at a handover."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from gwdeployer import KindRef, Plugin
from gwdeployer.cluster import Cluster
from gwdeployer.controller import Scope
from gwdeployer.crd import crd_of
from gwdeployer.objects import Object, ObjectRef
from gwdeployer.plugins import configure
from gwdeployer.testing import APIServer
from gwdeployer_gateway import GATEWAY, GATEWAY_CLASS, GATEWAY_PARAMETERS, LISTENER_SET, GatewayPlugin
from tests.cli.cluster_scene import any_fields
from tests.controller.running import Running
from tests.gateway.scenarios import gateway, gateway_class, parameters, ref
from tests.servers.http_client import Endpoint
from tests.servers.servers import InProcessServer

BUNDLE = {"gateway.networking.k8s.io/bundle-version": "v1.6.1"}
SERVICE = KindRef("", "v1", "Service")
DEFINITION = KindRef("apiextensions.k8s.io", "v1", "CustomResourceDefinition")


def of_the_gateway_api(kind: KindRef, plural: str, scope: str) -> Object:
    """Return a definition with a status and the version of its bundle."""
    made = any_fields(kind, plural, scope)
    made["metadata"]["annotations"] |= BUNDLE
    made["spec"]["versions"][0]["subresources"] = {"status": {}}
    return made


CRDS = (
    of_the_gateway_api(GATEWAY_CLASS, "gatewayclasses", "Cluster"),
    of_the_gateway_api(GATEWAY, "gateways", "Namespaced"),
    of_the_gateway_api(LISTENER_SET, "listenersets", "Namespaced"),
    *(crd_of(definition, descriptions=False) for definition in GatewayPlugin.crds()),
)


class AtWork(Running):
    """A controller of Gateways on a server of its own."""

    def __init__(self, server: APIServer, kubeconfig: Path, **inputs: Any) -> None:
        self.api = server

        def parts(cluster: Cluster) -> list[Plugin]:
            return configure([GatewayPlugin], inputs, cluster=cluster)

        super().__init__(InProcessServer(Endpoint(server.url), kubeconfig), parts, "shop", scope=Scope())
        for name in ("shop", "platform"):
            self.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})

    def apply(self, obj: Object) -> Object:
        return self.direct.apply(obj, manager="somebody", force=True)

    def condition(self, obj: Object, type_: str = "Accepted") -> Mapping[str, Any]:
        """Return a condition of an object; empty where it has none."""
        live = self.direct.get(*ObjectRef.of(obj)) or {}
        found = (live.get("status") or {}).get("conditions") or ()
        return next((one for one in found if one["type"] == type_), {})

    def users(self, obj: Object) -> Any:
        """Return who uses a parameters object, as its status says."""
        return ((self.direct.get(*ObjectRef.of(obj)) or {}).get("status") or {}).get("usedBy")

    def says(self, obj: Object, status: str, type_: str = "Accepted") -> Mapping[str, Any]:
        """Wait until a condition has this status."""
        what = f"{type_} of {obj['kind']} is {status}"
        return self.until(
            what, lambda: ((one := self.condition(obj, type_)).get("status") == status and one) or None
        )


@pytest.fixture
def api() -> Iterator[APIServer]:
    with APIServer(crds=CRDS) as server:
        yield server


@pytest.fixture
def kubeconfig(api: APIServer, tmp_path: Path) -> Path:
    return api.write_kubeconfig(tmp_path / "kubeconfig")


def test_c1_classes_are_created_accepted_and_made_again_and_others_stay_as_they_are(
    api: APIServer, kubeconfig: Path
) -> None:
    theirs = gateway_class("gwdeployer-waypoint", controller="example.com/theirs")
    work = AtWork(api, kubeconfig, createClasses=True, mode="gateway")
    work.apply(theirs)
    with work:
        ours = gateway_class("gwdeployer")
        work.says(ours, "True")
        assert work.says(ours, "True", "SupportedVersion")["reason"] == "SupportedVersion"
        work.says(gateway_class("gwdeployer-agentgateway"), "True")
        live = work.direct.get(GATEWAY_CLASS, "", "gwdeployer") or {}
        assert {"name": "Gateway"} in live["status"]["supportedFeatures"]
        work.direct.delete(ObjectRef.of(ours))
        work.until(
            "the class is there again",
            lambda: (
                (work.direct.get(GATEWAY_CLASS, "", "gwdeployer") or live)["metadata"]["uid"]
                != live["metadata"]["uid"]
            ),
        )
        work.says(ours, "True")
        work.at_rest()
        kept = work.direct.get(*ObjectRef.of(theirs)) or {}
        assert kept["spec"]["controllerName"] == "example.com/theirs"
        assert "status" not in kept


def test_p3_a_class_and_its_parameters_say_when_they_are_wrong_and_recover(
    api: APIServer, kubeconfig: Path
) -> None:
    work = AtWork(api, kubeconfig)
    of_class = gateway_class(parameters=True)
    work.apply(of_class)
    with work:
        assert "does not exist" in work.says(of_class, "False")["message"]
        used = parameters({"kube": {}}, name="for-class", namespace="platform")
        work.apply(used)
        work.says(of_class, "True")
        work.says(used, "True")
        work.until("its class is named", lambda: work.users(used) == ["GatewayClass gwdeployer"])
        own = parameters({"kube": {}})
        work.apply(own)
        work.apply(gateway(infrastructure={"parametersRef": ref()}))
        work.until("its Gateway is named", lambda: work.users(own) == ["Gateway shop/web"])
        work.at_rest()
        writes = len(work.cluster.writes)
        work.controller.resync()
        work.at_rest()
        assert len(work.cluster.writes) == writes


def test_c2_a_controller_that_may_not_read_definitions_is_ready_and_says_the_rest(
    api: APIServer, kubeconfig: Path
) -> None:
    work = AtWork(api, kubeconfig)
    work.apply(gateway_class())
    with api.faults.forbid(kind="CustomResourceDefinition") as rule, work:
        work.says(gateway_class(), "True")
        work.until("definitions were asked for", lambda: rule.hits)
        work.at_rest()
        assert work.condition(gateway_class(), "SupportedVersion") == {}
        assert DEFINITION in work.controller.cache.unsynced()
        assert work.controller.unready() == ""


def test_c1_a_class_that_is_handed_over_takes_its_gateways_along(api: APIServer, kubeconfig: Path) -> None:
    work = AtWork(api, kubeconfig)
    work.apply(gateway_class())
    work.apply(gateway())
    with work:
        work.until("the proxy is there", lambda: work.live(SERVICE, "web"))
        # A controllerName cannot be changed: the class goes, and comes back as somebody else's.
        work.direct.delete(ObjectRef.of(gateway_class()))
        work.at_rest()
        assert work.live(SERVICE, "web") is not None
        work.apply(gateway_class(controller="example.com/theirs"))
        work.until("the proxy is gone", lambda: work.live(SERVICE, "web") is None)
        work.direct.delete(ObjectRef.of(gateway_class()))
        work.apply(gateway_class())
        work.until("the proxy is there again", lambda: work.live(SERVICE, "web"))


def test_parameters_without_room_for_a_status_get_none(api: APIServer, kubeconfig: Path) -> None:
    work = AtWork(api, kubeconfig)
    bare = any_fields(GATEWAY_PARAMETERS, "gatewayparameters", "Namespaced")
    work.apply(bare)
    used = parameters({"kube": {}})
    work.apply(used)
    with work:
        work.until("it was looked at", lambda: [one for one in work.passes if one.key == ObjectRef.of(used)])
        work.at_rest()
        assert [sent for sent in work.cluster.writes if sent.kind == "GatewayParameters"] == []
