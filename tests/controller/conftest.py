"""Servers that know Sites."""

from __future__ import annotations

from tests.cluster.conftest import sites

__all__ = ["sites"]
