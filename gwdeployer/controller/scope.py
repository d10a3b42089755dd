"""Which namespaces a controller cares for: all, some by name, or those whose labels match."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from gwdeployer.objects import KindRef, matches, metadata_of
from gwdeployer.store import ObjectStore

NAMESPACE = KindRef("", "v1", "Namespace")


class Scope:
    """The namespaces whose owners are a controller's own.

    Fixed names need rights in these namespaces alone: what else there is, a controller does not see. A label
    selector needs rights everywhere, as a namespace may get the labels at any time.
    """

    def __init__(
        self, namespaces: Collection[str] | None = None, selector: Mapping[str, Any] | None = None
    ) -> None:
        """``namespaces`` are names (None: all), ``selector`` a LabelSelector for Namespaces (None: any).

        Where both are given, both must hold.
        """
        self.namespaces = None if namespaces is None else frozenset(namespaces)
        self.selector = selector

    def __repr__(self) -> str:
        """Return the names and the selector."""
        names = None if self.namespaces is None else sorted(self.namespaces)
        return f"Scope({names!r}, {self.selector!r})"

    @property
    def kinds(self) -> tuple[KindRef, ...]:
        """The kinds that a store must have to answer :meth:`includes`."""
        return (NAMESPACE,) if self.selector is not None else ()

    def includes(self, namespace: str, store: ObjectStore) -> bool:
        """Return whether a namespace is in scope; "", which holds the cluster-scoped objects, always is.

        A selector is asked about the Namespace in ``store``. Raises NotSynced where it is not yet known.
        """
        if not namespace:
            return True
        if self.namespaces is not None and namespace not in self.namespaces:
            return False
        if self.selector is None:
            return True
        found = store.get(NAMESPACE, "", namespace)
        return found is not None and matches(self.selector, metadata_of(found).get("labels"))
