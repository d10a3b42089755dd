"""Questions about permissions, all of which this server answers with yes: there is no authorization.

Reviews are kinds without objects: they can only be created, and the answer is in what comes back.
"""

from __future__ import annotations

from gwdeployer.objects import KindRef, Object
from gwdeployer.testing.apiserver import statuses
from gwdeployer.testing.apiserver.content import object_in
from gwdeployer.testing.apiserver.kinds import Resource
from gwdeployer.testing.apiserver.targets import Target
from gwdeployer.testing.apiserver.wire import HttpRequest

_EVERYTHING: Object = {
    "resourceRules": [{"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]}],
    "nonResourceRules": [{"verbs": ["*"], "nonResourceURLs": ["*"]}],
    "incomplete": False,
}


def _review(group: str, kind: str, *, namespaced: bool = False) -> Resource:
    singular = kind.lower()
    return Resource(
        KindRef(group, "v1", kind), f"{singular}s", singular, namespaced=namespaced, verbs=("create",)
    )


#: Every review there is.
REVIEWS = (
    _review("authentication.k8s.io", "SelfSubjectReview"),
    _review("authentication.k8s.io", "TokenReview"),
    _review("authorization.k8s.io", "LocalSubjectAccessReview", namespaced=True),
    _review("authorization.k8s.io", "SelfSubjectAccessReview"),
    _review("authorization.k8s.io", "SelfSubjectRulesReview"),
    _review("authorization.k8s.io", "SubjectAccessReview"),
)
_BY_PATH = {(one.kind.group, one.kind.version, one.plural): one for one in REVIEWS}


def review_at(target: Target) -> Resource | None:
    """Return the review that a path names, or None."""
    return _BY_PATH.get((target.group, target.version, target.resource))


def reviewed(resource: Resource, target: Target, request: HttpRequest, user: str) -> Object:
    """Return the question with its answer in the status. Raises StatusError."""
    if target.verb != "create" or target.name:
        raise statuses.method_not_allowed()
    kind = resource.kind
    body = object_in(request.body, request.headers.get("content-type", ""), kind.kind)
    asked = {"kind": kind.kind, "apiVersion": kind.api_version, "metadata": {}} | body
    return asked | {"status": _answer(kind.kind, user)}


def _answer(kind: str, user: str) -> Object:
    who = {"username": user, "groups": ["system:masters", "system:authenticated"]}
    match kind:
        case "SelfSubjectReview":
            return {"userInfo": who}
        case "TokenReview":
            return {"authenticated": True, "user": who}
        case "SelfSubjectRulesReview":
            return _EVERYTHING
    return {"allowed": True}
