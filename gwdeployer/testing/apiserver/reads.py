"""Getting and listing: selectors, pages that show one moment, resource versions of the past.

Sources: ``k8s.io/apiserver``, ``pkg/endpoints/handlers/get.go`` and ``pkg/storage/continue.go``.
"""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterator
from itertools import islice
from typing import NamedTuple

from gwdeployer.objects import Object
from gwdeployer.testing.apiserver import statuses
from gwdeployer.testing.apiserver.options import ListOptions, list_options, revision_of
from gwdeployer.testing.apiserver.selectors import Selects
from gwdeployer.testing.apiserver.state import Answer, Call, State
from gwdeployer.testing.apiserver.storage import Forgotten, Place, Snapshot
from gwdeployer.testing.apiserver.writes import live_object

_OLD_LIST = "The resourceVersion for the provided list is too old."
_OLD_PAGE = (
    "The provided continue parameter is too old to display a consistent list result. You can start a new "
    "list without the continue parameter."
)
_TYPE = ("apiVersion", "kind")
_TOKEN_VERSION = "meta.k8s.io/v1"  # noqa: S105 - no secret


class Token(NamedTuple):
    """Where a list goes on: at the revision of its first page, after a place."""

    revision: int
    after: Place

    def encoded(self, namespace: str) -> str:
        """Return the token as clients see it; places in lists of one namespace do not repeat its name."""
        said = {"v": _TOKEN_VERSION, "rv": self.revision, "start": f"{self.after.removeprefix(namespace)}\0"}
        text = json.dumps(said, separators=(",", ":"))
        return urlsafe_b64encode(text.encode()).decode().rstrip("=")

    @classmethod
    def decoded(cls, text: str, namespace: str) -> Token:
        """Return the token in a request. Raises StatusError (400)."""
        try:
            said = json.loads(urlsafe_b64decode(text + "=" * (-len(text) % 4)))
            start = str(said["start"]).removesuffix("\0").lstrip("/")
            return cls(int(said["rv"]), f"{namespace}/{start}" if namespace else start)
        except (ValueError, KeyError, TypeError) as error:
            raise statuses.bad_request(
                f"invalid continue token: continue key is not valid: {error}"
            ) from None


def get(state: State, call: Call, revision: int = 0) -> Answer:
    """Return one object, or with ``revision`` what was there at that time. Raises StatusError."""
    _check_reached(state, revision_of(list_options(call.query, watch=False).resource_version))
    if revision:
        place = call.key().place
        found = state.storage.snapshot(call.key().resource, revision).objects.get(place)
        obj = None if found is None else call.in_version(found)
    else:
        obj = live_object(state, call)
    if obj is None:
        raise statuses.not_found(call.resource, call.target.name)
    return Answer(200, obj)


def get_list(state: State, call: Call, revision: int = 0) -> Answer:
    """Return the objects that a list selects, or with ``revision`` those of that time. Raises StatusError."""
    return Answer(200, listed(state, call, list_options(call.query, watch=False), revision))


def listed(state: State, call: Call, options: ListOptions, revision: int = 0) -> Object:
    """Return a list object. Raises StatusError: 400, 410, 504."""
    selects = call.selection(options.label_selector, options.field_selector)
    token = Token.decoded(options.token, call.namespace) if options.token else None
    revision = revision or _revision(state, options, token)
    try:
        snapshot = state.storage.snapshot(call.key("x").resource, revision)
    except Forgotten:
        raise statuses.expired(_OLD_PAGE if token else _OLD_LIST) from None
    found = _found(snapshot, call.namespace, token.after if token else "", selects)
    page = list(islice(found, options.limit if options.limit > 0 else None))
    meta: Object = {"resourceVersion": str(snapshot.revision)}
    if more := sum(1 for _ in found):
        meta["continue"] = Token(snapshot.revision, page[-1][0]).encoded(call.namespace)
        meta |= {} if selects else {"remainingItemCount": more}
    return list_of(call, [call.in_version(obj) for _, obj in page], meta)


def _found(
    snapshot: Snapshot, namespace: str, after: Place, selects: Selects | None
) -> Iterator[tuple[Place, Object]]:
    within = namespace and f"{namespace}/"
    for place, obj in snapshot.objects.items():
        if place.startswith(within) and place > after and (selects is None or selects(obj)):
            yield place, obj


def list_of(call: Call, items: list[Object], meta: Object) -> Object:
    """Return a list of the request's kind; within built-in lists, items do not repeat their kind."""
    kind = call.kind.resource.kind
    if call.kind.is_builtin:
        items = [{key: item[key] for key in item if key not in _TYPE} for item in items]
    else:
        meta = {"continue": "", **meta}
    return {"kind": f"{kind.kind}List", "apiVersion": kind.api_version, "metadata": meta, "items": items}


def _revision(state: State, options: ListOptions, token: Token | None) -> int:
    """Return the revision a list is to show; 0 for the latest. Raises StatusError."""
    if token:
        if options.resource_version not in {"", "0"}:
            raise statuses.bad_request("specifying resource version is not allowed when using continue")
        return token.revision
    try:
        revision = revision_of(options.resource_version)
    except statuses.StatusError as error:
        raise statuses.bad_request(f"invalid resource version: {error}") from None
    _check_reached(state, revision)
    return revision if options.match == "Exact" or (options.limit and not options.match) else 0


def _check_reached(state: State, revision: int) -> None:
    if revision > state.storage.revision:
        raise statuses.too_large_resource_version(revision, state.storage.revision)
