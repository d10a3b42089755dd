"""The finalizer of owners of cluster-scoped objects."""

from __future__ import annotations

import pytest

from gwdeployer.cluster.finalizing import add_finalizer, is_held_by_others, remove_finalizer
from gwdeployer.errors import Conflict, Forbidden, GwdeployerError, NotFound
from gwdeployer.objects import Object, ObjectRef
from gwdeployer.objects.owners import Owner
from tests.cluster_unit.fake import OURS, OWNER_UID, SITE, FakeCluster

REF = ObjectRef(SITE, "shop", "s")
OWNER = Owner(REF, OWNER_UID, finalized=True)
FINALIZER = "gwdeployer.dev/cleanup"


def site(*finalizers: str, uid: str = OWNER_UID) -> Object:
    metadata = {"name": "s", "namespace": "shop", "uid": uid, "resourceVersion": "7"}
    return {
        "apiVersion": "example.com/v1",
        "kind": "Site",
        "metadata": {**metadata, **({"finalizers": list(finalizers)} if finalizers else {})},
    }


class Answering(FakeCluster):
    """Answers each apply with the owner as it is then."""

    def __init__(self, answer: Object) -> None:
        super().__init__()
        self.answer = answer
        self.applied: list[tuple[Object, str, bool]] = []

    def apply(self, obj: Object, *, manager: str, force: bool = False, **_: object) -> Object:
        self._asked("apply", obj)
        self.applied.append((obj, manager, force))
        return self.answer


def test_it_is_applied_by_a_manager_of_its_own_to_this_very_owner() -> None:
    cluster = Answering(site(FINALIZER))
    add_finalizer(cluster, OWNER, OURS)
    ((sent, manager, force),) = cluster.applied
    assert sent["metadata"] == {
        "name": "s",
        "namespace": "shop",
        "uid": OWNER_UID,
        "finalizers": [FINALIZER],
    }
    assert set(sent) == {"apiVersion", "kind", "metadata"}
    assert (manager, force) == (f"{OURS}-finalizer", True)


def test_a_long_name_of_a_manager_is_cut_to_what_the_api_takes() -> None:
    cluster = Answering(site())
    add_finalizer(cluster, OWNER, "m" * 128)
    assert len(cluster.applied[0][1]) == 128


def test_giving_it_up_removes_it() -> None:
    cluster = Answering(site("foreign"))
    remove_finalizer(cluster, OWNER, OURS)
    assert "finalizers" not in cluster.applied[0][0]["metadata"]
    assert cluster.requests == ["apply"]


def test_where_somebody_else_owns_it_too_it_is_taken_out() -> None:
    cluster = Answering(site("foreign", FINALIZER))
    cluster.put(site("foreign", FINALIZER))
    remove_finalizer(cluster, OWNER, OURS)
    assert cluster.requests == ["apply", "json_patch Site s"]
    assert cluster.bodies[-1] == [
        {"op": "replace", "path": "/metadata/resourceVersion", "value": "7"},
        {"op": "remove", "path": "/metadata/finalizers/1"},
    ]


def held(*managers: str) -> Object:
    """Return a Site whose finalizer these managers have applied."""
    owner = site(FINALIZER)
    fields = {"f:metadata": {"f:finalizers": {".": {}, f'v:"{FINALIZER}"': {}}}}
    entries = [{"manager": name, "operation": "Apply", "fieldsV1": fields} for name in managers]
    return {**owner, "metadata": {**owner["metadata"], "managedFields": entries}}


def test_where_another_deployer_holds_it_too_it_stays() -> None:
    cluster = Answering(held("other-finalizer"))
    remove_finalizer(cluster, OWNER, OURS)
    assert cluster.requests == ["apply"]


@pytest.mark.parametrize(
    ("managers", "others"),
    [
        ((), False),
        (("kubectl",), False),
        ((f"{OURS}-finalizer",), False),
        (("other-finalizer", f"{OURS}-finalizer"), False),
        (("other-finalizer",), True),
    ],
)
def test_whose_it_is(managers: tuple[str, ...], others: bool) -> None:
    assert is_held_by_others(held(*managers), OURS) == others


@pytest.mark.parametrize("error", [Conflict("another one"), NotFound("gone")])
def test_an_owner_that_is_gone_needs_none(error: GwdeployerError) -> None:
    cluster = Answering(site())

    def fail(_request: str) -> None:
        raise error

    cluster.fail = fail
    remove_finalizer(cluster, OWNER, OURS)


def test_any_other_error_is_the_callers() -> None:
    cluster = Answering(site())

    def fail(_request: str) -> None:
        raise Forbidden("no")

    cluster.fail = fail
    with pytest.raises(Forbidden):
        remove_finalizer(cluster, OWNER, OURS)
    with pytest.raises(Forbidden):
        add_finalizer(cluster, OWNER, OURS)
