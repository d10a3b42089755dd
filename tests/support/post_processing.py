"""Holds generators to what they are marked with: that they change nothing in the objects they are given."""

from __future__ import annotations

import copy
from collections.abc import Callable
from functools import wraps
from typing import Any

import pytest

from gwdeployer import HelmValuesGenerator, reads_only
from gwdeployer.generator import _only_reading

_PostProcess = Callable[..., Any]


def hold_to_reading(monkeypatch: pytest.MonkeyPatch, *generators: type[HelmValuesGenerator]) -> None:
    """Let whatever a generator's ``post_process`` changes fail the test that runs."""
    for generator in generators:
        assert generator.post_process in _only_reading
        monkeypatch.setattr(generator, "post_process", _held(generator.post_process))


def _held(method: _PostProcess) -> _PostProcess:
    @reads_only
    @wraps(method)
    def post_process(generator: HelmValuesGenerator, owner: Any, objects: list[Any], context: Any) -> Any:
        before = copy.deepcopy(objects)
        try:
            return method(generator, owner, objects, context)
        finally:
            assert objects == before

    return post_process
