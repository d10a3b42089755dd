"""What a path and a method ask for: the verb, and the objects it is about.

The rules are those of ``k8s.io/apiserver/pkg/endpoints/request/requestinfo.go``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import unquote

from gwdeployer.testing.apiserver.statuses import ResourceName

Query = Mapping[str, Sequence[str]]

_VERBS = {
    "GET": "get",
    "HEAD": "get",
    "POST": "create",
    "PUT": "update",
    "PATCH": "patch",
    "DELETE": "delete",
}
#: A namespace's own subresources; anything else behind a namespace's name is a resource in it.
_OF_NAMESPACES = {"status", "finalize"}
_MOST_PARTS = 3


@dataclass(frozen=True, slots=True)
class Target:
    """What a request for resources is about; ``name`` and ``subresource`` may be empty."""

    verb: str
    group: str
    version: str
    resource: str
    namespace: str = ""
    name: str = ""
    subresource: str = ""

    @property
    def resource_name(self) -> ResourceName:
        """The resource as messages name it."""
        return ResourceName(self.group, self.resource)

    @property
    def api_version(self) -> str:
        """The version that the path names, as objects carry it."""
        return f"{self.group}/{self.version}" if self.group else self.version


def segments(path: str) -> list[str]:
    """Return the parts of a path, unquoted."""
    return [unquote(part) for part in path.strip("/").split("/") if part]


def target_of(method: str, path: str, query: Query) -> Target | None:
    """Return what a request asks for; None where the path is about no resource."""
    parts = segments(path)
    if parts[:1] == ["api"] and len(parts) > 2:  # noqa: PLR2004 - /api/v1/pods
        group, (version, *rest) = "", parts[1:]
    elif parts[:1] == ["apis"] and len(parts) > _MOST_PARTS:
        group, version, rest = parts[1], parts[2], parts[3:]
    else:
        return None
    verb = _VERBS.get(method, "")
    watched = rest[0] == "watch" and len(rest) > 1
    if watched:
        rest = rest[1:]
    namespace, rest = _namespace(rest)
    if len(rest) > _MOST_PARTS:
        return None
    resource, name, subresource = (*rest, "", "")[:3]
    if watched or (verb == "get" and not name and is_true(query, "watch")):
        verb = "watch"
    elif not name:
        verb = {"get": "list", "delete": "deletecollection"}.get(verb, verb)
    return Target(verb, group, version, resource, namespace, name, subresource)


def is_true(query: Query, key: str) -> bool:
    """Return what a boolean in a query says; a key without a value says yes."""
    values = query.get(key)
    return values is not None and values[0].lower() not in {"false", "0"}


def _namespace(parts: list[str]) -> tuple[str, list[str]]:
    if parts[0] != "namespaces" or len(parts) == 1:
        return "", parts
    if len(parts) > 2 and parts[2] not in _OF_NAMESPACES:  # noqa: PLR2004 - namespaces/NAME/RESOURCE
        return parts[1], parts[2:]
    return "", parts
