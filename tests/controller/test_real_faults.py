"""Whatever goes wrong around a real kube-apiserver, the loop ends at the plan and touches nothing foreign."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

import pytest

from gwdeployer import KindRef, ObjectRef
from gwdeployer.cluster import KubernetesCluster
from gwdeployer.errors import Expired, NotSynced
from gwdeployer.installation.rights import rights_of
from gwdeployer.objects import metadata_of
from tests.cluster.scene import CONFIG_MAP, SITE, site_crd
from tests.controller.caching import quick_pace
from tests.controller.loop import Loop, Sites
from tests.controller.world import LEASE, World, two_at_once
from tests.servers import binaries
from tests.servers.accounts import LimitedAccount
from tests.servers.control_plane import ControlPlane
from tests.servers.fixtures import or_missing
from tests.servers.servers import RealServer, Server, eventually

pytestmark = pytest.mark.cluster

CRD = KindRef("apiextensions.k8s.io", "v1", "CustomResourceDefinition")
ROLE_BINDING = KindRef("rbac.authorization.k8s.io", "v1", "RoleBinding")
#: Seconds after which watches are asked for again: a server looks at rights only then.
SILENCE = 2.0


@pytest.fixture(scope="module")
def control_plane(tmp_path_factory: pytest.TempPathFactory, say: binaries.Say) -> Iterator[ControlPlane]:
    """A control plane that these tests may kill."""
    folder = tmp_path_factory.mktemp("faults")
    with or_missing(lambda: ControlPlane(folder, say=say)) as running:
        yield running


@pytest.fixture
def world(control_plane: ControlPlane) -> World:
    server = RealServer(control_plane.endpoint, control_plane.kubeconfig)
    install_sites(server)
    return World(server)


def install_sites(server: Server) -> None:
    cluster = KubernetesCluster.connect(server.kubeconfig)
    cluster.apply(site_crd(), manager="tests", force=True)
    eventually("Sites are served", lambda: cluster.supports(SITE))
    cluster.close()


def test_an_api_server_may_end_and_come_again(control_plane: ControlPlane, world: World) -> None:
    with world.loop() as loop:
        world.fill(loop)
        control_plane.restart_api_server()
        world.change(loop)
        control_plane.restart_api_server()
        world.settled(loop)


def test_the_past_may_be_forgotten(control_plane: ControlPlane, world: World) -> None:
    with world.loop() as loop:
        world.fill(loop)
        loop.until("something is deployed", lambda: loop.text("site-1"))
        before = loop.direct.list(SITE, world.namespace).resource_version
        world.change(loop)
        now = loop.direct.list(SITE, world.namespace).resource_version
        control_plane.restart_api_server()
        control_plane.compact(now)
        with pytest.raises(Expired):
            _watch_from(loop.direct, before)
        world.settled(loop)


def _watch_from(cluster: KubernetesCluster, resource_version: str) -> None:
    with closing(cluster.watch(SITE, None, resource_version=resource_version, timeout=5)) as stream:
        for _ in stream:
            pass


def test_two_at_once_end_at_the_plan_and_at_rest(world: World) -> None:
    two_at_once(world)


@pytest.mark.parametrize("sites", [1, 3])
def test_another_leader_goes_on_where_a_process_was_killed(world: World, sites: int, tmp_path: Path) -> None:
    with process(world, tmp_path / "log") as leading, ExitStack() as stack:
        _until_it_leads(world, leading, tmp_path / "log")
        heir = stack.enter_context(world.loop(elector=world.elector(stack)))
        assert not heir.controller.is_leading
        world.fill(heir)
        heir.until("some are deployed", lambda: heir.text(f"site-{sites}"))
        leading.kill()
        world.change(heir)
        heir.until("the heir leads", lambda: heir.controller.is_leading)
        world.settled(heir)


@contextmanager
def process(world: World, log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Run a controller as a process of its own, until it is killed."""
    command = [sys.executable, "-m", "tests.controller.site_process"]
    with log.open("wb") as output:
        running = subprocess.Popen(
            [*command, str(world.server.kubeconfig), world.namespace], stdout=output, stderr=output
        )
    with running:
        try:
            yield running
        finally:
            running.kill()


def _until_it_leads(world: World, leading: subprocess.Popen[bytes], log: Path) -> None:
    path = f"/apis/coordination.k8s.io/v1/namespaces/{world.namespace}/leases/{LEASE}"

    def holder() -> str:
        assert leading.poll() is None, log.read_text()
        answer = client.get(path)
        return str(answer.object()["spec"].get("holderIdentity") or "") if answer.status == 200 else ""

    with world.server.client() as client:
        eventually("the process leads", holder, 60)


def test_rights_may_be_taken_away_and_given_back(world: World, tmp_path: Path) -> None:
    cluster = KubernetesCluster.connect(world.server.kubeconfig)
    rights = rights_of([Sites(cluster)], lease=LEASE)
    account = LimitedAccount(world.server, rights, tmp_path)
    account.let_in(world.namespace)
    with closing(cluster), limited(world, account) as loop:
        world.fill(loop)
        loop.until("something is deployed", lambda: loop.text("site-1"))
        for binding in loop.direct.list(ROLE_BINDING, world.namespace).items:
            loop.direct.delete(ObjectRef.of(binding))
        loop.until("nobody knows what is there", lambda: "forbidden" in why_unknown(loop))
        world.change(loop)
        assert loop.text("site-1") == "first"
        account.let_in(world.namespace)
        world.settled(loop)


def limited(world: World, account: LimitedAccount) -> Loop:
    """Return a controller with an account's rights, which looks often whether it still has them."""
    loop = world.loop(kubeconfig=account.kubeconfig)
    loop.controller.cache._pace = quick_pace(SILENCE)
    return loop


def why_unknown(loop: Loop) -> str:
    try:
        loop.controller.cache.list(CONFIG_MAP)
    except NotSynced as error:
        return str(error)
    return ""


def test_a_kind_may_be_deleted_and_created_again(world: World) -> None:
    loop = world.loop()
    loop.controller.cache._pace = quick_pace()
    with loop:
        world.fill(loop)
        loop.until("something is deployed", lambda: loop.text("site-1"))
        definition = ObjectRef(CRD, "", metadata_of(site_crd())["name"])
        loop.direct.delete(definition)
        loop.until("the kind is gone", lambda: loop.direct.get(*definition) is None)
        loop.until("what was deployed is gone", lambda: not loop.text("site-1"))
        assert loop.text("site-0") == "foreign"
        install_sites(world.server)
        world.fill(loop)
        world.change(loop)
        world.settled(loop)
