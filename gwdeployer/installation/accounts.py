"""Who a controller is in a cluster."""

from __future__ import annotations

from typing import NamedTuple


class Account(NamedTuple):
    """A ServiceAccount."""

    namespace: str
    name: str

    @property
    def cluster_name(self) -> str:
        """A name for what belongs to the account and no namespace holds; no two accounts have the same."""
        return f"{self.namespace}:{self.name}"
