"""Remembering what was made of objects that have not been replaced since."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Any, Generic, TypeVar

T = TypeVar("T")


class IdentityCache(Generic[T]):
    """Results by the identity of the objects they were made of.

    Objects are never changed once handed on, so the same objects give the same result. The cache keeps the
    objects (an identity is only good while they live) and forgets the oldest results beyond ``size``.
    Safe for threads: two may make the same result at once, and one is kept.
    """

    def __init__(self, size: int = 4096) -> None:
        """Hold at most ``size`` results."""
        self._size = size
        self._results: OrderedDict[Hashable, tuple[tuple[Any, ...], T]] = OrderedDict()

    def get(self, objects: tuple[Any, ...], make: Callable[[], T], *, extra: Hashable = None) -> T:
        """Return what ``make`` returned for these very objects and an equal ``extra``; call it if need be."""
        key = (*map(id, objects), extra)
        known = self._results.get(key)
        if known is None:
            known = objects, make()
            self._results[key] = known
            while len(self._results) > self._size:
                self._results.popitem(last=False)
        return known[1]
