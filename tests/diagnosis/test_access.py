"""Which of its rights an account lacks, as the API server says."""

from __future__ import annotations

from typing import Any, cast

from gwdeployer.cluster import Cluster
from gwdeployer.diagnosis.access import denied
from gwdeployer.installation.accounts import Account
from gwdeployer.installation.rights import Rights
from gwdeployer.objects import Object

ACCOUNT = Account("system", "controller")
RIGHTS = Rights(
    cluster=[{"apiGroups": [""], "resources": ["namespaces"], "verbs": ["get"]}],
    namespaced=[
        {"apiGroups": ["apps"], "resources": ["deployments", "deployments/status"], "verbs": ["get", "patch"]}
    ],
    home=[
        {
            "apiGroups": ["coordination.k8s.io"],
            "resources": ["leases"],
            "resourceNames": ["c"],
            "verbs": ["get"],
        }
    ],
    default=[{"nonResourceURLs": ["/metrics"], "verbs": ["get"]}],
)


class Judge:
    """Answers reviews: allows what is named, and remembers what was asked."""

    def __init__(self, *allowed: tuple[str, str]) -> None:
        self.allowed = allowed
        self.asked: list[dict[str, Any]] = []
        self.user = ""

    def create(self, obj: Object, *, manager: str, **_: Any) -> Object:
        asked = obj["spec"]["resourceAttributes"]
        self.asked.append(asked)
        self.user = obj["spec"]["user"]
        return {"status": {"allowed": (asked["resource"], asked["verb"]) in self.allowed}}


def lacking(judge: Judge) -> list[str]:
    return [str(fault) for fault in denied(cast(Cluster, judge), RIGHTS, ACCOUNT, "shop")]


def test_nothing_is_lacking_where_all_is_allowed() -> None:
    everything = [("namespaces", "get"), ("deployments", "get"), ("deployments", "patch"), ("leases", "get")]
    judge = Judge(*everything)
    assert lacking(judge) == []
    assert judge.user == "system:serviceaccount:system:controller"


def test_each_resource_is_told_once_with_the_verbs_that_lack_and_where() -> None:
    subject, hint = "ServiceAccount system/controller", "gwdeployer rbac prints the roles that allow it"
    assert lacking(Judge(("deployments", "get"))) == [
        f"{subject}: may not get namespaces; {hint}",
        f"{subject}: may not patch deployments.apps in namespace shop; {hint}",
        f"{subject}: may not patch deployments/status.apps in namespace shop; {hint}",
        f"{subject}: may not get leases.coordination.k8s.io in namespace system; {hint}",
    ]


def test_subresources_and_names_are_asked_for_as_the_api_wants_them() -> None:
    judge = Judge()
    lacking(judge)
    asked = {(one["resource"], one["subresource"], one["name"], one["namespace"]) for one in judge.asked}
    assert asked == {
        ("namespaces", "", "", ""),
        ("deployments", "", "", "shop"),
        ("deployments", "status", "", "shop"),
        ("leases", "", "c", "system"),
    }
