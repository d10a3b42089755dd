"""Unchanged owners: when the last plan is returned again, and when a new one is made."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from gwdeployer import Context, KindRef, MemoryStore, NotSynced, Object, ParametersError, Skip, Watch
from tests.core.sites import SITE, TENANT, SiteValues, config, deployer, site, tenant, text_of


def test_the_same_owner_has_the_same_plan() -> None:
    machine, owner, store = deployer(), site(), MemoryStore()
    assert machine.plan(owner, store) is machine.plan(owner, store)


def test_an_owner_of_the_same_uid_and_version_has_the_same_plan() -> None:
    machine, store = deployer(), MemoryStore()
    first = machine.plan(site(uid="u", resourceVersion="7"), store)
    assert machine.plan(site(uid="u", resourceVersion="7", labels={"never": "looked at"}), store) is first
    changed = site(uid="u", resourceVersion="8", spec={"config": "other"})
    assert machine.plan(changed, store) is not first


def stored(version: str, **content: Any) -> Object:
    """Return a Site as a server has it, ``content`` over it."""
    entry = {"manager": "kubectl", "operation": "Update", "time": f"2026-01-01T00:00:0{version}Z"}
    made = site(uid="u", resourceVersion=version, generation=1, labels={"a": "b"}, managedFields=[entry])
    metadata = {**made["metadata"], **content.pop("metadata", {})}
    return {**made, **content, "metadata": metadata}


def test_an_owner_whose_status_alone_changed_has_the_same_plan() -> None:
    generator, store = SiteValues(), MemoryStore()
    machine = deployer(generator)
    first = machine.plan(stored("7"), store)
    for version, status in (("8", {"ready": True}), ("9", {"ready": False}), ("9", {}), ("10", None)):
        assert machine.plan(stored(version, status=status), store) is first
    assert machine.plan(stored("11"), store) is first
    assert generator.runs == 1


@pytest.mark.parametrize(
    "content",
    [
        {"spec": {"config": "other"}},
        {"metadata": {"labels": {"a": "c"}}},
        {"metadata": {"annotations": {"a": "b"}}},
        {"metadata": {"deletionTimestamp": "2026-01-01T00:00:00Z"}},
        {"metadata": {"finalizers": ["x"]}},
        {"metadata": {"generation": 2}},
        {"metadata": {"uid": "v"}},
        {"data": {}},
    ],
    ids=str,
)
def test_an_owner_that_changed_beside_its_status_has_a_new_plan(content: dict[str, Any]) -> None:
    machine, store = deployer(), MemoryStore()
    first = machine.plan(stored("7"), store)
    assert machine.plan(stored("8", status={"ready": True}, **content), store) is not first


class Ticking(SiteValues):
    """Reads its owner's status, and says so."""

    def __init__(self, *watches: Watch) -> None:
        super().__init__()
        self._watches = watches

    def watches(self) -> Sequence[Watch]:
        return self._watches


@pytest.mark.parametrize(
    ("watches", "runs"),
    [
        ((Watch(SITE, status=True),), 2),
        ((Watch(SITE._replace(version="v2"), status=True),), 2),
        ((Watch(SITE),), 1),
        ((Watch(TENANT, status=True),), 1),
    ],
)
def test_a_status_counts_where_the_generator_watches_it(watches: tuple[Watch, ...], runs: int) -> None:
    generator, store = Ticking(*watches), MemoryStore()
    machine = deployer(generator)
    for version in "78":
        machine.plan(stored(version, status={"seen": version}), store)
    assert generator.runs == runs


def test_an_owner_whose_status_changed_is_planned_again_if_what_was_read_changed_too() -> None:
    generator, store = SiteValues(), MemoryStore([config("old")])
    machine = deployer(generator)
    machine.plan(stored("7"), store)
    store.add(config("new"))
    assert text_of(machine.plan(stored("8", status={}), store).objects) == "new 0"


def test_an_owner_made_again_under_its_name_has_a_new_plan() -> None:
    machine, store = deployer(), MemoryStore()
    first = machine.plan(site(uid="u", resourceVersion="7"), store)
    second = machine.plan(site(uid="v", resourceVersion="7"), store)
    assert first is not second
    assert second.objects[0]["metadata"]["ownerReferences"][0]["uid"] == "v"


def test_equal_owners_without_a_version_are_planned_each() -> None:
    machine, store = deployer(), MemoryStore()
    assert machine.plan(site(), store) is not machine.plan(site(), store)


def test_owners_do_not_share_plans() -> None:
    machine, store = deployer(), MemoryStore()
    owners = [site("a"), site("b"), site("a", namespace="other")]
    plans = [machine.plan(owner, store) for owner in owners]
    assert [machine.plan(owner, store) for owner in owners] == plans
    assert len({id(plan) for plan in plans}) == 3


MATTERS: dict[str, Callable[[MemoryStore], None]] = {
    "an object that was read is replaced": lambda store: store.add(config("new")),
    "an object that was read is removed": lambda store: store.remove(config("")),
    "a listed object appears": lambda store: store.add(tenant("b")),
    "a listed object is replaced": lambda store: store.add(tenant("a", more="labels")),
    "a listed object is removed": lambda store: store.remove(tenant("a")),
}
MATTERS_NOT: dict[str, Callable[[MemoryStore], None]] = {
    "another object of a kind that was read": lambda store: store.add(config("x", "another")),
    "an object of that name elsewhere": lambda store: store.add(config("x", namespace="other")),
    "an object of the listed kind elsewhere": lambda store: store.add(tenant("a", "other")),
    "a kind that was not read": lambda store: store.add({**config("x"), "kind": "Secret"}),
}


