"""Whatever happens in whatever order: at rest the cache is the server, and its changes say the same."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import closing
from typing import TypeAlias

from hypothesis import given, settings
from hypothesis import strategies as st

from gwdeployer.cluster import KubernetesCluster
from gwdeployer.errors import NotFound
from gwdeployer.testing import APIServer
from tests.controller.caching import (
    CONFIG_MAP,
    Witness,
    caught_up,
    config_map,
    connected,
    delete,
    kept,
    put,
)

_Step: TypeAlias = tuple[str, str]

#: What may happen to a server beside writes.
TROUBLE: Mapping[str, Callable[[APIServer], object]] = {
    "watches end": lambda server: server.faults.drop_watches(),
    "watches expire": lambda server: server.faults.expire_watches(times=2),
    "connections end": lambda server: server.disconnect(),
    "history ends": lambda server: server.compact(),
    "lists are stale": lambda server: server.faults.stale(verb="list", times=4),
    "lists fail": lambda server: server.faults.answer(500, verb="list", times=2),
    "lists expire": lambda server: server.faults.answer(410, verb="list", times=3),
    "watches fail": lambda server: server.faults.answer(503, verb="watch", times=2),
    "watches are cut": lambda server: server.faults.cut_body(150, verb="watch", times=2),
    "answers are late": lambda server: server.faults.delay(0.02, verb=("list", "watch"), times=3),
}

writes = st.tuples(st.sampled_from(["put", "put", "delete"]), st.sampled_from("abcd"))
troubles = st.tuples(st.sampled_from(sorted(TROUBLE)), st.just(""))


def take(step: _Step, number: int, server: APIServer, direct: KubernetesCluster) -> None:
    verb, name = step
    if verb == "put":
        put(direct, config_map(name, v=str(number)))
    elif verb == "delete":
        try:
            delete(direct, config_map(name))
        except NotFound:
            return
    else:
        TROUBLE[verb](server)


@settings(max_examples=40, deadline=None)
@given(steps=st.lists(writes | troubles, max_size=25))
def test_at_rest_the_cache_is_the_server(steps: list[_Step]) -> None:
    with (
        APIServer(history=3) as server,
        closing(connected(server)) as direct,
        closing(connected(server)) as cluster,
        kept(cluster, CONFIG_MAP) as (cache, witness),
    ):
        for number, step in enumerate(steps):
            take(step, number, server, direct)
        server.faults.clear()
        caught_up(cache, witness, server)
        assert_told_once(witness)


def assert_told_once(witness: Witness) -> None:
    for change in witness.changes:
        assert change.before is not change.after
        before, after = (one and one["metadata"]["resourceVersion"] for one in change[1:])
        assert before != after
