"""The same over the wire: what a server, a proxy or a network does to real requests."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from gwdeployer import MemoryStore
from gwdeployer.cluster import KubernetesCluster, patience
from gwdeployer.errors import RetryableError
from gwdeployer.testing import APIServer, Faults, Rule
from tests.cluster.scene import SITE, Scene, site_crd
from tests.servers.http_client import Endpoint
from tests.servers.servers import InProcessServer

#: How each breaks the request number ``nth`` of those that change something, or read.
BREAKS: dict[str, Callable[[Faults, str, int], Rule]] = {
    "500": lambda faults, verb, nth: faults.answer(500, verb=verb, nth=nth, times=1),
    "503 of a proxy": lambda faults, verb, nth: faults.answer(
        503, body=b"<html>no healthy upstream</html>", verb=verb, nth=nth, times=1
    ),
    "429": lambda faults, verb, nth: faults.answer(429, retry_after=0, verb=verb, nth=nth, times=1),
    "409": lambda faults, verb, nth: faults.answer(409, verb=verb, nth=nth, times=1),
    "closed before": lambda faults, verb, nth: faults.drop(verb=verb, nth=nth, times=1),
    "answer lost": lambda faults, verb, nth: faults.lose_answer(verb=verb, nth=nth, times=1),
    "body cut": lambda faults, verb, nth: faults.cut_body(verb=verb, nth=nth, times=1),
    "403": lambda faults, verb, nth: faults.forbid(verb=verb, nth=nth, times=1),
    "not JSON": lambda faults, verb, nth: faults.answer(200, body=b"<html>", verb=verb, nth=nth, times=1),
    "slow": lambda faults, verb, nth: faults.delay(1.0, verb=verb, nth=nth, times=1),
}
#: What one more request mends within the same reconcile.
MENDED = BREAKS.keys() - {"403", "409"}


#: What takes a second each time: every fourth request will do.
WAITING = {"slow", "429"}


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patience, "_FIRST_PAUSE", 0.0)


@pytest.fixture
def apiserver() -> Iterator[APIServer]:
    with APIServer(crds=[site_crd()]) as running:
        yield running


@pytest.fixture
def scene(apiserver: APIServer, tmp_path: Path) -> Iterator[Scene]:
    kubeconfig = tmp_path / "kubeconfig"
    kubeconfig.write_text(apiserver.kubeconfig())
    made = Scene(InProcessServer(Endpoint(apiserver.url), kubeconfig), tmp_path)
    yield made
    made.close()


@pytest.mark.parametrize("verb", ["get", "patch", "list", "delete"])
@pytest.mark.parametrize("fault", BREAKS)
def test_any_request_may_break(scene: Scene, apiserver: APIServer, fault: str, verb: str) -> None:
    if fault == "slow":
        scene.cluster._cluster = KubernetesCluster.connect(scene.server.kubeconfig, request_timeout=0.5)
    for nth in range(1, 40, 4 if fault in WAITING else 1):
        site = scene.site(autoscaled=True)
        scene.reconciled(site)
        site = scene.changed(site, autoscaled=False, text=f"new {nth}", cluster=True)
        with BREAKS[fault](apiserver.faults, verb, nth) as rule:
            result = scene.reconcile(site)
        if not rule.hits:
            assert nth > 1
            break
        assert fault not in MENDED or [str(error) for error in result.errors] == []
        assert fault != "403" or result.errors
        scene.deployer = scene.restarted()
        scene.reconciled(scene.direct.get(SITE, scene.namespace, site["metadata"]["name"]) or {})
        scene.reconciled(scene.direct.get(SITE, scene.namespace, site["metadata"]["name"]) or {})
        assert [*map(str, scene.cluster.writes)] == []
    else:
        pytest.fail("the requests never end")


def test_a_server_that_wants_us_to_wait_long_is_asked_again_later(scene: Scene, apiserver: APIServer) -> None:
    site = scene.site()
    with apiserver.faults.answer(429, retry_after=45, verb="patch", kind="Deployment"):
        result = scene.reconcile(site)
    assert result.requeue_after == 45
    with pytest.raises(RetryableError) as raised:
        result.raise_for_errors()
    assert raised.value.delay == 45


def test_a_token_that_expires_is_renewed(tmp_path: Path) -> None:
    with APIServer(crds=[site_crd()], tokens={"first": "us", "second": "us"}) as running:
        tokens = iter(["first", "second"])

        def connected() -> object:
            from kubernetes import client

            configuration = client.Configuration(host=running.url)
            configuration.api_key = {"authorization": f"Bearer {next(tokens)}"}
            return client.ApiClient(configuration)

        cluster = KubernetesCluster(connected)
        assert cluster.supports(SITE)
        del running.tokens["first"]
        assert cluster.list(SITE).items == []
        assert list(tokens) == []
        cluster.close()


def test_a_stale_list_deletes_nothing_that_has_changed_hands(scene: Scene, apiserver: APIServer) -> None:
    from tests.cluster.scene import AUTOSCALER

    site = scene.site(autoscaled=True)
    scene.reconciled(site)
    name = site["metadata"]["name"]
    with apiserver.faults.stale(verb="list"):
        scene.patch(AUTOSCALER, name, {"op": "remove", "path": "/metadata/ownerReferences"})
        scene.reconciled(scene.changed(site, autoscaled=False))
    assert scene.live(AUTOSCALER, name) is not None


def test_an_empty_cluster_is_no_reason_to_delete(scene: Scene) -> None:
    assert scene.deployer.reconcile(scene.site(foreign=True), MemoryStore()).pruned is None
