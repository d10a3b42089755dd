"""Documents with their verdicts: our models and the schema of our CRD both give it.

A case sets fields by their paths; ``refused`` names the path of the fault, without it the document is right.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from gwdeployer import ParametersError
from gwdeployer.crd import CrdDefinition, crd_of
from gwdeployer.parameters import read_layer
from gwdeployer_gateway import GatewayPlugin
from tests.crd.apiserver import refusals

CORPUS = Path(__file__).with_name("corpus")
DEFINITIONS: dict[str, CrdDefinition] = {one.kind.kind: one for one in GatewayPlugin.crds()}
CASES = [
    pytest.param(case, id=f"{path.stem}: {case['name']}")
    for path in sorted(CORPUS.glob("*.yaml"))
    for case in yaml.safe_load(path.read_text())
]


def document(case: dict[str, Any]) -> dict[str, Any]:
    kind = DEFINITIONS[case.get("kind", "GatewayParameters")].kind
    made: dict[str, Any] = {"apiVersion": kind.api_version, "kind": kind.kind, "metadata": {"name": "x"}}
    for path, value in case["set"].items():
        *above, last = path.split(".")
        place = made
        for part in above:
            place = place.setdefault(part, {})
        place[last] = value
    return made


@cache
def schema(kind: str) -> dict[str, Any]:
    root: dict[str, Any] = crd_of(DEFINITIONS[kind])["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
    root["properties"]["metadata"] = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    return root


def test_the_corpus_is_there_and_covers_both_verdicts_of_both_kinds() -> None:
    verdicts = [(case.values[0].get("kind"), "refused" in case.values[0]) for case in CASES]
    assert len(CASES) > 100
    assert len(set(verdicts)) == 4


@pytest.mark.parametrize("case", CASES)
def test_the_models_verdict(case: dict[str, Any]) -> None:
    obj = document(case)
    model = DEFINITIONS[obj["kind"]].spec
    if "refused" not in case:
        read_layer(model, obj, name="x")
        return
    with pytest.raises(ParametersError) as caught:
        read_layer(model, obj, name="x")
    assert case["refused"] in [fault.path for fault in caught.value.faults]


@pytest.mark.parametrize("case", CASES)
def test_the_schema_s_verdict(case: dict[str, Any]) -> None:
    obj = document(case)
    assert bool(refusals(schema(obj["kind"]), obj)) == ("refused" in case)
