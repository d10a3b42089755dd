"""Kubernetes' answers and ours: what counts as the same, and which differences are wanted.

Service ports and deleted maps are not left out: the first are put to Kubernetes in a form in which its own
rule says what ours says, the second are compared without regard to empty maps.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from gwdeployer.errors import ParametersError
from gwdeployer.objects import strategic_merge

SOURCE = Path(__file__).with_name("strategicpatch")

#: What we refuse and Kubernetes lets pass, by a piece of our message, and why.
WANTED_REFUSALS = {
    "unknown directive": "Kubernetes drops a map whose $patch it doesn't know where the map is new",
    "cannot work on an item of this list": "Kubernetes leaves the directive in the list, as an item",
    "unknown field": "Kubernetes ignores a directive for a list that nobody has",
    "must be a list": "Kubernetes ignores a directive for a list that is not there, whatever it says",
    "must be a string": "Kubernetes doesn't look at what is deleted from a list that is not there",
    "must be a single value, not a list": "Go's decoder takes a list of numbers for bytes",
    "is no list": "Kubernetes ignores a directive about something that is no list",
}
_PORTS = 100_000

Map = dict[str, Any]


def ask(program: Path, pairs: Iterable[Map]) -> list[Map]:
    """Return Kubernetes' answers."""
    lines = "\n".join(json.dumps(asked(pair)) for pair in pairs)
    run = subprocess.run([program], input=lines, capture_output=True, text=True, check=True)
    return [json.loads(line) for line in run.stdout.splitlines()]


def build(folder: Path) -> Path:
    """Build the Go program."""
    program = folder / "strategicpatch"
    subprocess.run(["go", "build", "-o", program, "."], cwd=SOURCE, check=True)
    return program


def asked(pair: Map) -> Map:
    """Return the pair as it is put to Kubernetes: ports of a Service have numbers by protocol."""
    return with_ports(pair, _told_apart) if pair["kind"] == "Service" else pair


def verdict(pair: Map, answer: Map) -> str:
    """Return ``"same"``, ``"both refuse"``, or the wanted difference; raise ``AssertionError`` on another."""
    refused = answer.get("error") or answer.get("undecodable")
    try:
        merged = strategic_merge(pair["object"], pair["patch"])
    except ParametersError as error:
        return "both refuse" if refused else _wanted_refusal(error)
    if "error" in answer:
        raise AssertionError(f"Kubernetes refuses: {answer['error']}")
    theirs = without_leftovers(answer["result"])
    if pair["kind"] == "Service":
        theirs = with_ports(theirs, _together)
    if merged == theirs:
        return "same"
    assert deletes_map(pair["patch"]), f"ours {json.dumps(merged)}\nKubernetes' {json.dumps(theirs)}"
    assert without_empty_maps(merged) == without_empty_maps(theirs), f"{merged}\n{theirs}"
    return "a deleted map is gone"


def _wanted_refusal(error: ParametersError) -> str:
    for piece in WANTED_REFUSALS:
        if any(piece in fault.message for fault in error.faults):
            return f"refused: {piece}"
    raise AssertionError(f"Kubernetes accepts: {error}")


def without_leftovers(value: Any) -> Any:
    """Drop the directives and nulls Kubernetes leaves in what it takes over unseen."""
    if isinstance(value, list):
        return [
            without_leftovers(item) for item in value if not (isinstance(item, dict) and "$patch" in item)
        ]
    if not isinstance(value, dict):
        return value
    return {
        key: without_leftovers(item)
        for key, item in value.items()
        if item is not None and not key.startswith("$") and not _is_deleted(item)
    }


def without_empty_maps(value: Any) -> Any:
    if isinstance(value, list):
        return [without_empty_maps(item) for item in value]
    if not isinstance(value, dict):
        return value
    inner = {key: without_empty_maps(item) for key, item in value.items()}
    return {key: item for key, item in inner.items() if item != {}}


def deletes_map(patch: Any, *, in_list: bool = False) -> bool:
    if isinstance(patch, list):
        return any(deletes_map(item, in_list=True) for item in patch)
    if not isinstance(patch, dict):
        return False
    return (not in_list and _is_deleted(patch)) or any(map(deletes_map, patch.values()))


def _is_deleted(value: Any) -> bool:
    return isinstance(value, dict) and value.get("$patch") == "delete"


def with_ports(value: Any, change: Any) -> Any:
    """Return a copy in which each port of a Service is changed."""
    if isinstance(value, list):
        return [with_ports(item, change) for item in value]
    if not isinstance(value, dict):
        return value
    copy = {key: with_ports(item, change) for key, item in value.items()}
    return change(copy) if isinstance(copy.get("port"), int) else copy


def _told_apart(item: Map) -> Map:
    protocol = item.get("protocol") or "TCP"
    return item | {"port": item["port"] + _PORTS * (sum(map(ord, protocol)) if protocol != "TCP" else 0)}


def _together(item: Map) -> Map:
    return item | {"port": item["port"] % _PORTS}
