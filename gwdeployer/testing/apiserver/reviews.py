"""Questions about permissions, all of which this server answers with yes: there is no authorization."""

from __future__ import annotations

from gwdeployer.objects import Object
from gwdeployer.testing.apiserver import statuses
from gwdeployer.testing.apiserver.content import object_in
from gwdeployer.testing.apiserver.state import Answer, Call

_GROUPS = {"authorization.k8s.io", "authentication.k8s.io"}
_EVERYTHING: Object = {
    "resourceRules": [{"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]}],
    "nonResourceRules": [{"verbs": ["*"], "nonResourceURLs": ["*"]}],
    "incomplete": False,
}


def is_review(call: Call) -> bool:
    """Return whether a request asks such a question."""
    return call.target.group in _GROUPS


def reviewed(call: Call, user: str) -> Answer:
    """Return the question with its answer in the status. Raises StatusError."""
    kind = call.kind.resource.kind
    if call.target.verb != "create" or call.target.subresource:
        raise statuses.method_not_allowed(call.resource, call.target.verb)
    body = object_in(call.body, call.headers.get("content-type", ""), kind.kind)
    asked = {"kind": kind.kind, "apiVersion": kind.api_version, "metadata": {}} | body
    return Answer(201, asked | {"status": _answer(kind.kind, user)})


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
