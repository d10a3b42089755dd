"""What a pass sees of the objects that it has just written."""

from __future__ import annotations

import pytest

from gwdeployer.cluster.outcomes import Action, DeployResult, Outcome, ReconcileResult
from gwdeployer.controller.answered import AnsweredStore
from gwdeployer.objects import KindRef, Object, ObjectRef
from gwdeployer.store import MemoryStore

SECRET = KindRef("", "v1", "Secret")
REF = ObjectRef(SECRET, "shop", "key")
OWNER = ObjectRef(KindRef("example.com", "v1", "Site"), "shop", "web")


def secret(version: int) -> Object:
    metadata = {"name": "key", "namespace": "shop", "uid": "one", "resourceVersion": str(version)}
    return {"apiVersion": "v1", "kind": "Secret", "metadata": metadata}


class Cache(MemoryStore):
    """A cache that has seen deletions up to a resourceVersion."""

    def __init__(self, *objects: Object, deletions: int = 0) -> None:
        super().__init__(objects)
        self._deletions = deletions

    def is_past(self, kind: KindRef, namespace: str, resource_version: str) -> bool:
        return int(resource_version) <= self._deletions


def seen(cache: Cache, written: Object, action: Action = Action.CREATED) -> Object | None:
    outcome = Outcome(REF, action, live=written)
    return AnsweredStore(cache, ReconcileResult(OWNER, deployed=DeployResult(OWNER, (outcome,)))).get(*REF)


def test_an_object_that_a_cache_lacks_is_as_the_server_answered() -> None:
    answer = secret(5)
    assert seen(Cache(), answer) is answer


def test_an_object_that_a_cache_shows_as_it_was_is_as_the_server_answered() -> None:
    answer = secret(5)
    assert seen(Cache(secret(4)), answer, Action.CONFIGURED) is answer


def test_an_object_stays_the_very_same_when_the_cache_has_caught_up() -> None:
    answer = secret(5)
    assert seen(Cache(secret(5)), answer) is answer


def test_a_cache_that_is_ahead_is_right() -> None:
    later = secret(6)
    assert seen(Cache(later), secret(5)) is later


def test_what_has_gone_meanwhile_is_gone() -> None:
    assert seen(Cache(deletions=6), secret(5)) is None


def test_what_an_earlier_pass_has_written_counts_until_the_cache_has_it() -> None:
    answer = secret(5)
    assert seen(Cache(), answer, Action.UNCHANGED) is answer


def test_what_is_not_deployed_is_the_caches() -> None:
    cached = secret(5)
    assert AnsweredStore(Cache(cached), ReconcileResult(OWNER)).get(*REF) is cached


def test_an_object_is_found_in_whatever_version_its_kind_is_asked_for() -> None:
    answer = secret(5)
    outcome = Outcome(REF, Action.CREATED, live=answer)
    store = AnsweredStore(Cache(), ReconcileResult(OWNER, deployed=DeployResult(OWNER, (outcome,))))
    assert store.get(KindRef("", "v1beta1", "Secret"), "shop", "key") is answer


@pytest.mark.parametrize("action", [Action.CREATED, Action.CONFIGURED, Action.RECREATED])
def test_at_rest_what_was_written_is_unchanged(action: Action) -> None:
    answer = secret(5)
    outcomes = (Outcome(REF, action, changed=("data.key",), live=answer), Outcome(OWNER, Action.WAITING))
    result = ReconcileResult(OWNER, deployed=DeployResult(OWNER, outcomes)).at_rest
    assert result.deployed is not None
    written, waiting = result.deployed.outcomes
    assert written == Outcome(REF, Action.UNCHANGED)
    assert written.live is answer
    assert waiting is outcomes[1]
