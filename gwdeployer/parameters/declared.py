"""What is written on models beside types: merge policies, constraints, rules.

Some dozen classes, each with a member or two. Dataclasses would do, but the code that each of them generates
when it is made is a tenth of what the command line needs to start.
"""

from __future__ import annotations

from reprlib import recursive_repr
from typing import Any


class Declared:
    """Two are equal that are of one class and have equal members. Nobody may change one once it is made."""

    __slots__ = ()

    def _members(self) -> dict[str, Any]:
        names = [name for base in type(self).__mro__ for name in getattr(base, "__slots__", ())]
        return {name: getattr(self, name) for name in names} | getattr(self, "__dict__", {})

    def __eq__(self, other: object) -> bool:
        """Compare the members."""
        return (
            isinstance(other, Declared) and type(self) is type(other) and self._members() == other._members()
        )

    def __hash__(self) -> int:
        """Have a hash, as metadata of types must; members may be maps, which have none."""
        return hash(type(self))

    @recursive_repr()  # a model may contain itself, and so does its policy then
    def __repr__(self) -> str:
        """Return class and members."""
        members = ", ".join(f"{name}={value!r}" for name, value in self._members().items())
        return f"{type(self).__name__}({members})"
