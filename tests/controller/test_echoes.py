"""Which changes are news to a key, and which only show what its own pass has written."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator

import pytest

from gwdeployer.controller.changes import Change
from gwdeployer.controller.controller import Settings
from gwdeployer.controller.dependents import Dependents
from gwdeployer.controller.echoes import Echoes
from gwdeployer.controller.observing import Handled
from gwdeployer.controller.owner_handler import OwnerHandler
from gwdeployer.controller.owner_kinds import owner_kinds
from gwdeployer.controller.scope import Scope
from gwdeployer.controller.shared import Shared
from gwdeployer.deployer import Deployer
from gwdeployer.generator import Skip
from gwdeployer.objects import KindRef, Object, ObjectRef
from gwdeployer.objects.states import version_of
from gwdeployer.store import MemoryStore, ObjectStore
from tests.cluster.scene import CONFIG_MAP
from tests.cluster_unit.fake import FakeCluster
from tests.controller.loop import Loop, Sites
from tests.servers.servers import Server

SECRET = KindRef("", "v1", "Secret")
WEB = ObjectRef(KindRef("example.com", "v1", "Site"), "shop", "web")
OTHER = WEB._replace(name="other")


def secret(version: int, uid: str = "one") -> Object:
    metadata = {"name": "key", "namespace": "shop", "uid": uid, "resourceVersion": str(version)}
    return {"apiVersion": "v1", "kind": "Secret", "metadata": metadata}


def after_writing(*written: Object) -> Echoes:
    echoes = Echoes()
    echoes.began(WEB)
    assert not echoes.ended(WEB, lambda: {version_of(obj) for obj in written}, wrote=True)
    return echoes


def test_what_a_pass_has_written_is_no_news_to_it() -> None:
    assert not after_writing(secret(5)).is_news(WEB, Change(SECRET, None, secret(5)))


def test_what_one_key_has_written_is_news_to_others() -> None:
    assert after_writing(secret(5)).is_news(OTHER, Change(SECRET, None, secret(5)))


def test_what_somebody_writes_after_us_is_news_though_our_own_write_was_never_told() -> None:
    assert after_writing(secret(5)).is_news(WEB, Change(SECRET, None, secret(6)))


def test_another_object_of_that_resource_version_is_news() -> None:
    assert after_writing(secret(5)).is_news(WEB, Change(SECRET, None, secret(5, uid="two")))


def test_that_what_was_written_is_gone_is_news() -> None:
    assert after_writing(secret(5)).is_news(WEB, Change(SECRET, secret(5), None))


def test_what_comes_back_during_the_pass_that_wrote_it_makes_no_other() -> None:
    echoes = Echoes()
    echoes.began(WEB)
    assert not echoes.is_news(WEB, Change(SECRET, None, secret(5)))
    assert not echoes.ended(WEB, lambda: {version_of(secret(5))}, wrote=True)


def test_what_a_pass_has_not_seen_is_told_at_its_end() -> None:
    for change in (Change(SECRET, None, secret(6)), Change(SECRET, secret(5), None)):
        echoes = Echoes()
        echoes.began(WEB)
        assert not echoes.is_news(WEB, change)
        assert echoes.ended(WEB, lambda: {version_of(secret(5))}, wrote=True)


def test_what_comes_back_is_no_news_after_another_pass_that_has_seen_it() -> None:
    echoes = after_writing(secret(5))
    echoes.began(WEB)
    echoes.ended(WEB, lambda: {version_of(secret(5))}, wrote=False)
    assert not echoes.is_news(WEB, Change(SECRET, None, secret(5)))


def test_what_the_next_pass_has_not_seen_is_news_for_it_may_have_to_go() -> None:
    echoes = after_writing(secret(5))
    echoes.began(WEB)
    echoes.ended(WEB, set, wrote=False)
    assert echoes.is_news(WEB, Change(SECRET, None, secret(5)))


def test_only_what_was_written_is_waited_for() -> None:
    echoes = Echoes()
    echoes.began(WEB)
    echoes.ended(WEB, lambda: {version_of(secret(5))}, wrote=False)
    assert echoes.is_news(WEB, Change(SECRET, None, secret(5)))


def passes(loop: Loop, name: str) -> list[Handled]:
    return [one for one in loop.passes if one.key.name == name]


@pytest.fixture
def quiet(sites: Server) -> Iterator[Loop]:
    """A loop where nobody else writes, and everything that passes ask for is known."""
    if sites.name != "in-process":
        pytest.skip("the controllers of a control plane write, too")
    with Loop(sites) as loop:
        first = loop.site()
        loop.until("the first site is deployed", lambda: loop.says(first, "Deployed", "True"))
        loop.at_rest()
        yield loop


def test_a_new_owner_takes_one_pass(quiet: Loop) -> None:
    name = quiet.site(text="hello")
    quiet.until("the site is deployed", lambda: quiet.says(name, "Deployed", "True"))
    quiet.at_rest()
    assert len(passes(quiet, name)) == 1


def test_a_change_takes_one_pass_and_an_edit_by_hand_another(quiet: Loop) -> None:
    name = quiet.site(text="hello")
    quiet.until("the site is deployed", lambda: quiet.text(name) == "hello")
    quiet.at_rest()
    quiet.site(name, text="changed")
    quiet.until("it is changed", lambda: quiet.text(name) == "changed")
    quiet.at_rest()
    assert len(passes(quiet, name)) == 2
    quiet.patch(CONFIG_MAP, name, {"op": "replace", "path": "/data/text", "value": "by hand"})
    quiet.until("it is repaired", lambda: passes(quiet, name)[-1].repaired)
    quiet.at_rest()
    assert quiet.text(name) == "changed"
    assert len(passes(quiet, name)) == 3


def test_an_owner_whose_plan_reads_what_it_deploys_is_looked_at_again(quiet: Loop) -> None:
    name = quiet.site("reads-itself", config="reads-itself", text="hello")
    quiet.until("the site is deployed", lambda: quiet.says(name, "Deployed", "True"))
    quiet.at_rest()
    assert len(passes(quiet, name)) > 1


class Opaque(FakeCluster):
    """Has resourceVersions that are no numbers."""

    def put(self, obj: Object) -> Object:
        stored = super().put(obj)
        metadata = {**stored["metadata"], "resourceVersion": f"v{stored['metadata']['resourceVersion']}"}
        made = self.objects[ObjectRef.of(stored)] = {**stored, "metadata": metadata}
        return made


@pytest.mark.parametrize(("cluster", "expected"), [(FakeCluster, 5), (Opaque, 0)])
def test_only_of_versions_that_are_numbers_it_is_believed_that_they_were_seen(
    cluster: type[FakeCluster], expected: int
) -> None:
    server = cluster()
    site = server.put(
        {
            "apiVersion": "example.com/v1",
            "kind": "Site",
            "metadata": {"name": "web", "namespace": "shop"},
            "spec": {},
        }
    )
    [kind] = owner_kinds([Sites(server)])
    shared = Shared(server, MemoryStore([site]), Dependents(), Scope(), None, dry_run=False)
    handled = OwnerHandler(kind, shared).handle(WEB, threading.Event())
    assert handled.errors == ()
    assert len(handled.seen()) == expected


class Exiting(Sites):
    """Ends the program, as it believes, where a Site tells it to."""

    exits = 0

    def route(self, owner: Object, store: ObjectStore) -> Deployer | Skip:
        if (owner.get("spec") or {}).get("text") == "exit":
            self.exits += 1
            sys.exit("there is nothing to live for")
        return super().route(owner, store)


def test_a_plugin_that_calls_exit_is_an_error_of_its_owner_and_stops_nobody(sites: Server) -> None:
    with Loop(sites, plugin=Exiting, settings=Settings(workers=1)) as loop:
        name, other = loop.site(text="exit"), loop.site(text="hello")
        loop.until("it has been called", lambda: loop.plugin.exits)
        loop.until("another site is deployed", lambda: loop.text(other) == "hello")
        loop.site(name, text="hello")
        loop.until("the site is deployed", lambda: loop.text(name) == "hello")
