"""What was asked of the server, for tests to assert on."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import TypedDict, overload

from gwdeployer.testing.apiserver.content import media_type_of
from gwdeployer.testing.apiserver.options import manager_of_agent
from gwdeployer.testing.apiserver.targets import Query, Target
from gwdeployer.testing.apiserver.wire import HttpRequest

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


def recorded(request: HttpRequest, path: str, query: Query, target: Target | None, kind: str) -> Recorded:
    """Return what the log says of a request that is about objects of ``kind``, or about nothing."""
    agent = request.headers.get("user-agent", "")
    if target is None:
        return Recorded(request.method, path, request.method.lower(), user_agent=agent)
    return Recorded(
        method=request.method,
        path=path,
        verb=target.verb,
        api_version=target.api_version,
        resource=target.resource,
        kind=kind,
        namespace=target.namespace,
        name=target.name,
        subresource=target.subresource,
        content_type=media_type_of(request.headers.get("content-type", "")),
        manager="".join(query.get("fieldManager", ())[:1]) or manager_of_agent(agent),
        dry_run="dryRun" in query,
        force=query.get("force") == ["true"],
        user_agent=agent,
        body=request.body,
    )


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
