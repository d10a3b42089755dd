"""A request sequence as data: what is sent to both servers, before it is known what they answer.

Names, UIDs and resourceVersions differ from server to server and from run to run, so bodies and queries
have them as placeholders: ``$name:a``, ``$uid:a``, ``$rv:a`` (the newest known) and ``$rv0:a`` (the first) of
object ``a``; ``self`` stands for the step's own object and ``owner`` for a ConfigMap that is always there.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

Verb: TypeAlias = Literal[
    "create", "apply", "merge", "strategic", "json", "update", "get", "list", "delete", "deletecollection"
]


@dataclass(frozen=True)
class Step:
    """One request about one object of the sequence.

    ``body`` is sent as it is; with the verb ``update`` it is merged into the object as it was last seen.
    """

    verb: Verb
    name: str
    body: Any = None
    subresource: str = ""
    query: Mapping[str, str] = field(default_factory=dict)
    content_type: str = ""

    def __str__(self) -> str:
        """The step as one line."""
        parts = [self.verb, self.name, self.subresource and f"/{self.subresource}", self.content_type]
        query = "&".join(f"{key}={value}" for key, value in self.query.items())
        return " ".join(str(part) for part in (*parts, query, self.body) if part)


@dataclass(frozen=True)
class Sequence:
    """Requests about a few objects of one kind, one after the other; ``kind`` names a vocabulary."""

    kind: str
    steps: tuple[Step, ...]
