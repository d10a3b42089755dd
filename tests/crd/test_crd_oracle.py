"""Our CRDs and the corpus before the API server's own code: the packages of apiextensions, without a server.

``GWDEPLOYER_ORACLE=1`` asks it; that needs Go. Everything the other tests of this folder believe of an API
server is asked there: may the CRD be installed, what a rule costs at worst included, and each verdict.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from gwdeployer.crd import crd_of
from gwdeployer_gateway import GatewayPlugin
from tests.crd import all_features
from tests.crd.test_corpus import CASES, document

PROGRAM = Path(__file__).parents[1] / "oracle/apiextensions"
ASKED = os.environ.get("GWDEPLOYER_ORACLE") == "1"

pytestmark = pytest.mark.skipif(not ASKED, reason="GWDEPLOYER_ORACLE=1 is not set")


def ask(requests: list[dict[str, Any]], folder: Path) -> list[dict[str, Any]]:
    assert shutil.which("go"), "GWDEPLOYER_ORACLE=1 needs Go"
    binary = folder / "apiextensions"
    subprocess.run(["go", "build", "-o", binary, "."], cwd=PROGRAM, check=True)
    done = subprocess.run([binary], input=json.dumps(requests), check=True, capture_output=True, text=True)
    answers: list[dict[str, Any]] = json.loads(done.stdout)
    return answers


def test_the_api_server_installs_our_crds_and_gives_every_verdict(tmp_path: Path) -> None:
    cases = [case.values[0] for case in CASES]
    definitions = [*GatewayPlugin.crds(), all_features.DEFINITION]
    of_kind = [[case for case in cases if document(case)["kind"] == one.kind.kind] for one in definitions]
    requests = [
        {"crd": crd_of(one), "documents": [document(case) for case in about]}
        for one, about in zip(definitions, of_kind, strict=True)
    ]
    answers = ask(requests, tmp_path)
    assert [answer["crd"] for answer in answers] == [[], [], []]
    for about, answer in zip(of_kind, answers, strict=True):
        for case, told in zip(about, answer["documents"], strict=True):
            assert bool(told) == ("refused" in case), (case["name"], told)
