"""What was asked of the server, for tests to assert on."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import TypedDict, overload

_WRITES = ("create", "update", "patch", "delete", "deletecollection")


@dataclass(frozen=True, slots=True)
class Recorded:
    """One request; parts that it has not are empty. ``code`` is 0 where no answer was sent (yet)."""

    method: str
    path: str
    verb: str
    api_version: str = ""
    resource: str = ""
    kind: str = ""
    namespace: str = ""
    name: str = ""
    subresource: str = ""
    content_type: str = ""
    manager: str = ""
    dry_run: bool = False
    force: bool = False
    user_agent: str = ""
    body: bytes = b""
    code: int = 0

    def __str__(self) -> str:
        """Return ``patch Deployment shop/web: 200``."""
        name = "/".join(filter(None, (self.namespace, self.name, self.subresource)))
        what = f"{self.kind} {name}".strip() or self.path
        return f"{self.verb} {what}: {self.code or 'no answer'}"

    @property
    def is_write(self) -> bool:
        """Whether the request would change something (a dry run would not)."""
        return self.verb in _WRITES and not self.dry_run


class Match(TypedDict, total=False):
    """Which requests are meant: those that agree with all that is given.

    ``kind`` is the kind's name (``Deployment``); each text may also be a collection of texts, one of which is
    enough. ``when`` decides about what the others cannot say.
    """

    verb: str | Collection[str]
    kind: str | Collection[str]
    namespace: str | Collection[str]
    name: str | Collection[str]
    subresource: str | Collection[str]
    when: Callable[[Recorded], bool]


def matches(match: Match, request: Recorded) -> bool:
    """Return whether a request is among those that are meant."""
    for key, wanted in match.items():
        if key == "when":
            continue
        said = getattr(request, key)
        if said != wanted and (isinstance(wanted, str) or said not in wanted):  # type: ignore[operator]
            return False
    when = match.get("when")
    return when is None or when(request)


class RequestLog(Sequence[Recorded]):
    """The requests that were answered, in that order (a watch when it begins). Safe for threads."""

    def __init__(self) -> None:
        """Begin without any."""
        self._requests: list[Recorded] = []

    @overload
    def __getitem__(self, place: int) -> Recorded: ...
    @overload
    def __getitem__(self, place: slice) -> Sequence[Recorded]: ...
    def __getitem__(self, place: int | slice) -> Recorded | Sequence[Recorded]:
        """Return the request at a place."""
        return self._requests[place]

    def __len__(self) -> int:
        """Return how many there were."""
        return len(self._requests)

    def __iter__(self) -> Iterator[Recorded]:
        """Yield those there are by now."""
        return iter(list(self._requests))

    def __repr__(self) -> str:
        """Return a line for each, as failing assertions show it."""
        return "\n".join(map(str, self)) or "no requests"

    def add(self, request: Recorded) -> None:
        """Note a request."""
        self._requests.append(request)

    def clear(self) -> None:
        """Forget all."""
        self._requests.clear()

    def matching(self, match: Match) -> list[Recorded]:
        """Return those that are meant."""
        return [request for request in self if matches(match, request)]

    @property
    def writes(self) -> list[Recorded]:
        """Those that would change something; dry runs left out."""
        return [request for request in self if request.is_write]
