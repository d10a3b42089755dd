"""The CRD of one model with every feature; a change shows as a difference of the file beside it."""

from __future__ import annotations

import yaml

from gwdeployer.crd import crd_of
from tests.crd.all_features import DEFINITION, GOLDEN


def test_the_golden_crd() -> None:
    assert crd_of(DEFINITION) == yaml.safe_load(GOLDEN.read_text())
