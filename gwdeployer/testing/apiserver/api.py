"""From an HTTP request to its answer: who asks, what for, which fault is due, and who does it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import replace
from urllib.parse import parse_qs

from gwdeployer.testing.apiserver import statuses
from gwdeployer.testing.apiserver.content import encoded, form_of, media_type_of
from gwdeployer.testing.apiserver.controllers import Controllers
from gwdeployer.testing.apiserver.deletes import delete, delete_collection
from gwdeployer.testing.apiserver.discovery import discovered, served_subresources, version_info
from gwdeployer.testing.apiserver.faults import Effects, Faults
from gwdeployer.testing.apiserver.journal import Match, Recorded, RequestLog, matches
from gwdeployer.testing.apiserver.options import manager_of_agent
from gwdeployer.testing.apiserver.patching import patch
from gwdeployer.testing.apiserver.presenting import presented, refused, watched_as
from gwdeployer.testing.apiserver.reads import get, get_list
from gwdeployer.testing.apiserver.reviews import REVIEWS, review_at, reviewed
from gwdeployer.testing.apiserver.state import Answer, Call, State
from gwdeployer.testing.apiserver.statuses import StatusError
from gwdeployer.testing.apiserver.subresources import HANDLERS
from gwdeployer.testing.apiserver.targets import Query, Target, segments, target_of
from gwdeployer.testing.apiserver.watches import Watch
from gwdeployer.testing.apiserver.wire import HttpRequest, HttpResponse
from gwdeployer.testing.apiserver.writes import create, update

_HEALTH = ("healthz", "livez", "readyz")
_READS: dict[str, Callable[[State, Call, int], Answer]] = {"get": get, "list": get_list}
_WRITES: dict[str, Callable[[State, Call], Answer]] = {
    "create": create,
    "update": update,
    "patch": patch,
    "delete": delete,
    "deletecollection": delete_collection,
}


class Api:
    """Answers requests. Safe for threads: writes are done one after the other."""

    def __init__(self, state: State, controllers: Controllers, tokens: dict[str, str]) -> None:
        """Serve what ``state`` holds. With ``tokens`` (user names by token), only to who has one."""
        self.tokens = tokens
        self.requests = RequestLog()
        self.stopping = threading.Event()
        self.faults = Faults(lambda: state.storage.revision, self.end_watches)
        self._state, self._controllers = state, controllers
        self._watches: dict[Watch, Recorded] = {}
        self._needs_token = bool(tokens)

    def handle(self, request: HttpRequest) -> HttpResponse:
        """Answer one request, and note it."""
        path, _, parameters = request.target.partition("?")
        query = parse_qs(parameters, keep_blank_values=True)
        target = target_of(request.method, path, query)
        recorded = self._recorded(request, path, query, target)
        effects = self.faults.effects_on(recorded)
        if effects.delay:
            self.stopping.wait(effects.delay)
        response = self._answered(request, path, query, target, effects)
        if effects.drops or effects.loses_answer:
            response.cut_after = -1
        elif effects.cut_after is not None:
            response.cut_after = _bytes(effects.cut_after, len(response.body))
        self.requests.add(replace(recorded, code=0 if response.cut_after == -1 else response.code))
        return response

    def end_watches(self, match: Match, *, expired: bool) -> int:
        """End the open watches that match, as over or as expired; return how many there were."""
        ending = [watch for watch, request in list(self._watches.items()) if matches(match, request)]
        for watch in ending:
            watch.stop(expired=expired)
        return len(ending)

    def _answered(
        self, request: HttpRequest, path: str, query: Query, target: Target | None, effects: Effects
    ) -> HttpResponse:
        if effects.drops:
            return HttpResponse(503)
        if effects.error is not None:
            response = refused(effects.error)
            response.body = response.body if effects.body is None else effects.body
            return response
        try:
            user = self._user(request.headers)
            if target is None:
                return self._unresourceful(request, path, query)
            return self._resourceful(request, query, target, effects, user)
        except StatusError as error:
            return refused(error)
        except Exception as error:  # noqa: BLE001 - a client waits for an answer, whatever went wrong
            return refused(statuses.internal_error(f"{type(error).__name__}: {error}"))

    def _user(self, headers: Mapping[str, str]) -> str:
        """Return who asks. Raises StatusError (401)."""
        if not self._needs_token:
            return "system:admin"
        scheme, _, token = headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or token not in self.tokens:
            raise statuses.unauthorized()
        return self.tokens[token]

    def _unresourceful(self, request: HttpRequest, path: str, query: Query) -> HttpResponse:
        parts = segments(path)
        accept = request.headers.get("accept", "")
        match parts:
            case [one, *_] if one in _HEALTH:
                return HttpResponse(200, b"ok", "text/plain; charset=utf-8")
            case ["version"]:
                return HttpResponse(200, encoded(version_info()))
            case ["api" | "apis", *_]:
                served = [kind.resource for kind in self._state.catalogue]
                content = discovered([*served, *REVIEWS], parts, accept)
                return HttpResponse(200, encoded(content), _discovery_type(content))
            case ["openapi", *rest]:
                return self._openapi(rest, accept)
        return _no_such_page()

    def _openapi(self, parts: list[str], accept: str) -> HttpResponse:
        from gwdeployer.testing.apiserver import openapi  # noqa: PLC0415 - few ask for it

        kinds = list(self._state.catalogue)
        if parts == ["v2"]:
            return HttpResponse(200, encoded(openapi.openapi_v2(kinds)))
        if parts == ["v3"]:
            return HttpResponse(200, encoded(openapi.openapi_v3_index(kinds)))
        group_version = "/".join(parts[2:])
        if parts[:1] != ["v3"] or not group_version:
            return _no_such_page()
        return HttpResponse(200, encoded(openapi.openapi_v3(kinds, group_version)))

    def _resourceful(
        self, request: HttpRequest, query: Query, target: Target, effects: Effects, user: str
    ) -> HttpResponse:
        review = review_at(target)
        if review is not None:
            return HttpResponse(201, encoded(reviewed(review, target, request, user)))
        kind = self._state.catalogue.at_path(target.group, target.version, target.resource)
        if kind is None or not _is_served(kind.resource.namespaced, target):
            return _no_such_page()
        if target.subresource and target.subresource not in served_subresources(kind.resource):
            return _no_such_page()
        call = Call(target, kind, query, request.headers, request.body)
        form = form_of(request.headers.get("accept", ""))
        if target.verb == "watch":
            return self._watched(call, effects)
        return presented(call, self._done(call, effects), form)

    def _done(self, call: Call, effects: Effects) -> Answer:
        """Do what a request asks. Raises StatusError."""
        verb, subresource = call.target.verb, call.target.subresource
        if not subresource and verb not in call.kind.resource.verbs:
            raise statuses.method_not_allowed(call.resource, verb)
        if subresource and subresource != "status":
            handler = HANDLERS.get((subresource, verb))
            if handler is None:
                raise statuses.method_not_allowed(call.resource, verb)
            return self._written(handler, call)
        if verb in _READS:
            return _READS[verb](self._state, call, effects.revision)
        return self._written(_WRITES[verb], call)

    def _written(self, write: Callable[[State, Call], Answer], call: Call) -> Answer:
        """Write, then let the controllers do what follows from it, before anybody else may write."""
        with self._state.storage.lock:
            try:
                return write(self._state, call)
            finally:
                self._controllers.settle()

    def _watched(self, call: Call, effects: Effects) -> HttpResponse:
        watch = Watch(self._state, call, watched_as(call, form_of(call.headers.get("accept", ""))))
        if effects.expires:
            watch.stop(expired=True)
        self._watches[watch] = self._watch_recorded(call)
        return HttpResponse(200, pieces=iter(watch), finished=lambda: self._watches.pop(watch))

    @staticmethod
    def _watch_recorded(call: Call) -> Recorded:
        target = call.target
        return Recorded(
            method="GET",
            path="",
            verb="watch",
            api_version=target.api_version,
            resource=target.resource,
            kind=call.kind.resource.kind.kind,
            namespace=target.namespace,
            name=target.name,
        )

    def _recorded(self, request: HttpRequest, path: str, query: Query, target: Target | None) -> Recorded:
        media_type = media_type_of(request.headers.get("content-type", ""))
        agent = request.headers.get("user-agent", "")
        if target is None:
            return Recorded(request.method, path, request.method.lower(), user_agent=agent)
        kind = self._state.catalogue.at_path(target.group, target.version, target.resource)
        return Recorded(
            method=request.method,
            path=path,
            verb=target.verb,
            api_version=target.api_version,
            resource=target.resource,
            kind=kind.resource.kind.kind if kind else "",
            namespace=target.namespace,
            name=target.name,
            subresource=target.subresource,
            content_type=media_type,
            manager="".join(query.get("fieldManager", ())[:1]) or manager_of_agent(agent),
            dry_run="dryRun" in query,
            force=query.get("force") == ["true"],
            user_agent=agent,
            body=request.body,
        )


def _is_served(namespaced: bool, target: Target) -> bool:
    """Return whether a kind has paths of this shape: namespaced objects are reached through namespaces."""
    if target.resource == "namespaces" and not target.group:
        return True
    if not namespaced:
        return not target.namespace
    return bool(target.namespace) or not target.name


def _discovery_type(content: Mapping[str, object]) -> str:
    group, _, version = str(content.get("apiVersion", "")).partition("/")
    if content["kind"] != "APIGroupDiscoveryList":
        return "application/json"
    return f"application/json;g={group};v={version};as=APIGroupDiscoveryList"


def _no_such_page() -> HttpResponse:
    return HttpResponse(404, b"404 page not found\n", "text/plain; charset=utf-8")


def _bytes(after: float, size: int) -> int:
    return int(after) if after >= 1 else int(size * after)
