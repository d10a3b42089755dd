"""From an HTTP request to its answer: who asks, what for, which fault is due, and who does it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import NamedTuple
from urllib.parse import parse_qs

from gwdeployer.testing.apiserver import statuses
from gwdeployer.testing.apiserver.content import encoded, form_of
from gwdeployer.testing.apiserver.controllers import Controllers
from gwdeployer.testing.apiserver.deletes import delete, delete_collection
from gwdeployer.testing.apiserver.discovery import SUBRESOURCES, served_subresources
from gwdeployer.testing.apiserver.documents import Documents, no_such_page
from gwdeployer.testing.apiserver.faults import Effects, Faults
from gwdeployer.testing.apiserver.journal import Match, Recorded, RequestLog, matches, recorded
from gwdeployer.testing.apiserver.kinds import Resource
from gwdeployer.testing.apiserver.patching import patch
from gwdeployer.testing.apiserver.presenting import presented, refused, watched_as
from gwdeployer.testing.apiserver.reads import get, get_list
from gwdeployer.testing.apiserver.reviews import review_at, reviewed
from gwdeployer.testing.apiserver.state import Answer, Call, State
from gwdeployer.testing.apiserver.statuses import StatusError
from gwdeployer.testing.apiserver.subresources import HANDLERS
from gwdeployer.testing.apiserver.targets import Query, Target, target_of
from gwdeployer.testing.apiserver.watches import Watch
from gwdeployer.testing.apiserver.wire import HttpRequest, HttpResponse
from gwdeployer.testing.apiserver.writes import create, update

_EVERYWHERE = ("list", "watch")
_ANYBODY = "system:admin"
_READS: dict[str, Callable[[State, Call, int], Answer]] = {"get": get, "list": get_list}
_WRITES: dict[str, Callable[[State, Call], Answer]] = {
    "create": create,
    "update": update,
    "patch": patch,
    "delete": delete,
    "deletecollection": delete_collection,
}


class _Asked(NamedTuple):
    """One request, and what is made of it before it is answered."""

    http: HttpRequest
    path: str
    query: Query
    target: Target | None
    recorded: Recorded
    effects: Effects


class Api:
    """Answers requests. Safe for threads: writes are done one after the other."""

    def __init__(self, state: State, controllers: Controllers, tokens: dict[str, str]) -> None:
        """Serve what ``state`` holds. With ``tokens`` (user names by token), only to who has one."""
        self.tokens = tokens
        self.requests = RequestLog()
        self.stopping = threading.Event()
        self.faults = Faults(lambda: state.storage.revision, self.end_watches)
        self._state, self._controllers = state, controllers
        self._documents = Documents(state.catalogue)
        self._watches: dict[Watch, Recorded] = {}
        self._needs_token = bool(tokens)

    def handle(self, request: HttpRequest) -> HttpResponse:
        """Answer one request, and note it."""
        asked = self._asked(request)
        effects = asked.effects
        if effects.delay:
            self.stopping.wait(effects.delay)
        response = HttpResponse(503) if effects.drops else self._answered(asked)
        if effects.drops or effects.loses_answer:
            response.cut_after = -1
        elif effects.cut_after is not None:
            response.cut_after = _bytes(effects.cut_after, len(response.body))
        code = 0 if response.cut_after == -1 else response.code
        self.requests.add(replace(asked.recorded, code=code))
        return response

    def end_watches(self, match: Match, *, expired: bool) -> int:
        """End the open watches that match, as over or as expired; return how many there were."""
        ending = [watch for watch, request in list(self._watches.items()) if matches(match, request)]
        for watch in ending:
            watch.stop(expired=expired)
        return len(ending)

    def _asked(self, request: HttpRequest) -> _Asked:
        path, _, parameters = request.target.partition("?")
        query = parse_qs(parameters, keep_blank_values=True)
        target = target_of(request.method, path, query)
        kind = target and self._state.catalogue.at_path(target.group, target.version, target.resource)
        noted = recorded(request, path, query, target, kind.resource.kind.kind if kind else "")
        return _Asked(request, path, query, target, noted, self.faults.effects_on(noted))

    def _answered(self, asked: _Asked) -> HttpResponse:
        effects = asked.effects
        if effects.error is not None:
            response = refused(effects.error)
            response.body = response.body if effects.body is None else effects.body
            return response
        try:
            user = self._user(asked.http.headers)
            if asked.target is None:
                return self._documents.at(asked.path, asked.http.headers.get("accept", ""))
            return self._served(asked, asked.target, user)
        except StatusError as error:
            return refused(error)
        except Exception as error:  # noqa: BLE001 - a client waits for an answer, whatever went wrong
            return refused(statuses.internal_error(f"{type(error).__name__}: {error}"))

    def _user(self, headers: Mapping[str, str]) -> str:
        """Return who asks. Raises StatusError (401)."""
        if not self._needs_token:
            return _ANYBODY
        scheme, _, token = headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or token not in self.tokens:
            raise statuses.unauthorized()
        return self.tokens[token]

    def _served(self, asked: _Asked, target: Target, user: str) -> HttpResponse:
        """Answer a request for resources. Raises StatusError."""
        http = asked.http
        if review := review_at(target):
            return HttpResponse(201, encoded(reviewed(review, target, http, user)))
        kind = self._state.catalogue.at_path(target.group, target.version, target.resource)
        if kind is None and not self._state.catalogue.has_version(target.api_version):
            return no_such_page()
        if kind is None or not _has_path(kind.resource, target):
            raise statuses.no_such_path()
        call = Call(target, kind, asked.query, http.headers, http.body)
        _check_verb(call)
        form = form_of(http.headers.get("accept", ""))
        if target.verb == "watch":
            return self._watched(asked, Watch(self._state, call, watched_as(call, form)))
        return presented(call, self._done(call, asked.effects.revision), form)

    def _done(self, call: Call, revision: int) -> Answer:
        """Do what a request asks. Raises StatusError."""
        verb = call.target.verb
        handler = HANDLERS.get((call.target.subresource, verb))
        if handler is None and verb in _READS:
            return _READS[verb](self._state, call, revision)
        return self._written(handler or _WRITES[verb], call)

    def _written(self, write: Callable[[State, Call], Answer], call: Call) -> Answer:
        """Write, then let the controllers do what follows from it, before anybody else may write."""
        with self._state.storage.lock:
            try:
                return write(self._state, call)
            finally:
                self._controllers.settle()

    def _watched(self, asked: _Asked, watch: Watch) -> HttpResponse:
        if asked.effects.expires:
            watch.stop(expired=True)
        self._watches[watch] = asked.recorded
        return HttpResponse(200, pieces=iter(watch), finished=lambda: self._watches.pop(watch))


def _check_verb(call: Call) -> None:
    """Raise StatusError (405) for what cannot be done at a path, such as creating at that of one object."""
    target, resource = call.target, call.kind.resource
    allowed = SUBRESOURCES[target.subresource][1] if target.subresource else resource.verbs
    if not target.subresource:
        one = target.verb in {"get", "update", "patch", "delete"}
        everywhere = resource.namespaced and not target.namespace
        allowed = () if one is not bool(target.name) else _EVERYWHERE if everywhere else allowed
    if target.verb not in allowed:
        raise statuses.method_not_allowed()


def _has_path(resource: Resource, target: Target) -> bool:
    """Return whether a kind has paths of this shape: namespaced objects are reached through namespaces."""
    if target.subresource and target.subresource not in served_subresources(resource):
        return False
    return bool(target.namespace) is resource.namespaced or not (target.name or target.namespace)


def _bytes(after: float, size: int) -> int:
    return int(after) if after >= 1 else int(size * after)
