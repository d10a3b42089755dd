"""Where a kind is served: discovered when first needed, and again when it may have changed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from gwdeployer.cluster.answers import Request
from gwdeployer.cluster.endpoints import ABSENT_FOR, Endpoint, Endpoints
from gwdeployer.errors import KindNotInstalled, ServerFailure
from gwdeployer.objects import KindRef
from tests.cluster_unit.clock import Clock
from tests.cluster_unit.fake import CLUSTER_ROLE, CONFIG_MAP, DEPLOYMENT, SITE

APPS = {
    "resources": [
        {"name": "deployments", "kind": "Deployment", "namespaced": True},
        {"name": "deployments/scale", "kind": "Scale", "namespaced": True},
        {"name": "daemonsets", "kind": "DaemonSet", "namespaced": True},
    ]
}


class Discovery:
    """Serves documents; a path that has none is not served."""

    def __init__(self, **documents: Any) -> None:
        self.documents: dict[str, Any] = {"/apis/apps/v1": APPS, **documents}
        self.read: list[str] = []
        self.clock = Clock()
        self.endpoints = Endpoints(self._read, self.clock)

    def _read(self, path: str, request: Request) -> Mapping[str, Any]:
        self.read.append(path)
        found = self.documents.get(path, KindNotInstalled("no such path"))
        if isinstance(found, Exception):
            raise found
        document: Mapping[str, Any] = found
        return document


def test_one_document_tells_of_all_kinds_of_a_group_version() -> None:
    discovery = Discovery()
    assert discovery.endpoints.of(DEPLOYMENT) == Endpoint("/apis/apps/v1", "deployments", True)
    assert discovery.endpoints.of(DEPLOYMENT._replace(kind="DaemonSet")).plural == "daemonsets"
    assert discovery.read == ["/apis/apps/v1"]


def test_the_core_group_is_elsewhere() -> None:
    discovery = Discovery()
    with pytest.raises(KindNotInstalled):
        discovery.endpoints.of(CONFIG_MAP)
    assert discovery.read == ["/api/v1"]


def test_a_subresource_is_no_kind() -> None:
    with pytest.raises(KindNotInstalled):
        Discovery().endpoints.of(KindRef("apps", "v1", "Scale"))


def test_a_kind_that_is_not_served_is_believed_absent_for_a_while_only() -> None:
    discovery = Discovery()
    for _ in range(3):
        with pytest.raises(KindNotInstalled, match="install its CustomResourceDefinition"):
            discovery.endpoints.of(SITE)
    assert len(discovery.read) == 1
    site = {"name": "sites", "kind": "Site", "namespaced": True}
    discovery.documents["/apis/example.com/v1"] = {"resources": [site]}
    discovery.clock.now += ABSENT_FOR + 1
    assert discovery.endpoints.of(SITE).plural == "sites"


def test_a_kind_that_is_gone_is_asked_for_again() -> None:
    discovery = Discovery()
    discovery.endpoints.of(DEPLOYMENT)
    discovery.endpoints.forget(DEPLOYMENT)
    discovery.endpoints.of(DEPLOYMENT)
    assert len(discovery.read) == 2


def test_a_server_that_fails_does_not_make_a_kind_absent() -> None:
    discovery = Discovery()
    discovery.documents["/apis/example.com/v1"] = ServerFailure("no")
    for _ in range(2):
        with pytest.raises(ServerFailure):
            discovery.endpoints.of(SITE)
    assert len(discovery.read) == 2


@pytest.mark.parametrize("document", [{}, {"resources": None}, {"resources": []}])
def test_a_group_without_resources_serves_nothing(document: Any) -> None:
    discovery = Discovery()
    discovery.documents["/apis/example.com/v1"] = document
    with pytest.raises(KindNotInstalled):
        discovery.endpoints.of(SITE)


def test_paths_of_objects_and_collections() -> None:
    namespaced = Endpoint("/apis/apps/v1", "deployments", True)
    assert namespaced.collection(None) == "/apis/apps/v1/deployments"
    assert namespaced.collection("") == "/apis/apps/v1/deployments"
    assert namespaced.collection("shop") == "/apis/apps/v1/namespaces/shop/deployments"
    assert namespaced.object("shop", "web", "scale").endswith("/shop/deployments/web/scale")
    assert namespaced.object("", "web").endswith("/namespaces/default/deployments/web")
    scoped = Endpoint("/apis/rbac.authorization.k8s.io/v1", "clusterroles", False)
    assert scoped.object("shop", "system:a").endswith("/v1/clusterroles/system:a")
    assert scoped.object("", "a/../b").endswith("/clusterroles/a%2F..%2Fb")
    assert CLUSTER_ROLE.api_version in scoped.collection("shop")
