"""Every case and every trap has tests."""

from __future__ import annotations

import pkgutil
from collections.abc import Iterator
from importlib import import_module

import pytest

import tests.inference
from tests.inference.numbers import CASES, TRAPS


def marked(name: str) -> Iterator[int]:
    for module in pkgutil.iter_modules(tests.inference.__path__):
        for value in vars(import_module(f"tests.inference.{module.name}")).values():
            for mark in getattr(value, "pytestmark", ()):
                if mark.name == name:
                    yield mark.kwargs["number"]


@pytest.mark.parametrize(("name", "numbers"), [("case", CASES), ("trap", TRAPS)])
def test_none_is_missing(name: str, numbers: dict[int, str]) -> None:
    assert set(marked(name)) == set(numbers)