def scene() -> tuple[SiteValues, Any, MemoryStore, Object]:
    generator, store, owner = SiteValues(), MemoryStore([config("old"), tenant("a")]), site()
    machine = deployer(generator)
    machine.plan(owner, store)
    return generator, machine, store, owner


@pytest.mark.parametrize("change", MATTERS.values(), ids=MATTERS)
def test_a_change_of_what_was_read_makes_a_new_plan(change: Callable[[MemoryStore], None]) -> None:
    generator, machine, store, owner = scene()
    change(store)
    machine.plan(owner, store)
    assert generator.runs == 2


@pytest.mark.parametrize("change", MATTERS_NOT.values(), ids=MATTERS_NOT)
def test_nothing_else_makes_a_new_plan(change: Callable[[MemoryStore], None]) -> None:
    generator, machine, store, owner = scene()
    change(store)
    machine.plan(owner, store)
    assert generator.runs == 1


def test_an_absent_object_that_appears_makes_a_new_plan() -> None:
    machine, owner, store = deployer(), site(), MemoryStore()
    assert text_of(machine.plan(owner, store).objects) == "absent 0"
    store.add(config("here"))
    assert text_of(machine.plan(owner, store).objects) == "here 0"


def test_another_store_with_the_same_objects_changes_nothing() -> None:
    machine, owner, held = deployer(), site(), config("x")
    first = machine.plan(owner, MemoryStore([held]))
    assert machine.plan(owner, MemoryStore([held])) is first
    assert machine.plan(owner, MemoryStore([config("x")])) is not first


def test_tracing_makes_a_new_plan() -> None:
    machine, owner, store = deployer(), site(), MemoryStore()
    assert machine.plan(owner, store) is not machine.plan(owner, store, trace=True)


def test_a_skip_is_remembered_like_a_plan() -> None:
    generator, owner, store = SiteValues(), site(spec={"skip": "no"}), MemoryStore()
    machine = deployer(generator)
    assert machine.plan(owner, store) is machine.plan(owner, store)
    assert generator.runs == 1


def test_who_only_looks_gets_what_is_remembered_and_leaves_nothing_behind() -> None:
    generator, owner, store = SiteValues(), site(), MemoryStore()
    machine = deployer(generator)
    looked = machine.plan(owner, store, remember=False)
    made = machine.plan(owner, store)
    assert made is not looked
    assert made == looked
    assert machine.plan(owner, store, remember=False) is made
    assert generator.runs == 2


def test_what_is_forgotten_is_planned_again() -> None:
    generator, store = SiteValues(), MemoryStore()
    machine = deployer(generator)
    owners = [site("a"), site("b")]
    steps: list[Callable[[], None]] = [lambda: None, lambda: machine.forget(owners[0]), machine.close]
    for forget in steps:
        forget()
        for owner in owners:
            machine.plan(owner, store)
    assert generator.runs == 2 + 1 + 2
    machine.forget(site("never seen"))


class Moody(SiteValues):
    """Fails while its Site says so."""

    def get_values(self, owner: Mapping[str, Any], context: Context) -> Mapping[str, Any] | Skip:
        found = super().get_values(owner, context)
        if owner["spec"].get("fail"):
            raise ParametersError("as asked")
        return found


def test_a_failure_is_not_remembered() -> None:
    generator, store = Moody(), MemoryStore()
    machine, broken = deployer(generator), site(spec={"fail": True})
    for _ in range(2):
        with pytest.raises(ParametersError, match="as asked"):
            machine.plan(broken, store)
    assert generator.runs == 2
    assert machine.plan(site(), store).skip is None


class Unsynced(MemoryStore):
    """Does not know its Tenants yet."""

    synced = False

    def list(self, kind: KindRef, *args: Any, **kwargs: Any) -> Sequence[Object]:
        if not self.synced:
            raise NotSynced("Tenants are not listed yet", delay=3)
        return super().list(kind, *args, **kwargs)


def test_a_store_that_does_not_know_yet_is_asked_again_later() -> None:
    machine, owner, store = deployer(), site(), Unsynced()
    with pytest.raises(NotSynced, match="not listed yet") as caught:
        machine.plan(owner, store)
    assert (caught.value.delay, caught.value.owner) == (3, "Site prod/shop")
    store.synced = True
    plan = machine.plan(owner, store)
    store.synced = False
    with pytest.raises(NotSynced, match="not listed yet"):
        machine.plan(owner, store)
    store.synced = True
    assert machine.plan(owner, store).digest == plan.digest


def test_many_threads_may_plan_at_once() -> None:
    machine, store = deployer(), MemoryStore([config("x"), tenant("a")])
    owners = [site(f"s{i}") for i in range(8)] * 25
    with ThreadPoolExecutor(8) as pool:
        plans = list(pool.map(lambda owner: machine.plan(owner, store), owners))
    assert [plan.owner.name for plan in plans] == [owner["metadata"]["name"] for owner in owners]
    assert len({plan.digest for plan in plans}) == 8
