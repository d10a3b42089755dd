"""The in-process server and a real kube-apiserver answer the same requests alike.

GWDEPLOYER_DIFFERENTIAL says how many sequences are sent (4,000 unless told), GWDEPLOYER_DIFFERENTIAL_SEED
which.
"""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
import yaml

from gwdeployer.testing import APIServer
from tests.differential.comparing import Difference, Pair, differences
from tests.differential.minimising import minimised
from tests.differential.running import Runner
from tests.differential.wanted import WANTED, is_wanted
from tests.servers.http_client import Client, Endpoint
from tests.servers.servers import Server, eventually

COUNT = int(os.environ.get("GWDEPLOYER_DIFFERENTIAL", "4000"))
SEED = int(os.environ.get("GWDEPLOYER_DIFFERENTIAL_SEED", "1"))
#: Connections to each server; with more, the in-process server's share of two cores is used up.
CONNECTIONS = 4
#: How many kinds of difference a failure shows, each at its smallest.
SHOWN = 12
GUIDE = Path(__file__).parents[2] / "docs" / "testing.md"
WIDGETS = yaml.safe_load(Path(__file__).with_name("widgets_crd.yaml").read_text())


@pytest.fixture(scope="module")
def pairs(bare_kube_apiserver: Server) -> Iterator[list[Pair]]:
    """Connections to both servers, a namespace for each, neither with controllers."""
    with APIServer(controllers=()) as ours, ExitStack() as stack:
        endpoints = (bare_kube_apiserver.endpoint, Endpoint(ours.url))
        for endpoint in endpoints:
            _serve_widgets(endpoint)
        yield [_pair(stack, endpoints, f"differential-{number}") for number in range(CONNECTIONS)]


@pytest.mark.cluster
def test_both_servers_give_the_same_answers(pairs: list[Pair]) -> None:
    found = differences(pairs, SEED, range(COUNT))
    assert not found, _report(found, pairs[0])


def test_the_guide_lists_the_wanted_differences_with_their_reasons() -> None:
    listed = " ".join(GUIDE.read_text().split())
    assert [wanted.reason for wanted in WANTED if f"- {wanted.reason}" not in listed] == []


def _serve_widgets(endpoint: Endpoint) -> None:
    definitions = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
    widgets = "/apis/example.com/v1/namespaces/default/widgets"
    with Client(endpoint) as client:
        client.post(definitions, WIDGETS).object()
        eventually("widgets are served", lambda: client.get(widgets).status == 200)


def _pair(stack: ExitStack, endpoints: tuple[Endpoint, Endpoint], namespace: str) -> Pair:
    real, ours = (Runner(stack.enter_context(Client(endpoint)), namespace) for endpoint in endpoints)
    return Pair(real, ours, is_wanted)


def _report(found: list[Difference], pair: Pair) -> str:
    by_signature = defaultdict(list)
    for each in found:
        by_signature[each.signature].append(each)
    most_frequent = sorted(by_signature.values(), key=len, reverse=True)
    head = f"seed {SEED}: {len(found)} of {COUNT} sequences differ, in {len(most_frequent)} ways"
    return "\n\n".join([head, *(_described(same, pair) for same in most_frequent[:SHOWN])])


def _described(same: list[Difference], pair: Pair) -> str:
    smallest = minimised(min(same, key=lambda each: len(str(each.sequence))), pair)
    lines = [f"{len(same)} times, {smallest.sequence.kind}:", *map(str, smallest.sequence.steps)]
    place = f"the answer to `{smallest.step.verb}` differs at {smallest.path}:"
    return "\n  ".join([*lines, place, f"  real: {smallest.theirs}", f"  ours: {smallest.ours}"])
