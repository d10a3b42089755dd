"""May an account do what a controller has to? Asked of the API server, right by right."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from gwdeployer.cluster.port import Cluster
from gwdeployer.errors import Fault
from gwdeployer.installation.accounts import Account
from gwdeployer.installation.rights import Rights, Rule
from gwdeployer.objects import KindRef, Object

_REVIEW = KindRef("authorization.k8s.io", "v1", "SubjectAccessReview")
_MANAGER = "gwdeployer-doctor"


class _Question(NamedTuple):
    """One right."""

    namespace: str
    group: str
    resource: str
    verb: str
    name: str = ""


def denied(cluster: Cluster, rights: Rights, account: Account, namespace: str) -> Iterator[Fault]:
    """Yield which of its rights an account lacks, where owners are in ``namespace``.

    One request for each right. Raises Forbidden where the caller may not ask, KindNotInstalled where the
    server decides nothing by rights, and other ApiErrors.
    """
    asked = [
        (rights.cluster, ""),
        (rights.namespaced, namespace),
        (rights.home, account.namespace),
        (rights.default, "default"),
    ]
    lacking: dict[tuple[str, str, str], list[str]] = {}
    for rules, place in asked:
        for question in dict.fromkeys(_questions(rules, place)):
            if not _is_allowed(cluster, account, question):
                lacking.setdefault((place, question.group, question.resource), []).append(question.verb)
    for (place, group, resource), verbs in lacking.items():
        where = f" in namespace {place}" if place else ""
        what = f"{resource}.{group}" if group else resource
        yield Fault(
            f"may not {', '.join(verbs)} {what}{where}",
            subject=f"ServiceAccount {account.namespace}/{account.name}",
            hint="gwdeployer rbac prints the roles that allow it",
        )


def _questions(rules: Iterable[Rule], namespace: str) -> Iterator[_Question]:
    for rule in rules:
        for group in rule.get("apiGroups") or ():
            for resource in rule.get("resources") or ():
                for verb in rule["verbs"]:
                    for name in rule.get("resourceNames") or ("",):
                        yield _Question(namespace, group, resource, verb, name)


def _is_allowed(cluster: Cluster, account: Account, question: _Question) -> bool:
    review = {
        "apiVersion": _REVIEW.api_version,
        "kind": _REVIEW.kind,
        "metadata": {},
        "spec": {
            "user": f"system:serviceaccount:{account.namespace}:{account.name}",
            "groups": [
                "system:serviceaccounts",
                f"system:serviceaccounts:{account.namespace}",
                "system:authenticated",
            ],
            "resourceAttributes": _attributes(question),
        },
    }
    answer: Object = cluster.create(review, manager=_MANAGER)
    return bool((answer.get("status") or {}).get("allowed"))


def _attributes(question: _Question) -> Mapping[str, Any]:
    resource, _, subresource = question.resource.partition("/")
    return {
        "namespace": question.namespace,
        "group": question.group,
        "version": "*",
        "resource": resource,
        "subresource": subresource,
        "verb": question.verb,
        "name": question.name,
    }
