"""The loop at work: owners get their objects and their status, are kept right, and leave nothing behind."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from typing import Any

import pytest

from gwdeployer import KindRef, NotSynced, ObjectStore, PluginError
from gwdeployer.cluster import DryRunCluster, KubernetesCluster, ReconcileResult
from gwdeployer.controller.controller import Controller, Settings
from gwdeployer.controller.leader import LeaderElector
from gwdeployer.controller.scope import Scope
from gwdeployer.objects import Object, name_of
from tests.cluster.recording import Sent
from tests.cluster.scene import CLUSTER_ROLE, CONFIG_MAP, DEPLOYMENT, SERVICE, SITE, site_deployer
from tests.controller.loop import Loop, Sites
from tests.servers.servers import Server, eventually


@pytest.fixture
def loop(sites: Server) -> Iterator[Loop]:
    with Loop(sites) as running:
        yield running


def test_an_owner_gets_its_objects_and_says_so(loop: Loop) -> None:
    name = loop.site(text="hello")
    loop.until("the site is deployed", lambda: loop.says(name, "Deployed", "True"))
    assert loop.text(name) == "hello"
    assert loop.live(DEPLOYMENT, name)
    assert loop.live(SERVICE, name)


def test_nothing_is_left_running_when_it_returns(sites: Server) -> None:
    before = set(threading.enumerate())
    with Loop(sites) as loop:
        name = loop.site(secret="two objects of one tier")
        loop.until("the site is deployed", lambda: loop.says(name, "Deployed", "True"))
        loop.end()
        loop.until("no thread is left", lambda: not _threads_of_ours() - before)


def _threads_of_ours() -> set[threading.Thread]:
    return {thread for thread in threading.enumerate() if thread.name.startswith("gwdeployer-")}


def test_owners_that_were_there_before_are_looked_after(sites: Server) -> None:
    with Loop(sites) as first:
        name = first.site()
        first.until("it is deployed", lambda: first.says(name, "Deployed", "True"))
        first.end()
        first.site(name, text="changed")
        with Loop(sites, first.namespace) as second:
            second.until("it is changed", lambda: second.text(name) == "changed")


def test_a_changed_owner_has_exactly_the_changed_objects_written(loop: Loop) -> None:
    name = loop.site(replicas=1)
    loop.until("the site is deployed", lambda: loop.says(name, "Deployed", "True"))
    loop.at_rest()
    loop.cluster.clear()
    loop.site(name, replicas=3)
    loop.until("it has three", lambda: (loop.live(DEPLOYMENT, name) or {})["spec"]["replicas"] == 3)
    loop.until("its status is current", lambda: loop.condition(name, "Deployed"))
    loop.at_rest()
    assert {(sent.verb, sent.kind) for sent in loop.writes()} == {
        ("apply", "Deployment"),
        ("json_patch", "Site"),
    }


def test_at_rest_there_are_no_requests(loop: Loop) -> None:
    name = loop.site(node={"nowhere": "to-be-found"})  # no pod becomes ready meanwhile
    loop.until("the site is deployed", lambda: loop.says(name, "Deployed", "True"))
    loop.at_rest()
    loop.cluster.clear()
    loop.controller.resync()
    loop.at_rest()
    assert loop.cluster.requests == []


def test_an_edit_by_hand_is_repaired_and_told(loop: Loop) -> None:
    name = loop.site(text="right")
    loop.until("the site is deployed", lambda: loop.says(name, "Deployed", "True"))
    loop.at_rest()
    loop.patch(CONFIG_MAP, name, {"op": "replace", "path": "/data/text", "value": "wrong"})
    loop.until("it is repaired", lambda: loop.text(name) == "right")
    loop.at_rest()
    assert [ref.name for handled in loop.passes for ref in handled.repaired] == [name]


def test_an_object_that_is_deleted_comes_back(loop: Loop) -> None:
    name = loop.site()
    uid = loop.until("there is a Service", lambda: loop.uid(SERVICE, name))
    loop.at_rest()
    loop.delete(SERVICE, name)
    loop.until("it is back", lambda: loop.uid(SERVICE, name) not in {"", uid})


def test_an_object_of_ours_that_nothing_plans_is_pruned(loop: Loop) -> None:
    name = loop.site()
    loop.until("it is deployed", lambda: loop.says(name, "Deployed", "True"))
    reference = {"apiVersion": SITE.api_version, "kind": SITE.kind, "name": name, "controller": True}
    reference["uid"] = loop.uid(SITE, name)
    metadata = {"name": "stray", "ownerReferences": [reference]}
    loop.put({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata})
    loop.until("it is gone", lambda: loop.live(CONFIG_MAP, "stray") is None)


def test_what_a_plan_reads_is_watched_from_absent_to_changed_to_gone(loop: Loop) -> None:
    name = loop.site(config="settings")
    loop.until("nothing is configured", lambda: loop.text(name) == "nothing")
    loop.config("settings", "one")
    loop.until("it is configured", lambda: loop.text(name) == "one")
    loop.config("settings", "two")
    loop.until("it is changed", lambda: loop.text(name) == "two")
    loop.delete(CONFIG_MAP, "settings")
    loop.until("it is configured no more", lambda: loop.text(name) == "nothing")


def test_what_nobody_reads_makes_no_pass(loop: Loop) -> None:
    name = loop.site()
    loop.until("the site is deployed", lambda: loop.says(name, "Deployed", "True"))
    loop.at_rest()
    passes = len(loop.passes)
    loop.config("unrelated", "text")
    loop.at_rest()
    assert len(loop.passes) == passes


def test_a_child_s_status_is_reported_and_makes_no_plan(loop: Loop) -> None:
    name = loop.site(replicas=1, node={"nowhere": "to-be-found"})
    loop.until("the site is deployed", lambda: loop.says(name, "Deployed", "True"))
    loop.at_rest()
    plans = loop.plugin.generator.calls[name]
    status = {"replicas": 1, "readyReplicas": 1, "availableReplicas": 1}
    loop.patch(DEPLOYMENT, name, {"op": "add", "path": "/status", "value": status}, subresource="status")
    if loop.server.name == "in-process":  # elsewhere the deployment controller has its own idea
        loop.until("it is available", lambda: loop.says(name, "Available", "True"))
    loop.at_rest()
    assert loop.plugin.generator.calls[name] == plans


def test_a_foreign_object_is_refused_and_told_and_the_way_is_free_once_it_is_gone(loop: Loop) -> None:
    loop.config("taken", "theirs")
    name = loop.site("taken")
    refused = loop.until("it is refused", lambda: loop.says(name, "Deployed", "False"))
    assert "ConfigMap" in refused["message"]
    assert loop.text(name) == "theirs"
    loop.delete(CONFIG_MAP, "taken")
    loop.until("it is deployed", lambda: loop.says(name, "Deployed", "True"))
    assert loop.text(name) == "hello"


def test_a_bad_owner_says_so_keeps_what_it_had_and_disturbs_nobody(loop: Loop) -> None:
    bad, buggy, good = loop.site(), loop.site(), loop.site()
    for name in (bad, buggy, good):
        loop.until("it is deployed", lambda name=name: loop.says(name, "Deployed", "True"))  # type: ignore[misc]
    loop.site(bad, broken=True)
    loop.site(buggy, bug=True)
    assert "is broken" in loop.until("it fails", lambda: loop.says(bad, "Deployed", "False"))["message"]
    told = loop.until("it fails", lambda: loop.says(buggy, "Deployed", "False"))["message"]
    assert "KeyError" in told
    assert "a fault of the generator" not in told, "what is raised may say what a Secret holds"
    loop.site(good, text="later")
    loop.until("the good one is changed", lambda: loop.text(good) == "later")
    assert loop.text(bad) == loop.text(buggy) == "hello"
    loop.site(bad)
    loop.until("it has recovered", lambda: loop.says(bad, "Deployed", "True"))


def test_a_fault_that_only_a_change_can_mend_is_not_tried_again(loop: Loop) -> None:
    name = loop.site(broken=True)
    loop.until("it fails", lambda: loop.says(name, "Deployed", "False"))
    loop.at_rest()
    assert loop.controller.queue.failures(loop.passes[-1].key) == 0


def test_deleting_an_owner_leaves_nothing_behind(loop: Loop) -> None:
    name = loop.site(cluster=True)
    role = f"{loop.namespace}-{name}"
    loop.until("it has a ClusterRole", lambda: loop.direct.get(CLUSTER_ROLE, "", role))
    loop.until("the site is deployed", lambda: loop.says(name, "Deployed", "True"))
    loop.delete(SITE, name)
    loop.until("it is gone", lambda: loop.live(SITE, name) is None)
    loop.until("its ClusterRole is gone", lambda: loop.direct.get(CLUSTER_ROLE, "", role) is None)
    loop.until("its Deployment is gone", lambda: loop.live(DEPLOYMENT, name) is None)
    loop.at_rest()
    assert not loop.plugin.deployer._planned


def test_an_owner_that_cannot_be_routed_can_be_deleted(loop: Loop) -> None:
    name = loop.site(cluster=True)
    role = f"{loop.namespace}-{name}"
    loop.until("it has a ClusterRole", lambda: loop.direct.get(CLUSTER_ROLE, "", role))
    loop.site(name, cluster=True, lost=True)
    loop.until("it fails", lambda: loop.says(name, "Deployed", "False"))
    loop.delete(SITE, name)
    loop.until("it is gone", lambda: loop.live(SITE, name) is None)
    assert loop.direct.get(CLUSTER_ROLE, "", role) is None


def test_an_owner_that_goes_before_its_status_is_written_has_not_failed(loop: Loop) -> None:
    def delete_first(_number: int, sent: Sent) -> None:
        if sent.verb == "json_patch" and sent.kind == "Site":
            loop.delete(SITE, sent.name)

    loop.cluster.before = delete_first
    name = loop.site()
    loop.until("it was looked at and is gone", lambda: loop.passes and loop.live(SITE, name) is None)
    loop.at_rest()
    # Until the cache has heard of it, what the collector takes may be made again.
    assert not [handled.error for handled in loop.passes if handled.error]


def test_an_owner_that_goes_to_somebody_else_loses_what_was_ours(loop: Loop) -> None:
    name = loop.site()
    loop.until("the site is deployed", lambda: loop.says(name, "Deployed", "True"))
    loop.put({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": name, "labels": {"a": "b"}}})
    loop.site(name, away=True)
    loop.until("the Deployment is gone", lambda: loop.live(DEPLOYMENT, name) is None)
    loop.at_rest()
    kept = [obj for obj in loop.direct.list(SITE, loop.namespace).items if name_of(obj) == name]
    assert kept, "the owner itself stays"


def test_owners_elsewhere_are_left_alone(sites: Server) -> None:
    with Loop(sites) as loop:
        elsewhere = Loop(sites)
        foreign = elsewhere.site()
        ours = loop.site()
        loop.until("ours is deployed", lambda: loop.says(ours, "Deployed", "True"))
        loop.at_rest()
        assert elsewhere.live(DEPLOYMENT, foreign) is None
        elsewhere.direct.close()
        elsewhere._own.close()


def test_a_namespace_comes_into_scope_by_its_labels(sites: Server) -> None:
    with Loop(sites, scope=Scope(selector={"matchLabels": {"team": "loop"}})) as loop:
        name = loop.site()
        loop.at_rest()
        assert loop.live(DEPLOYMENT, name) is None
        namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": loop.namespace}}
        namespace["metadata"]["labels"] = {"team": "loop"}  # type: ignore[index]
        loop.direct.apply(namespace, manager="tests")
        loop.until("it is deployed", lambda: loop.live(DEPLOYMENT, name))


def test_owners_out_of_scope_are_told_nothing(sites: Server) -> None:
    with Loop(sites, scope=Scope(selector={"matchLabels": {"team": "nobody"}})) as loop:
        name = loop.site()
        loop.until("it was looked at", lambda: loop.passes)
        loop.at_rest()
        assert "status" not in (loop.live(SITE, name) or {})
        assert loop.writes() == []


def test_what_a_scope_asks_for_is_known_before_the_first_pass(sites: Server) -> None:
    with Loop(sites, scope=Scope(selector={"matchLabels": {"team": "nobody"}})) as loop:
        loop.site()
        loop.until("it was looked at", lambda: loop.passes)
        loop.at_rest()
        assert not [error for handled in loop.passes for error in handled.errors]


class Outcomes(Sites):
    """Says what reconciling has found, and looks at nothing else."""

    def status(
        self, owner: Object, outcome: ReconcileResult, store: ObjectStore, now: str
    ) -> Mapping[str, Any] | None:
        outcomes = outcome.deployed.outcomes if outcome.deployed else ()
        texts = [one.live["data"]["text"] for one in outcomes if one.live and one.ref.kind == CONFIG_MAP]
        labels = [one.live["metadata"].get("labels") for one in outcomes if one.live]
        return {
            "actions": [str(one.action) for one in outcomes],
            "texts": texts,
            "notes": [one["note"] for one in labels if one and "note" in one],
        }


def test_a_status_follows_what_a_reconcile_has_found(sites: Server) -> None:
    with Loop(sites, plugin=Outcomes) as loop:
        name = loop.site(text="hello")

        def status() -> Mapping[str, Any]:
            return (loop.live(SITE, name) or {}).get("status") or {}

        loop.until("it is deployed and at rest", lambda: set(status().get("actions", ())) == {"unchanged"})
        assert status()["texts"] == ["hello"]
        label = {"op": "add", "path": "/metadata/labels", "value": {"note": "seen"}}
        loop.patch(CONFIG_MAP, name, label)
        loop.until("what is nobody's is seen", lambda: status()["notes"] == ["seen"])
        finalizers = {"op": "add", "path": "/metadata/finalizers", "value": ["example.com/hold"]}
        loop.patch(CONFIG_MAP, name, finalizers)
        loop.delete(CONFIG_MAP, name)
        loop.until("it waits", lambda: "waiting" in status()["actions"])
        loop.at_rest()
        loop.patch(CONFIG_MAP, name, {"op": "remove", "path": "/metadata/finalizers"})
        loop.until("it waits no more", lambda: set(status()["actions"]) == {"unchanged"})


def test_a_condition_of_a_later_generation_and_others_conditions_stay(loop: Loop) -> None:
    name = loop.site()
    loop.until("the site is deployed", lambda: loop.says(name, "Deployed", "True"))
    later = {
        "type": "Deployed",
        "status": "Unknown",
        "reason": "Later",
        "message": "",
        "observedGeneration": 99,
        "lastTransitionTime": "2026-01-01T00:00:00Z",
    }
    others = {**later, "type": "Programmed"}
    loop.patch(
        SITE,
        name,
        {"op": "replace", "path": "/status/conditions", "value": [later, others]},
        subresource="status",
    )
    loop.until("availability is said again", lambda: loop.condition(name, "Available"))
    loop.at_rest()
    conditions = (loop.live(SITE, name) or {})["status"]["conditions"]
    assert conditions[:2] == [later, others]


def test_a_rehearsal_writes_nothing(sites: Server) -> None:
    real = KubernetesCluster.connect(sites.kubeconfig)
    rehearsal = DryRunCluster(real)
    with Loop(sites, writes_to=rehearsal, dry_run=True) as loop:
        name = loop.site()
        loop.until(
            "it would be deployed",
            lambda: (DEPLOYMENT, name) in [(one.ref.kind, one.ref.name) for one in rehearsal.changes],
        )
        loop.at_rest()
        assert loop.live(DEPLOYMENT, name) is None
        assert loop.condition(name, "Deployed") is None
        assert loop.writes() == []
    real.close()


class Late(threading.Event):
    """Who waits for it comes late: first everything that is due is handed out."""

    controller: Controller

    def wait(self, timeout: float | None = None) -> bool:
        queue = self.controller.queue
        eventually("nothing is due", lambda: not len(queue) and not queue.running().number)
        return super().wait(timeout)


class Deposed(LeaderElector):
    """Leads once, and has lost already."""

    def __init__(self) -> None:
        self.begins, self.lost = threading.Event(), Late()
        self.lost.set()

    def run(self, stop: threading.Event, lead: Callable[[threading.Event], None]) -> None:
        self.begins.wait(30)
        lead(self.lost)


def test_who_leads_no_more_looks_at_nothing(sites: Server) -> None:
    elector = Deposed()
    with Loop(sites, elector=elector) as loop:
        elector.lost.controller = loop.controller
        name, cache = loop.site(), loop.controller.cache
        loop.until("it is known", lambda: cache.synced(SITE) and cache.get(SITE, loop.namespace, name))
        elector.begins.set()
        loop.end()
        assert loop.passes == []


LIMIT_RANGE = KindRef("", "v1", "LimitRange")


class Curious(Sites):
    """Reads a kind for one of its Sites that it has not declared."""

    def status(
        self, owner: Object, outcome: ReconcileResult, store: ObjectStore, now: str
    ) -> Mapping[str, Any] | None:
        status = super().status(owner, outcome, store, now)
        if status is None or name_of(owner) != "curious":
            return status
        with suppress(NotSynced):
            status = {**status, "limits": len(store.list(LIMIT_RANGE))}
        return status


def test_a_kind_that_is_read_on_the_way_concerns_those_alone_who_read_it(sites: Server) -> None:
    with Loop(sites, plugin=Curious) as loop:
        other = loop.site()
        loop.until("it is deployed", lambda: loop.says(other, "Deployed", "True"))
        loop.at_rest()
        before = len(loop.passes)
        loop.site("curious")
        loop.until("it knows", lambda: "limits" in (loop.live(SITE, "curious") or {}).get("status", {}))
        loop.at_rest()
        assert {handled.key.name for handled in loop.passes[before:]} == {"curious"}


def test_two_parts_with_owners_of_one_kind_and_deployers_without_a_cluster_are_refused(loop: Loop) -> None:
    with pytest.raises(PluginError, match="looked after by 'sites' already"):
        Controller([Sites(loop.cluster), Sites(loop.cluster)], loop.cluster)
    with pytest.raises(PluginError, match="has no cluster to deploy to"):
        Controller([site_deployer()], loop.cluster)


def test_a_deployer_alone_makes_a_controller(sites: Server) -> None:
    with Loop(sites) as quiet:
        quiet.end()
        deployer = site_deployer(quiet.cluster)
        quiet.controller = Controller(
            [deployer], quiet.cluster, scope=Scope({quiet.namespace}), settings=Settings(workers=1)
        )
        stop = threading.Event()
        thread = threading.Thread(target=quiet.controller.run, args=(stop,))
        thread.start()
        name = quiet.site()
        quiet.until("it is deployed", lambda: quiet.live(DEPLOYMENT, name))
        stop.set()
        thread.join()
        deployer.close()
