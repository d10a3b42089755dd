"""Holds generators to what they are marked with: that they change nothing in the objects they are given."""

from __future__ import annotations

import copy
from collections.abc import Callable
from functools import wraps
from typing import Any

import pytest

from gwdeployer import HelmValuesGenerator

_PostProcess = Callable[..., Any]


def hold_to_reading(monkeypatch: pytest.MonkeyPatch, *generators: type[HelmValuesGenerator]) -> None:
    """Let whatever a generator's ``post_process`` changes fail the test that runs."""
    for generator in generators:
        monkeypatch.setattr(generator, "post_process", _held(generator.post_process))


def _held(method: _PostProcess) -> _PostProcess:
    @wraps(method)  # with its mark
    def post_process(generator: HelmValuesGenerator, owner: Any, objects: list[Any], context: Any) -> Any:
        assert generator.only_reads
        before = copy.deepcopy(objects)
        try:
            return method(generator, owner, objects, context)
        finally:
            assert objects == before

    return post_process
