"""What an examination makes of whatever happens in it; what it finds on servers is in tests/cli."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from gwdeployer import Deployer, Inputs, MemoryStore, ObjectStore, Plugin, Skip
from gwdeployer.cluster import DryRunCluster
from gwdeployer.diagnosis.examining import Examined, Examiner
from gwdeployer.diagnosis.leadership import lease_ref
from gwdeployer.errors import Fault, Forbidden, ParametersError
from gwdeployer.installation.accounts import Account
from gwdeployer.installation.rights import Rights
from gwdeployer.objects import Object
from tests.cluster_unit.fake import SITE, FakeCluster

ACCOUNT = Account("system", "controller")


class Sites(Plugin):
    """Routes and diagnoses as a test says."""

    name = "sites"
    owners = (SITE,)
    said: Any = Skip("is not ours")
    known: Any = ()

    def route(self, owner: Object, store: ObjectStore) -> Deployer | Skip:
        if isinstance(self.said, Exception):
            raise self.said
        found: Skip = self.said
        return found

    def diagnose(self, owner: Object, store: ObjectStore) -> Iterable[Fault]:
        if isinstance(self.known, Exception):
            raise self.known
        yield from self.known


def examined(plugin: Plugin, *conditions: dict[str, str], **metadata: Any) -> Examined:
    examiner = Examiner(
        MemoryStore(),
        DryRunCluster(FakeCluster()),
        lease_ref(*ACCOUNT),
        ACCOUNT,
        Rights((), (), ()),
        lambda: datetime.now(UTC),
    )
    owner = {
        "apiVersion": SITE.api_version,
        "kind": SITE.kind,
        "metadata": {"name": "web", "namespace": "shop", **metadata},
        "status": {"conditions": list(conditions)},
    }
    return examiner.examine(plugin, SITE, owner)


def plugin(said: Any = None, known: Any = ()) -> Sites:
    made = Sites(Inputs())
    made.said, made.known = said or Skip("is not ours"), known
    return made


def test_what_is_left_alone_says_why_unless_the_plugin_knows_more() -> None:
    assert [fault.message for fault in examined(plugin()).faults] == ["is left alone: is not ours"]
    more = examined(plugin(known=[Fault("its class is missing"), Fault("its class is missing")]))
    assert [fault.message for fault in more.faults] == ["its class is missing"]
    assert more.left_alone == "is not ours"


def test_faults_of_parameters_name_the_owner() -> None:
    [fault] = examined(plugin(ParametersError(Fault("is wrong", "spec.size")))).faults
    assert str(fault) == "Site shop/web spec.size: is wrong"


def test_a_plugins_mistake_is_a_finding_and_hides_no_other() -> None:
    found = examined(plugin(said=RuntimeError("oops"), known=KeyError("name"))).faults
    assert [fault.message for fault in found] == [
        "Sites failed: KeyError: 'name'",
        "Sites failed: RuntimeError: oops",
    ]


def test_what_whoever_asks_may_not_see_is_a_warning() -> None:
    found = examined(plugin(Forbidden("cannot list secrets")), {"type": "Accepted", "status": "True"})
    assert found.is_well
    assert [str(one) for one in found.warnings] == ["Site shop/web: cannot be looked at: cannot list secrets"]


def test_where_nothing_else_is_found_the_status_has_the_word() -> None:
    refused = {"type": "Accepted", "status": "False", "reason": "Invalid", "message": "no"}
    assert [str(one) for one in examined(plugin(Forbidden("no")), refused).faults] == ["status: Invalid: no"]


def test_an_owner_that_is_being_deleted_is_not_looked_into_further() -> None:
    found = examined(plugin(said=RuntimeError("oops")), deletionTimestamp="2026-11-21T06:00:00Z")
    assert [fault.message for fault in found.faults] == ["is being deleted, and held by: nothing"]
