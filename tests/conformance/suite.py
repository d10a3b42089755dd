"""Gateway API's own conformance suite as a program: run against a cluster, its output sorted by test."""

from __future__ import annotations

import json
import re
import subprocess
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

#: Tests under way at once. They poll every 100 ms and wait most of the time.
_PARALLEL = 8
#: Seconds, where the suite would wait three to five minutes for what will not come.
_PATIENCE = {
    "GatewayMustHaveAddress": 60,
    "GatewayMustHaveCondition": 60,
    "ListenerSetMustHaveCondition": 60,
    "NamespacesMustBeReady": 120,
    "GWCMustBeAccepted": 60,
}
_TIMEOUT = 900
#: A line of a helper of the suite, said at each look at the cluster: place, time, words.
_LOOK = re.compile(r"\s+\S+\.go:\d+: [\d-]+T\S+: (.*)")
_POINTER = re.compile(r"\b0x[0-9a-f]+")
#: Go's marks of whose turn it is.
_MARKS = ("=== NAME", "=== CONT", "=== PAUSE")


class Result(NamedTuple):
    """What became of one test: Go's word for it (``pass``, ``fail``, ``skip``) and what it said."""

    outcome: str
    output: str


class Implementation(NamedTuple):
    """What the suite has to know of the implementation that it tests."""

    kubeconfig: Path
    gateway_class: str
    features: Sequence[str]
    #: An address that a Gateway can have if it asks for it, and one that it cannot have.
    usable_address: str
    unusable_address: str

    def flags(self) -> list[str]:
        """Return the flags of the suite that say so."""
        return [
            f"-kubeconfig={self.kubeconfig}",
            f"-gateway-class={self.gateway_class}",
            f"-supported-features={','.join(self.features)}",
            f"-usable-address={self.usable_address}",
            f"-unusable-address={self.unusable_address}",
        ]


def run(program: Path, implementation: Implementation, tests: Iterable[str]) -> dict[str, Result]:
    """Return the result of each test by its short name; "" is what the suite said beside its tests.

    The suite sets up its own Gateways and backends first and takes everything away at the end.
    """
    done = subprocess.run(
        [*_command(program, tests), *implementation.flags()],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=_TIMEOUT + 60,
        check=False,
    )
    return results_of(_events(done.stdout))


def _command(program: Path, tests: Iterable[str]) -> list[str]:
    patience = ";".join(f"{name}:{seconds}" for name, seconds in _PATIENCE.items())
    return [
        *("go", "tool", "test2json", str(program), "-test.v=test2json"),
        f"-test.run=^TestConformance$/^({'|'.join(tests)})$",
        f"-test.parallel={_PARALLEL}",
        f"-test.timeout={_TIMEOUT}s",
        f"-timeout-config-overrides={patience}",
    ]


def _events(output: str) -> Iterator[Mapping[str, Any]]:
    for line in output.splitlines():
        try:
            yield json.loads(line)
        except ValueError:
            yield {"Action": "output", "Output": f"{line}\n"}


def results_of(events: Iterable[Mapping[str, Any]]) -> dict[str, Result]:
    """Return the results that the events of ``go tool test2json`` tell (``go doc test2json``)."""
    outputs: dict[str, list[str]] = defaultdict(list)
    outcomes: dict[str, str] = {}
    for event in events:
        # TestConformance, TestConformance/TEST or TestConformance/TEST/part of it
        _, _, path = event.get("Test", "").partition("/")
        test, _, part = path.partition("/")
        if event["Action"] == "output":
            outputs[test].append(event["Output"])
        elif event["Action"] in {"pass", "fail", "skip"} and not part:
            outcomes[test] = event["Action"]
    return {test: Result(outcomes.get(test, ""), _told(outputs[test])) for test in outputs.keys() | outcomes}


def _told(lines: Sequence[str]) -> str:
    """Return what a test said; what it said each time that it looked again, once: as it was last."""
    kept: dict[object, str] = {}
    for number, line in enumerate(lines):
        if not line.startswith(_MARKS):
            look = _LOOK.match(line)
            key = _POINTER.sub("", look[1]) if look else number
            kept.pop(key, None)
            kept[key] = line
    return "".join(kept.values())
